//! **factor-learning.** Weights that learn in factors, W = W_s + M N^T with r columns in M and N.
//!
//! - Linear network, W_s = w I, a GD-like method: the columns of all M_k and N_k lie in
//!   S = span(B, C^T, h_0, b, M_0, N_0). All M_k N_k^T side by side have rank at most
//!   d_in + d_out + r (+ 1 for each initial state, + 1 for a bias) from M_0 = 0, as LoRA starts, and
//!   r more where neither factor starts at zero.
//! - From any W_s, in any network, each M_k N_k^T has rank at most r, and K of them side by side at
//!   most K r: what LoRA does in one step is of rank r, and what it visits is not.
//! - Gradient descent, any network: M^T M - N^T N moves by the square of the step alone,
//!   eta^2 (G_M^T G_M - G_N^T G_N).
//! - Projected updates (GaLore), any network: W_{k+1} = beta_k W_k - R_i Z_k with any Z_k and a
//!   projector R_i of r columns, another one in each period. Columns of D_k lie in the span of those
//!   used so far, so that rank D_k is at most r for each period.
//!
//! Why: with G the gradient by W the gradients are G N and G^T M. As long as the factors lie in S,
//! W and its transpose keep S, so rows and columns of G lie in S, as in invariant-subspace. And
//! M^T G N, transposed, is N^T G^T M: the terms of order eta are the same on both sides.

use std::sync::Arc;

use super::instance::matrix;
use super::movement::{Movement, span};
use super::{
    Arithmetic, Case, Checks, Domain, Inconclusive, InitialState, InitialWeights, Observation,
    Observed, Proof, StepperKind, Theorem,
};
use crate::blocks::Subset;
use crate::matrix::{Factors, Matrix, RankRevealing};
use crate::network::architecture::{Architecture, LowRank};
use crate::network::{ActivationKind, Dynamics};
use crate::scalar::Scalar;
use crate::tape::{Scope, TapeError, Var};
use crate::training::{
    BlockTrajectory, Faulty, GradientFault, Optimizer, Preconditioners, Sizes, Spectral, Training,
    UpdateRule,
};

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "factor-learning",
    title: "Factors learn in one small space, and their products visit more than one",
    statement: "W = W_s + M N^T with r columns in M and N, which learn. Linear network, W_s = w I: \
                columns of M_k, N_k lie in span(B, C^T, h_0, b, M_0, N_0), and all M_k \
                N_k^T side by side have rank <= d_in + d_out + r from M_0 = 0, + r otherwise (+1 \
                for each initial state, +1 for a bias). Any network, any W_s: <= K r. Gradient \
                descent: M^T M - N^T N moves by eta^2 (G_M^T G_M - G_N^T G_N) in a step. Updates R_i Z \
                with r columns in R_i: rank D_k <= r for each R_i used.",
    hypotheses: &[
        "for the space: phi = psi = id, W_s = w I, a GD-like method, with or without B, C, b, h_0",
        "for K r: any network, any W_s, any optimizer",
        "for the balance: any network, any W_s, gradient descent",
        "for projected updates: any network, any W_0, anything before the projection",
    ],
    bound: "d_in + d_out + r, or 2 r (+1 for each initial state, +1 for a bias), K r and N",
    tightness: "Attained by generic data: K r from W_s of full rank, with trials and time enough for \
                gradients of rank r; from w I with four time steps, inputs that span and enough \
                learning steps.",
    proof: Proof::MachineChecked {
        lemmas: &[
            "factor_learning.factor_space",
            "factor_learning.rank_side_by_side",
            "factor_learning.lora",
            "factor_learning.factor_balance",
            "factor_learning.projected_updates",
        ],
        beyond: Some("trained B, C, b and h_0"),
    },
    source: &[
        "Hu et al. (2021)",
        "Zhao et al. (2024, arXiv 2403.03507)",
        "Arora, Cohen and Hazan (2018)",
    ],
    limit: None,
    attained: None,
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry, GradientFault::MissingStep],
    // The degrees of factors are not counted.
    minors: super::generic::unknown,
    counterexamples: &[
        "the_network_must_be_linear",
        "the_start_must_be_a_multiple_of_the_identity",
        "both_factors_count_if_neither_is_zero",
        "the_optimizer_must_be_gd_like",
        "the_step_must_be_along_the_gradient",
        "the_projection_must_come_last",
    ],
};

/// The recurrent network with W + M N^T in the place of W: an adapter of low rank beside weights
/// (LoRA, Hu et al. 2021). Its blocks are those of [`LowRank`], which is the case of W = w I, and
/// `W` (neurons, neurons).
#[derive(Clone, Debug)]
pub struct Adapted<S> {
    /// Leak and activations.
    pub dynamics: Dynamics<S>,
}

