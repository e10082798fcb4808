//! A fit and a cross-validation of an array in memory.

use rankproof::fit::{Architecture, CrossValidation, Fit, Settings};
use rankproof::recording::Recording;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // 40 trials of 12 bins of six neurons: an oscillation that grows over trials.
    let entry = |k: f64, t: f64, n: f64| (0.4 * t + n).cos() * (1.0 + k / 20.0);
    let places = (0..40 * 12 * 6).map(|place| (place / 72, place / 6 % 12, place % 6));
    let activity = places.map(|(k, t, n)| entry(f64::from(k), f64::from(t), f64::from(n)));
    let recording = Recording::from_array(activity.collect(), [40, 12, 6], 0.05).build()?;
    let architecture = Architecture::new(8, 2, 12);
    let settings = Settings { iterations: 400, ..Settings::default() };

    let fit = Fit::of(&recording, &architecture, settings)?;
    println!("held-out R2 {:.2}, weights {:?}", fit.score(Role::Test).r2, fit.weights(39));

    let cv = CrossValidation { ranks: vec![1, 2], folds: 4, settings, ..CrossValidation::new(architecture) };
    println!("tensor rank {}", cv.answer::<f64>(&recording)?.chosen);
    Ok(())
}
