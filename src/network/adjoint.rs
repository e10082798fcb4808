//! Back-propagation through time, with the gradient kept as a product of two factors.

use std::num::NonZeroUsize;

use super::{Dynamics, Network, Rnn, RnnParts, Run};
use crate::blocks::Multiplier;
use crate::matrix::Matrix;
use crate::scalar::{Scalar, vectorised};

/// How the errors of the outputs reach the weights.
#[derive(Clone, Debug, PartialEq)]
pub enum Transport<S> {
    /// Back in time through W^T: the exact gradient.
    Adjoint,
    /// Not in time at all: `lambda_t = P e_{t+1}` with P (N, d_out) in the place of the
    /// back-propagated errors, and no error for h_0. Random feedback (Lillicrap et al. 2016); not a
    /// gradient.
    Feedback(Matrix<S>),
    /// Back in time through fixed matrices: `l_t = (1 - a) l_{t+1} + P e_t + a Y^T l_{t+1}` and
    /// `lambda_t = l_{t+1}`, without slopes. Feedback alignment through time; not a gradient.
    FixedWeights {
        /// P, (N, d_out).
        feedback: Matrix<S>,
        /// Y, (N, N).
        weights: Matrix<S>,
    },
    /// By eligibility traces: errors P e_t, with P (N, d_out), meet what each weight remembers of its
    /// own activity, `p(t+1) = (1 - a) p(t) + a phi'(z_t) psi(h_t)^T`, so that `lambda_t = a phi'(z_t)
    /// l_{t+1}` with `l_t = (1 - a) l_{t+1} + P e_t`, and no error for h_0. Random-feedback online
    /// learning (Murray 2019), e-prop (Bellec et al. 2020); not a gradient.
    Traces(Matrix<S>),
    /// Back in time through W^T, each error no further than this number of time steps: truncated
    /// back-propagation; one is the step of the error itself.
    Truncated(NonZeroUsize),
    /// Back in time through W in place of W^T: a deliberate error, for controls.
    Untransposed,
}

impl<S: Scalar> Transport<S> {
    /// The same in another arithmetic.
    pub fn map<R: Scalar>(&self, convert: impl Fn(S) -> R) -> Transport<R> {
        match self {
            Transport::Adjoint => Transport::Adjoint,
            Transport::Feedback(feedback) => Transport::Feedback(feedback.map(convert)),
            Transport::FixedWeights { feedback, weights } => Transport::FixedWeights {
                feedback: feedback.map(&convert),
                weights: weights.map(&convert),
            },
            Transport::Traces(feedback) => Transport::Traces(feedback.map(convert)),
            Transport::Truncated(steps) => Transport::Truncated(*steps),
            Transport::Untransposed => Transport::Untransposed,
        }
    }
}

/// The adjoint run.
#[derive(Clone, Debug)]
pub struct Adjoint<S> {
    /// The back-propagated errors `Lambda`: a phi'(z_t) l_{t+1} for t = 0..T, (N, T M).
    pub lambda: Matrix<S>,
    /// l_0 = dLoss/dh_0, one column for each trial, (N, M).
    pub initial: Matrix<S>,
    /// l_t for all t, (N, (T + 1) M); C^T e_t before its turn.
    states: Matrix<S>,
}

/// Runs the adjoint of `run` back in time from the errors e_t = dLoss/dy_t, (d_out, (T + 1) M):
///
/// ```text
/// l_T = psi'(h_T) C^T e_T,
/// l_t = (1 - a) l_{t+1} + psi'(h_t) (C^T e_t + W^T lambda_t),    lambda_t = a phi'(z_t) l_{t+1}
/// ```
///
/// or by another [`Transport`], if the network has one.
///
/// # Panics
///
/// If the shapes do not fit.
pub fn adjoint<S: Scalar>(network: &Network<S>, run: &Run<S>, errors: &Matrix<S>) -> Adjoint<S> {
    let mut adjoint = Adjoint::empty();
    adjoint.repeat(&network.architecture, network.parts(), run, errors);
    adjoint
}

