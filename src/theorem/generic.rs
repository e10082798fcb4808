//! How likely it is that a random instance misses the generic rank.
//!
//! Every number of an exact instance is a polynomial in the random elements of the field that were
//! drawn for it, or known not to be one. So is a minor, and the generic rank is the size of the
//! largest minor that is not the zero polynomial. By the lemma of Schwartz (1980) and Zippel (1979)
//! a minor of degree d vanishes at a random point with probability at most d / p. An instance can
//! only miss in one direction: its rank is at most the generic one. A bound that holds in all
//! instances may then fail for generic ones with that probability, and a bound that an instance
//! attains is attained.
//!
//! **Degrees.** They are counted in all random elements together, by the recursions of the network
//! themselves, with the degree of a sum at most the larger one and that of a product the sum. For
//! a linear network with h_0 = 0, deg B = deg C = deg u = 1 and d = deg W >= 1,
//!
//! ```text
//! deg h_t = (t - 1) d + 2,    deg e_T = (T - 1) d + 3,    deg l_t = (2 T - 1 - t) d + 4,
//! deg G   = max over t of deg l_{t+1} + deg h_t = (2 T - 3) d + 6,
//! ```
//!
//! and a step W - eta G has one more. So the degree is multiplied by 2 T - 3 with every gradient
//! (2 T - 1 where h_0 is not zero): it grows exponentially with the steps of learning. At T = 16 a
//! rank of 20 after seven steps is missed with a probability of 6e-4 at most if h_0 is not zero,
//! and after nine the bound is 0.5. The four gradients of a Runge-Kutta step, and the five
//! Newton-Schulz steps of Muon, of degree 5 each, come to this sooner. In practice instances miss
//! about once in p, as if a minor were a random element of the field; that is no theorem.
//!
//! **What it is not.** The generic rank is that over the field of [`PRIME`] elements. It is at most
//! the one over the rational numbers, and less only if all coefficients of a minor are multiples of
//! the prime, which no random instance can tell.

use std::ops::{Add, Mul};

use super::{
    ActivationKind, InitialState, InitialWeights, LossKind, RuleKind, Setting, StepperKind,
};
use crate::blocks::Subset;
use crate::network::RNN_BLOCKS;
use crate::scalar::{Fp, PRIME};
use crate::task::TaskFamily;

/// A rank that a random instance may miss with a larger probability counts as one of which
/// Schwartz-Zippel says nothing: a thousand of the others are generic together but with one in a
/// thousand.
pub const MAX_MISSED: f64 = 1e-6;

/// The probability with which a minor of this degree vanishes at most, unless it always does;
/// `None` above [`MAX_MISSED`], or without a degree.
///
/// # Examples
///
/// ```
/// use rankproof::theorem::missed;
///
/// assert!(missed(Some(1000)).is_some_and(|probability| probability < 1e-12));
/// assert_eq!(missed(Some(1 << 40)), None);
/// ```
pub fn missed(degree: Option<u64>) -> Option<f64> {
    degree.map(probability).filter(|&probability| probability <= MAX_MISSED)
}

/// d / p, at most 1.
pub fn probability(degree: u64) -> f64 {
    (degree as f64 / PRIME as f64).min(1.0)
}

/// The degree of the largest minor of the matrices that a training run leaves: increments,
/// gradients, weights and their unfoldings, which have N rows, or a column for each gradient.
/// `None` of numbers that are not polynomials: gates, signs and sizes in the field.
pub fn of_training(setting: &Setting) -> Option<u64> {
    minors(setting, entries(setting)?, 0)
}

/// The same for `more` columns, and entries of degree `entry`.
pub(super) fn minors(setting: &Setting, entry: u64, more: usize) -> Option<u64> {
    let gradients = setting.learning_steps * setting.gradients_per_step();
    let size = setting.dimensions.neurons.max(gradients + more);
    Some(entry.saturating_mul(size as u64))
}

/// The same where the errors are sent back by a fixed random matrix of degree 2.
pub(super) fn of_feedback(setting: &Setting) -> Option<u64> {
    let feedback = Degree::VARIABLE * Degree::VARIABLE;
    minors(setting, Learning { setting, feedback: Some(feedback) }.run()?, 0)
}

