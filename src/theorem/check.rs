//! Running a theorem on one case, and judging what was observed.

use std::fmt;

use super::instance::Instance;
use super::movement::span;
use super::{Arithmetic, Quantity, Setting, Theorem};
use crate::blocks::Subset;
use crate::bounds::{Bounds, Verdict};
use crate::matrix::{Matrix, Rank, RankRevealing, Subspace};
use crate::network::architecture::Architecture;
use crate::network::{Loss, Network};
use crate::scalar::Stream;
use crate::tape::TapeError;
use crate::training::{Faulty, GradientFault, Training, TrainingError, Trajectory};

/// One number that a theorem bounds, as it was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// What was counted.
    pub quantity: Quantity,
    /// What it is.
    pub found: Bounds,
    /// What the theorem allows.
    pub bound: usize,
    /// Whether it is the rank of one matrix, a matter of minors.
    pub of_matrix: bool,
}

impl Observation {
    /// A rank against its bound.
    pub fn rank(quantity: impl Into<Quantity>, found: &Rank, bound: usize) -> Self {
        Observation { of_matrix: true, ..Self::number(quantity, found.bounds, bound) }
    }

    /// Any other number against its bound.
    pub fn number(quantity: impl Into<Quantity>, found: Bounds, bound: usize) -> Self {
        Observation { quantity: quantity.into(), found, bound, of_matrix: false }
    }

    /// Held, violated, or inconclusive.
    pub fn verdict(&self) -> Verdict {
        self.found.against(self.bound)
    }

    /// The verdict on several: the worst, and attained if the first one is.
    pub fn verdict_of(observations: &[Observation]) -> Verdict {
        Verdict::of_all(observations.iter().map(Observation::verdict))
    }
}

/// `rank D_3: 4 <= 5`.
impl fmt::Display for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Observation { quantity, found, bound, .. } = self;
        let (sign, remark) = match self.verdict() {
            Verdict::Held { attained: true } => ("<=", ", attained"),
            Verdict::Held { attained: false } => ("<=", ""),
            Verdict::Violated => (">", ", VIOLATED"),
            Verdict::Inconclusive => ("against", ", inconclusive"),
        };
        write!(f, "{quantity}: {found} {sign} {bound}{remark}")
    }
}

/// Why a case could not be observed.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum Inconclusive {
    /// The run did not finish.
    #[error(transparent)]
    Training(#[from] TrainingError),
    /// A rank on which the bound or the check rests lies inside the noise.
    #[error("{0} stands inside the rounding noise")]
    Noise(&'static str),
    /// The setting is not one of this arithmetic.
    #[error("this arithmetic cannot express the setting")]
    Unavailable,
}

impl From<TapeError> for Inconclusive {
    fn from(error: TapeError) -> Self {
        Inconclusive::Training(error.into())
    }
}

/// What an observation function returns.
pub type Observed = Result<Vec<Observation>, Inconclusive>;

/// A case as a theorem sees it: a setting, its random numbers, and possibly a deliberate error.
pub struct Case<S> {
    /// What was drawn.
    pub setting: Setting,
    /// The random numbers drawn for it.
    pub instance: Instance<S>,
    /// What is made small.
    pub loss: Box<dyn Loss<S>>,
    /// For whatever else the theorem needs at random.
    pub stream: Stream,
    /// A deliberate error in the gradient, for controls.
    pub fault: Option<GradientFault>,
}

impl<S: RankRevealing> Case<S> {
    /// Draws the random numbers of a setting.
    ///
    /// # Errors
    ///
    /// If the arithmetic cannot express the setting.
    pub fn draw(
        setting: &Setting,
        stream: Stream,
        fault: Option<GradientFault>,
    ) -> Result<Self, Inconclusive> {
        let instance = Instance::draw(setting, &stream).ok_or(Inconclusive::Unavailable)?;
        let loss = setting.loss.build().ok_or(Inconclusive::Unavailable)?;
        Ok(Case { setting: setting.clone(), instance, loss, stream, fault })
    }

    /// Trains the network of this case and keeps all weights.
    ///
    /// # Errors
    ///
    /// If the run diverges, or rounding noise hides what it changed.
    pub fn train(&self) -> Result<Trajectory<S>, Inconclusive> {
        let trajectory = self.training().run(self.setting.learning_steps)?;
        if trajectory.is_clear() {
            Ok(trajectory)
        } else {
            Err(Inconclusive::Noise("the change of the weights"))
        }
    }

    /// Trains another architecture on the task of this case and keeps every block that is trained.
    ///
    /// # Errors
    ///
    /// If blocks and architecture do not fit together, the run diverges, or rounding noise hides
    /// what it changed in one of the blocks.
    pub fn train_as(
        &self,
        architecture: &dyn Architecture<S>,
    ) -> Result<Trajectory<S>, Inconclusive> {
        let trajectory = self.training_as(architecture).run(self.setting.learning_steps)?;
        let is_clear = trajectory.followed().all(|(_, block)| block.is_clear());
        if is_clear { Ok(trajectory) } else { Err(Inconclusive::Noise("the change of a block")) }
    }

    /// The training of another architecture on the task of this case, not yet run: its blocks are
    /// those of the recurrent network, `W`, `B`, `C`, `bias` and `h0`, unless they are replaced. A
    /// deliberate error is in the gradient by W.
    pub fn training_as<'a>(&'a self, architecture: &'a dyn Architecture<S>) -> Training<'a, S> {
        let Instance { network, task, optimizer, batches, .. } = &self.instance;
        let (blocks, loss, optimizer) = (network.blocks.clone(), &*self.loss, optimizer.clone());
        let per_trial = match network.parts().h0.cols() {
            1 => Subset::none(),
            _ => Subset::only(["h0"]),
        };
        Training {
            trained: self.setting.trained.clone(),
            batches: batches.clone(),
            per_trial,
            applied: self.fault.map(|fault| -> Box<dyn Architecture<S> + 'a> {
                Box::new(Faulty { architecture, block: "W".into(), fault })
            }),
            ..Training::of(architecture, blocks, task, loss, optimizer)
        }
    }

    /// What spans S, the space in which a linear network learns: the columns of B, C^T, h_0 and b
    /// at the start side by side, (N, d_in + d_out + states + 1).
    pub fn directions(&self) -> Matrix<S> {
        let start = self.instance.network.parts();
        let readout = start.c.transposed();
        Matrix::beside(start.neurons(), [start.b, &readout, start.h0, start.bias])
    }

    /// S = span(col B, row C, h_0, b) at the start.
    ///
    /// # Errors
    ///
    /// If its dimension is inside the rounding noise.
    pub fn space(&self) -> Result<Subspace<S>, Inconclusive> {
        let directions = self.directions();
        span(directions.rows(), [&directions], "the dimension of S")
    }

    /// The training of this case, not yet run. The trajectory follows W.
    pub fn training(&self) -> Training<'_, S> {
        self.training_of(&self.instance.network)
    }

    /// The same for another recurrent network.
    pub fn training_of<'a>(&'a self, network: &'a Network<S>) -> Training<'a, S> {
        Training {
            blocks: network.blocks.clone(),
            followed: Some(Subset::only(["W"])),
            applied: self.fault.map(|fault| fault.of(&network.architecture)),
            ..self.training_as(&network.architecture)
        }
    }
}

