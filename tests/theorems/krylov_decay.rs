use rankproof::blocks::Subset;
use rankproof::matrix::{Matrix, RankRevealing};
use rankproof::network::{Dynamics, Network, SquaredError};
use rankproof::scalar::Stream;
use rankproof::task::{Dimensions, TaskFamily};
use rankproof::theorem::krylov_decay::THEOREM;
use rankproof::theorem::{InitialState, InitialWeights, Slope};
use rankproof::training::{Optimizer, Training};

use crate::harness::{attained_at, catches_its_controls, first_observation, holds, report_of};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

#[test]
fn each_time_step_adds_its_dimensions() {
    for (steps, rank) in [(2, 2), (3, 4), (5, 8)] {
        let report = attained_at(&THEOREM, rank, |setting| {
            let dimensions = &mut setting.dimensions;
            (dimensions.neurons, dimensions.d_in, dimensions.d_out) = (16, 3, 2);
            (dimensions.steps, dimensions.trials) = (steps, 6);
            (setting.initial_state, setting.bias) = (InitialState::Zero, false);
        });
        assert_eq!(first_observation(&report), (rank, rank), "{report}");
    }
}

/// With A = rho times an orthogonal matrix, singular values fall at least as fast as rho^tau: the
/// slope of their logarithm over tau is below ln rho.
#[test]
fn singular_values_fall_with_the_norm_of_the_recurrence() {
    for rho in [0.3, 0.5, 0.7] {
        let dimensions = Dimensions { neurons: 24, d_in: 1, d_out: 1, steps: 12, trials: 20 };
        let stream = Stream::new("decay", 0, 0);
        let task = TaskFamily::RandomTargets.draw(&dimensions, &stream.named("task"));
        let task = task.expect("in every arithmetic");
        // A cyclic shift is orthogonal.
        let shift = Matrix::from_fn(24, 24, |i, j| if i == (j + 1) % 24 { rho } else { 0.0 });
        let b = Matrix::random(24, 1, &mut stream.named("B"));
        let c = Matrix::random(1, 24, &mut stream.named("C"));
        let network = Network::rnn(Dynamics::linear(1.0), shift, b, c).expect("shapes that fit");
        let optimizer = Optimizer::gradient_descent(1.0);
        let training = Training {
            trained: Subset::only(["W"]),
            ..Training::new(&network, &task, &SquaredError, optimizer)
        };
        let trajectory = training.run(1).expect("a run that stays finite");
        let rank = f64::rank(&trajectory.increment(1), 0.0);
        let (values, _) = rank.spectrum().expect("singular values");
        // A power law in e^tau is an exponential law in tau.
        let points: Vec<_> =
            values.iter().take(10).enumerate().map(|(tau, &v)| ((tau as f64).exp(), v)).collect();
        let slope = Slope::of_logs(&points).expect("ten points");
        assert!(slope.estimate + slope.half_width < f64::ln(rho), "{rho}: {slope}");
    }
}

/// With few inputs the powers of an initial state count beside theirs: (T - 1) p + T for each state,
/// as far as there are outputs enough.
#[test]
fn each_initial_state_adds_its_powers() {
    for (state, trials, states) in [(InitialState::Common, 6, 1), (InitialState::PerTrial, 2, 2)] {
        for (d_in, d_out, steps) in [(1, 4, 2), (1, 4, 3), (2, 5, 2)] {
            let dimensions = Dimensions { neurons: 20, d_in, d_out, steps, trials };
            let report = report_of(&THEOREM, dimensions, 1, |setting| {
                setting.initial_weights = InitialWeights::Full;
                setting.initial_state = state;
            });
            let (found, bound) = first_observation(&report);
            assert_eq!(bound, (steps - 1) * d_in + steps * states, "{report}");
            // Each trial has T terms.
            assert_eq!(found, bound.min(trials * steps), "{report}");
        }
    }
}

/// T q is not reached: what (A^T)^{T-1} C^T adds is one dimension and not q.
#[test]
fn a_common_initial_state_meets_one_combination_of_outputs() {
    for (d_out, steps) in [(1, 3), (2, 2), (2, 3), (3, 4)] {
        let dimensions = Dimensions { neurons: 20, d_in: 3, d_out, steps, trials: 6 };
        let report = report_of(&THEOREM, dimensions, 1, |setting| {
            setting.initial_weights = InitialWeights::Full;
            setting.initial_state = InitialState::Common;
        });
        let expected = ((steps - 1) * d_out + 1, steps * d_out);
        assert_eq!(first_observation(&report), expected, "{report}");
    }
}
