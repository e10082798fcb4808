//! What an instance is drawn from: plain data that prints, replays and shrinks.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::blocks::Subset;
use crate::matrix::RankRevealing;
use crate::named::Named;
use crate::network::ActivationKind;
use crate::network::architecture::Shipped;
use crate::scalar::{DoubleDouble, Fp, Scalar};
use crate::task::{Dimensions, TaskFamily};
use crate::training::RuleKind;

/// An arithmetic in which a theorem is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Arithmetic {
    /// The prime field: ranks without tolerance.
    Exact,
    /// Double precision.
    F64,
    /// Double-double.
    DoubleDouble,
}

impl Arithmetic {
    /// All of them, the exact one first.
    pub const ALL: [Arithmetic; 3] = [Arithmetic::Exact, Arithmetic::F64, Arithmetic::DoubleDouble];

    /// Its name in tables and commands.
    pub fn name(self) -> &'static str {
        Named::name(self)
    }

    /// True if it has the update rule.
    pub fn has_rule(self, rule: RuleKind) -> bool {
        match self {
            Arithmetic::Exact => rule.drawn::<Fp>().is_some(),
            Arithmetic::F64 => rule.drawn::<f64>().is_some(),
            Arithmetic::DoubleDouble => rule.drawn::<DoubleDouble>().is_some(),
        }
    }

    /// True if it has the activation.
    pub fn has_activation(self, activation: ActivationKind) -> bool {
        match self {
            Arithmetic::Exact => activation.drawn(|_| Fp::ONE).is_some(),
            Arithmetic::F64 => activation.drawn(|_| f64::ONE).is_some(),
            Arithmetic::DoubleDouble => activation.drawn(|_| DoubleDouble::ONE).is_some(),
        }
    }

    /// True if it has the tasks of the family.
    pub fn has_task(self, family: TaskFamily) -> bool {
        match self {
            Arithmetic::Exact => family.is_available::<Fp>(),
            Arithmetic::F64 => family.is_available::<f64>(),
            Arithmetic::DoubleDouble => family.is_available::<DoubleDouble>(),
        }
    }

    /// True if it has real functions: tanh, a square root, an order.
    pub fn is_real(self) -> bool {
        match self {
            Arithmetic::Exact => Fp::ELEMENTARY.is_some(),
            Arithmetic::F64 => f64::ELEMENTARY.is_some(),
            Arithmetic::DoubleDouble => DoubleDouble::ELEMENTARY.is_some(),
        }
    }
}

impl Named for Arithmetic {
    const WHAT: &'static str = "arithmetic";

    fn table() -> Vec<(Self, &'static str, &'static str)> {
        vec![
            (Arithmetic::Exact, Fp::NAME, "The integers modulo 2^50-27: no rounding, no tolerance"),
            (Arithmetic::F64, f64::NAME, "Double precision"),
            (Arithmetic::DoubleDouble, DoubleDouble::NAME, "Double-double, about 32 digits"),
        ]
    }
}

/// Weights at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitialWeights {
    /// W_0 = 0.
    Zero,
    /// W_0 = w I with a random w.
    ScaledIdentity,
    /// W_0 = w I + P Q^T with this many columns.
    LowRank(usize),
    /// A random symmetric matrix with this many distinct eigenvalues.
    Symmetric(usize),
    /// A random matrix.
    Full,
}

/// The state at t = 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InitialState {
    /// h_0 = 0.
    Zero,
    /// One random state for all trials.
    Common,
    /// A random state for each trial.
    PerTrial,
    /// B v with a random v for each trial.
    AlongInputs,
}

/// A loss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LossKind {
    /// Squared error.
    Squared,
    /// Softmax cross-entropy.
    CrossEntropy,
}

/// How steps are made from gradients; see [`Stepper`](crate::training::Stepper).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepperKind {
    /// Without momentum.
    GradientDescent,
    /// With Polyak's.
    HeavyBall,
    /// With Nesterov's.
    Nesterov,
    /// Along the flow of the gradient.
    GradientFlow,
}

/// A way of training that commands name: a method along the gradient, or an update rule with the
/// method that is usual for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptimizerKind {
    /// How steps are made.
    pub stepper: StepperKind,
    /// From what.
    pub rule: RuleKind,
}

impl Named for InitialState {
    const WHAT: &'static str = "initial state";

    fn table() -> Vec<(Self, &'static str, &'static str)> {
        vec![
            (InitialState::Zero, "zero", "h_0 = 0"),
            (InitialState::Common, "common", "One random state for all trials"),
            (InitialState::PerTrial, "per-trial", "A random state for each trial"),
            (InitialState::AlongInputs, "along-inputs", "B v with a random v for each trial"),
        ]
    }
}

