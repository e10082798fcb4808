//! The network with its numbers in place: forward run and adjoint over a chunk of trials.
//!
//! All trials of a chunk go through a step together. The weights are never formed: with the columns
//! E, whose first R are a_1..a_R, and the coefficients z(k, s) of trial k at step s,
//!
//! ```text
//! x(k, s + 1) = (1 - leak) x(k, s) + leak E z(k, s),
//! z(k, s) = c(k) o (b_1..b_R)^T phi(x(k, s)) + drive(k, s),
//! ```
//!
//! which costs O(N R) for a trial and a step, and the gradients of E, b and D are one product each
//! over all steps.

use std::ops::Range;

use super::architecture::{Architecture, Grouping, InitialStates};
use super::observations::Groups;
use crate::matrix::Matrix;
use crate::network::leak_into;
use crate::scalar::{Real, Stream, View, vectorised};

/// The numbers of a model as they enter its equations.
#[derive(Clone, Debug)]
pub struct Model<S> {
    /// E: a_1..a_R of unit norm, columns of inputs, a free bias, (N, R + ...).
    pub columns: Matrix<S>,
    /// b_1..b_R of unit norm, (N, R); empty if weights are free in each trial.
    pub rows: Matrix<S>,
    /// c_r(k), (R, K); empty if weights are free in each trial.
    pub factors: Matrix<S>,
    /// The columns of weights that are free in each trial, (N, R K); else empty.
    pub free_columns: Matrix<S>,
    /// Their rows, (N, R K).
    pub free_rows: Matrix<S>,
    /// Initial states of the groups, (N, groups); empty if all are zero.
    pub initial: Matrix<S>,
    /// Coefficients of the columns, (R + ..., conditions S): all conditions of a step together.
    pub drive: Matrix<S>,
    /// D, (neurons, N).
    pub readout: Matrix<S>,
    /// (neurons, 1); empty if there is none.
    pub offset: Matrix<S>,
}

/// What a run leaves: blocks of M columns, the trials, one block for each step.
#[derive(Clone, Debug)]
pub struct Trace<S> {
    trials: Range<usize>,
    /// x, (N, (S + 1) M).
    pub states: Matrix<S>,
    /// phi(x), (N, (S + 1) M).
    pub rates: Matrix<S>,
    slopes: Matrix<S>,
    /// z, (R + ..., S M).
    coefficients: Matrix<S>,
    /// (b_1..b_R)^T phi(x), (R, S M).
    projections: Matrix<S>,
}

/// dLoss/d(model) from one chunk; what belongs to trials is of those of the chunk alone.
#[derive(Clone, Debug)]
pub struct ChunkGradient<S> {
    /// Of E.
    pub columns: Matrix<S>,
    /// Of b_1..b_R.
    pub rows: Matrix<S>,
    /// Of D.
    pub readout: Matrix<S>,
    /// Of the offsets, (neurons, 1).
    pub offset: Matrix<S>,
    /// Of c, (R, M).
    pub factors: Matrix<S>,
    /// Of the free columns, (N, R M).
    pub free_columns: Matrix<S>,
    /// Of the free rows, (N, R M).
    pub free_rows: Matrix<S>,
    /// Of the initial states, (N, M).
    pub initial: Matrix<S>,
    /// Of the coefficients, (R + ..., S M): trial after trial in each step.
    pub drive: Matrix<S>,
}

/// A model together with what of it is not learned.
#[derive(Clone, Copy, Debug)]
pub struct Network<'a, S> {
    /// What it is made of.
    pub architecture: &'a Architecture,
    /// Conditions of trials.
    pub groups: &'a Groups,
    /// Its numbers.
    pub model: &'a Model<S>,
    /// Bins of the recording, T.
    pub bins: usize,
}

