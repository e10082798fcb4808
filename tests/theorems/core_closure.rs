use rankproof::blocks::{Block, Subset};
use rankproof::matrix::Matrix;
use rankproof::network::{Activation, Dynamics, Loss, Network, SquaredError, Transport};
use rankproof::scalar::{Fp, Scalar, Stream};
use rankproof::task::{Dimensions, Task, TaskFamily};
use rankproof::theorem::core_closure::THEOREM;
use rankproof::theorem::{Case, InitialState, InitialWeights, RuleKind, Setting, StepperKind};
use rankproof::training::{Cores, NotClosed, Optimizer, Training, UpdateRule};

use crate::harness::{catches_its_controls, holds};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

const LEAK: (i64, i64) = (3, 4);
const START: (i64, i64) = (1, 3);
const ETA: (i64, i64) = (1, 7);

fn ratio((numerator, denominator): (i64, i64)) -> Fp {
    Fp::ratio(numerator, denominator)
}

/// v I + K Gamma.
fn step_matrix(core: &Matrix<Fp>, gram: &Matrix<Fp>) -> Matrix<Fp> {
    let mut matrix = core.times(gram);
    matrix.add_scaled(ratio(START), &Matrix::scaled_identity(gram.rows(), Fp::ONE));
    matrix
}

/// The recursion of the proof for gradient descent from W_0 = w I and h_0 = 0, with X = [B, C^T]:
/// the losses before each step and the core at the end, from the Gram matrix alone.
fn learn_cores(gram: &Matrix<Fp>, task: &Task<Fp>, steps: usize) -> (Vec<Fp>, Matrix<Fp>) {
    let (d_in, sources, trials) = (task.d_in(), gram.rows(), task.trials);
    let unit = |i: usize, j: usize| Fp::from_integer(i64::from(i == j));
    let beta = Matrix::from_fn(sources, d_in, unit);
    let gamma = Matrix::from_fn(sources, task.d_out(), |i, j| unit(i, d_in + j));
    let readout = gamma.transposed().times(gram);
    let at = |matrix: &Matrix<Fp>, t: usize| {
        let columns = matrix.columns(t * trials..(t + 1) * trials).data().to_vec();
        Matrix::from_columns(matrix.rows(), trials, columns)
    };
    let leaky = |state: &Matrix<Fp>, change: &Matrix<Fp>| {
        let mut next = state.clone();
        next.scale(Fp::ONE - ratio(LEAK));
        next.add_scaled(ratio(LEAK), change);
        next
    };
    let mut core = Matrix::zeros(sources, sources);
    let mut losses = Vec::new();
    for _ in 0..steps {
        let forward = step_matrix(&core, gram);
        let mut states = vec![Matrix::zeros(sources, trials)];
        for t in 0..task.steps {
            let mut change = forward.times(&states[t]);
            change.add_scaled(Fp::ONE, &beta.times(&at(&task.inputs, t)));
            states.push(leaky(&states[t], &change));
        }
        let outputs = readout.times(&Matrix::beside(sources, &states));
        losses.push(SquaredError.value(&outputs, task));
        let errors: Matrix<Fp> = SquaredError.errors(&outputs, task);
        let backward = step_matrix(&core.transposed(), gram);
        let mut costate = gamma.times(&at(&errors, task.steps));
        for t in (0..task.steps).rev() {
            let gradient = Matrix::product(costate.view(), states[t].t());
            core.add_scaled(-ratio(ETA) * ratio(LEAK), &gradient);
            costate = leaky(&costate, &backward.times(&costate));
            costate.add_scaled(Fp::ONE, &gamma.times(&at(&errors, t)));
        }
    }
    (losses, core)
}

/// Losses and weights of networks of any width are those of a recursion of d_in + d_out numbers
/// squared, which sees B and C in [B, C^T]^T [B, C^T] alone.
#[test]
fn the_cores_are_enough_to_learn() {
    for neurons in [2, 20, 57] {
        let sizes = Dimensions { neurons, d_in: 2, d_out: 1, steps: 4, trials: 3 };
        let stream = Stream::new("cores", 0, neurons as u64);
        let task = TaskFamily::RandomTargets.draw(&sizes, &stream.named("task")).expect("exact");
        let random = |rows, cols, name| Matrix::<Fp>::random(rows, cols, &mut stream.named(name));
        let (b, c) = (random(neurons, 2, "B"), random(1, neurons, "C"));
        let sources = Matrix::beside(neurons, [&b, &c.transposed()]);
        let start = Matrix::scaled_identity(neurons, ratio(START));
        let dynamics = Dynamics::linear(ratio(LEAK));
        let network = Network::rnn(dynamics, start, b, c).expect("shapes that fit");
        let optimizer = Optimizer::gradient_descent(ratio(ETA));
        let training = Training {
            trained: Subset::only(["W"]),
            ..Training::new(&network, &task, &SquaredError, optimizer)
        };
        let trajectory = training.run(5).expect("a field has no overflow");

        let gram = Matrix::product(sources.t(), sources.view());
        let (losses, core) = learn_cores(&gram, &task, 5);
        assert_eq!(trajectory.losses[..5], losses);
        let learned = Matrix::product(sources.times(&core).view(), sources.t());
        assert_eq!(trajectory.increment(5), learned);
    }
}