impl Named for LossKind {
    const WHAT: &'static str = "loss";

    fn table() -> Vec<(Self, &'static str, &'static str)> {
        vec![
            (LossKind::Squared, "squared", "Squared error"),
            (LossKind::CrossEntropy, "cross-entropy", "Softmax cross-entropy"),
        ]
    }
}

impl Named for StepperKind {
    const WHAT: &'static str = "method";

    fn table() -> Vec<(Self, &'static str, &'static str)> {
        vec![
            (StepperKind::GradientDescent, "gradient-descent", "A step against the gradient"),
            (StepperKind::HeavyBall, "heavy-ball", "Momentum in the form of Polyak"),
            (StepperKind::Nesterov, "nesterov", "Momentum in the form of Nesterov"),
            (
                StepperKind::GradientFlow,
                "gradient-flow",
                "A Runge-Kutta step along the flow of the gradient",
            ),
        ]
    }
}

impl Named for OptimizerKind {
    const WHAT: &'static str = "optimizer";

    fn table() -> Vec<(Self, &'static str, &'static str)> {
        let steppers = StepperKind::table().into_iter().map(|(stepper, name, description)| {
            (OptimizerKind { stepper, rule: RuleKind::Gradient }, name, description)
        });
        let rules = RuleKind::table().into_iter().filter(|(rule, ..)| !rule.is_gd_like());
        let rules = rules.map(|(rule, name, description)| {
            let stepper = if rule.momentum().is_some() {
                StepperKind::Nesterov
            } else {
                StepperKind::GradientDescent
            };
            (OptimizerKind { stepper, rule }, name, description)
        });
        steppers.chain(rules).collect()
    }
}

/// As commands name it: zero, identity, symmetric-R, full, or the rank of P Q^T.
impl fmt::Display for InitialWeights {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InitialWeights::Zero => f.pad("zero"),
            InitialWeights::ScaledIdentity => f.pad("identity"),
            InitialWeights::LowRank(rank) => rank.fmt(f),
            InitialWeights::Symmetric(eigenvalues) => f.pad(&format!("symmetric-{eigenvalues}")),
            InitialWeights::Full => f.pad("full"),
        }
    }
}

impl FromStr for InitialWeights {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected zero, identity, symmetric-1 or more, full or a rank".to_owned();
        if let Some(count) = text.strip_prefix("symmetric-") {
            let eigenvalues = count.parse().ok().filter(|&eigenvalues| eigenvalues > 0);
            return eigenvalues.map(InitialWeights::Symmetric).ok_or_else(expected);
        }
        match text {
            "zero" => Ok(InitialWeights::Zero),
            "identity" => Ok(InitialWeights::ScaledIdentity),
            "full" => Ok(InitialWeights::Full),
            rank => rank.parse().map(InitialWeights::LowRank).map_err(|_| expected()),
        }
    }
}

/// Everything about an instance but its random numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Setting {
    /// The architecture; see [`Case::model`](super::Case::model). Most theorems draw the recurrent
    /// network alone.
    pub architecture: Shipped,
    /// N, d_in, d_out, T, M.
    pub dimensions: Dimensions,
    /// Learning steps, K.
    pub learning_steps: usize,
    /// The activation outside the weights.
    pub phi: ActivationKind,
    /// The activation inside the weights.
    pub psi: ActivationKind,
    /// The leak a, in quarters: 4 for none.
    pub leak_quarters: usize,
    /// W_0.
    pub initial_weights: InitialWeights,
    /// h_0.
    pub initial_state: InitialState,
    /// Whether there is a bias that is not zero at the start.
    pub bias: bool,
    /// Inputs and targets.
    pub task: TaskFamily,
    /// The loss.
    pub loss: LossKind,
    /// The optimizer.
    pub stepper: StepperKind,
    /// What gradients become before a step.
    pub rule: RuleKind,
    /// Whether the step size changes from step to step.
    pub scheduled: bool,
    /// Whether weights decay.
    pub decay: bool,
    /// Whether gradients are clipped.
    pub clip: bool,
    /// Whether each gradient sees half of the trials.
    pub minibatches: bool,
    /// Which blocks are learned.
    pub trained: Subset,
}

impl Setting {
    /// The plain case: a linear network that learns random targets from W_0 = 0 and h_0 = 0, W
    /// alone, by gradient descent on the squared error.
    pub fn plain(dimensions: Dimensions) -> Self {
        Setting {
            architecture: Shipped::Rnn,
            dimensions,
            learning_steps: 1,
            phi: ActivationKind::Identity,
            psi: ActivationKind::Identity,
            leak_quarters: 4,
            initial_weights: InitialWeights::Zero,
            initial_state: InitialState::Zero,
            bias: false,
            task: TaskFamily::RandomTargets,
            loss: LossKind::Squared,
            stepper: StepperKind::GradientDescent,
            rule: RuleKind::Gradient,
            scheduled: false,
            decay: false,
            clip: false,
            minibatches: false,
            trained: Subset::only(["W"]),
        }
    }

