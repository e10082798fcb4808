//! The adjoint against central differences, for every parameter of every kind of model, and against
//! the network whose theorems are checked.

use super::parts::{matrix, matrix_mut};
use super::*;
use crate::blocks::{Block, Blocks};
use crate::matrix::{Factors, Matrix};
use crate::named::Named;
use crate::network::{ActivationKind, Dynamics as NetworkDynamics, forward};
use crate::scalar::Stream;

fn architectures() -> Vec<(&'static str, Architecture)> {
    let base = Architecture::new(7, 3, 5);
    let with = |change: &dyn Fn(&mut Architecture)| {
        let mut changed = base.clone();
        change(&mut changed);
        changed
    };
    let jumps = TrialPrior { jumps: true, independent: 0.3, ..TrialPrior::default() };
    let mut all = vec![
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
            "confined inputs and bias, orthonormal readout",
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
    ];
    let of = |&likelihood: &Likelihood| (likelihood.name(), with(&|a| a.likelihood = likelihood));
    all.extend(Likelihood::ALL.iter().map(of));
    all.extend(ActivationKind::FUNCTIONS.into_iter().filter_map(|kind| {
        let nonlinearity = Nonlinearity::new(kind)?;
        Some((kind.name(), with(&|a| a.nonlinearity = nonlinearity)))
    }));
    all.extend(Likelihood::ALL.iter().map(|&likelihood| {
        let deviating = with(&|a| {
            a.likelihood = likelihood;
            a.gain_spread = 0.3;
            a.input_spread = 0.4;
            a.bias = Bias::Free;
        });
        ("gains and inputs of trials", deviating)
    }));
    all.extend([true, false].map(|confined| {
        let initial = InitialStates::Hierarchy { confined, spread: 0.4 };
        ("hierarchy of initial states", with(&|a| a.initial = initial))
    }));
    all
}

/// More trials than a chunk has, so that chunks are joined; entries of the kind that the likelihood
/// needs.
fn objective(architecture: &Architecture) -> Objective<f64> {
    let simulation = Simulation {
        neurons: 6,
        units: 5,
        trials: 35,
        bins: 5,
        rank: 2,
        conditions: 3,
        likelihood: architecture.likelihood,
        ..Simulation::default()
    };
    let (mut recording, _) = simulation.recording(4).unwrap();
    recording.activity.iter_mut().skip(3).step_by(11).for_each(|entry| *entry = f64::NAN);
    recording.epochs = (0..35).map(|k| usize::from(k > 20)).collect();
    recording.epoch_names.push("later".to_owned());
    let held_out = HeldOut { bins: 2, trials: 3, share: 0.1, ..HeldOut::default() };
    let roles = held_out.roles(&recording, 0, &[Role::Test, Role::Validation], 1).unwrap();
    Objective::new(architecture, Observations::new(&recording, &roles).unwrap()).unwrap()
}

/// Off the start, where some gradients vanish by symmetry.
fn point(objective: &Objective<f64>) -> Blocks<f64> {
    let stream = Stream::new("gradient test", 1, 0);
    let mut blocks = objective.start(&stream);
    let mut stream = stream.named("off the start");
    for block in blocks.iter_mut() {
        block.entries_mut().iter_mut().for_each(|x| *x += 0.3 * stream.normal());
    }
    blocks
}

/// The derivative of the objective by one entry of a block: central differences of the fourth order,
/// so that with steps of 2e-3 neither truncation nor rounding reaches the tolerance.
fn difference(
    objective: &Objective<f64>,
    blocks: &Blocks<f64>,
    (name, place): (&str, usize),
    h: f64,
) -> f64 {
    let at = |step: f64| {
        let mut moved = blocks.clone();
        matrix_mut(&mut moved, name).data_mut()[place] += step;
        objective.value(&moved).unwrap()
    };
    (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h)
}

#[test]
fn every_derivative_agrees_with_central_differences() {
    for (name, architecture) in architectures() {
        let objective = objective(&architecture);
        let blocks = point(&objective);
        let (_, gradient) = objective.gradient(&blocks, &Stream::new("unused", 0, 0)).unwrap();
        assert_eq!(gradient.shapes(), blocks.shapes(), "{name}");
        let largest = (gradient.iter()).map(|(_, block)| block.norm_squared().sqrt());
        let largest = largest.fold(0.0, f64::max);
        for (block, _) in blocks.iter() {
            for (place, &exact) in matrix(&gradient, block).data().iter().enumerate() {
                // A state may cross the kink of an activation within long steps, not within short
                // ones; these round more, still far below the tolerance.
                let found =
                    [2e-3, 2e-6].map(|h| difference(&objective, &blocks, (block, place), h));
                let agrees =
                    |found: &f64| (found - exact).abs() <= 1e-6 * exact.abs().max(1e-3 * largest);
                let agrees = found.iter().any(agrees);
                assert!(agrees, "{name}: {block} {place}: {found:?} against {exact}");
            }
        }
    }
}

