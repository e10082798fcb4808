//! The network of a recording: forward run over some trials, outputs, and the exact adjoint.

use std::ops::Range;

use super::FitFloat;
use super::architecture::Architecture;
use super::dynamics::{Step, add_through_slopes};
use super::gradient::ModelGradient;
use super::model::Model;
use super::parts::{Readout, Weights};
use crate::matrix::Matrix;
use crate::scalar::{Scalar, Stream, View, vectorised};

/// A model together with what of it is not learned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Network<'a, S> {
    /// What it is made of.
    pub architecture: &'a Architecture,
    /// Its numbers.
    pub model: &'a Model<S>,
    /// Bins of the recording, T.
    pub bins: usize,
}

/// What a run leaves: blocks of M columns, the trials, one block for each step.
#[derive(Clone, Debug)]
pub(super) struct Trace<S> {
    trials: Range<usize>,
    /// x, (N, (S + 1) M).
    pub states: Matrix<S>,
    /// phi(x), (N, (S + 1) M).
    pub rates: Matrix<S>,
    /// phi'(x), (N, (S + 1) M).
    slopes: Matrix<S>,
    /// z, (R + ..., S M).
    coefficients: Matrix<S>,
    /// (b_1..b_R)^T phi(x), (R, S M).
    projections: Matrix<S>,
}

impl<S: Scalar> Trace<S> {
    /// The columns of a step.
    fn at(&self, step: usize) -> Range<usize> {
        step * self.trials.len()..(step + 1) * self.trials.len()
    }
}

impl<'a, S: FitFloat> Network<'a, S> {
    fn steps(&self) -> usize {
        self.architecture.steps(self.bins)
    }

