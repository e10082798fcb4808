//! The adjoint against central differences, for every parameter of every kind of model, and against
//! the network whose theorems are checked.

use super::*;
use crate::blocks::Block;
use crate::matrix::{Factors, Matrix};
use crate::network::{ActivationKind, Dynamics, forward};
use crate::scalar::Stream;

fn architectures() -> Vec<(&'static str, Architecture)> {
    let base = Architecture::new(7, 3, 5);
    let with = |change: &dyn Fn(&mut Architecture)| {
        let mut changed = base.clone();
        change(&mut changed);
        changed
    };
    let jumps = TrialPrior { jumps: true, independent: 0.3, ..TrialPrior::default() };
    vec![
        ("default", base.clone()),
        ("constant", with(&|a| a.recurrence = Recurrence::Constant)),
        ("free", with(&|a| a.recurrence = Recurrence::Free)),
        (
            "everything by trial, unconfined, driven throughout",
            with(&|a| {
                a.recurrence = Recurrence::LowTensorRank(jumps);
                a.initial = InitialStates::Learned { by: Grouping::Trial, confined: false };
                a.inputs = Inputs {
                    during: During::Throughout,
                    course: Course::Smooth(2.0),
                    through: Through::Own(2),
                };
                a.bias = Bias::Free;
                a.preparation = 2;
                a.steps_per_bin = 2;
                a.activity_penalty = 0.1;
            }),
        ),
        (
            "confined inputs and bias, orthonormal readout, Poisson",
            with(&|a| {
                a.inputs = Inputs {
                    during: During::Preparation,
                    course: Course::Constant,
                    through: Through::Weights,
                };
                a.preparation = 3;
                a.initial = InitialStates::Zero;
                a.bias = Bias::Confined;
                a.readout = Readout { orthonormal: true, offset: false };
                a.likelihood = Likelihood::Poisson;
                a.nonlinearity = Nonlinearity::new(ActivationKind::Softplus).unwrap();
            }),
        ),
        (
            "smooth confined inputs, common start, free weights",
            with(&|a| {
                a.recurrence = Recurrence::Free;
                a.initial = InitialStates::Learned { by: Grouping::Common, confined: true };
                a.inputs = Inputs {
                    during: During::Execution,
                    course: Course::Smooth(1.5),
                    through: Through::Weights,
                };
                a.preparation = 1;
                a.readout = Readout { orthonormal: true, offset: true };
            }),
        ),
    ]
}

/// More trials than a chunk has, so that chunks are joined; counts for the Poisson likelihood.
fn objective(architecture: &Architecture) -> Objective<f64> {
    let simulation = Simulation {
        neurons: 6,
        units: 5,
        trials: 35,
        bins: 5,
        rank: 2,
        conditions: 3,
        counts: architecture.likelihood == Likelihood::Poisson,
        ..Simulation::default()
    };
    let (mut recording, _) = simulation.recording(4);
    recording.activity.iter_mut().skip(3).step_by(11).for_each(|entry| *entry = f64::NAN);
    recording.epochs = (0..35).map(|k| usize::from(k > 20)).collect();
    recording.epoch_names.push("later".to_owned());
    let blocks = Blocks { bins: 2, trials: 3, share: 0.1, ..Blocks::default() };
    let roles = blocks.roles(&recording, 0, &[Role::Test, Role::Validation], 1);
    Objective::new(architecture, Observations::new(&recording, &roles))
}

/// Off the start, where some gradients vanish by symmetry.
fn point(objective: &Objective<f64>) -> Parameters<f64> {
    let observations = &objective.observations;
    let stream = Stream::new("gradient test", 1, 0);
    let mut parameters = Parameters::start(
        objective.architecture(),
        &observations.groups,
        observations.neurons,
        observations.bins,
        &stream,
    );
    let mut stream = stream.named("off the start");
    for block in parameters.blocks_mut() {
        block.data_mut().iter_mut().for_each(|x| *x += 0.3 * stream.normal());
    }
    parameters
}

