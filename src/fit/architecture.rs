//! What a fitted network is made of, apart from the numbers that are learned.

use serde::{Deserialize, Serialize};

use super::likelihood::Likelihood;
use super::misfit::Misfit;
use super::observations::CHUNK;
use super::prior::TrialPrior;
use crate::memory::Memory;
use crate::network::{Activation, ActivationKind};
use crate::scalar::Scalar;

/// The model of a recording; see [the module](super) for the equations.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Architecture {
    /// Units of the network, N.
    pub units: usize,
    /// Terms of the weights, R.
    pub rank: usize,
    /// How the weights may differ from trial to trial.
    pub recurrence: Recurrence,
    /// phi.
    pub nonlinearity: Nonlinearity,
    /// Length of a simulated step over the time constant: dt / tau, in (0, 1].
    pub leak: f64,
    /// Simulated steps in a bin.
    pub steps_per_bin: usize,
    /// Simulated steps before the first bin, which are not compared with the recording.
    pub preparation: usize,
    /// Where trials start.
    pub initial: InitialStates,
    /// What drives the network.
    pub inputs: Inputs,
    /// Standard deviation of what drives single trials through each column of the weights beside the
    /// inputs of their condition, the same in all steps, where units are of size 1; 0 for nothing.
    ///
    /// It is chosen and not learned, as the size of deviations of initial states is.
    #[serde(default)]
    pub input_spread: f64,
    /// Standard deviation of the logarithm of the gain of a trial, by which the means or rates of
    /// all its entries are multiplied; 0 for gains of one. It is chosen, too.
    #[serde(default)]
    pub gain_spread: f64,
    /// A constant drive.
    pub bias: Bias,
    /// From units to recorded neurons.
    pub readout: Readout,
    /// What the activity of a neuron is, given its mean or rate.
    pub likelihood: Likelihood,
    /// Standard deviation of white noise added to the state over a time constant, while fitting.
    pub noise: f64,
    /// Weight of the mean square of the states, relative to the loss.
    pub activity_penalty: f64,
}

/// How the weights W_k may differ from trial to trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Recurrence {
    /// `W_k = sum_r c_r(k) a_r b_r^T`: low tensor rank.
    LowTensorRank(TrialPrior),
    /// The same weights in all trials, of matrix rank R: no learning.
    Constant,
    /// Weights of matrix rank R in each trial, free of those of other trials: no tensor constraint.
    Free,
}

/// phi: one of the activations that [a fit may have](ActivationKind::is_fitted).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Nonlinearity(ActivationKind);

impl Nonlinearity {
    /// The hyperbolic tangent.
    pub const TANH: Nonlinearity = Nonlinearity(ActivationKind::Tanh);
    /// A linear network.
    pub const IDENTITY: Nonlinearity = Nonlinearity(ActivationKind::Identity);

    /// `None` if no fit may have it.
    pub fn new(kind: ActivationKind) -> Option<Self> {
        kind.is_fitted().then_some(Nonlinearity(kind))
    }

    /// The function.
    ///
    /// # Panics
    ///
    /// If there are no real numbers and it needs them.
    pub fn activation<S: Scalar>(self) -> Activation<S> {
        self.0.usual().expect("a function of real numbers")
    }
}

/// As files of fits have it.
impl From<Nonlinearity> for String {
    fn from(nonlinearity: Nonlinearity) -> String {
        format!("{:?}", nonlinearity.0)
    }
}

impl TryFrom<String> for Nonlinearity {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let fitted = ActivationKind::FUNCTIONS.into_iter().filter_map(Nonlinearity::new);
        let mut found = fitted.filter(|&nonlinearity| String::from(nonlinearity) == text);
        found.next().ok_or_else(|| format!("no fit has the nonlinearity {text:?}"))
    }
}

/// What shares a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Grouping {
    /// All trials.
    Common,
    /// Trials of one condition.
    Condition,
    /// Each trial has its own.
    Trial,
}