/// Orthonormal columns, (14, neurons): the first ones of a reflection.
fn embedding(neurons: usize, stream: &Stream) -> Matrix<Fp> {
    const WIDER: usize = 14;
    let v = Matrix::<Fp>::random(WIDER, 1, &mut stream.named("reflection"));
    let twice = Fp::from_integer(2) * v.inner_product(&v).inverse().expect("a vector with a norm");
    Matrix::from_fn(WIDER, neurons, |i, j| {
        Fp::from_integer(i64::from(i == j)) - twice * v[(i, 0)] * v[(j, 0)]
    })
}

/// Everything that a method may be, and every start and block that learns.
fn settings() -> Vec<Setting> {
    let plain = Setting {
        learning_steps: 4,
        leak_quarters: 3,
        initial_weights: InitialWeights::LowRank(2),
        initial_state: InitialState::Common,
        bias: true,
        scheduled: true,
        ..Setting::plain(Dimensions { neurons: 9, d_in: 2, d_out: 1, steps: 4, trials: 3 })
    };
    let with = |change: &dyn Fn(&mut Setting)| {
        let mut setting = plain.clone();
        change(&mut setting);
        setting
    };
    let muon = RuleKind::Muon;
    vec![
        plain.clone(),
        with(&|own| own.initial_weights = InitialWeights::Zero),
        with(&|own| own.initial_weights = InitialWeights::ScaledIdentity),
        with(&|own| own.initial_state = InitialState::PerTrial),
        with(&|own| own.trained = Subset::All),
        with(&|own| own.trained = Subset::only(["B", "C", "h0"])),
        with(&|own| (own.stepper, own.decay) = (StepperKind::HeavyBall, true)),
        with(&|own| (own.stepper, own.trained) = (StepperKind::Nesterov, Subset::All)),
        with(&|own| own.stepper = StepperKind::GradientFlow),
        with(&|own| (own.stepper, own.rule, own.decay) = (StepperKind::Nesterov, muon, true)),
        with(&|own| (own.minibatches, own.decay) = (true, true)),
    ]
}

/// The losses, the blocks at the end and W at every step of 14 neurons are those of the 9 that
/// `Cores` makes of them, to the last bit.
#[test]
fn cores_learn_as_all_neurons_do() {
    for (number, setting) in (0..).zip(settings()) {
        let case = Case::<Fp>::draw(&setting, Stream::new("few", 0, number), None).expect("exact");
        let few = &case.instance.network;
        let identity = few.parts().w.identity();
        let basis = embedding(few.parts().neurons(), &case.stream);
        let known = Cores { basis: basis.clone(), network: few.clone() };
        let all = Network { blocks: known.widened(&few.blocks, identity), ..few.clone() };
        let rule = &case.instance.optimizer.rule;
        let cores = Cores::in_basis(&all, basis.clone(), rule).expect("a linear network");

        let run = |network: &Network<Fp>| {
            case.training_of(network).run(setting.learning_steps).expect("no overflow")
        };
        let (short, long) = (run(&cores.network), run(&all));
        assert_eq!(short.losses, long.losses, "{setting}");
        for k in 0..=setting.learning_steps {
            let image = basis.times(&short.increment(k));
            let widened = Matrix::product(image.view(), basis.t());
            assert_eq!(long.increment(k), widened, "{setting}");
        }
        let left = long.remainder(setting.learning_steps) * identity;
        let widened = cores.widened(&short.end, left);
        for (name, block) in long.end.iter() {
            let found = widened.get(name).expect("the same blocks").to_matrix();
            assert_eq!(found, block.to_matrix(), "{name} of {setting}");
        }
    }
}

