//! `rankproof train`: a network on a task, and the weights of every step.

mod results;

use std::path::PathBuf;

use crate::blocks::{Block, Blocks, Subset};
use crate::matrix::{Factors, Matrix};
use crate::named::Named;
use crate::network::architecture::{DynamicsOption, Shipped};
use crate::network::{Activation, ActivationKind, Architecture, Dynamics, Network, Rnn};
use crate::scalar::Stream;
use crate::task::{Dimensions, Task, TaskFamily};
use crate::theorem::{InitialWeights, LossKind, OptimizerKind, symmetric};
use crate::training::{
    self, Batches, Cores, Optimizer, Schedule, Storage, Training, TrainingError, Trajectory,
};
use anyhow::{Context, anyhow, bail};
use clap::Args;
use clap::builder::TypedValueParser;

use super::files::Files;
use super::lock::lock_file;
use super::numbers::positive;
use super::output::{print, progress};
use super::{any_choice, choice};
use results::{Report, describe, save};

/// Train a network by exact gradients and save the weights of every learning step.
///
/// h_{t+1} = (1 - a) h_t + a phi(W psi(h_t) + B u_t), y_t = C psi(h_t), in double precision, or
/// another architecture. The archive holds every block by its name: those that learn at all steps,
/// as W (K+1, N, N), the others of the start, as B (N, d_in), C (d_out, N) and h0 (N). With them the
/// loss (K+1), and as `spectra` the singular values of every increment W_k - c_k W_0, c_k being what
/// weight decay leaves of W_0 (`NAME.spectra` of another block beside W or among several).
/// `rankproof rank --array NAME` reads the history of a block.
#[derive(Args)]
pub struct Arguments {
    /// What to learn.
    #[arg(long, value_parser = any_choice::<TaskFamily>())]
    task: TaskFamily,
    /// Which network learns.
    #[arg(long, value_parser = any_choice::<Shipped>(), default_value = "rnn")]
    architecture: Shipped,
    /// Neurons, N.
    #[arg(long, value_parser = positive)]
    neurons: usize,
    /// Learning steps, K.
    #[arg(long, value_parser = positive)]
    steps: usize,
    /// Input channels.
    #[arg(long, default_value_t = 3, value_parser = positive)]
    d_in: usize,
    /// Output channels.
    #[arg(long, default_value_t = 2, value_parser = positive)]
    d_out: usize,
    /// Time steps of a trial, T.
    #[arg(long, default_value_t = 10, value_parser = positive)]
    time: usize,
    /// Trials, M.
    #[arg(long, default_value_t = 8, value_parser = positive)]
    trials: usize,
    /// The activation outside the weights; identity if not given.
    #[arg(long, value_parser = functions())]
    phi: Option<ActivationKind>,
    /// The activation inside the weights; identity if not given.
    #[arg(long, value_parser = functions())]
    psi: Option<ActivationKind>,
    /// The leak a; 0.5 if not given.
    #[arg(long)]
    leak: Option<f64>,
    /// The weights W of rnn at the start: zero, identity (w I), full (independent random entries),
    /// symmetric-R (with R distinct eigenvalues), or the rank of P Q^T in w I + P Q^T; zero if not given. Other architectures start from normal
    /// weights of standard deviation 1/sqrt(N).
    #[arg(long)]
    start: Option<InitialWeights>,
    /// w, the spectral radius of a full W_0, or the size of eigenvalues; 0.5 if not given.
    #[arg(long)]
    gain: Option<f64>,
    /// Start from a random h_0 common to all trials, in place of zero.
    #[arg(long)]
    initial_state: bool,
    /// The blocks that learn, or `all`; if not given, the weights between neurons, as W. Of rnn
    /// there are W, B, C, b and h0; an unknown name lists those of another architecture.
    #[arg(long, value_delimiter = ',', value_name = "NAME,...")]
    learn: Vec<String>,
    /// What is made small.
    #[arg(long, value_parser = any_choice::<LossKind>(), default_value = "squared")]
    loss: LossKind,
    /// How a step is made from gradients.
    #[arg(long, value_parser = any_choice::<OptimizerKind>(), default_value = "gradient-descent")]
    optimizer: OptimizerKind,
    /// The step size.
    #[arg(long, default_value_t = 0.05)]
    step_size: f64,
    /// For heavy-ball, nesterov and muon, whose momentum is Nesterov's; 0.9 if not given, 0.95 for
    /// muon, as published.
    #[arg(long)]
    momentum: Option<f64>,
    /// The coefficient of weight decay.
    #[arg(long, default_value_t = 0.0)]
    decay: f64,
    /// The norm to which gradients are clipped.
    #[arg(long)]
    clip: Option<f64>,
    /// Trials in each gradient; all if not given.
    #[arg(long, value_parser = positive)]
    batch: Option<usize>,
    /// Names the random numbers.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Keep factors in place of N x N matrices, for very large linear networks of architecture rnn:
    /// the archive then holds left (N, R), right (N, R) and coefficients (K+1, R) in place of W.
    #[arg(long)]
    factors: bool,
    /// Train the few neurons that learn as the N of a linear rnn do (core-closure), for any N: the
    /// archive is that of these d neurons, with which `rank` does as with any other, and `basis`
    /// (N, d) and `identity` (K+1) lead back: W_k is identity_k (I - basis basis^T) + basis W basis^T,
    /// B is basis B, C is C basis^T, h0 is basis h0.
    #[arg(long, conflicts_with = "factors")]
    cores: bool,
    /// The archive to write.
    #[arg(long, value_name = "FILE.npz")]
    out: Option<PathBuf>,
}