/// The same for the first gradient by all parameters, and the errors and the activity behind it.
pub(super) fn of_gradient(setting: &Setting) -> Option<u64> {
    let plain = Setting {
        learning_steps: 1,
        stepper: StepperKind::GradientDescent,
        rule: RuleKind::Gradient,
        trained: Subset::All,
        ..setting.clone()
    };
    of_training(&plain)
}

/// The same for the two sides of an identity, of degree 2 in parameters, random directions and the
/// first gradient by all parameters.
pub(super) fn of_identity(setting: &Setting) -> Option<u64> {
    Some(of_gradient(setting)?.saturating_mul(2))
}

/// Of what has denominators, or is not a minor: nothing is known.
pub(super) fn unknown(_: &Setting) -> Option<u64> {
    None
}

/// The degree of the entries of the parameters up to the last step, and of the gradients by W and
/// by all others that are trained. `None` of numbers that are not polynomials.
pub fn entries(setting: &Setting) -> Option<u64> {
    Learning { setting, feedback: None }.run()
}

/// The degree of a polynomial is at most this; `None` of the polynomial zero. It stays at the
/// largest number when it reaches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Degree(Option<u64>);

impl Degree {
    const ZERO: Degree = Degree(None);
    const CONSTANT: Degree = Degree(Some(0));
    const VARIABLE: Degree = Degree(Some(1));

    fn power(self, exponent: usize) -> Self {
        (0..exponent).fold(Degree::CONSTANT, |product, _| product * self)
    }
}

impl Add for Degree {
    type Output = Degree;

    /// Of a sum: the larger one.
    fn add(self, other: Degree) -> Degree {
        self.max(other)
    }
}

impl Mul for Degree {
    type Output = Degree;

    /// Of a product: the sum, or zero times anything.
    fn mul(self, other: Degree) -> Degree {
        Degree(self.0.zip(other.0).map(|(a, b)| a.saturating_add(b)))
    }
}

/// The degrees of W, B, C, b and h_0, or of their gradients.
type Point = [Degree; 5];

fn plus(a: Point, scale: Degree, b: Point) -> Point {
    std::array::from_fn(|i| a[i] + scale * b[i])
}

fn with_w(w: Degree, [b, c, bias, h0]: [Degree; 4]) -> Point {
    [w, b, c, bias, h0]
}

/// Degrees through a training run, as the code of [`Optimizer`](crate::training::Optimizer),
/// forward and adjoint run has them.
struct Learning<'a> {
    setting: &'a Setting,
    /// In the place of the adjoint.
    feedback: Option<Degree>,
}

