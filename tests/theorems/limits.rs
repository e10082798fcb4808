//! Every `limit` of the registry against exact ranks, over all that `rankproof explore` can express
//! and more: a theorem's limit is a claim like any other.
//!
//! Settings are small and many, 32 for each case that `PROPTEST_CASES` asks for (8192 if it is not
//! set). `PROPTEST_CASES=100000 cargo test limits` searches for long. What exceeds a limit is made
//! small and printed with its random numbers and the command that shows it. The search itself is
//! held by what it must find: two limits that the registry once had and that are wrong, and every
//! present one, which some setting reaches.

use std::collections::BTreeSet;
use std::fmt;
use std::process::Command;

use proptest::prelude::*;
use proptest::strategy::{Union, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use rankproof::blocks::Subset;
use rankproof::named::Named;
use rankproof::scalar::{Fp, Stream};
use rankproof::task::TaskFamily;
use rankproof::theorem::{
    ALL, ActivationKind, Arithmetic, Case, Domain, InitialState, InitialWeights, Measure, RuleKind,
    Setting, best_limit,
};
use rankproof::training::Trajectory;

/// Settings for each case of `PROPTEST_CASES`.
const SETTINGS: u32 = 32;

const MEASURES: [Measure; 4] = [Measure::Rank, Measure::GradientRank, Measure::R3, Measure::Cp];

/// What a measure can be at most after k learning steps; `None` where it says nothing.
type Limit<'a> = &'a dyn Fn(&Setting, Measure, usize) -> Option<usize>;

/// A limit that does not hold, and where.
#[derive(Clone, Debug)]
struct Exceeded {
    setting: Setting,
    seed: u64,
    claim: String,
    measure: Measure,
    step: usize,
    /// The rank, or the least that a CP rank can be.
    rank: usize,
    limit: usize,
}

#[test]
fn no_exact_rank_exceeds_a_limit() {
    let best = |setting: &Setting, measure, k| Some(best_limit(setting, measure, k).0);
    let mut claims: Vec<(&str, Limit)> = vec![("the best limit", &best)];
    let limited = ALL.into_iter().filter_map(|theorem| Some((theorem.id, theorem.limit.as_ref()?)));
    claims.extend(limited.map(|(id, limit)| (id, limit as Limit)));
    let mut config = Config { source_file: Some(file!()), ..Config::default() };
    config.cases = config.cases.saturating_mul(SETTINGS);
    if let Some(exceeded) = search(&claims, TestRunner::new(config)) {
        panic!("{exceeded}");
    }
}

/// `channels()` is at most N, so two neurons were taken for one input and one output.
#[test]
fn a_limit_that_takes_two_neurons_for_two_channels_is_found() {
    let exceeded = search_for(&|setting, measure, k| {
        let applies = setting.is_linear()
            && setting.starts_at_identity()
            && setting.channels() == 2
            && setting.initial_state == InitialState::Zero
            && setting.trained == Subset::only(["W"])
            && setting.rule == RuleKind::Gradient;
        match measure {
            Measure::R3 if applies => Some(3.min(k)),
            Measure::Cp if applies => Some(3),
            _ => None,
        }
    });
    assert_eq!(exceeded.setting.dimensions.neurons, 2, "{exceeded}");
    assert_eq!((exceeded.rank, exceeded.limit), (4, 3), "{exceeded}");
    is_shown_by_its_command(&exceeded);
}

/// An initial state that is trained does not stay zero.
#[test]
fn a_limit_that_forgets_a_trained_state_is_found() {
    let exceeded = search_for(&|setting, measure, _| {
        let applies = measure == Measure::GradientRank && setting.rule == RuleKind::Gradient;
        let silent_start =
            setting.initial_state == InitialState::Zero && setting.psi == ActivationKind::Identity;
        let steps = setting.dimensions.steps - usize::from(silent_start);
        applies.then_some(setting.dimensions.trials * steps)
    });
    assert!(exceeded.setting.trained.contains("h0"), "{exceeded}");
    assert_eq!((exceeded.rank, exceeded.limit), (1, 0), "{exceeded}");
    is_shown_by_its_command(&exceeded);
}

/// So a limit that is too low by one is found, whichever measure it is of.
#[test]
fn every_limit_is_reached() {
    let (mut made, mut reached) = (BTreeSet::new(), BTreeSet::new());
    let mut runner = fixed(0);
    for seed in 0..4096 {
        let setting = settings().new_tree(&mut runner).expect("no filters").current();
        let trajectory = trained(&setting, seed);
        for (measure, step) in places(&setting) {
            let limits = ALL.into_iter().filter_map(|theorem| {
                let limit = (theorem.limit?)(&setting, measure, step)?;
                (limit > 0).then_some((theorem.id, measure.to_string(), limit))
            });
            let limits: Vec<_> = limits.collect();
            let rank = if limits.is_empty() { 0 } else { lower(&trajectory, measure, step) };
            for (id, measure, limit) in limits {
                made.insert((id, measure.clone()));
                if rank == limit {
                    reached.insert((id, measure));
                }
            }
        }
    }
    assert_eq!(made, reached);
}

/// The same random numbers in every run.
fn fixed(cases: u32) -> TestRunner {
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    TestRunner::new_with_rng(config, TestRng::deterministic_rng(RngAlgorithm::ChaCha))
}

/// Searches as the first test does, from one seed for ever, for what a limit that is wrong allows
/// too little for.
fn search_for(limit: Limit) -> Exceeded {
    let exceeded = search(&[("the limit", limit)], fixed(1 << 16));
    let exceeded = exceeded.expect("the limit is wrong, and was not found to be");
    println!("{exceeded}");
    exceeded
}

/// The smallest setting found in which a limit is exceeded.
fn search(claims: &[(&str, Limit)], mut runner: TestRunner) -> Option<Exceeded> {
    let drawn = (settings(), any::<u64>().no_shrink());
    let result = runner.run(&drawn, |(setting, seed)| match exceeded(claims, &setting, seed) {
        None => Ok(()),
        Some(exceeded) => Err(TestCaseError::fail(exceeded.to_string())),
    });
    match result {
        Ok(()) => None,
        Err(TestError::Fail(_, (setting, seed))) => exceeded(claims, &setting, seed),
        Err(TestError::Abort(reason)) => panic!("{reason}"),
    }
}

/// The first claim that a setting with the random numbers of a seed exceeds.
fn exceeded(claims: &[(&str, Limit)], setting: &Setting, seed: u64) -> Option<Exceeded> {
    let trajectory = trained(setting, seed);
    places(setting).find_map(|(measure, step)| {
        let limits = claims
            .iter()
            .filter_map(|(claim, limit)| Some((*claim, limit(setting, measure, step)?)));
        let (claim, limit) = limits.min_by_key(|&(_, limit)| limit)?;
        let rank = lower(&trajectory, measure, step);
        let (setting, claim) = (setting.clone(), claim.to_owned());
        (rank > limit).then_some(Exceeded { setting, seed, claim, measure, step, rank, limit })
    })
}

/// The measures at the learning steps at which they are compared; the CP rank, which costs most,
/// at the last alone. The gradient of that step is there, as `explore` has it.
fn places(setting: &Setting) -> impl Iterator<Item = (Measure, usize)> + use<> {
    let last = setting.learning_steps - 1;
    MEASURES.into_iter().flat_map(move |measure| {
        let first = if measure == Measure::Cp { last } else { 0 };
        (first..=last).map(move |step| (measure, step))
    })
}

/// Trains on the random numbers of the first instance of `explore`.
fn trained(setting: &Setting, seed: u64) -> Trajectory<Fp> {
    let case = Case::<Fp>::draw(setting, Stream::new("explore", seed, 0), None);
    case.expect("a setting of the field").train().expect("a field has no overflow")
}

fn lower(trajectory: &Trajectory<Fp>, measure: Measure, step: usize) -> usize {
    measure.of(trajectory, step).expect("a step that was taken").lower
}

/// All settings: a few neurons in most, and the simple choices, of which theorems speak, more often
/// than the others.
fn settings() -> impl Strategy<Value = Setting> {
    let least = Domain { neurons: 1..=4, ..domain() };
    let large = Domain { neurons: 9..=24, d_out: 1..=12, ..domain() };
    let [least, small, large] =
        [least, domain(), large].map(|domain| domain.strategy(Arithmetic::Exact));
    Union::new_weighted(vec![(8, least), (7, small), (1, large)])
}

fn domain() -> Domain {
    use RuleKind::{Clip, Cube, Gradient, L1, Muon, Sign};
    let mut activations = vec![ActivationKind::Identity; 12];
    activations.extend([2, 3].map(ActivationKind::Polynomial));
    activations.extend([ActivationKind::OddCubic, ActivationKind::Relu]);
    let mut initial_weights = vec![InitialWeights::Zero, InitialWeights::ScaledIdentity];
    initial_weights.extend((0..=3).map(InitialWeights::LowRank));
    initial_weights.extend((1..=2).map(InitialWeights::Symmetric));
    initial_weights.push(InitialWeights::Full);
    let mut trained = vec![Subset::only(["W"]); 32];
    trained.extend((0..32).map(|bits: usize| {
        let names = ["W", "B", "C", "bias", "h0"].into_iter().enumerate();
        Subset::only(names.filter(|(place, _)| bits >> place & 1 == 1).map(|(_, name)| name))
    }));
    Domain {
        neurons: 1..=8,
        d_in: 1..=4,
        d_out: 1..=4,
        steps: 1..=6,
        trials: 1..=4,
        learning_steps: 1..=7,
        activations,
        initial_weights,
        initial_states: vec![
            InitialState::Zero,
            InitialState::Common,
            InitialState::PerTrial,
            InitialState::AlongInputs,
        ],
        tasks: vec![TaskFamily::RandomTargets, TaskFamily::LinearTeacher, TaskFamily::Integrator],
        rules: [vec![Gradient; 8], vec![Muon, Muon, Sign, Clip, Cube, L1]].concat(),
        trained,
        ..Domain::linear(Arithmetic::Exact)
    }
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Exceeded { setting, seed, claim, measure, step, rank, limit } = self;
        writeln!(f, "{measure} for k = {step} is {rank}, and {claim} allows {limit}:")?;
        writeln!(f, "  {setting}")?;
        write!(f, "  random numbers: the first instance of explore, seed {seed}")?;
        match self.arguments() {
            Some(arguments) => write!(f, "\n  rankproof {}", arguments.join(" ")),
            None => write!(f, "; explore cannot express it"),
        }
    }
}

