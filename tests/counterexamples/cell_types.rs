use rankproof::blocks::{Blocks, Subset};
use rankproof::matrix::{Matrix, RankRevealing};
use rankproof::network::architecture::{Population, Populations};
use rankproof::network::{Activation, SquaredError};
use rankproof::scalar::{Fp, Scalar};
use rankproof::training::{Optimizer, Training, UpdateRule};

use crate::explicit::{Explicit, parabola};

/// One input and one output for each of two types.
const BOUND: usize = 4;

/// Two types of four neurons. Each neuron is a population by itself, so that everything of it can
/// be its own.
struct Types {
    /// The leak of a neuron, in quarters.
    leak: fn(usize) -> i64,
    /// Whether there is a weight, to and from.
    connected: fn(usize, usize) -> bool,
    /// V_0, entry by entry.
    start: fn(usize, usize) -> i64,
    psi: Activation<Fp>,
    rule: UpdateRule<Fp>,
}

fn kind(neuron: usize) -> usize {
    neuron / 4
}

impl Types {
    /// Neurons of the second type send with a negative sign, and not to their own type.
    fn new() -> Self {
        let types = Types {
            leak: |i| 2 + kind(i) as i64,
            connected: |i, j| kind(i) + kind(j) < 2,
            start: |i, j| if i == j { 1 + kind(i) as i64 } else { 0 },
            psi: Activation::Identity,
            rule: UpdateRule::Gradient,
        };
        assert_eq!([1, 6].map(|k| types.rank(k)), [2, BOUND]);
        types
    }

    /// The rank of D_k.
    fn rank(&self, k: usize) -> usize {
        let Explicit { task, network, .. } = Explicit::new(8, 1, 1);
        let pairs = (0..8).flat_map(|i| (0..8).map(move |j| (i, j)));
        let connections: Vec<_> = pairs.filter(|&(i, j)| (self.connected)(i, j)).collect();
        let name = |i: usize, j: usize| format!("{i}.W.{j}");
        let (parts, single) = (network.parts(), |value| Matrix::from_rows(&[[value]]));
        let blocks = (0..8).fold(Blocks::default(), |blocks, i| {
            let own = [("B", parts.b[(i, 0)]), ("C", parts.c[(0, i)])];
            let own = own.into_iter().chain([("bias", Fp::ZERO), ("h0", Fp::ZERO)]);
            own.fold(blocks, |blocks, (part, value)| {
                blocks.with(&format!("{i}.{part}"), single(value))
            })
        });
        let blocks = connections.iter().fold(blocks, |blocks, &(i, j)| {
            blocks.with(&name(i, j), single(Fp::from_integer((self.start)(i, j))))
        });
        let names: Vec<_> = connections.iter().map(|&(i, j)| name(i, j)).collect();
        let population = |i: usize| Population {
            name: i.to_string(),
            neurons: 1,
            leak: Fp::ratio((self.leak)(i), 4),
            gain: if kind(i) == 0 { Fp::ONE } else { -Fp::ONE },
            psi: self.psi.clone(),
            is_driven: true,
            is_read: true,
        };
        let model = Populations { populations: (0..8).map(population).collect(), connections };
        let optimizer =
            Optimizer { rule: self.rule.clone(), ..Optimizer::gradient_descent(Fp::ratio(1, 8)) };
        let training = Training {
            trained: Subset::only(names.iter().map(String::as_str)),
            ..Training::of(&model, blocks, &task, &SquaredError, optimizer)
        };
        let trajectory = training.run(k).expect("blocks that fit");
        let increment = Matrix::from_fn(8, 8, |i, j| {
            trajectory.of(&name(i, j)).map_or(Fp::ZERO, |weight| weight.increment(k)[(0, 0)])
        });
        Fp::rank(&increment, 0.0).known().expect("an exact rank")
    }
}

#[test]
fn leaks_must_depend_on_types_alone() {
    let own = Types { leak: |i| 1 + i as i64, ..Types::new() };
    assert_eq!(own.rank(6), 8);
}

/// Half of the weights, at one step.
#[test]
fn a_random_mask_breaks_it() {
    let connected = |i: usize, j: usize| ((17 * i + 31 * j + 1).pow(3) % 101).is_multiple_of(2);
    let random = Types { connected, ..Types::new() };
    assert_eq!(random.rank(1), 6);
}

#[test]
fn the_network_must_be_linear() {
    assert_eq!(Types { psi: parabola(), ..Types::new() }.rank(6), 8);
}

#[test]
fn the_start_must_be_typed() {
    let own = Types { start: |i, j| if i == j { 1 + i as i64 } else { 0 }, ..Types::new() };
    assert_eq!(own.rank(6), 6);
}

#[test]
fn the_optimizer_must_not_act_entry_by_entry() {
    assert_eq!(Types { rule: UpdateRule::cube(), ..Types::new() }.rank(6), 8);
}