/// The activations whose numbers are known: of polynomials they are random in theorems alone.
fn functions() -> impl TypedValueParser<Value = ActivationKind> {
    choice(|function: ActivationKind| function.usual::<f64>().is_some())
}

pub fn run(arguments: &Arguments) -> anyhow::Result<u8> {
    Files::default().writes("--out", &arguments.out).check()?;
    check(arguments)?;
    let _lock = arguments.out.as_deref().map(lock_file).transpose()?;
    let Learned { trajectory, space } = train(arguments)?;
    let reports: Vec<_> = trajectory.followed().map(|(_, block)| Report::of(block)).collect();
    if let Some(path) = &arguments.out {
        save(path, arguments, &trajectory, &reports, space.as_ref())?;
    }
    print(&describe(arguments, &trajectory, &reports, space.as_ref()))?;
    Ok(0)
}

/// What came of a training.
struct Learned {
    trajectory: Trajectory<f64>,
    /// Where the neurons of `--cores` are among the N.
    space: Option<Space>,
}

/// The space in which the network learns.
struct Space {
    /// U, (N, d), with orthonormal columns.
    basis: Matrix<f64>,
    /// w of W_0 = w I + P Q^T.
    identity: f64,
}

/// What single arguments cannot say.
fn check(arguments: &Arguments) -> anyhow::Result<()> {
    let numbers = [
        ("--leak", arguments.leak.unwrap_or(0.0)),
        ("--gain", arguments.gain.unwrap_or(0.0)),
        ("--step-size", arguments.step_size),
        ("--momentum", arguments.momentum.unwrap_or(0.0)),
        ("--decay", arguments.decay),
        ("--clip", arguments.clip.unwrap_or(1.0)),
    ];
    if let Some((name, value)) = numbers.into_iter().find(|(_, value)| !value.is_finite()) {
        bail!("{name} is {value}, expected a finite number");
    }
    if arguments.clip.is_some_and(|clip| clip <= 0.0) {
        bail!("--clip is {}, expected a number above 0", arguments.clip.unwrap_or(0.0));
    }
    check_architecture(arguments)?;
    if arguments.gain.is_some() && matches!(arguments.start, None | Some(InitialWeights::Zero)) {
        bail!("--gain is for another --start than zero, which is multiplied by it");
    }
    check_thin(arguments)?;
    if arguments.batch.is_some_and(|batch| batch > arguments.trials) {
        let (batch, trials) = (arguments.batch.unwrap_or(0), arguments.trials);
        bail!("--batch is {batch}, expected at most the {trials} trials there are");
    }
    check_memory(arguments)
}

/// What networks without N x N matrices cannot have.
fn check_thin(arguments: &Arguments) -> anyhow::Result<()> {
    let thin = [("--factors", arguments.factors), ("--cores", arguments.cores)];
    let Some((option, _)) = thin.into_iter().find(|(_, given)| *given) else { return Ok(()) };
    let is_dense = |start| matches!(start, InitialWeights::Full | InitialWeights::Symmetric(_));
    if let Some(start) = arguments.start.filter(|&start| is_dense(start)) {
        bail!("{option} keeps no N x N matrix, so it needs another --start than {start}");
    }
    if !arguments.cores {
        return Ok(());
    }
    for (name, function) in [("--phi", arguments.phi), ("--psi", arguments.psi)] {
        if let Some(function) = function.filter(|&kind| kind != ActivationKind::Identity) {
            let function = function.name();
            bail!("--cores is for linear networks, so it needs another {name} than {function}");
        }
    }
    if arguments.optimizer.rule.is_entrywise() {
        let optimizer = arguments.optimizer.name();
        bail!(
            "--cores is for methods that do not see the basis of the neurons, and {optimizer} acts \
             entry by entry"
        );
    }
    Ok(())
}

