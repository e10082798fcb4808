//! The dynamics: the step from states to states and its adjoint, for many trials at once, and what
//! the step of a single trial says of its weights.
//!
//! All trials of a chunk go through a step together. The weights are never formed: with the columns
//! E, whose first R are a_1..a_R, and the coefficients z of a trial,
//!
//! ```text
//! x' = (1 - leak) x + leak E z,      z = c o (b_1..b_R)^T phi(x) + drive,
//! ```
//!
//! which costs O(N R) for a trial and a step, and the gradients of E and b are one product each over
//! all steps.

use std::ops::Range;

use super::parts::Weights;
use crate::matrix::Matrix;
use crate::network::{Activation, leak_into};
use crate::scalar::{Real, View, to_faer, vectorised};

/// One step of M trials. States, rates and costates are (N, M), column after column.
#[derive(Clone, Debug)]
pub(super) struct Step<'a, S> {
    /// E, (N, R + ...).
    pub columns: &'a Matrix<S>,
    /// The weights of all trials.
    pub weights: &'a Weights<S>,
    /// The trials that go through the step.
    pub trials: Range<usize>,
    /// dt / tau.
    pub leak: S,
}

/// What the adjoint of all steps leaves for the gradient.
#[derive(Clone, Debug)]
pub(super) struct StepGradient<S> {
    /// leak times dLoss/dx(s + 1), (N, S M).
    pub costates: Matrix<S>,
    /// dLoss/dz, (R + ..., S M).
    pub coefficients: Matrix<S>,
    /// dLoss/d(b^T phi), (R, S M), of weights that share rows.
    pub projections: Matrix<S>,
    /// By the weights. Shared rows are zero still: their gradient is a product over all steps.
    pub weights: Weights<S>,
}

