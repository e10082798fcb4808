//! **cell-types.** Neurons of R types in a linear network with W = mask o V entry by entry. Leaks
//! depend on the type of a neuron, masks (which connections there are, the signs of Dale's law) and
//! step sizes on the types of the two neurons of a weight, and V_0 is diagonal and constant on
//! types. With S_c the span of B, C^T, h_0, b restricted to the neurons of type c
//!
//! ```text
//! row, col D_k  in  S_1 + ... + S_R,    rank D_k <= sum over c of dim S_c <= R (p + q + ..)
//! ```
//!
//! and the block of D_k between the types c and d has rank at most min(dim S_c, dim S_d).
//!
//! Why: the sum of all S_c is kept by the projections E_c on the neurons of a type, so also by the
//! leaks, sum a_c E_c, and by mask o V, the sum of f(c, d) E_c V E_d. It contains the sources, so
//! invariant-subspace applies with it.

use super::populations::{Channels, Drawn};
use super::setting::rules;
use super::{Arithmetic, Case, Checks, Domain, InitialState, Observed, Proof, Theorem};
use crate::blocks::Subset;
use crate::matrix::RankRevealing;
use crate::training::GradientFault;

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "cell-types",
    title: "Each type of neurons adds the dimensions of all channels once",
    statement: "Linear network of neurons of R types, W = mask o V; leaks, masks, signs and step \
                sizes depend on types alone, V_0 is diagonal and constant on types. With S_c = \
                span(B, C^T, h_0, b) restricted to type c, rows and columns of D_k lie in the sum \
                of all S_c, so rank D_k <= sum dim S_c <= R (p + q + ..), and the block between c \
                and d has rank at most min(dim S_c, dim S_d).",
    hypotheses: &[
        "linear network: phi = psi = id",
        "leaks that depend on the type of the neuron; masks and step sizes on both types",
        "V_0 diagonal and constant on types",
        "GD-like or spectral learning of V alone",
    ],
    bound: "sum over the types of d_in + d_out (+1 for each initial state, +1 for a bias), at most \
            the neurons of the type",
    tightness: "Attained by generic data where all connections are there and learn, with four time \
                steps or more, as many learning steps as d_in + d_out, and as many neurons in each \
                type as it has channels.",
    proof: Proof::MachineChecked {
        lemmas: &[
            "cell_types.typed_sub",
            "cell_types.block_rank",
            "cell_types.tgrad_sub",
            "cell_types.cell_types",
            "cell_types.type_blocks",
        ],
        beyond: Some(
            "that the gradients with leaks of types are those that it treats, which dual numbers \
             show, and a spectral method on each block by itself",
        ),
    },
    source: &["Song, Yang and Wang (2016)", "Dubreuil et al. (2022)", "Beiran et al. (2021)"],
    limit: None,
    attained: None,
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry],
    minors: super::generic::of_training,
    counterexamples: &[
        "leaks_must_depend_on_types_alone",
        "a_random_mask_breaks_it",
        "the_network_must_be_linear",
        "the_start_must_be_typed",
        "the_optimizer_must_not_act_entry_by_entry",
    ],
};

/// Also of areas: linear networks of which W alone is trained.
pub(super) fn domain(arithmetic: Arithmetic) -> Domain {
    // In floating point spectral rules multiply the errors of earlier steps: for these see
    // spectral-optimizers.
    let rules =
        rules(arithmetic, |rule| rule.is_gd_like() || rule.is_spectral() && !arithmetic.is_real());
    let linear = Domain::linear(arithmetic);
    Domain {
        neurons: 2..=14,
        initial_states: [linear.initial_states, vec![InitialState::PerTrial]].concat(),
        rules,
        trained: vec![Subset::only(["W"])],
        ..Domain::linear(arithmetic)
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let types = Drawn::new(case, Channels::Shared, 1);
    let trajectory = types.train(case)?;
    let (movement, space) = (types.movement(&trajectory), types.space()?);
    let mut observed = vec![
        movement.last_rank(types.dimensions().iter().sum()),
        movement.columns_outside(&space),
        movement.rows_outside(&space),
    ];
    observed.extend(types.ranks_of_blocks(&trajectory));
    Ok(observed)
}