/// What is not said of this architecture.
fn check_architecture(arguments: &Arguments) -> anyhow::Result<()> {
    let architecture = arguments.architecture;
    let name = architecture.name();
    let of_dynamics = [
        ("--leak", arguments.leak.is_some(), DynamicsOption::Leak),
        ("--phi", arguments.phi.is_some(), DynamicsOption::Phi),
        ("--psi", arguments.psi.is_some(), DynamicsOption::Psi),
    ];
    let misplaced = |&&(_, given, option): &&(_, bool, _)| given && !architecture.takes(option);
    if let Some((option, ..)) = of_dynamics.iter().find(misplaced) {
        bail!("{option} does not apply to --architecture {name}, which has none to choose");
    }
    let of_rnn = [
        ("--start", arguments.start.is_some()),
        ("--gain", arguments.gain.is_some()),
        ("--factors", arguments.factors),
        ("--cores", arguments.cores),
    ];
    match of_rnn.iter().find(|(_, given)| *given && architecture != Shipped::Rnn) {
        Some((option, _)) => bail!(
            "{option} does not apply to --architecture {name}, whose weights start as random \
             matrices: it is for rnn"
        ),
        None => Ok(()),
    }
}

/// Refuses what memory does not hold.
fn check_memory(arguments: &Arguments) -> anyhow::Result<()> {
    let rank = match arguments.start {
        Some(InitialWeights::LowRank(rank)) => rank,
        _ => 0,
    };
    let sizes = dimensions(arguments);
    let start = [4, rank, arguments.neurons];
    if arguments.cores {
        // B, C, h_0, b, P and Q: beside each other, and as orthonormal columns.
        let channels = sizes.d_in.saturating_add(sizes.d_out);
        let sources = channels.saturating_add(rank.saturating_mul(2)).saturating_add(2);
        let few = Dimensions { neurons: sources.min(sizes.neurons), ..sizes };
        let needed = training::memory(&few, arguments.steps, Storage::Slices)
            .and("the start", size_of::<f64>(), &start)
            .and("the space of learning", size_of::<f64>(), &[4, sources, sizes.neurons]);
        return needed.check().map_err(Into::into);
    }
    let needed = training::memory(&sizes, arguments.steps, storage(arguments));
    let needed = needed.and("the start", size_of::<f64>(), &start);
    let hint =
        if arguments.factors { "" } else { "; --factors keeps no N x N matrix, nor does --cores" };
    needed.check().map_err(|error| anyhow!("{error}{hint}"))
}

fn storage(arguments: &Arguments) -> Storage {
    if arguments.factors { Storage::Factors } else { Storage::Slices }
}

fn dimensions(arguments: &Arguments) -> Dimensions {
    Dimensions {
        neurons: arguments.neurons,
        d_in: arguments.d_in,
        d_out: arguments.d_out,
        steps: arguments.time,
        trials: arguments.trials,
    }
}

fn train(arguments: &Arguments) -> anyhow::Result<Learned> {
    let stream = Stream::new("train", arguments.seed, 0);
    let dimensions = dimensions(arguments);
    let task: Task<f64> = arguments
        .task
        .draw(&dimensions, &stream.named("task"))
        .context("a task of real numbers")?;
    let mut network = network(arguments, &dimensions, &stream)?;
    let loss = arguments.loss.build().context("a loss of real numbers")?;
    let (optimizer, storage) = (optimizer(arguments)?, storage(arguments));
    let mut space = None;
    if arguments.cores {
        let (blocks, found) = few_neurons(arguments, network.blocks, &optimizer)?;
        (network.blocks, space) = (blocks, Some(found));
    }
    let training = Training {
        trained: trained(arguments, &network.blocks)?,
        batches: match arguments.batch {
            Some(size) => Batches::Mini { size, stream: Box::new(stream.named("batches")) },
            None => Batches::Full,
        },
        storage,
        ..Training::new(&network, &task, &*loss, optimizer)
    };
    let bar = progress(arguments.steps as u64, "");
    // In the pool, where large products use two threads.
    let trajectory = rayon::scope(|_| {
        training.run_watched(arguments.steps, |visit| {
            bar.set_message(format!("loss {:.6}", visit.loss));
            bar.set_position(visit.step as u64);
        })
    });
    bar.finish_and_clear();
    let trajectory = trajectory.map_err(|error| match error {
        TrainingError::Diverged { .. } => {
            anyhow::anyhow!("{error}; a smaller --step-size than {} may help", arguments.step_size)
        }
        _ => error.into(),
    })?;
    Ok(Learned { trajectory, space })
}

