//! **gated-networks.** In an LSTM, a GRU and any network whose values are made of each other by blocks
//! between neurons V_g and their transposes, by blocks into and out of the neurons, and by entrywise
//! functions of any number of values
//!
//! 1. neurons that are *alike* at the start, with the same rows of all blocks into the neurons, the
//!    same columns of all blocks out of them, and the same rows and columns of every V_g up to the
//!    order of neurons alike, stay alike for **all** k under any optimizer that acts entry by entry:
//!    every V_g has rank at most the number of classes;
//! 2. gates that read the same activity have gradients Lambda_g Phi^T with one Phi, so that those of
//!    all gates together have rows in a space of dimension M T, and what GD-like learning changes in k
//!    steps in one of k M T, however many gates there are.
//!
//! Why: entry ij of every value, adjoint value and gradient depends on the classes of i and j alone,
//! and so does what one function of entries makes of them. A gate is f(V_g x_t + ..), so its gradient
//! is the sum of delta_t^g x_t^T.

use super::instance::matrix;
use super::movement::{Movement, span};
use super::setting::rules;
use super::{
    ActivationKind, Arithmetic, Case, Checks, Domain, Inconclusive, InitialState, InitialWeights,
    Observation, Observed, Proof, Quantity, Sequence, Theorem,
};
use crate::blocks::{Blocks, Subset};
use crate::matrix::{Matrix, RankRevealing};
use crate::network::Activation;
use crate::network::architecture::{Architecture, Gru, Lstm, MinimalGated, Shipped};
use crate::scalar::Stream;
use crate::task::Dimensions;
use crate::training::{Faulty, GradientFault, Training, Trajectory};

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "gated-networks",
    title: "Neurons alike stay alike through gates, and all gates learn from one activity",
    statement: "LSTM, GRU, any network of entrywise functions: neurons alike in the rows of all blocks \
                into them, the columns of all blocks out of them, and rows and columns of all V_g, \
                stay alike for all k under an entrywise optimizer, so rank V_g is at most the number \
                of classes. Gates of the same activity have gradients Lambda_g Phi^T with one Phi: \
                rows of all of them lie in a space of dimension M T, of changes after k steps in one \
                of k M T.",
    hypotheses: &[
        "values made of blocks, their transposes and entrywise functions of any number of values",
        "neurons alike in all blocks at the start; an optimizer with one rule for the entries of a \
         block",
        "for the rows that gates share: gates that read the same activity, GD-like or spectral \
         learning",
    ],
    bound: "the number of classes, for each gate; M (T-1) dimensions of rows for each gradient from \
            h_0 = 0, twice in the minimal gated unit, whose candidate reads another activity",
    tightness: "The number of classes is attained by generic data, the rows by generic networks with \
                enough neurons, as gradient-factorization.",
    proof: Proof::MachineChecked {
        lemmas: &[
            "gated_networks.made_alike",
            "gated_networks.alike2_rank",
            "gated_networks.gates_alike",
            "gated_networks.gates_share_rows",
        ],
        beyond: Some(
            "that the gradients of gated units are of the form that it treats, which dual numbers \
             show",
        ),
    },
    source: &["Hochreiter and Schmidhuber (1997)", "Cho et al. (2014)"],
    limit: None,
    attained: None,
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry],
    // Products of gates are not counted; a second instance speaks for the first.
    minors: |_| None,
    counterexamples: &[
        "neurons_must_be_alike_in_all_rows",
        "one_rule_for_all_neurons",
        "gates_must_read_the_same_activity",
    ],
};

/// Between neurons, of all gates one below the other.
const BETWEEN: &str = "weight_hh_l0";

/// The parts of a recurrent network and what learns with them in a gated unit.
const LEARNED: [(&str, &str); 5] = [
    ("W", BETWEEN),
    ("B", "weight_ih_l0"),
    ("bias", "bias_ih_l0"),
    ("bias", "bias_hh_l0"),
    ("C", "C"),
];

