//! The arguments that `fit` and `cv` share: the model, how it is fitted, what is held out.

use crate::fit::{
    Architecture, Bias, Course, During, Grouping, HeldOut, InitialStates, Inputs, Kernel,
    Likelihood, Misfit, Nonlinearity, Readout, Recurrence, Settings, Split, Through, TrialPrior,
};
use crate::named::Named;
use crate::network::ActivationKind;
use crate::recording::Recording;
use anyhow::{Context, anyhow, bail};
use clap::{Args, ValueEnum};

use super::numbers::threads;
use super::{any_choice, choice};

/// The model.
#[derive(Args, Clone)]
pub struct ModelArguments {
    /// How far trial factors are correlated, in trials.
    #[arg(long, value_name = "TRIALS", default_value_t = 15.0, help_heading = "Trial factors")]
    length: f64,
    /// Standard deviation of the smooth part of trial factors; their mean is about 1.
    #[arg(long, value_name = "SD", default_value_t = 0.5, help_heading = "Trial factors")]
    amplitude: f64,
    /// Standard deviation of a part that is independent from trial to trial.
    #[arg(long, value_name = "SD", default_value_t = 0.0, help_heading = "Trial factors")]
    independent: f64,
    /// Covariance of trial factors.
    #[arg(
        long,
        value_enum,
        default_value_t = KernelName::RationalQuadratic,
        help_heading = "Trial factors"
    )]
    kernel: KernelName,
    /// Let trial factors jump where the epoch changes.
    #[arg(long, help_heading = "Trial factors")]
    jumps: bool,

    /// Which trials share an initial state.
    #[arg(long, value_enum, default_value_t = InitialName::Condition, help_heading = "Network")]
    initial: InitialName,
    /// Standard deviation of the deviations of `--initial hierarchy`, 0.3 if not given; states
    /// themselves are of size 1.
    #[arg(long, value_name = "SD", help_heading = "Network")]
    initial_spread: Option<f64>,
    /// Let initial states lie outside of the span of the weights' columns.
    #[arg(long, help_heading = "Network")]
    free_initial: bool,
    /// When inputs, one for each condition, drive the network.
    #[arg(long, value_enum, default_value_t = InputName::Never, help_heading = "Network")]
    inputs: InputName,
    /// Let inputs change smoothly in time, correlated over this many steps; constant if not given.
    #[arg(long, value_name = "STEPS", help_heading = "Network")]
    input_length: Option<f64>,
    /// Give inputs this many columns of their own, instead of those of the weights.
    #[arg(long, value_name = "COLUMNS", help_heading = "Network")]
    input_columns: Option<usize>,
    /// Standard deviation of inputs of single trials beside those of their condition, the same in all
    /// steps, where states are of size 1; 0 for none.
    #[arg(long, value_name = "SD", default_value_t = 0.0, help_heading = "Network")]
    input_spread: f64,
    /// Standard deviation of the logarithms of the gains by which the activity of single trials is
    /// multiplied; 0 for gains of one.
    #[arg(long, value_name = "SD", default_value_t = 0.0, help_heading = "Network")]
    gain_spread: f64,
    /// A constant drive, in the span of the weights' columns or anywhere.
    #[arg(long, value_enum, default_value_t = BiasName::None, help_heading = "Network")]
    bias: BiasName,
    /// The nonlinearity phi.
    #[arg(
        long,
        value_parser = choice(ActivationKind::is_fitted),
        default_value = "tanh",
        help_heading = "Network"
    )]
    nonlinearity: ActivationKind,
    /// The time constant tau in seconds; half of the longest trial if not given.
    #[arg(long, value_name = "SECONDS", help_heading = "Network")]
    time_constant: Option<f64>,
    /// Simulated steps in a bin.
    #[arg(long, value_name = "STEPS", default_value_t = 1, help_heading = "Network")]
    steps_per_bin: usize,
    /// Simulated steps before the first bin.
    #[arg(long, value_name = "STEPS", default_value_t = 0, help_heading = "Network")]
    preparation: usize,
    /// White noise in the states while fitting.
    #[arg(long, value_name = "SD", default_value_t = 0.0, help_heading = "Network")]
    noise: f64,
    /// Weight of the mean square of the states against the loss.
    #[arg(long, value_name = "WEIGHT", default_value_t = 0.0, help_heading = "Network")]
    activity_penalty: f64,

    /// The readout D: any, or with orthonormal columns up to one gain.
    #[arg(long, value_enum, default_value_t = ReadoutName::Free, help_heading = "Observations")]
    readout: ReadoutName,
    /// Leave out the offset of each neuron.
    #[arg(long, help_heading = "Observations")]
    no_offset: bool,
    /// What the activity of a neuron is, given the output of the network; if not given, Poisson
    /// where the recording holds counts, and else Gaussian.
    #[arg(long, value_parser = any_choice::<Likelihood>(), help_heading = "Observations")]
    likelihood: Option<Likelihood>,
}