impl<S: Scalar> Architecture<S> for Adapted<S> {
    fn forward<'t>(&self, scope: &Scope<'t, S>, inputs: &[Var<'t, S>]) -> Vec<Var<'t, S>> {
        let [w, m, n, b, c, bias, h0] = scope.blocks(["W", "M", "N", "B", "C", "bias", "h0"]);
        let Dynamics { leak, phi, psi } = &self.dynamics;
        let mut h = h0.spread();
        let mut rates = h.apply(psi);
        let mut outputs = vec![c * rates];
        for &u in inputs {
            let z = w * rates + m * (n.t() * rates) + b * u + bias.spread();
            h = h.scaled(S::ONE - *leak) + z.apply(phi).scaled(*leak);
            rates = h.apply(psi);
            outputs.push(c * rates);
        }
        outputs
    }
}

fn domain(arithmetic: Arithmetic) -> Domain {
    let linear = Domain::linear(arithmetic);
    let bent =
        if arithmetic.is_real() { ActivationKind::Tanh } else { ActivationKind::Polynomial(2) };
    Domain {
        neurons: 1..=12,
        d_in: 1..=2,
        // Three of four networks are linear.
        activations: vec![ActivationKind::Identity; 6].into_iter().chain([bent]).collect(),
        initial_weights: [linear.initial_weights, vec![InitialWeights::Full]].concat(),
        initial_states: [linear.initial_states, vec![InitialState::PerTrial]].concat(),
        trained: vec![
            // W stands for its factors.
            Subset::only(["W"]),
            Subset::only(["W", "bias", "h0"]),
            Subset::All,
        ],
        ..Domain::linear(arithmetic)
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let (setting, network) = (&case.setting, &case.instance.network);
    let neurons = setting.dimensions.neurons;
    let mut stream = case.stream.named("factors");
    let rank = 1 + stream.below(3.min(neurons));
    let is_adapter = stream.below(2) == 0;
    let size = 1.0 / (neurons as f64).sqrt();
    let left = if is_adapter {
        Matrix::zeros(neurons, rank)
    } else {
        matrix(neurons, rank, size, &case.stream, "M")
    };
    let right = matrix(neurons, rank, 1.0, &case.stream, "N");
    let blocks = network.blocks.clone().with("M", left.clone()).with("N", right.clone());
    let architecture = architecture(case);
    let others = ["B", "C", "bias", "h0"].into_iter().filter(|name| setting.trained.contains(name));
    let training = Training {
        blocks,
        trained: Subset::only(others.chain(["M", "N"])),
        applied: case.fault.map(|fault| -> Box<dyn Architecture<S> + '_> {
            Box::new(Faulty { architecture: &*architecture, block: "M".into(), fault })
        }),
        ..case.training_as(&*architecture)
    };
    let trajectory = training.run(setting.learning_steps)?;
    let [m, n] = ["M", "N"].map(|name| trajectory.of(name).expect("a block that is trained"));
    if !m.is_clear() || !n.is_clear() {
        return Err(Inconclusive::Noise("the change of a factor"));
    }

    let has_a_space = setting.is_linear() && setting.starts_at_identity();
    let more = if is_adapter { rank } else { 2 * rank };
    let space = if has_a_space { setting.channels() + more } else { neurons };
    let bound = neurons.min(setting.learning_steps * rank).min(space);
    let mut observations = vec![side_by_side(m, n, bound)];
    if has_a_space {
        let space = span(neurons, [&case.directions(), &left, &right], "the dimension of S")?;
        for (name, block) in [("M", m), ("N", n)] {
            observations.push(Movement::of_block(Some(name), block).columns_outside(&space));
        }
    }
    if setting.stepper == StepperKind::GradientDescent && !setting.decay {
        observations.push(balance(m, n));
    }
    observations.extend(projected(case)?);
    Ok(observations)
}

/// The recurrent network of the case with factors M and N beside its W.
fn architecture<S: RankRevealing>(case: &Case<S>) -> Box<dyn Architecture<S>> {
    let network = &case.instance.network;
    let dynamics = network.architecture.dynamics.clone();
    if case.setting.starts_at_identity() {
        // It does not look at the block W.
        Box::new(LowRank { dynamics, identity: network.parts().w.to_matrix()[(0, 0)] })
    } else {
        Box::new(Adapted { dynamics })
    }
}

/// The direction R Z of a gradient G, where Z is some function of R^T G: GaLore (Zhao et al. 2024),
/// with cubes in the place of Adam.
#[derive(Debug)]
struct Projected<S> {
    /// R, (neurons, r).
    projector: Matrix<S>,
}

impl<S: RankRevealing> Spectral<S> for Projected<S> {
    fn direction(&self, gradient: Matrix<S>, _: &mut Preconditioners<S>) -> Matrix<S> {
        let seen = Matrix::product(self.projector.t(), gradient.view());
        self.projector.times(&seen.map(|entry| entry + entry * entry * entry))
    }

