//! **areas.** A linear network of areas x, each with inputs B_x, outputs C_x, initial states, a bias
//! and a leak of its own; W_xx = w_x I and no connections between areas at the start. With p_x, q_x
//! and h_x the numbers of inputs (a bias is one), outputs and initial states of area x
//!
//! ```text
//! rank (change of W_xy) <= min(p_x + q_x + h_x, p_y + q_y + h_y)
//! ```
//!
//! at every step: an area learns from another through its own channels alone, and one without any
//! learns no connections at all.
//!
//! Why: areas are the types of cell-types. The change of W_xy has its columns in S_x and its rows in
//! S_y, and what belongs to other areas vanishes in area x.

use super::cell_types::domain;
use super::populations::{Channels, Drawn};
use super::{Case, Checks, Observed, Proof, Theorem};
use crate::matrix::RankRevealing;
use crate::training::GradientFault;

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "areas",
    title: "An area learns from another through its own channels alone",
    statement: "Linear network of areas with inputs, outputs, initial states and leaks of their own, \
                W_xx = w_x I and no connections between areas at the start: rank (change of W_xy) \
                <= min(p_x + q_x + h_x, p_y + q_y + h_y), a bias counted among the inputs. An area \
                without channels learns no connections.",
    hypotheses: &[
        "linear network: phi = psi = id",
        "each input, output, initial state and bias belongs to one area; a leak for each area",
        "W_xx = w_x I, W_xy = 0 between areas",
        "GD-like or spectral learning of W alone; masks and step sizes depend on the two areas",
    ],
    bound: "the channels of the area that has fewer: inputs, outputs, initial states and a bias, at \
            most its neurons",
    tightness: "Attained by generic data after enough learning steps where trials are long enough for \
                signals to pass between the areas and back.",
    proof: Proof::MachineChecked {
        lemmas: &["areas.rank_on_area", "areas.areas"],
        beyond: Some("a spectral method on each block by itself"),
    },
    source: &["Perich et al. (2021)", "Semedo et al. (2019)"],
    limit: None,
    attained: None,
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry],
    minors: super::generic::of_training,
    counterexamples: &[
        "channels_must_be_the_areas_own",
        "areas_must_start_unconnected",
        "the_network_must_be_linear",
        "the_start_must_be_a_multiple_of_the_identity",
        "the_optimizer_must_not_act_entry_by_entry",
    ],
};

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let areas = Drawn::new(case, Channels::Own, 2);
    let trajectory = areas.train(case)?;
    let (movement, space) = (areas.movement(&trajectory), areas.space()?);
    let mut observed = areas.ranks_of_blocks(&trajectory);
    observed.push(movement.columns_outside(&space));
    observed.push(movement.rows_outside(&space));
    Ok(observed)
}