impl<S: Real> Network<'_, S> {
    fn steps(&self) -> usize {
        self.architecture.steps(self.bins)
    }

    fn leak(&self) -> S {
        S::from_f64(self.architecture.leak)
    }

    fn is_free(&self) -> bool {
        self.model.rows.cols() == 0
    }

    /// Runs some trials from their initial states. `noise` is drawn from if the architecture has
    /// any.
    pub fn run(&self, trials: Range<usize>, noise: Option<&mut Stream>) -> Trace<S> {
        let (units, count, steps) = (self.architecture.units, trials.len(), self.steps());
        let mut trace = Trace {
            states: Matrix::zeros(units, (steps + 1) * count),
            rates: Matrix::zeros(units, (steps + 1) * count),
            slopes: Matrix::zeros(units, (steps + 1) * count),
            coefficients: Matrix::zeros(self.model.columns.cols(), steps * count),
            projections: Matrix::zeros(self.architecture.rank, steps * count),
            trials,
        };
        self.start(&mut trace);
        self.fill_drive(&mut trace);
        let mut noise = noise.filter(|_| self.architecture.noise > 0.0);
        let mut value = vec![S::ZERO; units * count];
        for step in 0..steps {
            self.rates_at(&mut trace, step);
            self.recur(&mut trace, step, &mut value);
            let block = units * count;
            let (before, after) = trace.states.data_mut().split_at_mut((step + 1) * block);
            let (before, after) = (&before[step * block..], &mut after[..block]);
            leak_into(after, before, &value, self.leak());
            if let Some(stream) = &mut noise {
                let size = self.architecture.noise * self.architecture.leak.sqrt();
                after.iter_mut().for_each(|x| *x += S::from_f64(size * stream.normal()));
            }
        }
        self.rates_at(&mut trace, steps);
        trace
    }

    fn start(&self, trace: &mut Trace<S>) {
        let InitialStates::Learned { by, .. } = self.architecture.initial else { return };
        for (m, trial) in trace.trials.clone().enumerate() {
            let state = self.model.initial.column(self.groups.of(by, trial));
            trace.states.column_mut(m).copy_from_slice(state);
        }
    }

    fn fill_drive(&self, trace: &mut Trace<S>) {
        let (count, conditions) = (trace.trials.len(), self.groups.count(Grouping::Condition));
        for step in 0..self.steps() {
            for (m, trial) in trace.trials.clone().enumerate() {
                let condition = self.groups.of(Grouping::Condition, trial);
                let drive = self.model.drive.column(step * conditions + condition);
                trace.coefficients.column_mut(step * count + m).copy_from_slice(drive);
            }
        }
    }

    fn rates_at(&self, trace: &mut Trace<S>, step: usize) {
        let block = self.architecture.units * trace.trials.len();
        let range = step * block..(step + 1) * block;
        let rates = &mut trace.rates.data_mut()[range.clone()];
        rates.copy_from_slice(&trace.states.data()[range.clone()]);
        let slopes = &mut trace.slopes.data_mut()[range];
        self.architecture.nonlinearity.activation().apply(rates, slopes);
    }

    /// `value = W_k phi(x) + drive` for all trials of a step.
    fn recur(&self, trace: &mut Trace<S>, step: usize, value: &mut [S]) {
        let count = trace.trials.len();
        let (rank, width) = (self.architecture.rank, self.model.columns.cols());
        let range = step * count..(step + 1) * count;
        let rates = trace.rates.columns(range.clone());
        let projections = &mut trace.projections.data_mut()[rank * range.start..rank * range.end];
        let coefficients =
            &mut trace.coefficients.data_mut()[width * range.start..width * range.end];
        if !self.is_free() {
            S::gemm(projections, false, self.model.rows.t(), rates);
            let factors = self.model.factors.columns(trace.trials.clone());
            let each = coefficients.chunks_exact_mut(width).zip(projections.chunks_exact(rank));
            for ((z, p), c) in each.zip(factors.data().chunks_exact(rank)) {
                for ((z, &p), &c) in z.iter_mut().zip(p).zip(c) {
                    *z += c * p;
                }
            }
        }
        S::gemm(value, false, self.model.columns.view(), View::new(coefficients, width, count));
        if self.is_free() {
            let units = self.architecture.units;
            for (m, trial) in trace.trials.clone().enumerate() {
                let own = trial * rank..(trial + 1) * rank;
                let rates = View::new(&rates.data()[m * units..(m + 1) * units], units, 1);
                let p = &mut projections[m * rank..(m + 1) * rank];
                S::gemm(p, false, self.model.free_rows.columns(own.clone()).transpose(), rates);
                let value = &mut value[m * units..(m + 1) * units];
                S::gemm(value, true, self.model.free_columns.columns(own), View::new(p, rank, 1));
            }
        }
    }

    /// The states or rates at the bins, (N, T M).
    fn at_bins(&self, of_steps: &Matrix<S>, count: usize) -> Matrix<S> {
        let units = of_steps.rows();
        let mut data = Vec::with_capacity(units * self.bins * count);
        for t in 0..self.bins {
            let first = self.architecture.step_of_bin(t) * count;
            data.extend_from_slice(of_steps.columns(first..first + count).data());
        }
        Matrix::from_columns(units, self.bins * count, data)
    }

    /// D phi(x) + offset at the bins, (neurons, T M).
    pub fn outputs(&self, trace: &Trace<S>) -> Matrix<S> {
        let rates = self.at_bins(&trace.rates, trace.trials.len());
        let mut outputs = Matrix::zeros(self.model.readout.rows(), rates.cols());
        if !self.model.offset.data().is_empty() {
            for column in outputs.data_mut().chunks_exact_mut(self.model.readout.rows().max(1)) {
                column.copy_from_slice(self.model.offset.data());
            }
        }
        S::gemm(outputs.data_mut(), true, self.model.readout.view(), rates.view());
        outputs
    }

    /// The columns a_1..a_R as the recorded neurons see them, D diag(mean of phi'(x)) a_r,
    /// (neurons, R): in which directions of neural space the weights move the activity. Units
    /// themselves are not identified by a recording, but this is.
    pub fn visible_columns(&self, trace: &Trace<S>) -> Matrix<S> {
        let (units, rank) = (self.architecture.units, self.architecture.rank);
        let count = S::from_integer(trace.slopes.cols() as i64).inverse();
        let count = count.expect("there is a step");
        let mut mean = vec![S::ZERO; units];
        for column in trace.slopes.data().chunks_exact(units) {
            mean.iter_mut().zip(column).for_each(|(sum, &slope)| *sum += slope * count);
        }
        let seen = Matrix::from_fn(units, rank, |i, r| mean[i] * self.model.columns[(i, r)]);
        self.model.readout.times(&seen)
    }

    /// The exact gradient of a loss with the given derivative by the outputs, (neurons, T M), plus
    /// `penalty` times the sum of squares of all states.
    pub fn adjoint(&self, trace: &Trace<S>, errors: &Matrix<S>, penalty: S) -> ChunkGradient<S> {
        let count = trace.trials.len();
        let (units, steps) = (self.architecture.units, self.steps());
        let rates = self.at_bins(&trace.rates, count);
        let from_outputs = Matrix::product(self.model.readout.t(), errors.view());
        let mut pass = Backward::new(self, trace);
        let mut state = vec![S::ZERO; units * count];
        let mut rate = vec![S::ZERO; units * count];
        for step in (0..=steps).rev() {
            match self.bin_of_step(step) {
                Some(t) => rate.copy_from_slice(
                    &from_outputs.data()[t * units * count..(t + 1) * units * count],
                ),
                None => rate.fill(S::ZERO),
            }
            if step < steps {
                pass.step(step, &state, &mut rate);
            }
            let range = step * units * count..(step + 1) * units * count;
            let keep = if step < steps { S::ONE - self.leak() } else { S::ZERO };
            let slopes = &trace.slopes.data()[range.clone()];
            back(&mut state, keep, slopes, &rate);
            if penalty != S::ZERO {
                let twice = penalty + penalty;
                let states = &trace.states.data()[range];
                state.iter_mut().zip(states).for_each(|(l, &x)| *l += twice * x);
            }
        }
        pass.finish(rates, errors, state)
    }

    fn bin_of_step(&self, step: usize) -> Option<usize> {
        let (preparation, per_bin) =
            (self.architecture.preparation, self.architecture.steps_per_bin);
        let since = step.checked_sub(preparation)?;
        (since % per_bin == 0).then_some(since / per_bin)
    }
}

