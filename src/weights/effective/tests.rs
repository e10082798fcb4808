//! Effective ranks against NumPy's, against what is known, and on any number of threads.

use super::*;
use crate::scalar::Stream;

const FEW: EffectiveOptions = EffectiveOptions { draws: 2, terms: 3, all: false };

fn of(weights: &[Matrix<f64>], options: &EffectiveOptions) -> EffectiveRanks {
    EffectiveRanks::of_slices(weights, options, &|_| ())
}

/// The history of the script: 5 steps of 12 x 7.
fn rectangular() -> Vec<Matrix<f64>> {
    let slice = |k: usize| {
        let k = k as f64;
        Matrix::from_fn(12, 7, |i, j| {
            let (i, j) = (i as f64, j as f64);
            (i + 2.0 * j + k * k / 3.0).sin() + k * (i * j).cos() / 4.0
        })
    };
    (0..6).map(slice).collect()
}

#[cfg(feature = "files")]
mod numpy {
    use std::path::Path;

    use serde_json::Value;

    use super::*;
    use crate::file::Npz;
    use crate::tensor::Mode;

    fn expected() -> serde_json::Map<String, Value> {
        let path =
            Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/rank/effective_numpy.json");
        let text = std::fs::read_to_string(path).unwrap();
        serde_json::from_str(&text).unwrap()
    }

    fn near(found: f64, expected: &Value, what: &str) {
        let expected = expected.as_f64().expect(what);
        assert!((found - expected).abs() <= 1e-6 * expected.abs(), "{what}: {found} {expected}");
    }

    fn compare(found: &EffectiveRanks, expected: &Value, name: &str) {
        let spectra = [&found.last, &found.rows, &found.columns, &found.steps];
        for (spectrum, key) in spectra.into_iter().zip(["last", "rows", "columns", "steps"]) {
            let (spectrum, expected) = (spectrum.as_ref().unwrap(), &expected[key]);
            let what = format!("{name} {key}");
            near(spectrum.participation_ratio(), &expected["participation_ratio"], &what);
            near(spectrum.stable_rank(), &expected["stable_rank"], &what);
            for (share, key) in SHARES.into_iter().zip(["r90", "r95", "r99"]) {
                assert_eq!(spectrum.dimensions_for(share) as u64, expected[key], "{what} {key}");
            }
        }
        let (half, expected) = (found.second_half.as_ref().unwrap(), &expected["second_half"]);
        assert_eq!(half.first as u64, expected["first"]);
        for (overlap, key) in [(&half.rows, "rows"), (&half.columns, "columns")] {
            let expected = &expected[key];
            assert_eq!(overlap.dimensions as u64, expected["dimensions"], "{name} {key}");
            near(overlap.share, &expected["share"], name);
            assert_eq!(overlap.later as u64, expected["later"], "{name} {key}");
            near(overlap.most, &expected["most"], name);
            let angles = expected["angles"].as_array().expect("a list");
            assert_eq!(overlap.angles.len(), angles.len(), "{name} {key}");
            for (found, expected) in overlap.angles.iter().zip(angles) {
                let expected = expected.as_f64().expect("degrees");
                assert!((found - expected).abs() < 1e-5, "{name} {key}: {found} {expected}");
            }
        }
    }

