//! Optimizers against recurrences worked by hand, and trajectories against the weights as trained.

use rankproof::blocks::{Block, Blocks, Subset};
use rankproof::matrix::{Matrix, RankRevealing, SingularValues};
use rankproof::network::architecture::{Architecture, LossGradient, Rnn, Workspace};
use rankproof::network::{Activation, Dynamics, Loss, Network, SquaredError};
use rankproof::scalar::{Fp, Scalar, Stream};
use rankproof::tape::{Scope, TapeError, Var};
use rankproof::task::{Dimensions, Task, TaskFamily};
use rankproof::theorem::{
    Arithmetic, Case, CaseId, Domain, Instance, RuleKind, Setting, StepperKind,
};
use rankproof::training::{
    Batches, Optimizer, Schedule, Stepper, Storage, Training, TrainingError, Trajectory, UpdateRule,
};

/// One neuron with h_0 = 1, C = 1 and the target 0 at time 1 alone: the loss is w^2 / 2, so that
/// the gradient is w.
fn quadratic<S: RankRevealing>(start: S, optimizer: Optimizer<S>, steps: usize) -> Vec<S> {
    let one = Matrix::from_rows(&[[S::ONE]]);
    let dynamics = Dynamics::rate(S::ONE, Activation::Identity);
    let w = Block::scaled_identity(1, start);
    let network = Network::rnn(dynamics, w, one.clone(), one.clone()).expect("shapes that fit");
    let network = network.with("h0", one);
    let zero = [[S::ZERO, S::ZERO]];
    let task = Task::new(
        1,
        Matrix::from_rows(&[[S::ZERO]]),
        Matrix::from_rows(&zero),
        Matrix::from_rows(&[[S::ZERO, S::ONE]]),
    );
    let training = Training {
        trained: Subset::only(["W"]),
        ..Training::new(&network, &task, &SquaredError, optimizer)
    };
    let trajectory = training.run(steps).expect("finite");
    (0..=steps).map(|k| trajectory.weights_at(k)[(0, 0)]).collect()
}

fn plain<S: Scalar>(stepper: Stepper<S>, size: S) -> Optimizer<S> {
    Optimizer { stepper, ..Optimizer::gradient_descent(size) }
}

