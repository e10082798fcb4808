//! **siso-reciprocity.** A network with a single input b and a single output c learns as its own
//! time reversal. With W_0 = w I and h_0 = 0, or h_0 along b, another multiple for each trial, W
//! alone trained by a GD-like method or by Muon, every D_k lies in
//!
//! ```text
//! span { c b^T,  b c^T,  (c.c) b b^T + (b.b) c c^T },
//! ```
//!
//! so r3 <= 3 and CP rank <= 3, and not 4 as the dimension of span(b, c) would allow: c b^T, b c^T
//! and (c + (c.c) b)((b.b) c + b)^T span it. In other words R D_k is symmetric, where R is the
//! reflection of span(b, c) that exchanges the directions of b and c: R b = (b.b) c,
//! R c = (c.c) b.
//!
//! Why: a gradient is sum over i, j of (A^T)^i c E_ij b^T (A^T)^j, with A = (1-a) I + a W, and E_ij
//! depends on i + j alone when there is one input and one output. R exchanges A and A^T, so it
//! turns this sum into its own transpose. A state along b is what an input one step earlier leaves.
//! With X and Y the span holds X Y^T X too, of which Newton-Schulz steps are made.

use super::generic;
use super::movement::Movement;
use super::{
    Arithmetic, Case, Checks, Domain, Inconclusive, InitialState, Measure, Observation, Observed,
    Proof, Quantity, RuleKind, Setting, Theorem,
};
use crate::blocks::Subset;
use crate::bounds::Bounds;
use crate::matrix::{Matrix, RankRevealing};
use crate::network::RnnParts;
use crate::tensor::Mode;
use crate::training::GradientFault;

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "siso-reciprocity",
    title: "A network with one input and one output learns in three dimensions, not four",
    statement: "Linear network, d_in = d_out = 1, W_0 = w I, h_0 along b, W trained. Every D_k lies in \
                span{c b^T, b c^T, (c.c) b b^T + (b.b) c c^T}: r3 <= 3, CP rank <= 3; R D_k is \
                symmetric, R b = (b.b) c, R c = (c.c) b.",
    hypotheses: &[
        "linear network: phi = psi = id",
        "one input, one output",
        "W_0 = w I, h_0 zero or along b, no bias",
        "GD-like learning of W alone, or Muon's",
    ],
    bound: "3, at most K",
    tightness: "Attained at every step by generic data with four time steps or more.",
    proof: Proof::MachineChecked {
        lemmas: &[
            "siso_reciprocity.corr_sym",
            "siso_reciprocity.siso_gradient",
            "siso_reciprocity.siso_reciprocity",
            "siso_reciprocity.siso_tensor_rank",
            "siso_reciprocity.siso_unfolding_rank",
            "siso_reciprocity.siso_muon",
            "siso_reciprocity.siso_along_input",
        ],
        beyond: Some("that R D_k is symmetric, which is read off the three matrices"),
    },
    source: &[],
    limit: Some(limit),
    attained: Some(attained),
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry, GradientFault::MissingStep],
    minors,
    counterexamples: &[
        "there_must_be_one_input_and_one_output",
        "the_initial_state_must_lie_along_the_input",
        "even_along_the_output_an_initial_state_breaks_it",
        "nothing_else_must_be_trained",
        "the_network_must_be_linear",
        "the_start_must_be_a_multiple_of_the_identity",
        "a_bias_breaks_it",
        "the_optimizer_must_not_act_entry_by_entry",
    ],
};

fn limit(setting: &Setting, measure: Measure, k: usize) -> Option<usize> {
    let applies = setting.is_linear()
        && setting.starts_at_identity()
        && (setting.inputs(), setting.dimensions.d_out) == (1, 1)
        && setting.states() == 0
        && setting.trained == Subset::only(["W"])
        && (setting.rule.is_gd_like() || setting.rule == RuleKind::Muon);
    match measure {
        _ if !applies => None,
        Measure::R3 => Some(3.min(k)),
        Measure::Cp => Some(3),
        Measure::Rank | Measure::GradientRank => None,
    }
}