impl Learning<'_> {
    /// The largest degree seen.
    fn run(&self) -> Option<u64> {
        // A step size and a momentum are random.
        let (eta, mu) = (Degree::VARIABLE, Degree::VARIABLE);
        let takes_momentum = self.setting.rule.momentum().is_some();
        let mut now = self.start()?;
        let mut seen = now;
        let mut memory: Option<Point> = None;
        for _ in 0..self.setting.learning_steps {
            let mut direction = |at: Point| {
                let gradient = self.gradient(at)?;
                // That by W is kept whether it is trained or not.
                let [by_w, ..] = gradient;
                let [_, others @ ..] = self.trained(gradient);
                seen = plus(seen, Degree::CONSTANT, with_w(by_w, others));
                Some(gradient)
            };
            now = match self.setting.stepper {
                StepperKind::GradientDescent => plus(now, eta, self.along(now, direction(now)?)?),
                StepperKind::HeavyBall | StepperKind::Nesterov if takes_momentum => {
                    let gradient = direction(now)?;
                    let velocity = memory.map_or(gradient, |before| plus(gradient, mu, before));
                    memory = Some(velocity);
                    // The momentum of Nesterov, which is no less.
                    plus(now, eta, self.along(now, plus(gradient, mu, velocity))?)
                }
                StepperKind::HeavyBall => {
                    let along = self.along(now, direction(now)?)?;
                    let velocity = memory.map_or(along, |before| plus(along, mu, before));
                    memory = Some(velocity);
                    plus(now, eta, velocity)
                }
                StepperKind::Nesterov => {
                    let ahead = memory.map_or(now, |before| plus(plus(now, mu, now), mu, before));
                    memory = Some(now);
                    plus(ahead, eta, self.along(ahead, direction(ahead)?)?)
                }
                StepperKind::GradientFlow => {
                    let (mut next, mut at) = (now, now);
                    for _ in 0..4 {
                        let along = self.along(at, direction(at)?)?;
                        at = plus(now, eta, along);
                        next = plus(next, eta, along);
                    }
                    next
                }
            };
            seen = plus(seen, Degree::CONSTANT, now);
        }
        seen.into_iter().max().map(|most| most.0.unwrap_or(0))
    }

    /// `None` of a start that is no polynomial.
    fn start(&self) -> Option<Point> {
        let variable_if = |present| if present { Degree::VARIABLE } else { Degree::ZERO };
        let w = match self.setting.initial_weights {
            InitialWeights::Zero => Degree::ZERO,
            InitialWeights::ScaledIdentity | InitialWeights::Full => Degree::VARIABLE,
            InitialWeights::LowRank(_) => Degree::VARIABLE * Degree::VARIABLE,
            // Reflections divide.
            InitialWeights::Symmetric(_) => return None,
        };
        let state = match self.setting.initial_state {
            InitialState::Zero => Degree::ZERO,
            InitialState::Common | InitialState::PerTrial => Degree::VARIABLE,
            InitialState::AlongInputs => Degree::VARIABLE * Degree::VARIABLE,
        };
        Some([w, Degree::VARIABLE, Degree::VARIABLE, variable_if(self.setting.bias), state])
    }

    /// Of inputs and of the target at the end: see the families that a field has.
    fn task(&self) -> Option<(Degree, Degree)> {
        let one = Degree::VARIABLE;
        match self.setting.task {
            TaskFamily::RandomTargets => Some((one, one)),
            // Surplus channels are mixtures.
            TaskFamily::Integrator => Some((one * one, one * one)),
            // C W^{T-1} B u of a teacher.
            TaskFamily::LinearTeacher => {
                let steps = self.setting.dimensions.steps;
                Some((one, one.power(steps.saturating_sub(1) + 3)))
            }
            _ => None,
        }
    }

    /// The gradient by all parameters, trained or not.
    fn gradient(&self, [w, b, c, bias, h0]: Point) -> Option<Point> {
        let setting = self.setting;
        if setting.loss != LossKind::Squared {
            return None;
        }
        let steps = setting.dimensions.steps;
        let (input, target) = self.task()?;
        // psi(h_t) and psi'(h_t) for t = 0..=T, phi'(z_t) for t = 0..T.
        let (mut rates, mut psi_slopes, mut phi_slopes) = (vec![], vec![], vec![]);
        let mut h = h0;
        for t in 0..=steps {
            let (rate, slope) = applied(setting.psi, h)?;
            rates.push(rate);
            psi_slopes.push(slope);
            if t < steps {
                let (value, slope) = applied(setting.phi, w * rate + b * input + bias)?;
                phi_slopes.push(slope);
                h = h + value;
            }
        }
        let errors: Vec<_> = rates.iter().map(|&rate| c * rate + target).collect();
        let mut l = psi_slopes[steps] * c * errors[steps];
        let mut gradient = [Degree::ZERO; 5];
        for t in (0..steps).rev() {
            let lambda = match self.feedback {
                Some(feedback) => feedback * errors[t + 1],
                None => phi_slopes[t] * l,
            };
            l = l + psi_slopes[t] * (c * errors[t] + w * lambda);
            let here = [lambda * rates[t], lambda * input, Degree::ZERO, lambda, Degree::ZERO];
            gradient = plus(gradient, Degree::CONSTANT, here);
        }
        gradient[2] = (0..=steps).fold(Degree::ZERO, |sum, t| sum + errors[t] * rates[t]);
        gradient[4] = if self.feedback.is_some() { Degree::ZERO } else { l };
        Some(gradient)
    }

    /// The direction made of a gradient or its momentum, with weight decay; zero for what is
    /// not trained.
    fn along(&self, at: Point, gradient: Point) -> Option<Point> {
        let degree = self.setting.rule.drawn::<Fp>()?.degree()?;
        let mut direction = if self.setting.rule.is_spectral() {
            let [w, others @ ..] = gradient;
            with_w(w.power(degree), others)
        } else {
            gradient.map(|entry| entry.power(degree))
        };
        if self.setting.decay {
            direction = plus(direction, Degree::VARIABLE, at);
        }
        Some(self.trained(direction))
    }

    /// The same with zero for what is not trained.
    fn trained(&self, point: Point) -> Point {
        let is_trained = RNN_BLOCKS.map(|name| self.setting.trained.contains(name));
        std::array::from_fn(|i| if is_trained[i] { point[i] } else { Degree::ZERO })
    }
}