/// Where trials start.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum InitialStates {
    /// At x = 0.
    Zero,
    /// At a learned state.
    Learned {
        /// Which trials share it.
        by: Grouping,
        /// Whether it lies in span(a_1..a_R).
        confined: bool,
    },
    /// At the learned state of the trial's condition and a deviation of the trial, whose prior is
    /// normal.
    Hierarchy {
        /// Whether both lie in span(a_1..a_R).
        confined: bool,
        /// The standard deviation of a trial's coefficient of each column, or of each unit's state
        /// if they are not confined, where units are of size 1.
        ///
        /// It is chosen and not learned beside the deviations: the maximum of their joint density
        /// over both says nothing of it. Entries that are not fitted tell sizes apart.
        spread: f64,
    },
}

/// What drives the network: one input v(t) for each condition.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Inputs {
    /// When.
    pub during: During,
    /// How inputs change in time.
    pub course: Course,
    /// Through which columns they enter.
    pub through: Through,
}

/// When inputs are there.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum During {
    /// Never.
    Never,
    /// In the steps before the first bin.
    Preparation,
    /// From the first bin on.
    Execution,
    /// Always.
    Throughout,
}

/// How inputs change in time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Course {
    /// They do not.
    Constant,
    /// A Gaussian process with an RBF kernel of this length in steps.
    Smooth(f64),
}

/// Through which columns inputs enter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Through {
    /// The columns a_1..a_R of the weights: inputs are confined to their span.
    Weights,
    /// As many columns of their own.
    Own(usize),
}

/// A constant drive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Bias {
    /// None.
    None,
    /// In span(a_1..a_R).
    Confined,
    /// Any.
    Free,
}

/// From units to recorded neurons.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readout {
    /// D has orthonormal columns (rows, if there are fewer neurons than units) up to one gain.
    pub orthonormal: bool,
    /// Whether each neuron has an offset.
    pub offset: bool,
}

impl Architecture {
    /// The defaults: weights of low tensor rank, initial states for each condition and inputs
    /// within the span of the weights, a free readout with offset. The time constant is half of
    /// `bins`, the length of a trial.
    pub fn new(units: usize, rank: usize, bins: usize) -> Self {
        Architecture {
            units,
            rank,
            recurrence: Recurrence::LowTensorRank(TrialPrior::default()),
            nonlinearity: Nonlinearity::TANH,
            leak: (2.0 / bins.max(1) as f64).min(1.0),
            steps_per_bin: 1,
            preparation: 0,
            initial: InitialStates::Learned { by: Grouping::Condition, confined: true },
            inputs: Inputs {
                during: During::Never,
                course: Course::Constant,
                through: Through::Weights,
            },
            input_spread: 0.0,
            gain_spread: 0.0,
            bias: Bias::None,
            readout: Readout { orthonormal: false, offset: true },
            likelihood: Likelihood::Gaussian,
            noise: 0.0,
            activity_penalty: 0.0,
        }
    }

    /// Holds the choices to their ranges.
    ///
    /// # Errors
    ///
    /// If one is out of its range, or nothing could move the network.
    pub fn validate(&self) -> Result<(), Misfit> {
        let Architecture { units, rank, leak, .. } = *self;
        let within = || format!("1 to the number of units, {units}");
        Misfit::unless((1..=units).contains(&rank), "rank", rank, within())?;
        // Squares of what is farther out are not numbers of single precision, or are zero.
        let (least, most) = (1e-15, 1e15);
        let above_zero = |what, value: f64| {
            let expected = format!("a number above 0, from {least:e} to {most:e}");
            Misfit::unless((least..=most).contains(&value), what, value, expected)
        };
        let not_below = |what, value: f64| {
            let expected = format!("0 or a number above, to {most:e}");
            Misfit::unless((0.0..=most).contains(&value), what, value, expected)
        };
        Misfit::unless(leak > 0.0 && leak <= 1.0, "leak", leak, "above 0, at most 1")?;
        Misfit::unless(self.steps_per_bin > 0, "number of steps in a bin", 0, "at least 1")?;
        if let Recurrence::LowTensorRank(prior) = self.recurrence {
            above_zero("length", prior.length)?;
            above_zero("amplitude", prior.amplitude)?;
            not_below("independent", prior.independent)?;
        }
        if let Course::Smooth(length) = self.inputs.course {
            above_zero("input length", length)?;
        }
        if let InitialStates::Hierarchy { spread, .. } = self.initial {
            above_zero("initial spread", spread)?;
        }
        not_below("input spread", self.input_spread)?;
        not_below("gain spread", self.gain_spread)?;
        not_below("noise", self.noise)?;
        not_below("activity penalty", self.activity_penalty)?;
        if let Through::Own(columns) = self.inputs.through {
            Misfit::unless(columns > 0, "input columns", columns, "at least 1")?;
        }
        let before = self.inputs.during == During::Preparation;
        let expected = "at least one step, in which inputs drive the network";
        Misfit::unless(!before || self.preparation > 0, "preparation", 0, expected)?;
        let still = self.initial == InitialStates::Zero
            && self.inputs.during == During::Never
            && self.bias == Bias::None;
        let expected = "a state or an input that could move the network";
        Misfit::unless(!still, "initial", "zero without inputs and bias", expected)
    }

