//! Does learning a new movement change the weights of a network in few dimensions?
//!
//! A tanh network of 100 neurons with random weights of full rank drives a point mass in the plane
//! by its two outputs. It is told one of eight directions and learns to reach there; the gradient
//! goes through the mass. Then its weights are recorded at every learning step, as those of an
//! animal would be: a baseline, adaptation to a force field that pushes sideways in proportion to
//! speed, and washout without the field. Every step learns from two reaches alone.
//!
//! The recorded weights, less those at the start, are a tensor of 100 x 100 x steps. Beside it
//! stand the same for a network that had not learned to reach before, and a random walk with steps
//! of the same size, which is what weights without structure look like.

use std::error::Error;

use rankproof::matrix::{SingularValues, count_for_share};
use rankproof::network::forward;
use rankproof::prelude::*;
use rankproof::report::{Experiment, Figure, Panel, Table};
use rankproof::tensor::{CpOptions, Dense, ErrorByRank, Mode, cp_error_by_rank};

/// Directions of reaches.
const DIRECTIONS: usize = 8;
/// Time steps of a reach; a reach takes one unit of time and goes over one unit of length.
const STEPS: usize = 30;

fn main() -> Result<(), Box<dyn Error>> {
    let title = "A network that adapts to a force field moves its weights in few dimensions";
    run(Experiment::from_arguments("force_field", title)?)
}

/// How long what is learned, in learning steps.
#[derive(Clone, Copy)]
pub struct Protocol {
    pub neurons: usize,
    pub reaching: usize,
    pub baseline: usize,
    pub adaptation: usize,
    pub washout: usize,
    /// CP ranks that are tried.
    pub ranks: usize,
}

impl Protocol {
    pub fn new(quick: bool) -> Self {
        let (neurons, reaching) = if quick { (30, 800) } else { (100, 1500) };
        let (baseline, adaptation, washout) = if quick { (40, 50, 10) } else { (80, 150, 70) };
        let ranks = if quick { 8 } else { 20 };
        Protocol { neurons, reaching, baseline, adaptation, washout, ranks }
    }

    /// Baseline, adaptation and washout: learning steps, and the force field.
    pub fn phases(&self) -> [(usize, f64); 3] {
        [(self.baseline, 0.0), (self.adaptation, CURL), (self.washout, 0.0)]
    }

    /// The force field at each recorded learning step.
    pub fn fields(&self) -> Vec<f64> {
        self.phases().into_iter().flat_map(|(steps, curl)| vec![curl; steps]).collect()
    }
}

/// A unit mass with friction, pushed by the outputs and, in a force field, sideways in proportion
/// to its speed.
struct PointMass {
    curl: f64,
}

/// The strength of the field: sideways acceleration for each unit of speed.
const CURL: f64 = 1.5;
const FRICTION: f64 = 2.0;
/// Force for each unit of output.
const FORCE: f64 = 10.0;
const DT: f64 = 1.0 / STEPS as f64;
/// Of gradient descent.
const STEP_SIZE: f64 = 0.5;

impl PointMass {
    /// Position and velocity (4, (T + 1) M) from outputs (2, (T + 1) M).
    fn moved(&self, outputs: &Matrix<f64>, trials: usize) -> Matrix<f64> {
        let mut states = Matrix::zeros(4, outputs.cols());
        for column in trials..outputs.cols() {
            let [x, y, vx, vy]: [f64; 4] = std::array::from_fn(|i| states[(i, column - trials)]);
            let force = outputs.column(column - trials);
            let vx_next = vx + DT * (FORCE * force[0] - FRICTION * vx + self.curl * vy);
            let vy_next = vy + DT * (FORCE * force[1] - FRICTION * vy - self.curl * vx);
            let next = [x + DT * vx_next, y + DT * vy_next, vx_next, vy_next];
            states.column_mut(column).copy_from_slice(&next);
        }
        states
    }

