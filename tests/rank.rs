//! `rankproof rank` from the outside: the noise floor of recorded weights.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use half::{bf16, f16};
use rankproof::file::{Array, Npz, write_npz};
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
    assert!(text.lines().count() < 40, "{text}");
    assert!((1_000..MOST).contains(&peak), "{peak} kB");
}
