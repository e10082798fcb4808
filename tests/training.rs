//! Optimizers against recurrences worked by hand, and trajectories against the weights as trained.

use rankproof::matrix::{Matrix, RankRevealing, SingularValues};
use rankproof::network::{
    Activation, Dynamics, Network, Parameters, SquaredError, Trained, Weights,
};
use rankproof::scalar::{Fp, Scalar, Stream};
use rankproof::task::{Dimensions, Task, TaskFamily};
use rankproof::theorem::{
    Arithmetic, Case, CaseId, DirectionKind, Domain, Instance, MethodKind, Setting,
};
use rankproof::training::{
    Batches, Direction, Method, Optimizer, Schedule, Storage, Training, TrainingError, Trajectory,
};

/// One neuron with h_0 = 1, C = 1 and the target 0 at time 1 alone: the loss is w^2 / 2, so that
/// the gradient is w.
fn quadratic<S: RankRevealing>(start: S, optimizer: Optimizer<S>, steps: usize) -> Vec<S> {
    let one = Matrix::from_rows(&[[S::ONE]]);
    let w = Weights::scaled_identity(1, start);
    let mut parameters = Parameters::new(w, one.clone(), one.clone());
    parameters.h0 = one;
    let zero = [[S::ZERO, S::ZERO]];
    let task = Task::new(
        1,
        Matrix::from_rows(&[[S::ZERO]]),
        Matrix::from_rows(&zero),
        Matrix::from_rows(&[[S::ZERO, S::ONE]]),
    );
    let network = Network { dynamics: Dynamics::rate(S::ONE, Activation::Identity), parameters };
    let training = Training::new(network, &task, &SquaredError, optimizer);
    let trajectory = training.run(steps).expect("finite");
    (0..=steps).map(|k| trajectory.slice(k)[(0, 0)]).collect()
}

fn plain<S: Scalar>(method: Method<S>, size: S) -> Optimizer<S> {
    Optimizer { method, ..Optimizer::gradient_descent(size) }
}

#[test]
fn methods_follow_their_recurrences_exactly() {
    let (start, size, mu) = (Fp::new(12345), Fp::new(777), Fp::new(31));
    let one = Fp::ONE;

    let found = quadratic(start, plain(Method::GradientDescent, size), 4);
    assert_eq!(found[4], start * (one - size).power(4));

    let found = quadratic(start, plain(Method::HeavyBall { momentum: mu }, size), 4);
    let (mut x, mut velocity) = (start, Fp::ZERO);
    for &found in &found[1..] {
        velocity = mu * velocity + x;
        x -= size * velocity;
        assert_eq!(found, x);
    }

    let found = quadratic(start, plain(Method::Nesterov { momentum: mu }, size), 4);
    let (mut x, mut before) = (start, start);
    for &found in &found[1..] {
        let ahead = x + mu * (x - before);
        (before, x) = (x, ahead - size * ahead);
        assert_eq!(found, x);
    }

    // Runge-Kutta on x' = -x multiplies by the Taylor polynomial of e^-size.
    let found = quadratic(start, plain(Method::GradientFlow, size), 3);
    let taylor = |n: i64, term: Fp| term * Fp::ratio(1, (1..=n).product());
    let factor =
        one - size + taylor(2, size.power(2)) - taylor(3, size.power(3)) + taylor(4, size.power(4));
    assert_eq!(found[3], start * factor.power(3));
}

/// One Newton-Schulz step of Muon on a number, and its five.
fn orthogonalised(mut x: Fp) -> Fp {
    let [a, b, c] = [34445, -47750, 20315].map(|numerator| Fp::ratio(numerator, 10_000));
    for _ in 0..5 {
        let square = x * x;
        x = a * x + b * x * square + c * x * square * square;
    }
    x
}