    /// The derivative by the outputs, from that by positions and velocities: the adjoint of
    /// [`PointMass::moved`].
    fn pulled_back(&self, errors: &Matrix<f64>, trials: usize) -> Matrix<f64> {
        let mut by_output = Matrix::zeros(2, errors.cols());
        let mut later = Matrix::<f64>::zeros(4, errors.cols() + trials);
        for column in (trials..errors.cols()).rev() {
            // What follows from the state of this column through the next one.
            let [px, py, pvx, pvy]: [f64; 4] = std::array::from_fn(|i| later[(i, column + trials)]);
            let vx = pvx - DT * (FRICTION * pvx + self.curl * pvy);
            let vy = pvy - DT * (FRICTION * pvy - self.curl * pvx);
            let error = errors.column(column);
            let (px, py) = (px + error[0], py + error[1]);
            let now = [px, py, vx + error[2] + DT * px, vy + error[3] + DT * py];
            later.column_mut(column).copy_from_slice(&now);
            let by_force = [DT * FORCE * now[2], DT * FORCE * now[3]];
            by_output.column_mut(column - trials).copy_from_slice(&by_force);
        }
        by_output
    }
}

/// The distance of the mass from a minimum-jerk reach, in position and velocity: the plant is
/// inside, so that training sees through it.
impl Loss<f64> for PointMass {
    fn value(&self, outputs: &Matrix<f64>, task: &Task<f64>) -> f64 {
        SquaredError.value(&self.moved(outputs, task.trials), task) * DT
    }

    fn errors(&self, outputs: &Matrix<f64>, task: &Task<f64>) -> Matrix<f64> {
        let mut errors = SquaredError.errors(&self.moved(outputs, task.trials), task);
        errors.scale(DT);
        self.pulled_back(&errors, task.trials)
    }
}

/// A network that learns, and everything recorded of it.
pub struct Learner {
    pub network: Network<f64>,
    pub task: Task<f64>,
    stream: Stream,
    /// W at the start of the recording and after each recorded step.
    pub weights: Vec<Matrix<f64>>,
    /// Loss at each recorded step, over all directions.
    losses: Vec<f64>,
}

impl Learner {
    pub fn new(protocol: &Protocol, seed: u64) -> Result<Self, Box<dyn Error>> {
        let stream = Stream::new("force_field", seed, 0);
        let n = protocol.neurons;
        let sizes = Dimensions { neurons: n, d_in: 2, d_out: 4, steps: STEPS, trials: DIRECTIONS };
        let random = |rows, cols, scale: f64, name: &str| {
            let mut stream = stream.named(name);
            Matrix::from_fn(rows, cols, |_, _| scale * stream.normal())
        };
        let w = random(n, n, 1.2 / (n as f64).sqrt(), "W");
        let mut parameters = Parameters::new(
            Weights::dense(w),
            random(n, 2, 1.0, "B"),
            random(2, n, 1.0 / n as f64, "C"),
        );
        parameters.h0 = random(n, 1, 1.0, "h0");
        let dynamics = Dynamics::current(0.2, Activation::Tanh);
        Ok(Learner {
            network: Network { dynamics, parameters },
            task: TaskFamily::CentreOut.draw(&sizes, &stream).ok_or("no such task")?,
            weights: Vec::new(),
            losses: Vec::new(),
            stream,
        })
    }

    /// Learns for some steps, each from `batch` reaches; all weights after each step.
    fn learn(
        &mut self,
        curl: f64,
        steps: usize,
        batch: usize,
        name: &str,
    ) -> Result<Vec<Matrix<f64>>, Box<dyn Error>> {
        let loss = PointMass { curl };
        let optimizer = Optimizer {
            method: Method::HeavyBall { momentum: 0.5 },
            clip: Some(0.05),
            ..Optimizer::gradient_descent(STEP_SIZE)
        };
        let mut training = Training::new(self.network.clone(), &self.task, &loss, optimizer);
        let stream = Box::new(self.stream.named(name));
        training.batches = Batches::Mini { size: batch, stream };
        let trajectory = training.run(steps)?;
        let weights: Vec<_> = (1..=steps).map(|k| trajectory.slice(k)).collect();
        if let Some(last) = weights.last() {
            self.network.parameters.w = Weights::dense(last.clone());
        }
        Ok(weights)
    }

    /// Learns to reach.
    pub fn reach(&mut self, protocol: &Protocol) -> Result<(), Box<dyn Error>> {
        self.learn(0.0, protocol.reaching, DIRECTIONS, "reaching").map(drop)
    }

