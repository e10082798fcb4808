//! The exact gradient of a tanh network: 3 inputs, 2 outputs, and T = 50, 16 trials if not said otherwise.

use rankproof::network::{Adjoint, Run};
use rankproof::prelude::*;

pub const TIME: usize = 50;
pub const TRIALS: usize = 16;

/// A network of so many neurons, and its task.
pub fn problem(neurons: usize) -> (Network<f64>, Task<f64>) {
    problem_of(neurons, TIME, TRIALS)
}

/// The same of so many time steps and trials.
pub fn problem_of(neurons: usize, time: usize, trials: usize) -> (Network<f64>, Task<f64>) {
    let stream = Stream::new("gradient bench", 0, 0);
    let dimensions = Dimensions { neurons, d_in: 3, d_out: 2, steps: time, trials };
    let task = TaskFamily::RandomTargets.draw(&dimensions, &stream).expect("in every arithmetic");
    let normal = |rows, cols, size, name| Matrix::normal(rows, cols, size, &mut stream.named(name));
    let unit = 1.0 / (neurons as f64).sqrt();
    let w = normal(neurons, neurons, 0.9 * unit, "W");
    let b = normal(neurons, 3, 3.0_f64.sqrt().recip(), "B");
    let dynamics = Dynamics::rate(0.2, Activation::Tanh);
    let network = Network::rnn(dynamics, w, b, normal(2, neurons, unit, "C"));
    (network.expect("shapes that fit"), task)
}

/// The memory of a run and its adjoint, kept from one gradient to the next as training does.
pub struct Tape<S> {
    run: Run<S>,
    adjoint: Adjoint<S>,
}

impl<S: Scalar> Tape<S> {
    /// Of nothing yet.
    pub fn empty() -> Self {
        Tape { run: Run::empty(), adjoint: Adjoint::empty() }
    }

    /// dLoss/dW: forward run, adjoint, and one product.
    pub fn gradient(&mut self, network: &Network<S>, task: &Task<S>) -> Matrix<S> {
        let (rnn, parts) = (&network.architecture, network.parts());
        self.run.repeat(&rnn.dynamics, parts, &task.inputs, task.trials);
        let errors = SquaredError.errors(&self.run.outputs, task);
        self.adjoint.repeat(rnn, parts, &self.run, &errors);
        self.adjoint.weight_gradient(&self.run)
    }
}
