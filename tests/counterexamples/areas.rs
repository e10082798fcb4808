use rankproof::blocks::{Blocks, Subset};
use rankproof::matrix::{Matrix, RankRevealing};
use rankproof::network::architecture::{Population, Populations};
use rankproof::network::{Activation, SquaredError};
use rankproof::scalar::{Fp, Scalar};
use rankproof::training::{Optimizer, Training, UpdateRule};

use crate::explicit::{Explicit, integers, parabola, unit};

/// One input and one output.
const BOUND: usize = 2;

/// Two areas of six neurons, each with an input and an output of its own.
struct Areas {
    /// Whether the second input reaches the first area and the first input the second.
    shared: bool,
    /// The start of the weights within each area, and to the first from the second.
    within: Matrix<Fp>,
    between: Matrix<Fp>,
    psi: Activation<Fp>,
    rule: UpdateRule<Fp>,
}

impl Areas {
    fn new() -> Self {
        let areas = Areas {
            shared: false,
            within: Matrix::scaled_identity(6, Fp::ONE),
            between: Matrix::zeros(6, 6),
            psi: Activation::Identity,
            rule: UpdateRule::Gradient,
        };
        assert_eq!([1, 6].map(|k| areas.rank(k)), [1, BOUND]);
        areas
    }

    /// The rank of what k learning steps change in the weights from the second area to the first.
    fn rank(&self, k: usize) -> usize {
        let Explicit { task, .. } = Explicit::new(6, 2, 2);
        let blocks =
            ["x", "y"].into_iter().zip(0..).fold(Blocks::default(), |blocks, (name, own)| {
                let only = |matrix: Matrix<Fp>, shared: bool| {
                    Matrix::from_fn(6, 2, |i, j| {
                        if shared || j == own { matrix[(i, j)] } else { Fp::ZERO }
                    })
                };
                let block = |part: &str| format!("{name}.{part}");
                blocks
                    .with(&block("B"), only(integers(6, 2, 1 + own), self.shared))
                    .with(&block("C"), only(integers(6, 2, 5 + own), false).transposed())
                    .with(&block("bias"), Matrix::zeros(6, 1))
                    .with(&block("h0"), Matrix::zeros(6, 1))
            });
        let blocks = blocks
            .with("x.W.x", self.within.clone())
            .with("x.W.y", self.between.clone())
            .with("y.W.x", Matrix::zeros(6, 6))
            .with("y.W.y", self.within.clone());
        let population = |name: &str| Population {
            name: name.into(),
            neurons: 6,
            leak: Fp::ratio(1, if name == "x" { 1 } else { 2 }),
            gain: Fp::ONE,
            psi: self.psi.clone(),
            is_driven: true,
            is_read: true,
        };
        let model = Populations {
            populations: ["x", "y"].map(population).to_vec(),
            connections: vec![(0, 0), (0, 1), (1, 0), (1, 1)],
        };
        let optimizer =
            Optimizer { rule: self.rule.clone(), ..Optimizer::gradient_descent(Fp::ratio(1, 8)) };
        let training = Training {
            trained: Subset::only(["x.W.x", "x.W.y", "y.W.x", "y.W.y"]),
            ..Training::of(&model, blocks, &task, &SquaredError, optimizer)
        };
        let trajectory = training.run(k).expect("blocks that fit");
        let block = trajectory.of("x.W.y").expect("a block that learns");
        Fp::rank(&block.increment(k), 0.0).known().expect("an exact rank")
    }
}

/// An input to both areas counts for both.
#[test]
fn channels_must_be_the_areas_own() {
    assert_eq!(Areas { shared: true, ..Areas::new() }.rank(6), BOUND + 1);
}

/// A connection carries the channels of one area to the other.
#[test]
fn areas_must_start_unconnected() {
    assert_eq!(Areas { between: unit(6, 0, 5), ..Areas::new() }.rank(6), BOUND + 1);
}

#[test]
fn the_network_must_be_linear() {
    assert_eq!(Areas { psi: parabola(), ..Areas::new() }.rank(6), 6);
}

#[test]
fn the_start_must_be_a_multiple_of_the_identity() {
    assert_eq!(Areas { within: integers(6, 6, 3), ..Areas::new() }.rank(6), 6);
}

#[test]
fn the_optimizer_must_not_act_entry_by_entry() {
    assert_eq!(Areas { rule: UpdateRule::cube(), ..Areas::new() }.rank(6), 5);
}