    /// Baseline, adaptation and washout, while recorded.
    pub fn adapt(&mut self, protocol: &Protocol) -> Result<(), Box<dyn Error>> {
        self.weights = vec![self.network.parameters.w.to_matrix()];
        for (phase, (steps, curl)) in protocol.phases().into_iter().enumerate() {
            let weights = self.learn(curl, steps, 2, &format!("phase {phase}"))?;
            self.weights.extend(weights);
        }
        let fields = protocol.fields();
        self.losses = (0..fields.len())
            .map(|k| {
                let outputs = self.run(k).outputs;
                PointMass { curl: fields[k] }.value(&outputs, &self.task)
            })
            .collect();
        Ok(())
    }

    /// All reaches with the weights before recorded step k.
    pub fn run(&self, k: usize) -> rankproof::network::Run<f64> {
        let mut network = self.network.clone();
        network.parameters.w = Weights::dense(self.weights[k].clone());
        forward(&network, &self.task.inputs, DIRECTIONS)
    }

    /// Positions and velocities of all reaches with the weights before step k, in a field.
    fn paths(&self, k: usize, curl: f64) -> Matrix<f64> {
        PointMass { curl }.moved(&self.run(k).outputs, DIRECTIONS)
    }
}

/// A tensor of recorded weights less those at the start, and how it falls into parts.
struct Movement {
    name: &'static str,
    /// Singular values of the unfoldings along rows, columns and steps, over the norm.
    spectra: [Vec<f64>; 3],
    by_rank: ErrorByRank,
    /// Squared singular values of all rows and columns of all increments: how much of the movement
    /// each direction of the best fixed space holds.
    space: Vec<f64>,
}

impl Movement {
    fn of(
        name: &'static str,
        weights: &[Matrix<f64>],
        ranks: usize,
    ) -> Result<Self, Box<dyn Error>> {
        let increments: Vec<_> = weights[1..].iter().map(|w| w.minus(&weights[0])).collect();
        let n = weights[0].rows();
        let tensor = Tensor::from_slices(n, n, &increments).reduced();
        let spectra = Mode::ALL.map(|mode| {
            let values = f64::singular_values(&tensor.unfolding(mode));
            let norm = values.iter().map(|value| value * value).sum::<f64>().sqrt();
            values.into_iter().map(|value| value / norm).collect()
        });
        let dense = Dense::from_fn([n, n, increments.len()], |i, j, k| increments[k][(i, j)]);
        let options = CpOptions { starts: 0, ..CpOptions::default() };
        let by_rank = cp_error_by_rank(&dense, ranks, &options, &Stream::new(name, 0, 0))?;
        let mut gram = Matrix::zeros(n, n);
        for d in &increments {
            gram.add_scaled(1.0, &Matrix::product(d.view(), d.t()));
            gram.add_scaled(1.0, &Matrix::product(d.t(), d.view()));
        }
        Ok(Movement { name, spectra, by_rank, space: f64::singular_values(&gram) })
    }

    /// The least dimension of a fixed space that holds a share of the movement.
    fn dimension(&self, share: f64) -> usize {
        count_for_share(&self.space, share)
    }

    /// The CP rank for a share of the squared norm, one more than was tried if that is not enough.
    fn cp_rank(&self, share: f64) -> usize {
        self.by_rank.rank_for(share).unwrap_or(self.by_rank.errors.len() + 1)
    }
}

/// Weights that start the same and make steps of the same size, in random directions.
fn random_walk(weights: &[Matrix<f64>]) -> Vec<Matrix<f64>> {
    let mut stream = Stream::new("force_field", 1, 0).named("random walk");
    let mut now = weights[0].clone();
    let mut walk = vec![now.clone()];
    for pair in weights.windows(2) {
        let step = Matrix::from_fn(now.rows(), now.cols(), |_, _| stream.normal());
        now.add_scaled(pair[1].minus(&pair[0]).norm() / step.norm(), &step);
        walk.push(now.clone());
    }
    walk
}