impl<S: Real> Step<'_, S> {
    fn units(&self) -> usize {
        self.columns.rows()
    }

    /// Numbers of a projection on rows, R.
    fn rank(&self) -> usize {
        self.weights.rank()
    }

    /// From rates phi(x) to `value = W_k phi(x) + E drive`; `coefficients` hold the drive, and z
    /// afterwards, (R + ..., M); `projections` become the rates along the rows, (R, M).
    pub fn recur(
        &self,
        rates: View<'_, S>,
        projections: &mut [S],
        coefficients: &mut [S],
        value: &mut [S],
    ) {
        let (rank, width) = (self.rank(), self.columns.cols());
        if let Weights::Shared { rows, factors } = self.weights {
            S::gemm(projections, false, rows.t(), rates);
            let factors = factors.columns(self.trials.clone()).data();
            let trials = coefficients.chunks_exact_mut(width).zip(projections.chunks_exact(rank));
            for ((z, p), c) in trials.zip(factors.chunks_exact(rank)) {
                for ((z, &p), &c) in z.iter_mut().zip(p).zip(c) {
                    *z += c * p;
                }
            }
        }
        let coefficients = View::new(coefficients, width, self.trials.len());
        S::gemm(value, false, self.columns.view(), coefficients);
        if let Weights::Free { columns, rows, .. } = self.weights {
            for (m, trial) in self.trials.clone().enumerate() {
                let own = trial * rank..(trial + 1) * rank;
                let p = part_mut(projections, rank, m);
                let rates = column(rates.data(), self.units(), m);
                S::gemm(p, false, rows.columns(own.clone()).transpose(), rates);
                let value = part_mut(value, self.units(), m);
                S::gemm(value, true, columns.columns(own), View::new(p, rank, 1));
            }
        }
    }

    /// The states after, (N, M), of those before and the value that drives them.
    pub fn advance(&self, after: &mut [S], before: &[S], value: &[S]) {
        leak_into(after, before, value, self.leak);
    }

    /// No gradient yet, for so many steps.
    pub fn no_gradient(&self, steps: usize) -> StepGradient<S> {
        let (units, rank, count) = (self.units(), self.rank(), self.trials.len());
        let weights = match self.weights {
            Weights::Shared { .. } => Weights::Shared {
                rows: Matrix::zeros(units, rank),
                factors: Matrix::zeros(rank, count),
            },
            Weights::Free { .. } => Weights::Free {
                columns: Matrix::zeros(units, rank * count),
                rows: Matrix::zeros(units, rank * count),
                rank,
            },
        };
        StepGradient {
            costates: Matrix::zeros(units, steps * count),
            coefficients: Matrix::zeros(self.columns.cols(), steps * count),
            projections: Matrix::zeros(rank, steps * count),
            weights,
        }
    }

    /// The adjoint of [`recur`](Step::recur) at step `step`: from `state`, dLoss/dx(s + 1), it adds
    /// to `rate`, dLoss/d(phi(x(s))), what goes through the weights. `rates` and `projections` are
    /// those of that step.
    pub fn recur_back(
        &self,
        step: usize,
        state: &[S],
        rates: View<'_, S>,
        projections: View<'_, S>,
        gradient: &mut StepGradient<S>,
        rate: &mut [S],
    ) {
        let (units, rank, width) = (self.units(), self.rank(), self.columns.cols());
        let count = self.trials.len();
        let costates = part_mut(gradient.costates.data_mut(), units * count, step);
        costates.iter_mut().zip(state).for_each(|(costate, &state)| *costate = self.leak * state);
        let costates = View::new(costates, units, count);
        let of_z = part_mut(gradient.coefficients.data_mut(), width * count, step);
        S::gemm(of_z, false, self.columns.t(), costates);
        match (self.weights, &mut gradient.weights) {
            (Weights::Shared { rows, factors }, Weights::Shared { factors: of_factors, .. }) => {
                let of_p = part_mut(gradient.projections.data_mut(), rank * count, step);
                let factors = factors.columns(self.trials.clone()).data();
                let trials =
                    of_z.chunks_exact(width).zip(of_factors.data_mut().chunks_exact_mut(rank));
                let known = projections.data().chunks_exact(rank).zip(factors.chunks_exact(rank));
                for (((dz, dc), (p, c)), dp) in trials.zip(known).zip(of_p.chunks_exact_mut(rank)) {
                    for r in 0..rank {
                        dp[r] = c[r] * dz[r];
                        dc[r] += p[r] * dz[r];
                    }
                }
                S::gemm(rate, true, rows.view(), View::new(of_p, rank, count));
            }
            (
                Weights::Free { columns, rows, .. },
                Weights::Free { columns: of_columns, rows: of_rows, .. },
            ) => {
                let mut of_p = vec![S::ZERO; rank];
                for (m, trial) in self.trials.clone().enumerate() {
                    let own = trial * rank..(trial + 1) * rank;
                    let costate = column(costates.data(), units, m);
                    S::gemm(&mut of_p, false, columns.columns(own.clone()).transpose(), costate);
                    let (dp, p) = (View::new(&of_p, rank, 1), column(projections.data(), rank, m));
                    S::gemm(part_mut(rate, units, m), true, rows.columns(own), dp);
                    let dc = part_mut(of_columns.data_mut(), units * rank, m);
                    S::gemm(dc, true, costate, p.transpose());
                    let dr = part_mut(of_rows.data_mut(), units * rank, m);
                    S::gemm(dr, true, column(rates.data(), units, m), dp.transpose());
                }
            }
            _ => unreachable!("a gradient of other weights"),
        }
    }

    /// The adjoint of [`advance`](Step::advance) and of phi: `state`, dLoss/dx(s + 1), becomes
    /// dLoss/dx(s), given dLoss/d(phi(x(s))) and the slopes phi'(x(s)).
    pub fn advance_back(&self, state: &mut [S], slopes: &[S], rate: &[S]) {
        let keep = S::ONE - self.leak;
        add_through_slopes(state, keep, slopes, rate);
    }
}

/// state = keep state + slope rate.
pub(super) fn add_through_slopes<S: Real>(state: &mut [S], keep: S, slopes: &[S], rate: &[S]) {
    vectorised(
        #[inline(always)]
        || {
            for ((state, &slope), &rate) in state.iter_mut().zip(slopes).zip(rate) {
                *state = keep * *state + slope * rate;
            }
        },
    );
}

