use rankproof::blocks::{Blocks, Subset};
use rankproof::network::RnnParts;
use rankproof::scalar::Stream;
use rankproof::theorem::conservation_law::{THEOREM, balance};
use rankproof::theorem::{
    ActivationKind, Arithmetic, Case, CaseId, InitialState, InitialWeights, Slope,
};
use rankproof::training::{Optimizer, Schedule, Stepper, Training};

use crate::harness::{catches_its_controls, holds};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// How far Q moves over a unit of time, in this many steps of a method.
fn drift(stepper: &Stepper<f64>, steps: usize) -> f64 {
    let id = CaseId { arithmetic: Arithmetic::F64, seed: 0, number: 0 };
    let mut setting = THEOREM.run(id, None).setting;
    setting.dimensions.neurons = 6;
    (setting.dimensions.steps, setting.dimensions.trials) = (4, 3);
    (setting.initial_weights, setting.initial_state) = (InitialWeights::Full, InitialState::Common);
    (setting.phi, setting.psi) = (ActivationKind::Identity, ActivationKind::Identity);
    let case = Case::<f64>::draw(&setting, Stream::new("drift", 0, 0), None).expect("a case");
    let optimizer = Optimizer {
        stepper: stepper.clone(),
        schedule: Schedule::Constant(1.0 / steps as f64),
        ..Optimizer::gradient_descent(1.0)
    };
    let training = Training { optimizer, trained: Subset::All, ..case.training() };
    let trajectory = training.run(steps).expect("a run that stays finite");
    let balance = |blocks: &Blocks<f64>| balance(RnnParts::of(blocks).expect("stored in full"));
    balance(&trajectory.end).minus(&balance(&trajectory.start)).norm()
}

/// Q is constant under gradient flow: what is left falls with the order of the integrator, one for
/// Euler's method, which is gradient descent, and four for the classical Runge-Kutta method.
#[test]
fn the_drift_falls_with_the_order_of_the_integrator() {
    let slope = |stepper: Stepper<f64>, finest: usize| {
        let steps = (0..5).map(|halvings| finest >> halvings);
        let points: Vec<_> = steps.map(|k| (1.0 / k as f64, drift(&stepper, k))).collect();
        Slope::of_logs(&points).expect("five points")
    };
    let euler = slope(Stepper::GradientDescent, 4096);
    assert!((euler.estimate - 1.0).abs() < 0.1 && euler.half_width < 0.1, "{euler}");
    let runge_kutta = slope(Stepper::GradientFlow, 256);
    assert!((runge_kutta.estimate - 4.0).abs() < 0.3, "{runge_kutta}");
    assert!(runge_kutta.half_width < 0.4, "{runge_kutta}");
}
