//! What holds for every architecture, written once; each file stamps it for its own.

use proptest::prelude::*;

use super::{Architecture, LossGradient, Workspace, derivative_along, gradient_by_tape};
use crate::blocks::{Block, Blocks, Shapes, Subset};
#[cfg(feature = "files")]
use crate::file::Npz;
use crate::matrix::{Factors, Matrix};
use crate::network::{Activation, Loss, SquaredError};
use crate::scalar::{DoubleDouble, Fp, Real, Scalar, Stream};
use crate::task::{Dimensions, Task};

/// An architecture in any arithmetic, with the shapes of its blocks.
pub trait Example {
    fn build<S: Scalar>(&self, sizes: &Dimensions) -> (Box<dyn Architecture<S>>, Shapes);
}

/// tanh, or a polynomial in a field.
pub fn smooth<S: Scalar>() -> Activation<S> {
    match S::ELEMENTARY {
        Some(_) => Activation::Tanh,
        None => Activation::Polynomial(vec![S::ZERO, S::ONE, S::ratio(1, 5), S::ratio(-1, 3)]),
    }
}

/// The logistic function, or a polynomial in a field.
pub fn gate<S: Scalar>() -> Activation<S> {
    match S::ELEMENTARY {
        Some(_) => Activation::Logistic,
        None => Activation::Polynomial(vec![S::ratio(1, 2), S::ratio(1, 4), S::ratio(-1, 7)]),
    }
}

/// Random inputs, targets and mask.
pub fn task<S: Scalar>(sizes: &Dimensions, stream: &Stream) -> Task<S> {
    let random = |rows, cols, name| Matrix::random(rows, cols, &mut stream.named(name));
    let columns = (sizes.steps + 1) * sizes.trials;
    Task::new(
        sizes.trials,
        random(sizes.d_in, sizes.steps * sizes.trials, "inputs"),
        random(sizes.d_out, columns, "targets"),
        random(1, columns, "mask"),
    )
    .expect("shapes that fit")
}

/// Calls `law` for many sizes, the smallest included: one neuron, one trial, no step, more inputs
/// than neurons.
pub fn for_any(law: impl Fn(&Dimensions, &Stream)) {
    let config = ProptestConfig { failure_persistence: None, ..Default::default() };
    let sizes = (1..=5_usize, 1..=6_usize, 1..=3_usize, 0..=4_usize, 1..=3_usize);
    proptest!(config, |((neurons, d_in, d_out, steps, trials) in sizes, seed: u64)| {
        let sizes = Dimensions { neurons, d_in, d_out, steps, trials };
        law(&sizes, &Stream::new("architecture", seed, 0));
    });
}

/// The gradient of an example is that of dual numbers, exactly in a field, and of central
/// differences. Where the architecture has an adjoint of its own, it and the tape agree. What is
/// not trained changes nothing for what is.
pub fn hold(example: &impl Example) {
    for_any(|sizes, stream| {
        let exact = Case::<Fp>::draw(example, sizes, stream);
        let gradient = exact.gradient(&Subset::All);
        assert_eq!(gradient.blocks.inner_product(&exact.direction), exact.by_dual(example));
        exact.notices_every_block(&gradient.blocks, example);
        let mut workspace = Workspace::default();
        let Case { architecture, blocks, task, .. } = &exact;
        let mut by_tape = |trained: &Subset| {
            let loss = &SquaredError;
            gradient_by_tape(&**architecture, blocks, trained, task, loss, &mut workspace)
                .expect("everything fits")
        };
        assert_eq!(gradient, by_tape(&Subset::All));
        for (name, _) in blocks.iter() {
            let trained = Subset::named(blocks, [name]).expect("the name of a block");
            let part = gradient.blocks.only(&trained);
            assert_eq!(by_tape(&trained).blocks, part);
            assert_eq!(exact.gradient(&trained).blocks, part);
        }

        let real = Case::<f64>::draw(example, sizes, stream);
        let gradient = real.gradient(&Subset::All);
        let pairing = gradient.blocks.inner_product(&real.direction);
        // The largest error in 6000 cases was 8e-16 of this size.
        let tolerance = 1e-13 * (gradient.loss.abs() + real.size(&gradient.blocks));
        for other in [real.by_dual(example), real.by_differences(example)] {
            assert!((pairing - other).abs() <= tolerance, "{pairing} {other} {tolerance}");
        }
    });
}

/// An architecture with parameters, a task, and a direction in which the parameters may move.
struct Case<S: Scalar> {
    architecture: Box<dyn Architecture<S>>,
    sizes: Dimensions,
    blocks: Blocks<S>,
    direction: Blocks<S>,
    task: Task<S>,
}

