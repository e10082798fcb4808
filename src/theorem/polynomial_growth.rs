//! **polynomial-growth.** psi a polynomial of degree n, phi = id, W_0 = 0, h_0 = 0, any leak, W alone
//! trained. With r_k = rank D_k, c_k the dimension of the columns of G_0..G_{k-1} together, a bias
//! among the p inputs, and mu_n(s) the number of monomials of degree n and less in s variables
//!
//! ```text
//! rank G_k <= min(mu_n(p + r_k), mu_{n-1}(p + r_k) (q + r_k))
//! r_{k+1}  <= mu_n(p + c_k),    c_{k+1} <= c_k + rank G_k
//! ```
//!
//! all of them at most N. An odd psi has the monomials of odd degree alone, and psi' those of even
//! degree. For n = 1 without constant this is fibonacci-growth.
//!
//! Why: states lie in col B + col D_k, of p + r_k dimensions, so psi(h_t) is a combination of the
//! entrywise products of at most n vectors of a basis. In l_t psi' brings such products of n - 1 of
//! them, each with one of the q + r_k rows of C and D_k.

use super::movement::Movement;
use super::setting::rules;
use super::{
    ActivationKind, Arithmetic, Case, Checks, Domain, InitialState, InitialWeights, Measure,
    Observation, Observed, Proof, Quantity, Sequence, Setting, Theorem,
};
use crate::blocks::Subset;
use crate::matrix::RankRevealing;
use crate::training::GradientFault;

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "polynomial-growth",
    title: "A polynomial network grows with the number of monomials in what it has learned",
    statement: "psi a polynomial of degree n, phi = id, W_0 = 0, h_0 = 0, W alone trained. With r_k = \
                rank D_k, c_k = dim sum_{j<k} col G_j and mu_n(s) = binomial(s+n, n), the monomials \
                of psi: rank G_k <= min(mu_n(p+r_k), mu_{n-1}(p+r_k) (q+r_k)), r_{k+1} <= \
                mu_n(p+c_k), c_{k+1} <= c_k + rank G_k.",
    hypotheses: &[
        "psi a polynomial of degree n, phi = id, any leak",
        "W_0 = 0; h_0 = 0, or along the inputs",
        "a GD-like or spectral method on W alone, steps counted in gradients",
    ],
    bound: "the recursion of the statement, each number at most N, a bias counted among the p; \
            monomials of odd degree alone for an odd psi",
    tightness: "Attained at the first step, and at the second with more than one output, by generic \
                data with enough neurons, trials and time steps to tell all monomials apart. With \
                one output the second step misses it.",
    proof: Proof::MachineChecked {
        lemmas: &[
            "polynomial_growth.rank_hull",
            "polynomial_growth.polynomial_sub",
            "polynomial_growth.poly_gradient",
            "polynomial_growth.polynomial_growth",
        ],
        beyond: Some("fewer monomials for odd psi or without a constant; h_0 along the inputs"),
    },
    source: &[],
    limit: Some(limit),
    attained: None,
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry],
    minors: super::generic::of_training,
    counterexamples: &[
        "psi_must_be_a_polynomial",
        "the_degree_counts",
        "phi_must_be_linear",
        "the_start_must_be_zero",
        "an_initial_state_counts",
        "the_optimizer_must_not_act_entry_by_entry",
    ],
};

fn limit(setting: &Setting, measure: Measure, k: usize) -> Option<usize> {
    let silent = [InitialState::Zero, InitialState::AlongInputs].contains(&setting.initial_state);
    let applies = setting.phi == ActivationKind::Identity
        && setting.psi.degree().is_some_and(|degree| degree > 1)
        && setting.initial_weights == InitialWeights::Zero
        && silent
        && setting.trained == Subset::only(["W"])
        && (setting.rule.is_gd_like() || setting.rule.is_spectral());
    if !applies {
        return None;
    }
    let gradients = k * setting.gradients_per_step();
    match measure {
        Measure::Rank => Some(Growth::of(setting, gradients).weights[gradients]),
        Measure::GradientRank => Some(Growth::of(setting, k).gradients[k]),
        Measure::R3 | Measure::Cp => None,
    }
}

fn domain(arithmetic: Arithmetic) -> Domain {
    let polynomials = [2, 3].map(ActivationKind::Polynomial);
    // In floating point spectral rules multiply the errors of earlier steps, and powers of states
    // the spread of singular values.
    let (neurons, rules) = if arithmetic.is_real() {
        (1..=12, rules(arithmetic, |rule| rule.is_gd_like()))
    } else {
        (1..=30, rules(arithmetic, |rule| rule.is_gd_like() || rule.is_spectral()))
    };
    Domain {
        neurons,
        d_in: 1..=2,
        d_out: 1..=3,
        trials: 1..=6,
        learning_steps: 1..=2,
        activations: [&polynomials[..], &[ActivationKind::OddCubic]].concat(),
        phi: Some(vec![ActivationKind::Identity]),
        initial_weights: vec![InitialWeights::Zero],
        initial_states: vec![InitialState::Zero, InitialState::AlongInputs],
        rules,
        trained: vec![Subset::only(["W"])],
        ..Domain::linear(arithmetic)
    }
}

/// Numbers of monomials of psi and of psi' in so many variables.
fn monomials(psi: ActivationKind, variables: usize) -> [usize; 2] {
    let up_to = |degree: usize| binomial(variables + degree, degree);
    let of_degree = |degree: usize| up_to(degree) - up_to(degree - 1);
    match (psi, psi.degree().unwrap_or(0)) {
        (ActivationKind::OddCubic, _) => [of_degree(1) + of_degree(3), 1 + of_degree(2)],
        (_, degree) => [up_to(degree), up_to(degree.saturating_sub(1))],
    }
}

fn binomial(n: usize, k: usize) -> usize {
    (1..=k).fold(1, |product, i| product * (n - k + i) / i)
}

/// The bounds on rank D_k and rank G_k, k counted in gradients.
struct Growth {
    weights: Vec<usize>,
    gradients: Vec<usize>,
}

impl Growth {
    /// For k = 0 to `last`.
    fn of(setting: &Setting, last: usize) -> Self {
        let neurons = setting.dimensions.neurons;
        let (inputs, outputs) = (setting.inputs(), setting.dimensions.d_out);
        let mut growth = Growth { weights: vec![], gradients: vec![] };
        // Of all combinations of the gradients so far, a point ahead of W_k among them.
        let (mut rank, mut columns) = (0, 0);
        for _ in 0..=last {
            let [of_states, of_slopes] = monomials(setting.psi, inputs + rank);
            let gradient = of_states.min(of_slopes * (outputs + rank)).min(neurons);
            growth.weights.push(rank);
            growth.gradients.push(gradient);
            let [of_all_states, _] = monomials(setting.psi, inputs + columns);
            columns = (columns + gradient).min(neurons);
            rank = of_all_states.min(columns);
        }
        growth
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let trajectory = case.train()?;
    let gradients = case.setting.gradients();
    let growth = Growth::of(&case.setting, gradients);
    let movement = Movement::increments(&trajectory);
    let mut observations = vec![movement.last_rank(growth.weights[gradients])];
    for (j, &bound) in growth.gradients[..gradients].iter().enumerate() {
        let gradient = trajectory.gradient(j).expect("a gradient that was computed");
        let rank = S::rank(&gradient.to_matrix(), trajectory.gradient_noise(j));
        observations.push(Observation::rank(Quantity::Rank(Sequence::Gradients, j), &rank, bound));
    }
    Ok(observations)
}
