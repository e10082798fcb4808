//! How learning changes what drives the activity, at the states that are visited.

use rankproof::fit::Fit;
use rankproof::matrix::{Matrix, SingularValues};

use super::recover::force_field::learner::{DIRECTIONS, Learner};

/// `leak phi'(x) (W_k - W_base) phi(x)` of each neuron, (neurons, bins trials), where `W_base` is the
/// mean over the baseline: by how much the activity would change from one bin to the next because
/// of what was learned.
pub struct Drive(Matrix<f64>);

impl Drive {
    /// Of the network itself, in the reach of each learning step that is recorded.
    pub fn of_learner(learner: &Learner, baseline: usize) -> Self {
        let weights = &learner.weights[..learner.weights.len() - 1];
        let base = mean(&weights[..baseline]);
        let mut data = Vec::new();
        for (k, now) in weights.iter().enumerate() {
            let run = learner.run(k);
            let rates = run.rates();
            let own: Vec<f64> = (0..=run.steps)
                .flat_map(|t| rates.column(t * DIRECTIONS + k % DIRECTIONS).to_vec())
                .collect();
            let rates = Matrix::from_columns(now.rows(), run.steps + 1, own);
            let driven = now.minus(&base).times(&rates);
            data.extend(driven.data().iter().zip(rates.data()).map(|(d, r)| d * (1.0 - r * r)));
        }
        let neurons = base.rows();
        Drive(Matrix::from_columns(neurons, data.len() / neurons, data))
    }

    /// Of a fit, as the neurons see it. The constant factor of the step does not matter here.
    pub fn of_fit(fit: &Fit<f32>, weights: &[Matrix<f64>], baseline: usize) -> Self {
        let model = fit.model();
        let readout = model.readout().map(f64::from);
        let base = mean(&weights[..baseline]);
        let mut data = Vec::new();
        for (now, states) in weights.iter().zip(fit.objective().states(&model)) {
            let rates = states.map(|x| f64::from(x).tanh());
            let mut driven = now.minus(&base).times(&rates);
            driven.data_mut().iter_mut().zip(rates.data()).for_each(|(d, r)| *d *= 1.0 - r * r);
            data.extend_from_slice(readout.times(&driven).data());
        }
        Drive(Matrix::from_columns(readout.rows(), data.len() / readout.rows(), data))
    }

    /// The cosine of the angle between two of them, as vectors of all entries.
    pub fn cosine(&self, other: &Drive) -> f64 {
        self.0.inner_product(&other.0) / (self.0.norm() * other.0.norm())
    }

    /// The angle between the directions in which they are largest, from 0 to a right angle.
    pub fn angle(&self, other: &Drive) -> f64 {
        let [a, b] = [self, other].map(|drive| {
            let gram = Matrix::product(drive.0.view(), drive.0.t());
            f64::singular(&gram).left.column(0).to_vec()
        });
        a.iter().zip(&b).map(|(a, b)| a * b).sum::<f64>().abs().min(1.0).acos()
    }
}

fn mean(weights: &[Matrix<f64>]) -> Matrix<f64> {
    let mut mean = Matrix::zeros(weights[0].rows(), weights[0].cols());
    weights.iter().for_each(|w| mean.add_scaled(1.0 / weights.len() as f64, w));
    mean
}
