//! **symmetry.** What a change of basis of the neurons leaves as it is at the start, it leaves as
//! it is for ever, if neither the architecture nor the optimizer sees such changes. Let Q be
//! orthogonal and turn the blocks between neurons, V -> Q V Q^T, into them, B -> Q B (initial
//! states and biases too), and out of them, C -> C Q^T. In the space of the vectors that every Q
//! fixes which fixes the start,
//!
//! ```text
//! S = { v : Q v = v wherever Q V_0 Q^T = V_0, Q B = B, C Q^T = C },
//! ```
//!
//! lie the rows and columns of every D_k = V_k - c_k V_0 of every block: rank D_k <= dim S.
//!
//! - *All orthogonal Q*, for networks in which functions act on inner products alone (linear ones,
//!   divisive normalisation, attention, a loop through any environment), and GD-like or spectral
//!   optimizers. From V_0 = v I, S is span(col B, row C, h_0, b): invariant-subspace and
//!   spectral-optimizers without linearity.
//! - *Permutations*, for any entrywise functions and optimizers. S are the vectors that are
//!   constant on classes of neurons that start alike: fingerprints. With changes of sign where
//!   all functions are odd: up to sign.
//!
//! Why: states and adjoint states turn with the blocks, so each Q that fixes the blocks fixes
//! them. They lie in S, and so do rows and columns of the gradients Lambda Phi^T. The optimizer
//! turns with rows and columns of gradients, each by themselves, so what it makes of them lies in S
//! too, and Q fixes the next blocks.

use super::instance::number;
use super::invariant_subspace::{fills_the_space, limit_in_space};
use super::movement::{Movement, span};
use super::setting::rules;
use super::{
    ActivationKind, Arithmetic, Case, Checks, Domain, Inconclusive, InitialState, InitialWeights,
    Measure, Model, Observed, Proof, Roles, RuleKind, Setting, Theorem,
};
use crate::blocks::{Block, Blocks, Subset};
use crate::matrix::{Matrix, RankRevealing};
use crate::network::architecture::{DynamicsOption, Shipped};
use crate::training::GradientFault;

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "symmetry",
    title: "A network learns in the space that its symmetries fix",
    statement: "Orthogonal Q turn the neurons: V -> Q V Q^T, B -> Q B, C -> C Q^T. Where architecture \
                and optimizer see no such change, rows and columns of each D_k = V_k - c_k V_0 \
                lie in the space S of vectors fixed by every Q that fixes the start. All Q, \
                V_0 = v I: S = span(col B, row C, h_0, b), linear or not. Permutations: S = \
                vectors constant on classes of neurons that start alike.",
    hypotheses: &[
        "an architecture that sees no change of basis of the group: functions of inner products \
         alone, or permutations (with signs, if odd) and entrywise functions",
        "an optimizer that turns with both sides of gradients: GD-like or spectral, or \
         permutations and an entrywise one",
        "S: the vectors that are fixed by all of the group that fixes the start",
    ],
    bound: "dim S: d_in + d_out (+1 for each initial state, +1 for a bias), at most N, or the \
            number of classes",
    tightness: "Under all orthogonal changes attained by generic data after as many learning steps \
                as the bound, with four time steps and inputs that span; in a closed loop with \
                five, and inputs that span one time step earlier; with a gain other than a \
                ReLU; in attention where all is trained, from \
                multiples of I that are not zero. With an h_0 for each trial, batches of some \
                trials can miss it.",
    proof: Proof::MachineChecked {
        lemmas: &[
            "symmetry.symmetry",
            "symmetry.symmetry_kept",
            "symmetry.gradient_turns",
            "symmetry.symmetry_orthogonal",
            "symmetry.symmetry_permutations",
            "symmetry.signed_class_space",
            "symmetry.odd_entrywise_two_sided",
            "symmetry.built_rank",
            "symmetry.linear_built",
            "symmetry.divisive_exact",
            "symmetry.divisive_built",
            "symmetry.attention_built",
        ],
        beyond: Some(
            "that the gradients of attention are those that it treats, which dual numbers show",
        ),
    },
    source: &[
        "Ziyin (2023, arXiv 2309.16932)",
        "Marcotte, Gribonval and Peyré (2023, arXiv 2307.00144)",
        "Yaras et al. (2023, arXiv 2306.01154)",
    ],
    limit: Some(limit),
    attained: Some(attained),
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry],
    minors,
    counterexamples: &[
        "functions_must_see_inner_products_alone",
        "noise_of_the_neurons_counts",
        "tokens_must_pass_no_entrywise_function",
        "an_environment_must_read_outputs_alone",
        "the_start_must_be_fixed",
        "an_initial_state_counts",
        "the_optimizer_must_turn_with_the_neurons",
        "neurons_must_start_alike",
        "changes_of_sign_need_odd_functions",
    ],
};