    /// Simulated steps from the initial state to the last of `bins` bins, S.
    pub fn steps(&self, bins: usize) -> usize {
        let from_first = bins.saturating_sub(1).saturating_mul(self.steps_per_bin);
        self.preparation.saturating_add(from_first)
    }

    /// What a model of this architecture holds for `trials` trials of `conditions` conditions, of
    /// `bins` bins of `neurons` neurons, in numbers of `size` bytes.
    pub(super) fn memory(
        &self,
        size: usize,
        [neurons, bins, trials, conditions]: [usize; 4],
    ) -> Memory {
        /// Of each number that is learned: itself, its gradient, two moments and the best so far.
        const LEARNED: usize = 5;
        let Architecture { units, rank, .. } = *self;
        let steps = self.steps(bins);
        let columns = rank.saturating_add(self.own_inputs());
        let threads = rayon::current_num_threads();
        // States, rates, slopes, and what the adjoint holds beside them.
        let states = [6, units, steps.saturating_add(1), trials.min(CHUNK), threads];
        let driven = self.driven(steps).len();
        let mut memory = Memory::default()
            .and(format!("states of {units} units in {steps} steps"), size, &states)
            .and(format!("weights of {units} units"), size, &[LEARNED, 2, units, columns])
            .and(format!("a readout of {units} units"), size, &[LEARNED, units, neurons])
            .and(format!("inputs in {steps} steps"), size, &[2, columns, steps, conditions]);
        if let Course::Smooth(_) = self.inputs.course {
            let what = format!("the covariance of inputs in {driven} steps");
            memory = memory.and(what, 2 * size_of::<f64>() + size, &[driven, driven]);
        }
        match self.recurrence {
            Recurrence::LowTensorRank(_) => {
                let what = format!("the covariance of {trials} trials");
                memory.and(what, 2 * size_of::<f64>() + size, &[trials, trials])
            }
            Recurrence::Constant => memory,
            Recurrence::Free => {
                let what = format!("weights for each of {trials} trials");
                memory.and(what, size, &[LEARNED, 2, units, rank, trials])
            }
        }
    }

    /// The state that is compared with bin `t`, of 0..=S.
    pub(super) fn step_of_bin(&self, t: usize) -> usize {
        self.preparation + t * self.steps_per_bin
    }

    /// The bin that is compared with the state at `step`, if there is one.
    pub(super) fn bin_of_step(&self, step: usize) -> Option<usize> {
        let since = step.checked_sub(self.preparation)?;
        since.is_multiple_of(self.steps_per_bin).then_some(since / self.steps_per_bin)
    }

    /// The steps of a run of S in which inputs are there.
    pub(super) fn driven(&self, steps: usize) -> std::ops::Range<usize> {
        match self.inputs.during {
            During::Never => 0..0,
            During::Preparation => 0..self.preparation.min(steps),
            During::Execution => self.preparation.min(steps)..steps,
            During::Throughout => 0..steps,
        }
    }

    /// Columns that inputs have of their own; 0 if they enter through those of the weights.
    pub(super) fn own_inputs(&self) -> usize {
        match (self.inputs.during, self.inputs.through) {
            (During::Never, _) | (_, Through::Weights) => 0,
            (_, Through::Own(columns)) => columns,
        }
    }
}
