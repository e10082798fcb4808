//! **subspace-tensor-rank.** If the rows and columns of K matrices D_k lie in one space of
//! dimension d, the tensor they form has
//!
//! ```text
//! CP rank <= d min(d, K),
//! ```
//!
//! and if only the rows do, CP rank <= d K. This turns a statement on subspaces into one on the
//! tensor rank of learning.
//!
//! Why: in a basis s_1..s_d of the space, D_k = sum_ij s_i x_ijk s_j^T. For each pair (i, j) the
//! numbers x_ij. are one vector over the steps, which makes d^2 terms of rank one; or each of the
//! K matrices has rank at most d, which makes d K.

use super::{
    Arithmetic, Case, Checks, Domain, Inconclusive, Observation, Observed, Proof, Setting, Theorem,
};
use crate::matrix::{Factors, Matrix, RankRevealing};
use crate::task::Dimensions;
use crate::tensor::{Tensor, Term};
use crate::training::GradientFault;

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "subspace-tensor-rank",
    title: "Weights that move in a d-dimensional space have tensor rank at most d min(d, K)",
    statement: "If rows and columns of D_1..D_K lie in one space of dimension d, the tensor has \
                CP rank <= d min(d, K). If only the rows do, CP rank <= d K.",
    hypotheses: &["rows and columns (or rows alone) of every D_k in one space of dimension d"],
    bound: "d min(d, K)",
    tightness: "Attained by generic tensors with K = 1 or K >= d^2, and with no other K: in between \
                the CP rank of a generic d x d x K tensor is smaller.",
    proof: Proof::MachineChecked {
        lemmas: &[
            "subspace_tensor_rank.tensor_rank_le_subspace",
            "subspace_tensor_rank.tensor_rank_le_rows",
            "subspace_tensor_rank.tensor_rank_le_columns",
        ],
        beyond: None,
    },
    source: &["Pellegrino, Cayco-Gajic and Chadwick (2023)"],
    limit: None,
    attained: Some(attained),
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry],
    minors: super::generic::of_training,
    counterexamples: &["rows_alone_are_not_enough"],
};

fn attained(setting: &Setting) -> bool {
    let d = dimension(setting);
    setting.learning_steps == 1 || setting.learning_steps >= d * d
}

fn domain(arithmetic: Arithmetic) -> Domain {
    Domain { d_in: 1..=2, d_out: 1..=1, learning_steps: 1..=10, ..Domain::linear(arithmetic) }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let mut observations = random_tensors(case)?;
    observations.extend(learned_tensor(case)?);
    Ok(observations)
}

/// Of the space of the random tensors.
fn dimension(setting: &Setting) -> usize {
    let Dimensions { neurons, d_in, d_out, .. } = setting.dimensions;
    (d_in + d_out).min(neurons)
}

/// Random tensors that satisfy the hypothesis by construction.
fn random_tensors<S: RankRevealing>(case: &Case<S>) -> Observed {
    let n = case.setting.dimensions.neurons;
    let d = dimension(&case.setting);
    let depth = case.setting.learning_steps;
    let space = Matrix::<S>::random(n, d, &mut case.stream.named("space"));
    let mut stream = case.stream.named("core");
    let mut tensor = |both: bool| {
        let terms = (0..depth).map(|k| {
            let left = if both {
                space.times(&Matrix::random(d, d, &mut stream))
            } else {
                Matrix::random(n, d, &mut stream)
            };
            let weights = (0..depth).map(|j| S::from_integer(i64::from(j == k))).collect();
            Term { factors: Factors::new(left, space.clone()), weights }
        });
        let terms = terms.collect();
        Tensor::new(n, n, depth, terms)
    };
    Ok(vec![
        cp_rank("CP rank, rows and columns in a space", &tensor(true), 0.0, d * d.min(depth))?,
        cp_rank("CP rank, rows in a space", &tensor(false), 0.0, d * depth)?,
    ])
}

/// The increments of a linear network, whose space is known before it learns: the span of B, C^T,
/// h_0 and b.
fn learned_tensor<S: RankRevealing>(case: &Case<S>) -> Observed {
    let trajectory = case.train()?;
    let n = trajectory.neurons();
    let space = case.space()?;
    let bound = space.dimension() * space.dimension().min(trajectory.steps());
    let noise = trajectory.tensor_noise();
    let increments: Vec<_> = (1..=trajectory.steps()).map(|k| trajectory.increment(k)).collect();
    let outside = space.excess(&Matrix::beside(n, &increments), noise);
    Ok(vec![
        cp_rank("CP rank of learned increments", &trajectory.increments(), noise, bound)?,
        Observation::rank("dimensions in which learning leaves the space", &outside, 0),
    ])
}

fn cp_rank<S: RankRevealing>(
    what: &'static str,
    tensor: &Tensor<S>,
    noise: f64,
    bound: usize,
) -> Result<Observation, Inconclusive> {
    let bracket = tensor.reduced().cp_bracket(noise).ok_or(Inconclusive::Noise(what))?;
    Ok(Observation::number(what, bracket.bounds(), bound))
}
