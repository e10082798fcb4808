//! A network that drives a point mass, and learns.

use std::error::Error;

use rankproof::network::{Run, forward};
use rankproof::prelude::*;

/// Directions of reaches.
pub const DIRECTIONS: usize = 8;
/// Time steps of a reach; a reach takes one unit of time and goes over one unit of length.
pub const STEPS: usize = 30;

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
pub const CURL: f64 = 1.5;
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
    pub losses: Vec<f64>,
}

impl Learner {
    pub fn new(protocol: &Protocol, seed: u64) -> Result<Self, Box<dyn Error>> {
        let stream = Stream::new("force_field", seed, 0);
        let n = protocol.neurons;
        let sizes = Dimensions { neurons: n, d_in: 2, d_out: 4, steps: STEPS, trials: DIRECTIONS };
        let random =
            |rows, cols, scale, name| Matrix::normal(rows, cols, scale, &mut stream.named(name));
        let w = random(n, n, 1.2 / (n as f64).sqrt(), "W");
        let mut parameters = Parameters::new(
            Block::from(w),
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
        let weights: Vec<_> = (1..=steps).map(|k| trajectory.weights_at(k)).collect();
        if let Some(last) = weights.last() {
            self.network.parameters.w = Block::from(last.clone());
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
    pub fn run(&self, k: usize) -> Run<f64> {
        let mut network = self.network.clone();
        network.parameters.w = Block::from(self.weights[k].clone());
        forward(&network, &self.task.inputs, DIRECTIONS)
    }

    /// Positions and velocities of all reaches with the weights before step k, in a field.
    pub fn paths(&self, k: usize, curl: f64) -> Matrix<f64> {
        PointMass { curl }.moved(&self.run(k).outputs, DIRECTIONS)
    }
}
