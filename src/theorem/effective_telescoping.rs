//! **effective-telescoping.** What tensor-telescoping says of ranks holds of singular values. With
//! D_k = sum_j s_{kj} Lambda_j Phi_j^T, of any network, the unfolding of the movement along its rows
//! is a product,
//!
//! ```text
//! [D_1 .. D_K] = [Lambda_0 .. Lambda_{n-1}] R,    R = (s_{kj} Phi_j^T) in row j and column k,
//! sigma_i [D_1 .. D_K] <= sigma_i [Lambda_0 .. Lambda_{n-1}] ||R||    for every i,
//! ```
//!
//! and that along its columns is the same with Lambda and Phi exchanged. So a tail of singular values
//! of the movement is at most that of the errors of all gradients together, or of their activity,
//! times a norm: movement has no more effective dimensions than errors that fall as fast.
//!
//! Why: sigma_i (X R) <= sigma_i (X) ||R||, as the distance of X R to matrices of rank i - 1 is at
//! most that of X, times ||R||.
//!
//! It is loose, by 20 to 50 times in trials with N = 100 and tanh: R adds up what cancels in D_k.

use super::{
    Arithmetic, Case, Checks, Domain, Inconclusive, Observation, Observed, Proof, Theorem,
};
use crate::bounds::Bounds;
use crate::matrix::{CLEAR_GAP, Factors, Matrix, RankRevealing};
use crate::training::{GradientFault, Trajectory};

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "effective-telescoping",
    title: "Movement has no more effective dimensions than errors and activity",
    statement: "D_k = sum_j s_{kj} Lambda_j Phi_j^T. sigma_i [D_1 .. D_K] <= \
                sigma_i [Lambda_0 .. Lambda_{n-1}] ||R|| for every i, where R has the blocks \
                s_{kj} Phi_j^T; the same of the transposes with Phi and Lambda exchanged.",
    hypotheses: &[
        "any phi, psi, loss and start",
        "GD-like learning: W_{k+1} is a combination of W_0, the earlier iterates and the gradients",
    ],
    bound: "no singular value above its limit",
    tightness: "Nothing to attain: it is an inequality for every singular value. It is equal where R \
                is a multiple of an isometry, and loose by 20 to 50 times in trials.",
    proof: Proof::OnPaper,
    source: &["Pellegrino, Cayco-Gajic and Chadwick (2023)"],
    limit: None,
    attained: None,
    domain,
    checks: Checks { exact: None, f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry],
    minors: |_| None,
    counterexamples: &["the_optimizer_must_be_gd_like", "the_norm_counts"],
};

fn domain(arithmetic: Arithmetic) -> Domain {
    Domain { learning_steps: 1..=3, steps: 1..=4, trials: 1..=3, ..Domain::any_network(arithmetic) }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let trajectory = case.train()?;
    if !trajectory.is_clear() {
        return Err(Inconclusive::Noise("the change of the weights"));
    }
    Ok(vec![
        above(&trajectory, "along rows", |factors| [&factors.left, &factors.right], false)?,
        above(&trajectory, "along columns", |factors| [&factors.right, &factors.left], true)?,
    ])
}

/// Singular values of an unfolding that exceed those of the sides that it shares, times the norm of
/// the rest.
fn above<S: RankRevealing>(
    trajectory: &Trajectory<S>,
    along: &str,
    sides: impl Fn(&Factors<S>) -> [&Matrix<S>; 2],
    turned: bool,
) -> Result<Observation, Inconclusive> {
    let (n, steps) = (trajectory.neurons(), trajectory.steps());
    let increments: Vec<_> = (1..=steps)
        .map(|k| {
            let increment = trajectory.increment(k);
            if turned { increment.transposed() } else { increment }
        })
        .collect();
    let shared = trajectory.gradients().iter().map(|gradient| sides(gradient)[0]);
    let shared = Matrix::beside(n, shared);
    let movement = S::rank(&Matrix::beside(n, &increments), trajectory.tensor_noise());
    let [limits, rest] = [shared, rest(trajectory, sides)].map(|matrix| S::rank(&matrix, 0.0));
    let spectra = (movement.spectrum(), limits.spectrum(), rest.spectrum());
    let (Some((values, floor)), Some((limits, error)), Some((rest, _))) = spectra else {
        return Err(Inconclusive::Unavailable);
    };
    let norm = rest.first().copied().unwrap_or(0.0);
    // Limits are known to the rounding of their matrix.
    let floor = floor + 2.0 * error * norm;
    let count = |margin: f64| {
        let limits = limits.iter().copied().chain(std::iter::repeat(0.0));
        values.iter().zip(limits).filter(|&(value, limit)| *value > limit * norm + margin).count()
    };
    let found = Bounds { lower: count(CLEAR_GAP * floor), upper: count(floor) };
    Ok(Observation::number(format!("singular values {along} above their limits"), found, 0))
}

/// R: for each gradient and each step the other side, times how much of the gradient is in D_k.
fn rest<S: RankRevealing>(
    trajectory: &Trajectory<S>,
    sides: impl Fn(&Factors<S>) -> [&Matrix<S>; 2],
) -> Matrix<S> {
    let (n, steps) = (trajectory.neurons(), trajectory.steps());
    // The transpose has them below one another, which is beside one another for each step.
    let blocks: Vec<_> = (trajectory.gradients().iter().enumerate())
        .map(|(j, gradient)| {
            let side = sides(gradient)[1];
            Matrix::from_fn(n * steps, side.cols(), |i, m| {
                trajectory.coefficient(i / n + 1, j) * side[(i % n, m)]
            })
        })
        .collect();
    Matrix::beside(n * steps, &blocks)
}
