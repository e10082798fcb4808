//! Back-propagation through time, with the gradient kept as a product of two factors.

use super::{Network, Parameters, Run, Trained, Weights};
use crate::matrix::{Factors, Matrix, RankRevealing};
use crate::scalar::Scalar;

/// The adjoint run.
#[derive(Clone, Debug)]
pub struct Adjoint<S> {
    /// The back-propagated errors `Lambda`: a phi'(z_t) l_{t+1} for t = 0..T, (N, T M).
    pub lambda: Matrix<S>,
    /// l_0 = dLoss/dh_0, one column for each trial, (N, M).
    pub initial: Matrix<S>,
}

/// Runs the adjoint of `run` back in time from the errors e_t = dLoss/dy_t, (d_out, (T + 1) M):
///
/// ```text
/// l_T = psi'(h_T) C^T e_T,
/// l_t = (1 - a) l_{t+1} + psi'(h_t) (C^T e_t + W^T lambda_t),    lambda_t = a phi'(z_t) l_{t+1}
/// ```
pub fn adjoint<S: Scalar>(network: &Network<S>, run: &Run<S>, errors: &Matrix<S>) -> Adjoint<S> {
    let neurons = network.parameters.neurons();
    let block = neurons * run.trials;
    let leak = network.dynamics.leak;
    // C^T e_t for all t at once; block t becomes l_t on the way back.
    let mut l = Matrix::product(network.parameters.c.t(), errors.view());
    let mut lambda = Matrix::zeros(neurons, run.steps * run.trials);
    multiply_by_slopes(&mut l.data_mut()[run.steps * block..], &run.psi_slopes, run.steps * block);
    for t in (0..run.steps).rev() {
        let range = t * block..(t + 1) * block;
        let (earlier, later) = l.data_mut().split_at_mut((t + 1) * block);
        let (now, next) = (&mut earlier[t * block..], &later[..block]);
        scale_into(&mut lambda.data_mut()[range.clone()], next, leak);
        multiply_by_slopes(&mut lambda.data_mut()[range], &run.phi_slopes, t * block);
        let errors = lambda.columns(t * run.trials..(t + 1) * run.trials);
        network.parameters.w.apply_transposed(errors, now);
        multiply_by_slopes(now, &run.psi_slopes, t * block);
        add_scaled(now, next, S::ONE - leak);
    }
    let initial = Matrix::from_columns(neurons, run.trials, l.data()[..block].to_vec());
    Adjoint { lambda, initial }
}

fn multiply_by_slopes<S: Scalar>(values: &mut [S], slopes: &Option<Matrix<S>>, offset: usize) {
    if let Some(slopes) = slopes {
        let slopes = &slopes.data()[offset..];
        values.iter_mut().zip(slopes).for_each(|(value, &slope)| *value *= slope);
    }
}

fn scale_into<S: Scalar>(out: &mut [S], values: &[S], scale: S) {
    out.iter_mut().zip(values).for_each(|(out, &value)| *out = scale * value);
}

fn add_scaled<S: Scalar>(out: &mut [S], values: &[S], scale: S) {
    out.iter_mut().zip(values).for_each(|(out, &value)| *out += scale * value);
}

impl<S: Scalar> Adjoint<S> {
    /// dLoss/dW = Lambda Phi^T as a dense matrix: one product, (N, N).
    pub fn weight_gradient(&self, run: &Run<S>) -> Matrix<S> {
        Matrix::product(self.lambda.view(), run.activity().transpose())
    }
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
            Weights::low_rank(S::ZERO, factors.clone())
        } else {
            Weights::scaled_identity(neurons, S::ZERO)
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