#[test]
fn a_wrong_gradient_is_noticed() {
    let (_, architecture) = architectures().swap_remove(0);
    let objective = objective(&architecture);
    let blocks = point(&objective);
    let (_, gradient) = objective.gradient(&blocks, &Stream::new("unused", 0, 0)).unwrap();
    let wrong = matrix(&gradient, "row").data()[4] * (1.0 + 1e-4);
    assert!((difference(&objective, &blocks, ("row", 4), 2e-3) - wrong).abs() > 1e-6 * wrong.abs());
}

/// Each alternative has the blocks that it needs and no others; those of another model are refused.
#[test]
fn blocks_are_those_of_the_alternative() {
    let names = |architecture: &Architecture| -> Vec<String> {
        let blocks = objective(architecture).start(&Stream::new("names", 0, 0));
        blocks.iter().map(|(name, _)| name.to_owned()).collect()
    };
    let base = Architecture::new(7, 3, 5);
    let free = Architecture { recurrence: Recurrence::Free, ..base.clone() };
    let constant = Architecture { recurrence: Recurrence::Constant, ..base.clone() };
    let deviating = InitialStates::Hierarchy { confined: true, spread: 0.4 };
    let deviating = names(&Architecture { initial: deviating, ..base.clone() });
    assert_eq!(deviating[..2], ["initial", "deviations"]);
    let shared = ["initial", "column", "row", "mean", "whitened", "readout", "offset"];
    assert_eq!(names(&base), shared);
    assert_eq!(names(&constant), ["initial", "column", "row", "mean", "readout", "offset"]);
    let own = ["initial", "column", "free_column", "free_row", "readout", "offset"];
    assert_eq!(names(&free), own);
    let blocks = objective(&free).start(&Stream::new("names", 0, 0));
    let error = objective(&base).model(&blocks).unwrap_err().to_string();
    assert!(error.starts_with("list of blocks is [(\"initial\""), "{error}");
}

/// In one trial the model is the network of the theorems, in its current form.
#[test]
fn a_trial_runs_as_the_network_of_the_theorems_does() {
    let objective = objective(&Architecture::new(7, 3, 5));
    let model = objective.model(&point(&objective)).unwrap();
    let means = objective.predictions(&model);
    for trial in [0, 33] {
        let dynamics = model.dynamics(objective.architecture(), trial);
        let weights = Factors::new(model.weights(trial), Matrix::scaled_identity(7, 1.0));
        let weights = Block::low_rank(0.0, weights);
        let mut state = Matrix::from_columns(7, 1, model.initial_state(trial));
        let leak = objective.architecture().leak;
        let current = NetworkDynamics::current(leak, crate::network::Activation::Tanh);
        let (b, c) = (Matrix::zeros(7, 1), model.readout().clone());
        let other = crate::network::Network::rnn(current, weights, b, c)
            .expect("shapes that fit")
            .with("h0", state.clone());
        let run = forward(&other, &Matrix::zeros(1, 4), 1);
        for t in 0..5 {
            let expected = run.states.column(t);
            let error = state.data().iter().zip(expected).map(|(a, b)| (a - b).abs());
            assert!(error.fold(0.0, f64::max) < 1e-13, "bin {t} of trial {trial}");
            for n in 0..6 {
                let expected = run.outputs[(n, t)] + model.offset().unwrap()[(n, 0)];
                let found = means[(trial * 5 + t) * 6 + n];
                assert!((found - expected).abs() < 1e-13 * expected.abs().max(1.0));
            }
            state = dynamics.step(&state);
        }
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let objective = objective(&Architecture::new(7, 3, 5));
    let blocks = point(&objective);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| objective.gradient(&blocks, &Stream::new("noise", 0, 0)).unwrap())
    };
    let (losses, gradient) = with(1);
    for threads in [2, 3] {
        assert_eq!((losses, gradient.clone()), with(threads));
    }
}