impl<S: Scalar> Adjoint<S> {
    /// No run yet: for [`repeat`](Adjoint::repeat).
    pub fn empty() -> Self {
        let nothing = Matrix::zeros(0, 0);
        Adjoint { lambda: nothing.clone(), initial: nothing.clone(), states: nothing }
    }

    /// The same as [`adjoint`], in the memory of an earlier run.
    pub fn repeat(
        &mut self,
        rnn: &Rnn<S>,
        parts: RnnParts<'_, S>,
        run: &Run<S>,
        errors: &Matrix<S>,
    ) {
        let weights = match &rnn.transport {
            Transport::Adjoint | Transport::Truncated(_) => parts.w.transposed_multiplier(),
            Transport::Untransposed => parts.w.multiplier(),
            Transport::FixedWeights { feedback, weights } => {
                return self.through_fixed(rnn.dynamics.leak, feedback, weights, run, errors);
            }
            Transport::Traces(feedback) => {
                return self.by_traces(&rnn.dynamics, feedback, run, errors);
            }
            Transport::Feedback(feedback) => {
                let later = errors.columns(run.trials..errors.cols());
                self.lambda = Matrix::product(feedback.view(), later);
                self.initial = Matrix::zeros(feedback.rows(), run.trials);
                return;
            }
        };
        let (neurons, steps) = (parts.neurons(), run.steps);
        let block = neurons * run.trials;
        self.lambda.reshape(neurons, steps * run.trials);
        self.states.reshape(neurons, errors.cols());
        S::gemm(self.states.data_mut(), false, parts.c.t(), errors.view());
        let back = Back {
            weights: &weights,
            leak: rnn.dynamics.leak,
            phi_slopes: (!rnn.dynamics.phi.is_identity()).then_some(&run.phi_slopes),
            psi_slopes: run.psi_slopes.as_ref(),
            block,
        };
        let l = self.states.data_mut();
        if let Transport::Truncated(most) = rnn.transport {
            self.initial = back.truncated(most, l, self.lambda.data_mut(), neurons);
            return;
        }
        multiply_by_slopes(&mut l[steps * block..], back.psi_slopes, steps * block);
        for t in (0..steps).rev() {
            let (earlier, later) = l.split_at_mut((t + 1) * block);
            let lambda = &mut self.lambda.data_mut()[t * block..(t + 1) * block];
            back.step(t, lambda, &mut earlier[t * block..], &later[..block]);
        }
        self.initial = Matrix::from_columns(neurons, run.trials, l[..block].to_vec());
    }

    /// [`Transport::FixedWeights`].
    fn through_fixed(
        &mut self,
        leak: S,
        feedback: &Matrix<S>,
        weights: &Matrix<S>,
        run: &Run<S>,
        errors: &Matrix<S>,
    ) {
        let all = Matrix::product(feedback.view(), errors.view());
        let (neurons, trials) = (feedback.rows(), run.trials);
        let block = neurons * trials;
        let at = |t: usize| {
            let own = all.data()[t * block..(t + 1) * block].to_vec();
            Matrix::from_columns(neurons, trials, own)
        };
        let mut l = at(run.steps);
        let mut later = vec![l.clone()];
        for t in (0..run.steps).rev() {
            let mut now = at(t);
            now.add_scaled(S::ONE - leak, &l);
            now.add_scaled(leak, &Matrix::product(weights.t(), l.view()));
            l = now;
            later.push(l.clone());
        }
        self.initial = later.pop().expect("h_0 has an error");
        later.reverse();
        self.lambda = Matrix::beside(neurons, &later);
    }