    fn step(&self, trials: Range<usize>) -> Step<'a, S> {
        Step {
            columns: &self.model.columns,
            weights: &self.model.weights,
            trials,
            leak: S::from_f64(self.architecture.leak),
        }
    }

    /// Runs some trials from their initial states. `noise` is drawn from if the architecture has
    /// any.
    pub fn run(&self, trials: Range<usize>, noise: Option<&mut Stream>) -> Trace<S> {
        let (units, count, steps) = (self.model.units(), trials.len(), self.steps());
        let recurrence = self.step(trials.clone());
        let mut trace = Trace {
            states: Matrix::zeros(units, (steps + 1) * count),
            rates: Matrix::zeros(units, (steps + 1) * count),
            slopes: Matrix::zeros(units, (steps + 1) * count),
            coefficients: self.drive(trials.clone()),
            projections: Matrix::zeros(self.model.rank, steps * count),
            trials,
        };
        self.start(&mut trace);
        let mut noise = noise.filter(|_| self.architecture.noise > 0.0);
        let mut value = vec![S::ZERO; units * count];
        for step in 0..steps {
            self.rates_at(&mut trace, step);
            let columns = trace.at(step);
            recurrence.recur(
                trace.rates.columns(columns.clone()),
                entries(&mut trace.projections, columns.clone()),
                entries(&mut trace.coefficients, columns.clone()),
                &mut value,
            );
            let (before, after) = trace.states.data_mut().split_at_mut(columns.end * units);
            let (before, after) = (&before[columns.start * units..], &mut after[..units * count]);
            recurrence.advance(after, before, &value);
            if let Some(stream) = &mut noise {
                let deviation = self.architecture.noise * self.architecture.leak.sqrt();
                for x in after.iter_mut() {
                    *x += S::from_f64(deviation * stream.normal());
                }
            }
        }
        self.rates_at(&mut trace, steps);
        trace
    }

    fn start(&self, trace: &mut Trace<S>) {
        if let Some(initial) = &self.model.initial {
            for (m, trial) in trace.trials.clone().enumerate() {
                trace.states.column_mut(m).copy_from_slice(initial.get(trial));
            }
        }
    }

    /// The coefficients of the columns before the weights add to them, (R + ..., S M).
    fn drive(&self, trials: Range<usize>) -> Matrix<S> {
        let (width, steps) = (self.model.columns.cols(), self.steps());
        let mut data = Vec::with_capacity(width * steps * trials.len());
        for step in 0..steps {
            for k in trials.clone() {
                self.model.drive.append(&mut data, k, step);
            }
        }
        Matrix::from_columns(width, steps * trials.len(), data)
    }

    fn rates_at(&self, trace: &mut Trace<S>, step: usize) {
        let columns = trace.at(step);
        let rates = entries(&mut trace.rates, columns.clone());
        rates.copy_from_slice(trace.states.columns(columns.clone()).data());
        let slopes = entries(&mut trace.slopes, columns);
        self.architecture.nonlinearity.activation().apply(rates, slopes);
    }

    /// Does something with the rates at the bins, (N, T M). Where every step is a bin they are not
    /// copied.
    fn with_rates_at_bins<R>(&self, trace: &Trace<S>, work: impl FnOnce(View<'_, S>) -> R) -> R {
        if self.architecture.steps_per_bin == 1 {
            let first = trace.at(self.architecture.step_of_bin(0)).start;
            let count = self.bins * trace.trials.len();
            return work(trace.rates.columns(first..first + count));
        }
        let units = self.model.units();
        let mut data = Vec::with_capacity(units * self.bins * trace.trials.len());
        for t in 0..self.bins {
            let columns = trace.at(self.architecture.step_of_bin(t));
            data.extend_from_slice(trace.rates.columns(columns).data());
        }
        work(View::new(&data, units, self.bins * trace.trials.len()))
    }

    /// The states at the bins of some trials, one after the other, (N, T) each.
    pub fn states_at_bins(&self, trials: Range<usize>) -> Vec<Matrix<S>> {
        let trace = self.run(trials.clone(), None);
        let of_trial = |m: usize| {
            let bins = (0..self.bins).map(|t| trace.at(self.architecture.step_of_bin(t)).start + m);
            let data = bins.flat_map(|column| trace.states.column(column)).copied().collect();
            Matrix::from_columns(self.model.units(), self.bins, data)
        };
        (0..trials.len()).map(of_trial).collect()
    }

    /// D phi(x) + offset at the bins, with the gains of trials, (neurons, T M).
    pub fn outputs(&self, trace: &Trace<S>) -> Matrix<S> {
        let Readout { matrix, offset } = &self.model.readout;
        let mut outputs = Matrix::zeros(matrix.rows(), self.bins * trace.trials.len());
        if let Some(offset) = offset {
            for column in outputs.data_mut().chunks_exact_mut(offset.rows()) {
                column.copy_from_slice(offset.data());
            }
        }
        self.with_rates_at_bins(trace, |rates| {
            S::gemm(outputs.data_mut(), true, matrix.view(), rates);
        });
        if self.is_logarithmic() {
            self.for_gains(trace, &mut outputs, |output, logarithm| *output += logarithm);
        } else {
            self.scale_by_gains(trace, &mut outputs);
        }
        outputs
    }

    fn is_logarithmic(&self) -> bool {
        self.architecture.likelihood.law::<S>().is_logarithmic()
    }

    /// Changes each number of some outputs, (neurons, T M), given the logarithm of the gain of its
    /// trial; none if there are no gains.
    fn for_gains(&self, trace: &Trace<S>, outputs: &mut Matrix<S>, change: impl Fn(&mut S, S)) {
        let Some(gains) = &self.model.gains else { return };
        let logarithms = gains[trace.trials.clone()].iter().cycle();
        let height = outputs.rows().max(1);
        for (column, &logarithm) in outputs.data_mut().chunks_exact_mut(height).zip(logarithms) {
            for output in column.iter_mut() {
                change(output, logarithm);
            }
        }
    }

    fn scale_by_gains(&self, trace: &Trace<S>, outputs: &mut Matrix<S>) {
        let exp = S::ELEMENTARY.expect("floats have real functions").exp;
        self.for_gains(trace, outputs, |output, logarithm| *output *= exp(logarithm));
    }

    /// The gradient by the logarithms of the gains, given that by D phi(x) + offset and its product
    /// with D^T; empty if there are no gains.
    fn gain_gradient(
        &self,
        trace: &Trace<S>,
        errors: &Matrix<S>,
        from_outputs: &Matrix<S>,
    ) -> Vec<S> {
        if self.model.gains.is_none() {
            return Vec::new();
        }
        let count = trace.trials.len();
        let mut gradient = vec![S::ZERO; count];
        for j in 0..errors.cols() {
            let (t, m, errors) = (j / count, j % count, errors.column(j));
            if self.is_logarithmic() {
                for &error in errors {
                    gradient[m] += error;
                }
                continue;
            }
            // The output is the gain times D phi(x) + offset.
            let rates = trace.rates.column(trace.at(self.architecture.step_of_bin(t)).start + m);
            for (&rate, &error) in rates.iter().zip(from_outputs.column(j)) {
                gradient[m] += rate * error;
            }
            for (&offset, &error) in self.model.offset().iter().flat_map(|o| o.data()).zip(errors) {
                gradient[m] += offset * error;
            }
        }
        gradient
    }

    /// The columns a_1..a_R as the recorded neurons see them, D diag(mean of phi'(x)) a_r,
    /// (neurons, R): in which directions of neural space the weights move the activity.
    pub fn visible_columns(&self, trace: &Trace<S>) -> Matrix<S> {
        let units = self.model.units();
        let count = S::from_integer(trace.slopes.cols() as i64).inverse();
        let count = count.expect("there is a step");
        let mut mean = vec![S::ZERO; units];
        for column in trace.slopes.data().chunks_exact(units) {
            for (sum, &slope) in mean.iter_mut().zip(column) {
                *sum += slope * count;
            }
        }
        let seen =
            Matrix::from_fn(units, self.model.rank, |i, r| mean[i] * self.model.columns[(i, r)]);
        self.model.readout.matrix.times(&seen)
    }

    /// The exact gradient of a loss with the given derivative by the outputs, (neurons, T M), plus
    /// `penalty` times the sum of squares of all states.
    pub fn adjoint(&self, trace: &Trace<S>, mut errors: Matrix<S>, penalty: S) -> ModelGradient<S> {
        if !self.is_logarithmic() {
            self.scale_by_gains(trace, &mut errors);
        }
        let (units, steps, count) = (self.model.units(), self.steps(), trace.trials.len());
        let recurrence = self.step(trace.trials.clone());
        let from_outputs = Matrix::product(self.model.readout.matrix.t(), errors.view());
        let mut gradient = recurrence.no_gradient(steps);
        // dLoss/dx and dLoss/d(phi(x)) at a step.
        let mut state = vec![S::ZERO; units * count];
        let mut rate = vec![S::ZERO; units * count];
        for step in (0..=steps).rev() {
            let columns = trace.at(step);
            match self.architecture.bin_of_step(step) {
                Some(t) => rate.copy_from_slice(from_outputs.columns(trace.at(t)).data()),
                None => rate.fill(S::ZERO),
            }
            let slopes = trace.slopes.columns(columns.clone());
            if step == steps {
                add_through_slopes(&mut state, S::ZERO, slopes.data(), &rate);
            } else {
                let rates = trace.rates.columns(columns.clone());
                let projections = trace.projections.columns(columns.clone());
                recurrence.recur_back(step, &state, rates, projections, &mut gradient, &mut rate);
                recurrence.advance_back(&mut state, slopes.data(), &rate);
            }
            if penalty != S::ZERO {
                let twice = penalty + penalty;
                let states = trace.states.columns(columns);
                for (l, &x) in state.iter_mut().zip(states.data()) {
                    *l += twice * x;
                }
            }
        }
        if let Weights::Shared { rows, .. } = &mut gradient.weights {
            let driving = trace.rates.columns(0..steps * count);
            *rows = Matrix::product(driving, gradient.projections.t());
        }
        ModelGradient {
            initial: Matrix::from_columns(units, count, state),
            columns: Matrix::product(gradient.costates.view(), trace.coefficients.t()),
            weights: gradient.weights,
            drive: gradient.coefficients,
            readout: self.readout_gradient(trace, &errors),
            gains: self.gain_gradient(trace, &errors, &from_outputs),
        }
    }

    fn readout_gradient(&self, trace: &Trace<S>, errors: &Matrix<S>) -> Readout<S> {
        let offset = self.model.offset().map(|_| sum_of_columns(errors));
        let matrix = self
            .with_rates_at_bins(trace, |rates| Matrix::product(errors.view(), rates.transpose()));
        Readout { matrix, offset }
    }
}

/// Column after column, as they stand in memory.
fn sum_of_columns<S: Scalar>(matrix: &Matrix<S>) -> Matrix<S> {
    let mut sum = vec![S::ZERO; matrix.rows()];
    vectorised(
        #[inline(always)]
        || {
            for column in matrix.data().chunks_exact(matrix.rows().max(1)) {
                for (sum, &entry) in sum.iter_mut().zip(column) {
                    *sum += entry;
                }
            }
        },
    );
    Matrix::from_columns(matrix.rows(), 1, sum)
}

/// The entries of some neighbouring columns, to change.
fn entries<S: Scalar>(matrix: &mut Matrix<S>, columns: Range<usize>) -> &mut [S] {
    let rows = matrix.rows();
    &mut matrix.data_mut()[columns.start * rows..columns.end * rows]
}