    fn rounding(&self, sizes: Sizes, _: &mut Preconditioners<S>) -> f64 {
        let size = self.projector.norm();
        let slope = 1.0 + 3.0 * (size * sizes.norm).powi(2);
        size * size * slope * sizes.rounding + sizes.direction
    }
}

/// The recurrent network itself, by projected updates in one period or several.
fn projected<S: RankRevealing>(case: &Case<S>) -> Observed {
    let network = &case.instance.network;
    let neurons = case.setting.dimensions.neurons;
    let mut stream = case.stream.named("projectors");
    let (rank, periods) = (1 + stream.below(2), 1 + stream.below(3));
    let (rank, size) = (rank.min(neurons), 1.0 / (neurons as f64).sqrt());
    let projectors: Vec<_> =
        (0..periods).map(|i| matrix(neurons, rank, size, &stream, &format!("R_{i}"))).collect();
    let mut blocks = network.blocks.clone();
    let (mut left, mut noise) = (S::ONE, 0.0);
    for projector in &projectors {
        let rule = UpdateRule::Spectral(Arc::new(Projected { projector: projector.clone() }));
        let training = Training {
            blocks,
            optimizer: Optimizer { rule, ..case.instance.optimizer.clone() },
            trained: Subset::only(["W"]),
            ..case.training()
        };
        let trajectory = training.run(case.setting.learning_steps)?;
        left *= trajectory.remainder(trajectory.steps());
        noise += trajectory.noise(trajectory.steps());
        blocks = trajectory.end;
    }
    let mut learned = blocks.get("W").map_err(TapeError::from)?.to_matrix();
    learned.add_scaled(-left, &network.parts().w.to_matrix());
    let space = span(neurons, &projectors, "the dimension of the projectors")?;
    let bound = (rank * periods).min(neurons);
    let outside = space.excess(&learned, noise);
    Ok(vec![
        Observation::rank("rank of projected updates", &S::rank(&learned, noise), bound),
        Observation::rank("columns of projected updates outside", &outside, 0),
    ])
}

/// The rank of M_k N_k^T for k = 1..=K, side by side.
fn side_by_side<S: RankRevealing>(
    m: BlockTrajectory<'_, S>,
    n: BlockTrajectory<'_, S>,
    bound: usize,
) -> Observation {
    let mut noise: f64 = 0.0;
    let mut products = Vec::new();
    for k in 1..=m.steps() {
        let factors = Factors::new(m.weights_at(k), n.weights_at(k));
        let rounding = m.noise(k) * factors.right.norm() + factors.left.norm() * n.noise(k);
        noise = noise.hypot(rounding);
        products.push(factors.to_matrix());
    }
    let all = Matrix::beside(m.shape().0, &products);
    Observation::rank("rank of all M_k N_k^T side by side", &S::rank(&all, noise), bound)
}

/// What M^T M - N^T N gains in each step, less the same form of the step, side by side. The step is
/// -eta times the gradients, so its form is eta^2 times theirs.
fn balance<S: RankRevealing>(m: BlockTrajectory<'_, S>, n: BlockTrajectory<'_, S>) -> Observation {
    let mut noise: f64 = 0.0;
    let mut rests = Vec::new();
    for k in 1..=m.steps() {
        let mut rest = excess(&m.weights_at(k - 1), &m.weights_at(k));
        rest.add_scaled(-S::ONE, &excess(&n.weights_at(k - 1), &n.weights_at(k)));
        rests.push(rest);
        for block in [m, n] {
            let size = block.weights_at(k - 1).norm() + block.weights_at(k).norm();
            noise = noise.hypot(2.0 * size * block.noise(k));
        }
    }
    let all = Matrix::beside(m.shape().1, &rests);
    let name = "dimensions in which M^T M - N^T N moves otherwise than by eta^2";
    Observation::rank(name, &S::rank(&all, noise), 0)
}

/// X'^T X' - X^T X - (X' - X)^T (X' - X).
fn excess<S: RankRevealing>(before: &Matrix<S>, after: &Matrix<S>) -> Matrix<S> {
    let square = |matrix: &Matrix<S>| Matrix::product(matrix.t(), matrix.view());
    square(after).minus(&square(before)).minus(&square(&after.minus(before)))
}
