//! Optimizers. With the gradient itself as [`UpdateRule`] all are GD-like: every iterate is a
//! combination of the start, the earlier iterates and the gradients.

use super::{Point, UpdateRule};
use crate::matrix::RankRevealing;
use crate::scalar::Scalar;

/// An optimizer with its settings.
#[derive(Clone, Debug)]
pub struct Optimizer<S> {
    /// How a step is made from gradients.
    pub stepper: Stepper<S>,
    /// What a gradient becomes before that.
    pub rule: UpdateRule<S>,
    /// The step sizes.
    pub schedule: Schedule<S>,
    /// The coefficient lambda of weight decay: lambda times the trained parameters is added to
    /// every direction. Zero for none. With Muon, whose momentum is in the direction already, it is
    /// decoupled: parameters are multiplied by 1 - eta lambda.
    pub weight_decay: S,
    /// Gradients of a larger norm, over all trained parameters, are scaled down to this one
    /// (Pascanu, Mikolov and Bengio 2013). Needs real numbers.
    pub clip: Option<S>,
}

/// How a step is made; g is the gradient, or the direction made of it, eta the step size.
///
/// [Muon](UpdateRule::muon) takes the momentum mu before its direction is made, as published,
/// and gradients at x alone: then the step is x - eta times the direction.
#[derive(Clone, Debug, PartialEq)]
pub enum Stepper<S> {
    /// x - eta g(x).
    GradientDescent,
    /// v = mu v + g(x), x - eta v (Polyak 1964, in the form that PyTorch uses).
    HeavyBall {
        /// mu.
        momentum: S,
    },
    /// z = x + mu (x - x_before), z - eta g(z) (Nesterov 1983).
    Nesterov {
        /// mu.
        momentum: S,
    },
    /// A step of length eta along x' = -g(x) by the classical Runge-Kutta method of order 4.
    GradientFlow,
}

/// The step size of each learning step.
#[derive(Clone, Debug, PartialEq)]
pub enum Schedule<S> {
    /// The same for all.
    Constant(S),
    /// One for each step; the last is repeated.
    Listed(Vec<S>),
    /// `initial` times `factor` to the number of the step.
    Geometric {
        /// The first step size.
        initial: S,
        /// What it is multiplied by after each step.
        factor: S,
    },
}

impl<S: Scalar> Schedule<S> {
    /// The size of learning step `k`, counted from 0.
    pub fn at(&self, k: usize) -> S {
        match self {
            Schedule::Constant(size) => *size,
            Schedule::Listed(sizes) => sizes.get(k).or(sizes.last()).copied().unwrap_or(S::ZERO),
            Schedule::Geometric { initial, factor } => {
                (0..k).fold(*initial, |size, _| size * *factor)
            }
        }
    }
}

impl<S: Scalar> Optimizer<S> {
    /// Plain gradient descent with a constant step size.
    pub fn gradient_descent(step: S) -> Self {
        Optimizer {
            stepper: Stepper::GradientDescent,
            rule: UpdateRule::Gradient,
            schedule: Schedule::Constant(step),
            weight_decay: S::ZERO,
            clip: None,
        }
    }
}

impl<S: RankRevealing> Optimizer<S> {
    /// The iterate after `now`, which is number `k`. `memory` is the optimizer's own between steps.
    pub(super) fn step<E>(
        &self,
        k: usize,
        now: &Point<S>,
        memory: &mut Option<Point<S>>,
        mut gradient: impl FnMut(&Point<S>) -> Result<Point<S>, E>,
    ) -> Result<Point<S>, E> {
        let size = self.schedule.at(k);
        match &self.stepper {
            Stepper::HeavyBall { .. } | Stepper::Nesterov { .. } if self.rule.takes_momentum() => {
                Ok(now.plus(-size, &gradient(now)?))
            }
            Stepper::GradientDescent => Ok(now.plus(-size, &gradient(now)?)),
            Stepper::HeavyBall { momentum } => {
                let g = gradient(now)?;
                let mut velocity = match memory.take() {
                    Some(velocity) => g.plus(*momentum, &velocity),
                    None => g,
                };
                velocity.blocks.compress();
                let next = now.plus(-size, &velocity);
                *memory = Some(velocity);
                Ok(next)
            }
            Stepper::Nesterov { momentum } => {
                let ahead = match memory.take() {
                    Some(before) => now.plus(*momentum, now).plus(-*momentum, &before),
                    None => now.clone(),
                };
                *memory = Some(now.clone());
                let g = gradient(&ahead)?;
                Ok(ahead.plus(-size, &g))
            }
            Stepper::GradientFlow => {
                let half = size * S::ratio(1, 2);
                let k1 = gradient(now)?;
                let k2 = gradient(&now.plus(-half, &k1))?;
                let k3 = gradient(&now.plus(-half, &k2))?;
                let k4 = gradient(&now.plus(-size, &k3))?;
                let (sixth, third) = (size * S::ratio(1, 6), size * S::ratio(1, 3));
                let mut next = now.plus(-sixth, &k1);
                next.add_scaled(-third, &k2);
                next.add_scaled(-third, &k3);
                next.add_scaled(-sixth, &k4);
                Ok(next)
            }
        }
    }
}
