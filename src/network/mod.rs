//! Networks: architectures and their blocks, activations, losses; the recurrent network of the
//! theorems with its forward run and adjoint.
//!
//! A [`Network`] is an [architecture](mod@architecture), which says how outputs are computed, and
//! the named [`Blocks`] that are learned. That of the theorems is [`Rnn`]:
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
mod parts;

pub use activation::{Activation, ActivationKind};
pub use adjoint::{Adjoint, Transport, adjoint};
pub use architecture::{Architecture, Rnn};
pub(crate) use forward::leak_into;
pub use forward::{Run, forward};
pub use loss::{CrossEntropy, Loss, SquaredError};
pub use parts::{RNN_BLOCKS, RnnParts};

use crate::blocks::{Block, Blocks};
use crate::matrix::Matrix;
use crate::scalar::Scalar;
use crate::tape::TapeError;

/// What of the recurrent network is not learned: the leak and the two activations.
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

/// A network: an architecture and its blocks. `Network<S>` is that of the theorems.
///
/// # Examples
///
/// ```
/// use rankproof::prelude::*;
///
/// let ones = |rows, cols| Matrix::from_fn(rows, cols, |_, _| 1.0);
/// let w = Block::scaled_identity(3, 0.5);
/// let network = Network::rnn(Dynamics::linear(1.0), w, ones(3, 2), ones(1, 3))?
///     .with("h0", ones(3, 1));
/// assert_eq!(network.parts().h0.data(), [1.0, 1.0, 1.0]);
///
/// let misfit = Network::rnn(Dynamics::linear(1.0), ones(3, 3), ones(4, 2), ones(1, 3));
/// assert_eq!(misfit.unwrap_err().to_string(), "W and B: shapes (3, 3) and (4, 2) do not fit");
/// # Ok::<(), rankproof::tape::TapeError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Network<S, A = Rnn<S>> {
    /// How outputs are computed from inputs.
    pub architecture: A,
    /// What is learned.
    pub blocks: Blocks<S>,
}

impl<S: Scalar, A> Network<S, A> {
    /// The same with one more block, or with another one in the place of that name.
    pub fn with(mut self, name: &str, block: impl Into<Block<S>>) -> Self {
        self.blocks = self.blocks.with(name, block);
        self
    }
}

impl<S: Scalar> Network<S> {
    /// The recurrent network of W (N, N), B (N, d_in) and C (d_out, N), without bias and with
    /// h_0 = 0.
    ///
    /// # Errors
    ///
    /// If the shapes do not fit together.
    pub fn rnn(
        dynamics: Dynamics<S>,
        w: impl Into<Block<S>>,
        b: Matrix<S>,
        c: Matrix<S>,
    ) -> Result<Self, TapeError> {
        let w = w.into();
        let zero = Matrix::zeros(w.shape().0, 1);
        let blocks = Blocks::default()
            .with("W", w)
            .with("B", b)
            .with("C", c)
            .with("bias", zero.clone())
            .with("h0", zero);
        RnnParts::of(&blocks)?;
        Ok(Network { architecture: Rnn::new(dynamics), blocks })
    }

    /// Its blocks by field.
    ///
    /// # Panics
    ///
    /// If one of them is missing or does not fit; see [`RnnParts::of`].
    pub fn parts(&self) -> RnnParts<'_, S> {
        RnnParts::of(&self.blocks).unwrap_or_else(|error| panic!("a recurrent network: {error}"))
    }

    /// The same network in another arithmetic.
    pub fn map<R: Scalar>(&self, convert: impl Fn(S) -> R) -> Network<R> {
        Network { architecture: self.architecture.map(&convert), blocks: self.blocks.map(&convert) }
    }
}
