//! **effective-telescoping.** What tensor-telescoping says of ranks holds of singular values. Of any
//! network D_k = sum_j s_{kj} Lambda_j Phi_j^T, so each unfolding of the movement is a product,
//!
//! ```text
//! [D_1 .. D_K]         = [Lambda_0 .. Lambda_{n-1}] R,    R with the blocks s_{kj} Phi_j^T
//! [D_1^T .. D_K^T]     = [Phi_0 .. Phi_{n-1}] R',         R' with the blocks s_{kj} Lambda_j^T
//! [vec D_1 .. vec D_K] = [vec G_0 .. vec G_{n-1}] (s_{kj})^T
//! ```
//!
//! and for every i sigma_i of the left side is at most sigma_i of the first factor times the norm of
//! the second. So it is with tails, the norms of all singular values but the r largest: the dimensions
//! that hold all of the movement but a tail of theta are at most those that hold all of the pooled
//! errors, or of the pooled activity, but one of theta / ||R||.
//!
//! Why: the distance of X R to matrices of rank i - 1 is at most that of X, times ||R||.
//!
//! It is loose, because R adds up what cancels in D_k.
//!
//! **Rounding.** Both sides can be equal, in each singular value, so the check allows what rounding
//! can have put between them: what is in the weights already
//! ([`tensor_noise`](Trajectory::tensor_noise)), and for the singular values of the three matrices
//! [`NOISE_FACTOR`] units for each row and column of the product X R, times the norms of X and of R,
//! and a few units of f64, in which singular values of every arithmetic are given. It is absolute, as
//! rounding is: a limit far below it is compared with zero.

use super::{
    Arithmetic, Case, Checks, Domain, Inconclusive, Observation, Observed, Proof, Theorem,
};
use crate::bounds::Bounds;
use crate::matrix::{CLEAR_GAP, Factors, Matrix, RankRevealing};
use crate::tensor::Mode;
use crate::training::{GradientFault, NOISE_FACTOR, Trajectory};

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "effective-telescoping",
    title: "Movement has no more effective dimensions than errors and activity",
    statement: "D_k = sum_j s_{kj} Lambda_j Phi_j^T. For every i sigma_i [D_1 .. D_K] <= \
                sigma_i [Lambda_0 .. Lambda_{n-1}] ||R||, where R has the blocks s_{kj} Phi_j^T; \
                the same of the transposes with Phi and Lambda exchanged, and of D_k and G_j as \
                vectors with R = (s_{kj}). So of tails: all of the movement but a tail of theta \
                takes no more dimensions than all of the errors but one of theta / ||R||.",
    hypotheses: &[
        "any phi, psi, loss and start",
        "GD-like learning: W_{k+1} is a combination of W_0, the earlier iterates and the gradients",
    ],
    bound: "the dimensions of all errors but a tail of theta / ||R||, where 90 % of the squared \
            movement is all but theta",
    tightness: "Equal where R is a multiple of an isometry, as of one gradient of one trial and one \
                time. With tanh, N = 100 and ten steps the limits are 10 to 40 times the singular \
                values, and allow 95 dimensions where movement has 5.",
    proof: Proof::OnPaper,
    source: &["Pellegrino, Cayco-Gajic and Chadwick (2023)"],
    limit: None,
    attained: None,
    domain,
    // A field has no singular values.
    checks: Checks { exact: None, f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry],
    minors: super::generic::unknown,
    counterexamples: &["the_optimizer_must_be_gd_like", "the_norm_counts", "every_gradient_counts"],
};

/// The share of the squared movement that its effective dimensions hold.
const SHARE: f64 = 0.9;