/// The m-th of equal parts.
fn part_mut<S>(data: &mut [S], length: usize, m: usize) -> &mut [S] {
    &mut data[m * length..(m + 1) * length]
}

/// The m-th column of so many rows.
fn column<S: Copy>(data: &[S], rows: usize, m: usize) -> View<'_, S> {
    View::new(&data[m * rows..(m + 1) * rows], rows, 1)
}

/// The dynamics of one trial without inputs, in double precision:
/// `tau dx/dt = -x + W phi(x) + bias`, and Euler's step of it.
#[derive(Clone, Debug)]
pub struct Dynamics {
    /// a_1..a_R, (N, R).
    pub(super) columns: Matrix<f64>,
    /// b_1..b_R, (N, R).
    pub(super) rows: Matrix<f64>,
    /// c, (R).
    pub(super) factors: Vec<f64>,
    /// The constant drive, (N).
    pub(super) bias: Vec<f64>,
    /// dt / tau.
    pub(super) leak: f64,
    /// phi.
    pub(super) activation: Activation<f64>,
}

/// A complex eigenvalue.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Eigenvalue {
    /// The real part.
    pub re: f64,
    /// The imaginary part.
    pub im: f64,
}

impl Dynamics {
    /// The columns a_1..a_R of the weights, (N, R).
    pub fn columns(&self) -> &Matrix<f64> {
        &self.columns
    }

    /// The length of Euler's step over the time constant.
    pub fn leak(&self) -> f64 {
        self.leak
    }

    /// The weights W, (N, N).
    pub fn weights(&self) -> Matrix<f64> {
        Matrix::product(self.scaled_columns().view(), self.rows.t())
    }

    /// c_r a_r, (N, R).
    fn scaled_columns(&self) -> Matrix<f64> {
        Matrix::from_fn(self.columns.rows(), self.columns.cols(), |i, r| {
            self.columns[(i, r)] * self.factors[r]
        })
    }

    /// The states one step later, of states (N, any number).
    ///
    /// # Panics
    ///
    /// If states do not have N rows.
    pub fn step(&self, states: &Matrix<f64>) -> Matrix<f64> {
        let count = states.cols();
        let factors = Matrix::from_columns(self.factors.len(), count, self.factors.repeat(count));
        let weights = Weights::Shared { rows: self.rows.clone(), factors };
        let step =
            Step { columns: &self.columns, weights: &weights, trials: 0..count, leak: self.leak };
        let (rates, _) = self.rates(states);
        let mut projections = vec![0.0; self.factors.len() * count];
        let mut coefficients = projections.clone();
        let mut value = vec![0.0; states.data().len()];
        step.recur(rates.view(), &mut projections, &mut coefficients, &mut value);
        for of_state in value.chunks_exact_mut(self.bias.len()) {
            of_state.iter_mut().zip(&self.bias).for_each(|(value, bias)| *value += bias);
        }
        let mut after = states.clone();
        step.advance(after.data_mut(), states.data(), &value);
        after
    }

    /// tau dx/dt at states (N, any number).
    ///
    /// # Panics
    ///
    /// If states do not have N rows.
    pub fn flow(&self, states: &Matrix<f64>) -> Matrix<f64> {
        let mut flow = self.step(states).minus(states);
        flow.scale(1.0 / self.leak);
        flow
    }

    /// The derivative of the step by the state, (N, N), at a state (N).
    ///
    /// # Panics
    ///
    /// If the state does not have N numbers.
    pub fn jacobian(&self, state: &[f64]) -> Matrix<f64> {
        let (_, slopes) = self.rates(&Matrix::from_columns(state.len(), 1, state.to_vec()));
        let weights = self.weights();
        Matrix::from_fn(state.len(), state.len(), |i, j| {
            let identity = if i == j { 1.0 } else { 0.0 };
            (1.0 - self.leak) * identity + self.leak * weights[(i, j)] * slopes[(j, 0)]
        })
    }

