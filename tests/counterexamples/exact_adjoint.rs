use rankproof::blocks::{Block, Subset};
use rankproof::matrix::Matrix;
use rankproof::network::architecture::Workspace;
use rankproof::network::{Activation, Architecture, Dynamics, Loss, Network, forward};
use rankproof::task::Task;

/// The distance of the outputs from their targets.
struct Distance;

impl Loss<f64> for Distance {
    fn value(&self, outputs: &Matrix<f64>, task: &Task<f64>) -> f64 {
        outputs.minus(&task.targets).data().iter().map(|distance| distance.abs()).sum()
    }

    fn errors(&self, outputs: &Matrix<f64>, task: &Task<f64>) -> Matrix<f64> {
        outputs.minus(&task.targets).map(|distance| if distance < 0.0 { -1.0 } else { 1.0 })
    }
}

/// One neuron with the output ReLU(B) at time 1, where the target is 2: the derivatives of the
/// distance by B, from the right, from the left, and by the adjoint.
fn derivatives(b: f64) -> [f64; 3] {
    let entry = |x: f64| Matrix::from_rows(&[[x]]);
    let target = Matrix::from_rows(&[[0.0, 2.0]]);
    let task = Task::new(1, entry(1.0), target, Matrix::from_rows(&[[1.0, 1.0]]));
    let network = |b: f64| {
        let (dynamics, w) = (Dynamics::rate(1.0, Activation::Relu), Block::scaled_identity(1, 0.0));
        Network::rnn(dynamics, w, entry(b), entry(1.0)).expect("shapes that fit")
    };
    let loss = |b| Distance.value(&forward(&network(b), &task.inputs, 1).outputs, &task);
    let eps = 0.25;
    let Network { architecture, blocks } = network(b);
    let mut workspace = Workspace::default();
    let found = architecture.gradient(&blocks, &Subset::All, &task, &Distance, &mut workspace);
    let by_b = found.expect("shapes that fit").blocks.get("B").expect("a block").to_matrix();
    let from = |side: f64| (loss(b + side * eps) - loss(b)) / (side * eps);
    [from(1.0), from(-1.0), by_b[(0, 0)]]
}

/// At the corner of ReLU the loss falls to the right and not to the left; the adjoint can be at
/// most one of the two.
#[test]
fn the_activations_must_be_differentiable_where_they_are_used() {
    assert_eq!(derivatives(1.0), [-1.0, -1.0, -1.0]);
    assert_eq!(derivatives(0.0), [-1.0, 0.0, 0.0]);
}

/// At the target itself the distance grows to both sides.
#[test]
fn the_loss_must_be_differentiable() {
    assert_eq!(derivatives(3.0), [1.0, 1.0, 1.0]);
    assert_eq!(derivatives(2.0), [1.0, -1.0, 1.0]);
}