/// Changes of basis that a setting does not see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Group {
    /// All orthogonal ones, which fix the blocks between neurons at the start.
    Orthogonal,
    /// Permutations.
    Permutations,
    /// Permutations and changes of sign.
    SignedPermutations,
}

impl Group {
    fn of(setting: &Setting) -> Self {
        let is_entrywise = setting.architecture.takes(DynamicsOption::Phi);
        let turns = setting.rule.is_gd_like() || setting.rule.is_spectral();
        if turns && setting.starts_at_identity() && (!is_entrywise || setting.is_linear()) {
            Group::Orthogonal
        } else if !is_entrywise || setting.phi.is_odd() && setting.psi.is_odd() {
            Group::SignedPermutations
        } else {
            Group::Permutations
        }
    }
}

/// The dimension of S at most, under all orthogonal changes.
fn channels(setting: &Setting) -> usize {
    let has = |name| Roles::of(setting.architecture).is_some_and(|own| own.into.contains(&name));
    let seen = Setting {
        bias: setting.bias && has("bias"),
        initial_state: if has("h0") { setting.initial_state } else { InitialState::Zero },
        ..setting.clone()
    };
    seen.channels()
}

fn limit(setting: &Setting, measure: Measure, k: usize) -> Option<usize> {
    Roles::of(setting.architecture)?;
    let applies = Group::of(setting) == Group::Orthogonal;
    applies.then(|| limit_in_space(channels(setting), measure, k))
}

fn attained(setting: &Setting) -> bool {
    let moves = match setting.architecture {
        // A gain of zero lets nothing pass.
        Shipped::Divisive => !setting.psi.is_silent(),
        // From zero nothing moves, and with B and C at rest the space of each block is smaller.
        Shipped::Attention => {
            setting.trained == Subset::All
                && setting.initial_weights == InitialWeights::ScaledIdentity
        }
        _ => true,
    };
    let mut setting = setting.clone();
    // The environment answers one time step later.
    setting.dimensions.steps -= usize::from(setting.architecture == Shipped::ClosedLoop);
    moves && Group::of(&setting) == Group::Orthogonal && fills_the_space(&setting)
}

fn minors(setting: &Setting) -> Option<u64> {
    let is_counted = setting.architecture == Shipped::Rnn;
    is_counted.then(|| super::generic::of_training(setting)).flatten()
}

fn domain(arithmetic: Arithmetic) -> Domain {
    let any = Domain::any_network(arithmetic);
    // As many identities as all others, so that some recurrent networks are linear. In floating
    // point bounded functions alone: a gain that grows as |h|^2 makes three relative errors of one
    // at each time step.
    let others = if arithmetic.is_real() {
        vec![ActivationKind::Tanh]
    } else {
        [&any.activations[1..], &[ActivationKind::OddCubic]].concat()
    };
    let identities = vec![ActivationKind::Identity; others.len()];
    // A sign of a weight does not turn with gradients. In floating point signs of what is zero but
    // for rounding would be signs of noise, and spectral rules multiply the errors of earlier
    // steps: for these see spectral-optimizers.
    let rules = rules(arithmetic, |rule| {
        rule != RuleKind::L1 && (rule.keeps_rounding_small() || !arithmetic.is_real())
    });
    Domain {
        architectures: ARCHITECTURES.to_vec(),
        activations: [identities, others].concat(),
        rules,
        ..any
    }
}

