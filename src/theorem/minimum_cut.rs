//! **minimum-cut.** The rank of learning is at most the least cut of the network of what it depends
//! on. A linear network, any start, trained by a GD-like or spectral method, with W, B, C, b or h_0:
//! for any vector x, D_k x is made of numbers that depend on x linearly,
//!
//! ```text
//! B^T x, C x, h_0^T x, b^T x        p, q, 1 and 1 numbers
//! h_t^T x,  l_t^T x                 one for each trial, of gradient j at time t
//! B^T (A_j^T)^i x,  C A_j^i x       p and q, with A_j = (1-a) I + a W_j
//! G_j x,  D_j x                     rank G_j and rank D_j
//! ```
//!
//! each of which depends on some others. Numbers that every dependence of D_k x on x passes
//! determine D_k x, so their count bounds rank D_k. The least such count is the largest flow from x
//! to D_k x through nodes that have as much capacity as they have numbers (Menger), which
//! `learning_network.rs` computes, gradient by gradient.
//!
//! Each closed formula of the catalogue for such networks is one cut: fibonacci-growth cuts B and
//! D_j, linear-growth the first state of each trial and the last error, krylov-decay the powers of
//! one gradient, invariant-subspace B, C, h_0 and b. The least is often less than each of them.

use std::cell::RefCell;

use super::learning_network::{Cuts, Plan, Source, Start};
use super::setting::rules;
use super::{
    Arithmetic, Case, Checks, Domain, Inconclusive, InitialState, InitialWeights, Measure,
    Observation, Observed, Proof, Quantity, Sequence, Setting, Theorem,
};
use crate::blocks::Subset;
use crate::matrix::RankRevealing;
use crate::training::GradientFault;

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "minimum-cut",
    title: "The rank of learning is a flow through what it depends on",
    statement: "Linear network, any W_0, any part of W, B, C, b, h_0 trained. D_k x depends on x \
                through B^T x, C x, h_0^T x, b^T x, the numbers h_t^T x and l_t^T x of states and \
                errors of each trial, time and gradient, B^T (A_j^T)^i x, C A_j^i x, G_j x and D_j x. \
                Rank D_k is at most the number of such numbers in any set of them that every \
                dependence of D_k x on x meets, and rank G_j the same of G_j x; the CP rank is at \
                most the sum of the latter.",
    hypotheses: &[
        "linear network: phi = psi = id",
        "a GD-like or spectral method, steps counted in gradients",
    ],
    bound: "the least cut, which is the largest flow",
    tightness: "Attained by generic data with W alone trained along gradients of all trials, from \
                h_0 = 0 without bias, but for one input or one output from w I + P Q^T. Not always \
                with b and h_0 trained from zero, nor by spectral rules.",
    proof: Proof::MachineChecked {
        lemmas: &["minimum_cut.cut_determines", "minimum_cut.cut_rank"],
        beyond: Some("that learning has the dependences that the statement names"),
    },
    source: &[
        "Menger (1927)",
        "Ford and Fulkerson (1956)",
        "van der Woude (1991)",
        "Ahlswede, Cai, Li and Yeung (2000)",
        "Koetter and Médard (2003)",
    ],
    limit: Some(limit),
    attained: Some(attained),
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry],
    minors: super::generic::of_training,
    counterexamples: &[
        "the_network_must_be_linear",
        "the_optimizer_must_not_act_entry_by_entry",
        "a_step_must_take_one_gradient",
    ],
};

/// Time steps times gradients of the largest network that is built: it takes a second.
const MOST: usize = 1 << 10;

fn limit(setting: &Setting, measure: Measure, k: usize) -> Option<usize> {
    let gradients = k * setting.gradients_per_step();
    let last = gradients.max(setting.gradients());
    match measure {
        Measure::Rank => Some(cuts_of(setting, last)?.weights[gradients]),
        Measure::GradientRank => Some(cuts_of(setting, k.max(last))?.gradients[k]),
        // Momentum can give an update the rank of all gradients so far; a combination is no more
        // than their sum.
        Measure::Cp if !setting.rule.is_gd_like() => None,
        Measure::Cp => Some(cuts_of(setting, last)?.gradients[..gradients].iter().sum()),
        Measure::R3 => None,
    }
}

/// `None` of settings of which the theorem does not speak, and of networks that are too large.
fn cuts_of(setting: &Setting, gradients: usize) -> Option<Cuts> {
    let speaks = setting.is_linear() && (setting.rule.is_gd_like() || setting.rule.is_spectral());
    if !speaks || (gradients + 1).saturating_mul(setting.dimensions.steps) > MOST {
        return None;
    }
    // Tables ask for one step after another, and build the network once.
    thread_local! {
        static LAST: RefCell<Option<(Plan, usize, Cuts)>> = const { RefCell::new(None) };
    }
    let plan = Plan::of(setting);
    LAST.with_borrow_mut(|last| match last {
        Some((of, upto, cuts)) if *of == plan && *upto == gradients => Some(cuts.clone()),
        _ => {
            let cuts = plan.cuts(gradients);
            *last = Some((plan, gradients, cuts.clone()));
            Some(cuts)
        }
    })
}

