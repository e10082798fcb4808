use rankproof::blocks::Subset;
use rankproof::matrix::Matrix;
use rankproof::network::architecture::{Architecture, Workspace};
use rankproof::network::{Loss, SquaredError, Transport, forward};
use rankproof::scalar::{Fp, Scalar, Stream};
use rankproof::task::Dimensions;
use rankproof::theorem::local_rules::THEOREM;
use rankproof::theorem::{ActivationKind, Case, InitialState, InitialWeights, Setting};

use crate::harness::{attained_at, catches_its_controls, holds, report_of};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// q for every psi, start and number of learning steps.
#[test]
fn traces_attain_the_rank_of_the_feedback() {
    for d_out in 1..=4 {
        for learning_steps in [1, 2, 5] {
            attained_at(&THEOREM, d_out, |setting| {
                setting.phi = ActivationKind::Identity;
                setting.dimensions =
                    Dimensions { neurons: 10, d_in: 3, d_out, steps: 3, trials: 5 };
                setting.initial_state = InitialState::PerTrial;
                setting.learning_steps = learning_steps;
            });
        }
    }
}

/// p, with a common initial state p + 1, whatever q is: the third observation.
#[test]
fn hebbian_rules_attain_the_inputs() {
    for (d_in, d_out, initial_state, expected) in [
        (1, 3, InitialState::Zero, 1),
        (2, 1, InitialState::Zero, 2),
        (3, 2, InitialState::Zero, 3),
        (2, 2, InitialState::Common, 3),
    ] {
        let dimensions = Dimensions { neurons: 8, d_in, d_out, steps: 4, trials: 4 };
        for learning_steps in [1, 4] {
            let report = report_of(&THEOREM, dimensions, learning_steps, |setting| {
                setting.initial_weights = InitialWeights::ScaledIdentity;
                setting.initial_state = initial_state;
            });
            let observed = report.observed.as_ref().expect("an exact case");
            let (found, bound) = (observed[2].found.lower, observed[2].bound);
            assert_eq!((found, bound), (expected, expected), "{report}");
        }
    }
}

/// The transport is the rule: p_ij(t+1) = (1-a) p_ij(t) + a phi'(z_i) psi(h_j), and the weight moves
/// by the sum of (P e_t)_i p_ij(t), entry by entry and forward in time.
#[test]
fn the_transport_is_the_rule_of_the_traces() {
    let sizes = Dimensions { neurons: 4, d_in: 2, d_out: 3, steps: 5, trials: 2 };
    let setting = Setting {
        phi: ActivationKind::Polynomial(2),
        psi: ActivationKind::Polynomial(3),
        leak_quarters: 3,
        initial_weights: InitialWeights::Full,
        initial_state: InitialState::PerTrial,
        bias: true,
        ..Setting::plain(sizes)
    };
    let case = Case::<Fp>::draw(&setting, Stream::new("traces", 0, 0), None).expect("exact");
    let feedback = Matrix::random(4, 3, &mut Stream::new("traces", 0, 1));
    let (mut network, task) = (case.instance.network.clone(), &case.instance.task);
    network.architecture.transport = Transport::Traces(feedback.clone());
    let mut workspace = Workspace::default();
    let found = network
        .architecture
        .gradient(&network.blocks, &Subset::All, task, &SquaredError, &mut workspace)
        .expect("blocks that fit");

    let run = forward(&network, &task.inputs, task.trials);
    let dynamics = &network.architecture.dynamics;
    let [slopes, _] = run.slopes(dynamics);
    let slopes = slopes.expect("phi is not the identity");
    let sent = feedback.times(&SquaredError.errors(&run.outputs, task));
    let mut expected = Matrix::zeros(4, 4);
    for trial in 0..sizes.trials {
        let mut trace = Matrix::zeros(4, 4);
        for t in 0..sizes.steps {
            let (now, later) = (t * sizes.trials + trial, (t + 1) * sizes.trials + trial);
            trace = Matrix::from_fn(4, 4, |i, j| {
                let met = slopes[(i, now)] * run.rates()[(j, now)];
                (Fp::ONE - dynamics.leak) * trace[(i, j)] + dynamics.leak * met
            });
            let moved = Matrix::from_fn(4, 4, |i, j| sent[(i, later)] * trace[(i, j)]);
            expected.add_scaled(Fp::ONE, &moved);
        }
    }
    assert_eq!(found.blocks.get("W").expect("a recurrent network").to_matrix(), expected);
}
