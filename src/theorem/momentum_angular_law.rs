//! **momentum-angular-law.** A linear network and heavy ball on all parameters,
//! V_{k+1} = mu V_k + G_k, theta_{k+1} = theta_k - eta_k V_{k+1}. With
//!
//! ```text
//! N = V_W W^T - W^T V_W + V_B B^T - C^T V_C + v_b b^T + v_h h_0^T,    J = N - N^T
//! ```
//!
//! (a sum over the trials where each has its own h_0) learning multiplies J by mu at each step,
//! whatever it learns: J_{k+1} = mu J_k, exactly, for steps of any size. From rest J is zero for
//! ever. It is the angular momentum of the rotations of the neurons.
//!
//! Why: N is bilinear in velocity and position. With the gradients in the place of V it is zero,
//! which is conservation-law; with V in both places it is symmetric, and so is what weight decay
//! adds, the parameters in both places. J sees neither.

use super::conservation_law::imbalance;
use super::{
    Arithmetic, Case, Checks, Domain, Inconclusive, InitialState, InitialWeights, Observation,
    Observed, Proof, Quantity, RuleKind, StepperKind, Theorem,
};
use crate::blocks::{Blocks, Subset};
use crate::matrix::{Matrix, RankRevealing};
use crate::network::architecture::{Architecture, LossGradient, Workspace};
use crate::network::{Loss, RNN_BLOCKS, RnnParts};
use crate::scalar::Scalar;
use crate::tape::{Scope, TapeError, Var};
use crate::task::Task;
use crate::training::{GradientFault, NOISE_FACTOR, Stepper, Training, Trajectory};

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "momentum-angular-law",
    title: "Momentum has an angular momentum, which learning does not change and friction takes",
    statement: "Linear network, heavy ball on all parameters: V_{k+1} = mu V_k + G_k, theta_{k+1} = \
                theta_k - eta_k V_{k+1}. N = V_W W^T - W^T V_W + V_B B^T - C^T V_C + v_b b^T + \
                v_h h_0^T, J = N - N^T: J_{k+1} = mu J_k exactly, so J_k = mu^k J_0, and J = 0 for \
                ever from V_0 = 0.",
    hypotheses: &[
        "linear network: phi = psi = id, any W_0",
        "any loss, data and h_0",
        "all of W, B, C, b and h_0 trained, with one mu and one eta_k for all of them",
        "heavy ball, from any velocity",
    ],
    bound: "no dimension in which J_k differs from mu^k J_0",
    tightness: "An identity: it holds with equality whenever it holds.",
    proof: Proof::MachineChecked {
        lemmas: &[
            "momentum_angular_law.momentum_angular_law",
            "momentum_angular_law.angular_decays",
            "momentum_angular_law.angular_zero",
        ],
        beyond: Some("weight decay and clipping"),
    },
    source: &["Marcotte, Gribonval and Peyré (2024, arXiv 2405.12888)"],
    limit: None,
    attained: Some(|_| true),
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &GradientFault::ALL,
    // The velocity of the start is not among the numbers whose degrees are counted.
    minors: super::generic::unknown,
    counterexamples: &[
        "the_network_must_be_linear",
        "every_parameter_must_be_trained",
        "all_parameters_must_move_alike",
        "the_velocity_must_be_that_of_heavy_ball",
    ],
};

fn domain(arithmetic: Arithmetic) -> Domain {
    Domain {
        // Of one neuron J is zero whatever happens.
        neurons: 2..=8,
        learning_steps: 2..=5,
        initial_weights: vec![InitialWeights::Full, InitialWeights::Zero],
        initial_states: vec![InitialState::Zero, InitialState::Common, InitialState::PerTrial],
        steppers: vec![StepperKind::HeavyBall],
        rules: vec![RuleKind::Gradient],
        trained: vec![Subset::All],
        ..Domain::linear(arithmetic)
    }
}

/// J = N - N^T, (N, N).
pub fn angular<S: RankRevealing>(velocity: RnnParts<'_, S>, at: RnnParts<'_, S>) -> Matrix<S> {
    let moment = imbalance(at, velocity);
    moment.minus(&moment.transposed())
}

/// An architecture whose gradient at one place has something added to it. Added to the first
/// gradient of heavy ball, it is mu times the velocity at the start.
pub struct Pushed<'a, S> {
    /// The architecture.
    pub architecture: Box<dyn Architecture<S> + 'a>,
    /// W at that place, (N, N).
    pub at: Matrix<S>,
    /// What is added, to some of the blocks.
    pub push: Blocks<S>,
}

