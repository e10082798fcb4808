//! **local-rules.** Two kinds of learning that send nothing through the weights.
//!
//! *Eligibility traces* (random-feedback online learning, e-prop): the weight from j to i remembers
//! p_ij(t+1) = (1-a) p_ij(t) + a phi'(z_i) psi(h_j) and moves by the sum of (P e_t)_i p_ij(t) with a
//! fixed P. For any psi, W_0, loss and data and for **all** k
//!
//! ```text
//! rank D_k <= rank P                                 phi = id
//! rank D_k <= sum over the atoms c of rank P_c       neurons of an atom open at the same times
//! ```
//!
//! *Hebbian rules with any reward*, W <- W + sum kappa_{st} h_s h_t^T with any numbers kappa, in a linear
//! network from W_0 = w I with B fixed: rank D_k <= p (+1 for each initial state, +1 for a bias),
//! whatever q is.
//!
//! Why: an update by traces is a sum of (phi'(z_s) o P e_t) psi(h_s)^T, whose columns are those of P,
//! cut to the neurons that are open. Hebbian updates have rows and columns among the states, and a
//! linear network keeps the span of B, b and h_0.

use super::gating_atoms::restrict;
use super::instance::initial_weights;
use super::movement::{Movement, span};
use super::setting::homogeneous;
use super::{Arithmetic, Case, Checks, Domain, InitialWeights, Observed, Proof, Theorem};
use crate::blocks::{Block, Blocks, Subset};
use crate::matrix::{Factors, Matrix, RankRevealing};
use crate::network::architecture::{Architecture, LossGradient, Rnn, Workspace};
use crate::network::{Dynamics, Loss, Network, RnnParts, Run, Transport, forward};
use crate::scalar::Scalar;
use crate::tape::{Scope, TapeError, Var};
use crate::task::Task;
use crate::training::{Faulty, GradientFault, Training};

/// The theorem as a value.
pub const THEOREM: Theorem = Theorem {
    id: "local-rules",
    title: "Local rules learn in the space of their feedback, or of the inputs",
    statement: "Eligibility traces with fixed feedback P, any psi and W_0, for all k: rank D_k <= rank \
                P with phi = id, and at most the sum of rank P_c over the atoms c of neurons whose \
                phi is open at the same times. Hebbian updates sum kappa_{st} h_s h_t^T with any \
                kappa_{st}, linear network, W_0 = w I, B fixed: rank D_k <= p (+1 for each initial \
                state, +1 for a bias), whatever q is.",
    hypotheses: &[
        "traces: P fixed; phi = id or slopes alike within atoms; any psi, loss, data and start",
        "Hebb: linear network, W_0 = w I, W alone trained",
        "an optimizer that combines such updates",
    ],
    bound: "traces: the sum of rank P_c over the atoms, d_out at most for phi = id; Hebb: d_in (+1 for \
            each initial state, +1 for a bias); at most N",
    tightness: "Attained by traces with phi = id after one step of generic data with as many trials \
                as outputs, by Hebbian rules where inputs span.",
    proof: Proof::MachineChecked {
        lemmas: &[
            "local_rules.trace_rank",
            "local_rules.trace_rank_linear",
            "local_rules.hebbian_rank",
        ],
        beyond: None,
    },
    source: &["Murray (2019)", "Bellec et al. (2020)"],
    limit: None,
    attained: None,
    domain,
    checks: Checks { exact: Some(observe), f64: Some(observe), double_double: Some(observe) },
    controls: &[GradientFault::WrongEntry],
    // Gates are no polynomials; a second instance speaks for the first.
    minors: |_| None,
    counterexamples: &[
        "the_feedback_must_be_fixed",
        "the_optimizer_must_combine_updates",
        "phi_must_be_linear_or_gated",
        "the_network_must_be_linear",
        "the_start_must_be_a_multiple_of_the_identity",
        "inputs_must_not_be_trained",
        "an_initial_state_counts",
    ],
};

/// A recurrent network that learns W by a Hebbian rule with a reward, and everything else by its
/// gradients: in the place of the gradient by W stands
///
/// ```text
/// - sum over trials and t < T of r_{t+1} h_{t+1} h_t^T
/// ```
///
/// with the sum of the errors of all outputs at that time for the reward r.
pub struct Hebbian<'a, S>(pub &'a Rnn<S>);

