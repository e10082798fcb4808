//! Back-propagation through time, with the gradient kept as a product of two factors.

use super::{Network, Parameters, Run, Trained};
use crate::blocks::Block;
use crate::matrix::{Factors, Matrix, RankRevealing};
use crate::scalar::{Scalar, vectorised};

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
pub fn adjoint<S: Scalar>(network: &Network<S>, run: &Run<S>, errors: &Matrix<S>) -> Adjoint<S> {
    let mut adjoint = Adjoint::empty();
    adjoint.repeat(network, run, errors);
    adjoint
}

impl<S: Scalar> Adjoint<S> {
    /// No run yet: for [`repeat`](Adjoint::repeat).
    pub fn empty() -> Self {
        let nothing = Matrix::zeros(0, 0);
        Adjoint { lambda: nothing.clone(), initial: nothing.clone(), states: nothing }
    }

    /// Back-propagated errors `lambda`, (N, T M), that come from elsewhere.
    pub(crate) fn without_transport(lambda: Matrix<S>, trials: usize) -> Self {
        let initial = Matrix::zeros(lambda.rows(), trials);
        Adjoint { lambda, initial, states: Matrix::zeros(0, 0) }
    }

    /// The same as [`adjoint`], in the memory of an earlier run.
    pub fn repeat(&mut self, network: &Network<S>, run: &Run<S>, errors: &Matrix<S>) {
        let neurons = network.parameters.neurons();
        let block = neurons * run.trials;
        let leak = network.dynamics.leak;
        let phi_slopes = (!network.dynamics.phi.is_identity()).then_some(&run.phi_slopes);
        let weights = network.parameters.w.transposed_multiplier();
        self.lambda.reshape(neurons, run.steps * run.trials);
        self.states.reshape(neurons, errors.cols());
        S::gemm(self.states.data_mut(), false, network.parameters.c.t(), errors.view());
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

/// The gradient with respect to all parameters.
#[derive(Clone, Debug)]
pub struct Gradient<S> {
    /// dLoss/dW = Lambda Phi^T, in factors of shape (N, T M).
    pub w: Factors<S>,
    /// The gradient as a vector of parameters; W in factors, zero where not trained.
    pub parameters: Parameters<S>,
}

impl<S: Scalar> Gradient<S> {
    /// Collects the gradient from a forward run on `inputs` and its adjoint.
    pub fn collect(
        network: &Network<S>,
        run: &Run<S>,
        adjoint: Adjoint<S>,
        inputs: &Matrix<S>,
        errors: &Matrix<S>,
        trained: Trained,
    ) -> Self {
        let parameters = &network.parameters;
        let neurons = parameters.neurons();
        let zero_or = |wanted, like: &Matrix<S>, gradient: &dyn Fn() -> Matrix<S>| {
            if wanted { gradient() } else { Matrix::zeros(like.rows(), like.cols()) }
        };
        let lambda = &adjoint.lambda;
        let b = zero_or(trained.b, &parameters.b, &|| Matrix::product(lambda.view(), inputs.t()));
        let c =
            zero_or(trained.c, &parameters.c, &|| Matrix::product(errors.view(), run.rates().t()));
        let bias = zero_or(trained.bias, &parameters.bias, &|| sum_of_columns(lambda));
        let h0 = zero_or(trained.h0, &parameters.h0, &|| match parameters.h0.cols() {
            1 => sum_of_columns(&adjoint.initial),
            _ => adjoint.initial.clone(),
        });
        let activity = run.rates().data()[..neurons * lambda.cols()].to_vec();
        let activity = Matrix::from_columns(neurons, lambda.cols(), activity);
        let factors = Factors::new(adjoint.lambda, activity);
        let w = if trained.w {
            Block::low_rank(S::ZERO, factors.clone())
        } else {
            Block::scaled_identity(neurons, S::ZERO)
        };
        Gradient { w: factors, parameters: Parameters { w, b, c, bias, h0 } }
    }
}

impl<S: RankRevealing> Gradient<S> {
    /// Makes the factors no wider than their rank; see [`Factors::compressed`].
    pub fn compress(&mut self) {
        self.w = self.w.compressed();
        self.parameters.w.compress();
    }
}

fn sum_of_columns<S: Scalar>(matrix: &Matrix<S>) -> Matrix<S> {
    let ones = Matrix::from_fn(matrix.cols(), 1, |_, _| S::ONE);
    matrix.times(&ones)
}
