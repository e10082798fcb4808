//! What the documents say of effective ranks, on movements that are known.

use super::*;
use crate::matrix::ThinQr;
use crate::scalar::Stream;

const FEW: EffectiveOptions = EffectiveOptions { draws: 40, terms: 1, all: false };

/// Directions of a fixed space of d dimensions on either side, all as strong, and noise that makes 2 %
/// of the movement: so many dimensions are found, both halves in the same ones, and chance is far.
#[test]
fn a_fixed_space_and_noise_are_told_apart() {
    const NEURONS: usize = 40;
    const DIMENSIONS: usize = 4;
    const NOISE: f64 = 0.02;
    let mut stream = Stream::new("fixed space", 0, 0);
    let mut orthonormal =
        |rows: usize| f64::thin_qr(&Matrix::normal(rows, DIMENSIONS, 1.0, &mut stream)).0;
    let (left, right) = (orthonormal(NEURONS), orthonormal(NEURONS));
    let turns: Vec<_> = (0..=20).map(|_| orthonormal(DIMENSIONS)).collect();
    let weights: Vec<_> = (0..=20)
        .map(|k| {
            let inside = left.times(&turns[k].map(|x| k as f64 * x));
            let mut weights = Matrix::product(inside.view(), right.t());
            let deviation = weights.norm() * NOISE.sqrt() / NEURONS as f64;
            weights.add_scaled(1.0, &Matrix::normal(NEURONS, NEURONS, deviation, &mut stream));
            weights
        })
        .collect();
    let found = EffectiveRanks::of_slices(&weights, &FEW, &|_| ());
    let (rows, walk) = (found.rows.unwrap(), found.walk.unwrap());
    assert_eq!(rows.dimensions_for(0.95), DIMENSIONS);
    assert!((rows.participation_ratio() - DIMENSIONS as f64).abs() < 0.5, "{rows:?}");
    assert!(walk.rows.as_ref().unwrap().dimensions[1].low > 5.0 * DIMENSIONS as f64);
    let half = found.second_half.unwrap();
    assert_eq!(half.verdict(&walk), Fixed::Yes);
    for side in [&half.rows, &half.columns] {
        assert_eq!((side.dimensions, side.later), (DIMENSIONS, DIMENSIONS));
        // All but the noise outside, and a little more as the first half has noise as well.
        let outside = 1.0 - side.share;
        assert!((0.5 * NOISE..2.5 * NOISE).contains(&outside), "{outside}");
        assert!(side.angles.iter().all(|&angle| angle < 10.0), "{:?}", side.angles);
        assert!(side.chance_angles[0].low > 45.0, "{:?}", side.chance_angles);
    }
}

/// Random walks are within the quantiles of their nulls as often as these say: a tenth of them outside,
/// half of that on either side. Bounds are those of the binomial law for 120 walks, at one in a
/// thousand or so.
#[test]
fn nulls_are_left_as_often_as_they_say() {
    const WALKS: usize = 120;
    // Quantiles of few draws are themselves uncertain, and the draws of all cases are the same.
    const MANY: EffectiveOptions = EffectiveOptions { draws: 200, terms: 1, all: false };
    let measures = ["participation ratio", "share of rows", "share of columns", "last angle"];
    let mut beyond_chance = Vec::new();
    let mut below = [0; 4];
    let mut above = [0; 4];
    let (mut called, mut fewer) = (0, 0);
    for case in 0..WALKS {
        let mut stream = Stream::new("calibration", 0, case as u64);
        let mut position = Matrix::zeros(10, 8);
        let weights: Vec<_> = (0..=10)
            .map(|k| {
                let mut step = Matrix::normal(10, 8, 1.0, &mut stream);
                step.scale(1.0 / (step.norm() * f64::from(k + 3).sqrt()));
                position.add_scaled(1.0, &step);
                position.clone()
            })
            .collect();
        let found = EffectiveRanks::of_slices(&weights, &MANY, &|_| ());
        let (walk, half) = (found.walk.unwrap(), found.second_half.unwrap());
        beyond_chance.push(half.rows.share - half.rows.chance);
        let last = half.rows.angles.len() - 1;
        let shares = walk.second_half.unwrap();
        let ratio = found.rows.unwrap().participation_ratio();
        let pairs = [
            (ratio, walk.rows.as_ref().unwrap().participation_ratio),
            (half.rows.share, shares[0]),
            (half.columns.share, shares[1]),
            (half.rows.angles[last], half.rows.chance_angles[last]),
        ];
        for (place, (found, Quantiles { low, high, .. })) in pairs.into_iter().enumerate() {
            below[place] += usize::from(found < low);
            above[place] += usize::from(found > high);
        }
        called += usize::from(half.verdict(&walk) == Fixed::Yes);
        let needed = found.cp.unwrap().at_least[1] as f64;
        fewer += usize::from(needed < walk.cp_at_least.unwrap()[1].low);
    }
    for (place, what) in measures.into_iter().enumerate() {
        let outside = below[place] + above[place];
        assert!((3..=27).contains(&outside), "{what}: {outside} of {WALKS} outside");
        assert!(below[place].max(above[place]) <= 17, "{what}: {below:?} {above:?}");
    }
    let mean = beyond_chance.iter().sum::<f64>() / WALKS as f64;
    let squares = beyond_chance.iter().map(|share| (share - mean).powi(2)).sum::<f64>();
    let error = (squares / (WALKS * (WALKS - 1)) as f64).sqrt();
    assert!(mean.abs() < 4.0 * error, "{mean} of chance, error {error}");
    assert!(called <= 3, "{called} walks of {WALKS} called fixed");
    assert!(fewer <= 14, "{fewer} walks of {WALKS} with fewer terms than 95 % of walks");
}