    /// [`Transport::Traces`].
    fn by_traces(
        &mut self,
        dynamics: &Dynamics<S>,
        feedback: &Matrix<S>,
        run: &Run<S>,
        errors: &Matrix<S>,
    ) {
        let block = feedback.rows() * run.trials;
        let later = errors.columns(run.trials..errors.cols());
        // P e_{t+1}, then l_{t+1}, then lambda_t.
        self.lambda = Matrix::product(feedback.view(), later);
        for t in (0..run.steps.saturating_sub(1)).rev() {
            let (now, next) = self.lambda.data_mut().split_at_mut((t + 1) * block);
            add_scaled(&mut now[t * block..], &next[..block], S::ONE - dynamics.leak);
        }
        self.lambda.scale(dynamics.leak);
        let [phi_slopes, _] = run.slopes(dynamics);
        multiply_by_slopes(self.lambda.data_mut(), phi_slopes, 0);
        self.initial = Matrix::zeros(feedback.rows(), run.trials);
    }

    /// dLoss/dW = Lambda Phi^T as a dense matrix: one product, (N, N).
    pub fn weight_gradient(&self, run: &Run<S>) -> Matrix<S> {
        Matrix::product(self.lambda.view(), run.activity().transpose())
    }
}

/// One time step of the adjoint run.
struct Back<'a, S: Scalar> {
    weights: &'a Multiplier<'a, S>,
    leak: S,
    phi_slopes: Option<&'a Matrix<S>>,
    psi_slopes: Option<&'a Matrix<S>>,
    /// Numbers of all trials at one time.
    block: usize,
}

impl<S: Scalar> Back<'_, S> {
    /// Fills `lambda` = lambda_t, and makes l_t of what is C^T e_t in `now`, with l_{t+1}.
    fn step(&self, t: usize, lambda: &mut [S], now: &mut [S], next: &[S]) {
        scale_into(lambda, next, self.leak);
        multiply_by_slopes(lambda, self.phi_slopes, t * self.block);
        self.weights.add_product(lambda, now);
        multiply_by_slopes(now, self.psi_slopes, t * self.block);
        add_scaled(now, next, S::ONE - self.leak);
    }

    /// [`Transport::Truncated`]: each l_t from the errors of `most` times. `injected` holds C^T e_t
    /// for all t; fills all lambda_t and returns l_0.
    fn truncated(
        &self,
        most: NonZeroUsize,
        injected: &[S],
        lambda: &mut [S],
        neurons: usize,
    ) -> Matrix<S> {
        let (block, last) = (self.block, injected.len() / self.block - 1);
        let at = |t: usize| &injected[t * block..(t + 1) * block];
        let mut scratch = vec![S::ZERO; block];
        let mut initial = vec![S::ZERO; block];
        for t in 0..=last {
            let from = (t + most.get() - 1).min(last);
            let mut l = at(from).to_vec();
            multiply_by_slopes(&mut l, self.psi_slopes, from * block);
            for s in (t..from).rev() {
                let mut now = at(s).to_vec();
                self.step(s, &mut scratch, &mut now, &l);
                l = now;
            }
            match t {
                0 => initial = l,
                _ => {
                    let lambda = &mut lambda[(t - 1) * block..t * block];
                    scale_into(lambda, &l, self.leak);
                    multiply_by_slopes(lambda, self.phi_slopes, (t - 1) * block);
                }
            }
        }
        Matrix::from_columns(neurons, block / neurons, initial)
    }
}

fn multiply_by_slopes<S: Scalar>(values: &mut [S], slopes: Option<&Matrix<S>>, offset: usize) {
    if let Some(slopes) = slopes {
        let slopes = &slopes.data()[offset..];
        vectorised(
            #[inline(always)]
            || {
                for (value, &slope) in values.iter_mut().zip(slopes) {
                    *value *= slope;
                }
            },
        );
    }
}

fn scale_into<S: Scalar>(out: &mut [S], values: &[S], scale: S) {
    vectorised(
        #[inline(always)]
        || {
            for (out, &value) in out.iter_mut().zip(values) {
                *out = scale * value;
            }
        },
    );
}

fn add_scaled<S: Scalar>(out: &mut [S], values: &[S], scale: S) {
    vectorised(
        #[inline(always)]
        || {
            for (out, &value) in out.iter_mut().zip(values) {
                *out += scale * value;
            }
        },
    );
}
