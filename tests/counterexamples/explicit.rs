//! Small explicit instances: every number is an integer between -3 and 3.

use rankproof::blocks::{Block, Subset};
use rankproof::matrix::{Matrix, RankRevealing};
use rankproof::network::{Activation, Dynamics, Loss, Network, SquaredError, Transport};
use rankproof::scalar::Scalar;
use rankproof::task::Task;
use rankproof::training::{Optimizer, Stepper, Training, Trajectory, UpdateRule};

/// A (rows, cols) matrix of integers from -3 to 3 without an evident pattern; another one for each
/// `variant`.
pub fn integers<S: Scalar>(rows: usize, cols: usize, variant: usize) -> Matrix<S> {
    Matrix::from_fn(rows, cols, |i, j| {
        let x = 17 * i + 31 * j + 57 * variant + 1;
        S::from_integer((x * x * x % 101 % 7) as i64 - 3)
    })
}

/// A network, a task and a way of training. [`Explicit::new`] satisfies the hypotheses of every
/// theorem on linear networks; a test changes one thing.
pub struct Explicit<S: 'static> {
    pub network: Network<S>,
    pub task: Task<S>,
    pub loss: Box<dyn Loss<S>>,
    pub stepper: Stepper<S>,
    pub rule: UpdateRule<S>,
    pub trained: Subset,
}

impl<S: RankRevealing> Explicit<S> {
    /// A linear network from W_0 = 0 and h_0 = 0 with N neurons, p inputs and q outputs, on 4
    /// trials of 4 time steps; W alone trained by gradient descent.
    pub fn new(neurons: usize, p: usize, q: usize) -> Self {
        let w = Block::scaled_identity(neurons, S::ZERO);
        let (b, c) = (integers(neurons, p, 1), integers(q, neurons, 2));
        let (steps, trials) = (4, 4);
        let mask = Matrix::from_fn(1, (steps + 1) * trials, |_, _| S::ONE);
        Explicit {
            network: Network::rnn(Dynamics::linear(S::ONE), w, b, c).expect("shapes that fit"),
            task: Task::new(
                trials,
                integers(p, steps * trials, 3),
                integers(q, (steps + 1) * trials, 4),
                mask,
            ),
            loss: Box::new(SquaredError),
            stepper: Stepper::GradientDescent,
            rule: UpdateRule::Gradient,
            trained: Subset::only(["W"]),
        }
    }

    /// Trains with a step size of 1/8.
    pub fn train(&self, learning_steps: usize) -> Trajectory<S> {
        let optimizer = Optimizer {
            stepper: self.stepper.clone(),
            rule: self.rule.clone(),
            ..Optimizer::gradient_descent(S::ratio(1, 8))
        };
        let training = Training {
            trained: self.trained.clone(),
            followed: Some(Subset::only(["W"])),
            ..Training::new(&self.network, &self.task, &*self.loss, optimizer)
        };
        training.run(learning_steps).expect("a run that stays finite")
    }

    /// The rank of D_k.
    pub fn rank(&self, k: usize) -> usize {
        let trajectory = self.train(k);
        let rank = S::rank(&trajectory.increment(k), trajectory.noise(k));
        rank.known().expect("a clear rank")
    }

    /// The ranks r1, r2, r3 of the unfoldings of D_1..D_K.
    pub fn unfolding_ranks(&self, steps: usize) -> [usize; 3] {
        let trajectory = self.train(steps);
        let ranks = trajectory.increments().reduced().unfolding_ranks(trajectory.tensor_noise());
        ranks.map(|rank| rank.known().expect("a clear rank"))
    }

    /// Puts another block into the place of the one of this name.
    pub fn put(&mut self, name: &str, block: Matrix<S>) {
        *self.network.blocks.get_mut(name).expect("a block of the network") = Block::from(block);
    }

    /// The same with another W_0, (N, N).
    pub fn starting_at(mut self, w: Matrix<S>) -> Self {
        self.put("W", w);
        self
    }

    /// The same with other activations outside and inside the weights.
    pub fn bent(mut self, phi: Activation<S>, psi: Activation<S>) -> Self {
        let dynamics = &mut self.network.architecture.dynamics;
        (dynamics.phi, dynamics.psi) = (phi, psi);
        self
    }

    /// The same with h_0, (N, 1) or (N, 4).
    pub fn with_state(mut self, h0: Matrix<S>) -> Self {
        self.put("h0", h0);
        self
    }

    /// The same with a bias, (N, 1).
    pub fn biased(mut self, bias: Matrix<S>) -> Self {
        self.put("bias", bias);
        self
    }

    /// Learns from errors that come by P, (N, d_out), and not by the adjoint.
    pub fn broadcasting(mut self, feedback: Matrix<S>) -> Self {
        self.network.architecture.transport = Transport::Feedback(feedback);
        self
    }

    /// The same with another update rule.
    pub fn along(mut self, rule: UpdateRule<S>) -> Self {
        self.rule = rule;
        self
    }
}

/// z + z^2.
pub fn parabola<S: Scalar>() -> Activation<S> {
    Activation::Polynomial(vec![S::ZERO, S::ONE, S::ONE])
}

/// The matrix with one entry 1, counted from 0.
pub fn unit<S: Scalar>(neurons: usize, row: usize, column: usize) -> Matrix<S> {
    Matrix::from_fn(neurons, neurons, |i, j| S::from_integer(i64::from((i, j) == (row, column))))
}
