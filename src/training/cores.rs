//! **core-closure** as an algorithm: a linear network of any width learns as one of few neurons does.

use thiserror::Error;

use super::UpdateRule;
use crate::blocks::{Block, Blocks};
use crate::matrix::{Factors, Matrix, orthonormal_columns};
use crate::network::{Network, RnnParts, Transport};
use crate::scalar::{Real, Scalar};
use crate::tape::TapeError;

/// A network of d neurons that learns in the place of a linear one of N.
///
/// With W_0 = w I + P Q^T and a matrix U (N, d) of orthonormal columns that span the sources,
/// those of B, C^T, h_0, b, P and Q, it is
///
/// ```text
/// W' = w I + U^T P Q^T U,    B' = U^T B,    C' = C U,    h_0' = U^T h_0,    b' = U^T b.
/// ```
///
/// It has the outputs and losses of the N neurons, and the gradients of the one are those of the
/// other between U and U^T. So every method that makes steps of gradients as matrices, GD-like or
/// spectral, leads the two to
///
/// ```text
/// W_k = c_k w (I - U U^T) + U W'_k U^T,    B_k = U B'_k,    C_k = C'_k U^T,    ...
/// ```
///
/// and W_k - c_k W_0 has the singular values of W'_k - c_k W'_0. No more than d columns of N
/// numbers are kept.
///
/// # Examples
///
/// ```
/// use rankproof::prelude::*;
/// use rankproof::training::{Cores, UpdateRule};
///
/// let stream = Stream::new("cores", 1, 0);
/// let sizes = Dimensions { neurons: 50_000, d_in: 2, d_out: 1, steps: 4, trials: 3 };
/// let task = TaskFamily::RandomTargets.draw(&sizes, &stream).unwrap();
/// let random = |rows, cols, name| Matrix::normal(rows, cols, 0.005, &mut stream.named(name));
/// let (b, c) = (random(50_000, 2, "B"), random(1, 50_000, "C"));
/// let w = Block::scaled_identity(50_000, 0.5);
/// let network = Network::rnn(Dynamics::linear(0.5), w, b, c)?;
///
/// let optimizer = Optimizer::gradient_descent(0.05);
/// let cores = Cores::of(&network, &optimizer.rule)?;
/// assert_eq!(cores.network.parts().neurons(), 3);
/// let trajectory = Training::new(&cores.network, &task, &SquaredError, optimizer).run(20)?;
/// assert!(trajectory.losses[20] < trajectory.losses[0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Cores<S> {
    /// U, (N, d).
    pub basis: Matrix<S>,
    /// The network of d neurons.
    pub network: Network<S>,
}

/// Why a network does not learn as one of fewer neurons does.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotClosed {
    /// An activation.
    #[error("the network has an activation, expected a linear one")]
    Nonlinear,
    /// A W_0 that may be anything.
    #[error("W is stored in full, expected a multiple of the identity and factors")]
    AnyStart,
    /// Errors that are carried by other matrices than C and W.
    #[error("errors are carried by matrices of their own, expected C and W")]
    Feedback,
    /// A rule for which the basis of the neurons matters.
    #[error("the update rule acts entry by entry, expected a GD-like or spectral one")]
    EntryByEntry,
    /// Blocks that do not fit together.
    #[error(transparent)]
    Blocks(#[from] TapeError),
}

impl<S: Real> Cores<S> {
    /// Of a network that is to learn by this rule. What depends on the other sources to rounding
    /// adds no neuron.
    ///
    /// # Errors
    ///
    /// If it is not linear, W is stored in full, the transport of errors has matrices of its own,
    /// or the rule acts entry by entry.
    pub fn of(network: &Network<S>, rule: &UpdateRule<S>) -> Result<Self, NotClosed> {
        let factors = w_in_factors(network)?.1;
        let parts = network.parts();
        let readout = parts.c.transposed();
        let sources = [parts.b, &readout, parts.h0, parts.bias, &factors.left, &factors.right];
        let basis = orthonormal_columns(&Matrix::beside(parts.neurons(), sources));
        Self::in_basis(network, basis, rule)
    }
}

impl<S: Scalar> Cores<S> {
    /// The same in a basis (N, d) of orthonormal columns of which the sources are known to be
    /// combinations; if they are not, it is another network.
    ///
    /// # Errors
    ///
    /// As [`of`](Cores::of).
    ///
    /// # Panics
    ///
    /// If the basis has not N rows.
    pub fn in_basis(
        network: &Network<S>,
        basis: Matrix<S>,
        rule: &UpdateRule<S>,
    ) -> Result<Self, NotClosed> {
        let (identity, factors) = w_in_factors(network)?;
        let dynamics = &network.architecture.dynamics;
        if !dynamics.phi.is_identity() || !dynamics.psi.is_identity() {
            return Err(NotClosed::Nonlinear);
        }
        match network.architecture.transport {
            Transport::Adjoint | Transport::Truncated(_) | Transport::Untransposed => {}
            Transport::Feedback(_) | Transport::FixedWeights { .. } | Transport::Traces(_) => {
                return Err(NotClosed::Feedback);
            }
        }
        if let UpdateRule::Entrywise(_) = rule {
            return Err(NotClosed::EntryByEntry);
        }
        let parts = network.parts();
        let inside = |matrix: &Matrix<S>| Matrix::product(basis.t(), matrix.view());
        let factors = Factors::new(inside(&factors.left), inside(&factors.right));
        let blocks = Blocks::default()
            .with("W", Block::low_rank(identity, factors))
            .with("B", inside(parts.b))
            .with("C", parts.c.times(&basis))
            .with("bias", inside(parts.bias))
            .with("h0", inside(parts.h0));
        let architecture = network.architecture.clone();
        Ok(Cores { network: Network { architecture, blocks }, basis })
    }

    /// The blocks of the N neurons when those of the d are these. W, in factors, is `identity` times
    /// the identity outside the basis: c_k w after k steps.
    ///
    /// # Panics
    ///
    /// If these are not the blocks of d neurons.
    pub fn widened(&self, blocks: &Blocks<S>, identity: S) -> Blocks<S> {
        let basis = &self.basis;
        blocks.replaced(|name, block| match name {
            "W" => {
                let mut core = block.to_matrix();
                core.add_scaled(-identity, &Matrix::scaled_identity(basis.cols(), S::ONE));
                Block::low_rank(identity, Factors::new(basis.times(&core), basis.clone()))
            }
            "C" => Matrix::product(block.to_matrix().view(), basis.t()).into(),
            _ => basis.times(&block.to_matrix()).into(),
        })
    }
}

/// w, and P and Q side by side, of W = w I + P Q^T.
fn w_in_factors<S: Scalar>(network: &Network<S>) -> Result<(S, &Factors<S>), NotClosed> {
    let parts = RnnParts::of(&network.blocks)?;
    match parts.w {
        Block::Dense(_) => Err(NotClosed::AnyStart),
        Block::Factored { identity, factors } => Ok((*identity, factors)),
    }
}
