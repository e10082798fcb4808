//! Normal activity of the same variance everywhere: least squares.

use super::{Law, Start, all_entries};
use crate::fit::FitFloat;
use crate::fit::observations::{Chunk, Statistics};
use crate::matrix::Matrix;
use crate::recording::Quantity;
use crate::scalar::Stream;
use crate::statistics::Moments;

/// The loss of an entry is its squared error, reported in units of the variance.
pub struct Gaussian;

impl<S: FitFloat> Law<S> for Gaussian {
    fn name(&self) -> &'static str {
        "gaussian"
    }

    fn about(&self) -> &'static str {
        "Normal activity"
    }

    fn loss_in_words(&self) -> &'static str {
        "mean squared error over variance"
    }

    fn allows(&self, _: Quantity) -> bool {
        true
    }

    /// A neuron without variance is predicted by its offset alone.
    fn start(&self, neuron: &Statistics) -> Start {
        Start { scale: neuron.variance.sqrt(), offset: neuron.mean }
    }

    fn mean(&self, output: f64) -> f64 {
        output
    }

    fn is_logarithmic(&self) -> bool {
        false
    }

    fn possible(&self, mean: f64, _: &Statistics) -> f64 {
        mean
    }

    fn loss(&self, activity: f64, mean: f64, _: &Statistics) -> f64 {
        (activity - mean).powi(2)
    }

    fn constant(&self, _: f64, _: &Statistics) -> f64 {
        0.0
    }

    fn unit(&self, variance: f64) -> f64 {
        variance.max(f64::MIN_POSITIVE)
    }

    /// A squared error over twice the variance of the noise is a nat, and the noise has no more
    /// variance than the data.
    fn of_a_nat(&self) -> f64 {
        2.0
    }

    fn errors(
        &self,
        outputs: &mut Matrix<S>,
        chunk: &Chunk<S>,
        _: &[Statistics],
        factor: S,
    ) -> [f64; 2] {
        all_entries(
            outputs,
            chunk,
            factor,
            |_| (),
            |output, _, activity| {
                let error = output - activity;
                (error * error, error + error)
            },
        )
    }

    fn recorded(&self) -> Quantity {
        Quantity::Values
    }

    /// Noise whose variance is its share of the whole, signal and noise, of each neuron.
    fn draw(&self, means: &mut [f64], neurons: usize, noise: f64, stream: &mut Stream) {
        for n in 0..neurons {
            let signal = Moments::of(means.iter().skip(n).step_by(neurons).copied()).variance();
            let deviation = (signal * noise / (1.0 - noise)).sqrt();
            for entry in means.iter_mut().skip(n).step_by(neurons) {
                *entry += deviation * stream.normal();
            }
        }
    }
}
