//! **invariant-subspace.** A linear network that starts from `W_0 = w I` learns in one fixed space:
//!
//! ```text
//! S = span(col B, row C, h_0, b)
//! ```
//!
//! contains the rows and columns of every `D_k = W_k - c_k W_0`, for every k, loss, data set, step
//! size and GD-like optimizer, also when B, C, h_0 and b are trained too (S is that of the start).
//! So `rank D_k <= dim S <= d_in + d_out (+ 1 for a common h_0) (+ 1 for a bias)` and the CP rank
//! of the increments is at most `(dim S)^2`.
//!
//! Why: if W maps S into S and W^T does too, then all states and all adjoint states lie in S, so
//! the gradient does, and the next W maps S into S again.

use super::{
    Arithmetic, Case, Checks, Domain, InitialState, Observation, Observed, Theorem, Undecided,
};
use crate::matrix::{Factors, Matrix, RankRevealing, Subspace};
use crate::training::Tampering;

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "invariant-subspace",
    title: "A linear network learns in a space fixed by its inputs and outputs",
    statement: "W_0 = w I, S = span(col B, row C, h_0, b). Rows and columns of every \
                D_k = W_k - c_k W_0 lie in S: rank D_k <= dim S <= d_in + d_out (+1 for a common \
                h_0, +1 for a bias), CP rank <= (dim S)^2.",
    hypotheses: &[
        "linear network: phi = psi = id",
        "W_0 = w I",
        "h_0 zero or common to all trials",
        "GD-like learning of W, with or without B, C, b and h_0",
    ],
    bound: "d_in + d_out (+1 for a common h_0, +1 for a bias), at most N",
    tightness: "Attained by generic instances after a few steps, with enough trials and time.",
    domain,
    checks: Checks { exact: observe, f64: observe, double_double: observe },
    controls: &[Tampering::WrongEntry],
};

fn domain(arithmetic: Arithmetic) -> Domain {
    Domain::linear(arithmetic)
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    observe_in_space(case, None)
}

/// The check that this theorem and low-rank-initialization share: the second has P and Q of
/// `W_0 = w I + P Q^T` among the generators of S.
pub(super) fn observe_in_space<S: RankRevealing>(
    case: &Case<S>,
    low_rank: Option<&Factors<S>>,
) -> Observed {
    let trajectory = case.train()?;
    let n = trajectory.neurons();
    let start = &trajectory.start;
    let readout = start.c.transposed();
    let mut generators = vec![&start.b, &readout, &start.h0, &start.bias];
    generators.extend(low_rank.iter().flat_map(|factors| [&factors.left, &factors.right]));
    let space =
        Subspace::spanned_by(n, generators).ok_or(Undecided::Noise("the dimension of S"))?;

    let last = trajectory.steps();
    let noise = trajectory.tensor_noise();
    let increments: Vec<_> = (1..=last).map(|k| trajectory.increment(k)).collect();
    let transposed: Vec<_> = increments.iter().map(Matrix::transposed).collect();
    let bracket = trajectory.increments().reduced().cp_bracket(noise);
    let bracket = bracket.ok_or(Undecided::Noise("the CP rank of the increments"))?;

    let rank = S::rank(&increments[last - 1], trajectory.noise(last));
    let columns = space.excess(&Matrix::beside(n, &increments), noise);
    let rows = space.excess(&Matrix::beside(n, &transposed), noise);
    let square = space.dimension() * space.dimension();
    Ok(vec![
        Observation::rank(format!("rank D_{last}"), &rank, dimension_bound(case, low_rank)),
        Observation::rank("columns of D_1..D_K outside S", &columns, 0),
        Observation::rank("rows of D_1..D_K outside S", &rows, 0),
        Observation::between("CP rank of D_1..D_K", bracket.lower, bracket.upper(), square),
    ])
}

/// d_in + d_out (+ 1)(+ 1)(+ 2 r), at most N: what dim S can be.
fn dimension_bound<S: RankRevealing>(case: &Case<S>, low_rank: Option<&Factors<S>>) -> usize {
    let setting = &case.setting;
    let channels = setting.dimensions.d_in + setting.dimensions.d_out;
    let state = usize::from(setting.initial_state == InitialState::Common);
    let factors = low_rank.map_or(0, |factors| 2 * factors.width());
    (channels + state + usize::from(setting.bias) + factors).min(setting.dimensions.neurons)
}
