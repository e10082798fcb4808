//! Poisson counts.

use statrs::function::factorial::ln_factorial;

use super::{Law, all_entries};
use crate::fit::FitFloat;
use crate::fit::observations::{Chunk, Statistics};
use crate::matrix::Matrix;
use crate::scalar::Stream;

/// The output is the logarithm of the rate for a bin.
pub struct Poisson;

impl<S: FitFloat> Law<S> for Poisson {
    fn name(&self) -> &'static str {
        "poisson"
    }

    fn about(&self) -> &'static str {
        "Poisson counts"
    }

    fn loss(&self, activity: f64, mean: f64, _: &Statistics) -> f64 {
        mean - activity * mean.ln() + ln_factorial(activity as u64)
    }

    fn constant(&self, activity: f64, _: &Statistics) -> f64 {
        ln_factorial(activity as u64)
    }

    fn errors(
        &self,
        outputs: &mut Matrix<S>,
        chunk: &Chunk<S>,
        _: &[Statistics],
        factor: S,
    ) -> [f64; 2] {
        let exp_all = S::ELEMENTARY.expect("floats have real functions").exp_all;
        all_entries(outputs, chunk, factor, exp_all, |output, rate, activity| {
            (rate - activity * output, rate - activity)
        })
    }

    fn draw(&self, means: &mut [f64], _: usize, _: f64, stream: &mut Stream) {
        means.iter_mut().for_each(|entry| *entry = poisson(*entry, stream));
    }
}

/// A Poisson number by counting exponential waiting times.
pub fn poisson(rate: f64, stream: &mut Stream) -> f64 {
    let (mut count, mut waited) = (0.0, -(1.0 - stream.uniform()).ln());
    while waited < rate {
        count += 1.0;
        waited -= (1.0 - stream.uniform()).ln();
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::Moments;

    #[test]
    fn poisson_numbers_have_the_mean_and_the_variance_of_their_law() {
        let mut stream = Stream::new("poisson", 0, 0);
        for rate in [0.3, 4.0] {
            let draws: Vec<f64> = (0..20_000).map(|_| poisson(rate, &mut stream)).collect();
            let found = Moments::of(draws.iter().copied());
            // Four standard errors of each, for a fixed seed.
            assert!((found.mean - rate).abs() < 4.0 * (rate / 20_000.0).sqrt());
            let error = ((rate + 2.0 * rate * rate) / 20_000.0).sqrt();
            assert!((found.variance() - rate).abs() < 4.0 * error);
        }
    }
}
