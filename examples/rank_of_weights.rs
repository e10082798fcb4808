//! In how many dimensions did these weights move? `cargo run --example rank_of_weights`

use rankproof::matrix::Matrix;
use rankproof::weights::{WeightHistory, WeightRanks};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A 20 x 20 start of zero, and five learning steps along one outer product.
    let column = |shift: f64| Matrix::from_fn(20, 1, |i, _| (i as f64 + shift).sin());
    let step = column(0.5).times(&column(0.0).transposed());
    let weights = |k: i32| step.map(|entry| f64::from(k).sqrt() * entry);
    let history = WeightHistory::new((0..=5).map(weights).collect())?;

    let ranks = WeightRanks::new(&history, true, &|_| ());
    println!("rank of W_5 - W_0: {}", ranks.increment_ranks[5]);
    assert_eq!(ranks.increment_ranks[5].known(), Some(1));
    Ok(())
}