/// The reflection R has numerators of degree 6, and the span of three matrices three columns more
/// than that of the increments.
fn minors(setting: &Setting) -> Option<u64> {
    generic::minors(setting, generic::entries(setting)?.saturating_add(6), 3)
}

fn attained(setting: &Setting) -> bool {
    setting.input_steps() >= 4
}

fn domain(arithmetic: Arithmetic) -> Domain {
    Domain {
        neurons: 2..=8,
        d_in: 1..=1,
        d_out: 1..=1,
        initial_states: vec![InitialState::Zero, InitialState::AlongInputs],
        bias: false,
        rules: vec![RuleKind::Gradient, RuleKind::Muon],
        trained: vec![Subset::only(["W"])],
        ..Domain::linear(arithmetic)
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let trajectory = case.train()?;
    let movement = Movement::increments(&trajectory);
    let RnnParts { b, c, .. } = case.instance.network.parts();
    let c = &c.transposed();
    let reflection =
        reflection(b, c).ok_or(Inconclusive::Noise("whether input and output are independent"))?;
    let bound = 3.min(trajectory.steps());
    let [_, _, r3] = trajectory.increments().reduced().unfolding_ranks(movement.total_noise());
    let outside = movement.excess_over(&three(b, c), "the span of three matrices")?;
    // Inside the span each is a sum of the same three matrices of rank one.
    let upper = if outside.bounds.upper == 0 { 3 } else { b.rows() * b.rows() };
    Ok(vec![
        Observation::rank(Quantity::UnfoldingRank(Mode::Step), &r3, bound),
        Observation::rank("matrices outside the span of three", &outside, 0),
        asymmetry(&movement, &reflection, reflection_noise(b, c)),
        Observation::number("CP rank", Bounds { lower: r3.bounds.lower, upper }, 3),
    ])
}

/// R on span(b, c), zero on what is orthogonal to it; `None` if b and c are parallel.
pub fn reflection<S: RankRevealing>(b: &Matrix<S>, c: &Matrix<S>) -> Option<Matrix<S>> {
    let (bb, bc, cc) = (b.inner_product(b), b.inner_product(c), c.inner_product(c));
    let inverse = (bb * cc - bc * bc).inverse()?;
    // The dual basis: b' . b = 1, b' . c = 0, and the same for c'.
    let dual = |own: S, first: &Matrix<S>, second: &Matrix<S>| {
        let mut dual = first.clone();
        dual.scale(own * inverse);
        dual.add_scaled(-bc * inverse, second);
        dual
    };
    let (mut to_c, mut to_b) = (dual(cc, b, c), dual(bb, c, b));
    to_c.scale(bb);
    to_b.scale(cc);
    let mut reflection = Matrix::product(c.view(), to_c.t());
    reflection.add_scaled(S::ONE, &Matrix::product(b.view(), to_b.t()));
    Some(reflection)
}

/// The largest singular value that rounding can have put into R. The terms of its dual basis are
/// larger than their difference the more parallel b and c are.
fn reflection_noise<S: RankRevealing>(b: &Matrix<S>, c: &Matrix<S>) -> f64 {
    let Some(real) = S::ELEMENTARY else { return 0.0 };
    let [bb, bc, cc] = [(b, b), (b, c), (c, c)].map(|(x, y)| (real.to_f64)(x.inner_product(y)));
    let terms = (bb * cc).powf(1.5) / (bb * cc - bc * bc);
    S::ROUNDING * b.rows() as f64 * terms
}

/// c b^T, b c^T and (c.c) b b^T + (b.b) c c^T.
fn three<S: RankRevealing>(b: &Matrix<S>, c: &Matrix<S>) -> [Matrix<S>; 3] {
    let outer = |left: &Matrix<S>, right: &Matrix<S>| Matrix::product(left.view(), right.t());
    let mut symmetric = outer(b, b);
    symmetric.scale(c.inner_product(c));
    symmetric.add_scaled(b.inner_product(b), &outer(c, c));
    [outer(c, b), outer(b, c), symmetric]
}

/// R D_k less its transpose, for all k side by side: nothing. `reflection_noise` is that of R.
fn asymmetry<S: RankRevealing>(
    movement: &Movement<S>,
    reflection: &Matrix<S>,
    reflection_noise: f64,
) -> Observation {
    let differences = movement.matrices.iter().map(|matrix| {
        let product = reflection.times(matrix);
        product.minus(&product.transposed())
    });
    let differences: Vec<_> = differences.collect();
    let all = Matrix::beside(reflection.rows(), &differences);
    let size = movement.matrices.iter().map(|matrix| matrix.norm().powi(2)).sum::<f64>().sqrt();
    let noise = 4.0 * (reflection.norm() * movement.total_noise() + reflection_noise * size);
    Observation::rank("rank of R D_k - (R D_k)^T", &S::rank(&all, noise), 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::{DoubleDouble, Real, Stream};
    use crate::theorem::Sequence;

    /// Against the reflection of the same vectors in double-double: rounding stays below the noise,
    /// however parallel they are, and the noise is not much more.
    #[test]
    fn the_noise_of_the_reflection_is_that_of_its_rounding() {
        for apart in [1.0, 1e-1, 1e-2, 1e-3] {
            let mut stream = Stream::new("reflection", 0, 0);
            let b = Matrix::<f64>::random(8, 1, &mut stream);
            let mut c = b.clone();
            c.add_scaled(apart, &Matrix::random(8, 1, &mut stream));
            let precise = |matrix: &Matrix<f64>| matrix.map(DoubleDouble::from_f64);
            let rounded = precise(&reflection(&b, &c).expect("independent"));
            let exact = reflection(&precise(&b), &precise(&c)).expect("independent");
            let (error, noise) = (rounded.minus(&exact).norm(), reflection_noise(&b, &c));
            assert!(error < noise && noise < 1000.0 * error, "{apart}: {error:e}, {noise:e}");
        }
        // (4 * 9)^1.5 / (4 * 9), for two rows.
        let (b, c) = (Matrix::from_rows(&[[2.0], [0.0]]), Matrix::from_rows(&[[0.0], [3.0]]));
        assert_eq!(reflection_noise(&b, &c), 12.0 * f64::EPSILON);
    }

    /// An asymmetry of 1e-9 stands out of the noise of f64, and rounding alone does not.
    #[test]
    fn a_small_asymmetry_is_seen() {
        let mut stream = Stream::new("asymmetry", 0, 0);
        let (b, c) = (Matrix::<f64>::random(6, 1, &mut stream), Matrix::random(6, 1, &mut stream));
        let (reflection, noise) = (reflection(&b, &c), reflection_noise(&b, &c));
        let reflection = reflection.expect("independent");
        for (spoiled, rounding) in [(0.0, 0.0), (0.0, f64::EPSILON), (1e-9, f64::EPSILON)] {
            let mut matrices = three(&b, &c).to_vec();
            matrices[2].add_scaled(spoiled, &Matrix::random(6, 6, &mut stream));
            matrices.iter_mut().for_each(|matrix| matrix.scale(1e6));
            let noise_of_each = vec![rounding * matrices[2].norm(); 3];
            let movement = Movement {
                matrices,
                noise: noise_of_each,
                sequence: Sequence::Increments,
                block: None,
            };
            let found = asymmetry(&movement, &reflection, noise).found;
            let seen = if spoiled == 0.0 { found.upper > 0 } else { found.lower > 0 };
            assert_eq!(seen, spoiled > 0.0, "{found}");
        }
    }
}