#[test]
fn methods_follow_their_recurrences_exactly() {
    let (start, size, mu) = (Fp::new(12345), Fp::new(777), Fp::new(31));
    let one = Fp::ONE;

    let found = quadratic(start, plain(Stepper::GradientDescent, size), 4);
    assert_eq!(found[4], start * (one - size).power(4));

    let found = quadratic(start, plain(Stepper::HeavyBall { momentum: mu }, size), 4);
    let (mut x, mut velocity) = (start, Fp::ZERO);
    for &found in &found[1..] {
        velocity = mu * velocity + x;
        x -= size * velocity;
        assert_eq!(found, x);
    }

    let found = quadratic(start, plain(Stepper::Nesterov { momentum: mu }, size), 4);
    let (mut x, mut before) = (start, start);
    for &found in &found[1..] {
        let ahead = x + mu * (x - before);
        (before, x) = (x, ahead - size * ahead);
        assert_eq!(found, x);
    }

    // Runge-Kutta on x' = -x multiplies by the Taylor polynomial of e^-size.
    let found = quadratic(start, plain(Stepper::GradientFlow, size), 3);
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
    let muon = |stepper| Optimizer {
        rule: UpdateRule::muon(),
        weight_decay: decay,
        ..plain(stepper, size)
    };
    let shrink = Fp::ONE - size * decay;

    let (mut x, mut velocity) = (start, Fp::ZERO);
    for found in &quadratic(start, muon(Stepper::HeavyBall { momentum: mu }), 4)[1..] {
        velocity = mu * velocity + x;
        x = shrink * x - size * orthogonalised(velocity);
        assert_eq!(*found, x);
    }

    let (mut x, mut velocity) = (start, Fp::ZERO);
    for found in &quadratic(start, muon(Stepper::Nesterov { momentum: mu }), 4)[1..] {
        velocity = mu * velocity + x;
        x = shrink * x - size * orthogonalised(x + mu * velocity);
        assert_eq!(*found, x);
    }

    let mut x = start;
    for found in &quadratic(start, muon(Stepper::GradientDescent), 4)[1..] {
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
        rule: RuleKind::Muon,
        stepper: StepperKind::Nesterov,
        learning_steps: 5,
        ..Setting::plain(dimensions)
    };
    let case = Case::<f64>::draw(&setting, Stream::new("muon", 0, 0), None).expect("in f64");
    let trajectory = case.training().run(setting.learning_steps).expect("finite");
    for direction in trajectory.gradients() {
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

/// Along plain descent weight decay does not pass through the rule, as AdamW, Lion and Muon have it.
fn decay_is_decoupled<S: RankRevealing>(tolerance: f64) {
    let (start, size, decay) = (S::ratio(7, 10), S::ratio(1, 8), S::ratio(1, 4));
    for (kind, rule) in RuleKind::ALL.into_iter().filter_map(|kind| Some((kind, kind.usual()?))) {
        let step = |weight_decay| {
            let plain = Optimizer::gradient_descent(size);
            quadratic(start, Optimizer { rule: UpdateRule::clone(&rule), weight_decay, ..plain }, 1)
        };
        let difference = step(decay)[1] - (step(S::ZERO)[1] - size * decay * start);
        let error = S::ELEMENTARY.map_or(0.0, |real| (real.to_f64)(difference).abs());
        assert!(difference == S::ZERO || error < tolerance, "{kind:?}: {difference}");
    }
}

#[test]
fn decay_is_decoupled_from_every_rule() {
    decay_is_decoupled::<Fp>(0.0);
    decay_is_decoupled::<f64>(1e-15);
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
            assert_eq!(
                trajectory.combination(k).to_matrix(),
                trajectory.weights_at(k),
                "{setting}"
            );
        }
    }
    for (setting, stream) in cases(Arithmetic::F64) {
        let Some(trajectory) = trained::<f64>(&setting, stream) else { continue };
        for k in 0..=trajectory.steps() {
            let difference = trajectory.combination(k).to_matrix().minus(&trajectory.weights_at(k));
            assert!(difference.norm() <= trajectory.noise(k), "{setting}");
        }
    }
}