/// The gates as reports have them.
const GATES: [&str; 4] = ["gate 0", "gate 1", "gate 2", "gate 3"];

fn domain(arithmetic: Arithmetic) -> Domain {
    let (phi, psi) = if arithmetic.is_real() {
        (vec![ActivationKind::Logistic], vec![ActivationKind::Tanh])
    } else {
        let polynomials = vec![ActivationKind::Polynomial(2), ActivationKind::Polynomial(3)];
        (polynomials.clone(), polynomials)
    };
    // Signs of what is zero but for rounding would be signs of noise.
    let rules = rules(arithmetic, |rule| {
        !rule.is_spectral() && (rule.keeps_rounding_small() || !arithmetic.is_real())
    });
    Domain {
        architectures: vec![Shipped::Lstm, Shipped::Gru, Shipped::MinimalGated],
        trials: 1..=3,
        learning_steps: 1..=3,
        activations: psi,
        phi: Some(phi),
        initial_weights: vec![InitialWeights::Full],
        initial_states: vec![InitialState::Zero],
        rules,
        trained: vec![Subset::only(["W"]), Subset::only(["W", "B", "bias"]), Subset::All],
        ..Domain::linear(arithmetic)
    }
}

/// A gated unit; phi of the setting opens the gates, psi makes the candidates.
struct Unit<S> {
    architecture: Box<dyn Architecture<S>>,
    /// Gates and candidates.
    gates: usize,
    /// The different activities that they read.
    activities: usize,
}

impl<S: RankRevealing> Unit<S> {
    fn of(case: &Case<S>) -> Result<Self, Inconclusive> {
        let dynamics = &case.instance.network.architecture.dynamics;
        let [gate, candidate]: [Activation<S>; 2] = [dynamics.phi.clone(), dynamics.psi.clone()];
        Ok(match case.setting.architecture {
            Shipped::Lstm => {
                Unit { architecture: Box::new(Lstm { gate, candidate }), gates: 4, activities: 1 }
            }
            Shipped::Gru => {
                Unit { architecture: Box::new(Gru { gate, candidate }), gates: 3, activities: 1 }
            }
            Shipped::MinimalGated => Unit {
                architecture: Box::new(MinimalGated { gate, candidate }),
                gates: 2,
                activities: 2,
            },
            _ => return Err(Inconclusive::Unavailable),
        })
    }

    /// Blocks in which neurons of a class are alike; every neuron has the number of its class.
    fn blocks(&self, case: &Case<S>, classes: &[usize]) -> Blocks<S> {
        let Dimensions { neurons, d_in, d_out, .. } = case.setting.dimensions;
        let rows = self.gates * neurons;
        // The row of a gate's neuron that stands for its class.
        let row = |i: usize| i / neurons * neurons + classes[i % neurons];
        let random = |rows, cols, size, name| matrix(rows, cols, size, &case.stream, name);
        let between = random(rows, neurons, 1.0 / (neurons as f64).sqrt(), BETWEEN);
        let into = |name, cols, size| {
            let all = random(rows, cols, size, name);
            Matrix::from_fn(rows, cols, |i, j| all[(row(i), j)])
        };
        let bias = if case.setting.bias { 1.0 } else { 0.0 };
        let readout = random(d_out, neurons, 1.0, "C");
        let biases = ["bias_ih_l0", "bias_hh_l0"].map(|name| (name, into(name, 1, bias)));
        let blocks = Blocks::default()
            .with("weight_ih_l0", into("weight_ih_l0", d_in, 1.0))
            .with(BETWEEN, Matrix::from_fn(rows, neurons, |i, j| between[(row(i), classes[j])]))
            .with("C", Matrix::from_fn(d_out, neurons, |i, j| readout[(i, classes[j])]));
        biases.into_iter().fold(blocks, |blocks, (name, matrix)| blocks.with(name, matrix))
    }

