//! A network that drives a point mass, and learns.

use std::error::Error;

use rankproof::network::architecture::{ClosedLoop, Observed};
use rankproof::network::{Architecture, Run, forward};
use rankproof::prelude::*;
use rankproof::tape::TapeError;

/// Directions of reaches.
pub const DIRECTIONS: usize = 8;

/// How long what is learned, in learning steps.
#[derive(Clone, Copy)]
pub struct Protocol {
    pub neurons: usize,
    /// Time steps of a reach; a reach takes one unit of time and goes over one unit of length.
    pub steps: usize,
    /// Gradient descent without momentum and without a limit to its steps.
    pub plain: bool,
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
        let (steps, plain) = (30, false);
        Protocol { neurons, steps, plain, reaching, baseline, adaptation, washout, ranks }
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

/// The strength of the field: sideways acceleration for each unit of speed.
pub const CURL: f64 = 1.5;
const FRICTION: f64 = 2.0;
/// Force for each unit of output.
const FORCE: f64 = 10.0;
/// Of gradient descent.
const STEP_SIZE: f64 = 0.5;

/// The network in a loop with a unit mass with friction, which its outputs push and, in a force
/// field, the field pushes sideways in proportion to its speed. The network does not sense the mass.
/// The state of the mass is its position and its velocity, and the position moves with the velocity
/// that the force has just changed.
fn with_mass(network: &Network<f64>, curl: f64, dt: f64) -> Network<f64, ClosedLoop<f64>> {
    let (slowed, turned, pushed) = (1.0 - dt * FRICTION, dt * curl, dt * FORCE);
    let free = Matrix::from_rows(&[
        [1.0, 0.0, dt * slowed, dt * turned],
        [0.0, 1.0, -dt * turned, dt * slowed],
        [0.0, 0.0, slowed, turned],
        [0.0, 0.0, -turned, slowed],
    ]);
    let by_force =
        Matrix::from_rows(&[[dt * pushed, 0.0], [0.0, dt * pushed], [pushed, 0.0], [0.0, pushed]]);
    let dynamics = network.architecture.dynamics.clone();
    let in_loop = Network {
        architecture: ClosedLoop { dynamics, observed: Observed::Environment },
        blocks: network.blocks.clone(),
    };
    in_loop
        .with("F", free)
        .with("H", by_force)
        .with("K", Matrix::zeros(2, 4))
        .with("x0", Matrix::zeros(4, 1))
}

/// The squared distance of the mass from a minimum-jerk reach, in position and velocity, over time,
/// given the length of a step.
struct Distance(f64);

impl Loss<f64> for Distance {
    fn value(&self, states: &Matrix<f64>, task: &Task<f64>) -> f64 {
        SquaredError.value(states, task) * self.0
    }

    fn errors(&self, states: &Matrix<f64>, task: &Task<f64>) -> Matrix<f64> {
        let mut errors = SquaredError.errors(states, task);
        errors.scale(self.0);
        errors
    }
}

/// A network that learns, and everything recorded of it.
pub struct Learner {
    pub network: Network<f64>,
    pub task: Task<f64>,
    pub protocol: Protocol,
    stream: Stream,
    /// W at the start of the recording and after each recorded step.
    pub weights: Vec<Matrix<f64>>,
    /// Loss at each recorded step, over all directions.
    pub losses: Vec<f64>,
}

impl Learner {
    pub fn new(protocol: &Protocol, seed: u64) -> Result<Self, Box<dyn Error>> {
        let stream = Stream::new("force_field", seed, 0);
        let n = protocol.neurons;
        let sizes =
            Dimensions { neurons: n, d_in: 2, d_out: 4, steps: protocol.steps, trials: DIRECTIONS };
        let random =
            |rows, cols, scale, name| Matrix::normal(rows, cols, scale, &mut stream.named(name));
        let w = random(n, n, 1.2 / (n as f64).sqrt(), "W");
        let (b, c) = (random(n, 2, 1.0, "B"), random(2, n, 1.0 / n as f64, "C"));
        let dynamics = Dynamics::current(0.2, Activation::Tanh);
        Ok(Learner {
            network: Network::rnn(dynamics, w, b, c)?.with("h0", random(n, 1, 1.0, "h0")),
            protocol: *protocol,
            task: TaskFamily::CentreOut.draw(&sizes, &stream).ok_or("no such task")?,
            weights: Vec::new(),
            losses: Vec::new(),
            stream,
        })
    }

    /// Learns for some steps, each from `batch` reaches; the weights after each of the last `kept`
    /// steps.
    fn learn(
        &mut self,
        curl: f64,
        (steps, kept): (usize, usize),
        batch: usize,
        name: &str,
    ) -> Result<Vec<Matrix<f64>>, Box<dyn Error>> {
        let network = with_mass(&self.network, curl, self.dt());
        let plain = Optimizer::gradient_descent(STEP_SIZE);
        let optimizer = if self.protocol.plain {
            plain
        } else {
            Optimizer { stepper: Stepper::HeavyBall { momentum: 0.5 }, clip: Some(0.05), ..plain }
        };
        let (loss, stream) = (Distance(self.dt()), Box::new(self.stream.named(name)));
        let training = Training {
            trained: Subset::only(["W"]),
            batches: Batches::Mini { size: batch, stream },
            ..Training::new(&network, &self.task, &loss, optimizer)
        };
        let trajectory = training.run(steps)?;
        let weights: Vec<_> =
            (steps + 1 - kept..=steps).map(|k| trajectory.weights_at(k)).collect();
        if let Some(last) = weights.last() {
            *self.network.blocks.get_mut("W")? = Block::from(last.clone());
        }
        Ok(weights)
    }

    /// Learns to reach.
    pub fn reach(&mut self, protocol: &Protocol) -> Result<(), Box<dyn Error>> {
        self.learn(0.0, (protocol.reaching, 1), DIRECTIONS, "reaching").map(drop)
    }

    /// Baseline, adaptation and washout, while recorded.
    pub fn adapt(&mut self, protocol: &Protocol) -> Result<(), Box<dyn Error>> {
        self.weights = vec![self.network.parts().w.to_matrix()];
        for (phase, (steps, curl)) in protocol.phases().into_iter().enumerate() {
            let weights = self.learn(curl, (steps, steps), 2, &format!("phase {phase}"))?;
            self.weights.extend(weights);
        }
        let loss = Distance(self.dt());
        let losses = protocol.fields().into_iter().enumerate();
        let losses = losses.map(|(k, curl)| Ok(loss.value(&self.paths(k, curl)?, &self.task)));
        self.losses = losses.collect::<Result<_, TapeError>>()?;
        Ok(())
    }

    /// The length of a time step.
    fn dt(&self) -> f64 {
        1.0 / self.protocol.steps as f64
    }

    /// The network with the weights before recorded step k.
    fn at(&self, k: usize) -> Network<f64> {
        self.network.clone().with("W", self.weights[k].clone())
    }

    /// All reaches with the weights before recorded step k.
    pub fn run(&self, k: usize) -> Run<f64> {
        forward(&self.at(k), &self.task.inputs, DIRECTIONS)
    }

    /// Positions and velocities of all reaches with the weights before step k, in a field.
    pub fn paths(&self, k: usize, curl: f64) -> Result<Matrix<f64>, TapeError> {
        let Network { architecture, blocks } = with_mass(&self.at(k), curl, self.dt());
        architecture.outputs(&blocks, &self.task.inputs, DIRECTIONS)
    }
}