    #[test]
    fn effective_ranks_are_those_of_numpy() {
        let mut compared = 0;
        for (name, expected) in &expected() {
            if !name.ends_with(".npz") {
                continue;
            }
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
            let mut npz = Npz::open(path).unwrap();
            let axes = [Mode::Step, Mode::Row, Mode::Column];
            let history = WeightHistory::from_array(npz.array("W").unwrap(), axes, None).unwrap();
            let columns = |name: &str, turned: bool| {
                let array = npz.array(name).unwrap();
                let [rows, cols] = [array.shape[0], array.shape[1]];
                let matrix = Matrix::from_fn(rows, cols, |i, j| array.data[i * cols + j]);
                if turned { matrix.transposed() } else { matrix }
            };
            let mut columns = columns;
            let channels = InputOutput { inputs: columns("B", false), outputs: columns("C", true) };
            let channels = Some(&channels).filter(|_| !expected["space"].is_null());
            let found = EffectiveRanks::new(&history, channels, &FEW, &|_| ()).unwrap();
            compare(&found, expected, name);
            if let Some(nearness) = found.nearness {
                let share = nearness.space.unwrap();
                let expected = &expected["space"];
                assert_eq!(share.dimensions as u64, expected["dimensions"]);
                near(share.rows.unwrap(), &expected["rows"], name);
                near(share.columns.unwrap(), &expected["columns"], name);
                near(share.both, &expected["both"], name);
            }
            compared += 1;
        }
        assert_eq!(compared, 8);
        compare(&of(&rectangular(), &FEW), &expected()["rectangular"], "rectangular");
    }

    /// Of 200 neurons, from walks of 128.
    #[test]
    fn walks_of_many_neurons_are_near_those_of_numpy() {
        let walk = Null::walk([200, 200], &[vec![1.0; 20]], None, 4, 3, &|_| ());
        assert_eq!(walk.size, [128, 128]);
        let expected = &expected()["walk"];
        let (rows, steps) = (walk.rows.unwrap(), walk.steps.unwrap());
        for (found, key) in [
            (rows.dimensions[1].median, "rows_r95"),
            (rows.participation_ratio.median, "rows_participation_ratio"),
            (steps.participation_ratio.median, "steps_participation_ratio"),
        ] {
            let expected = expected[key].as_f64().unwrap();
            assert!((found - expected).abs() < 0.015 * expected, "{key}: {found} {expected}");
        }
    }
}

#[test]
fn few_terms_are_found_and_many_are_said_to_be_more() {
    let mut stream = Stream::new("terms", 0, 0);
    let columns = Matrix::normal(14, 6, 1.0, &mut stream);
    let rows = Matrix::normal(9, 6, 1.0, &mut stream);
    // Three terms with time courses of their own.
    let slice = |k: usize| {
        let course = [k as f64, (k as f64).sqrt(), (0.5 * k as f64).sin()];
        let scaled = Matrix::from_fn(14, 3, |i, r| columns[(i, r)] * course[r]);
        Matrix::product(scaled.view(), leading(&rows, 3).t())
    };
    let weights: Vec<_> = (0..12).map(slice).collect();
    let found = of(&weights, &EffectiveOptions { terms: 8, ..FEW });
    let cp = found.cp.unwrap();
    assert!(cp.found.errors.len() <= 3, "{cp:?}");
    assert!(cp.dimensions()[2].is_some_and(|terms| terms >= cp.at_least[2]), "{cp:?}");
    // A walk needs more than two, and there is a proof of it.
    let mut position = Matrix::zeros(14, 9);
    let mut step = || {
        position.add_scaled(1.0, &Matrix::normal(14, 9, 1.0, &mut stream));
        position.clone()
    };
    let walk: Vec<_> = (0..12).map(|_| step()).collect();
    let cp = of(&walk, &EffectiveOptions { terms: 2, ..FEW }).cp.unwrap();
    assert_eq!(cp.dimensions(), [None; 3]);
    assert!(cp.at_least[1] > 2 && cp.found.errors.len() == 2, "{cp:?}");
    // No terms hold more than the unfoldings allow.
    let found = of(&rectangular(), &EffectiveOptions { terms: 12, ..FEW });
    let (cp, rows) = (found.cp.unwrap(), found.rows.unwrap());
    for terms in 1..=cp.found.errors.len() {
        assert!(cp.found.explained(terms) <= rows.explained(terms) + 1e-12, "{terms}");
    }
}

