//! **conservation-law.** In a linear network the gradients obey, identically in the parameters,
//!
//! ```text
//! G_W W^T + G_B B^T + G_b b^T + l_0 h_0^T = W^T G_W + C^T G_C.
//! ```
//!
//! So Q = W W^T - W^T W + B B^T - C^T C + b b^T + h_0 h_0^T, with a sum over the trials where each
//! has its own h_0, is constant under gradient flow, and one step of gradient descent on all
//! parameters moves it by exactly eta^2 times the same form of the gradients. ReLU keeps the
//! diagonal: one law for each neuron.
//!
//! Why: with z_t = W psi(h_t) + B u_t + b the left side is the sum of delta_t z_t^T, and
//! a phi(z_t) = h_{t+1} - (1-a) h_t; the right side is the sum of (W^T delta_t + C^T e_t) psi(h_t)^T,
//! and psi'(h_t) o (W^T delta_t + C^T e_t) = l_t - (1-a) l_{t+1}. Both sums of l_t h_t^T differ by
//! the term at t = 0 alone. Where f'(z) z = f(z) the same holds for the diagonals.

use super::first_gradient::FirstGradient;
use super::setting::homogeneous;
use super::{
    Arithmetic, Case, Checks, Domain, InitialState, InitialWeights, Observation, Observed, Proof,
    RuleKind, StepperKind, Theorem,
};
use crate::blocks::Subset;
use crate::matrix::{Matrix, RankRevealing};
use crate::network::RnnParts;
use crate::tape::TapeError;
use crate::training::{GradientFault, Optimizer, Training};

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "conservation-law",
    title: "Learning conserves the balance of weights, up to the square of the step size",
    statement: "Linear network: G_W W^T + G_B B^T + G_b b^T + l_0 h_0^T = W^T G_W + C^T G_C. \
                Q = W W^T - W^T W + B B^T - C^T C + b b^T + h_0 h_0^T (a sum over trials if each \
                has its own h_0) is constant under gradient flow; gradient descent moves it by \
                eta^2 times the same form of the gradients. \
                For ReLU the diagonal of the law holds.",
    hypotheses: &[
        "linear network, any W_0; for the diagonal f'(z) z = f(z): identity, ReLU",
        "any loss and data, any h_0",
        "all of W, B, C, b and h_0 trained (for the drift of Q)",
    ],
    bound: "no entry in which the two sides differ",
    tightness: "An identity: it holds with equality whenever it holds.",
    proof: Proof::MachineChecked {
        lemmas: &[
            "conservation_law.balance",
            "conservation_law.balance_zero_start",
            "conservation_law.balance_batch",
            "conservation_law.balance_states",
            "conservation_law.charge_states",
            "conservation_law.charge_gradient_descent",
            "conservation_law.balance_homogeneous",
        ],
        beyond: Some("the step from the identity to gradient flow"),
    },
    source: &[
        "Arora, Cohen and Hazan (2018)",
        "Du, Hu and Lee (2018)",
        "Marcotte, Gribonval and Peyré (2023, arXiv 2307.00144)",
    ],
    limit: None,
    attained: Some(|_| true),
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &GradientFault::ALL,
    minors: super::generic::of_identity,
    counterexamples: &[
        "the_network_must_be_linear",
        "every_parameter_must_be_trained",
        "the_step_must_be_along_the_gradient",
    ],
};

fn domain(arithmetic: Arithmetic) -> Domain {
    Domain {
        neurons: 1..=8,
        learning_steps: 1..=1,
        activations: homogeneous().collect(),
        initial_weights: vec![InitialWeights::Zero, InitialWeights::Full],
        initial_states: vec![InitialState::Zero, InitialState::Common, InitialState::PerTrial],
        steppers: vec![StepperKind::GradientDescent],
        rules: vec![RuleKind::Gradient],
        trained: vec![Subset::All],
        ..Domain::linear(arithmetic)
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let first = FirstGradient::of(case)?;
    let gradient = first.gradient.clone().into_dense();
    let imbalance = imbalance(case.instance.network.parts(), RnnParts::of(&gradient)?);
    let scale = scale(case, &first);
    let linear = case.setting.is_linear();
    let part = |matrix: &Matrix<S>| if linear { matrix.clone() } else { diagonal(matrix) };
    let name = if linear { "rank of" } else { "diagonal entries of" };

    let (drift, size) = drift(case)?;
    Ok(vec![
        Observation::rank(
            format!("{name} the law"),
            &S::rank(&part(&imbalance), first.noise(scale)),
            0,
        ),
        Observation::rank(
            format!("{name} the drift of Q less eta^2 times its form"),
            &S::rank(&part(&drift), first.noise(scale + size)),
            0,
        ),
    ])
}

/// Left side of the law less the right one, (N, N).
pub fn imbalance<S: RankRevealing>(at: RnnParts<'_, S>, gradient: RnnParts<'_, S>) -> Matrix<S> {
    let (w, g) = (at.w.to_matrix(), gradient.w.to_matrix());
    let mut sum = Matrix::product(g.view(), w.t());
    for (gradient, part) in [(gradient.b, at.b), (gradient.bias, at.bias), (gradient.h0, at.h0)] {
        sum.add_scaled(S::ONE, &Matrix::product(gradient.view(), part.t()));
    }
    sum.add_scaled(-S::ONE, &Matrix::product(w.t(), g.view()));
    sum.add_scaled(-S::ONE, &Matrix::product(at.c.t(), gradient.c.view()));
    sum
}

/// Q = W W^T - W^T W + B B^T - C^T C + b b^T + h_0 h_0^T, (N, N).
pub fn balance<S: RankRevealing>(at: RnnParts<'_, S>) -> Matrix<S> {
    imbalance(at, at)
}

/// Q after one step of gradient descent, less Q before, less the form of the step itself; and the
/// size of what was subtracted. The step is -eta times the gradients, so its form is eta^2 times
/// theirs.
fn drift<S: RankRevealing>(case: &Case<S>) -> Result<(Matrix<S>, f64), super::Inconclusive> {
    let training = Training {
        optimizer: Optimizer::gradient_descent(S::ratio(1, 3)),
        trained: Subset::All,
        ..case.training()
    };
    let trajectory = training.run(1)?;
    let (start, end) = (&trajectory.start, &trajectory.end);
    let mut step = end.clone();
    step.add_scaled(-S::ONE, start);
    let of = |blocks| Ok::<_, TapeError>(balance(RnnParts::of(blocks)?));
    let drift = of(end)?.minus(&of(start)?).minus(&of(&step)?);
    Ok((drift, start.norm_squared().size() + end.norm_squared().size()))
}

/// The diagonal as a column, (N, 1).
fn diagonal<S: RankRevealing>(matrix: &Matrix<S>) -> Matrix<S> {
    Matrix::from_fn(matrix.rows(), 1, |i, _| matrix[(i, i)])
}

/// What the rounding errors of the law are proportional to.
fn scale<S: RankRevealing>(case: &Case<S>, first: &FirstGradient<S>) -> f64 {
    let parameters = case.instance.network.parts();
    let (lambda, rates) = (first.adjoint.lambda.norm(), first.run.rates().norm());
    let columns = first.adjoint.lambda.cols() as f64;
    let states = first.run.states.norm();
    let w = parameters.w.to_matrix().norm();
    lambda * rates * (1.0 + 2.0 * w)
        + lambda * (states + case.instance.task.inputs.norm() * parameters.b.norm())
        + lambda * columns.sqrt() * parameters.bias.norm()
        + first.adjoint.initial.norm() * parameters.h0.norm()
        + first.errors.norm() * rates * parameters.c.norm()
}
