//! What a gradient becomes before a step is made along it.

use super::Method;
use super::adam::Adam;
use crate::blocks::{Block, Blocks};
use crate::matrix::{Factors, Matrix, RankRevealing};
use crate::scalar::Scalar;

/// How a gradient becomes the direction of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum UpdateRule<S> {
    /// The gradient itself: with it every optimizer is GD-like.
    Gradient,
    /// Each entry of each parameter on its own.
    Entrywise(Entrywise<S>),
    /// The gradient of each followed block (W of a [`Training`](super::Training)), or its momentum,
    /// as `L G R` with L and R made of gradients; other blocks as they are.
    Spectral(Spectral<S>),
}

/// Directions that act entry by entry.
#[derive(Clone, Debug, PartialEq)]
pub enum Entrywise<S> {
    /// The sign of the gradient.
    Sign,
    /// The gradient, each entry cut to at most this size, which is positive.
    Clip(S),
    /// The cube of the gradient: the simplest that a field has too.
    Cube,
    /// Adam (Kingma and Ba 2015). Needs real numbers.
    Adam {
        /// The decay of the mean.
        beta1: S,
        /// The decay of the mean square.
        beta2: S,
        /// Added to the root of the mean square.
        epsilon: S,
    },
    /// RMSProp (Tieleman and Hinton 2012). Needs real numbers.
    RmsProp {
        /// The decay of the mean square.
        decay: S,
        /// Added to its root.
        epsilon: S,
    },
    /// The gradient plus this number times the sign of the parameter: L1 decay.
    L1(S),
}

/// Directions that act on the singular values of a gradient.
#[derive(Clone, Debug, PartialEq)]
pub enum Spectral<S> {
    /// Muon (Jordan et al. 2024). The momentum of the [method](Method) is accumulated first, for
    /// all parameters: v = mu v + g. Then X = v, or X = g + mu v where the method is
    /// [`Nesterov`](Method::Nesterov), or the gradient where it has no momentum, becomes
    /// X <- a X + b X X^T X + c X (X^T X)^2, `iterations` times; in floating point X is divided by
    /// its norm before.
    Muon {
        /// a, b and c.
        coefficients: [S; 3],
        /// How often.
        iterations: usize,
    },
    /// Shampoo (Gupta, Koren and Singer 2018): L^{-1/4} G R^{-1/4} with L = epsilon + sum G G^T and
    /// R = epsilon + sum G^T G over all gradients so far. Needs real numbers.
    Shampoo {
        /// Keeps L and R from being singular.
        epsilon: S,
    },
}

/// The momentum that Muon's authors use, in the form of [`Nesterov`](Method::Nesterov).
pub const MUON_MOMENTUM: f64 = 0.95;

/// What a direction remembers from step to step.
#[derive(Clone, Debug)]
pub struct Memory<S> {
    steps: i32,
    /// Muon's momentum, stored in full, and what the rounding errors of each followed block of it
    /// are proportional to.
    velocity: Option<(Blocks<S>, Vec<f64>)>,
    /// Means of gradients and of their squares, each block a list of entries.
    mean: Vec<Vec<S>>,
    square: Vec<Vec<S>>,
    /// Of each followed block.
    sides: Vec<Sides<S>>,
}

/// L and R of Shampoo.
#[derive(Clone, Debug)]
struct Sides<S> {
    left: Matrix<S>,
    right: Matrix<S>,
    /// What their rounding errors are proportional to.
    rounding: f64,
}

impl<S> Default for Memory<S> {
    fn default() -> Self {
        Memory { steps: 0, velocity: None, mean: Vec::new(), square: Vec::new(), sides: Vec::new() }
    }
}

/// The published settings.
impl<S: Scalar> UpdateRule<S> {
    /// Adam with decays 0.9 and 0.999.
    pub fn adam(epsilon: S) -> Self {
        let (beta1, beta2) = (S::ratio(9, 10), S::ratio(999, 1000));
        UpdateRule::Entrywise(Entrywise::Adam { beta1, beta2, epsilon })
    }

    /// RMSProp with decay 0.99.
    pub fn rms_prop(epsilon: S) -> Self {
        UpdateRule::Entrywise(Entrywise::RmsProp { decay: S::ratio(99, 100), epsilon })
    }

    /// Muon with the coefficients and the five iterations of its authors, who use it with the
    /// method [`Nesterov`](Method::Nesterov) and the momentum [`MUON_MOMENTUM`].
    pub fn muon() -> Self {
        let coefficients = [(34445, 10_000), (-47750, 10_000), (20315, 10_000)];
        let coefficients = coefficients.map(|(numerator, scale)| S::ratio(numerator, scale));
        UpdateRule::Spectral(Spectral::Muon { coefficients, iterations: 5 })
    }

    /// Shampoo.
    pub fn shampoo(epsilon: S) -> Self {
        UpdateRule::Spectral(Spectral::Shampoo { epsilon })
    }
}