    /// phi = psi = id.
    pub fn is_linear(&self) -> bool {
        [self.phi, self.psi] == [ActivationKind::Identity; 2]
    }

    /// W_0 = w I.
    pub fn starts_at_identity(&self) -> bool {
        matches!(self.initial_weights, InitialWeights::Zero | InitialWeights::ScaledIdentity)
    }

    /// How it is trained, as commands name it.
    pub fn optimizer(&self) -> OptimizerKind {
        OptimizerKind { stepper: self.stepper, rule: self.rule }
    }

    /// d_in + d_out, + 1 for each initial state, + 1 for a bias, + 2 r for W_0 = w I + P Q^T of r
    /// columns: what the dimension of span(B, C^T, h_0, b, P, Q) can be, at most N.
    pub fn channels(&self) -> usize {
        let start = match self.initial_weights {
            InitialWeights::LowRank(r) => 2 * r,
            _ => 0,
        };
        let sum = self.dimensions.d_in + self.dimensions.d_out + self.states() + start;
        (sum + usize::from(self.bias)).min(self.dimensions.neurons)
    }

    /// How many dimensions h_0 has beside those of B.
    pub fn states(&self) -> usize {
        match self.initial_state {
            InitialState::Zero | InitialState::AlongInputs => 0,
            InitialState::Common => 1,
            InitialState::PerTrial => self.dimensions.trials,
        }
    }

    /// T, and one if h_0 = B v, which is what an input v of an earlier time step leaves.
    pub fn input_steps(&self) -> usize {
        self.dimensions.steps + usize::from(self.initial_state == InitialState::AlongInputs)
    }

    /// Whether h_0 does not stay what its name says: it is trained, or B is, along which it was.
    pub fn leaves_its_state(&self) -> bool {
        self.trained.contains("h0")
            || self.initial_state == InitialState::AlongInputs && self.trained.contains("B")
    }

    /// Whether psi(h_0) is zero and stays so: then the first state is in no gradient.
    pub fn starts_silent(&self) -> bool {
        self.initial_state == InitialState::Zero
            && self.psi.is_zero_at_zero()
            && !self.trained.contains("h0")
    }

    /// d_in, and one for a bias, which is an input that never changes.
    pub fn inputs(&self) -> usize {
        self.dimensions.d_in + usize::from(self.bias)
    }

    /// Trials in each gradient.
    pub fn batch_size(&self) -> usize {
        let trials = self.dimensions.trials;
        if self.minibatches { trials.div_ceil(2) } else { trials }
    }

    /// Whether random inputs u_0..u_{T-2} of all trials span all there are; a bias is an input that
    /// is always 1. An input of the last time step meets no error through W.
    pub fn inputs_span(&self) -> bool {
        (self.dimensions.steps - 1) * self.dimensions.trials >= self.inputs()
    }

    /// How many gradients all learning steps take.
    pub fn gradients(&self) -> usize {
        self.learning_steps * self.gradients_per_step()
    }

    /// How many gradients a learning step takes.
    pub fn gradients_per_step(&self) -> usize {
        if self.stepper == StepperKind::GradientFlow { 4 } else { 1 }
    }
}

/// One line in the terms of the theorems.
impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Dimensions { neurons, d_in, d_out, steps, trials } = self.dimensions;
        if self.architecture != Shipped::Rnn {
            write!(f, "architecture={} ", self.architecture.name())?;
        }
        write!(f, "N={neurons} d_in={d_in} d_out={d_out} T={steps} M={trials}")?;
        write!(f, " K={} a={}/4", self.learning_steps, self.leak_quarters)?;
        write!(f, " phi={:?} psi={:?}", self.phi, self.psi)?;
        write!(f, " W_0={:?} h_0={:?}", self.initial_weights, self.initial_state)?;
        write!(f, " task={} loss={:?} method={:?}", self.task.name(), self.loss, self.stepper)?;
        if !self.rule.is_gd_like() {
            write!(f, " direction={:?}", self.rule)?;
        }
        let flags = [
            ("bias", self.bias),
            ("schedule", self.scheduled),
            ("decay", self.decay),
            ("clipping", self.clip),
            ("minibatches", self.minibatches),
        ];
        for (name, _) in flags.iter().filter(|(_, on)| *on) {
            write!(f, " +{name}")?;
        }
        let blocks = [("W", "W"), ("B", "B"), ("C", "C"), ("b", "bias"), ("h_0", "h0")];
        let trained = blocks.iter().filter(|(_, block)| self.trained.contains(block));
        let names: Vec<_> = trained.map(|(name, _)| *name).collect();
        write!(f, " trained={}", names.join(","))
    }
}

