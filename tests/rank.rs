//! `rankproof rank` from the outside: the noise floor of recorded weights.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use half::{bf16, f16};
use rankproof::file::{Array, Npz, Source, write_npz};
use rankproof::scalar::Stream;
use serde_json::Value;

const SGD: [&str; 5] = ["--delta", "--inputs", "B", "--outputs", "C"];

fn rank(file: &Path, more: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_rankproof"));
    command.arg("rank").arg(file).args(more).output().expect("it starts")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("text")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("text")
}

/// What `--json` writes.
fn json(file: &Path, more: &[&str]) -> Value {
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("result.json");
    let output = rank(file, &[more, &["--json", target.to_str().expect("text")]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    serde_json::from_str(&fs::read_to_string(&target).expect("written")).expect("JSON")
}

fn data(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

/// The arrays W, B and C of a file with all numbers changed, as float64.
fn changed(
    file: &Path,
    w: impl Fn(f64) -> f64,
    channels: impl Fn(f64) -> f64,
) -> tempfile::TempPath {
    let mut npz = Npz::open(file).expect("a file");
    let path = tempfile::Builder::new().suffix(".npz").tempfile().expect("a file").into_temp_path();
    let mut read = |name: &str, change: &dyn Fn(f64) -> f64| -> Array {
        let mut array = npz.array(name).expect("an array");
        array.data.iter_mut().for_each(|x| *x = change(*x));
        array
    };
    let arrays = [("W", read("W", &w)), ("B", read("B", &channels)), ("C", read("C", &channels))];
    write_npz(&path, |npz| {
        arrays.iter().try_for_each(|(name, array)| npz.array(name, &array.shape, &array.data))
    })
    .expect("written");
    path
}

fn same(x: f64) -> f64 {
    x
}

/// All that is said but the precision.
fn answer(mut report: Value) -> Value {
    report["precision"] = Value::Null;
    report
}

fn ranks(report: &Value) -> [Value; 5] {
    let keys = ["ranks", "increment_ranks", "unfolding_ranks", "space_dimension", "cp"];
    keys.map(|key| report[key].clone())
}

fn verdicts(report: &Value) -> Vec<&str> {
    let bounds = report["bounds"].as_array().expect("a list");
    bounds.iter().map(|bound| bound["verdict"].as_str().expect("text")).collect()
}

#[test]
fn float32_values_in_a_float64_array_have_the_noise_of_float32() {
    let single = data("torch_linear_sgd_f32.npz");
    let wide = changed(&single, same, same);
    let report = json(&wide, &SGD);
    assert_eq!(report["precision"]["sentence"], "values have 24 bits in a float64 array");
    assert_eq!(report["precision"]["decided"], "by the values");
    assert_eq!(report["increment_ranks"][60], 5);
    assert_eq!(report["cp"], serde_json::json!({ "lower": 9, "upper": 15 }));
    assert_eq!(verdicts(&report), ["holds", "holds"]);
    assert_eq!(answer(report), answer(json(&single, &SGD)));
    assert!(stdout(&rank(&wide, &SGD)).contains("\nvalues have 24 bits in a float64 array\n"));
    // Who takes them for float64 finds noise. That is an answer, too.
    let finer = [&SGD[..], &["--precision", "f64"]].concat();
    let report = json(&wide, &finer);
    assert_eq!(verdicts(&report), ["holds", "violated"]);
    assert_eq!(report["precision"]["decided"], "by --precision");
    let sentence = "values have 53 bits in a float64 array, as given by --precision";
    assert_eq!(report["precision"]["sentence"], sentence);
}

/// Digits cost some ranks their clearness and never make one.
#[test]
fn printed_values_have_the_noise_of_their_digits() {
    let double = data("torch_linear_sgd_f64.npz");
    for (digits, rank) in [(4, None), (7, Some(5)), (12, Some(5))] {
        let print = |x: f64| format!("{x:.*e}", digits - 1).parse::<f64>().expect("a number");
        let printed = changed(&double, print, print);
        let report = json(&printed, &SGD);
        assert_eq!(report["precision"]["values"], format!("{digits} significant digits"));
        assert_eq!(report["increment_ranks"][60].as_u64(), rank, "{digits} digits");
        assert_eq!(verdicts(&report)[1], "holds", "{digits} digits");
        let digits = digits.to_string();
        let said = [&SGD[..], &["--precision", &digits]].concat();
        // Whoever says so need not say in what they were computed, which moves the floor a little.
        assert_eq!(ranks(&report), ranks(&json(&printed, &said)), "{digits} digits");
    }
    for decimals in [4, 6] {
        let print = |x: f64| format!("{x:.decimals$}").parse::<f64>().expect("a number");
        let report = json(&changed(&double, print, print), &SGD);
        assert_eq!(report["precision"]["values"], format!("{decimals} decimals"));
        assert_eq!(verdicts(&report)[1], "holds", "{decimals} decimals");
    }
}

/// To the nearest number of a type.
type Round = fn(f64) -> f64;

/// The arrays as NumPy and ml_dtypes write them, and the same values in wider ones.
#[test]
fn sixteen_bits_are_read_and_recognised_in_wider_arrays() {
    let types: [(&str, &str, Round); 2] = [
        ("float16", "11 bits", |x| f16::from_f64(x).to_f64()),
        ("bfloat16", "8 bits", |x| bf16::from_f64(x).to_f64()),
    ];
    for (name, bits, round) in types {
        let file = data(&format!("rank/{name}.npz"));
        let stored = Npz::open(&file).expect("a file").array("W").expect("an array");
        assert_eq!((stored.precision.name(), &*stored.shape), (name, &[21, 24, 24][..]));
        assert!(stored.data.iter().all(|&x| x == round(x)));
        assert_eq!((stored.data[0], stored.data[1]), (0.5, 0.0));
        let report = json(&file, &SGD);
        let sentence = format!("values have {bits} in a {name} array");
        assert_eq!(report["precision"]["sentence"], sentence);
        assert_eq!(answer(report.clone()), answer(json(&changed(&file, same, same), &SGD)));
        // Rounding hides most of it, and is not taken for rank.
        assert!(!verdicts(&report).contains(&"violated"), "{report}");
        assert!(
            report["increment_ranks"]
                .as_array()
                .expect("a list")
                .iter()
                .all(|rank| { rank.as_u64().is_none_or(|rank| rank <= 5) })
        );
    }
}

/// Where the noise hides the increments no bound is said to hold.
#[test]
fn what_the_noise_hides_does_not_hold() {
    let report = json(&data("rank/bfloat16.npz"), &SGD);
    assert_eq!(verdicts(&report), ["not applicable"; 2], "{report}");
    assert_eq!(report["bounds"][1]["reason"], "the noise hides the increments");
    assert!(report["space_dimension"].is_null() && report["cp"]["upper"].is_null());
}

#[test]
fn the_unit_of_the_weights_does_not_matter() {
    let file = data("torch_linear_sgd_f64.npz");
    let original = json(&file, &SGD);
    assert_eq!(verdicts(&original), ["holds", "holds"]);
    let power = |power: i32| f64::from(power).exp2();
    for (w, channels) in
        [(power(-950), 1.0), (power(900), 1.0), (power(-3), power(400)), (power(-600), power(-600))]
    {
        let report = json(&changed(&file, |x| x * w, |x| x * channels), &SGD);
        assert_eq!(ranks(&report), ranks(&original), "{w:e}");
        assert_eq!(verdicts(&report), ["holds", "holds"], "{w:e}");
    }
    // These round once more.
    for scale in [1e-300, 1e-170, 1e3, 1e200] {
        let report = json(&changed(&file, |x| x * scale, same), &SGD);
        for key in ["ranks", "increment_ranks", "space_dimension"] {
            assert_eq!(report[key], original[key], "{key} of {scale:e}");
        }
        assert_eq!(verdicts(&report), ["holds", "holds"], "{scale:e}");
    }
}

#[test]
fn squares_that_underflow_do_no_harm() {
    let report = json(&data("rank/tiny.npz"), &[]);
    assert_eq!(report["ranks"], serde_json::json!([4, 4, 4]));
    let output = stdout(&rank(&data("rank/tiny.npz"), &[]));
    assert!(output.contains("e-170 ") && output.contains("e-185"), "{output}");
}

/// Few or exact values say nothing of their precision, and that is said.
#[test]
fn thin_evidence_falls_back_to_the_array() {
    let output = stdout(&rank(&data("bad/fortran.npz"), &["--delta"]));
    assert!(output.contains("values have 53 bits as a float64 array can: "), "{output}");
    assert!(output.contains("unfolding 1 (rows), 1 (columns), 1 (steps)"), "{output}");
}

#[test]
fn precisions_that_do_not_exist_are_refused() {
    for wrong in ["f8", "0", "18", "3.5", "float32", ""] {
        let output = rank(&data("rank/tiny.npz"), &["--precision", wrong]);
        assert_eq!(output.status.code(), Some(2), "{wrong}");
        assert!(stderr(&output).contains("expected f16, bf16, f32, f64, or digits"), "{wrong}");
    }
}

/// A finding is no failure.
#[test]
fn a_violated_bound_of_recorded_weights_exits_with_0() {
    let output = rank(&data("torch_linear_adam_f64.npz"), &SGD);
    assert_eq!(output.status.code(), Some(0));
    assert!(stdout(&output).contains("VIOLATED"));
}

/// The answer before anything else, in 24 lines of 80 characters.
#[test]
fn the_first_screen_is_the_answer() {
    let files = ["torch_linear_sgd_f32", "torch_linear_adam_f64", "torch_tanh_adam_f32"];
    let files = files.map(|name| format!("{name}.npz"));
    for name in files.iter().map(String::as_str).chain(["rank/bfloat16.npz"]) {
        let output = Command::new(env!("CARGO_BIN_EXE_rankproof"))
            .current_dir(data(""))
            .args([&["rank", name], &SGD[..]].concat())
            .output()
            .expect("it starts");
        let text = stdout(&output);
        let answer = first_screen(&text);
        assert!(answer.contains(" CP terms hold 95 % of the movement"), "{answer}");
        let rows = ["last change", "rows", "columns", "time courses", "CP terms"];
        for what in rows.into_iter().chain([" S of ", "The space is "]) {
            assert!(answer.contains(what), "{what}: {answer}");
        }
        let (_, rest) =
            text.split_once("\nThe movement in the spaces of theorems\n").expect("a table");
        let (theorems, exact) = rest.split_once("\nExact ranks").expect("exact ranks come last");
        assert!(theorems.contains("invariant-subspace") && exact.contains("noise floor"), "{text}");
    }
}

/// All up to what explains the answer, which must fit on a screen.
fn first_screen(text: &str) -> &str {
    let (answer, rest) = text.split_once("\n\nIs the space fixed?").expect("angles");
    assert!(answer.lines().count() <= 24, "{answer}");
    let (more, _) = rest.split_once("\nExact ranks").expect("exact ranks");
    let wide = answer.lines().chain(more.lines()).find(|line| line.chars().count() > 80);
    assert!(wide.is_none(), "{wide:?}");
    answer
}

/// Checkpoints, of which there is more to say: the answers for all gates come first.
#[test]
fn the_first_screen_of_checkpoints_is_the_answer() {
    let rnn = stdout(&rank(&data("checkpoints/rnn"), &["--array", "rnn.weight_hh_l0"]));
    assert!(first_screen(&rnn).contains(" CP terms hold 95 % of the movement"), "{rnn}");
    assert!(
        rnn.contains("\nThe space is ") && in_one_line(&rnn).contains(" after step 5, "),
        "{rnn}"
    );
    for (folder, gates) in [("lstm", ["i", "f", "g", "o"].as_slice()), ("gru", &["r", "z", "n"])] {
        let path = data("checkpoints").join(folder);
        let text = stdout(&rank(&path, &["--array", "rnn.weight_hh_l0"]));
        let lines: Vec<&str> = text.lines().take(24).collect();
        assert!(lines.iter().all(|line| line.chars().count() <= 80), "{lines:?}");
        assert!(
            in_one_line(&lines.join("\n")).contains("of the movement of each gate;"),
            "{lines:?}"
        );
        let rows = lines.iter().filter(|line| line.contains("+)")).map(|line| &line[..1]);
        assert_eq!(rows.take(gates.len()).collect::<Vec<_>>(), gates);
        // Exact answers after all others.
        let (answers, exact) = text.split_once("\nExact ranks of gate ").expect("exact ranks");
        assert!(!exact.contains("CP terms hold") && !answers.contains("noise floor"), "{text}");
    }
}

/// Figures, their numbers and a summary, which the report shows.
#[test]
fn figures_are_written_and_shown() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("moved");
    let target = out.to_str().expect("text");
    let adam = data("torch_linear_adam_f32.npz");
    let text = stdout(&rank(&adam, &[&SGD[..], &["--out", target]].concat()));
    assert_eq!(text, stdout(&rank(&adam, &SGD)), "the same is said");
    let names = ["dimensions", "cp_terms", "cp_courses", "principal_angles"];
    for name in names {
        let svg = fs::read_to_string(out.join(format!("{name}.svg"))).expect("a figure");
        assert!(svg.starts_with("<svg") && !svg.contains("NaN"), "{name}");
        let table = fs::read_to_string(out.join(format!("{name}.csv"))).expect("a table");
        assert!(table.lines().count() > 3, "{table}");
    }
    // The curve is that of the JSON.
    let report = json(&adam, &SGD);
    let curve = report["effective"]["cp"]["explained"].as_array().expect("a list").clone();
    let table = fs::read_to_string(out.join("cp_terms.csv")).expect("a table");
    for (line, share) in table.lines().skip(1).zip(&curve) {
        let found: f64 = line.split(',').nth(1).expect("a cell").parse().expect("a number");
        assert!((found - 100.0 * share.as_f64().expect("a number")).abs() < 1e-3, "{line}");
    }
    let summary = fs::read_to_string(out.join("summary.json")).expect("a summary");
    let summary: Value = serde_json::from_str(&summary).expect("JSON");
    assert_eq!((&summary["schema"], &summary["experiment"]), (&1.into(), &"rank".into()));
    let words = summary["words"].as_str().expect("text");
    assert!(words.contains("CP terms hold 95 % of the movement"), "{words}");
    let page = folder.path().join("page.html");
    let verified = folder.path().join("verified.json");
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_rankproof")).args(arguments).output();
        let output = output.expect("it starts");
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    };
    let [page_name, verified] = [&page, &verified].map(|path| path.to_str().expect("text"));
    run(&["verify", "--theorem", "symmetry", "--cases", "3", "--json", verified]);
    run(&["report", "--out", page_name, "--from", target, "--verified", verified]);
    let page = fs::read_to_string(&page).expect("a page");
    assert!(
        page.contains(words) && page.contains("Principal angles") | page.contains("Angles between")
    );
    // Never over what is read.
    let copy = folder.path().join("summary.json");
    fs::copy(&adam, &copy).expect("copied");
    let message = refused(&copy, &["--out", folder.path().to_str().expect("text")]);
    assert!(message.contains("--out"), "{message}");
}

/// What weights show of hypotheses, and what follows from it.
#[test]
fn shares_are_told_theorem_by_theorem() {
    let told = |name: &str| {
        let file = data(&format!("torch_{name}_f32.npz"));
        (json(&file, &SGD)["effective"].clone(), in_one_line(&stdout(&rank(&file, &SGD))))
    };
    let (sgd, text) = told("linear_sgd");
    assert_eq!(
        (&sgd["nearest"], &sgd["theorems"][0]["off"]),
        (&"invariant-subspace".into(), &0.0.into())
    );
    assert!(
        text.contains("W_0 = w I holds, and the movement is where the theorem says."),
        "{text}"
    );
    assert!(!text.contains("of one size"), "{text}");
    let (adam, text) = told("linear_adam");
    assert_eq!(adam["nearest"], "invariant-subspace");
    assert!(text.contains("of the movement is elsewhere: so another hypothesis fails"), "{text}");
    assert!(adam["first_change_evenness"].as_f64().expect("a number") > 0.99);
    assert!(text.contains("are all of one size"), "{text}");
    // A start of full rank: S of the theorem is the whole space, and the shares are told all the same.
    let (tanh, text) = told("tanh_adam");
    assert!(tanh["space"]["reason"].as_str().expect("text").contains("the whole space"));
    let shares = tanh["theorems"].as_array().expect("a list");
    let share = |id: &str| shares.iter().find(|share| share["theorem"] == id).expect("a row");
    let (inside, either) = (share("invariant-subspace"), share("perturbation"));
    assert!(inside["off"].as_f64().expect("a number") > 0.9);
    let [inside, either] = [inside, either].map(|share| share["both"].as_f64().expect("a number"));
    assert!(0.0 < inside && inside < either && either < 1.0, "{inside} {either}");
    assert!(text.contains("None is near: W_0 = w I"), "{text}");
}

/// Gradient descent moves in S, in few terms of which an exact rank knows more; Adam does not, and
/// moves in few nonetheless.
#[test]
fn effective_ranks_of_gradient_descent_and_adam() {
    let [sgd, adam] = ["sgd", "adam"].map(|name| {
        let file = data(&format!("torch_linear_{name}_f64.npz"));
        json(&file, &SGD)["effective"].clone()
    });
    assert_eq!(sgd["cp"]["r95"], 3);
    assert!(sgd["space"]["both"].as_f64().expect("a number") > 1.0 - 1e-12);
    assert_eq!((&adam["rows"]["r95"], &adam["rows"]["r99"]), (&6.into(), &12.into()));
    let both = adam["space"]["both"].as_f64().expect("a number");
    assert!((both - 0.559).abs() < 1e-3, "{both}");
    let terms = adam["cp"]["r95"].as_u64().expect("a number");
    assert!((6..=8).contains(&terms), "{terms}");
    let chance = adam["null"]["r95"].as_f64().expect("a number");
    assert!(chance > 2.0 * terms as f64, "{chance}");
    let explained = adam["cp"]["explained"].as_array().expect("a list");
    assert!(explained.is_sorted_by(|a, b| a.as_f64() <= b.as_f64()), "{explained:?}");
    // Fewer neurons than 128 are drawn as they are.
    assert_eq!(adam["null"]["size"], serde_json::json!([32, 32]));
}

/// What rounding hides is said before any number is believed.
#[test]
fn rounding_that_makes_much_of_the_movement_is_said_first() {
    let text = stdout(&rank(&data("rank/bfloat16.npz"), &SGD));
    assert!(text.contains("\nBut rounding can have made up to "), "{text}");
    let text = stdout(&rank(&data("torch_linear_sgd_f32.npz"), &SGD));
    assert!(!text.contains("But rounding"), "{text}");
}

/// Exact ranks of many neurons only if they are asked for, which the output says.
#[test]
fn many_neurons_are_answered_without_exact_ranks() {
    const NEURONS: usize = 310;
    let slices = (0..10).map(|k| {
        let entry = |place: usize| {
            let (i, j) = ((place / NEURONS) as f64, (place % NEURONS) as f64);
            f64::from(k) * (i.sin() * j.cos()) + f64::from(k * k) * 0.1 * (2.0 * i).cos() * j.sin()
        };
        (0..NEURONS * NEURONS).map(entry).collect::<Vec<_>>()
    });
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("many.npz");
    write_npz(&file, |npz| npz.array_in_parts("W", &[10, NEURONS, NEURONS], slices))
        .expect("written");
    let report = json(&file, &[]);
    assert_eq!(report["exact_ranks_computed"], false);
    assert!(report["ranks"].is_null() && report["bounds"].is_null());
    let effective = &report["effective"];
    assert_eq!((&effective["rows"]["r99"], &effective["cp"]["r99"]), (&2.into(), &2.into()));
    assert_eq!(effective["null"]["size"], serde_json::json!([128, 128]));
    let text = stdout(&rank(&file, &[]));
    assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    assert!(text.contains("are not computed") && text.contains("--exact computes them"), "{text}");
    let small = json(&data("rank/tiny.npz"), &[]);
    assert_eq!(small["exact_ranks_computed"], true);
}

/// 5 MB of weights, in many small slices, take less than 100 MB.
#[cfg(target_os = "linux")]
#[test]
fn memory_is_in_proportion_to_the_input() {
    use std::process::Stdio;

    const MOST: u64 = 100_000;
    let mut stream = Stream::new("deep", 0, 0);
    let mut weights = [0.0; 16];
    let slices = (0..40_000).map(|_| {
        weights.iter_mut().for_each(|x| *x += 0.01 * stream.normal());
        weights.to_vec()
    });
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("deep.npz");
    write_npz(&file, |npz| npz.array_in_parts("W", &[40_000, 4, 4], slices)).expect("written");
    let mut command = Command::new(env!("CARGO_BIN_EXE_rankproof"));
    command.arg("rank").arg(&file).env("RAYON_NUM_THREADS", "2");
    let mut child =
        command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
    let mut peak = 0;
    while child.try_wait().expect("a child").is_none() {
        // The most memory so far, in kB. It is gone when the child is.
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let number = line.and_then(|line| line.trim().strip_suffix(" kB")?.parse().ok());
        peak = peak.max(number.unwrap_or(0));
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    let output = child.wait_with_output().expect("an answer");
    assert!(output.status.success());
    let text = stdout(&output);
    assert!(text.contains("unfolding 4 (rows), 4 (columns), 16 (steps)"), "{text}");
    assert!(text.lines().count() < 60, "{text}");
    assert!((1_000..MOST).contains(&peak), "{peak} kB");
}

const STEPS: [usize; 8] = [0, 1, 2, 5, 10, 20, 40, 100];

/// Text whose lines are broken anywhere.
fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn refused(file: &Path, more: &[&str]) -> String {
    let output = rank(file, more);
    let message = stderr(&output);
    assert_eq!(output.status.code(), Some(2), "{message}");
    assert_eq!(message.lines().count(), 1, "{message}");
    message
}

/// Checkpoints as one array, without the rows before and after some.
fn gathered(
    folder: &str,
    name: impl Fn(usize) -> String,
    array: &str,
    rows: [usize; 2],
) -> Vec<f64> {
    let step = |step: usize| {
        let path = data("checkpoints").join(folder).join(name(step));
        let array = Source::open(path).and_then(|mut source| source.numbers(array)).expect("there");
        let columns = array.shape[1];
        array.data[rows[0] * columns..rows[1] * columns].to_vec()
    };
    STEPS.into_iter().flat_map(step).collect()
}

#[test]
fn checkpoints_are_the_steps_in_the_order_of_their_numbers() {
    let folder = data("checkpoints/rnn");
    let report = json(&folder, &["--array", "rnn.weight_hh_l0"]);
    assert_eq!(report["steps"], serde_json::json!(STEPS));
    assert_eq!(report["shape"], serde_json::json!([8, 6, 6]));
    assert_eq!(report["precision"]["sentence"], "values have 24 bits in a float64 array");
    // The same from one file.
    let all = gathered("rnn", |step| format!("{step}.pth"), "rnn.weight_hh_l0", [0, 6]);
    let one = tempfile::Builder::new().suffix(".npz").tempfile().expect("a file").into_temp_path();
    write_npz(&one, |npz| npz.array("W", &[8, 6, 6], &all)).expect("written");
    let mut from_one = json(&one, &[]);
    from_one["steps"] = serde_json::json!(STEPS);
    assert_eq!(from_one, report);
    // And named one by one, as a shell orders them.
    let mut files: Vec<_> =
        fs::read_dir(&folder).expect("a folder").map(|file| file.expect("one").path()).collect();
    files.sort();
    let files: Vec<_> = files.iter().map(|file| file.to_str().expect("text")).collect();
    let more = [&files[1..], &["--array", "rnn.weight_hh_l0"]].concat();
    assert_eq!(json(Path::new(files[0]), &more), report);
    let text = in_one_line(&stdout(&rank(&folder, &["--array", "rnn.weight_hh_l0"])));
    assert!(
        text.contains("Steps by the names of the files: 0, 1, 2, 5, 10, 20, 40, 100."),
        "{text}"
    );
    let table = stdout(&rank(&folder, &["--array", "rnn.weight_hh_l0"]));
    assert!(table.lines().any(|line| line.trim_start().starts_with("100 ")), "{table}");
}

#[test]
fn gates_of_pytorch_are_split_by_name_and_shape() {
    let folder = data("checkpoints/lstm");
    let report = json(&folder, &["--array", "rnn.weight_hh_l0"]);
    let gates = report["gates"].as_array().expect("a list");
    let names: Vec<_> = gates.iter().map(|gate| gate["gate"].as_str().expect("text")).collect();
    assert_eq!(names, ["i", "f", "g", "o"]);
    // The third gate by itself.
    let name = |step| format!("step_{step}.pt");
    let cell = gathered("lstm", name, "rnn.weight_hh_l0", [12, 18]);
    let one = tempfile::Builder::new().suffix(".npz").tempfile().expect("a file").into_temp_path();
    let single: Vec<f32> = cell.iter().map(|&weight| weight as f32).collect();
    write_npz(&one, |npz| npz.array("W", &[8, 6, 6], &single)).expect("written");
    let alone = json(&one, &[]);
    for key in ["shape", "precision", "ranks", "increment_ranks", "unfolding_ranks", "cp", "bounds"]
    {
        assert_eq!(alone[key], gates[2][key], "{key}");
    }
    let text = in_one_line(&stdout(&rank(&folder, &["--array", "rnn.weight_hh_l0"])));
    assert!(text.contains("split by its name and shape into 4 gates of an LSTM"), "{text}");
    assert!(text.contains("gate o, 6 x 6 weights at the start"), "{text}");
    let whole = json(&folder, &["--array", "rnn.weight_hh_l0", "--split", "1"]);
    assert_eq!(whole["shape"], serde_json::json!([8, 24, 6]));
    // Input weights, as many gates as the recurrent ones beside them have.
    let report = json(&data("checkpoints/gru"), &["--array", "rnn.weight_ih_l0"]);
    let gates = report["gates"].as_array().expect("a list");
    assert_eq!(gates.len(), 3);
    assert_eq!(gates[0]["shape"], serde_json::json!([8, 6, 3]));
    assert_eq!(gates[0]["precision"]["array"], "bfloat16");
    let message = refused(&folder, &["--array", "rnn.weight_hh_l0", "--split", "5"]);
    assert!(message.contains("has 24 rows, expected as many as --split 5 divides"), "{message}");
}

fn text_of(path: &Path) -> String {
    fs::read_to_string(path).expect("a file")
}

fn numpy(name: &str) -> Value {
    serde_json::from_str(&text_of(&data("rank").join(name))).expect("JSON")
}

/// The measures of a spectrum, to 1e-6, and its dimensions.
fn same_as_numpy(found: &Value, expected: &Value, what: &str) {
    for key in ["participation_ratio", "stable_rank"] {
        let [found, expected] = [found, expected].map(|of| of[key].as_f64().expect(what));
        assert!((found - expected).abs() <= 1e-6 * expected, "{what} {key}: {found} {expected}");
    }
    for key in ["r90", "r95", "r99"] {
        assert_eq!(found[key], expected[key], "{what} {key}");
    }
}

/// RNN, LSTM and GRU by SGD, Adam and Muon, in float32 and bfloat16, by PyTorch, Keras and JAX, in the
/// files that these write: see tests/data/make_trained.py.
#[test]
fn effective_ranks_of_what_libraries_write_are_those_of_numpy() {
    let expected = numpy("effective_trained.json");
    let all = expected["trained"].as_array().expect("a list");
    let folder = tempfile::tempdir().expect("a folder");
    let mut gates = 0;
    for expected in all {
        let text = |key: &str| expected[key].as_str().expect("text");
        // Rows of all matrices of a file or folder, once.
        let out = folder.path().join(text("path").replace('/', "_"));
        if !out.exists() {
            let flags = ["--array", "*", "--out", out.to_str().expect("text")];
            let output = rank(&data(text("path")), &flags);
            assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        }
        let file = format!("matrices/{}.json", text("array").replace('/', "%2f"));
        let found: Value = serde_json::from_str(&text_of(&out.join(file))).expect("JSON");
        let found = found.as_array().expect("a list");
        let expected = expected["gates"].as_array().expect("a list");
        assert_eq!(found.len(), expected.len(), "gates");
        for (found, expected) in found.iter().zip(expected) {
            for key in ["last", "rows", "columns", "steps"] {
                same_as_numpy(&found["effective"][key], &expected[key], key);
            }
            gates += 1;
        }
    }
    assert!(all.len() >= 20 && gates >= 50, "{} of {}", gates, all.len());
}

/// The gates of an LSTM of Keras are blocks of columns, which are turned into rows unless they are to
/// stay together.
#[test]
fn gates_of_keras_are_split_by_themselves() {
    let folder = data("trained/keras");
    let array = ["--array", "layers/lstm/cell/vars/1"];
    let output = rank(&folder, &array);
    let text = in_one_line(&stdout(&output));
    assert!(text.contains("4 gates of an LSTM of 5 rows: i, f, c, o."), "{text}");
    assert!(text.contains("rows and columns are exchanged"), "{text}");
    let whole = in_one_line(&stdout(&rank(&folder, &[&array[..], &["--split", "1"]].concat())));
    assert!(whole.contains("5 x 20 weights") && !whole.contains("exchanged"), "{whole}");
}

/// Forty steps as far apart as they were, in bfloat16.
#[test]
fn uneven_steps_of_a_folder_are_kept() {
    let folder = data("trained/gru_muon_bf16");
    let report = json(&folder, &["--array", "rnn.weight_hh_l0"]);
    let gate = &report["gates"][0];
    assert_eq!(gate["precision"]["array"], "bfloat16");
    assert_eq!(gate["shape"], serde_json::json!([40, 6, 6]));
    let steps: Vec<u64> = serde_json::from_value(gate["steps"].clone()).expect("numbers");
    assert_eq!(steps[..12], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
    assert!(steps.is_sorted() && steps[39] - steps[38] > 10, "{steps:?}");
}

/// The gates of an LSTM as a fourth axis of one array, in two orders of axes.
#[test]
fn a_fourth_axis_has_an_unfolding_of_its_own() {
    let array =
        Npz::open(data("trained/lstm_muon.npz")).and_then(|mut npz| npz.array("rnn.weight_hh_l0"));
    let Array { data: numbers, .. } = array.expect("an array");
    let folder = tempfile::tempdir().expect("a folder");
    let single: Vec<f32> = numbers.iter().map(|&weight| weight as f32).collect();
    let mut turned = vec![0.0_f32; single.len()];
    for (place, &number) in single.iter().enumerate() {
        let [step, gate, row, column] = [place / 144, place / 36 % 4, place / 6 % 6, place % 6];
        turned[((row * 40 + step) * 6 + column) * 4 + gate] = number;
    }
    let expected = &numpy("effective_trained.json")["lstm_muon_gates"];
    for (name, shape, data, axes) in [
        ("plain.npz", [40, 4, 6, 6], single, "step,gate,row,column"),
        ("turned.npz", [6, 40, 6, 4], turned, "row,step,column,gate"),
    ] {
        let path = folder.path().join(name);
        write_npz(&path, |npz| npz.array("weights", &shape, &data)).expect("written");
        let report = json(&path, &["--axes", axes]);
        for key in ["rows", "columns", "steps", "fourth"] {
            same_as_numpy(&report["effective"][key], &expected[key], key);
        }
        assert_eq!(report["exact_ranks_computed"], false);
        let text = stdout(&rank(&path, &["--axes", axes]));
        assert!(text.contains("fourth axis "), "{text}");
        assert!(in_one_line(&text).contains("The fourth axis, gate, has 4 indices."), "{text}");
        let message = refused(&path, &["--axes", axes, "--exact"]);
        assert!(message.contains("--exact is for weights of three axes"), "{message}");
    }
    let message = refused(&folder.path().join("plain.npz"), &[]);
    assert!(message.contains("no array of three axes (step, row, column)"), "{message}");
}

/// One row for each matrix of a model; a run that is made again goes on with those that are missing.
#[test]
fn a_model_has_a_row_for_each_matrix() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("rows");
    let out_text = out.to_str().expect("text");
    let model = data("trained/gru_muon_bf16");
    let flags = ["--array", "*", "--out", out_text];
    let first = stdout(&rank(&model, &flags));
    let arrays = [
        "readout.weight",
        "rnn.weight_hh_l0[r]",
        "rnn.weight_hh_l0[z]",
        "rnn.weight_hh_l0[n]",
        "rnn.weight_ih_l0[r]",
    ];
    for array in arrays {
        assert_eq!(first.lines().filter(|line| line.starts_with(array)).count(), 1, "{first}");
    }
    assert!(first.lines().skip(1).all(|line| line.chars().count() <= 80), "{first}");
    let table = text_of(&out.join("matrices.csv"));
    assert_eq!(table.lines().count(), 8, "{table}");
    assert!(table.starts_with("array,rows,columns,steps,movement,"), "{table}");
    // The same numbers as of one matrix alone.
    let written: Value =
        serde_json::from_str(&text_of(&out.join("matrices/rnn.weight_hh_l0.json"))).expect("JSON");
    let alone = json(&model, &["--array", "rnn.weight_hh_l0"]);
    assert_eq!(written[1]["effective"], alone["gates"][1]["effective"]);
    assert_eq!(written[1]["row"]["rows_r95"], alone["gates"][1]["effective"]["rows"]["r95"]);
    // One is missing, and is computed again; of the others what is written is taken.
    fs::remove_file(out.join("matrices/readout.weight.json")).expect("removed");
    let marked = text_of(&out.join("matrices/rnn.weight_hh_l0.json"));
    let marked = marked.replace("\"relative_change\":", "\"relative_change\":70");
    fs::write(out.join("matrices/rnn.weight_hh_l0.json"), marked).expect("written");
    let second = stdout(&rank(&model, &flags));
    assert!(in_one_line(&second).contains("2 of 3 matrices were in"), "{second}");
    assert_eq!(second.matches(" 70").count(), 3, "{second}");
    assert!(out.join("matrices/readout.weight.json").exists());
    // Other choices are no row of that table.
    let message = refused(&model, &[&flags[..], &["--split", "1"]].concat());
    assert!(message.contains("has rows of other files or options"), "{message}");
    let message = refused(&model, &["--array", "weight_xx*"]);
    assert!(message.contains("no matrix that all files have in one shape"), "{message}");
    let message =
        refused(&model, &["--array", "rnn.*", "--inputs", "rnn.weight_ih_l0", "--outputs", "x"]);
    assert!(message.contains("--inputs is for one matrix"), "{message}");
}

/// A step is a folder with two files and their index, and each may be named.
#[test]
fn sharded_checkpoints_are_read_by_their_index() {
    let folder = data("trained/sharded");
    let array = ["--array", "rnn.weight_hh_l0"];
    let report = json(&folder, &array);
    assert_eq!(report["gates"][0]["steps"], serde_json::json!([0, 50, 100]));
    let steps = [0, 50, 100]
        .map(|step| folder.join(format!("checkpoint-{step}")).to_str().expect("text").to_owned());
    let more: Vec<&str> = steps[1..].iter().map(String::as_str).chain(array).collect();
    assert_eq!(json(Path::new(&steps[0]), &more), report);
    let indices = steps.clone().map(|step| step + "/model.safetensors.index.json");
    let more: Vec<&str> = indices[1..].iter().map(String::as_str).chain(array).collect();
    assert_eq!(json(Path::new(&indices[0]), &more), report);
    let message = refused(&folder.join("checkpoint-0"), &array);
    assert!(message.contains("has 2 dimensions"), "one step alone: {message}");
    // A file is missing.
    let copy = tempfile::tempdir().expect("a folder");
    for step in ["checkpoint-0", "checkpoint-50"] {
        fs::create_dir(copy.path().join(step)).expect("made");
        for file in fs::read_dir(folder.join(step)).expect("a folder") {
            let file = file.expect("one");
            fs::copy(file.path(), copy.path().join(step).join(file.file_name())).expect("copied");
        }
    }
    fs::remove_file(copy.path().join("checkpoint-50/model-00002-of-00002.safetensors"))
        .expect("removed");
    let message = refused(copy.path(), &array);
    assert!(
        message.contains("into model-00002-of-00002.safetensors, which is not there"),
        "{message}"
    );
}

#[test]
fn what_could_be_meant_is_listed_with_its_shape() {
    let message = refused(&data("checkpoints/lstm"), &[]);
    for part in [
        "step_0.pt and 7 more: more than one matrix (row, column) that all files have",
        "expected --array with one of",
        "model.rnn.weight_hh_l0 (24, 6)",
        "model.readout.weight (2, 6)",
    ] {
        assert!(message.contains(part), "{message}");
    }
    assert!(!message.contains("bias"), "{message}");
    let message = refused(&data("checkpoints/tensor.pt"), &[]);
    assert!(
        message.contains("no array of three axes (step, row, column), expected one"),
        "{message}"
    );
}

#[test]
fn one_checkpoint_that_does_not_fit_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |step: usize, name: &str, shape: &[usize]| {
        let path = folder.path().join(format!("w{step}.npz"));
        let numbers = vec![step as f64; shape.iter().product()];
        write_npz(&path, |npz| npz.array(name, shape, &numbers)).expect("written");
        path
    };
    for step in [8, 9, 10] {
        write(step, "W", &[3, 3]);
    }
    assert_eq!(json(folder.path(), &[])["steps"], serde_json::json!([8, 9, 10]));
    let path = write(9, "W", &[3, 4]);
    let message = refused(folder.path(), &["--array", "W"]);
    assert!(
        message.contains(&format!(
            "{}: array \"W\" has shape (3, 4), expected (3, 3) as in",
            path.display()
        )),
        "{message}"
    );
    write(9, "V", &[3, 3]);
    let message = refused(folder.path(), &["--array", "W"]);
    assert!(message.contains("w9.npz: has no array \"W\", only \"V\""), "{message}");
    let message = refused(folder.path(), &[]);
    assert!(
        message.contains("w8.npz and 2 more: no matrix (row, column) that all files"),
        "{message}"
    );
    fs::write(&path, b"PK").expect("written");
    let message = refused(folder.path(), &["--array", "W"]);
    assert!(message.contains("w9.npz: "), "{message}");
    write(9, "W", &[3, 3]);
    fs::write(folder.path().join("log.txt"), "loss").expect("written");
    let text = in_one_line(&stdout(&rank(folder.path(), &[])));
    assert!(text.contains("Passed over in the folder: log.txt."), "{text}");
    fs::rename(&path, folder.path().join("last.npz")).expect("renamed");
    let message = refused(folder.path(), &["--array", "W"]);
    assert!(message.contains("is not named as"), "{message}");
    fs::write(folder.path().join("w1.pt"), b"").expect("written");
    let message = refused(folder.path(), &["--array", "W"]);
    assert!(message.contains("has files that end in .npz and in .pt"), "{message}");
}

#[test]
fn last_steps_that_are_not_finite_are_left_out_if_that_is_asked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let numbers = |steps: usize| -> Vec<f64> { (0..steps * 9).map(|p| (p as f64).sin()).collect() };
    let write = |name: &str, numbers: &[f64]| {
        let path = folder.path().join(name);
        let shape = [numbers.len() / 9, 3, 3];
        write_npz(&path, |npz| npz.array("W", &shape, numbers)).expect("written");
        path
    };
    let mut diverged = numbers(6);
    diverged[40] = f64::NAN;
    diverged[50] = f64::INFINITY;
    let diverged = write("diverged.npz", &diverged);
    let message = refused(&diverged, &[]);
    assert!(message.contains("holds NaN at [4, 1, 1], expected finite numbers"), "{message}");
    let report = json(&diverged, &["--skip-diverged"]);
    assert_eq!(report, json(&write("before.npz", &numbers(4)), &[]));
    let text = in_one_line(&stdout(&rank(&diverged, &["--skip-diverged"])));
    assert!(text.contains("Left out: the last 2 of 6 steps, from 4 on, which are not"), "{text}");
    let mut middle = numbers(6);
    middle[20] = f64::NAN;
    let message = refused(&write("middle.npz", &middle), &["--skip-diverged"]);
    assert!(message.contains("step 2 is not finite and step 3 is"), "{message}");
    let mut early = numbers(2);
    early[9] = f64::NAN;
    let message = refused(&write("early.npz", &early), &["--skip-diverged"]);
    assert!(message.contains("1 step of W is left, expected at least 2"), "{message}");
}