fn domain(arithmetic: Arithmetic) -> Domain {
    Domain { learning_steps: 1..=3, steps: 1..=4, trials: 1..=3, ..Domain::any_network(arithmetic) }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let trajectory = case.train()?;
    let noise = trajectory.tensor_noise();
    let spectra = Mode::ALL.map(|mode| Spectra::of(&Product::of(&trajectory, mode), noise));
    let [rows, columns, steps] = spectra;
    let unfoldings = [("rows", rows?), ("columns", columns?), ("steps", steps?)];
    let dimensions = unfoldings.iter().map(|(along, spectra)| {
        let name = format!("dimensions of 90 % of the movement along {along}");
        Observation::number(name, spectra.dimensions(), spectra.allowed())
    });
    let exceeding = unfoldings.iter().map(|(along, spectra)| {
        let name = format!("singular values along {along} above their limits");
        Observation::number(name, spectra.exceeding(), 0)
    });
    Ok(dimensions.chain(exceeding).collect())
}

/// An unfolding of the movement as a product.
pub struct Product<S> {
    /// The unfolding, as it was trained.
    pub movement: Matrix<S>,
    /// X: errors, activity or gradients of all gradients side by side.
    pub pooled: Matrix<S>,
    /// R.
    pub rest: Matrix<S>,
}

impl<S: RankRevealing> Product<S> {
    /// The unfolding along this mode.
    pub fn of(trajectory: &Trajectory<S>, mode: Mode) -> Self {
        let steps = 1..=trajectory.steps();
        let increments = steps.map(|k| trajectory.increment(k));
        let gradients = (0..trajectory.gradients().len())
            .map(|j| trajectory.gradient(j).expect("one for each number"));
        let n = trajectory.neurons();
        match mode {
            Mode::Row => Self::along(trajectory, n, increments, gradients.cloned()),
            Mode::Column => Self::along(
                trajectory,
                n,
                increments.map(|increment| increment.transposed()),
                gradients.map(|gradient| gradient.clone().transposed()),
            ),
            Mode::Step => Self::along(
                trajectory,
                n * n,
                increments.map(|increment| flat(&increment)),
                gradients.map(|gradient| {
                    let one = Matrix::scaled_identity(1, S::ONE);
                    Factors::new(flat(&gradient.to_matrix()), one)
                }),
            ),
        }
    }

    /// Of slices that are combinations of these products of factors.
    fn along(
        trajectory: &Trajectory<S>,
        rows: usize,
        slices: impl Iterator<Item = Matrix<S>>,
        parts: impl Iterator<Item = Factors<S>>,
    ) -> Self {
        let slices: Vec<_> = slices.collect();
        let parts: Vec<_> = parts.collect();
        // The transpose of R has a block of columns for each gradient.
        let blocks = parts.iter().enumerate().map(|(j, part)| {
            let height = part.right.rows();
            Matrix::from_fn(height * slices.len(), part.width(), |i, column| {
                let coefficient = trajectory.coefficient(i / height + 1, j);
                coefficient * part.right[(i % height, column)]
            })
        });
        let blocks: Vec<_> = blocks.collect();
        let height = parts.first().map_or(0, |part| part.right.rows() * slices.len());
        Product {
            movement: Matrix::beside(rows, &slices),
            pooled: Matrix::beside(rows, parts.iter().map(|part| &part.left)),
            rest: Matrix::beside(height, &blocks).transposed(),
        }
    }
}

/// A matrix as one column.
fn flat<S: RankRevealing>(matrix: &Matrix<S>) -> Matrix<S> {
    Matrix::from_columns(matrix.data().len(), 1, matrix.data().to_vec())
}

/// What is compared: the singular values of X R, and those of X times ||R||.
pub struct Spectra {
    /// Of the movement, descending.
    pub movement: Vec<f64>,
    /// What the movement's may be at most; zero beyond the last.
    pub limits: Vec<f64>,
    /// What rounding can have put between the two, in each and in the norm of any tail.
    pub slack: f64,
}