/// How far to the left of the straight line, and how far from the target, reaches end: means over
/// directions, in reach lengths.
fn deviation(paths: &Matrix<f64>, task: &Task<f64>) -> (f64, f64) {
    let (mut aside, mut missed) = (0.0, 0.0);
    for trial in 0..DIRECTIONS {
        let goal = task.inputs.column(trial);
        let end = paths.column(STEPS * DIRECTIONS + trial);
        aside += (goal[0] * end[1] - goal[1] * end[0]) / DIRECTIONS as f64;
        missed += (end[0] - goal[0]).hypot(end[1] - goal[1]) / DIRECTIONS as f64;
    }
    (aside, missed)
}

/// Trains, records, and compares.
pub fn run(mut experiment: Experiment) -> Result<(), Box<dyn Error>> {
    let protocol = Protocol::new(experiment.quick());
    let mut learner = Learner::new(&protocol, 1)?;
    learner.reach(&protocol)?;
    learner.adapt(&protocol)?;
    let mut novice = Learner::new(&protocol, 1)?;
    novice.adapt(&protocol)?;
    let movements = [
        Movement::of("trained network", &learner.weights, protocol.ranks)?,
        Movement::of("untrained network", &novice.weights, protocol.ranks)?,
        Movement::of("random walk", &random_walk(&learner.weights), protocol.ranks)?,
    ];
    let reaches = reaches(&protocol, &learner);
    show_reaches(&mut experiment, &learner, &reaches)?;
    show_losses(&mut experiment, &protocol, &learner, &novice)?;
    show_movements(&mut experiment, &movements)?;
    let [before, early, late, after] = reaches.map(|(_, paths)| deviation(&paths, &learner.task));
    let [trained, untrained, walk] = &movements;
    let neurons = protocol.neurons as f64;
    let tried = protocol.ranks as f64;
    // Learned: reaches miss by less than a tenth of their length.
    let missed = "how far reaches end from the target before the field (reach lengths)";
    experiment.number("missed_before", missed, before.1, 0.0..=0.1);
    // To the right, which is where the field pushes.
    let aside = "how far to the left reaches end when the field has come (reach lengths)";
    experiment.number("aside_early", aside, early.0, -1.0..=-0.2);
    let left = "share of that when adapted";
    experiment.number("left_of_early", left, late.0 / early.0, -0.25..=0.25);
    // To the other side, by about as much.
    let after_effect = "share of that when the field has gone: the after-effect";
    experiment.number("after_effect", after_effect, after.0 / early.0, -1.4..=-0.7);
    // Low: the movement of N^2 weights is held by terms and dimensions far fewer than N.
    let rank = "CP rank for 95 % of the movement, trained network";
    experiment.number("cp_rank_95", rank, trained.cp_rank(0.95) as f64, 1.0..=(0.25 * neurons));
    let rank = "CP rank for 95 % of the movement, untrained network";
    let most = 0.25 * neurons;
    experiment.number("cp_rank_95_untrained", rank, untrained.cp_rank(0.95) as f64, 1.0..=most);
    let rank = "CP rank for 95 % of a random walk (one more than were tried: not reached)";
    let more = tried + 1.0;
    experiment.number("cp_rank_95_walk", rank, walk.cp_rank(0.95) as f64, more..=more);
    let dimension = "dimensions of a fixed space with 95 % of the movement, trained network";
    let most = 0.3 * neurons;
    experiment.number("dimension_95", dimension, trained.dimension(0.95) as f64, 1.0..=most);
    let dimension = "dimensions of a fixed space with 95 % of a random walk";
    let range = 0.7 * neurons..=neurons;
    experiment.number("dimension_95_walk", dimension, walk.dimension(0.95) as f64, range);
    experiment.finish()?;
    Ok(())
}