/// One input and one output: three dimensions of matrices, fewer than those of S.
#[test]
fn reciprocal_movement_is_nearest_to_its_theorem() {
    let column = |shift: f64| Matrix::from_fn(9, 1, |i, _| (i as f64 * shift + shift).sin());
    let (b, c) = (column(0.7), column(1.9));
    let outer = |x: &Matrix<f64>, y: &Matrix<f64>| Matrix::product(x.view(), y.t());
    let weights = |k: i32, other: f64| {
        let k = f64::from(k);
        let mut weights = Matrix::scaled_identity(9, 0.5);
        weights.add_scaled(k, &outer(&c, &b));
        weights.add_scaled(k.sqrt(), &outer(&b, &c));
        weights.add_scaled(0.1 * k * c.inner_product(&c), &outer(&b, &b));
        weights.add_scaled(other * 0.1 * k * b.inner_product(&b), &outer(&c, &c));
        weights
    };
    let channels = InputOutput { inputs: b.clone(), outputs: c.clone() };
    let near = |other: f64| {
        let history = WeightHistory::new((0..5).map(|k| weights(k, other)).collect()).unwrap();
        EffectiveRanks::new(&history, Some(&channels), &FEW, &|_| ()).unwrap().nearness.unwrap()
    };
    let found = near(1.0);
    let nearest = found.nearest().unwrap();
    let share = nearest.found.as_ref().unwrap();
    assert_eq!((nearest.theorem.id, share.dimensions, nearest.off), ("siso-reciprocity", 3, 0.0));
    assert!((share.both - 1.0).abs() < 1e-12 && share.rows.is_none(), "{share:?}");
    let unseen: Vec<_> = nearest.unseen().collect();
    assert_eq!(
        unseen,
        ["linear network: phi = psi = id", "GD-like learning of W alone, or Muon's"]
    );
    // In S as before, and outside of the three.
    let found = near(-1.0);
    let both = |place: usize| found.shares[place].found.as_ref().unwrap().both;
    assert!((both(0) - 1.0).abs() < 1e-12 && both(1) < 0.999, "{found:?}");
}

/// A start that is not w I, by how much; and neurons that are alike.
#[test]
fn hypotheses_on_the_start_are_measured() {
    let mut stream = Stream::new("starts", 0, 0);
    let size = 12;
    let mut random = |rows: usize, cols: usize| Matrix::normal(rows, cols, 1.0, &mut stream);
    let (inputs, outputs, step) = (random(size, 2), random(size, 1), random(size, size));
    let full = random(size, size);
    // P and Q of different neurons, so that the diagonal is that of w I.
    let of_half = |first: usize| {
        Matrix::from_fn(size, 1, |i, _| if i / 6 == first { (i as f64 + 0.5).sin() } else { 0.0 })
    };
    let (left, right) = (of_half(0), of_half(1));
    let near = |start: Matrix<f64>, inputs: &Matrix<f64>, outputs: &Matrix<f64>| {
        let moved = |k: i32| {
            let mut weights = start.clone();
            weights.add_scaled(0.1 * f64::from(k), &step);
            weights
        };
        let history = WeightHistory::new((0..4).map(moved).collect()).unwrap();
        let channels = InputOutput { inputs: inputs.clone(), outputs: outputs.clone() };
        EffectiveRanks::new(&history, Some(&channels), &FEW, &|_| ()).unwrap().nearness.unwrap()
    };
    let ids =
        |found: &Nearness| found.shares.iter().map(|share| share.theorem.id).collect::<Vec<_>>();
    let found = near(Matrix::zeros(size, size), &inputs, &outputs);
    assert_eq!((ids(&found), found.shares[0].off), (vec!["invariant-subspace"], 0.0));
    // W_0 = w I + P Q^T, of which the second is a tenth of the whole.
    let thin = Matrix::product(left.view(), right.t());
    let mut start = thin.map(|x| x / thin.norm());
    start.add_scaled(1.0, &Matrix::scaled_identity(size, 10.0 / (size as f64).sqrt()));
    let found = near(start, &inputs, &outputs);
    assert_eq!(ids(&found), ["invariant-subspace", "perturbation", "low-rank-initialization"]);
    assert!((found.shares[0].off - 0.1).abs() < 0.01, "{found:?}");
    let low_rank = found.nearest().unwrap();
    assert_eq!((low_rank.theorem.id, low_rank.off), ("low-rank-initialization", 0.0));
    assert_eq!(low_rank.found.as_ref().unwrap().dimensions, 5);
    assert_eq!(found.space.as_ref().unwrap().dimensions, 5);
    // Of full rank: nothing is near but S itself is told.
    let found = near(full, &inputs, &outputs);
    assert!(found.space.is_err() && found.nearest().unwrap().off > 0.9, "{found:?}");
    // Neurons in pairs.
    let paired =
        |matrix: &Matrix<f64>| Matrix::from_fn(size, matrix.cols(), |i, j| matrix[(i / 2, j)]);
    let found = near(Matrix::zeros(size, size), &paired(&inputs), &paired(&outputs));
    let classes = &found.shares[1];
    assert_eq!((classes.theorem.id, classes.off), ("fingerprints", 0.0));
    let share = classes.found.as_ref().unwrap();
    assert_eq!(share.dimensions, 6);
    assert!((share.rows.unwrap() - 0.5).abs() < 0.2 && share.both < 0.5, "{share:?}");
}
