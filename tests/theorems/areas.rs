use rankproof::blocks::{Block, Blocks, Subset};
use rankproof::matrix::Matrix;
use rankproof::network::architecture::{Population, Populations};
use rankproof::network::{Activation, SquaredError};
use rankproof::scalar::{Fp, Scalar, Stream};
use rankproof::task::{Dimensions, TaskFamily};
use rankproof::theorem::areas::THEOREM;
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

/// Inputs 0 and 1 and output 0 belong to x, input 2 and output 1 to y, output 2 to z; all areas are
/// connected with all. The ranks of what steps 1 to 6 change come up to min(3, 2), min(3, 1), ...
#[test]
fn is_attained_step_by_step() {
    let areas = Areas { inputs: [&[0, 1], &[2], &[]], outputs: [&[0], &[1], &[2]] };
    let blocks = ["x.W.x", "x.W.y", "y.W.x", "z.W.x", "x.W.z", "z.W.z"];
    let expected = [
        [1, 3, 3, 3, 3, 3],
        [1, 2, 2, 2, 2, 2],
        [1, 2, 2, 2, 2, 2],
        [1, 1, 1, 1, 1, 1],
        [0, 1, 1, 1, 1, 1],
        [0, 1, 1, 1, 1, 1],
    ];
    assert_eq!(blocks.map(|block| areas.ranks(block)), expected);
}

/// z has neither inputs nor outputs.
#[test]
fn an_area_without_channels_learns_no_connections() {
    let areas = Areas { inputs: [&[0, 1], &[2], &[]], outputs: [&[0, 2], &[1], &[]] };
    for block in ["x.W.z", "z.W.x", "z.W.y", "z.W.z"] {
        assert_eq!(areas.ranks(block), [0; 6], "{block}");
    }
    assert_eq!(areas.ranks("x.W.x"), [2, 4, 4, 4, 4, 4]);
}

/// The inputs and the outputs, of three each, that belong to the areas x, y and z.
struct Areas {
    inputs: [&'static [usize]; 3],
    outputs: [&'static [usize]; 3],
}

impl Areas {
    /// The ranks of what 1 to 6 learning steps change in a block.
    fn ranks(&self, block: &str) -> [usize; 6] {
        let sizes = Dimensions { neurons: 6, d_in: 3, d_out: 3, steps: 6, trials: 6 };
        let stream = Stream::new("areas", 0, 0);
        let names = ["x", "y", "z"];
        let population = |index: usize| Population {
            name: names[index].into(),
            neurons: sizes.neurons,
            leak: Fp::ratio(1, 1 + index as i64),
            gain: Fp::ONE,
            psi: Activation::Identity,
            is_driven: !self.inputs[index].is_empty(),
            is_read: !self.outputs[index].is_empty(),
        };
        let pairs = (0..3).flat_map(|to| (0..3).map(move |from| (to, from)));
        let model = Populations {
            populations: [0, 1, 2].map(population).into(),
            connections: pairs.collect(),
        };
        let random = Blocks::random(&model.shapes(&sizes).expect("connections that fit"), &stream);
        let start = random.replaced(|name, block| self.start(name, block));
        let learned: Vec<_> =
            start.iter().map(|(name, _)| name).filter(|name| name.contains(".W.")).collect();
        let task = TaskFamily::RandomTargets.draw(&sizes, &stream.named("task"));
        let task = task.expect("in a field");
        let training = Training {
            trained: Subset::only(learned.iter().copied()),
            ..Training::of(
                &model,
                start.clone(),
                &task,
                &SquaredError,
                Optimizer::gradient_descent(Fp::ratio(1, 7)),
            )
        };
        let trajectory = training.run(6).expect("a field has no overflow");
        let block = trajectory.of(block).expect("a block that learns");
        [1, 2, 3, 4, 5, 6].map(|k| block.rank(k).known().expect("an exact rank"))
    }

    /// Multiples of I within areas, nothing between them, and of B and C what is the area's own.
    fn start(&self, name: &str, block: &Block<Fp>) -> Block<Fp> {
        let matrix = block.to_matrix();
        let area = ["x", "y", "z"].iter().position(|area| name.starts_with(area)).expect("an area");
        let is_kept = |i: usize, j: usize| match &name[1..] {
            ".B" => self.inputs[area].contains(&j),
            ".C" => self.outputs[area].contains(&i),
            _ => false,
        };
        let is_within = name.starts_with(&name[name.len() - 1..]) && name.contains(".W.");
        Block::from(Matrix::from_fn(matrix.rows(), matrix.cols(), |i, j| {
            match (i == j, is_within) {
                (true, true) => Fp::from_integer(2 + area as i64),
                _ if is_kept(i, j) => matrix[(i, j)],
                _ => Fp::ZERO,
            }
        }))
    }
}