/// Reaches at four moments of the recording.
fn reaches(protocol: &Protocol, learner: &Learner) -> [(&'static str, Matrix<f64>); 4] {
    let switch = protocol.baseline;
    let back = switch + protocol.adaptation;
    [
        ("before: no field", learner.paths(switch, 0.0)),
        ("early: the field has come", learner.paths(switch, CURL)),
        ("late: adapted to the field", learner.paths(back, CURL)),
        ("after: the field has gone", learner.paths(back, 0.0)),
    ]
}

fn show_reaches(
    experiment: &mut Experiment,
    learner: &Learner,
    reaches: &[(&str, Matrix<f64>); 4],
) -> Result<(), Box<dyn Error>> {
    let mut figure = Figure::new("Reaches of the point mass").columns(2);
    for (title, paths) in reaches {
        let mut panel = Panel::new(*title, "x (reach lengths)", "y (reach lengths)")
            .equal_scales()
            .x_range(-1.3, 1.3)
            .y_range(-1.3, 1.3);
        for trial in 0..DIRECTIONS {
            let at =
                |t: usize| (paths[(0, t * DIRECTIONS + trial)], paths[(1, t * DIRECTIONS + trial)]);
            panel = panel.line_in_style(0, "path", (0..=STEPS).map(at));
        }
        let goals =
            (0..DIRECTIONS).map(|m| (learner.task.inputs[(0, m)], learner.task.inputs[(1, m)]));
        figure = figure.panel(panel.points(1, "target", goals));
    }
    let caption = "Straight reaches bend when the force field comes, straighten as the network adapts, and bend to the other side when the field has gone: the after-effect.";
    experiment.figure("reaches", caption, &figure)?;
    Ok(())
}

fn show_losses(
    experiment: &mut Experiment,
    protocol: &Protocol,
    learner: &Learner,
    novice: &Learner,
) -> Result<(), Box<dyn Error>> {
    let curve = |losses: &[f64]| {
        losses.iter().enumerate().map(|(k, &loss)| (k as f64, loss)).collect::<Vec<_>>()
    };
    let panel = Panel::new("The field comes and goes", "recorded learning step", "loss")
        .log_y()
        .line("trained network", curve(&learner.losses))
        .line("untrained network", curve(&novice.losses));
    let caption = format!(
        "The loss over the recording: the field comes at step {} and goes at step {}.",
        protocol.baseline,
        protocol.baseline + protocol.adaptation
    );
    experiment.figure("losses", &caption, &Figure::single(panel))?;
    Ok(())
}

fn show_movements(
    experiment: &mut Experiment,
    movements: &[Movement; 3],
) -> Result<(), Box<dyn Error>> {
    let mut table =
        Table::new(["weights", "CP rank 95 %", "CP rank 99 %", "space 95 %", "space 99 %"]);
    let mut errors = Panel::new(
        "How many terms the movement of the weights needs",
        "CP rank",
        "share of the movement (%)",
    )
    .y_range(0.0, 104.0)
    .level("95 %", 95.0);
    let mut spectra = Figure::new("Singular values of the unfoldings of the N x N x K tensor");
    let tried = movements[0].by_rank.errors.len();
    for movement in movements {
        let over = |rank: usize| if rank > tried { format!("> {tried}") } else { rank.to_string() };
        table.row([
            movement.name.to_owned(),
            over(movement.cp_rank(0.95)),
            over(movement.cp_rank(0.99)),
            movement.dimension(0.95).to_string(),
            movement.dimension(0.99).to_string(),
        ]);
        let explained = (0..=tried).map(|r| (r as f64, 100.0 * movement.by_rank.explained(r)));
        errors = errors.line(movement.name, explained);
    }
    for (index, mode) in ["rows", "columns", "steps"].into_iter().enumerate() {
        let mut panel = Panel::new(format!("along the {mode}"), "number", "singular value / norm")
            .log_y()
            .y_range(1e-4, 1.0);
        for movement in movements {
            let values = movement.spectra[index].iter().take(40).enumerate();
            panel = panel.line(movement.name, values.map(|(i, &value)| (i as f64 + 1.0, value)));
        }
        spectra = spectra.panel(panel);
    }
    experiment.table("movement", "CP rank of the movement of the weights, and dimension of the fixed space it happens in, for 95 and 99 % of its square", &table)?;
    experiment.figure("cp_error", "A few rank-one terms hold almost all that learning did to the weights; a random walk with steps of the same size is not low-rank.", &Figure::single(errors))?;
    experiment.figure("unfoldings", "The singular values along rows, columns and steps fall fast for networks that learn, and do not for a random walk along rows and columns.", &spectra)?;
    Ok(())
}
