//! Counts that vary more than Poisson ones: the variance is `mu + alpha mu^2` for a rate mu.
//!
//! The dispersion alpha of a neuron is not learned: it is estimated once, from the training entries
//! about the means of their condition and bin, so that all models of a comparison are held to the
//! same law and none can hide its errors in it. What changes over trials within a condition counts
//! as dispersion, which is then estimated too high rather than too low.

use statrs::function::factorial::ln_factorial;

use super::poisson::poisson;
use super::{Law, each_entry};
use crate::fit::FitFloat;
use crate::fit::observations::{Chunk, Statistics};
use crate::matrix::Matrix;
use crate::scalar::Stream;

/// The output is the logarithm of the rate for a bin.
pub struct NegativeBinomial;

/// The least dispersion: counts that vary less are nearly Poisson, and `ln(1 + alpha mu) / alpha`
/// keeps its digits in single precision.
const LEAST: f64 = 0.01;

/// The dispersion of counts that are drawn is one over this.
const SHAPE: u32 = 2;

/// By moments: the variance within conditions is the mean rate plus alpha times the mean squared
/// rate, which is the squared mean and what rates vary between conditions and bins.
fn dispersion(neuron: &Statistics) -> f64 {
    let squared_rate = neuron.mean.powi(2) + (neuron.variance - neuron.within).max(0.0);
    let excess = neuron.within - neuron.mean;
    if excess > LEAST * squared_rate { excess / squared_rate } else { LEAST }
}

impl<S: FitFloat> Law<S> for NegativeBinomial {
    fn name(&self) -> &'static str {
        "negative-binomial"
    }

    fn about(&self) -> &'static str {
        "Counts that vary more than Poisson ones, by a dispersion that is estimated for each neuron"
    }

    fn loss(&self, activity: f64, mean: f64, neuron: &Statistics) -> f64 {
        let alpha = dispersion(neuron);
        let changing = (activity + 1.0 / alpha) * (alpha * mean).ln_1p() - activity * mean.ln();
        changing + Law::<f64>::constant(self, activity, neuron)
    }

    /// ln y! - ln(Gamma(y + 1 / alpha) alpha^y / Gamma(1 / alpha)).
    fn constant(&self, activity: f64, neuron: &Statistics) -> f64 {
        let alpha = dispersion(neuron);
        let rising = (0..activity as u64).map(|j| (alpha * j as f64).ln_1p()).sum::<f64>();
        ln_factorial(activity as u64) - rising
    }

    fn errors(
        &self,
        outputs: &mut Matrix<S>,
        chunk: &Chunk<S>,
        neurons: &[Statistics],
        factor: S,
    ) -> [f64; 2] {
        let real = S::ELEMENTARY.expect("floats have real functions");
        let pair = |neuron| [dispersion(neuron), 1.0 / dispersion(neuron)].map(S::from_f64);
        let dispersions: Vec<[S; 2]> = neurons.iter().map(pair).collect();
        each_entry(outputs, chunk, factor, |n, output, activity| {
            let [alpha, shape] = dispersions[n];
            let rate = (real.exp)(output);
            let wider = S::ONE + alpha * rate;
            let loss = (activity + shape) * (real.ln)(wider) - activity * output;
            let narrower = wider.inverse().expect("at least one");
            (loss, (rate - activity) * narrower)
        })
    }

    /// Poisson counts of rates that a Gamma number of mean one multiplies: the mean of [`SHAPE`]
    /// exponential ones.
    fn draw(&self, means: &mut [f64], _: usize, _: f64, stream: &mut Stream) {
        for entry in means {
            let waits: f64 = (0..SHAPE).map(|_| -(1.0 - stream.uniform()).ln()).sum();
            *entry = poisson(*entry * waits / f64::from(SHAPE), stream);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::{Fit, Likelihood, Role, Settings, Simulation};
    use crate::statistics::Moments;

    #[test]
    fn counts_have_the_variance_of_their_law_and_its_dispersion_is_found() {
        let mut draws = vec![3.0; 40_000];
        let stream = &mut Stream::new("negative binomial", 0, 0);
        Law::<f64>::draw(&NegativeBinomial, &mut draws, 1, 0.0, stream);
        let found = Moments::of(draws.iter().copied());
        // 3 + 3^2 / 2, within four of its standard errors.
        let fourth = Moments::of(draws.iter().map(|draw| (draw - 3.0).powi(2)));
        assert!((found.mean - 3.0).abs() < 4.0 * found.standard_error());
        assert!((found.variance() - 7.5).abs() < 4.0 * fourth.standard_error(), "{found:?}");
        let (entries, mean, variance) = (found.count, found.mean, found.variance());
        let neuron = Statistics { entries, mean, variance, within: variance };
        assert!((dispersion(&neuron) - 0.5).abs() < 0.03, "{}", dispersion(&neuron));
    }

    #[test]
    fn probabilities_add_up_to_one_and_come_near_those_of_poisson_counts() {
        for (within, mean) in [(6.0, 1.5), (1.0, 1.5)] {
            let neuron = Statistics { entries: 9, mean, variance: within, within };
            let probability = |count: u32| -> f64 {
                (-Law::<f64>::loss(&NegativeBinomial, f64::from(count), 2.0, &neuron)).exp()
            };
            assert!(((0..500).map(probability).sum::<f64>() - 1.0).abs() < 1e-9);
            let spread = (0..500).map(|k| f64::from(k).powi(2) * probability(k)).sum::<f64>() - 4.0;
            assert!((spread - (2.0 + 4.0 * dispersion(&neuron))).abs() < 1e-9, "{spread}");
        }
    }

    /// What it is for: held-out counts that vary more than Poisson ones are predicted better.
    #[test]
    fn dispersed_counts_are_fitted_better_than_by_poisson() {
        let simulation = Simulation {
            neurons: 20,
            units: 15,
            trials: 60,
            bins: 12,
            rank: 2,
            conditions: 3,
            likelihood: Likelihood::NegativeBinomial,
            ..Simulation::default()
        };
        let (recording, truth) = simulation.recording(1).unwrap();
        let loss = |likelihood| {
            let mut architecture = truth.architecture.clone();
            architecture.likelihood = likelihood;
            let settings = Settings { iterations: 300, ..Settings::default() };
            Fit::<f32>::of(&recording, &architecture, settings).unwrap().score(Role::Test).loss
        };
        let (dispersed, poisson) = (loss(Likelihood::NegativeBinomial), loss(Likelihood::Poisson));
        assert!(dispersed < poisson - 0.01, "{dispersed} against {poisson} nats for an entry");
    }
}