impl Plan {
    /// That of a linear network that trains as the setting says.
    fn of(setting: &Setting) -> Self {
        let [b, c, bias, h0] = ["B", "C", "bias", "h0"].map(|name| setting.trained.contains(name));
        let dimensions = &setting.dimensions;
        let (neurons, trials) = (dimensions.neurons, dimensions.trials);
        let along = setting.initial_state == InitialState::AlongInputs;
        // A state along inputs that stay what they are is one more time step, which has no bias.
        let stays_along = along && !setting.leaves_its_state();
        let steps = dimensions.steps + usize::from(stays_along);
        // Inputs before the last time step, whose input meets no error through W, but one through C,
        // and those of which states along them are made.
        let given = trials * (steps - usize::from(!c) + usize::from(along && !stays_along));
        let source = |count, is_trained, is_zero| Source { count, is_trained, is_zero, first: 0 };
        let states = match setting.initial_state {
            InitialState::Zero => usize::from(h0),
            InitialState::Common => 1,
            InitialState::AlongInputs if stays_along => 0,
            InitialState::PerTrial | InitialState::AlongInputs => trials,
        };
        Plan {
            neurons,
            steps,
            batch: setting.batch_size(),
            trials,
            start: match setting.initial_weights {
                InitialWeights::Zero | InitialWeights::ScaledIdentity => Start::LowRank(0),
                InitialWeights::LowRank(r) => Start::LowRank(r),
                InitialWeights::Symmetric(_) | InitialWeights::Full => Start::Any,
            },
            inputs: source(dimensions.d_in.min(given), b, false),
            bias: Source {
                first: usize::from(stays_along),
                ..source(usize::from(setting.bias || bias), bias, !setting.bias)
            },
            is_common: matches!(setting.initial_state, InitialState::Zero | InitialState::Common),
            states: source(states, h0, setting.initial_state == InitialState::Zero),
            is_along_inputs: along,
            outputs: source(dimensions.d_out, c, false),
            decays: setting.decay,
            is_gd_like: setting.rule.is_gd_like(),
        }
    }
}

fn attained(setting: &Setting) -> bool {
    let dimensions = &setting.dimensions;
    let has_one_channel = dimensions.d_in.min(dimensions.d_out) == 1;
    setting.trained == Subset::only(["W"])
        && setting.rule.is_gd_like()
        && setting.initial_state == InitialState::Zero
        && !setting.bias
        && !setting.minibatches
        && !setting.decay
        && !(has_one_channel && matches!(setting.initial_weights, InitialWeights::LowRank(_)))
}

fn domain(arithmetic: Arithmetic) -> Domain {
    let linear = Domain::linear(arithmetic);
    let more = [InitialWeights::LowRank(1), InitialWeights::Full];
    let subset = |names: &[&'static str]| Subset::only(names.iter().copied());
    // The gradients of later steps shrink below the noise of floating point.
    let learning_steps = if arithmetic.is_real() { 1..=3 } else { 1..=5 };
    Domain {
        neurons: 1..=20,
        d_out: 1..=4,
        learning_steps,
        initial_weights: [linear.initial_weights, more.to_vec()].concat(),
        initial_states: vec![
            InitialState::Zero,
            InitialState::Common,
            InitialState::PerTrial,
            InitialState::AlongInputs,
        ],
        // In floating point spectral rules multiply the errors of earlier steps.
        rules: rules(arithmetic, |rule| {
            rule.is_gd_like() || rule.is_spectral() && !arithmetic.is_real()
        }),
        trained: vec![
            subset(&["W"]),
            subset(&["W", "B"]),
            subset(&["W", "C"]),
            subset(&["W", "bias", "h0"]),
            Subset::All,
        ],
        ..Domain::linear(arithmetic)
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let trajectory = case.train()?;
    let per_step = case.setting.gradients_per_step();
    let cuts = cuts_of(&case.setting, trajectory.steps() * per_step);
    let cuts = cuts.ok_or(Inconclusive::Unavailable)?;
    let increments = (1..=trajectory.steps()).rev().map(|k| {
        let quantity = Quantity::Rank(Sequence::Increments, k);
        Observation::rank(quantity, &trajectory.rank(k), cuts.weights[k * per_step])
    });
    let gradients = (0..).map_while(|j| Some((j, trajectory.gradient(j)?)));
    let gradients = gradients.zip(&cuts.gradients).map(|((j, gradient), &cut)| {
        let rank = S::rank(&gradient.to_matrix(), trajectory.gradient_noise(j));
        Observation::rank(Quantity::Rank(Sequence::Gradients, j), &rank, cut)
    });
    Ok(increments.chain(gradients).collect())
}