/// f(z) and f'(z), or nothing of a function that is not a polynomial. Coefficients are random.
fn applied(kind: ActivationKind, z: Degree) -> Option<(Degree, Degree)> {
    let degree = kind.degree()?;
    if kind == ActivationKind::Identity {
        return Some((z, Degree::CONSTANT));
    }
    let coefficient = Degree::VARIABLE;
    let constant = if kind.is_zero_at_zero() { Degree::ZERO } else { coefficient };
    let value = constant + coefficient * z.power(degree);
    Some((value, coefficient + coefficient * z.power(degree.saturating_sub(1))))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Matrix;
    use crate::network::{Activation, SquaredError};
    use crate::scalar::{Scalar, Stream};
    use crate::task::{Dimensions, Task};
    use crate::theorem::Instance;
    use crate::training::{Optimizer, Schedule, Stepper, Training};

    fn linear(steps: usize, learning_steps: usize) -> Setting {
        let dimensions = Dimensions { neurons: 3, d_in: 2, d_out: 2, steps, trials: 2 };
        Setting { learning_steps, ..Setting::plain(dimensions) }
    }

    /// The closed form of the documentation, and the certainty after seven steps of sixteen times.
    #[test]
    fn the_degree_of_a_linear_network_grows_by_a_factor_for_each_gradient() {
        for steps in 2..8u64 {
            let mut setting = linear(steps as usize, 1);
            setting.initial_weights = InitialWeights::ScaledIdentity;
            let mut expected = 1;
            for k in 1..5 {
                setting.learning_steps = k;
                expected = (2 * steps - 3) * expected + 7;
                assert_eq!(entries(&setting), Some(expected), "T = {steps}, k = {k}");
            }
        }
        let mut setting = linear(16, 7);
        setting.initial_weights = InitialWeights::ScaledIdentity;
        setting.initial_state = InitialState::Common;
        let degree = (0..7).fold(1, |degree, _| 31 * degree + 5);
        assert_eq!(entries(&setting), Some(degree));
        let missed = probability(20 * degree);
        assert!((5.5e-4..6.5e-4).contains(&missed), "{missed}");
        setting.learning_steps = 9;
        assert!(probability(20 * entries(&setting).expect("polynomials")) > 0.5);
    }

    #[test]
    fn nothing_is_said_of_gates_signs_and_high_degrees() {
        let gated = Setting { psi: ActivationKind::Relu, ..linear(3, 1) };
        let signs = Setting { rule: RuleKind::Sign, ..linear(3, 1) };
        assert_eq!([of_training(&gated), of_training(&signs)], [None, None]);
        let muon = Setting { rule: RuleKind::Muon, ..linear(4, 4) };
        assert!(missed(of_training(&muon)).is_none());
        // A degree that cannot be counted is not forgotten.
        assert_eq!(entries(&Setting { learning_steps: 40, ..muon }), Some(u64::MAX));
        assert!(missed(of_training(&linear(5, 5))).is_some());
    }

    /// a + s b, entry by entry.
    fn line(a: &Matrix<Fp>, b: &Matrix<Fp>, s: Fp) -> Matrix<Fp> {
        let mut sum = a.clone();
        sum.add_scaled(s, b);
        sum
    }

    fn activation(a: &Activation<Fp>, b: &Activation<Fp>, s: Fp) -> Activation<Fp> {
        match (a, b) {
            (Activation::Polynomial(a), Activation::Polynomial(b)) => {
                Activation::Polynomial(a.iter().zip(b).map(|(&a, &b)| a + s * b).collect())
            }
            _ => a.clone(),
        }
    }

    fn stepper(a: &Stepper<Fp>, b: &Stepper<Fp>, s: Fp) -> Stepper<Fp> {
        match (a, b) {
            (Stepper::HeavyBall { momentum: a }, Stepper::HeavyBall { momentum: b }) => {
                Stepper::HeavyBall { momentum: *a + s * *b }
            }
            (Stepper::Nesterov { momentum: a }, Stepper::Nesterov { momentum: b }) => {
                Stepper::Nesterov { momentum: *a + s * *b }
            }
            _ => a.clone(),
        }
    }

    /// An entry of D_K where all random numbers lie at `s` on a random line.
    fn entry(setting: &Setting, s: Fp) -> Fp {
        let [a, b] = [0, 1].map(|number| {
            let stream = Stream::new("degrees", 0, number);
            Instance::<Fp>::draw(setting, &stream).expect("a setting of the field")
        });
        let mut network = a.network.clone();
        network.blocks.add_scaled(s, &b.network.blocks);
        let [ours, theirs] = [&a, &b].map(|instance| &instance.network.architecture.dynamics);
        network.architecture.dynamics.phi = activation(&ours.phi, &theirs.phi, s);
        network.architecture.dynamics.psi = activation(&ours.psi, &theirs.psi, s);
        let task = Task::new(
            a.task.trials,
            line(&a.task.inputs, &b.task.inputs, s),
            line(&a.task.targets, &b.task.targets, s),
            a.task.mask.clone(),
        )
        .expect("shapes that fit");
        let optimizer = Optimizer {
            stepper: stepper(&a.optimizer.stepper, &b.optimizer.stepper, s),
            schedule: Schedule::Constant(
                a.optimizer.schedule.at(0) + s * b.optimizer.schedule.at(0),
            ),
            weight_decay: a.optimizer.weight_decay + s * b.optimizer.weight_decay,
            ..a.optimizer
        };
        let training = Training {
            trained: setting.trained.clone(),
            followed: Some(Subset::only(["W"])),
            ..Training::new(&network, &task, &SquaredError, optimizer)
        };
        let trajectory = training.run(setting.learning_steps).expect("no run ends in a field");
        trajectory.increment(setting.learning_steps)[(0, 1)]
    }

    /// The degree along a line, as far as differences tell: the order of the last that is not zero.
    fn measured(setting: &Setting, most: usize) -> usize {
        let mut row: Vec<Fp> = (0..most + 3).map(|s| entry(setting, Fp::new(s as u64))).collect();
        let mut degree = 0;
        for order in 0..most + 3 {
            if row.iter().any(|&value| value != Fp::ZERO) {
                degree = order;
            }
            row = row.windows(2).map(|pair| pair[1] - pair[0]).collect();
        }
        degree
    }

    /// Restricted to a random line D_K has the degree that is claimed, and in the linear case no
    /// less.
    #[test]
    fn the_degree_is_that_of_the_numbers_themselves() {
        let scaled = InitialWeights::ScaledIdentity;
        let all = Subset::All;
        let settings = [
            linear(3, 1),
            linear(3, 2),
            Setting { initial_weights: scaled, ..linear(4, 2) },
            Setting { initial_state: InitialState::Common, bias: true, ..linear(3, 2) },
            Setting { trained: all, initial_weights: InitialWeights::Full, ..linear(3, 2) },
            Setting { stepper: StepperKind::HeavyBall, ..linear(3, 2) },
            Setting { stepper: StepperKind::Nesterov, decay: true, ..linear(3, 2) },
            Setting { stepper: StepperKind::GradientFlow, ..linear(2, 1) },
            Setting { rule: RuleKind::Cube, ..linear(3, 1) },
            Setting { phi: ActivationKind::Polynomial(2), ..linear(2, 1) },
            Setting { psi: ActivationKind::OddCubic, ..linear(2, 1) },
        ];
        for (index, setting) in settings.iter().enumerate() {
            let claimed = entries(setting).expect("polynomials") as usize;
            let found = measured(setting, claimed);
            assert!(found <= claimed && found > 0, "{setting}: {found}, claimed {claimed}");
            if index < 3 {
                assert_eq!(found, claimed, "{setting}");
            }
        }
    }
}