impl<S: RankRevealing> UpdateRule<S> {
    /// True if it is made of the momentum of the method, so that a step along it adds none.
    pub(super) fn takes_momentum(&self) -> bool {
        matches!(self, UpdateRule::Spectral(Spectral::Muon { .. }))
    }

    /// What the direction is made of, and what the rounding errors of its followed blocks are
    /// proportional to: the gradient, of which they are proportional to `roundings`, or the
    /// momentum.
    pub(super) fn gathered(
        &self,
        memory: &mut Memory<S>,
        method: &Method<S>,
        gradient: Blocks<S>,
        roundings: Vec<f64>,
    ) -> (Blocks<S>, Vec<f64>) {
        let (Method::HeavyBall { momentum } | Method::Nesterov { momentum }) = method else {
            return (gradient, roundings);
        };
        if !self.takes_momentum() {
            return (gradient, roundings);
        }
        let mut gradient = gradient.into_dense();
        let mu = S::ELEMENTARY.map_or(1.0, |real| (real.to_f64)(*momentum).abs());
        let plus = |to: &[f64], more: &[f64]| -> Vec<f64> {
            to.iter().zip(more).map(|(to, more)| to + mu * more).collect()
        };
        let mut velocity = gradient.clone();
        let mut velocity_roundings = roundings.clone();
        if let Some((before, before_roundings)) = &memory.velocity {
            velocity.add_scaled(*momentum, before);
            velocity_roundings = plus(&velocity_roundings, before_roundings);
        }
        memory.velocity = Some((velocity.clone(), velocity_roundings.clone()));
        match method {
            Method::Nesterov { .. } => {
                gradient.add_scaled(*momentum, &velocity);
                (gradient, plus(&roundings, &velocity_roundings))
            }
            _ => (velocity, velocity_roundings),
        }
    }

    /// True if this arithmetic can express it.
    pub fn is_available(&self) -> bool {
        let needs_roots = matches!(
            self,
            UpdateRule::Entrywise(Entrywise::Adam { .. } | Entrywise::RmsProp { .. })
                | UpdateRule::Spectral(Spectral::Shampoo { .. })
        );
        !needs_roots || S::ELEMENTARY.is_some()
    }

    /// How large the rounding errors of a direction for followed block `index` can be, in units of
    /// rounding: `gradient` is what those of the gradient or momentum, of norm `norm`, are
    /// proportional to, and is multiplied by the largest slope of the direction, of norm
    /// `direction`. To be asked once for each gradient, after [`apply`](UpdateRule::apply), because
    /// the sides of Shampoo collect errors.
    pub(super) fn rounding(
        &self,
        memory: &mut Memory<S>,
        index: usize,
        gradient: f64,
        norm: f64,
        direction: f64,
    ) -> f64 {
        let real = |x: S| S::ELEMENTARY.map_or(1.0, |real| (real.to_f64)(x));
        let slope = match self {
            UpdateRule::Gradient => return gradient,
            _ if norm == 0.0 => 0.0,
            // A sign has no slope: entries that are equal without rounding must stay equal.
            UpdateRule::Entrywise(Entrywise::Sign) => 0.0,
            UpdateRule::Entrywise(Entrywise::Clip(_) | Entrywise::L1(_)) => 1.0,
            UpdateRule::Entrywise(Entrywise::Cube) => 3.0 * norm * norm,
            UpdateRule::Entrywise(
                Entrywise::Adam { epsilon, .. } | Entrywise::RmsProp { epsilon, .. },
            ) => 1.0 / real(*epsilon),
            // What is small at the start grows by the linear coefficient each time.
            UpdateRule::Spectral(Spectral::Muon { coefficients, iterations }) => {
                real(coefficients[0]).abs().powi(*iterations as i32) / norm
            }
            UpdateRule::Spectral(Spectral::Shampoo { epsilon }) => {
                let epsilon = real(*epsilon);
                let sides = &mut memory.sides[index];
                sides.rounding += norm * (norm + 2.0 * gradient);
                // The slope of A^{-1/4} is at most epsilon^{-5/4} / 4, and what each of the two
                // roots is multiplied by, G R^{-1/4} or L^{-1/4} G, has at most the root of the
                // norm of G.
                let roots = epsilon.powf(-1.25) / 2.0 * (epsilon + sides.rounding);
                return gradient / epsilon.sqrt() + roots * norm.sqrt() + direction;
            }
        };
        slope * gradient + direction
    }

    /// Turns what was [gathered](UpdateRule::gathered) at `at` into a direction.
    ///
    /// # Panics
    ///
    /// If it is not [available](UpdateRule::is_available) in this arithmetic.
    pub(super) fn apply(
        &self,
        memory: &mut Memory<S>,
        at: &Blocks<S>,
        gradient: Blocks<S>,
        followed: &[String],
    ) -> Blocks<S> {
        memory.steps += 1;
        match self {
            UpdateRule::Gradient => gradient,
            UpdateRule::Entrywise(entrywise) => entrywise.apply(memory, at, gradient),
            UpdateRule::Spectral(spectral) => gradient.replaced(|name, block| {
                let Some(index) = followed.iter().position(|own| own == name) else {
                    return block.clone();
                };
                let changed = spectral.apply(&mut memory.sides, index, block.to_matrix());
                let identity = Matrix::scaled_identity(changed.cols(), S::ONE);
                Block::from(Factors::new(changed, identity))
            }),
        }
    }
}