impl<S: Scalar> Architecture<S> for Hebbian<'_, S> {
    fn forward<'t>(&self, scope: &Scope<'t, S>, inputs: &[Var<'t, S>]) -> Vec<Var<'t, S>> {
        self.0.forward(scope, inputs)
    }

    fn gradient(
        &self,
        blocks: &Blocks<S>,
        trained: &Subset,
        task: &Task<S>,
        loss: &dyn Loss<S>,
        workspace: &mut Workspace<S>,
    ) -> Result<LossGradient<S>, TapeError> {
        let mut found = self.0.gradient(blocks, trained, task, loss, workspace)?;
        if trained.contains("W") {
            let network = Network { architecture: self.0.clone(), blocks: blocks.clone() };
            let states = forward(&network, &task.inputs, task.trials).states;
            let errors = loss.errors(&found.outputs, task);
            let columns = task.inputs.cols();
            let later = Matrix::from_fn(states.rows(), columns, |i, j| {
                let now = j + task.trials;
                let reward = errors.column(now).iter().fold(S::ZERO, |sum, &error| sum + error);
                -(reward * states[(i, now)])
            });
            let earlier = Matrix::from_fn(states.rows(), columns, |i, j| states[(i, j)]);
            *found.blocks.get_mut("W")? = Block::from(Factors::new(later, earlier));
        }
        Ok(found)
    }
}

fn domain(arithmetic: Arithmetic) -> Domain {
    let any = Domain::any_network(arithmetic);
    // Few visits, or every neuron is its own atom.
    Domain {
        neurons: 1..=14,
        steps: 1..=3,
        trials: 1..=2,
        learning_steps: 1..=2,
        phi: Some(homogeneous().collect()),
        ..any
    }
}

fn observe<S: RankRevealing>(case: &Case<S>) -> Observed {
    let mut observed = traces(case)?;
    observed.extend(hebb(case)?);
    Ok(observed)
}

fn traces<S: RankRevealing>(case: &Case<S>) -> Observed {
    let neurons = case.setting.dimensions.neurons;
    let mut stream = case.stream.named("feedback");
    let feedback = Matrix::random(neurons, case.setting.dimensions.d_out, &mut stream);
    let mut network = case.instance.network.clone();
    network.architecture.transport = Transport::Traces(feedback.clone());
    let dynamics = &case.instance.network.architecture.dynamics;
    let (mut gates, mut run) = (vec![Vec::new(); neurons], Run::empty());
    let training = case.training_of(&network);
    let trajectory = training.run_watched(case.setting.learning_steps, |visit| {
        let parts = RnnParts::of(visit.blocks).expect("the blocks of a recurrent network");
        run.repeat(dynamics, parts, &visit.task.inputs, visit.task.trials);
        if let [Some(slopes), _] = run.slopes(dynamics) {
            for (neuron, gates) in gates.iter_mut().enumerate() {
                gates.extend((0..slopes.cols()).map(|j| slopes[(neuron, j)] == S::ONE));
            }
        }
    })?;
    let space = span(neurons, &restrict(&feedback, &gates), "a rank of feedback to an atom")?;
    let movement = Movement::increments(&trajectory);
    Ok(vec![movement.last_rank(space.dimension()), movement.columns_outside(&space)])
}

fn hebb<S: RankRevealing>(case: &Case<S>) -> Observed {
    let setting = &case.setting;
    let neurons = setting.dimensions.neurons;
    let mut network = case.instance.network.clone();
    network.architecture = Rnn::new(Dynamics::linear(network.architecture.dynamics.leak));
    if !setting.starts_at_identity() {
        let (start, _) = initial_weights(InitialWeights::ScaledIdentity, neurons, &case.stream);
        *network.blocks.get_mut("W").expect("a recurrent network") = start;
    }
    let hebbian = Hebbian(&network.architecture);
    let training = Training {
        architecture: &hebbian,
        trained: Subset::only(["W"]),
        applied: case.fault.map(|fault| -> Box<dyn Architecture<S> + '_> {
            Box::new(Faulty { architecture: &hebbian, block: "W".into(), fault })
        }),
        ..case.training_of(&network)
    };
    let trajectory = training.run(setting.learning_steps)?;
    let start = network.parts();
    let directions = Matrix::beside(neurons, [start.b, start.bias, start.h0]);
    let space = span(neurons, [&directions], "the dimension of span(B, b, h_0)")?;
    let bound = (setting.inputs() + setting.states()).min(neurons);
    // W as the Hebbian rule leaves it.
    let movement = Movement { block: Some("Hebb"), ..Movement::increments(&trajectory) };
    Ok(vec![
        movement.last_rank(bound),
        movement.columns_outside(&space),
        movement.rows_outside(&space),
    ])
}
