//! A fit and a cross-validation of an array in memory.

use rankproof::fit::{Architecture, CrossValidation, Fit, Role, Settings};
use rankproof::recording::Recording;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // 40 trials of 12 bins of six neurons: an oscillation that grows over trials.
    let entry = |k: i32, t: i32, n: i32| f64::from(2 * t + 5 * n).sin() * f64::from(20 + k);
    let activity = (0..40 * 12 * 6).map(|place| entry(place / 72, place / 6 % 12, place % 6));
    let recording = Recording::from_array(activity.collect(), [40, 12, 6], 0.05).build()?;
    let architecture = Architecture::new(8, 2, 12);
    let settings = Settings { iterations: 400, ..Settings::default() };

    let fit = Fit::<f64>::of(&recording, &architecture, settings)?;
    println!("held-out R2 {:.2}, weights {:?}", fit.score(Role::Test).r2, fit.weights(39));

    let cv = CrossValidation { ranks: vec![1, 2], settings, ..CrossValidation::new(architecture) };
    println!("tensor rank {}", cv.answer::<f64>(&recording)?.chosen);
    Ok(())
}