/// A case of 40 neurons, whose entries of B, C, h_0, b, P and Q are of the size 1 / sqrt(40).
fn wide_case(setting: &Setting, name: &str, number: u64) -> Case<f64> {
    const NEURONS: usize = 40;
    let dimensions = Dimensions { neurons: NEURONS, ..setting.dimensions };
    let setting = Setting { dimensions, ..setting.clone() };
    let mut case = Case::<f64>::draw(&setting, Stream::new(name, 0, number), None).expect("real");
    let unit = 1.0 / (NEURONS as f64).sqrt();
    let blocks = &mut case.instance.network.blocks;
    for name in ["B", "C", "bias", "h0"] {
        blocks.get_mut(name).expect("a block").scale(unit);
    }
    if let Ok(Block::Factored { factors, .. }) = blocks.get_mut("W") {
        factors.right.scale(unit);
    }
    case
}

/// The losses of two runs of one case, relative to the first loss: how far they are apart at most.
fn apart(case: &Case<f64>, networks: [&Network<f64>; 2]) -> f64 {
    let [one, other] = networks.map(|network| {
        case.training_of(network).run(case.setting.learning_steps).expect("a run that is finite")
    });
    let pairs = one.losses.iter().zip(&other.losses);
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) / one.losses[0]
}

/// In f64 and in a basis that is found, for any network: to rounding.
#[test]
fn a_network_finds_its_cores() {
    let few = settings();
    let shampoo = Setting { rule: RuleKind::Shampoo, ..few[0].clone() };
    let clipped = Setting { clip: true, trained: Subset::All, ..few[0].clone() };
    for (number, setting) in (0..).zip(few.into_iter().chain([shampoo, clipped])) {
        let case = wide_case(&setting, "any", number);
        let (all, optimizer) = (&case.instance.network, &case.instance.optimizer);
        let cores = Cores::of(all, &optimizer.rule).expect("a linear network");
        // B, C, b, states, P and Q.
        let of_start = if setting.starts_at_identity() { 0 } else { 4 };
        assert_eq!(cores.basis.cols(), 2 + 1 + 1 + setting.states() + of_start, "{setting}");
        let difference = apart(&case, [all, &cores.network]);
        assert!(difference < 1e-11, "{difference:e} in {setting}");
    }
}

/// Without the directions of one of the sources it is another network.
#[test]
fn every_source_is_needed() {
    let [setting, ..] = &settings()[..] else { unreachable!() };
    let case = wide_case(setting, "needed", 0);
    let (all, rule) = (&case.instance.network, &case.instance.optimizer.rule);
    for source in ["W", "B", "C", "bias", "h0"] {
        let (rows, cols) = all.blocks.get(source).expect("a block").shape();
        let without = all.clone().with(
            source,
            match source {
                "W" => Block::scaled_identity(rows, all.parts().w.identity()),
                _ => Matrix::zeros(rows, cols).into(),
            },
        );
        let basis = Cores::of(&without, rule).expect("a linear network").basis;
        let cores = Cores::in_basis(all, basis, rule).expect("a linear network");
        let difference = apart(&case, [all, &cores.network]);
        assert!(difference > 1e-6, "{difference:e} without {source}");
    }
}

#[test]
fn what_does_not_close_is_refused() {
    let case = Case::<f64>::draw(&settings()[0], Stream::new("refused", 0, 0), None).expect("real");
    let linear = &case.instance.network;
    let refused = |network: &Network<f64>, rule: &UpdateRule<f64>| {
        Cores::of(network, rule).map(|_| ()).expect_err("what has no cores")
    };
    let plain = UpdateRule::Gradient;
    assert_eq!(refused(linear, &UpdateRule::adam(1e-8)), NotClosed::EntryByEntry);
    let full = linear.clone().with("W", Matrix::zeros(9, 9));
    assert_eq!(refused(&full, &plain), NotClosed::AnyStart);
    let with = |change: &dyn Fn(&mut Network<f64>)| {
        let mut network = linear.clone();
        change(&mut network);
        network
    };
    let bent = with(&|own| own.architecture.dynamics.phi = Activation::Tanh);
    assert_eq!(refused(&bent, &plain), NotClosed::Nonlinear);
    let feedback = Transport::Feedback(Matrix::zeros(9, 1));
    let fed = with(&|own| own.architecture.transport = feedback.clone());
    assert_eq!(refused(&fed, &plain), NotClosed::Feedback);
    let misfit = linear.clone().with("B", Matrix::zeros(8, 2));
    assert!(matches!(refused(&misfit, &plain), NotClosed::Blocks(_)));
}
