//! Both ends of the CP rank of what was learned.

use crate::bounds::Bounds;
use crate::matrix::{Factors, Matrix, RankRevealing};
use crate::scalar::Fp;
use crate::tensor::{
    Construction, Decomposition, Field, LowerEnd, Tensor, UpperEnd, pairs_bound, peeled,
};
use crate::training::Trajectory;

/// What is known of the CP rank of D_1..D_k.
#[derive(Clone, Debug)]
pub struct CpEnds {
    /// It is at least this, over the field of computation and all larger ones.
    pub lower: LowerEnd,
    /// It is at most this, over the numbers of the [construction](Construction::field): the least of
    /// all that are known.
    pub upper: UpperEnd,
    /// The dimensions of rows, columns and steps.
    pub format: [usize; 3],
}

impl CpEnds {
    /// Both ends.
    pub fn bounds(&self) -> Bounds {
        Bounds { lower: self.lower.bound, upper: self.upper.bound }
    }

    /// The numbers over which the upper end holds.
    pub fn field(&self) -> Field {
        self.upper.construction.field()
    }

    /// Takes an upper end that has fewer terms.
    pub fn lower_to(&mut self, upper: UpperEnd) {
        if upper.bound < self.upper.bound {
            self.upper = upper;
        }
    }
}

/// Both ends after `k` learning steps, one or more. `None` where rounding hides them.
pub fn cp_ends<S: RankRevealing>(trajectory: &Trajectory<S>, k: usize) -> Option<CpEnds> {
    let learned = Learned::of(trajectory, k);
    if let Some(learned) = learned.in_field() {
        return learned.ends();
    }
    let (n, noise) = (trajectory.neurons(), trajectory.tensor_noise());
    let tensor = Tensor::from_slices(n, n, &learned.increments).reduced();
    let mut bracket = tensor.cp_bracket(noise)?;
    tensor.raise(&mut bracket, noise);
    let format = tensor.unfolding_ranks(noise).map(|rank| rank.bounds.upper);
    Some(CpEnds { upper: bracket.upper_end(), lower: bracket.lower_end, format })
}

/// What was learned in some steps.
struct Learned<S> {
    /// D_1..D_k, (N, N) each.
    increments: Vec<Matrix<S>>,
    /// The gradients of which they are made, no wider than their ranks.
    gradients: Vec<Factors<S>>,
    /// The coefficient of each gradient in each increment, (k, gradients).
    coefficients: Matrix<S>,
}

impl<S: RankRevealing> Learned<S> {
    fn of(trajectory: &Trajectory<S>, k: usize) -> Self {
        let is_used = |&j: &usize| (1..=k).any(|step| trajectory.coefficient(step, j) != S::ZERO);
        let used: Vec<usize> = (0..trajectory.gradients().len()).filter(is_used).collect();
        Learned {
            increments: (1..=k).map(|step| trajectory.increment(step)).collect(),
            gradients: used.iter().map(|&j| trajectory.gradients()[j].compressed()).collect(),
            coefficients: Matrix::from_fn(k, used.len(), |step, g| {
                trajectory.coefficient(step + 1, used[g])
            }),
        }
    }

    /// The same in the prime field, if that is the arithmetic.
    fn in_field(&self) -> Option<Learned<Fp>> {
        let matrix = |matrix: &Matrix<S>| S::in_field(matrix).cloned();
        let factors = |factors: &Factors<S>| {
            Some(Factors::new(matrix(&factors.left)?, matrix(&factors.right)?))
        };
        Some(Learned {
            increments: self.increments.iter().map(matrix).collect::<Option<_>>()?,
            gradients: self.gradients.iter().map(factors).collect::<Option<_>>()?,
            coefficients: matrix(&self.coefficients)?,
        })
    }
}

impl Learned<Fp> {
    fn ends(&self) -> Option<CpEnds> {
        let tensor = Tensor::concise(&self.increments);
        let mut bracket = tensor.cp_bracket(0.0)?;
        tensor.offer(&mut bracket, self.by_gradients(), Construction::Gradients, 0.0);
        tensor.span_by_rank_one(&mut bracket);
        let format @ [r1, r2, r3] = tensor.unfolding_ranks(0.0).map(|rank| rank.bounds.upper);
        let mut ends = CpEnds { upper: bracket.upper_end(), lower: bracket.lower_end, format };
        let end = |bound, construction| UpperEnd { bound, construction, residual: 0.0 };
        ends.lower_to(end(pairs_bound(r1, r2, r3), Construction::Pairs));
        let basis = self.basis();
        if let Some((cut, pencil)) = peeled(&basis) {
            ends.lower_to(end(cut + pencil, Construction::Peeled { cut }));
        }

        let enough = ends.upper.bound;
        ends.lower.raise(Some(tensor.best_lower_end(0.0, enough)));
        if ends.lower.bound < enough {
            ends.lower.raise(tensor.substituted(&basis, enough));
        }
        Some(ends)
    }