/// The adjoint as it goes back through the steps.
struct Backward<'a, S> {
    network: &'a Network<'a, S>,
    trace: &'a Trace<S>,
    /// leak times dLoss/dx(s + 1), (N, S M).
    costates: Matrix<S>,
    /// dLoss/dz, (R + ..., S M).
    coefficients: Matrix<S>,
    /// dLoss/d(b^T phi), (R, S M).
    projections: Matrix<S>,
    factors: Matrix<S>,
    free_columns: Matrix<S>,
    free_rows: Matrix<S>,
}

impl<'a, S: Real> Backward<'a, S> {
    fn new(network: &'a Network<'a, S>, trace: &'a Trace<S>) -> Self {
        let (count, steps) = (trace.trials.len(), network.steps());
        let Architecture { units, rank, .. } = *network.architecture;
        let free = if network.is_free() { rank * count } else { 0 };
        Backward {
            costates: Matrix::zeros(units, steps * count),
            coefficients: Matrix::zeros(network.model.columns.cols(), steps * count),
            projections: Matrix::zeros(rank, steps * count),
            factors: Matrix::zeros(rank, if network.is_free() { 0 } else { count }),
            free_columns: Matrix::zeros(units, free),
            free_rows: Matrix::zeros(units, free),
            network,
            trace,
        }
    }