impl<S: Scalar> Architecture<S> for Pushed<'_, S> {
    fn forward<'t>(&self, scope: &Scope<'t, S>, inputs: &[Var<'t, S>]) -> Vec<Var<'t, S>> {
        (*self.architecture).forward(scope, inputs)
    }

    fn gradient(
        &self,
        blocks: &Blocks<S>,
        trained: &Subset,
        task: &Task<S>,
        loss: &dyn Loss<S>,
        workspace: &mut Workspace<S>,
    ) -> Result<LossGradient<S>, TapeError> {
        let mut found = (*self.architecture).gradient(blocks, trained, task, loss, workspace)?;
        if blocks.get("W")?.to_matrix() == self.at {
            for (name, push) in self.push.iter() {
                found.blocks.get_mut(name)?.add_scaled(S::ONE, push);
            }
        }
        Ok(found)
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let start = &case.instance.network.blocks;
    // A batch has other columns of h_0, whose velocity is zero at the start.
    let shapes = start.shapes().into_iter().filter(|(name, _)| name != "h0").collect::<Vec<_>>();
    let push = Blocks::random(&shapes, &case.stream.named("velocity"));
    let mut rest = push.clone();
    rest.scale(S::ZERO);
    let name = |what: &str| format!("dimensions in which {what}, together");
    Ok(vec![
        deviation(case, push, name("J_1..J_K differ from mu^k J_0"))?,
        deviation(case, rest, name("J_1..J_K are not zero from rest"))?,
    ])
}

/// The rank of J_k - mu^k J_0 for k = 1..=K side by side, where a push is mu times the velocity at
/// the start.
fn deviation<S: RankRevealing>(
    case: &Case<S>,
    push: Blocks<S>,
    name: String,
) -> Result<Observation, Inconclusive> {
    let Stepper::HeavyBall { momentum } = case.instance.optimizer.stepper else {
        return Err(Inconclusive::Unavailable);
    };
    let network = &case.instance.network;
    let (start, rnn) = (network.parts(), &network.architecture);
    let pushed = Pushed {
        architecture: match case.fault {
            Some(fault) => fault.of(rnn),
            None => Box::new(rnn.clone()),
        },
        at: start.w.to_matrix(),
        push: push.clone(),
    };
    let training = Training { followed: None, applied: Some(Box::new(pushed)), ..case.training() };
    let trajectory = training.run(case.setting.learning_steps)?;
    let push = push.with("h0", Matrix::zeros(start.h0.rows(), start.h0.cols()));
    // That of mu V_0, which is mu J_0.
    let mut expected = angular(RnnParts::of(&push)?, start);
    let mut differences = Vec::new();
    for k in 1..=trajectory.steps() {
        let found = angular_at(case, &trajectory, k)?;
        if k == 1 && case.setting.clip {
            // The push is clipped together with the gradient.
            expected = found.clone();
        }
        differences.push(found.minus(&expected));
        expected.scale(momentum);
    }
    let all = Matrix::beside(case.setting.dimensions.neurons, &differences);
    let rank = S::rank(&all, noise(case, &trajectory, &push));
    Ok(Observation::rank(Quantity::from(name), &rank, 0))
}

/// J after k steps, of which the last one was -eta_k V_k.
fn angular_at<S: RankRevealing>(
    case: &Case<S>,
    trajectory: &Trajectory<S>,
    k: usize,
) -> Result<Matrix<S>, Inconclusive> {
    let at = |k: usize| {
        RNN_BLOCKS.iter().try_fold(Blocks::default(), |blocks, name| {
            Ok::<_, TapeError>(blocks.with(name, trajectory.of(name)?.weights_at(k)))
        })
    };
    let (now, mut velocity) = (at(k)?, at(k - 1)?);
    velocity.add_scaled(-S::ONE, &now);
    let eta = case.instance.optimizer.schedule.at(k - 1);
    velocity.scale(eta.inverse().ok_or(Inconclusive::Unavailable)?);
    Ok(angular(RnnParts::of(&velocity)?, RnnParts::of(&now)?))
}

/// What rounding can have put into J_1..J_K: that of the gradients, each times the parameters, and
/// that of a velocity, which is a small difference of parameters over eta.
fn noise<S: RankRevealing>(case: &Case<S>, trajectory: &Trajectory<S>, push: &Blocks<S>) -> f64 {
    let steps = trajectory.steps();
    let mut parameters = 0.0;
    let mut gradients = push.norm();
    for (_, block) in trajectory.followed() {
        parameters += (0..=steps).map(|k| block.weights_at(k).norm()).fold(0.0, f64::max);
        gradients += block.gradients().iter().map(|gradient| gradient.scale()).sum::<f64>();
    }
    let schedule = &case.instance.optimizer.schedule;
    let velocities = (0..steps).map(|k| parameters / schedule.at(k).size()).sum::<f64>();
    let size = (case.setting.dimensions.neurons + case.setting.dimensions.steps) as f64;
    let scale = parameters * (gradients * (1.0 + parameters) + velocities);
    NOISE_FACTOR * S::ROUNDING * size * scale
}