/// How it is fitted, and what is held out.
#[derive(Args, Clone)]
pub struct FittingArguments {
    #[arg(
        long,
        help = format!("Iterations at most; {} if not given", Settings::default().iterations),
        help_heading = "Fitting"
    )]
    pub iterations: Option<usize>,
    /// The step size of Adam.
    #[arg(long, value_name = "SIZE", default_value_t = 0.03, help_heading = "Fitting")]
    learning_rate: f64,
    /// Iterations without a better validation loss after which the step size is halved; after four
    /// halvings fitting ends.
    #[arg(long, default_value_t = Settings::default().patience, help_heading = "Fitting")]
    patience: usize,
    /// Names the random start and the held-out blocks.
    #[arg(long, default_value_t = 1, help_heading = "Fitting")]
    seed: u64,
    /// The numbers to compute with.
    #[arg(long, value_enum, default_value_t = Precision::F32, help_heading = "Fitting")]
    pub precision: Precision,
    /// Threads to compute on; all cores if not given. Results do not depend on it.
    #[arg(long, value_parser = threads(), help_heading = "Fitting")]
    pub threads: Option<u16>,

    /// The share of entries held out for testing, and again as many for stopping; 0.05 if not given.
    /// A `cv` that searches holds out half as many for stopping; there it is 0.1 if not given.
    #[arg(long, value_name = "SHARE", help_heading = "Held-out entries")]
    held_out: Option<f64>,
    /// Bins and trials of a held-out block of a neuron.
    #[arg(
        long,
        value_name = "BINS,TRIALS",
        value_parser = read_pair,
        default_value = "5,5",
        help_heading = "Held-out entries"
    )]
    block: (usize, usize),
    /// Bins and trials around it that are used for nothing.
    #[arg(
        long,
        value_name = "BINS,TRIALS",
        value_parser = read_pair,
        default_value = "2,2",
        help_heading = "Held-out entries"
    )]
    guard: (usize, usize),
}

/// The numbers to compute with.
#[derive(Clone, Copy, ValueEnum, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum Precision {
    /// Single precision.
    F32,
    /// Double precision.
    F64,
}

#[derive(Clone, Copy, ValueEnum)]
enum KernelName {
    RationalQuadratic,
    Rbf,
}

#[derive(Clone, Copy, ValueEnum)]
enum InitialName {
    /// All start at zero.
    Zero,
    /// All trials share one.
    Common,
    /// One for each condition.
    Condition,
    /// One for each trial.
    Trial,
    /// One for each condition, and deviations of trials from it with a normal prior.
    Hierarchy,
}

#[derive(Clone, Copy, ValueEnum)]
enum InputName {
    Never,
    /// Before the first bin.
    Preparation,
    /// From the first bin on.
    Execution,
    Throughout,
}

#[derive(Clone, Copy, ValueEnum)]
enum BiasName {
    None,
    Confined,
    Free,
}

#[derive(Clone, Copy, ValueEnum)]
enum ReadoutName {
    Free,
    Orthonormal,
}

/// A misfit of a choice, with the option that makes it: what is said of it has the option's name.
pub fn with_flag(misfit: Misfit) -> anyhow::Error {
    let Misfit { what, found, expected } = misfit;
    anyhow!("--{} is {found}, expected {expected}", what.replace(' ', "-"))
}

fn read_pair(text: &str) -> Result<(usize, usize), String> {
    let numbers: Option<Vec<usize>> =
        text.split(',').map(|number| number.trim().parse().ok()).collect();
    match numbers.as_deref() {
        Some(&[bins, trials]) => Ok((bins, trials)),
        _ => Err("expected two numbers, of bins and of trials, such as 5,5".to_owned()),
    }
}

impl ModelArguments {
    /// The model of a recording with this many units and terms.
    pub fn architecture(
        &self,
        recording: &Recording,
        units: usize,
        rank: usize,
    ) -> anyhow::Result<Architecture> {
        let defaults = Architecture::new(units, rank, recording.bins);
        let leak = self.leak(recording, defaults.leak)?;
        let quantity = recording.quantity;
        let likelihood = self.likelihood.unwrap_or(Likelihood::usual(quantity));
        if !likelihood.allows(quantity) {
            let name = likelihood.name();
            bail!("--likelihood {name} needs counts, and the recording holds {}", quantity.name());
        }
        if likelihood == Likelihood::Gaussian && recording.is_constant() {
            bail!("the activity of each neuron is constant: there is nothing to fit");
        }
        if self.initial_spread.is_some() && !matches!(self.initial, InitialName::Hierarchy) {
            bail!("--initial-spread is for --initial hierarchy: other states do not deviate");
        }
        let architecture = Architecture {
            recurrence: Recurrence::LowTensorRank(self.prior()),
            nonlinearity: Nonlinearity::new(self.nonlinearity)
                .context("an activation that a fit may have")?,
            leak,
            steps_per_bin: self.steps_per_bin,
            preparation: self.preparation,
            initial: self.initial(),
            inputs: self.inputs(),
            input_spread: self.input_spread,
            gain_spread: self.gain_spread,
            bias: match self.bias {
                BiasName::None => Bias::None,
                BiasName::Confined => Bias::Confined,
                BiasName::Free => Bias::Free,
            },
            readout: Readout {
                orthonormal: matches!(self.readout, ReadoutName::Orthonormal),
                offset: !self.no_offset,
            },
            likelihood,
            noise: self.noise,
            activity_penalty: self.activity_penalty,
            ..defaults
        };
        architecture.validate().map_err(with_flag)?;
        Ok(architecture)
    }

