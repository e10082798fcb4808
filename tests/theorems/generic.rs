//! What one random instance shows of generic ones: two of them agree, and the degrees of their
//! polynomials by hand.

use rankproof::scalar::PRIME;
use rankproof::task::{Dimensions, TaskFamily};
use rankproof::theorem::{
    Arithmetic, CaseId, InitialState, InitialWeights, MAX_MISSED, Setting, StepperKind, entries,
    find, missed, of_training, probability,
};

/// Ranks of two instances of the same setting are the same wherever nothing but numbers is drawn
/// for them: no batches, no gates, and in these theorems no sizes or classes.
#[test]
fn two_instances_have_the_same_ranks() {
    let ids = [
        "gradient-factorization",
        "tensor-telescoping",
        "invariant-subspace",
        "low-rank-initialization",
        "fibonacci-growth",
        "siso-reciprocity",
        "tightness",
        "spectral-optimizers",
        "krylov-decay",
        "linear-growth",
    ];
    let mut compared = 0;
    for theorem in ids.map(|id| find(id).expect("in the registry")) {
        for number in 0..60 {
            let id = CaseId { arithmetic: Arithmetic::Exact, seed: 11, number };
            let first = theorem.run(id, None);
            let gates = first.setting.phi.is_gate() || first.setting.psi.is_gate();
            if gates || first.setting.minibatches {
                continue;
            }
            let second = theorem.run(id.second_instance(), None);
            assert_eq!(first.observed, second.observed, "{} {}", theorem.id, first.setting);
            compared += 1;
        }
    }
    assert!(compared > 300, "{compared}");
}

fn linear(steps: usize, learning_steps: usize) -> Setting {
    let dimensions = Dimensions { neurons: 3, d_in: 2, d_out: 2, steps, trials: 2 };
    Setting { learning_steps, ..Setting::plain(dimensions) }
}

/// One learning step: eta l_{t+1} h_t^T, with deg h_1 = 2 of B u, deg e = 3 of C h, deg l = 4.
#[test]
fn degrees_by_hand() {
    let plain = linear(2, 1);
    for (setting, degree) in [
        (plain.clone(), 1 + 4 + 2),
        // A target of T + 2.
        (Setting { task: TaskFamily::LinearTeacher, ..plain.clone() }, 1 + 5 + 2),
        // Inputs that are mixtures.
        (Setting { task: TaskFamily::Integrator, ..plain.clone() }, 1 + 5 + 3),
        (Setting { initial_state: InitialState::Common, ..linear(1, 1) }, 1 + 4 + 1),
        (Setting { initial_state: InitialState::AlongInputs, ..linear(1, 1) }, 1 + 4 + 2),
        // W_0 = P Q^T in h_2, so in e_2 and l_2.
        (Setting { initial_weights: InitialWeights::LowRank(1), ..plain.clone() }, 1 + 6 + 2),
    ] {
        assert_eq!(entries(&setting), Some(degree), "{setting}");
    }
    let symmetric = InitialWeights::Symmetric(1);
    assert_eq!(entries(&Setting { initial_weights: symmetric, ..plain }), None);
}

/// In one time step from h_0 = 0 there is no gradient, and weights decay alone: each gradient makes
/// two more, of the step size and the decay; Nesterov's momentum one more.
#[test]
fn degrees_of_decay_alone() {
    let start = Setting { initial_weights: InitialWeights::Full, ..linear(1, 2) };
    assert_eq!(entries(&start), Some(1));
    for (stepper, degree) in [
        (StepperKind::GradientDescent, 1 + 2 * 2),
        (StepperKind::HeavyBall, 1 + 2 * 2),
        (StepperKind::Nesterov, 1 + 2 * 2 + 1),
        (StepperKind::GradientFlow, 1 + 8 * 2),
    ] {
        let setting = Setting { decay: true, stepper, ..start.clone() };
        assert_eq!(entries(&setting), Some(degree), "{setting}");
    }
}

/// Of N rows, or a column for each gradient.
#[test]
fn minors_are_as_large_as_their_matrices() {
    for (learning_steps, stepper, size) in [
        (2, StepperKind::GradientDescent, 3),
        (5, StepperKind::GradientDescent, 5),
        (1, StepperKind::GradientFlow, 4),
    ] {
        let setting = Setting { stepper, ..linear(3, learning_steps) };
        let entry = entries(&setting).expect("polynomials");
        assert_eq!(of_training(&setting), Some(size * entry), "{setting}");
    }
    assert_eq!([probability(PRIME), probability(u64::MAX)], [1.0; 2]);
    assert_eq!(probability(PRIME / 2), (PRIME / 2) as f64 / PRIME as f64);
    let most = (MAX_MISSED * PRIME as f64) as u64;
    assert_eq!(missed(Some(most)), Some(probability(most)));
    assert_eq!([missed(Some(most + 1)), missed(None)], [None; 2]);
}