/// Jordan et al. 2024: the momentum is accumulated, then orthogonalised, and weight decay is
/// decoupled. In a field nothing is divided by a norm.
#[test]
fn muon_orthogonalises_its_momentum() {
    let (start, size, mu, decay) = (Fp::new(12345), Fp::new(777), Fp::new(31), Fp::new(5));
    let muon = |method| Optimizer {
        direction: Direction::muon(),
        weight_decay: decay,
        ..plain(method, size)
    };
    let shrink = Fp::ONE - size * decay;

    let (mut x, mut velocity) = (start, Fp::ZERO);
    for found in &quadratic(start, muon(Method::HeavyBall { momentum: mu }), 4)[1..] {
        velocity = mu * velocity + x;
        x = shrink * x - size * orthogonalised(velocity);
        assert_eq!(*found, x);
    }

    let (mut x, mut velocity) = (start, Fp::ZERO);
    for found in &quadratic(start, muon(Method::Nesterov { momentum: mu }), 4)[1..] {
        velocity = mu * velocity + x;
        x = shrink * x - size * orthogonalised(x + mu * velocity);
        assert_eq!(*found, x);
    }

    let mut x = start;
    for found in &quadratic(start, muon(Method::GradientDescent), 4)[1..] {
        x = shrink * x - size * orthogonalised(x);
        assert_eq!(*found, x);
    }
}

/// Two neurons, the singular values of whose weights are to become zero: the step of Muon has
/// singular values of one kind, that of momentum after it would not.
#[test]
fn the_first_step_of_muon_is_nearly_orthogonal() {
    let dimensions = Dimensions { neurons: 2, d_in: 2, d_out: 2, steps: 3, trials: 4 };
    let setting = Setting {
        direction: DirectionKind::Muon,
        method: MethodKind::Nesterov,
        learning_steps: 5,
        ..Setting::plain(dimensions)
    };
    let case = Case::<f64>::draw(&setting, Stream::new("muon", 0, 0), None).expect("in f64");
    let trajectory = case.training().run(setting.learning_steps).expect("finite");
    for direction in &trajectory.gradients {
        let values = f64::singular_values(&direction.to_matrix());
        // Newton-Schulz with these coefficients ends between 0.68 and 1.13.
        assert!(values.iter().all(|value| (0.6..1.2).contains(value)), "{values:?}");
    }
}

#[test]
fn decay_and_schedules_enter_each_step() {
    let (start, decay) = (Fp::new(99), Fp::new(5));
    let sizes = vec![Fp::new(2), Fp::new(3)];
    let optimizer = Optimizer {
        schedule: Schedule::Listed(sizes.clone()),
        weight_decay: decay,
        ..Optimizer::gradient_descent(Fp::ONE)
    };
    let factor = |size| Fp::ONE - size * (Fp::ONE + decay);
    let found = quadratic(start, optimizer, 3);
    assert_eq!(found[3], start * factor(sizes[0]) * factor(sizes[1]).power(2));

    let schedule = Schedule::Geometric { initial: Fp::new(4), factor: Fp::new(7) };
    assert_eq!([0, 1, 2].map(|k| schedule.at(k)), [4, 28, 196].map(Fp::new));
}

#[test]
fn clipping_shortens_long_gradients_alone() {
    let optimizer = Optimizer { clip: Some(1.0), ..Optimizer::gradient_descent(0.5) };
    let found = quadratic(-2.0, optimizer, 4);
    assert_eq!(found, [-2.0, -1.5, -1.0, -0.5, -0.25]);
}

fn cases(arithmetic: Arithmetic) -> impl Iterator<Item = (Setting, Stream)> {
    let domain = Domain::any_network(arithmetic);
    (0..80).map(move |number| {
        let theorem = rankproof::theorem::find("tensor-telescoping").expect("in the registry");
        let id = CaseId { arithmetic, seed: 1, number };
        let mut setting = theorem.run(id, None).setting;
        setting.learning_steps = 1 + number as usize % *domain.learning_steps.end();
        (setting, Stream::new("training tests", 1, number))
    })
}

fn trained<S: RankRevealing>(
    setting: &Setting,
    stream: Stream,
) -> Option<rankproof::training::Trajectory<S>> {
    Case::draw(setting, stream, None).ok()?.train().ok()
}

#[test]
fn the_factors_of_a_trajectory_rebuild_its_weights() {
    for (setting, stream) in cases(Arithmetic::Exact) {
        let trajectory: Trajectory<Fp> = trained(&setting, stream).expect("no run ends in a field");
        for k in 0..=trajectory.steps() {
            assert_eq!(trajectory.rebuilt(k).to_matrix(), trajectory.slice(k), "{setting}");
        }
    }
    for (setting, stream) in cases(Arithmetic::F64) {
        let Some(trajectory) = trained::<f64>(&setting, stream) else { continue };
        for k in 0..=trajectory.steps() {
            let difference = trajectory.rebuilt(k).to_matrix().minus(&trajectory.slice(k));
            assert!(difference.norm() <= trajectory.noise(k), "{setting}");
        }
    }
}

