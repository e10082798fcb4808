//! How weights moved: the observations that theorems on a space of learning have in common.

use super::{Inconclusive, Observation, Observed, Quantity, Sequence, Side};
use crate::matrix::{Matrix, Rank, RankRevealing, Subspace};
use crate::scalar::Scalar;
use crate::tensor::Tensor;
use crate::training::{BlockTrajectory, Trajectory};

/// Matrices that learning has made, one for each learning step, with their rounding noise.
pub(super) struct Movement<S> {
    /// D_1..D_K or W_1..W_K, (N, N) each.
    pub matrices: Vec<Matrix<S>>,
    /// The largest singular value that rounding can have put into each.
    pub noise: Vec<f64>,
    /// What they are.
    pub sequence: Sequence,
    /// The name of the block, if it is to be told.
    pub block: Option<&'static str>,
}

impl<S: RankRevealing> Movement<S> {
    /// D_k = W_k - c_k W_0 for k = 1..=K.
    pub fn increments(trajectory: &Trajectory<S>) -> Self {
        Self::of_block(None, w(trajectory))
    }

    /// W_k for k = 1..=K.
    pub fn weights(trajectory: &Trajectory<S>) -> Self {
        let weights = BlockTrajectory::weights_at;
        Self::of(w(trajectory), Sequence::Weights, weights)
    }

    /// D_k = V_k - c_k V_0 for k = 1..=K of any block; its name, if it is to be told.
    pub fn of_block(name: Option<&'static str>, block: BlockTrajectory<'_, S>) -> Self {
        let increment = BlockTrajectory::increment;
        Movement { block: name, ..Self::of(block, Sequence::Increments, increment) }
    }

    fn of<'a>(
        block: BlockTrajectory<'a, S>,
        sequence: Sequence,
        matrix: impl Fn(&BlockTrajectory<'a, S>, usize) -> Matrix<S>,
    ) -> Self {
        let steps = 1..=block.steps();
        Movement {
            matrices: steps.clone().map(|k| matrix(&block, k)).collect(),
            noise: steps.map(|k| block.noise(k)).collect(),
            sequence,
            block: None,
        }
    }

    fn quantity(&self, of_matrices: Quantity) -> Quantity {
        match self.block {
            Some(name) => Quantity::OfBlock(name, Box::new(of_matrices)),
            None => of_matrices,
        }
    }

    /// The noise of all matrices together.
    pub fn total_noise(&self) -> f64 {
        self.noise.iter().map(|noise| noise * noise).sum::<f64>().sqrt()
    }

    /// The rank of the last matrix against its bound.
    pub fn last_rank(&self, bound: usize) -> Observation {
        let (last, noise) = (self.matrices.last(), self.noise.last());
        let rank = S::rank(last.expect("a learning step"), *noise.expect("a learning step"));
        let quantity = Quantity::Rank(self.sequence, self.matrices.len());
        Observation::rank(self.quantity(quantity), &rank, bound)
    }

    /// The columns of all matrices against a space.
    pub fn columns_outside(&self, space: &Subspace<S>) -> Observation {
        self.outside(Side::Columns, self.matrices.clone(), space)
    }

    /// The rows of all matrices against a space.
    pub fn rows_outside(&self, space: &Subspace<S>) -> Observation {
        self.outside(Side::Rows, self.matrices.iter().map(Matrix::transposed).collect(), space)
    }

    fn outside(&self, side: Side, parts: Vec<Matrix<S>>, space: &Subspace<S>) -> Observation {
        let all = Matrix::beside(space.basis().rows(), &parts);
        let quantity = Quantity::Outside(side, self.sequence, parts.len());
        Observation::rank(self.quantity(quantity), &space.excess(&all, self.total_noise()), 0)
    }

    /// The dimensions that all matrices, as vectors, add to the span of these.
    ///
    /// # Errors
    ///
    /// If rounding noise hides the dimension of the span, which has the name.
    pub fn excess_over(
        &self,
        span_of: &[Matrix<S>],
        name: &'static str,
    ) -> Result<Rank, Inconclusive> {
        let flat = |matrix: &Matrix<S>| {
            Matrix::from_columns(matrix.data().len(), 1, matrix.data().to_vec())
        };
        let generators: Vec<_> = span_of.iter().map(flat).collect();
        let learned: Vec<_> = self.matrices.iter().map(flat).collect();
        let size = self.matrices.first().map_or(0, |matrix| matrix.data().len());
        let space = span(size, &generators, name)?;
        Ok(space.excess(&Matrix::beside(size, &learned), self.total_noise()))
    }

    /// The CP rank of the tensor of all matrices against its bound.
    ///
    /// # Errors
    ///
    /// If rounding noise hides it.
    pub fn cp_rank(&self, bound: usize) -> Result<Observation, Inconclusive> {
        let first = self.matrices.first().expect("a learning step");
        let tensor = Tensor::from_slices(first.rows(), first.cols(), &self.matrices).reduced();
        let bracket = tensor.cp_bracket(self.total_noise());
        let bracket = bracket.ok_or(Inconclusive::Noise("the CP rank"))?;
        let quantity = Quantity::CpRank(self.sequence, self.matrices.len());
        Ok(Observation::number(self.quantity(quantity), bracket.bounds(), bound))
    }

    /// Everything that follows from one space for rows and columns: the rank of the last matrix,
    /// against `bound` that is known before the space is, and of all matrices rows, columns and
    /// CP rank, which is at most the square of the dimension.
    pub fn within(&self, space: &Subspace<S>, bound: usize) -> Observed {
        Ok(vec![
            self.last_rank(bound),
            self.columns_outside(space),
            self.rows_outside(space),
            self.cp_rank(space.dimension() * space.dimension())?,
        ])
    }
}

fn w<S: Scalar>(trajectory: &Trajectory<S>) -> BlockTrajectory<'_, S> {
    trajectory.of("W").expect("a run that follows W")
}

/// The span of the columns of some matrices, as a hypothesis: decided or not at all.
pub(super) fn span<'a, S: RankRevealing>(
    ambient: usize,
    generators: impl IntoIterator<Item = &'a Matrix<S>>,
    name: &'static str,
) -> Result<Subspace<S>, Inconclusive> {
    Subspace::spanned_by(ambient, generators).ok_or(Inconclusive::Noise(name))
}