/// The blocks of the neurons that learn in the place of all, and where they are among them.
fn few_neurons(
    arguments: &Arguments,
    blocks: Blocks<f64>,
    optimizer: &Optimizer<f64>,
) -> anyhow::Result<(Blocks<f64>, Space)> {
    let network = Network { architecture: Rnn::new(dynamics(arguments)?), blocks };
    let Cores { basis, network } = Cores::of(&network, &optimizer.rule).context("--cores")?;
    let identity = network.parts().w.identity();
    Ok((network.blocks, Space { basis, identity }))
}

fn dynamics(arguments: &Arguments) -> anyhow::Result<Dynamics<f64>> {
    Ok(Dynamics {
        leak: arguments.leak.unwrap_or(0.5),
        phi: activation(arguments.phi)?,
        psi: activation(arguments.psi)?,
    })
}

/// Columns of B and rows of C have a norm of about one, whatever N is.
fn network(
    arguments: &Arguments,
    sizes: &Dimensions,
    stream: &Stream,
) -> anyhow::Result<Network<f64, Box<dyn Architecture<f64>>>> {
    let dynamics = dynamics(arguments)?;
    let name = arguments.architecture.name();
    let mut network = (arguments.architecture.network(sizes, &dynamics, stream))
        .with_context(|| format!("--architecture {name}"))?;
    let (n, gain) = (sizes.neurons, arguments.gain.unwrap_or(0.5));
    let unit = 1.0 / (n as f64).sqrt();
    let normal = |rows, cols, size, name| Matrix::normal(rows, cols, size, &mut stream.named(name));
    match arguments.start {
        None | Some(InitialWeights::Zero) => {}
        Some(InitialWeights::ScaledIdentity) => {
            network = network.with("W", Block::scaled_identity(n, gain));
        }
        Some(InitialWeights::LowRank(rank)) => {
            let factors = Factors::new(normal(n, rank, unit, "P"), normal(n, rank, unit, "Q"));
            network = network.with("W", Block::low_rank(gain, factors));
        }
        Some(InitialWeights::Symmetric(count)) => {
            let values = normal(1, count.min(n), gain, "eigenvalues");
            let stream = stream.named("reflections");
            network = network.with("W", symmetric(n, values.data(), &stream));
        }
        Some(InitialWeights::Full) => {
            network = network.with("W", normal(n, n, gain * unit, "W"));
        }
    }
    if arguments.initial_state {
        let shapes = network.blocks.shapes();
        let is_state = |name: &str| name.rsplit('.').next() == Some("h0");
        let states: Vec<_> = shapes.into_iter().filter(|(name, _)| is_state(name)).collect();
        if states.is_empty() {
            bail!("--initial-state does not apply to --architecture {name}, which has no block h0");
        }
        for (name, (rows, cols)) in &states {
            network = network.with(name, normal(*rows, *cols, unit, name));
        }
    }
    Ok(network)
}

/// The identity if none is given.
fn activation(kind: Option<ActivationKind>) -> anyhow::Result<Activation<f64>> {
    let kind = kind.unwrap_or(ActivationKind::Identity);
    kind.usual().with_context(|| format!("{} has no coefficients of its own", kind.name()))
}

fn optimizer(arguments: &Arguments) -> anyhow::Result<Optimizer<f64>> {
    let OptimizerKind { stepper, rule } = arguments.optimizer;
    let momentum = arguments.momentum.or(rule.momentum()).unwrap_or(0.9);
    Ok(Optimizer {
        stepper: stepper.with(momentum),
        rule: rule.usual().context("an update rule of real numbers")?,
        schedule: Schedule::Constant(arguments.step_size),
        weight_decay: arguments.decay,
        clip: arguments.clip,
    })
}

/// The blocks that are to learn.
fn trained(arguments: &Arguments, blocks: &Blocks<f64>) -> anyhow::Result<Subset> {
    let trained = match arguments.learn.as_slice() {
        [] => Ok(arguments.architecture.recurrent(blocks)),
        [all] if all == "all" => Ok(Subset::All),
        names => {
            // b, as equations have it.
            let block = |name| if name == "b" && blocks.get("b").is_err() { "bias" } else { name };
            let names = names.iter().map(|name| block(name.as_str()));
            let name = arguments.architecture.name();
            Subset::named(blocks, names).with_context(|| format!("--learn with {name}"))
        }
    }?;
    if arguments.factors && !trained.contains("W") {
        bail!("--factors is for a W that learns, and --learn leaves it out");
    }
    Ok(trained)
}