    fn train(&self, case: &Case<S>, blocks: Blocks<S>) -> Result<Trajectory<S>, Inconclusive> {
        let architecture = &*self.architecture;
        let learned = LEARNED.iter().filter(|(part, _)| case.setting.trained.contains(part));
        let training = Training {
            blocks,
            trained: Subset::only(learned.map(|(_, block)| *block)),
            followed: Some(Subset::only([BETWEEN])),
            per_trial: Subset::none(),
            applied: case.fault.map(|fault| -> Box<dyn Architecture<S> + '_> {
                Box::new(Faulty { architecture, block: BETWEEN.into(), fault })
            }),
            ..case.training_as(architecture)
        };
        Ok(training.run(case.setting.learning_steps)?)
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let unit = Unit::of(case)?;
    let mut observed = alike(case, &unit)?;
    observed.extend(shared_rows(case, &unit)?);
    Ok(observed)
}

/// Neurons of random classes.
fn alike<S: RankRevealing>(case: &Case<S>, unit: &Unit<S>) -> Observed {
    let neurons = case.setting.dimensions.neurons;
    let classes = classes(neurons, &mut case.stream.named("classes"));
    let trajectory = unit.train(case, unit.blocks(case, &classes))?;
    let indicator = |i: usize, c| if classes[i] == c { S::ONE } else { S::ZERO };
    let indicators = Matrix::from_fn(neurons, neurons, indicator);
    let space = span(neurons, [&indicators], "the number of classes")?;
    let block = trajectory.of(BETWEEN).expect("a block that is followed");
    let observed = GATES.iter().take(unit.gates).enumerate().flat_map(|(gate, name)| {
        let first = gate * neurons;
        let steps = 1..=block.steps();
        let weights = steps.clone().map(|k| {
            let all = block.weights_at(k);
            Matrix::from_fn(neurons, neurons, |i, j| all[(first + i, j)])
        });
        let movement = Movement {
            matrices: weights.collect(),
            noise: steps.map(|k| block.noise(k)).collect(),
            sequence: Sequence::Weights,
            block: Some(name),
        };
        let rank = movement.last_rank(space.dimension());
        [rank, movement.columns_outside(&space), movement.rows_outside(&space)]
    });
    Ok(observed.collect())
}

/// Neurons that are all different.
fn shared_rows<S: RankRevealing>(case: &Case<S>, unit: &Unit<S>) -> Observed {
    let Dimensions { neurons, steps, trials, .. } = case.setting.dimensions;
    let classes: Vec<_> = (0..neurons).collect();
    let trajectory = unit.train(case, unit.blocks(case, &classes))?;
    let block = trajectory.of(BETWEEN).expect("a block that is followed");
    let each = unit.activities * trials * (steps - 1);
    let of_all =
        |sequence, k| Quantity::OfBlock("all gates", Box::new(Quantity::Rank(sequence, k)));
    let gradients = case.setting.gradients();
    let mut observed = Vec::new();
    for j in 0..gradients {
        let gradient = block.gradient(j).expect("a gradient that was computed");
        let rank = S::rank(&gradient.to_matrix(), block.gradient_noise(j));
        let quantity = of_all(Sequence::Gradients, j);
        observed.push(Observation::rank(quantity, &rank, each.min(neurons)));
    }
    if case.setting.rule.is_gd_like() {
        let last = block.steps();
        let bound = (gradients * each).min(neurons);
        let quantity = of_all(Sequence::Increments, last);
        observed.push(Observation::rank(quantity, &block.rank(last), bound));
    }
    Ok(observed)
}

/// The class of each neuron, counted from 0.
fn classes(neurons: usize, stream: &mut Stream) -> Vec<usize> {
    let count = 1 + stream.below(neurons);
    (0..neurons).map(|_| stream.below(count)).collect()
}