/// Where a case comes from: with the theorem, all there is to know to run it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaseId {
    /// The arithmetic.
    pub arithmetic: Arithmetic,
    /// The seed of the whole run.
    pub seed: u64,
    /// The number of the case. Numbers from [`SECOND_INSTANCES`] on name second instances.
    pub number: u64,
}

/// This number and more have the settings of cases 0, 1, 2, ... with other random numbers.
pub const SECOND_INSTANCES: u64 = 1 << 32;

impl CaseId {
    /// The same setting with other random numbers.
    pub fn second_instance(self) -> Self {
        CaseId { number: self.number % SECOND_INSTANCES + SECOND_INSTANCES, ..self }
    }
}

/// What came of one case.
#[derive(Clone, Debug)]
pub struct CaseReport {
    /// What was drawn.
    pub setting: Setting,
    /// What was found, or why nothing could be.
    pub observed: Observed,
}

impl CaseReport {
    /// Ranks of matrices among the observations.
    pub fn ranks(&self) -> usize {
        let observations = self.observed.iter().flatten();
        observations.filter(|observation| observation.of_matrix).count()
    }

    /// The verdict over all observations.
    pub fn verdict(&self) -> Verdict {
        match &self.observed {
            Ok(observations) => Observation::verdict_of(observations),
            Err(_) => Verdict::Inconclusive,
        }
    }
}

/// The setting and all that was observed, each on a line.
impl fmt::Display for CaseReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "  {}", self.setting)?;
        match &self.observed {
            Err(reason) => writeln!(f, "  inconclusive: {reason}"),
            Ok(observations) => {
                observations.iter().try_for_each(|observation| writeln!(f, "  {observation}"))
            }
        }
    }
}

impl Theorem {
    pub(super) fn stream(&self, id: CaseId) -> Stream {
        Stream::new(&format!("{}/{}", self.id, id.arithmetic.name()), id.seed, id.number)
    }

    /// Runs one setting with the random streams of a case.
    pub fn run_setting(
        &self,
        id: CaseId,
        setting: Setting,
        fault: Option<GradientFault>,
    ) -> CaseReport {
        let stream = self.stream(id);
        let observed = match id.arithmetic {
            Arithmetic::Exact => observe(self.checks.exact, &setting, stream, fault),
            Arithmetic::F64 => observe(self.checks.f64, &setting, stream, fault),
            Arithmetic::DoubleDouble => observe(self.checks.double_double, &setting, stream, fault),
        };
        CaseReport { setting, observed }
    }
}

fn observe<S: RankRevealing>(
    check: Option<fn(&Case<S>) -> Observed>,
    setting: &Setting,
    stream: Stream,
    fault: Option<GradientFault>,
) -> Observed {
    let check = check.ok_or(Inconclusive::Unavailable)?;
    check(&Case::draw(setting, stream, fault)?)
}