    /// Each gradient in as many terms as its rank.
    fn by_gradients(&self) -> Decomposition<Fp> {
        let n = self.increments[0].rows();
        let widths = self.gradients.iter().map(Factors::width).enumerate();
        let owners: Vec<usize> =
            widths.flat_map(|(g, width)| std::iter::repeat_n(g, width)).collect();
        Decomposition {
            a: Matrix::beside(n, self.gradients.iter().map(|gradient| &gradient.left)),
            b: Matrix::beside(n, self.gradients.iter().map(|gradient| &gradient.right)),
            c: Matrix::from_fn(self.increments.len(), owners.len(), |step, r| {
                self.coefficients[(step, owners[r])]
            }),
        }
    }

    /// Gradients that are a basis of the span of the increments; none if no choice of them is.
    fn basis(&self) -> Vec<Factors<Fp>> {
        let flat = |matrix: &Matrix<Fp>| {
            Matrix::from_columns(matrix.data().len(), 1, matrix.data().to_vec())
        };
        let size = self.increments[0].data().len();
        let rank = |matrix: &Matrix<Fp>| Fp::rank(matrix, 0.0).bounds.lower;
        let mut own = Matrix::zeros(size, 0);
        let mut basis = Vec::new();
        for gradient in &self.gradients {
            let wider = Matrix::beside(size, [&own, &flat(&gradient.to_matrix())]);
            if rank(&wider) > own.cols() {
                own = wider;
                basis.push(gradient.clone());
            }
        }
        let increments: Vec<_> = self.increments.iter().map(flat).collect();
        let increments = Matrix::beside(size, &increments);
        let is_the_same = rank(&increments) == own.cols()
            && rank(&Matrix::beside(size, [&own, &increments])) == own.cols();
        if is_the_same { basis } else { Vec::new() }
    }
}

/// Matrices (N, N) that span the increments of `k` learning steps, as many as these: the gradients, of lower
/// rank, if they do, else the increments themselves. `None` outside the prime field.
pub fn spanning_slices<S: RankRevealing>(
    trajectory: &Trajectory<S>,
    k: usize,
) -> Option<Vec<Matrix<Fp>>> {
    let learned = Learned::of(trajectory, k).in_field()?;
    let basis: Vec<_> = learned.basis().iter().map(Factors::to_matrix).collect();
    Some(if basis.is_empty() { learned.increments } else { basis })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Stream;
    use crate::task::Dimensions;
    use crate::theorem::{Case, InitialWeights, Setting, StepperKind};

    /// The decomposition by gradients is that of the increments, whatever the method mixes; gradients of
    /// later steps have no part in it.
    #[test]
    fn gradients_make_the_increments() {
        let dimensions = Dimensions { neurons: 5, d_in: 2, d_out: 2, steps: 3, trials: 2 };
        for (stepper, per_step) in [
            (StepperKind::GradientDescent, 1),
            (StepperKind::HeavyBall, 1),
            (StepperKind::Nesterov, 1),
            (StepperKind::GradientFlow, 4),
        ] {
            let setting = Setting {
                learning_steps: 4,
                initial_weights: InitialWeights::Full,
                decay: true,
                stepper,
                ..Setting::plain(dimensions)
            };
            let case = Case::<Fp>::draw(&setting, Stream::new("gradients", 0, 0), None);
            let trajectory = case.expect("in a field").train().expect("a field has no overflow");
            for k in 1..=4 {
                let learned = Learned::of(&trajectory, k);
                assert_eq!(learned.gradients.len(), k * per_step, "{stepper:?}");
                let decomposition = learned.by_gradients();
                for (place, increment) in learned.increments.iter().enumerate() {
                    assert_eq!(*increment, trajectory.increment(place + 1));
                    assert_eq!(decomposition.slice(place), *increment, "{stepper:?}, {k} steps");
                }
            }
        }
    }
}
