//! Back-propagation through time, with the gradient kept as a product of two factors.

use super::{Network, Rnn, RnnParts, Run};
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
    /// Back in time through W in place of W^T: a deliberate error, for controls.
    Untransposed,
}

impl<S: Scalar> Transport<S> {
    /// The same in another arithmetic.
    pub fn map<R: Scalar>(&self, convert: impl Fn(S) -> R) -> Transport<R> {
        match self {
            Transport::Adjoint => Transport::Adjoint,
            Transport::Feedback(feedback) => Transport::Feedback(feedback.map(convert)),
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
            Transport::Adjoint => parts.w.transposed_multiplier(),
            Transport::Untransposed => parts.w.multiplier(),
            Transport::Feedback(feedback) => {
                let later = errors.columns(run.trials..errors.cols());
                self.lambda = Matrix::product(feedback.view(), later);
                self.initial = Matrix::zeros(feedback.rows(), run.trials);
                return;
            }
        };
        let neurons = parts.neurons();
        let block = neurons * run.trials;
        let leak = rnn.dynamics.leak;
        let phi_slopes = (!rnn.dynamics.phi.is_identity()).then_some(&run.phi_slopes);
        self.lambda.reshape(neurons, run.steps * run.trials);
        self.states.reshape(neurons, errors.cols());
        S::gemm(self.states.data_mut(), false, parts.c.t(), errors.view());
        let l = self.states.data_mut();
        multiply_by_slopes(&mut l[run.steps * block..], run.psi_slopes.as_ref(), run.steps * block);
        for t in (0..run.steps).rev() {
            let (earlier, later) = l.split_at_mut((t + 1) * block);
            let (now, next) = (&mut earlier[t * block..], &later[..block]);
            let lambda = &mut self.lambda.data_mut()[t * block..(t + 1) * block];
            scale_into(lambda, next, leak);
            multiply_by_slopes(lambda, phi_slopes, t * block);
            weights.add_product(lambda, now);
            multiply_by_slopes(now, run.psi_slopes.as_ref(), t * block);
            add_scaled(now, next, S::ONE - leak);
        }
        self.initial = Matrix::from_columns(neurons, run.trials, l[..block].to_vec());
    }

    /// dLoss/dW = Lambda Phi^T as a dense matrix: one product, (N, N).
    pub fn weight_gradient(&self, run: &Run<S>) -> Matrix<S> {
        Matrix::product(self.lambda.view(), run.activity().transpose())
    }
}

fn multiply_by_slopes<S: Scalar>(values: &mut [S], slopes: Option<&Matrix<S>>, offset: usize) {
    if let Some(slopes) = slopes {
        let slopes = &slopes.data()[offset..];
        vectorised(|| values.iter_mut().zip(slopes).for_each(|(value, &slope)| *value *= slope));
    }
}

fn scale_into<S: Scalar>(out: &mut [S], values: &[S], scale: S) {
    vectorised(|| out.iter_mut().zip(values).for_each(|(out, &value)| *out = scale * value));
}

fn add_scaled<S: Scalar>(out: &mut [S], values: &[S], scale: S) {
    vectorised(|| out.iter_mut().zip(values).for_each(|(out, &value)| *out += scale * value));
}
