use rankproof::blocks::Subset;
use rankproof::matrix::Matrix;
use rankproof::network::{Dynamics, Loss, Network, SquaredError};
use rankproof::scalar::{Fp, Scalar, Stream};
use rankproof::task::{Dimensions, Task, TaskFamily};
use rankproof::theorem::core_closure::THEOREM;
use rankproof::training::{Optimizer, Training};

use crate::harness::{catches_its_controls, holds};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

const LEAK: (i64, i64) = (3, 4);
const START: (i64, i64) = (1, 3);
const ETA: (i64, i64) = (1, 7);

fn ratio((numerator, denominator): (i64, i64)) -> Fp {
    Fp::ratio(numerator, denominator)
}

/// v I + K Gamma.
fn step_matrix(core: &Matrix<Fp>, gram: &Matrix<Fp>) -> Matrix<Fp> {
    let mut matrix = core.times(gram);
    matrix.add_scaled(ratio(START), &Matrix::scaled_identity(gram.rows(), Fp::ONE));
    matrix
}

/// The recursion of the proof for gradient descent from W_0 = w I and h_0 = 0, with X = [B, C^T]:
/// the losses before each step and the core at the end, from the Gram matrix alone.
fn learn_cores(gram: &Matrix<Fp>, task: &Task<Fp>, steps: usize) -> (Vec<Fp>, Matrix<Fp>) {
    let (d_in, sources, trials) = (task.d_in(), gram.rows(), task.trials);
    let unit = |i: usize, j: usize| Fp::from_integer(i64::from(i == j));
    let beta = Matrix::from_fn(sources, d_in, unit);
    let gamma = Matrix::from_fn(sources, task.d_out(), |i, j| unit(i, d_in + j));
    let readout = gamma.transposed().times(gram);
    let at = |matrix: &Matrix<Fp>, t: usize| {
        let columns = matrix.columns(t * trials..(t + 1) * trials).data().to_vec();
        Matrix::from_columns(matrix.rows(), trials, columns)
    };
    let leaky = |state: &Matrix<Fp>, change: &Matrix<Fp>| {
        let mut next = state.clone();
        next.scale(Fp::ONE - ratio(LEAK));
        next.add_scaled(ratio(LEAK), change);
        next
    };
    let mut core = Matrix::zeros(sources, sources);
    let mut losses = Vec::new();
    for _ in 0..steps {
        let forward = step_matrix(&core, gram);
        let mut states = vec![Matrix::zeros(sources, trials)];
        for t in 0..task.steps {
            let mut change = forward.times(&states[t]);
            change.add_scaled(Fp::ONE, &beta.times(&at(&task.inputs, t)));
            states.push(leaky(&states[t], &change));
        }
        let outputs = readout.times(&Matrix::beside(sources, &states));
        losses.push(SquaredError.value(&outputs, task));
        let errors: Matrix<Fp> = SquaredError.errors(&outputs, task);
        let backward = step_matrix(&core.transposed(), gram);
        let mut costate = gamma.times(&at(&errors, task.steps));
        for t in (0..task.steps).rev() {
            let gradient = Matrix::product(costate.view(), states[t].t());
            core.add_scaled(-ratio(ETA) * ratio(LEAK), &gradient);
            costate = leaky(&costate, &backward.times(&costate));
            costate.add_scaled(Fp::ONE, &gamma.times(&at(&errors, t)));
        }
    }
    (losses, core)
}

/// Losses and weights of networks of any width are those of a recursion of d_in + d_out numbers
/// squared, which sees B and C in [B, C^T]^T [B, C^T] alone.
#[test]
fn the_cores_are_enough_to_learn() {
    for neurons in [2, 20, 57] {
        let sizes = Dimensions { neurons, d_in: 2, d_out: 1, steps: 4, trials: 3 };
        let stream = Stream::new("cores", 0, neurons as u64);
        let task = TaskFamily::RandomTargets.draw(&sizes, &stream.named("task")).expect("exact");
        let random = |rows, cols, name| Matrix::<Fp>::random(rows, cols, &mut stream.named(name));
        let (b, c) = (random(neurons, 2, "B"), random(1, neurons, "C"));
        let sources = Matrix::beside(neurons, [&b, &c.transposed()]);
        let start = Matrix::scaled_identity(neurons, ratio(START));
        let dynamics = Dynamics::linear(ratio(LEAK));
        let network = Network::rnn(dynamics, start, b, c).expect("shapes that fit");
        let optimizer = Optimizer::gradient_descent(ratio(ETA));
        let training = Training {
            trained: Subset::only(["W"]),
            ..Training::new(&network, &task, &SquaredError, optimizer)
        };
        let trajectory = training.run(5).expect("a field has no overflow");

        let gram = Matrix::product(sources.t(), sources.view());
        let (losses, core) = learn_cores(&gram, &task, 5);
        assert_eq!(trajectory.losses[..5], losses);
        let learned = Matrix::product(sources.times(&core).view(), sources.t());
        assert_eq!(trajectory.increment(5), learned);
    }
}
