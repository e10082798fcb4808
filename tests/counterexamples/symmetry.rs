use rankproof::blocks::{Block, Blocks, Subset};
use rankproof::matrix::{Matrix, RankRevealing};
use rankproof::network::architecture::{
    Architecture, Attention, ClosedLoop, Divisive, Gain, Observed, Scores,
};
use rankproof::network::{Activation, Dynamics, SquaredError};
use rankproof::scalar::{Fp, Scalar};
use rankproof::tape::{Scope, Var};
use rankproof::training::{Optimizer, Training, UpdateRule};

use crate::explicit::{Explicit, integers, parabola, unit};

/// One input and one output.
const BOUND: usize = 2;

/// Six neurons with a block into them, one out of them and those of these names between them,
/// which start at multiples of the identity.
fn blocks(between: &[&str]) -> Blocks<Fp> {
    let start = |number| Block::scaled_identity(6, Fp::from_integer(number));
    let named = between.iter().zip(1..).map(|(name, number)| (name, start(number)));
    let ends = Blocks::default().with("B", integers(6, 1, 1)).with("C", integers(1, 6, 2));
    named.fold(ends, |blocks, (name, block)| blocks.with(name, block))
}

/// The rank of what four learning steps change in the first of the trained blocks.
fn rank(
    architecture: &dyn Architecture<Fp>,
    blocks: Blocks<Fp>,
    rule: UpdateRule<Fp>,
    trained: &[&str],
) -> usize {
    let Explicit { task, .. } = Explicit::new(6, 1, 1);
    let optimizer = Optimizer { rule, ..Optimizer::gradient_descent(Fp::ratio(1, 8)) };
    let training = Training {
        trained: Subset::only(trained.iter().copied()),
        ..Training::of(architecture, blocks, &task, &SquaredError, optimizer)
    };
    let trajectory = training.run(4).expect("blocks that fit");
    let block = trajectory.of(trained[0]).expect("a trained block");
    Fp::rank(&block.increment(4), 0.0).known().expect("an exact rank")
}

fn gain() -> Gain<Fp> {
    Gain::Divided { offset: Fp::ratio(3, 2) }
}

/// Divisive normalisation from W_0 = I and h_0 = 0.
fn divisive() -> (Divisive<Fp>, Blocks<Fp>) {
    let model = Divisive { leak: Fp::ONE, gain: gain() };
    let blocks = blocks(&["W"]).with("h0", Matrix::zeros(6, 1));
    assert_eq!(rank(&model, blocks.clone(), UpdateRule::Gradient, &["W"]), BOUND);
    (model, blocks)
}

/// Divisive normalisation by one neuron, or with something added to the states.
struct Seen {
    /// psi(h) = f(h_1^2) h instead of f(|h|^2) h.
    by_one_neuron: bool,
    /// h_{t+1} = W psi(h_t) + B u_t + noise.
    noise: Matrix<Fp>,
}

impl Architecture<Fp> for Seen {
    fn forward<'t>(&self, scope: &Scope<'t, Fp>, inputs: &[Var<'t, Fp>]) -> Vec<Var<'t, Fp>> {
        let [w, b, c, h0] = scope.blocks(["W", "B", "C", "h0"]);
        let noise = scope.constant(&self.noise);
        let rates = |h: Var<'t, Fp>| {
            let seen = if self.by_one_neuron { h.rows(0..1) } else { h };
            let square = seen.inner(seen);
            h.scaled_by(square.apply(&|s: Fp| (Fp::ratio(3, 2) + s, Fp::ONE)).reciprocal())
        };
        let mut rate = rates(h0.spread());
        let mut outputs = vec![c * rate];
        for &u in inputs {
            rate = rates(w * rate + b * u + noise);
            outputs.push(c * rate);
        }
        outputs
    }
}

#[test]
fn functions_must_see_inner_products_alone() {
    let (_, blocks) = divisive();
    let rank_if = |by_one_neuron| {
        let seen = Seen { by_one_neuron, noise: Matrix::zeros(6, 4) };
        rank(&seen, blocks.clone(), UpdateRule::Gradient, &["W"])
    };
    assert_eq!([false, true].map(rank_if), [BOUND, 3]);
}

/// The same noise in all trials does not turn with the neurons.
#[test]
fn noise_of_the_neurons_counts() {
    let (_, blocks) = divisive();
    let noise = Matrix::from_fn(6, 4, |i, _| integers::<Fp>(6, 1, 7)[(i, 0)]);
    let seen = Seen { by_one_neuron: false, noise };
    assert_eq!(rank(&seen, blocks, UpdateRule::Gradient, &["W"]), BOUND + 1);
}

/// Attention with the scores themselves for weights, and a function of each entry of a token.
struct Bent(Activation<Fp>);

