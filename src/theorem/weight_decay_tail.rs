//! **weight-decay-tail.** Gradient descent with weight decay, W_{k+1} = beta_k W_k - eta_k G_k with
//! beta_k = 1 - eta_k lambda, of any network, loss and start. For all n <= k
//!
//! ```text
//! rank (W_k - beta_{k-1} .. beta_{k-n} W_{k-n}) <= R = rank G_{k-1} + .. + rank G_{k-n},
//! sigma_{1+R} (W_k) <= |beta_{k-1} .. beta_{k-n}| ||W_{k-n}||.
//! ```
//!
//! So not the change alone: the weights themselves are within beta^n ||W_{k-n}|| of a matrix of
//! rank R.
//!
//! Why: the difference is a combination of the n gradients; by Eckart and Young a singular value
//! after R is at most the distance from a matrix of rank R.

use super::tensor_telescoping;
use super::{
    Arithmetic, Case, Checks, Domain, Inconclusive, Observation, Observed, Proof, Setting,
    StepperKind, Theorem,
};
use crate::blocks::Subset;
use crate::bounds::Bounds;
use crate::matrix::{CLEAR_GAP, Matrix, RankRevealing};
use crate::training::{GradientFault, Optimizer, Training, Trajectory};

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "weight-decay-tail",
    title: "What weight decay leaves is of low rank but for a tail that decays",
    statement: "W_{k+1} = beta_k W_k - eta_k G_k, any network, loss and start. With R = rank G_{k-1} \
                + .. + rank G_{k-n} the rank of W_k - beta_{k-1} .. beta_{k-n} W_{k-n} is at most R, \
                and sigma_{1+R}(W_k) <= |beta_{k-1} .. beta_{k-n}| ||W_{k-n}||.",
    hypotheses: &[
        "any phi, psi, loss, data and start",
        "gradient descent with weight decay, any step sizes",
    ],
    bound: "rank G_0 + .. + rank G_{K-1} for W_K less what is left of W_0, at most N",
    tightness: "The rank is attained by one gradient; by several of a network with polynomial phi and \
                psi as long as K M T <= N and h_0 is trained, which all gradients have in common \
                otherwise. The singular value is where W_{k-n} and the later gradients have other \
                neurons.",
    proof: Proof::MachineChecked {
        lemmas: &["weight_decay_tail.weight_decay_tail"],
        beyond: Some("the singular values"),
    },
    source: &["Galanti et al. (2022, arXiv 2206.05794)"],
    limit: None,
    attained: Some(attained),
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry],
    minors,
    counterexamples: &[
        "the_decay_must_be_of_the_weights",
        "the_updates_must_be_gradients",
        "every_gradient_since_counts",
    ],
};

/// Where tensor-telescoping attains the same bound for all increments together, and gradients do
/// not have the activity of an h_0 in common that stays as it is.
fn attained(setting: &Setting) -> bool {
    let moves = setting.trained.contains("h0");
    setting.gradients() == 1 || tensor_telescoping::attained(setting) && moves
}

/// Every instance decays.
fn minors(setting: &Setting) -> Option<u64> {
    super::generic::of_training(&Setting { decay: true, ..setting.clone() })
}

fn domain(arithmetic: Arithmetic) -> Domain {
    Domain {
        learning_steps: 1..=4,
        steps: 1..=3,
        trials: 1..=2,
        steppers: vec![StepperKind::GradientDescent],
        trained: vec![Subset::only(["W"]), Subset::All],
        ..Domain::any_network(arithmetic)
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    // With step sizes about 1/10 a third of the weights is lost in each step.
    let optimizer =
        Optimizer { weight_decay: S::from_integer(3), ..case.instance.optimizer.clone() };
    let trajectory = Training { optimizer, ..case.training() }.run(case.setting.learning_steps)?;
    if !trajectory.is_clear() {
        return Err(Inconclusive::Noise("the change of the weights"));
    }
    let steps = trajectory.steps();
    let mut observations = Vec::new();
    for n in (1..=steps).rev() {
        observations.extend(since(case, &trajectory, n)?);
    }
    Ok(observations)
}

/// The last weights against those n steps before.
fn since<S: RankRevealing>(case: &Case<S>, trajectory: &Trajectory<S>, n: usize) -> Observed {
    let steps = trajectory.steps();
    let gradients = (steps - n..steps).map(|j| {
        let gradient = trajectory.gradient(j).expect("one for each step").to_matrix();
        let rank = S::rank(&gradient, trajectory.gradient_noise(j)).known();
        rank.ok_or(Inconclusive::Noise("the rank of a gradient"))
    });
    let sum: usize = gradients.sum::<Result<_, _>>()?;
    let bound = sum.min(case.setting.dimensions.neurons);
    // c_k = beta_0 .. beta_{k-1}.
    let left = (steps - n..steps).fold(S::ONE, |left, k| {
        let schedule = &case.instance.optimizer.schedule;
        left * (S::ONE - schedule.at(k) * S::from_integer(3))
    });
    let (last, mut before) = (trajectory.weights_at(steps), trajectory.weights_at(steps - n));
    before.scale(left);
    let noise = trajectory.noise(steps) + trajectory.noise(steps - n);
    let rank = S::rank(&last.minus(&before), noise);
    let name = format!("rank of W_{steps} less what is left of W_{}", steps - n);
    let mut observations = vec![Observation::rank(name, &rank, bound)];
    observations.extend(tail(&last, &before, bound, noise, n));
    Ok(observations)
}

/// Whether the singular value after the first `rank` ones exceeds the largest one of what is left;
/// `None` in a field.
fn tail<S: RankRevealing>(
    last: &Matrix<S>,
    left: &Matrix<S>,
    rank: usize,
    noise: f64,
    n: usize,
) -> Option<Observation> {
    let [last, left] = [last, left].map(|matrix| S::rank(matrix, noise));
    let ((values, floor), (limits, other)) = (last.spectrum()?, left.spectrum()?);
    let (value, limit) = (values.get(rank)?, limits.first()?);
    let above = |floor: f64| usize::from(*value > limit + floor);
    let floor = floor.max(other);
    let found = Bounds { lower: above(CLEAR_GAP * floor), upper: above(floor) };
    let name = format!("singular values above that of what was left {n} steps before");
    Some(Observation::number(name, found, 0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::{Fp, Scalar};

    /// The value after the first `rank` ones against the largest that is left, by more than ten times
    /// the noise, by more than the noise, or by less.
    #[test]
    fn a_tail_above_what_is_left_is_counted() {
        let diagonal = |a: f64, b: f64| Matrix::from_rows(&[[a, 0.0], [0.0, b]]);
        let left = diagonal(1.0, 0.3);
        for (second, [lower, upper]) in
            [(2.0, [1, 1]), (1.05, [0, 1]), (1.005, [0, 0]), (0.5, [0, 0])]
        {
            let found = tail(&diagonal(5.0, second), &left, 1, 0.01, 3).expect("two values");
            assert_eq!((found.found, found.bound), (Bounds { lower, upper }, 0), "{second}");
        }
        let of_all = tail(&diagonal(5.0, 2.0), &left, 2, 0.01, 3);
        assert_eq!(of_all, None);
        let unit = Matrix::scaled_identity(2, Fp::ONE);
        assert_eq!(tail(&unit, &unit, 1, 0.0, 1), None);
    }
}
