use rankproof::blocks::{Block, Blocks, Subset};
use rankproof::matrix::{Factors, Matrix, RankRevealing};
use rankproof::network::architecture::{
    Architecture, Gru, LossGradient, Lstm, MinimalGated, Workspace,
};
use rankproof::network::{Activation, Loss, SquaredError};
use rankproof::scalar::{Fp, Scalar};
use rankproof::tape::{Scope, TapeError, Var};
use rankproof::task::Task;
use rankproof::training::{Optimizer, Training};

use crate::explicit::{Explicit, integers, parabola};

/// Blocks of a unit of so many gates whose neurons are alike in classes.
fn blocks(gates: usize, classes: &[usize]) -> Blocks<Fp> {
    let neurons = classes.len();
    let rows = gates * neurons;
    let row = |i: usize| i / neurons * neurons + classes[i % neurons];
    let into = |cols, variant| {
        let all = integers::<Fp>(rows, cols, variant);
        Matrix::from_fn(rows, cols, |i, j| all[(row(i), j)])
    };
    let (between, readout) = (integers::<Fp>(rows, neurons, 2), integers::<Fp>(1, neurons, 3));
    Blocks::default()
        .with("weight_ih_l0", into(1, 1))
        .with("weight_hh_l0", Matrix::from_fn(rows, neurons, |i, j| between[(row(i), classes[j])]))
        .with("bias_ih_l0", into(1, 4))
        .with("bias_hh_l0", Matrix::zeros(rows, 1))
        .with("C", Matrix::from_fn(1, neurons, |_, j| readout[(0, classes[j])]))
}

/// The weights of all gates of a unit before and after so many learning steps.
fn learned(
    unit: &dyn Architecture<Fp>,
    blocks: Blocks<Fp>,
    learning_steps: usize,
) -> [Matrix<Fp>; 2] {
    let Explicit { task, .. } = Explicit::new(1, 1, 1);
    let optimizer = Optimizer::gradient_descent(Fp::ratio(1, 8));
    let training = Training {
        followed: Some(Subset::only(["weight_hh_l0"])),
        ..Training::of(unit, blocks, &task, &SquaredError, optimizer)
    };
    let trajectory = training.run(learning_steps).expect("blocks that fit");
    let block = trajectory.of("weight_hh_l0").expect("a block that is followed");
    [block.weights_at(0), block.weights_at(learning_steps)]
}

/// The ranks of the four gates of an LSTM after three learning steps.
fn ranks(unit: &dyn Architecture<Fp>, blocks: Blocks<Fp>) -> [usize; 4] {
    let [_, all] = learned(unit, blocks, 3);
    [0, 1, 2, 3].map(|gate| {
        let own = Matrix::from_fn(6, 6, |i, j| all[(6 * gate + i, j)]);
        Fp::rank(&own, 0.0).known().expect("an exact rank")
    })
}

fn lstm() -> Lstm<Fp> {
    Lstm { gate: parabola(), candidate: parabola() }
}

/// Two classes of three neurons.
fn alike() -> Blocks<Fp> {
    let blocks = blocks(4, &[0, 0, 0, 1, 1, 1]);
    assert_eq!(ranks(&lstm(), blocks.clone()), [2; 4]);
    blocks
}

/// One neuron that differs in the bias of its output gate alone.
#[test]
fn neurons_must_be_alike_in_all_rows() {
    let mut blocks = alike();
    let mut bias = blocks.get("bias_ih_l0").expect("a block").to_matrix();
    bias[(18, 0)] += Fp::ONE;
    *blocks.get_mut("bias_ih_l0").expect("a block") = Block::from(bias);
    assert_eq!(ranks(&lstm(), blocks), [3; 4]);
}

/// An LSTM whose first neuron learns its input gate twice as fast as the others.
struct Hasty(Lstm<Fp>);

impl Architecture<Fp> for Hasty {
    fn forward<'t>(&self, scope: &Scope<'t, Fp>, inputs: &[Var<'t, Fp>]) -> Vec<Var<'t, Fp>> {
        self.0.forward(scope, inputs)
    }

    fn gradient(
        &self,
        blocks: &Blocks<Fp>,
        trained: &Subset,
        task: &Task<Fp>,
        loss: &dyn Loss<Fp>,
        workspace: &mut Workspace<Fp>,
    ) -> Result<LossGradient<Fp>, TapeError> {
        let mut found = self.0.gradient(blocks, trained, task, loss, workspace)?;
        let block = found.blocks.get_mut("weight_hh_l0")?;
        let Factors { mut left, right } = block.factors().expect("a gradient").clone();
        for j in 0..left.cols() {
            left[(0, j)] *= Fp::from_integer(2);
        }
        *block = Block::from(Factors::new(left, right));
        Ok(found)
    }
}

#[test]
fn one_rule_for_all_neurons() {
    assert_eq!(ranks(&Hasty(lstm()), alike()), [3; 4]);
}

/// Four trials of four time steps, of which the first is silent, and two trials begin alike: eleven
/// different h. The candidate of the minimal gated unit reads f h, twelve different ones, its gate h.
#[test]
fn gates_must_read_the_same_activity() {
    let different: Vec<_> = (0..30).collect();
    let rank = |unit: &dyn Architecture<Fp>, gates| {
        let [before, after] = learned(unit, blocks(gates, &different), 1);
        Fp::rank(&after.minus(&before), 0.0).known().expect("an exact rank")
    };
    assert_eq!(rank(&Gru { gate: parabola(), candidate: Activation::Identity }, 3), 11);
    let two = MinimalGated { gate: parabola(), candidate: Activation::Identity };
    assert_eq!(rank(&two, 2), 11 + 12);
}
