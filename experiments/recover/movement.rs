//! The main movement of weights over learning, true and fitted.

use rankproof::fit::Model;
use rankproof::matrix::{Matrix, SingularValues};
use rankproof::tensor::{Mode, Reduced, Tensor};

use super::force_field::learner::Learner;

/// What the true weights did.
pub struct Movement {
    /// How far along their main direction they are before each learning step.
    pub over_steps: Vec<f64>,
    /// The rows of that direction as neurons see them, through the slope of the nonlinearity,
    /// (N, 1).
    pub visible: Matrix<f64>,
}

impl Movement {
    pub fn of(learner: &Learner) -> Self {
        let weights = &learner.weights[..learner.weights.len() - 1];
        let tensor = moved(weights);
        let main = tensor.left.times(&f64::singular(&tensor.unfolding(Mode::Row)).left);
        let rates = learner.run(0).rates().clone();
        let slope = |i: usize| {
            let of = |j: usize| 1.0 - rates[(i, j)].powi(2);
            (0..rates.cols()).map(of).sum::<f64>() / rates.cols() as f64
        };
        Movement {
            over_steps: along_main(&tensor),
            visible: Matrix::from_fn(weights[0].rows(), 1, |i, _| slope(i) * main[(i, 0)]),
        }
    }
}

/// The fitted weights of each trial.
pub fn fitted_weights(model: &Model<f32>, trials: usize) -> Vec<Matrix<f64>> {
    (0..trials).map(|k| model.weights(k).map(f64::from)).collect()
}

/// How far weights have moved at each step along the direction in which they move most: the first
/// singular vector, along the steps, of what they differ from those of the first step.
pub fn main_movement(weights: &[Matrix<f64>]) -> Vec<f64> {
    along_main(&moved(weights))
}

/// What weights differ by from those of the first step, as a tensor.
fn moved(weights: &[Matrix<f64>]) -> Reduced<f64> {
    let increments: Vec<_> = weights.iter().map(|w| w.minus(&weights[0])).collect();
    let n = weights[0].rows();
    Tensor::from_slices(n, n, &increments).reduced()
}

fn along_main(tensor: &Reduced<f64>) -> Vec<f64> {
    f64::singular(&tensor.unfolding(Mode::Step)).left.column(0).to_vec()
}