#[test]
fn a_tensor_from_factors_is_that_of_the_slices() {
    for (setting, stream) in cases(Arithmetic::Exact) {
        let instance = Instance::<Fp>::draw(&setting, &stream).expect("a setting of the field");
        let run = |storage| {
            let Instance { network, task, optimizer, batches, .. } = &instance;
            let states = network.parts().h0.cols();
            let training = Training {
                trained: setting.trained.clone(),
                followed: Some(Subset::only(["W"])),
                batches: batches.clone(),
                per_trial: if states > 1 { Subset::only(["h0"]) } else { Subset::none() },
                storage,
                ..Training::new(network, task, &SquaredError, optimizer.clone())
            };
            training.run(setting.learning_steps).expect("no run ends in a field")
        };
        let (slices, factors) = (run(Storage::Slices), run(Storage::Factors));
        assert_eq!(slices.losses, factors.losses);
        for k in 1..=setting.learning_steps {
            assert_eq!(slices.increments().slice(k - 1), factors.increments().slice(k - 1));
            assert_eq!(slices.weights_at(k), factors.weights_at(k));
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
    let w = Block::from(random(4, 4, "W"));
    let dynamics = Dynamics::current(0.5, Activation::Tanh);
    let network = Network::rnn(dynamics, w, random(4, 2, "B"), random(1, 4, "C"));
    (network.expect("shapes that fit").with("h0", random(4, trials, "h0")), task)
}

fn training<'a>(network: &'a Network<f64>, task: &'a Task<f64>, size: f64) -> Training<'a, f64> {
    Training::new(network, task, &SquaredError, Optimizer::gradient_descent(size))
}

/// A trial's own initial state moves only when the trial is in the batch.
#[test]
fn minibatches_visit_every_trial_before_any_comes_again() {
    let (trials, size) = (6, 2);
    let (network, task) = random_task(trials);
    let start = network.parts().h0;
    for steps in 1..=trials / size {
        let stream = Box::new(Stream::new("batches", 0, 0));
        let batches = Batches::Mini { size, stream };
        let trained = Subset::only(["h0"]);
        let per_trial = trained.clone();
        let run = Training { batches, trained, per_trial, ..training(&network, &task, 0.1) };
        let end = run.run(steps).expect("finite").of("h0").expect("followed").weights_at(steps);
        let moved = (0..trials).filter(|&trial| end.column(trial) != start.column(trial)).count();
        assert_eq!(moved, steps * size);
    }
}

#[test]
fn divergence_ends_a_run_and_names_the_step() {
    let (mut network, task) = random_task(3);
    network.architecture.dynamics = Dynamics::linear(0.5);
    let error = training(&network, &task, 1e80).run(50).expect_err("no number is that large");
    let TrainingError::Diverged { step, .. } = error else { panic!("{error}") };
    assert!((1..5).contains(&step), "{error}");
    assert!(error.to_string().contains(&format!("learning step {step}")), "{error}");
}

#[test]
fn what_is_not_trained_stays() {
    let (network, task) = random_task(3);
    let run = Training { trained: Subset::only(["W"]), ..training(&network, &task, 0.1) };
    let trajectory = run.run(3).expect("finite");
    for (name, block) in network.blocks.iter() {
        assert_eq!(trajectory.end.get(name) == Ok(block), name != "W", "{name}");
    }
    let end = trajectory.end.get("W").expect("a block").to_matrix();
    assert_eq!(end, trajectory.weights_at(3));
}

#[test]
fn the_loss_falls_along_the_gradient() {
    let (network, task) = random_task(4);
    let trajectory = training(&network, &task, 0.05).run(40).expect("finite");
    assert_eq!(trajectory.losses.len(), 41);
    assert!(trajectory.losses.windows(2).all(|pair| pair[1] < pair[0]), "{:?}", trajectory.losses);
}

/// Inputs open a gate: h' = (W h) * (B u), y = C h.
struct Gated;

impl<S: Scalar> Architecture<S> for Gated {
    fn forward<'t>(&self, scope: &Scope<'t, S>, inputs: &[Var<'t, S>]) -> Vec<Var<'t, S>> {
        let [w, b, c, h0] = scope.blocks(["W", "B", "C", "h0"]);
        let mut h = h0.spread();
        let mut outputs = vec![c * h];
        for &u in inputs {
            h = (w * h) * (b * u);
            outputs.push(c * h);
        }
        outputs
    }
}

fn gated(sizes: &Dimensions) -> (Network<Fp, Gated>, Task<Fp>) {
    let stream = Stream::new("gated", 0, 0);
    let n = sizes.neurons;
    let shapes = [("W", (n, n)), ("B", (n, sizes.d_in)), ("C", (sizes.d_out, n)), ("h0", (n, 1))];
    let shapes = shapes.map(|(name, shape)| (name.to_string(), shape)).to_vec();
    let task = TaskFamily::RandomTargets.draw(sizes, &stream).expect("in every arithmetic");
    let blocks = Blocks::random(&shapes, &stream.named("blocks"));
    (Network { architecture: Gated, blocks }, task)
}

const SIZES: Dimensions = Dimensions { neurons: 4, d_in: 2, d_out: 1, steps: 3, trials: 3 };

/// Optimizers of the field, of every kind of direction, with momentum and weight decay.
fn field_optimizers() -> Vec<Optimizer<Fp>> {
    let momentum = Fp::new(31);
    let steppers = [
        Stepper::GradientDescent,
        Stepper::HeavyBall { momentum },
        Stepper::Nesterov { momentum },
        Stepper::GradientFlow,
    ];
    let rules = [UpdateRule::Gradient, UpdateRule::cube(), UpdateRule::muon()];
    let mut optimizers = Vec::new();
    for stepper in steppers {
        for rule in rules.clone() {
            let (stepper, weight_decay) = (stepper.clone(), Fp::new(5));
            let plain = Optimizer::gradient_descent(Fp::new(777));
            optimizers.push(Optimizer { stepper, rule, weight_decay, ..plain });
        }
    }
    optimizers
}

/// Every block of a network of one's own is the start and its gradients with the coefficients of
/// the trajectory, in full and in factors, on all trials and on some.
#[test]
fn every_trained_block_of_an_architecture_telescopes() {
    let (network, task) = gated(&SIZES);
    let trained = Subset::named(&network.blocks, ["W", "B", "h0"]).expect("names of blocks");
    for optimizer in field_optimizers() {
        for size in [2, 3] {
            let run = |storage| {
                let stream = Box::new(Stream::new("batches", 0, 0));
                let training = Training {
                    trained: trained.clone(),
                    batches: Batches::Mini { size, stream },
                    storage,
                    ..Training::new(&network, &task, &SquaredError, optimizer.clone())
                };
                training.run(3).expect("no run ends in a field")
            };
            let (full, factors) = (run(Storage::Slices), run(Storage::Factors));
            assert_eq!(full.losses, factors.losses);
            assert_ne!(full.losses[0], full.losses[3]);
            for name in ["W", "B", "h0"] {
                let (full, factors) = (full.of(name).unwrap(), factors.of(name).unwrap());
                for k in 0..=3 {
                    assert_eq!(
                        full.combination(k).to_matrix(),
                        full.weights_at(k),
                        "{name} {optimizer:?}"
                    );
                    assert_eq!(factors.weights_at(k), full.weights_at(k), "{name} {optimizer:?}");
                }
                assert_ne!(full.weights_at(3), full.weights_at(0), "{name} {optimizer:?}");
            }
            assert_eq!(full.end.get("C"), network.blocks.get("C"));
            assert!(full.of("C").is_err());
        }
    }
}

/// A recurrent network without its adjoint.
struct ByTape(Rnn<Fp>);

impl Architecture<Fp> for ByTape {
    fn forward<'t>(&self, scope: &Scope<'t, Fp>, inputs: &[Var<'t, Fp>]) -> Vec<Var<'t, Fp>> {
        self.0.forward(scope, inputs)
    }
}

/// The same run by the adjoint and by the tape, whatever is followed.
#[test]
fn the_adjoint_and_the_tape_train_alike() {
    let stream = Stream::new("architecture", 0, 0);
    let rnn = Rnn::new(Dynamics::current(Fp::ratio(1, 2), squares()));
    let by_tape = ByTape(rnn.clone());
    let start = Blocks::random(&rnn.shapes(&SIZES), &stream);
    let task = TaskFamily::RandomTargets.draw(&SIZES, &stream).expect("in every arithmetic");
    let architectures: [&dyn Architecture<Fp>; 2] = [&rnn, &by_tape];
    for optimizer in field_optimizers() {
        for followed in [None, Some(Subset::only(["W"])), Some(Subset::only(["W", "C"]))] {
            let runs = architectures.map(|architecture| {
                let (blocks, optimizer) = (start.clone(), optimizer.clone());
                let training = Training {
                    trained: Subset::only(["W", "B", "bias"]),
                    followed: followed.clone(),
                    ..Training::of(architecture, blocks, &task, &SquaredError, optimizer)
                };
                training.run(3).expect("a field")
            });
            assert_eq!(runs[0].losses, runs[1].losses);
            assert_eq!(runs[0].end, runs[1].end);
            for (name, own) in runs[0].followed() {
                let other = runs[1].of(name).expect("the same blocks");
                assert_eq!(own.gradients(), other.gradients(), "{name}");
                for k in 0..=3 {
                    assert_eq!(own.weights_at(k), other.weights_at(k), "{name}");
                    assert_eq!(own.combination(k).to_matrix(), own.weights_at(k), "{name}");
                }
            }
        }
    }
}

/// Spectral directions act on what is followed; other blocks move along their gradients.
#[test]
fn spectral_directions_act_on_the_followed_blocks() {
    let (network, task) = gated(&SIZES);
    let size = Fp::new(777);
    let run = |rule, followed: &[&str]| {
        let optimizer = Optimizer { rule, ..Optimizer::gradient_descent(size) };
        let training = Training {
            followed: Some(Subset::only(followed.iter().copied())),
            ..Training::new(&network, &task, &SquaredError, optimizer)
        };
        training.run(1).expect("a field").end
    };
    let plain = run(UpdateRule::Gradient, &["W"]);
    for followed in [&["W"][..], &["B"], &["W", "B"]] {
        let end = run(UpdateRule::muon(), followed);
        for (name, block) in end.iter() {
            assert_eq!(Ok(block) != plain.get(name), followed.contains(&name), "{name}");
        }
    }
}

fn squares<S: Scalar>() -> Activation<S> {
    Activation::Polynomial(vec![S::ZERO, S::ONE, S::ONE])
}

#[test]
fn blocks_that_do_not_fit_are_an_error() {
    let (network, task) = gated(&SIZES);
    let wide = network.blocks.clone().with("C", Matrix::zeros(2, 4));
    for (steps, blocks) in [(0, wide.clone()), (1, wide), (1, Blocks::default())] {
        let optimizer = Optimizer::gradient_descent(Fp::ONE);
        let training = Training::of(&Gated, blocks, &task, &SquaredError, optimizer);
        let error = training.run(steps).expect_err("blocks that do not fit");
        assert!(matches!(error, TrainingError::Architecture(_)), "{error}");
    }
}

/// A misspelt name would train nothing in silence.
#[test]
fn a_name_that_no_block_has_is_an_error() {
    let (network, task) = gated(&SIZES);
    let unknown = || Subset::only(["V"]);
    let plain =
        || Training::new(&network, &task, &SquaredError, Optimizer::gradient_descent(Fp::ONE));
    for training in [
        Training { trained: unknown(), ..plain() },
        Training { followed: Some(unknown()), ..plain() },
        Training { per_trial: unknown(), ..plain() },
    ] {
        let error = training.run(1).expect_err("no block V");
        assert_eq!(error.to_string(), "no block is named V; there are: W, B, C, h0");
    }
}

/// An architecture of one's own may have a gradient of its own, and may have it wrong.
struct OtherShapes;

impl Architecture<Fp> for OtherShapes {
    fn forward<'t>(&self, scope: &Scope<'t, Fp>, inputs: &[Var<'t, Fp>]) -> Vec<Var<'t, Fp>> {
        Gated.forward(scope, inputs)
    }

    fn gradient(
        &self,
        blocks: &Blocks<Fp>,
        trained: &Subset,
        task: &Task<Fp>,
        loss: &dyn Loss<Fp>,
        workspace: &mut Workspace<Fp>,
    ) -> Result<LossGradient<Fp>, TapeError> {
        let mut found = Gated.gradient(blocks, trained, task, loss, workspace)?;
        found.blocks = found.blocks.with("B", Matrix::zeros(1, 1));
        Ok(found)
    }
}

#[test]
fn a_gradient_of_other_shapes_is_an_error() {
    let (Network { blocks, .. }, task) = gated(&SIZES);
    let optimizer = Optimizer::gradient_descent(Fp::ONE);
    let training = Training::of(&OtherShapes, blocks, &task, &SquaredError, optimizer);
    let error = training.run(1).expect_err("another shape");
    assert!(error.to_string().contains("other names or shapes"), "{error}");
}

/// A state of each trial moves only when its trial is in the batch; all trials at once are the
/// same with and without naming it.
#[test]
fn a_column_for_each_trial_is_in_the_batches_of_its_trial() {
    let (network, task) = gated(&SIZES);
    let states = Matrix::random(4, 3, &mut Stream::new("states", 0, 0));
    let network = network.with("h0", states.clone());
    let run = |batches, name| {
        let optimizer = Optimizer::gradient_descent(Fp::new(777));
        let training = Training {
            batches,
            per_trial: Subset::only([name]),
            ..Training::new(&network, &task, &SquaredError, optimizer)
        };
        training.run(1)
    };
    let mini = || Batches::Mini { size: 2, stream: Box::new(Stream::new("batches", 0, 0)) };
    let trajectory = run(mini(), "h0").expect("no run ends in a field");
    let end = trajectory.of("h0").unwrap().weights_at(1);
    let moved = (0..3).filter(|&trial| end.column(trial) != states.column(trial)).count();
    assert_eq!(moved, 2);
    assert_eq!(trajectory.of("h0").unwrap().combination(1).to_matrix(), end);
    let whole = Batches::Mini { size: 3, stream: Box::new(Stream::new("batches", 0, 0)) };
    let [permuted, full] = [run(whole, "h0"), run(Batches::Full, "h0")];
    assert_eq!(permuted.expect("a field").end, full.expect("a field").end);
    assert!(run(mini(), "W").is_err());
}