impl Spectra {
    /// Of an unfolding of the movement in which rounding has this norm, zero of one that is given.
    ///
    /// # Errors
    ///
    /// In a field, which has no singular values.
    pub fn of<S: RankRevealing>(product: &Product<S>, noise: f64) -> Result<Self, Inconclusive> {
        let Product { movement, pooled, rest } = product;
        let size = (pooled.rows() + pooled.cols() + rest.cols()) as f64;
        let norms = pooled.norm() * rest.norm();
        // Singular values are f64, also of double-double.
        let ours = NOISE_FACTOR * (S::ROUNDING * size * norms);
        let [movement, mut limits, rest] = [movement, pooled, rest].map(singular_values);
        let norm = rest?.first().copied().unwrap_or(0.0);
        limits.iter_mut().flatten().for_each(|limit| *limit *= norm);
        Ok(Spectra { movement: movement?, limits: limits?, slack: noise + ours })
    }

    /// How many singular values of the movement exceed their limits.
    fn exceeding(&self) -> Bounds {
        let limits = self.limits.iter().copied().chain(std::iter::repeat(0.0));
        let above = |slack: f64| {
            let pairs = self.movement.iter().zip(limits.clone());
            pairs.filter(|&(value, limit)| *value > limit * (1.0 + SHOWN) + slack).count()
        };
        Bounds { lower: above(CLEAR_GAP * self.slack), upper: above(self.slack) }
    }

    /// The tail that the effective dimensions of the movement leave.
    fn theta(&self) -> f64 {
        ((1.0 - SHARE) * self.movement.iter().map(|value| value * value).sum::<f64>()).sqrt()
    }

    /// The dimensions that hold the share of the movement; none of one that is rounding alone, as
    /// where no error meets any activity.
    pub fn dimensions(&self) -> Bounds {
        let theta = self.theta();
        if all_but(&self.movement, self.slack) == 0 {
            return Bounds::exactly(0);
        }
        Bounds {
            lower: all_but(&self.movement, theta * (1.0 + SHOWN) + CLEAR_GAP * self.slack),
            upper: all_but(&self.movement, theta * (1.0 - SHOWN) - self.slack),
        }
    }

    /// The dimensions that the limits allow for it.
    pub fn allowed(&self) -> usize {
        all_but(&self.limits, self.theta())
    }
}

/// What conversion to f64 and sums of a few squares may add to a number, as a share of it.
const SHOWN: f64 = 16.0 * f64::EPSILON;

/// How many of the largest singular values leave a tail of at most theta; all of them if none does.
fn all_but(values: &[f64], theta: f64) -> usize {
    let mut tail = 0.0_f64;
    let small = values.iter().rev().take_while(|&&value| {
        tail = tail.hypot(value);
        tail <= theta
    });
    values.len() - small.count()
}