impl Architecture<Fp> for Bent {
    fn forward<'t>(&self, scope: &Scope<'t, Fp>, inputs: &[Var<'t, Fp>]) -> Vec<Var<'t, Fp>> {
        let [b, q, k, v, o, c] = scope.blocks(["B", "Q", "K", "V", "O", "C"]);
        let tokens: Vec<_> = inputs.iter().map(|&u| (b * u).apply(&self.0)).collect();
        let mut outputs = vec![scope.zeros(1)];
        for (t, &x) in tokens.iter().enumerate() {
            let attended = tokens[..=t].iter().map(|&y| (v * y).scaled_by((q * x).inner(k * y)));
            let sum = attended.reduce(|sum, part| sum + part).expect("a token attends to itself");
            outputs.push(c * (x + o * sum));
        }
        outputs
    }
}

#[test]
fn tokens_must_pass_no_entrywise_function() {
    let names = ["V", "O", "Q", "K", "B", "C"];
    let rank_of = |architecture: &dyn Architecture<Fp>| {
        rank(architecture, blocks(&["Q", "K", "V", "O"]), UpdateRule::Gradient, &names)
    };
    let attention = Attention { scale: Fp::ONE, scores: Scores::Function(Activation::Identity) };
    assert_eq!(rank_of(&attention), BOUND);
    assert_eq!(rank_of(&Bent(Activation::Identity)), BOUND);
    assert_eq!(rank_of(&Bent(parabola())), 4);
}

/// A linear network and an environment of one state, which is driven by the output and may be
/// driven by a neuron too.
struct Loop {
    reads_a_neuron: bool,
}

impl Architecture<Fp> for Loop {
    fn forward<'t>(&self, scope: &Scope<'t, Fp>, inputs: &[Var<'t, Fp>]) -> Vec<Var<'t, Fp>> {
        let [w, b, c, h0] = scope.blocks(["W", "B", "C", "h0"]);
        let (mut h, mut x) = (h0.spread(), scope.zeros(1));
        let mut outputs = vec![c * h];
        for &u in inputs {
            let drive = if self.reads_a_neuron { c * h + h.rows(0..1) } else { c * h };
            h = w * h + b * (u + x);
            x = x.scaled(Fp::ratio(1, 2)) + drive;
            outputs.push(c * h);
        }
        outputs
    }
}

#[test]
fn an_environment_must_read_outputs_alone() {
    let blocks = blocks(&["W"]).with("h0", Matrix::zeros(6, 1));
    let rank_if = |reads_a_neuron| {
        rank(&Loop { reads_a_neuron }, blocks.clone(), UpdateRule::Gradient, &["W"])
    };
    assert_eq!([false, true].map(rank_if), [BOUND, BOUND + 1]);
}

#[test]
fn the_start_must_be_fixed() {
    let (model, blocks) = divisive();
    let rank_from = |w| rank(&model, blocks.clone().with("W", w), UpdateRule::Gradient, &["W"]);
    assert_eq!(rank_from(unit(6, 0, 5)), 4);
    assert_eq!(rank_from(integers(6, 6, 5)), 6);
}

#[test]
fn an_initial_state_counts() {
    let (model, blocks) = divisive();
    let blocks = blocks.with("h0", integers(6, 1, 5));
    assert_eq!(rank(&model, blocks, UpdateRule::Gradient, &["W"]), BOUND + 1);
}

#[test]
fn the_optimizer_must_turn_with_the_neurons() {
    let (model, blocks) = divisive();
    assert_eq!(rank(&model, blocks, UpdateRule::cube(), &["W"]), 6);
}

/// Two classes of three neurons, for which entrywise functions and optimizers do; and a neuron
/// that differs in what it sends to the output.
#[test]
fn neurons_must_start_alike() {
    let classes = Matrix::from_fn(6, 2, |i, j| Fp::from_integer(i64::from(i / 3 == j)));
    let model = Divisive { leak: Fp::ONE, gain: gain() };
    let mut readout = classes.times(&integers(2, 1, 3)).transposed();
    let alike = blocks(&["W"])
        .with("B", classes.times(&integers(2, 1, 1)))
        .with("C", readout.clone())
        .with("h0", classes.times(&integers(2, 1, 2)));
    let rank_of = |blocks| rank(&model, blocks, UpdateRule::cube(), &["W"]);
    assert_eq!(rank_of(alike.clone()), 2);
    readout[(0, 0)] += Fp::ONE;
    assert_eq!(rank_of(alike.with("C", readout)), 3);
}

/// Neurons of opposite sign: alike under odd functions, not under z + z^2.
#[test]
fn changes_of_sign_need_odd_functions() {
    let sign = |i: usize| [1, -1, 1][i % 3];
    let classes = Matrix::from_fn(6, 2, |i, j| Fp::from_integer(sign(i) * i64::from(i / 3 == j)));
    let blocks = blocks(&["W"])
        .with("B", classes.times(&integers(2, 1, 1)))
        .with("C", classes.times(&integers(2, 1, 3)).transposed())
        .with("bias", Matrix::zeros(6, 1))
        .with("h0", Matrix::zeros(6, 1))
        .with("F", integers(1, 1, 4))
        .with("H", integers(1, 1, 5))
        .with("K", integers(1, 1, 6))
        .with("x0", integers(1, 1, 7));
    let rank_with = |psi| {
        let dynamics = Dynamics { leak: Fp::ONE, phi: Activation::Identity, psi };
        let model = ClosedLoop { dynamics, observed: Observed::Output };
        rank(&model, blocks.clone(), UpdateRule::cube(), &["W"])
    };
    let odd = Activation::Polynomial(vec![Fp::ZERO, Fp::ONE, Fp::ZERO, Fp::ONE]);
    assert_eq!(rank_with(odd), 2);
    assert_eq!(rank_with(parabola()), 4);
}