    /// From dLoss/dx(s + 1): adds to dLoss/d(phi(x(s))) what goes through the weights.
    fn step(&mut self, step: usize, state: &[S], rate: &mut [S]) {
        let network = self.network;
        let model = network.model;
        let (units, count) = (network.architecture.units, self.trace.trials.len());
        let (rank, width) = (network.architecture.rank, model.columns.cols());
        let range = step * count..(step + 1) * count;
        let costates = &mut self.costates.data_mut()[units * range.start..units * range.end];
        let leak = network.leak();
        costates.iter_mut().zip(state).for_each(|(costate, &state)| *costate = leak * state);
        let costates = View::new(costates, units, count);
        let dz = &mut self.coefficients.data_mut()[width * range.start..width * range.end];
        S::gemm(dz, false, model.columns.t(), costates);
        let dp = &mut self.projections.data_mut()[rank * range.start..rank * range.end];
        let p = &self.trace.projections.data()[rank * range.start..rank * range.end];
        if network.is_free() {
            let rates = self.trace.rates.columns(range);
            for (m, trial) in self.trace.trials.clone().enumerate() {
                let own = trial * rank..(trial + 1) * rank;
                let local = m * units * rank..(m + 1) * units * rank;
                let of = |data: &'a [S]| View::new(&data[m * units..(m + 1) * units], units, 1);
                let costate = View::new(&costates.data()[m * units..(m + 1) * units], units, 1);
                let dp = &mut dp[m * rank..(m + 1) * rank];
                S::gemm(dp, false, model.free_columns.columns(own.clone()).transpose(), costate);
                let (dp, p) = (View::new(dp, rank, 1), View::new(&p[m * rank..][..rank], rank, 1));
                let rate = &mut rate[m * units..(m + 1) * units];
                S::gemm(rate, true, model.free_rows.columns(own), dp);
                let free_columns = &mut self.free_columns.data_mut()[local.clone()];
                S::gemm(free_columns, true, costate, p.transpose());
                let free_rows = &mut self.free_rows.data_mut()[local];
                S::gemm(free_rows, true, of(rates.data()), dp.transpose());
            }
            return;
        }
        let factors = model.factors.columns(self.trace.trials.clone());
        let own = self.factors.data_mut().chunks_exact_mut(rank);
        let trials = (dz.chunks_exact(width)).zip(dp.chunks_exact_mut(rank)).zip(own);
        let known = p.chunks_exact(rank).zip(factors.data().chunks_exact(rank));
        for (((dz, dp), dc), (p, c)) in trials.zip(known) {
            for r in 0..rank {
                dp[r] = c[r] * dz[r];
                dc[r] += p[r] * dz[r];
            }
        }
        S::gemm(rate, true, model.rows.view(), View::new(dp, rank, count));
    }

    fn finish(self, rates: Matrix<S>, errors: &Matrix<S>, initial: Vec<S>) -> ChunkGradient<S> {
        let (units, count) = (self.network.architecture.units, self.trace.trials.len());
        let driving = self.trace.rates.columns(0..self.projections.cols());
        let rows = match self.network.is_free() {
            true => Matrix::zeros(units, 0),
            false => Matrix::product(driving, self.projections.t()),
        };
        let offset = Matrix::from_fn(errors.rows().min(self.network.model.offset.rows()), 1, {
            |n, _| (0..errors.cols()).fold(S::ZERO, |sum, j| sum + errors[(n, j)])
        });
        ChunkGradient {
            columns: Matrix::product(self.costates.view(), self.trace.coefficients.t()),
            rows,
            readout: Matrix::product(errors.view(), rates.t()),
            offset,
            factors: self.factors,
            free_columns: self.free_columns,
            free_rows: self.free_rows,
            initial: Matrix::from_columns(units, count, initial),
            drive: self.coefficients,
        }
    }
}

/// state = keep state + slope rate.
fn back<S: Real>(state: &mut [S], keep: S, slopes: &[S], rate: &[S]) {
    vectorised(|| {
        for ((state, &slope), &rate) in state.iter_mut().zip(slopes).zip(rate) {
            *state = keep * *state + slope * rate;
        }
    });
}