#[test]
fn a_tensor_from_factors_is_that_of_the_slices() {
    for (setting, stream) in cases(Arithmetic::Exact) {
        let instance = Instance::<Fp>::draw(&setting, &stream).expect("a setting of the field");
        let run = |storage| {
            let (network, optimizer) = (instance.network.clone(), instance.optimizer.clone());
            let training = Training {
                trained: setting.trained,
                batches: instance.batches.clone(),
                storage,
                ..Training::new(network, &instance.task, &SquaredError, optimizer)
            };
            training.run(setting.learning_steps).expect("no run ends in a field")
        };
        let (slices, factors) = (run(Storage::Slices), run(Storage::Factors));
        assert_eq!(slices.losses, factors.losses);
        for k in 1..=setting.learning_steps {
            assert_eq!(slices.increments().slice(k - 1), factors.increments().slice(k - 1));
            assert_eq!(slices.slice(k), factors.slice(k));
        }
        let ranks =
            |trajectory: &Trajectory<Fp>| trajectory.increments().reduced().unfolding_ranks(0.0);
        assert_eq!(ranks(&slices), ranks(&factors));
    }
}

fn random_task(trials: usize) -> (Network<f64>, Task<f64>) {
    let dimensions = Dimensions { neurons: 4, d_in: 2, d_out: 1, steps: 3, trials };
    let stream = Stream::new("training tests", 2, 0);
    let task = TaskFamily::RandomTargets.draw(&dimensions, &stream).expect("in every arithmetic");
    let random = |rows, cols, name: &str| Matrix::random(rows, cols, &mut stream.named(name));
    let w = Weights::dense(random(4, 4, "W"));
    let mut parameters = Parameters::new(w, random(4, 2, "B"), random(1, 4, "C"));
    parameters.h0 = random(4, trials, "h0");
    (Network { dynamics: Dynamics::current(0.5, Activation::Tanh), parameters }, task)
}

fn training<'a>(network: Network<f64>, task: &'a Task<f64>, size: f64) -> Training<'a, f64> {
    let optimizer = Optimizer::gradient_descent(size);
    Training { trained: Trained::ALL, ..Training::new(network, task, &SquaredError, optimizer) }
}

/// A trial's own initial state moves only when the trial is in the batch.
#[test]
fn minibatches_visit_every_trial_before_any_comes_again() {
    let (trials, size) = (6, 2);
    let (network, task) = random_task(trials);
    let start = network.parameters.h0.clone();
    for steps in 1..=trials / size {
        let stream = Box::new(Stream::new("batches", 0, 0));
        let batches = Batches::Mini { size, stream };
        let trained = Trained { h0: true, w: false, b: false, c: false, bias: false };
        let run = Training { batches, trained, ..training(network.clone(), &task, 0.1) };
        let end = run.run(steps).expect("finite").end.h0;
        let moved = (0..trials).filter(|&trial| end.column(trial) != start.column(trial)).count();
        assert_eq!(moved, steps * size);
    }
}

#[test]
fn divergence_ends_a_run_and_names_the_step() {
    let (mut network, task) = random_task(3);
    network.dynamics.psi = Activation::Identity;
    network.dynamics.phi = Activation::Identity;
    let error = training(network, &task, 1e80).run(50).expect_err("no number is that large");
    let TrainingError::Diverged { step, .. } = error else { panic!("{error}") };
    assert!((1..5).contains(&step), "{error}");
    assert!(error.to_string().contains(&format!("learning step {step}")), "{error}");
}

#[test]
fn what_is_not_trained_stays() {
    let (network, task) = random_task(3);
    let run = Training { trained: Trained::W, ..training(network.clone(), &task, 0.1) };
    let trajectory = run.run(3).expect("finite");
    let (start, end) = (&network.parameters, &trajectory.end);
    assert_eq!((&end.b, &end.c, &end.bias, &end.h0), (&start.b, &start.c, &start.bias, &start.h0));
    assert_ne!(end.w.to_matrix(), start.w.to_matrix());
    assert_eq!(end.w.to_matrix(), trajectory.slice(3));
}

#[test]
fn the_loss_falls_along_the_gradient() {
    let (network, task) = random_task(4);
    let trajectory = training(network, &task, 0.05).run(40).expect("finite");
    assert_eq!(trajectory.losses.len(), 41);
    assert!(trajectory.losses.windows(2).all(|pair| pair[1] < pair[0]), "{:?}", trajectory.losses);
}
