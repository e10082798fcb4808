//! What the documents show of the program is what it prints.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{stderr, stdout};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A command and the lines that a document shows of what it prints.
struct Shown {
    command: String,
    lines: Vec<String>,
}

/// The commands in the blocks ```` ```console ```` of a document.
fn shown_in(document: &str) -> Vec<Shown> {
    let text = fs::read_to_string(Path::new(ROOT).join(document)).expect("a document");
    let mut found: Vec<Shown> = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```console";
        } else if inside && let Some(command) = line.strip_prefix("$ rankproof ") {
            found.push(Shown { command: command.into(), lines: Vec::new() });
        } else if inside {
            found.last_mut().expect("a command before its output").lines.push(line.into());
        }
    }
    found
}

/// True if `lines` are those of `printed`, where `...` stands for any number of lines.
fn agree(lines: &[String], printed: &[&str]) -> bool {
    match lines.split_first() {
        None => printed.is_empty(),
        Some((first, rest)) if first == "..." => {
            (0..=printed.len()).any(|skipped| agree(rest, &printed[skipped..]))
        }
        Some((first, rest)) => {
            printed.first() == Some(&first.as_str()) && agree(rest, &printed[1..])
        }
    }
}

/// Runs the commands of a document one after the other in a folder that has the test data.
fn holds(document: &str, at_least: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let data = Path::new(ROOT).join("tests");
    std::os::unix::fs::symlink(data, folder.path().join("tests")).expect("a link");
    let shown = shown_in(document);
    assert!(shown.len() >= at_least, "{document} shows {} commands", shown.len());
    for Shown { command, lines } in shown {
        let output = Command::new(env!("CARGO_BIN_EXE_rankproof"))
            .args(command.split_whitespace())
            .current_dir(&folder)
            .output()
            .expect("it starts");
        assert!(output.status.success(), "{document}: {command}: {}", stderr(&output));
        let printed = stdout(&output);
        let printed: Vec<&str> = printed.lines().collect();
        let (shown, printed_text) = (lines.join("\n"), printed.join("\n"));
        assert!(
            agree(&lines, &printed),
            "{document} shows of `rankproof {command}`\n{shown}\nand it prints\n{printed_text}"
        );
    }
}

#[test]
fn the_readme_shows_what_the_program_prints() {
    holds("README.md", 3);
}

#[test]
fn the_guides_show_what_the_program_prints() {
    for (guide, commands) in [("theorems", 3), ("weights", 2), ("recordings", 2), ("machines", 3)] {
        holds(&format!("src/guide/{guide}.md"), commands);
    }
}

#[test]
fn a_line_that_is_not_printed_is_noticed() {
    let lines = ["...", "a", "b", "..."].map(String::from);
    assert!(agree(&lines, &["x", "a", "b"]));
    assert!(!agree(&lines, &["x", "a", "x", "b"]));
    assert!(!agree(&lines[1..3], &["a", "b", "x"]));
}
