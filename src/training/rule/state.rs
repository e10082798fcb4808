//! What rules remember from gradient to gradient, and how they are applied to named blocks.

use super::{Entrywise, Sizes, UpdateRule};
use crate::blocks::{Block, Blocks};
use crate::matrix::{Factors, Matrix, RankRevealing};
use crate::scalar::Scalar;
use crate::training::Stepper;

/// What a rule remembers of all blocks.
#[derive(Clone, Debug)]
pub(in crate::training) struct State<S> {
    steps: i32,
    /// The momentum, stored in full, and what the rounding errors of each followed block of it are
    /// proportional to.
    velocity: Option<(Blocks<S>, Vec<f64>)>,
    /// The lists of an [`Entrywise`] rule for each block.
    entries: Vec<Vec<Vec<S>>>,
    /// Of a [`Spectral`](super::Spectral) rule for each followed block.
    followed: Vec<Preconditioners<S>>,
}

/// What a spectral rule remembers of one block.
#[derive(Clone, Debug)]
pub struct Preconditioners<S> {
    /// L (m, m) and R (n, n) of an (m, n) gradient, as the rule makes them; `None` at the start.
    pub sides: Option<(Matrix<S>, Matrix<S>)>,
    /// What their rounding errors are proportional to.
    pub rounding: f64,
}

impl<S> Default for State<S> {
    fn default() -> Self {
        State { steps: 0, velocity: None, entries: Vec::new(), followed: Vec::new() }
    }
}

impl<S> Default for Preconditioners<S> {
    fn default() -> Self {
        Preconditioners { sides: None, rounding: 0.0 }
    }
}

impl<S: RankRevealing> UpdateRule<S> {
    /// True if it is made of the momentum of the method, so that a step along it adds none.
    pub(in crate::training) fn takes_momentum(&self) -> bool {
        self.momentum().is_some()
    }

    /// What the direction is made of, and what the rounding errors of its followed blocks are
    /// proportional to: the gradient, of which they are proportional to `roundings`, or the
    /// momentum.
    pub(in crate::training) fn gathered(
        &self,
        state: &mut State<S>,
        stepper: &Stepper<S>,
        gradient: Blocks<S>,
        roundings: Vec<f64>,
    ) -> (Blocks<S>, Vec<f64>) {
        let (Stepper::HeavyBall { momentum } | Stepper::Nesterov { momentum }) = stepper else {
            return (gradient, roundings);
        };
        if !self.takes_momentum() {
            return (gradient, roundings);
        }
        let mut gradient = gradient.into_dense();
        let mu = super::size(*momentum);
        let plus = |to: &[f64], more: &[f64]| -> Vec<f64> {
            to.iter().zip(more).map(|(to, more)| to + mu * more).collect()
        };
        let mut velocity = gradient.clone();
        let mut velocity_roundings = roundings.clone();
        if let Some((before, before_roundings)) = &state.velocity {
            velocity.add_scaled(*momentum, before);
            velocity_roundings = plus(&velocity_roundings, before_roundings);
        }
        state.velocity = Some((velocity.clone(), velocity_roundings.clone()));
        match stepper {
            Stepper::Nesterov { .. } => {
                gradient.add_scaled(*momentum, &velocity);
                (gradient, plus(&roundings, &velocity_roundings))
            }
            _ => (velocity, velocity_roundings),
        }
    }

    /// Turns what was [gathered](UpdateRule::gathered) at `at` into a direction.
    ///
    /// # Panics
    ///
    /// If it is not [available](UpdateRule::is_available) in this arithmetic.
    pub(in crate::training) fn apply(
        &self,
        state: &mut State<S>,
        at: &Blocks<S>,
        gradient: Blocks<S>,
        followed: &[String],
    ) -> Blocks<S> {
        state.steps += 1;
        match self {
            UpdateRule::Gradient => gradient,
            UpdateRule::Entrywise(rule) => by_entries(&**rule, state, at, gradient),
            UpdateRule::Spectral(rule) => {
                state.followed.resize_with(followed.len(), Preconditioners::default);
                gradient.replaced(|name, block| {
                    let Some(index) = followed.iter().position(|own| own == name) else {
                        return block.clone();
                    };
                    let memory = &mut state.followed[index];
                    let changed = rule.direction(block.to_matrix(), memory);
                    let identity = Matrix::scaled_identity(changed.cols(), S::ONE);
                    Block::from(Factors::new(changed, identity))
                })
            }
        }
    }

    /// How large the rounding errors of the direction of followed block `index` can be, in units of
    /// rounding. To be asked once for each gradient, after [`apply`](UpdateRule::apply), because
    /// what a rule remembers collects errors.
    pub(in crate::training) fn rounding(
        &self,
        state: &mut State<S>,
        index: usize,
        sizes: Sizes,
    ) -> f64 {
        match self {
            UpdateRule::Gradient => sizes.rounding,
            _ if sizes.norm == 0.0 => sizes.direction,
            UpdateRule::Entrywise(rule) => {
                rule.slope(sizes.norm) * sizes.rounding + sizes.direction
            }
            UpdateRule::Spectral(rule) => rule.rounding(sizes, &mut state.followed[index]),
        }
    }
}

fn by_entries<S: Scalar>(
    rule: &dyn Entrywise<S>,
    state: &mut State<S>,
    at: &Blocks<S>,
    gradient: Blocks<S>,
) -> Blocks<S> {
    let (mut at, mut gradient) = (at.clone().into_dense(), gradient.into_dense());
    if state.entries.is_empty() {
        let zeros =
            |block: &mut Block<S>| vec![vec![S::ZERO; block.entries_mut().len()]; rule.numbers()];
        state.entries = gradient.iter_mut().map(zeros).collect();
    }
    for ((block, at), memory) in gradient.iter_mut().zip(at.iter_mut()).zip(&mut state.entries) {
        rule.direction(state.steps, block.entries_mut(), at.entries_mut(), memory);
    }
    gradient
}
