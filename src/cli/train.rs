//! `rankproof train`: a network on a task, and the weights of every step.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use rankproof::blocks::{Block, Subset};
use rankproof::bounds::Bounds;
use rankproof::file::write_npz;
use rankproof::matrix::{Factors, Matrix, Rank, SingularValues};
use rankproof::network::{
    Activation, CrossEntropy, Dynamics, Loss, Network, RnnParts, SquaredError,
};
use rankproof::scalar::Stream;
use rankproof::tape::TapeError;
use rankproof::task::{Dimensions, Task, TaskFamily};
use rankproof::training::{
    Batches, Direction, Entrywise, MUON_MOMENTUM, Method, Optimizer, Schedule, Storage, Training,
    Trajectory,
};

use super::files::Files;
use super::output::{paragraph, print, progress, rendered, table};

/// Train a network by exact gradients and save the weights of every learning step.
///
/// h_{t+1} = (1 - a) h_t + a phi(W psi(h_t) + B u_t), y_t = C psi(h_t), in double precision. The
/// archive holds W (K+1, N, N), B (N, d_in) and C (d_out, N) of the start, h0 (N), the loss (K+1),
/// and the singular values of every increment W_k - c_k W_0, c_k being what weight decay leaves of
/// W_0; `rankproof rank` reads it.
#[derive(Args)]
pub struct Arguments {
    /// What to learn: linear-teacher, random-targets, integrator, flip-flop, delayed-recall,
    /// sine-generator or centre-out.
    #[arg(long)]
    task: TaskFamily,
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
    /// The activation outside the weights.
    #[arg(long, value_enum, default_value_t = Function::Identity)]
    phi: Function,
    /// The activation inside the weights.
    #[arg(long, value_enum, default_value_t = Function::Identity)]
    psi: Function,
    /// The leak a.
    #[arg(long, default_value_t = 0.5)]
    leak: f64,
    /// The weights at the start.
    #[arg(long, value_enum, default_value_t = Start::Zero)]
    start: Start,
    /// w of W_0 = w I, or the spectral radius of a random W_0.
    #[arg(long, default_value_t = 0.5)]
    gain: f64,
    /// Start from a random h_0 common to all trials, in place of zero.
    #[arg(long)]
    initial_state: bool,
    /// What is learned, of W, B, C, b and h0.
    #[arg(long, value_delimiter = ',', default_value = "W")]
    learn: Vec<Learned>,
    /// What is made small.
    #[arg(long, value_enum, default_value_t = LossName::Squared)]
    loss: LossName,
    /// How a step is made from gradients.
    #[arg(long, value_enum, default_value_t = MethodName::GradientDescent)]
    optimizer: MethodName,
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
    /// Keep factors in place of N x N matrices, for very large linear networks: the archive then
    /// holds left (N, R), right (N, R) and coefficients (K+1, R) in place of W.
    #[arg(long)]
    factors: bool,
    /// The archive to write.
    #[arg(long, value_name = "FILE.npz")]
    out: Option<PathBuf>,
}