impl<S: Scalar> Entrywise<S> {
    fn apply(&self, memory: &mut Memory<S>, at: &Blocks<S>, gradient: Blocks<S>) -> Blocks<S> {
        let (mut at, mut gradient) = (at.clone().into_dense(), gradient.into_dense());
        if memory.mean.is_empty() {
            let zeros = |block: &mut Block<S>| vec![S::ZERO; block.entries_mut().len()];
            memory.mean = gradient.iter_mut().map(zeros).collect();
            memory.square = memory.mean.clone();
        }
        let pairs = gradient.iter_mut().zip(at.iter_mut());
        for (index, (block, place)) in pairs.enumerate() {
            let (part, place) = (block.entries_mut(), place.entries_mut());
            let (mean, square) = (&mut memory.mean[index], &mut memory.square[index]);
            if let Entrywise::Adam { beta1, beta2, epsilon } = *self {
                Adam { beta1, beta2, epsilon }.apply(memory.steps, part, mean, square);
                continue;
            }
            for ((g, x), square) in part.iter_mut().zip(place).zip(square) {
                *g = self.of_entry(*g, *x, square);
            }
        }
        gradient
    }

    fn of_entry(&self, g: S, x: S, square: &mut S) -> S {
        let sqrt = |x| (S::ELEMENTARY.expect("this direction needs real numbers").sqrt)(x);
        let average = |old: S, new: S, decay: S| decay * old + (S::ONE - decay) * new;
        match self {
            Entrywise::Cube => g * g * g,
            Entrywise::Sign => sign(g),
            Entrywise::L1(decay) => g + *decay * sign(x),
            Entrywise::Clip(size) => {
                let sign = sign(g);
                if (sign * g - *size).is_positive() { sign * *size } else { g }
            }
            Entrywise::RmsProp { decay, epsilon } => {
                *square = average(*square, g * g, *decay);
                divide(g, sqrt(*square) + *epsilon)
            }
            Entrywise::Adam { .. } => unreachable!("Adam takes all entries at once"),
        }
    }
}

impl<S: RankRevealing> Spectral<S> {
    /// The direction of followed block `index`; the blocks before it come before.
    fn apply(&self, sides: &mut Vec<Sides<S>>, index: usize, gradient: Matrix<S>) -> Matrix<S> {
        match self {
            Spectral::Muon { coefficients, iterations } => {
                let start = normalized(gradient);
                (0..*iterations).fold(start, |g, _| newton_schulz(coefficients, &g))
            }
            Spectral::Shampoo { epsilon } => {
                if sides.len() == index {
                    let [left, right] = [gradient.rows(), gradient.cols()]
                        .map(|size| Matrix::scaled_identity(size, *epsilon));
                    sides.push(Sides { left, right, rounding: 0.0 });
                }
                let Sides { left, right, .. } = &mut sides[index];
                left.add_scaled(S::ONE, &Matrix::product(gradient.view(), gradient.t()));
                right.add_scaled(S::ONE, &Matrix::product(gradient.t(), gradient.view()));
                let [left, right] = [left, right].map(|side| {
                    S::inverse_fourth_root(side).expect("this direction needs real numbers")
                });
                left.times(&gradient).times(&right)
            }
        }
    }
}

/// The matrix divided by its norm, where there is one.
fn normalized<S: Scalar>(mut matrix: Matrix<S>) -> Matrix<S> {
    if let Some(real) = S::ELEMENTARY {
        let norm = (real.sqrt)(matrix.inner_product(&matrix));
        if let Some(inverse) = norm.inverse() {
            matrix.scale(inverse);
        }
    }
    matrix
}

/// a G + b G G^T G + c G (G^T G)^2.
fn newton_schulz<S: Scalar>([a, b, c]: &[S; 3], g: &Matrix<S>) -> Matrix<S> {
    let square = Matrix::product(g.t(), g.view());
    let mut polynomial = square.times(&square);
    polynomial.scale(*c);
    polynomial.add_scaled(*b, &square);
    polynomial.add_scaled(*a, &Matrix::scaled_identity(g.cols(), S::ONE));
    g.times(&polynomial)
}

fn sign<S: Scalar>(x: S) -> S {
    if x.is_positive() {
        S::ONE
    } else if (-x).is_positive() {
        -S::ONE
    } else {
        S::ZERO
    }
}

fn divide<S: Scalar>(numerator: S, denominator: S) -> S {
    denominator.inverse().map_or(S::ZERO, |inverse| numerator * inverse)
}