/// Descending.
fn singular_values<S: RankRevealing>(matrix: &Matrix<S>) -> Result<Vec<f64>, Inconclusive> {
    let rank = S::rank(matrix, 0.0);
    rank.spectrum().map(|(values, _)| values.to_vec()).ok_or(Inconclusive::Unavailable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::{Fp, Stream};
    use crate::task::Dimensions;
    use crate::theorem::{ActivationKind, InitialWeights, Setting, StepperKind};

    #[test]
    fn dimensions_leave_a_tail() {
        let values = [4.0, 3.0, 4.0 / 3.0, 1.0];
        for (theta, dimensions) in [(-1.0, 4), (0.0, 4), (1.0, 3), (1.7, 2), (3.5, 1), (6.0, 0)] {
            assert_eq!(all_but(&values, theta), dimensions, "{theta}");
        }
        assert_eq!(all_but(&[0.0, 0.0], 0.0), 0);
    }

    /// By ten times the slack, by the slack, or by less; beyond the last limit every value is too many.
    #[test]
    fn values_above_their_limits_are_counted() {
        let exceeding = |movement: &[f64], limits: &[f64]| {
            let (movement, limits) = (movement.to_vec(), limits.to_vec());
            Spectra { movement, limits, slack: 0.01 }.exceeding()
        };
        assert_eq!(exceeding(&[3.0, 1.0], &[3.0, 0.5]), Bounds::exactly(1));
        assert_eq!(exceeding(&[3.0, 0.55], &[3.0, 0.5]), Bounds { lower: 0, upper: 1 });
        assert_eq!(exceeding(&[3.005, 0.505], &[3.0, 0.5]), Bounds::exactly(0));
        assert_eq!(exceeding(&[3.0, 1.0, 0.5], &[3.0, 1.0]), Bounds::exactly(1));
    }

    /// Of squares 9 + 1 + 1 a tail of 1.1 may be left, of the limits too.
    #[test]
    fn ninety_percent_of_the_movement_has_its_dimensions() {
        let spectra = |slack| Spectra {
            movement: vec![3.0, 1.0, 1.0],
            limits: vec![6.0, 2.0, 1.0, 0.1],
            slack,
        };
        assert_eq!((spectra(0.0).dimensions(), spectra(0.0).allowed()), (Bounds::exactly(2), 2));
        // Between tails of 3.05 and of 0.85.
        assert_eq!(spectra(0.2).dimensions(), Bounds { lower: 1, upper: 3 });
        let rounding = Spectra { movement: vec![0.01, 0.01], limits: vec![], slack: 0.1 };
        assert_eq!(rounding.dimensions(), Bounds::exactly(0));
    }

    /// In a field exactly, with all that an optimizer may mix.
    #[test]
    fn the_movement_is_a_product_along_each_mode() {
        let dimensions = Dimensions { neurons: 3, d_in: 2, d_out: 1, steps: 3, trials: 2 };
        let setting = Setting {
            learning_steps: 4,
            phi: ActivationKind::Polynomial(2),
            initial_weights: InitialWeights::Full,
            stepper: StepperKind::Nesterov,
            decay: true,
            ..Setting::plain(dimensions)
        };
        let case = Case::<Fp>::draw(&setting, Stream::new("product", 0, 0), None);
        let trajectory = case.expect("in a field").train().expect("a field has no overflow");
        let increments: Vec<_> = (1..=4).map(|k| trajectory.increment(k)).collect();
        // Where entry (i, j) of D_{k+1} stands.
        let place = |mode, i: usize, j: usize, k: usize| match mode {
            Mode::Row => (i, 3 * k + j),
            Mode::Column => (j, 3 * k + i),
            Mode::Step => (i + 3 * j, k),
        };
        for (mode, shape) in [(Mode::Row, (3, 12)), (Mode::Column, (3, 12)), (Mode::Step, (9, 4))] {
            let Product { movement, pooled, rest } = Product::of(&trajectory, mode);
            assert_eq!((movement.rows(), movement.cols()), shape);
            for (k, increment) in increments.iter().enumerate() {
                for (i, j) in (0..3).flat_map(|i| (0..3).map(move |j| (i, j))) {
                    assert_eq!(movement[place(mode, i, j, k)], increment[(i, j)], "{mode:?}");
                }
            }
            assert_eq!(pooled.times(&rest), movement, "{mode:?}");
        }
    }

    #[test]
    fn limits_are_those_of_the_pooled_times_the_norm_of_the_rest() {
        let diagonal = |a: f64, b: f64| Matrix::from_rows(&[[a, 0.0], [0.0, b]]);
        let (pooled, rest) = (diagonal(2.0, 1.0), diagonal(1.0, 3.0));
        let movement = pooled.times(&rest);
        let found = Spectra::of(&Product { movement, pooled, rest }, 1e-13).expect("in f64");
        let close = |found: &[f64], expected: [f64; 2]| {
            found.iter().zip(expected).all(|(x, y)| (x - y).abs() < 1e-14)
        };
        assert!(close(&found.movement, [3.0, 2.0]), "{:?}", found.movement);
        assert!(close(&found.limits, [6.0, 3.0]), "{:?}", found.limits);
        let rounding = NOISE_FACTOR * f64::EPSILON * 6.0 * 50.0_f64.sqrt();
        assert!((found.slack - 1e-13 - rounding).abs() < 1e-3 * rounding, "{}", found.slack);
    }
}