fn positive(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|&number| number > 0)
        .ok_or_else(|| "expected a whole number from 1".into())
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Function {
    Identity,
    Tanh,
    Relu,
    Softplus,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Start {
    /// W_0 = 0.
    Zero,
    /// W_0 = w I.
    Identity,
    /// Independent random entries.
    Random,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Learned {
    #[value(name = "W")]
    Recurrent,
    #[value(name = "B")]
    Input,
    #[value(name = "C")]
    Output,
    #[value(name = "b")]
    Bias,
    #[value(name = "h0")]
    InitialState,
}

#[derive(Clone, Copy, ValueEnum)]
enum LossName {
    Squared,
    CrossEntropy,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum MethodName {
    GradientDescent,
    HeavyBall,
    Nesterov,
    GradientFlow,
    Adam,
    RmsProp,
    Sign,
    Muon,
    Shampoo,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<ExitCode> {
    Files::default().writes("--out", &arguments.out).check()?;
    check(arguments)?;
    let trajectory = train(arguments)?;
    let report = Report::of(&trajectory);
    if let Some(path) = &arguments.out {
        save(path, arguments, &trajectory, &report)?;
    }
    print(&describe(arguments, &trajectory, &report))?;
    Ok(ExitCode::SUCCESS)
}

/// What single arguments cannot say.
fn check(arguments: &Arguments) -> anyhow::Result<()> {
    let numbers = [
        ("--leak", arguments.leak),
        ("--gain", arguments.gain),
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
    if arguments.factors && arguments.start == Start::Random {
        bail!("--factors keeps no N x N matrix, so it needs --start zero or --start identity");
    }
    if arguments.batch.is_some_and(|batch| batch > arguments.trials) {
        let (batch, trials) = (arguments.batch.unwrap_or(0), arguments.trials);
        bail!("--batch is {batch}, expected at most the {trials} trials there are");
    }
    Ok(())
}

fn train(arguments: &Arguments) -> anyhow::Result<Trajectory<f64>> {
    let stream = Stream::new("train", arguments.seed, 0);
    let dimensions = Dimensions {
        neurons: arguments.neurons,
        d_in: arguments.d_in,
        d_out: arguments.d_out,
        steps: arguments.time,
        trials: arguments.trials,
    };
    let task: Task<f64> = arguments
        .task
        .draw(&dimensions, &stream.named("task"))
        .context("a task of real numbers")?;
    let (network, loss) = (network(arguments, &stream)?, loss(arguments.loss));
    let training = Training {
        trained: trained(&arguments.learn),
        followed: Some(Subset::only(["W"])),
        batches: match arguments.batch {
            Some(size) => Batches::Mini { size, stream: Box::new(stream.named("batches")) },
            None => Batches::Full,
        },
        storage: if arguments.factors { Storage::Factors } else { Storage::Slices },
        ..Training::new(&network, &task, &*loss, optimizer(arguments))
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
    trajectory.map_err(|error| {
        anyhow::anyhow!("{error}; a smaller --step-size than {} may help", arguments.step_size)
    })
}

/// Columns of B and rows of C have a norm of about one, whatever N is.
fn network(arguments: &Arguments, stream: &Stream) -> Result<Network<f64>, TapeError> {
    let n = arguments.neurons;
    let matrix = |rows, cols, size, name| Matrix::normal(rows, cols, size, &mut stream.named(name));
    let unit = 1.0 / (n as f64).sqrt();
    let w = match arguments.start {
        Start::Zero => Block::scaled_identity(n, 0.0),
        Start::Identity => Block::scaled_identity(n, arguments.gain),
        Start::Random => Block::from(matrix(n, n, arguments.gain * unit, "W")),
    };
    let b = matrix(n, arguments.d_in, unit, "B");
    let c = matrix(arguments.d_out, n, unit, "C");
    let dynamics = Dynamics {
        leak: arguments.leak,
        phi: activation(arguments.phi),
        psi: activation(arguments.psi),
    };
    let network = Network::rnn(dynamics, w, b, c)?;
    Ok(match arguments.initial_state {
        true => network.with("h0", matrix(n, 1, unit, "h0")),
        false => network,
    })
}

fn activation(name: Function) -> Activation<f64> {
    match name {
        Function::Identity => Activation::Identity,
        Function::Tanh => Activation::Tanh,
        Function::Relu => Activation::Relu,
        Function::Softplus => Activation::Softplus,
    }
}

fn loss(name: LossName) -> Box<dyn Loss<f64>> {
    match name {
        LossName::Squared => Box::new(SquaredError),
        LossName::CrossEntropy => Box::new(CrossEntropy::new().expect("f64 has real functions")),
    }
}

fn optimizer(arguments: &Arguments) -> Optimizer<f64> {
    let usual = if arguments.optimizer == MethodName::Muon { MUON_MOMENTUM } else { 0.9 };
    let momentum = arguments.momentum.unwrap_or(usual);
    // The denominators of PyTorch, and of the paper on Shampoo.
    let direction = match arguments.optimizer {
        MethodName::Adam => Direction::adam(1e-8),
        MethodName::RmsProp => Direction::rms_prop(1e-8),
        MethodName::Sign => Direction::Entrywise(Entrywise::Sign),
        MethodName::Muon => Direction::muon(),
        MethodName::Shampoo => Direction::shampoo(1e-4),
        _ => Direction::Gradient,
    };
    Optimizer {
        method: match arguments.optimizer {
            MethodName::HeavyBall => Method::HeavyBall { momentum },
            MethodName::Nesterov | MethodName::Muon => Method::Nesterov { momentum },
            MethodName::GradientFlow => Method::GradientFlow,
            _ => Method::GradientDescent,
        },
        schedule: Schedule::Constant(arguments.step_size),
        direction,
        weight_decay: arguments.decay,
        clip: arguments.clip,
    }
}

fn trained(learned: &[Learned]) -> Subset {
    Subset::only(learned.iter().map(|learned| match learned {
        Learned::Recurrent => "W",
        Learned::Input => "B",
        Learned::Output => "C",
        Learned::Bias => "bias",
        Learned::InitialState => "h0",
    }))
}

/// The ranks of a trajectory, from the core of its tensor.
struct Report {
    /// The rank of W_k - c_k W_0 for k = 1..=K.
    ranks: Vec<Rank>,
    /// The singular values of the same, descending, as many for each.
    spectra: Vec<Vec<f64>>,
    unfoldings: [Rank; 3],
    cp: Option<Bounds>,
}

impl Report {
    fn of(trajectory: &Trajectory<f64>) -> Self {
        let reduced = trajectory.increments().reduced();
        let noise = trajectory.tensor_noise();
        let spectra: Vec<_> = reduced.slices.iter().map(f64::singular_values).collect();
        let rank = |(k, values): (usize, &Vec<f64>)| {
            Rank::of_spectrum(values.clone(), trajectory.noise(k + 1))
        };
        Report {
            ranks: spectra.iter().enumerate().map(rank).collect(),
            unfoldings: reduced.unfolding_ranks(noise),
            cp: reduced.tight_cp_bracket(noise).map(|bracket| bracket.bounds()),
            spectra,
        }
    }
}

fn save(
    path: &Path,
    arguments: &Arguments,
    trajectory: &Trajectory<f64>,
    report: &Report,
) -> anyhow::Result<()> {
    let (n, steps) = (trajectory.neurons(), trajectory.steps());
    let start = RnnParts::of(&trajectory.start)?;
    let width = report.spectra.first().map_or(0, Vec::len);
    let spectra = [vec![0.0; width], report.spectra.concat()].concat();
    write_npz(path, |npz| {
        if arguments.factors {
            let (left, right, coefficients) = factors(trajectory);
            let terms = left.cols();
            npz.array("left", &[n, terms], &row_major(&left))?;
            npz.array("right", &[n, terms], &row_major(&right))?;
            npz.array("coefficients", &[steps + 1, terms], &row_major(&coefficients))?;
        } else {
            let slices = (0..=steps).map(|k| row_major(&trajectory.weights_at(k)));
            npz.array_in_parts("W", &[steps + 1, n, n], slices)?;
        }
        npz.array("B", &[n, start.b.cols()], &row_major(start.b))?;
        npz.array("C", &[start.c.rows(), n], &row_major(start.c))?;
        npz.array("h0", &[n], start.h0.data())?;
        npz.array("loss", &[steps + 1], &trajectory.losses)?;
        npz.array("spectra", &[steps + 1, width], &spectra)
    })?;
    Ok(())
}

/// The factors of all gradients side by side, (N, R) twice, and their coefficients in W_k - c_k W_0,
/// (K + 1, R).
fn factors(trajectory: &Trajectory<f64>) -> (Matrix<f64>, Matrix<f64>, Matrix<f64>) {
    let n = trajectory.neurons();
    let gradients = trajectory.gradients();
    let owner: Vec<usize> = (gradients.iter().enumerate())
        .flat_map(|(j, gradient): (usize, &Factors<f64>)| std::iter::repeat_n(j, gradient.width()))
        .collect();
    let coefficients = Matrix::from_fn(trajectory.steps() + 1, owner.len(), |k, r| {
        trajectory.coefficient(k, owner[r])
    });
    let left = Matrix::beside(n, gradients.iter().map(|gradient| &gradient.left));
    let right = Matrix::beside(n, gradients.iter().map(|gradient| &gradient.right));
    (left, right, coefficients)
}

fn row_major(matrix: &Matrix<f64>) -> Vec<f64> {
    matrix.transposed().data().to_vec()
}

fn describe(arguments: &Arguments, trajectory: &Trajectory<f64>, report: &Report) -> String {
    let last = trajectory.steps();
    let mut table = table(&["k", "loss", "rank of the increment", "largest singular values"], 0);
    let mut steps: Vec<usize> = (0..).map(|power| 1 << power).take_while(|&k| k < last).collect();
    steps.push(last);
    for k in steps {
        let values = report.spectra[k - 1].iter().take(6).map(|value| format!("{value:.1e}"));
        table.add_row([
            k.to_string(),
            format!("{:.6}", trajectory.losses[k]),
            report.ranks[k - 1].to_string(),
            values.collect::<Vec<_>>().join(" "),
        ]);
    }
    let [r1, r2, r3] = &report.unfoldings;
    let cp = match report.cp {
        Some(Bounds { lower, upper }) if lower == upper => lower.to_string(),
        Some(Bounds { lower, upper }) => format!("{lower} to {upper}"),
        None => "inconclusive".to_owned(),
    };
    let mut text = format!(
        "{} with {} neurons: loss {:.6} at the start\n\n{}\nThe increments as a tensor\n",
        arguments.task.name(),
        arguments.neurons,
        trajectory.losses[0],
        rendered(&table)
    );
    text += &paragraph("  unfolding", &format!("{r1} (rows), {r2} (columns), {r3} (steps)"));
    text += &paragraph("  CP rank", &cp);
    match &arguments.out {
        Some(path) => text + &format!("\nWritten to {}\n", path.display()),
        None => text,
    }
}