#[test]
fn every_derivative_agrees_with_central_differences() {
    for (name, architecture) in architectures() {
        let objective = objective(&architecture);
        let parameters = point(&objective);
        let (_, gradient) = objective.gradient(&parameters, &Stream::new("unused", 0, 0));
        let largest = gradient.blocks().iter().map(|block| block.norm()).fold(0.0, f64::max);
        let mut checked = 0;
        for (block, exact) in gradient.blocks().iter().enumerate() {
            assert_eq!(exact.data().len(), parameters.blocks()[block].data().len(), "{name}");
            for place in 0..exact.data().len() {
                let at = |step: f64| {
                    let mut moved = parameters.clone();
                    moved.blocks_mut()[block].data_mut()[place] += step;
                    objective.value(&moved)
                };
                // Fourth order, so that neither truncation nor rounding reaches the tolerance.
                let h = 2e-3;
                let difference =
                    (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
                let error = (difference - exact.data()[place]).abs();
                let exact = exact.data()[place];
                assert!(
                    error <= 1e-6 * exact.abs().max(1e-3 * largest),
                    "{name}: {} {place}: {difference} against {exact}",
                    BLOCKS[block]
                );
                checked += 1;
            }
        }
        assert_eq!(checked, parameters.count());
    }
}

#[test]
fn a_wrong_gradient_is_noticed() {
    let (_, architecture) = architectures().swap_remove(0);
    let objective = objective(&architecture);
    let parameters = point(&objective);
    let (_, mut gradient) = objective.gradient(&parameters, &Stream::new("unused", 0, 0));
    gradient.row.data_mut()[4] *= 1.0 + 1e-4;
    let at = |step: f64| {
        let mut moved = parameters.clone();
        moved.row.data_mut()[4] += step;
        objective.value(&moved)
    };
    let h = 2e-3;
    let difference = (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
    let exact = gradient.row.data()[4];
    assert!((difference - exact).abs() > 1e-6 * exact.abs());
}

/// In one trial the model is the network of the theorems, in its current form.
#[test]
fn a_trial_runs_as_the_network_of_the_theorems_does() {
    let objective = objective(&Architecture::new(7, 3, 5));
    let model = objective.assembly.model(&point(&objective));
    let network = objective.network(&model);
    for trial in [0, 33] {
        let trace = network.run(trial..trial + 1, None);
        let scaled =
            Matrix::from_fn(7, 3, |i, r| model.columns[(i, r)] * model.factors[(r, trial)]);
        let weights = Block::low_rank(0.0, Factors::new(scaled, model.rows.clone()));
        let leak = objective.architecture().leak;
        let dynamics = Dynamics::current(leak, crate::network::Activation::Tanh);
        let (b, c) = (Matrix::zeros(7, 1), model.readout.clone());
        let other = crate::network::Network::rnn(dynamics, weights, b, c)
            .expect("shapes that fit")
            .with("h0", Matrix::from_columns(7, 1, trace.states.column(0).to_vec()));
        let run = forward(&other, &Matrix::zeros(1, 4), 1);
        assert!(run.states.minus(&trace.states).norm() < 1e-13 * trace.states.norm());
        let outputs = network.outputs(&trace);
        for t in 0..5 {
            for n in 0..6 {
                let expected = run.outputs[(n, t)] + model.offset[(n, 0)];
                assert!((outputs[(n, t)] - expected).abs() < 1e-13 * expected.abs().max(1.0));
            }
        }
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let objective = objective(&Architecture::new(7, 3, 5));
    let parameters = point(&objective);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| objective.gradient(&parameters, &Stream::new("noise", 0, 0)))
    };
    let (losses, gradient) = with(1);
    for threads in [2, 3] {
        assert_eq!((losses, gradient.clone()), with(threads));
    }
}