/// A walk is beside the null that is drawn for it: nothing is found where there is nothing.
#[test]
fn a_random_walk_is_within_its_own_null() {
    let mut stream = Stream::new("control", 0, 0);
    let mut position = Matrix::zeros(24, 16);
    let weights: Vec<_> = (0..15)
        .map(|k| {
            let mut step = Matrix::normal(24, 16, 1.0, &mut stream);
            step.scale(1.0 / f64::from(k + 1));
            position.add_scaled(1.0, &step);
            position.clone()
        })
        .collect();
    let found = of(&weights, &EffectiveOptions { draws: 40, ..FEW });
    for null in [found.walk.unwrap(), found.turned.unwrap()] {
        assert_eq!((null.draws, null.size), (40, [24, 16]));
        for (spectrum, null) in [(&found.rows, null.rows), (&found.columns, null.columns)] {
            let (ratio, null) = (spectrum.as_ref().unwrap().participation_ratio(), null.unwrap());
            let Quantiles { low, median, high } = null.participation_ratio;
            assert!(low < median && median < high);
            let middle = (low + high) / 2.0;
            assert!((ratio - middle).abs() < high - low, "{ratio} {null:?}");
        }
    }
    let half = found.second_half.unwrap();
    for overlap in [&half.rows, &half.columns] {
        assert!((overlap.share - overlap.chance).abs() < 0.1, "{overlap:?}");
    }
}

/// Steps of one direction each: walks of full rank would miss how few they are.
#[test]
fn the_spectra_of_the_steps_are_kept() {
    let mut stream = Stream::new("thin steps", 0, 0);
    let mut position = Matrix::zeros(20, 20);
    let weights: Vec<_> = (0..5)
        .map(|_| {
            let mut column = || Matrix::normal(20, 1, 1.0, &mut stream);
            let (left, right) = (column(), column());
            position.add_scaled(1.0, &left.times(&right.transposed()));
            position.clone()
        })
        .collect();
    let found = of(&weights, &FEW);
    let dimensions = |null: Null| null.rows.unwrap().dimensions[2];
    assert!(dimensions(found.turned.unwrap()).high <= 4.0, "four steps of one dimension");
    assert!(dimensions(found.walk.unwrap()).low > 10.0);
}

#[test]
fn a_fixed_space_holds_the_second_half_and_another_does_not() {
    let unit = |i: usize, j: usize, size: f64| {
        Matrix::from_fn(8, 8, |a, b| if (a, b) == (i, j) { size } else { 0.0 })
    };
    let sum = |k: usize, other: bool| {
        let mut weights = unit(0, 1, k as f64);
        if other && k > 3 {
            weights = unit(0, 1, 3.0);
            weights.add_scaled(1.0, &unit(0, 2, (k - 3) as f64));
        }
        weights
    };
    let half = |other| {
        let weights: Vec<_> = (0..=6).map(|k| sum(k, other)).collect();
        of(&weights, &FEW).second_half.unwrap()
    };
    let near = |a: f64, b: f64| (a - b).abs() < 1e-12;
    let (same, other) = (half(false), half(true));
    assert_eq!((same.first, same.rows.dimensions, same.rows.chance), (3, 1, 0.125));
    assert!(near(same.rows.share, 1.0) && near(same.columns.share, 1.0), "{same:?}");
    assert!(near(other.rows.share, 1.0) && near(other.columns.share, 0.0), "{other:?}");
}

#[test]
fn nothing_is_said_of_weights_that_stand_still() {
    let found = of(&vec![Matrix::scaled_identity(4, 1.0); 3], &FEW);
    assert!(found.rows.is_none() && found.cp.is_none() && found.walk.is_none());
    let once = of(&[Matrix::zeros(3, 2), Matrix::from_fn(3, 2, |i, j| (i + j) as f64)], &FEW);
    assert!(once.second_half.is_none() && once.steps.unwrap().dimensions_for(0.99) == 1);
}

/// The same bits, whatever the number of threads.
#[test]
fn threads_change_nothing() {
    let texts: Vec<String> = [1, 3]
        .into_iter()
        .map(|threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| format!("{:?}", of(&rectangular(), &EffectiveOptions::default())))
        })
        .collect();
    assert_eq!(texts[0], texts[1]);
    assert!(texts[0].contains("participation_ratio"));
}