    /// The R eigenvalues of W that need not be zero, those of diag(c) b^T a, the largest real part
    /// first; none if they are not found.
    pub fn eigenvalues(&self) -> Option<Vec<Eigenvalue>> {
        let coupling = Matrix::product(self.rows.t(), self.columns.view());
        let rank = self.factors.len();
        eigenvalues(&Matrix::from_fn(rank, rank, |i, j| self.factors[i] * coupling[(i, j)]))
    }

    /// phi and phi' of states.
    pub(super) fn rates(&self, states: &Matrix<f64>) -> (Matrix<f64>, Matrix<f64>) {
        let (mut rates, mut slopes) = (states.clone(), states.clone());
        self.activation.apply(rates.data_mut(), slopes.data_mut());
        (rates, slopes)
    }
}

/// The eigenvalues of a square matrix, the largest real part first; none if they are not found.
pub(super) fn eigenvalues(matrix: &Matrix<f64>) -> Option<Vec<Eigenvalue>> {
    let mut values = rankproof_dense::eigenvalues(to_faer(matrix.view()))?;
    values.sort_by(|a, b| b.re.total_cmp(&a.re).then(b.im.total_cmp(&a.im)));
    Some(values.iter().map(|value| Eigenvalue { re: value.re, im: value.im }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Stream;

    fn dynamics() -> Dynamics {
        let mut stream = Stream::new("dynamics", 0, 0);
        Dynamics {
            columns: Matrix::normal(5, 2, 1.0, &mut stream),
            rows: Matrix::normal(5, 2, 1.0, &mut stream),
            factors: vec![0.7, -1.2],
            bias: vec![0.4, -0.3, 0.0, 0.1, 0.7],
            leak: 0.3,
            activation: Activation::Tanh,
        }
    }

    #[test]
    fn a_step_is_that_of_the_whole_weights() {
        let dynamics = dynamics();
        let states = Matrix::normal(5, 3, 1.0, &mut Stream::new("states", 0, 0));
        let mut expected = dynamics.weights().times(&states.map(f64::tanh));
        let bias = Matrix::from_columns(5, 1, dynamics.bias.clone());
        expected.add_scaled(1.0, &Matrix::beside(5, [&bias, &bias, &bias]));
        expected.scale(0.3);
        expected.add_scaled(0.7, &states);
        assert!(dynamics.step(&states).minus(&expected).norm() < 1e-14 * expected.norm());
        let mut moved = states.clone();
        moved.add_scaled(0.3, &dynamics.flow(&states));
        assert!(moved.minus(&expected).norm() < 1e-14 * expected.norm());
    }

    #[test]
    fn the_jacobian_is_the_derivative_of_the_step() {
        let dynamics = dynamics();
        let state = Matrix::normal(5, 1, 1.0, &mut Stream::new("states", 1, 0));
        let jacobian = dynamics.jacobian(state.data());
        for j in 0..5 {
            let at = |step: f64| {
                let mut moved = state.clone();
                moved[(j, 0)] += step;
                dynamics.step(&moved)
            };
            let h = 1e-3;
            for i in 0..5 {
                let value = |step| at(step)[(i, 0)];
                let difference = (8.0 * (value(h) - value(-h))
                    - (value(2.0 * h) - value(-2.0 * h)))
                    / (12.0 * h);
                assert!((jacobian[(i, j)] - difference).abs() < 1e-10, "{i} {j}");
            }
        }
    }

    /// Their sum is the trace, that of their squares the trace of the square.
    #[test]
    fn eigenvalues_are_those_of_the_weights() {
        let dynamics = dynamics();
        let weights = dynamics.weights();
        let trace = |matrix: &Matrix<f64>| (0..5).map(|i| matrix[(i, i)]).sum::<f64>();
        let values = dynamics.eigenvalues().unwrap();
        let sum: f64 = values.iter().map(|value| value.re).sum();
        let squares: f64 = values.iter().map(|value| value.re.powi(2) - value.im.powi(2)).sum();
        assert_eq!(values.len(), 2);
        assert!((sum - trace(&weights)).abs() < 1e-12);
        assert!((squares - trace(&weights.times(&weights))).abs() < 1e-12);
    }
}
