//! The recurrent network: model, activations, forward run, adjoint, losses.
//!
//! ```text
//! h_{t+1} = (1 - a) h_t + a phi(W psi(h_t) + B u_t + b),    y_t = C psi(h_t),    t = 0..T
//! ```
//!
//! phi = id is the current form, psi = id the rate form, phi = psi = id the linear network. The
//! states of all M trials at one time are an (N, M) block; blocks stand side by side in time
//! order, so that whole-run products are single matrix products.

mod activation;
mod adjoint;
pub mod architecture;
mod forward;
mod loss;
mod parameters;

pub use activation::{Activation, ActivationKind};
pub use adjoint::{Adjoint, Gradient, adjoint};
pub(crate) use forward::leak_into;
pub use forward::{Run, forward};
pub use loss::{CrossEntropy, Loss, SquaredError};
pub use parameters::{Parameters, Trained};

use crate::scalar::Scalar;

/// What of the model is not learned: the leak and the two activations.
#[derive(Clone, Debug, PartialEq)]
pub struct Dynamics<S> {
    /// The leak a: 1 for a network without memory of its own.
    pub leak: S,
    /// The activation outside the weights.
    pub phi: Activation<S>,
    /// The activation inside the weights, and before the readout.
    pub psi: Activation<S>,
}

impl<S: Scalar> Dynamics<S> {
    /// The linear network, phi = psi = id.
    pub fn linear(leak: S) -> Self {
        Dynamics { leak, phi: Activation::Identity, psi: Activation::Identity }
    }

    /// The current form, `h' = (1 - a) h + a (W psi(h) + B u + b)`.
    pub fn current(leak: S, psi: Activation<S>) -> Self {
        Dynamics { leak, phi: Activation::Identity, psi }
    }

    /// The rate form, `h' = (1 - a) h + a phi(W h + B u + b)`.
    pub fn rate(leak: S, phi: Activation<S>) -> Self {
        Dynamics { leak, phi, psi: Activation::Identity }
    }

    /// The same model in another arithmetic.
    pub fn map<R: Scalar>(&self, convert: impl Fn(S) -> R) -> Dynamics<R> {
        Dynamics {
            leak: convert(self.leak),
            phi: self.phi.map(&convert),
            psi: self.psi.map(&convert),
        }
    }
}

/// A network: its model and its parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Network<S> {
    /// Leak and activations.
    pub dynamics: Dynamics<S>,
    /// W, B, C, b and h_0.
    pub parameters: Parameters<S>,
}

impl<S: Scalar> Network<S> {
    /// The same network in another arithmetic.
    pub fn map<R: Scalar>(&self, convert: impl Fn(S) -> R) -> Network<R> {
        Network { dynamics: self.dynamics.map(&convert), parameters: self.parameters.map(&convert) }
    }
}