/// The settings that a theorem speaks about: a choice for every part. The first of each list is
/// the simplest, and what a failing case is reduced to where it still fails.
#[derive(Clone, Debug)]
pub struct Domain {
    /// Choices for the architecture.
    pub architectures: Vec<Shipped>,
    /// N.
    pub neurons: RangeInclusive<usize>,
    /// d_in.
    pub d_in: RangeInclusive<usize>,
    /// d_out.
    pub d_out: RangeInclusive<usize>,
    /// T.
    pub steps: RangeInclusive<usize>,
    /// M.
    pub trials: RangeInclusive<usize>,
    /// K.
    pub learning_steps: RangeInclusive<usize>,
    /// Choices for phi and for psi.
    pub activations: Vec<ActivationKind>,
    /// Choices for phi, if it has others than psi.
    pub phi: Option<Vec<ActivationKind>>,
    /// Choices for W_0.
    pub initial_weights: Vec<InitialWeights>,
    /// Choices for h_0.
    pub initial_states: Vec<InitialState>,
    /// Whether some instances have a bias.
    pub bias: bool,
    /// Choices of inputs and targets.
    pub tasks: Vec<TaskFamily>,
    /// Choices for the loss.
    pub losses: Vec<LossKind>,
    /// Choices for the optimizer.
    pub steppers: Vec<StepperKind>,
    /// Choices of what gradients become.
    pub rules: Vec<RuleKind>,
    /// Choices of what is learned.
    pub trained: Vec<Subset>,
}

impl Domain {
    /// Linear networks from W_0 = 0 or w I, with every task, loss and GD-like optimizer that the
    /// arithmetic has.
    pub fn linear(arithmetic: Arithmetic) -> Self {
        let real = arithmetic.is_real();
        let some_more = Subset::only(["W", "bias", "h0"]);
        Domain {
            architectures: vec![Shipped::Rnn],
            neurons: 1..=10,
            d_in: 1..=3,
            d_out: 1..=2,
            steps: 1..=5,
            trials: 1..=4,
            learning_steps: 1..=5,
            activations: vec![ActivationKind::Identity],
            phi: None,
            initial_weights: vec![InitialWeights::Zero, InitialWeights::ScaledIdentity],
            initial_states: vec![InitialState::Zero, InitialState::Common],
            bias: true,
            tasks: TaskFamily::ALL.into_iter().filter(|&task| arithmetic.has_task(task)).collect(),
            losses: if real {
                vec![LossKind::Squared, LossKind::CrossEntropy]
            } else {
                vec![LossKind::Squared]
            },
            steppers: vec![
                StepperKind::GradientDescent,
                StepperKind::HeavyBall,
                StepperKind::Nesterov,
                StepperKind::GradientFlow,
            ],
            rules: vec![RuleKind::Gradient],
            trained: vec![Subset::only(["W"]), some_more, Subset::All],
        }
    }

    /// The same with any activation that the arithmetic has, in either form or both, and any
    /// start.
    pub fn any_network(arithmetic: Arithmetic) -> Self {
        let bent = ActivationKind::FUNCTIONS.into_iter().filter(|&function| {
            function.is_drawn()
                && function != ActivationKind::Identity
                && arithmetic.has_activation(function)
        });
        let polynomials = [2, 3].map(ActivationKind::Polynomial);
        let identity = [ActivationKind::Identity];
        let activations = identity.into_iter().chain(polynomials).chain(bent).collect();
        let linear = Self::linear(arithmetic);
        Domain {
            activations,
            initial_weights: [linear.initial_weights, vec![InitialWeights::Full]].concat(),
            initial_states: [linear.initial_states, vec![InitialState::PerTrial]].concat(),
            ..linear
        }
    }
}

/// The activations f(z) = f'(z) z, which every arithmetic has, in the order of the table.
pub(super) fn homogeneous() -> impl DoubleEndedIterator<Item = ActivationKind> {
    ActivationKind::FUNCTIONS.into_iter().filter(|function| function.is_homogeneous())
}

/// The update rules of an arithmetic that are of some kind, in the order of the table.
pub(super) fn rules(arithmetic: Arithmetic, kind: impl Fn(RuleKind) -> bool) -> Vec<RuleKind> {
    RuleKind::ALL.into_iter().filter(|&rule| kind(rule) && arithmetic.has_rule(rule)).collect()
}
