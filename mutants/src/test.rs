use std::fs;
use std::path::Path;
use std::process::Command;

use crate::judge::{Outcome, Results, judge, traced};
use crate::rewrite::rewrite;
use crate::sites::sites;
use crate::tree::Tree;

#[test]
fn each_change_is_behind_the_switch() {
    let text = "fn f(x: u8) -> bool {-x * 2 < 3}";
    let (sites, _) = sites(text).expect("it is Rust");
    let (rewritten, placed) = rewrite(text, &sites, 1);
    let expected = "fn f(x: u8) -> bool { match crate::mutants::at(1, 2) { 0 => {}, 1 => return true, \
        _ => return false }; (match crate::mutants::at(3, 2) { 0 => \
        (match crate::mutants::at(5, 2) { 0 => \
        (match crate::mutants::at(7, 1) { 0 => -x, _ => x }) * \
        (match crate::mutants::at(8, 1) { 0 => 2, _ => 3 }), 1 => (-x) + (2), _ => (-x) / (2) }) < \
        (match crate::mutants::at(9, 1) { 0 => 3, _ => 4 }), \
        1 => (-x * 2) == (3), _ => (-x * 2) > (3) })}";
    assert_eq!(rewritten, expected);
    let sixth = placed.iter().find(|mutant| mutant.number == 6).expect("a sixth mutant");
    assert_eq!(&rewritten[sixth.code.clone()], "(-x) / (2)");
}

#[test]
fn what_the_compiler_computes_and_tests_are_left_alone() {
    let text = "const A: u8 = 1 + 2; const fn f() -> u8 { 1 } #[cfg(test)] mod tests { fn f() -> u8 { 1 } }
        #[cfg(test)] mod more; fn g(x: [u8; 3]) { let [_, 1..4, _] = x else { panic!(\"{}\", 1) }; }";
    let (sites, tests) = sites(text).expect("it is Rust");
    let changes = sites.iter().flat_map(|site| &site.mutants).map(|mutant| &mutant.change);
    assert_eq!(changes.collect::<Vec<_>>(), ["fn g returns `()`"]);
    assert!(tests.contains("more"));
}

/// A crate with one test, which notices what it asks for.
#[test]
fn a_small_crate_is_judged() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/small");
    let _ = fs::remove_dir_all(&root);
    let write = |name: &str, text: &str| {
        let path = root.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    write("Cargo.toml", "[package]\nname = \"rankproof\"\nedition = \"2024\"\n[workspace]\n");
    write("src/lib.rs", "pub mod part;\n");
    let part = "pub fn sum(words: &[&str]) -> usize {
    let mut sum = 0;
    for word in words {
        sum += match *word {
            \"one\" => 1,
            \"endless\" => loop { if sum == 0 { sum = 5 } if sum > 4 { return 7 } },
            _ => word.len(),
        };
    }
    sum
}

pub fn unknown(x: f64) -> f64 { x.abs() + 1.0 }

#[cfg(test)]
mod tests {
    #[test]
    fn words_have_their_sums() {
        assert_eq!(super::sum(&[\"one\", \"four\"]), 5);
        assert_eq!(super::sum(&[\"endless\"]), 7);
    }

    #[test]
    fn it_fails() {
        assert_eq!(super::sum(&[\"one\"]), 5);
    }
}
";
    write("src/part.rs", part);
    for (program, arguments) in [("git", &["init", "-q"][..]), ("cargo", &["generate-lockfile"])] {
        let status = Command::new(program).args(arguments).current_dir(&root).status();
        assert!(status.expect("it starts").success());
    }
    let folder = root.join("target/work");
    let modules = ["part".to_owned()];
    let mut tree = Tree::copy(&root, &folder.join("tree"), &modules).expect("a copy");
    let programs = tree.build(&[], &folder.join("not-compiling.txt")).expect("tests");
    let mutants = tree.mutants();
    let tests = traced(&programs, &modules, &mutants, &folder, 2).expect("traces");
    let mut results = Results::open(&folder.join("results.tsv")).expect("results");
    judge(&mutants.iter().collect::<Vec<_>>(), &tests, &mut results, &folder, 2);

    let again = Results::open(&folder.join("results.tsv")).expect("results").outcomes;
    for (name, outcome) in [
        ("1:38: fn sum returns `1`", Outcome::Killed),
        ("2:19: `0` -> `1` in `let mut sum = 0;`", Outcome::Killed),
        ("5:18: no arm `\"one\"`", Outcome::Killed),
        // A word of seven letters.
        ("6:22: no arm `\"endless\"`", Outcome::Survived),
        ("6:60: `>` -> `<` in `sum > 4`", Outcome::TimedOut),
        ("13:33: `+` -> `-` in `x.abs() + 1.0`", Outcome::Unreached),
    ] {
        assert!(again[&format!("src/part.rs:{name}")] == outcome, "{name}");
    }
}