impl Exceeded {
    /// The arguments with which the program shows it; `None` where it has none for the setting.
    fn arguments(&self) -> Option<Vec<String>> {
        let Setting { dimensions, learning_steps, trained, .. } = &self.setting;
        let explored = Setting {
            phi: ActivationKind::Identity,
            leak_quarters: 4,
            bias: false,
            scheduled: false,
            decay: false,
            minibatches: false,
            ..self.setting.clone()
        };
        if explored != self.setting {
            return None;
        }
        let parts = [
            ("W", trained.contains("W")),
            ("B", trained.contains("B")),
            ("C", trained.contains("C")),
            ("bias", trained.contains("bias")),
            ("h0", trained.contains("h0")),
        ];
        let parts: Vec<_> = parts.iter().filter(|(_, learns)| *learns).map(|part| part.0).collect();
        let last = learning_steps - 1;
        let pairs = [
            ("--measure", self.measure.name().to_owned()),
            ("--neurons", dimensions.neurons.to_string()),
            ("--time", dimensions.steps.to_string()),
            ("--trials", dimensions.trials.to_string()),
            ("--activation", self.setting.psi.named()?.to_owned()),
            ("--task", self.setting.task.name().to_owned()),
            ("--optimizer", self.setting.optimizer().named()?.to_owned()),
            ("--train", (!parts.is_empty()).then(|| parts.join(","))?),
            ("--start", self.setting.initial_weights.to_string()),
            ("--state", self.setting.initial_state.name().to_owned()),
            ("--instances", "1".to_owned()),
            ("--seed", self.seed.to_string()),
            ("--sweep", format!("d_in={}", dimensions.d_in)),
            ("--sweep", format!("d_out={}", dimensions.d_out)),
            ("--sweep", format!("step=0..{last}")),
        ];
        let pairs = pairs.into_iter().flat_map(|(name, value)| [name.to_owned(), value]);
        Some([vec!["explore".to_owned()], pairs.collect()].concat())
    }
}

/// The printed command measures what the search did.
fn is_shown_by_its_command(exceeded: &Exceeded) {
    let arguments = exceeded.arguments().expect("a setting that explore can express");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("cells.csv");
    let status = Command::new(env!("CARGO_BIN_EXE_rankproof"))
        .args(&arguments)
        .arg("--csv")
        .arg(&file)
        .output()
        .expect("the program starts");
    assert!(status.status.success(), "{exceeded}");
    let cells = std::fs::read_to_string(&file).expect("cells");
    let row = cells.lines().nth(1 + exceeded.step).expect("a row for each step");
    let measured = row.split(',').nth(3).expect("the fourth column is the rank");
    assert_eq!(measured, exceeded.rank.to_string(), "{exceeded}\n{cells}");
}