    /// The length of a step over the time constant; `usual` is that of one step in a bin.
    fn leak(&self, recording: &Recording, usual: f64) -> anyhow::Result<f64> {
        if self.steps_per_bin == 0 {
            bail!("--steps-per-bin is 0, expected a number above 0");
        }
        let Some(seconds) = self.time_constant else {
            return Ok(usual / self.steps_per_bin as f64);
        };
        if !(seconds > 0.0 && seconds.is_finite()) {
            bail!("--time-constant is {seconds}, expected a number above 0");
        }
        let step = recording.bin_seconds / self.steps_per_bin as f64;
        if step > seconds {
            bail!("a step of {step} s is longer than the time constant: give more --steps-per-bin");
        }
        Ok(step / seconds)
    }

    fn prior(&self) -> TrialPrior {
        TrialPrior {
            kernel: match self.kernel {
                KernelName::RationalQuadratic => Kernel::RationalQuadratic,
                KernelName::Rbf => Kernel::Rbf,
            },
            length: self.length,
            amplitude: self.amplitude,
            independent: self.independent,
            jumps: self.jumps,
        }
    }

    fn initial(&self) -> InitialStates {
        let learned = |by| InitialStates::Learned { by, confined: !self.free_initial };
        match self.initial {
            InitialName::Zero => InitialStates::Zero,
            InitialName::Common => learned(Grouping::Common),
            InitialName::Condition => learned(Grouping::Condition),
            InitialName::Trial => learned(Grouping::Trial),
            InitialName::Hierarchy => InitialStates::Hierarchy {
                confined: !self.free_initial,
                spread: self.initial_spread.unwrap_or(0.3),
            },
        }
    }

    fn inputs(&self) -> Inputs {
        Inputs {
            during: match self.inputs {
                InputName::Never => During::Never,
                InputName::Preparation => During::Preparation,
                InputName::Execution => During::Execution,
                InputName::Throughout => During::Throughout,
            },
            course: self.input_length.map_or(Course::Constant, Course::Smooth),
            through: self.input_columns.map_or(Through::Weights, Through::Own),
        }
    }
}

impl FittingArguments {
    /// How models are fitted.
    pub fn settings(&self) -> anyhow::Result<Settings> {
        // A larger step is no number of single precision.
        const MOST: f64 = 1e15;
        if !(self.learning_rate > 0.0 && self.learning_rate <= MOST) {
            let expected = format!("a number above 0, at most {MOST:e}");
            bail!("--learning-rate is {:e}, expected {expected}", self.learning_rate);
        }
        Ok(Settings {
            iterations: self.iterations.unwrap_or(Settings::default().iterations),
            learning_rate: self.learning_rate,
            patience: self.patience.max(1),
            seed: self.seed,
        })
    }

    /// What is held out.
    pub fn held_out(&self) -> anyhow::Result<HeldOut> {
        self.held_out_as_in(HeldOut::default())
    }

    /// What is held out in a search.
    pub fn held_out_of_search(&self) -> anyhow::Result<HeldOut> {
        Ok(self.held_out_as_in(HeldOut::of_search())?.with_less_validation())
    }

    fn held_out_as_in(&self, usual: HeldOut) -> anyhow::Result<HeldOut> {
        let share = self.held_out.unwrap_or(usual.share);
        if !(0.0..=0.25).contains(&share) {
            bail!("--held-out is {share}, expected a share from 0 to 0.25");
        }
        if self.block.0 == 0 || self.block.1 == 0 {
            bail!("--block holds no entry, expected at least one bin and one trial");
        }
        Ok(HeldOut {
            bins: self.block.0,
            trials: self.block.1,
            guard_bins: self.guard.0,
            guard_trials: self.guard.1,
            share,
            validation: None,
            split: Split::Blocks,
        })
    }

    /// Runs something on the threads that were asked for.
    pub fn on_threads<R: Send>(&self, work: impl FnOnce() -> R + Send) -> anyhow::Result<R> {
        let threads = self.threads.map_or(0, usize::from);
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build()?;
        Ok(pool.install(work))
    }
}