/// Those on which it is checked.
const ARCHITECTURES: [Shipped; 4] =
    [Shipped::Rnn, Shipped::Divisive, Shipped::Attention, Shipped::ClosedLoop];

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let mut model = case.model()?;
    let neurons = case.setting.dimensions.neurons;
    let (space, bound) = match Group::of(&case.setting) {
        Group::Orthogonal => {
            let space = span(neurons, &directions(&model), "the dimension of S")?;
            (space, channels(&case.setting))
        }
        group => {
            let classes = classes(case, group == Group::SignedPermutations);
            model.blocks = alike(&classes, case, &model);
            let space = span(neurons, [&classes], "the number of classes")?;
            let number = space.dimension();
            (space, number)
        }
    };
    let trajectory = case.training_on(&model).run(case.setting.learning_steps)?;
    let block = |name: &&'static str| Some((*name, trajectory.of(name).ok()?));
    if !model.roles.between.iter().filter_map(block).all(|(_, block)| block.is_clear()) {
        return Err(Inconclusive::Noise("the change of a block"));
    }
    // What is not trained does not move.
    let movement = |name| block(name).map(|(name, block)| Movement::of_block(Some(name), block));
    let [between, into, out_of] = [model.roles.between, model.roles.into, model.roles.out_of]
        .map(|names| names.iter().filter_map(movement).collect::<Vec<_>>());
    let mut observed: Vec<_> = between.iter().map(|block| block.last_rank(bound)).collect();
    let columns = between.iter().chain(&into).map(|block| block.columns_outside(&space));
    observed.extend(columns);
    observed.extend(between.iter().chain(&out_of).map(|block| block.rows_outside(&space)));
    Ok(observed)
}

/// What spans S under all orthogonal changes: columns of blocks into neurons, rows of those out
/// of them.
fn directions<S: RankRevealing>(Model { blocks, roles, .. }: &Model<S>) -> Vec<Matrix<S>> {
    let matrix = |name: &&str| blocks.get(name).expect("a block of its architecture").to_matrix();
    let rows = roles.out_of.iter().map(|name| matrix(name).transposed());
    roles.into.iter().map(matrix).chain(rows).collect()
}

/// The class of each neuron, (N, classes): one entry in each row, 1 or with signs -1; none for the
/// neurons whose change of sign fixes the start.
fn classes<S: RankRevealing>(case: &Case<S>, signed: bool) -> Matrix<S> {
    let mut stream = case.stream.named("classes");
    let neurons = case.setting.dimensions.neurons;
    let count = 1 + stream.below(neurons);
    let signed = signed && stream.below(2) == 0;
    let mut classes = Matrix::zeros(neurons, count);
    for neuron in 0..neurons {
        let (class, sign) = (stream.below(count), stream.below(4));
        classes[(neuron, class)] = match sign {
            0 if signed => S::ZERO,
            1 if signed => -S::ONE,
            _ => S::ONE,
        };
    }
    classes
}

/// The blocks with neurons of a class alike: V_0 = E X E^T + v I, unless it is a multiple of I.
fn alike<S: RankRevealing>(classes: &Matrix<S>, case: &Case<S>, model: &Model<S>) -> Blocks<S> {
    let rows = |matrix: &Matrix<S>| {
        classes.times(&Matrix::from_fn(classes.cols(), matrix.cols(), |i, j| matrix[(i, j)]))
    };
    let columns = |matrix: &Matrix<S>| rows(&matrix.transposed()).transposed();
    let Roles { between, into, out_of } = model.roles;
    let is_full = case.setting.initial_weights == InitialWeights::Full;
    model.blocks.replaced(|name, block| {
        let matrix = block.to_matrix();
        if into.contains(&name) {
            rows(&matrix).into()
        } else if out_of.contains(&name) {
            columns(&matrix).into()
        } else if is_full && between.contains(&name) {
            let multiple = number(&mut case.stream.named(name).named("multiple"), 0.5);
            let mut start = columns(&rows(&matrix));
            start.add_scaled(S::ONE, &Matrix::scaled_identity(matrix.rows(), multiple));
            Block::from(start)
        } else {
            block.clone()
        }
    })
}