impl<S: Scalar> Case<S> {
    fn draw(example: &impl Example, sizes: &Dimensions, stream: &Stream) -> Self {
        let (architecture, shapes) = example.build(sizes);
        Case {
            architecture,
            sizes: *sizes,
            blocks: Blocks::random(&shapes, &stream.named("blocks")),
            direction: Blocks::random(&shapes, &stream.named("direction")),
            task: task(sizes, stream),
        }
    }

    fn gradient(&self, trained: &Subset) -> LossGradient<S> {
        let mut workspace = Workspace::default();
        (self.architecture)
            .gradient(&self.blocks, trained, &self.task, &SquaredError, &mut workspace)
            .expect("everything fits")
    }

    /// The derivative of the loss along the direction, by dual numbers.
    fn by_dual(&self, example: &impl Example) -> S {
        let (architecture, _) = example.build(&self.sizes);
        derivative_along(&*architecture, &self.blocks, &self.direction, &self.task, &SquaredError)
            .expect("everything fits")
    }

    /// The control: one entry of one block off by one, and the law fails.
    fn notices_every_block(&self, gradient: &Blocks<S>, example: &impl Example) {
        let derivative = self.by_dual(example);
        for (name, block) in gradient.iter() {
            let (rows, cols) = block.shape();
            let unit = |size| Matrix::from_fn(size, 1, |i, _| S::from_integer((i == 0).into()));
            let mut spoiled = block.clone();
            spoiled.add_scaled(S::ONE, &Block::from(Factors::new(unit(rows), unit(cols))));
            let spoiled = gradient.clone().with(name, spoiled);
            assert_ne!(spoiled.inner_product(&self.direction), derivative, "{name}");
        }
    }
}

impl Case<f64> {
    /// The derivative by central differences, in twice the digits: with a step of 1e-9 they leave
    /// an error near 1e-18, where differences in f64 would leave one near 1e-10.
    fn by_differences(&self, example: &impl Example) -> f64 {
        let (architecture, _) = example.build(&self.sizes);
        let lift = DoubleDouble::from_f64;
        let task = self.task.map(lift);
        let loss = |step| {
            let mut blocks = self.blocks.map(lift);
            blocks.add_scaled(lift(step), &self.direction.map(lift));
            let outputs = architecture.outputs(&blocks, &task.inputs, task.trials);
            SquaredError.value(&outputs.expect("everything fits"), &task)
        };
        (loss(1e-9) - loss(-1e-9)).to_f64() / 2e-9
    }

    /// What the rounding errors of the pairing are proportional to.
    fn size(&self, gradient: &Blocks<f64>) -> f64 {
        let pairs = gradient.iter().zip(self.direction.iter());
        pairs
            .map(|((_, block), (_, direction))| {
                block.factors().map_or(0.0, Factors::scale) * direction.to_matrix().norm()
            })
            .sum()
    }
}

/// Outputs, loss and all gradients are those that PyTorch found for its unit of this name.
#[cfg(feature = "files")]
pub fn agrees_with_torch(architecture: &dyn Architecture<f64>, unit: &str) {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/torch_gates.npz");
    let mut archive = Npz::open(path).expect("a fixture");
    let mut matrix = |name: &str| {
        let array = archive.array(&format!("{unit}.{name}")).expect("an array of the fixture");
        let [rows, cols] = array.axes(["row", "column"]).expect("a matrix");
        Matrix::from_fn(rows, cols, |i, j| array.data[i * cols + j])
    };
    let names = ["weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "C"];
    let mut all = |kind: &str| {
        names.iter().fold(Blocks::default(), |blocks, name| {
            blocks.with(name, matrix(&format!("{kind}.{name}")))
        })
    };
    let (blocks, gradients) = (all("block"), all("gradient"));
    let [inputs, targets, outputs, loss] = ["inputs", "targets", "outputs", "loss"].map(matrix);

    // PyTorch has no output before the first input: ours is masked.
    let trials = 4;
    let before = Matrix::zeros(targets.rows(), trials);
    let mask = Matrix::from_fn(1, targets.cols() + trials, |_, j| f64::from(j >= trials));
    let targets = Matrix::beside(targets.rows(), [&before, &targets]);
    let task = Task::new(trials, inputs, targets, mask).expect("shapes that fit");
    let mut workspace = Workspace::default();
    let found =
        architecture.gradient(&blocks, &Subset::All, &task, &SquaredError, &mut workspace).unwrap();
    assert!((found.loss - loss[(0, 0)]).abs() < 1e-13 * found.loss);
    let later =
        Matrix::from_fn(outputs.rows(), outputs.cols(), |i, j| found.outputs[(i, j + trials)]);
    assert!(later.minus(&outputs).norm() < 1e-14 * outputs.norm());
    for (name, expected) in gradients.iter() {
        let expected = expected.to_matrix();
        let error = found.blocks.get(name).unwrap().to_matrix().minus(&expected).norm();
        assert!(error < 1e-13 * expected.norm(), "{name}: off by {error}");
    }
}
