//! A search among fits whose losses are known, and orders of trials.

use std::collections::BTreeSet;

use super::*;
use crate::fit::architecture::Architecture;
use crate::fit::fitting::Settings;
use crate::fit::held_out::HeldOut;
use crate::fit::score::Score;
use crate::fit::simulate::Simulation;

const FOLDS: usize = 3;

fn recording() -> Recording {
    let simulation = Simulation {
        neurons: 6,
        units: 6,
        trials: 30,
        bins: 6,
        conditions: 3,
        ..Default::default()
    };
    let mut recording = simulation.recording(1).unwrap().0;
    recording.epochs = (0..30).map(|k| usize::from(k >= 15)).collect();
    recording.epoch_names.push("later".to_owned());
    recording
}

fn search() -> Search {
    Search {
        cv: CrossValidation {
            ranks: vec![1, 2, 3],
            units: vec![4, 8],
            seeds: 2,
            folds: FOLDS,
            held_out: HeldOut::default(),
            settings: Settings::default(),
            architecture: Architecture::new(8, 3, 6),
        },
        grid: Grid::default(),
        permutations: 19,
    }
}

/// What the validation loss of a fit is: the least for a hierarchy of size 0.5, smooth inputs, a
/// short time constant, eight units, rank 2, and a long prior with jumps.
fn validation(attempt: &Attempt) -> f64 {
    let Candidate { shared, rank, prior } = attempt.candidate;
    let miss = |is_best: bool, by: f64| if is_best { 0.0 } else { by };
    0.3 + miss(shared.initial == Start::Hierarchy(0.5), 0.1)
        + miss(shared.inputs == Driving::Smooth(0.25), 0.05)
        + miss(shared.time_constant == 0.2, 0.02)
        + miss(shared.units == 8, 0.01)
        + miss(shared.gain == 0.2, 0.03)
        + miss(shared.trial_input == 0.0, 0.006)
        + miss(rank == 2, 0.005)
        + prior.map_or(0.0, |prior| miss(prior.length >= 50.0, 0.004) + miss(prior.jumps, 0.002))
        + 1.0 / attempt.iterations as f64
}

/// Every fit as these functions say; `seen` is told of each.
fn answer(
    test: impl Fn(&Attempt) -> f64,
    mut seen: impl FnMut(&Attempt),
) -> CrossValidationSummary {
    let found = search().answer_by(&recording(), |_, attempts| {
        let attempted = |attempt: &Attempt| {
            seen(attempt);
            attempted(attempt, &test)
        };
        Ok::<_, Misfit>(attempts.iter().map(attempted).collect())
    });
    found.unwrap()
}

/// How an attempt goes with this loss on test entries.
fn attempted(attempt: &Attempt, test: &dyn Fn(&Attempt) -> f64) -> Attempted {
    judged(attempt, &validation, test)
}

/// How an attempt, and constant weights beside it, go with these losses on validation and test entries.
fn judged(
    attempt: &Attempt,
    validation: &dyn Fn(&Attempt) -> f64,
    test: &dyn Fn(&Attempt) -> f64,
) -> Attempted {
    let score = |loss| Score { entries: 1, loss, r2: 1.0 - loss, bits_per_spike: f64::NAN };
    let beside = || Box::new(judged(&attempt.with_constant(), validation, test));
    let with = |orders: Orders| {
        let alone = move |first| Some(Orders { first, count: 1, ..orders });
        let all = orders.numbers().map(move |first| Attempt { orders: alone(first), ..*attempt });
        all.map(|one| score(test(&one))).collect()
    };
    Attempted {
        attempt: *attempt,
        validation: score(validation(attempt)),
        test: score(test(attempt)),
        train: score(0.0),
        iterations: attempt.iterations,
        factors: vec![],
        constant: attempt.is_pair().then(beside),
        by_order: attempt.orders.map_or(vec![], with),
    }
}

/// Whether the order of trials is another than that of the recording.
fn is_shuffled(attempt: &Attempt) -> bool {
    attempt.orders.is_some_and(|orders| orders.first > 0)
}

/// What a search comes to with these losses on validation and test entries.
fn searched(
    validation: impl Fn(&Attempt) -> f64,
    test: impl Fn(&Attempt) -> f64,
) -> CrossValidationSummary {
    let found = search().answer_by(&recording(), |_, attempts| {
        let one = |attempt: &Attempt| judged(attempt, &validation, &test);
        Ok::<_, Misfit>(attempts.iter().map(one).collect())
    });
    found.unwrap()
}

/// Each model in each fold by itself: until architectures are compared, until orders of trials are
/// shuffled, and to the end. What is fitted is what a single run fits, but that all orders are tried.
#[test]
fn the_shares_of_models_and_folds_are_the_whole() {
    let mut whole = BTreeSet::new();
    answer(level, |attempt| {
        whole.insert(attempt.name());
    });
    let mut known: BTreeMap<String, Attempted> = BTreeMap::new();
    let models = || Comparison::OTHERS.into_iter().chain([Comparison::LowTensorRank]);
    for pass in 1..=3 {
        for own in models().flat_map(|model| (0..FOLDS).map(move |fold| (model, fold))) {
            let is_own = |model, fold| (model, fold) == own;
            let found = search().share_by(&recording(), &is_own, |_, attempts| {
                let mut found = Vec::new();
                for attempt in attempts {
                    if is_own(attempt.comparison, attempt.fold) {
                        known.entry(attempt.name()).or_insert_with(|| attempted(attempt, &level));
                    }
                    let missing = || Misfit::new("fit", attempt.name(), "that of another share");
                    found.push(known.get(&attempt.name()).ok_or_else(missing)?.clone());
                }
                Ok::<_, Misfit>(found)
            });
            assert!(found.is_ok() || pass < 3, "{own:?}: {found:?}");
        }
    }
    assert!(whole.iter().all(|name| known.contains_key(name)));
    let others = known.values().filter(|found| !whole.contains(&found.attempt.name()));
    assert!(others.clone().count() > 0 && others.clone().all(|found| is_shuffled(&found.attempt)));
}

/// As much as a fold differs from another.
fn level(attempt: &Attempt) -> f64 {
    0.1 * attempt.fold as f64 + 0.001 * (attempt.seed as f64 + attempt.fold as f64).sin()
}

#[test]
fn each_network_chooses_by_validation_entries_and_few_candidates_are_fitted_to_the_end() {
    let mut names = BTreeSet::new();
    let mut to_the_end = 0;
    // The worse a candidate, the better it predicts what it must not be judged by.
    let summary = answer(
        |attempt| level(attempt) - validation(attempt),
        |attempt| {
            assert!(names.insert(attempt.name()), "{} twice", attempt.name());
            to_the_end += usize::from(attempt.iterations == 1500 && !is_shuffled(attempt));
        },
    );
    let search = summary.search.expect("what was searched");
    assert_eq!(search.winners.len(), 11 * FOLDS);
    for winner in &search.winners {
        let Candidate { shared, rank, prior } = winner.candidate;
        if winner.comparison.is_network() {
            assert_eq!(shared.initial, Start::Hierarchy(0.5));
            assert_eq!(shared.inputs, Driving::Smooth(0.25));
            assert_eq!((shared.time_constant, shared.units, rank), (0.2, 8, 2));
            assert_eq!((shared.gain, shared.trial_input), (0.2, 0.0));
        }
        let changes = [Comparison::LowTensorRank, Comparison::Epochs].contains(&winner.comparison);
        assert_eq!(prior.is_some(), changes);
        assert!(prior.is_none_or(|prior| prior.length >= 50.0 && prior.jumps));
    }
    assert_eq!((search.fits, search.diverged), (names.len(), 0));
    // Of 48 candidates of each network and of their ranks and priors; the rest are models without a
    // network with their ranks, ranks of networks and other architectures.
    assert!(to_the_end < 36 * FOLDS, "{to_the_end}");
    assert_eq!((summary.ranks.len(), summary.units), (3, 8));
}

/// What is behind in the first rounds and best at the end is chosen: a rank may take long to show.
#[test]
fn a_rank_that_learns_slowly_is_not_lost() {
    let slow = |attempt: &Attempt| {
        let is_late = attempt.candidate.rank == 3 && attempt.iterations == 1500;
        validation(attempt) - if is_late { 0.1 } else { 0.0 }
    };
    let winners = searched(slow, level).search.expect("what was searched").winners;
    let both = winners.iter().filter(|winner| BOTH.contains(&winner.comparison));
    assert!(both.clone().count() == 2 * FOLDS && both.clone().all(|won| won.candidate.rank == 3));
}

/// Each fold by itself would take another architecture, and changing weights another rank than
/// constant ones.
#[test]
fn changing_and_constant_weights_take_one_architecture_in_all_folds() {
    let of_fold = |attempt: &Attempt| {
        let Candidate { shared, rank, .. } = attempt.candidate;
        let start = [Start::Condition, Start::Hierarchy(0.5), Start::Hierarchy(0.5)][attempt.fold];
        let best = if attempt.comparison == Comparison::Constant { 3 } else { 2 };
        let miss = |is_best: bool, by: f64| if is_best { 0.0 } else { by };
        validation(&Attempt { candidate: Candidate { rank: 2, ..attempt.candidate }, ..*attempt })
            + miss(shared.initial == start, 0.3)
            + miss(rank == best, 0.01)
    };
    let search = searched(of_fold, level).search.expect("what was searched");
    for (model, rank) in [(Comparison::LowTensorRank, 2), (Comparison::Constant, 3)] {
        let winners: Vec<&Winner> =
            search.winners.iter().filter(|won| won.comparison == model).collect();
        assert_eq!(winners.len(), FOLDS);
        for winner in winners {
            assert_eq!(winner.candidate.shared.initial, Start::Hierarchy(0.5), "{winner:?}");
            assert_eq!(winner.candidate.rank, rank);
        }
    }
    // The others choose in each fold.
    let free = search.winners.iter().filter(|won| won.comparison == Comparison::Free);
    let starts: Vec<Start> = free.map(|won| won.candidate.shared.initial).collect();
    assert_eq!(starts, [Start::Condition, Start::Hierarchy(0.5), Start::Hierarchy(0.5)]);
    // Three architectures with the rank of changing weights, one with that of constant ones.
    let ranks: Vec<usize> = search.contenders.iter().map(|one| one.rank).collect();
    assert_eq!(ranks, [2, 2, 3, 2]);
}

/// What folds have in common does not make an architecture as good as the best.
#[test]
fn architectures_are_close_if_the_same_folds_do_not_tell_them_from_the_best() {
    let contenders = |by: f64| {
        let of_fold = move |attempt: &Attempt| {
            let is_best = attempt.candidate.shared.initial == Start::Hierarchy(0.5);
            let spread = 0.02 * (attempt.fold as f64 - 1.0);
            0.1 * attempt.fold as f64 + if is_best { 0.0 } else { by + spread }
        };
        searched(of_fold, level).search.expect("what was searched").contenders
    };
    // Standard errors of three folds: 0.02 over the root of three.
    let close = |by: f64| {
        let found = contenders(by);
        assert!(found.len() > 1);
        found
            .iter()
            .filter(|one| one.shared.initial != Start::Hierarchy(0.5))
            .all(|one| one.is_close)
    };
    assert!(close(0.011) && !close(0.012));
}

/// The best architecture shows no difference, and another that is as good does.
#[test]
fn the_difference_is_a_mean_over_the_architectures_that_are_as_good_as_the_best() {
    let is_best = |attempt: &Attempt| attempt.candidate.shared.initial == Start::Hierarchy(0.5);
    let of_fold = |by: f64| {
        move |attempt: &Attempt| {
            let spread = 0.02 * (attempt.fold as f64 - 1.0);
            0.1 * attempt.fold as f64 + if is_best(attempt) { 0.0 } else { by + spread }
        }
    };
    let test = |attempt: &Attempt| {
        let is_constant = attempt.comparison == Comparison::Constant;
        0.2 + if is_constant && !is_best(attempt) { 0.04 } else { 0.0 }
    };
    let found = |by: f64| {
        let summary = searched(of_fold(by), test);
        let answer = summary.verdict.answer.expect("an answer");
        let contenders = summary.search.expect("what was searched").contenders;
        let close = contenders.iter().filter(|one| one.is_close);
        let others = close.clone().filter(|one| one.shared.initial != Start::Hierarchy(0.5));
        (answer, others.count() as f64 / close.count() as f64)
    };
    // As far behind as folds do not tell, and further.
    for (by, is_close) in [(0.011, true), (0.012, false)] {
        let (answer, share) = found(by);
        assert_eq!(share > 0.0, is_close);
        assert!((answer.difference - 0.04 * share).abs() < 1e-12, "{answer:?}");
        assert_eq!(answer.difference_of_choices, 0.0);
    }
}

fn changing(test: impl Fn(&Attempt) -> f64) -> Answer {
    answer(test, |_| ()).verdict.answer.expect("an answer")
}

#[test]
fn the_answer_is_that_of_the_test_entries() {
    let is_changing = |attempt: &Attempt| attempt.comparison == Comparison::LowTensorRank;
    let gap = |by: f64| {
        move |attempt: &Attempt| {
            let is_better = is_changing(attempt) && !is_shuffled(attempt);
            0.2 + level(attempt) + if is_better { 0.0 } else { by }
        }
    };
    let needed = changing(gap(0.05));
    assert_eq!(needed.changing_weights, ChangingWeights::Needed, "{needed:?}");
    assert_eq!(needed.permutation_p, Some(0.05));
    assert!((needed.difference - 0.05).abs() < 1e-9 && needed.stable.0 == needed.stable.1);
    assert_eq!(needed.best_model, Comparison::LowTensorRank);
    let not_needed = changing(gap(0.0));
    assert_eq!(not_needed.changing_weights, ChangingWeights::NotNeeded, "{not_needed:?}");
    assert_eq!((not_needed.permutation_p, not_needed.stable.0), (Some(1.0), 0));
    // Another model wins, and is named.
    let other = |attempt: &Attempt| match attempt.comparison {
        Comparison::Cp => 0.01 + level(attempt),
        _ => gap(0.05)(attempt),
    };
    assert_eq!(changing(other).best_model, Comparison::Cp);
    // Fits that diverge decide nothing.
    let broken = changing(|attempt| if is_changing(attempt) { f64::NAN } else { 0.2 });
    assert_eq!(broken.changing_weights, ChangingWeights::Undecided);
}

#[test]
fn trials_change_places_within_condition_and_epoch_or_across() {
    let (recording, search) = (recording(), search());
    for across_epochs in [false, true] {
        for order in 0..4 {
            let shuffled = search.shuffled(&recording, order, across_epochs);
            assert_eq!(shuffled.activity, recording.activity);
            let mut numbers = shuffled.trial_numbers.clone();
            assert_eq!(numbers == recording.trial_numbers, order == 0);
            let mut crossed = 0;
            for (k, &number) in numbers.iter().enumerate() {
                // Trials are numbered from 0.
                let other = number as usize;
                assert_eq!(recording.conditions[k], recording.conditions[other]);
                assert_eq!(shuffled.epochs[k], recording.epochs[other]);
                crossed += usize::from(recording.epochs[k] != recording.epochs[other]);
            }
            assert_eq!(crossed > 0, across_epochs && order > 0);
            numbers.sort_unstable();
            assert_eq!(numbers, recording.trial_numbers);
        }
    }
}

/// Orders are tried until it is settled that the order does not matter; where it does, all are.
#[test]
fn no_more_orders_are_tried_than_tell() {
    let as_good = changing(|attempt| 0.2 + level(attempt));
    assert_eq!((as_good.permutations, as_good.permutations_across_epochs), (4, 4));
    let within = changing(|attempt| level(attempt) + if is_shuffled(attempt) { 0.3 } else { 0.2 });
    assert_eq!((within.permutations, within.permutations_across_epochs), (19, 0));
    // The order within epochs does not matter, but epochs do.
    let is_across = |orders: Orders| orders.across_epochs && orders.first > 0;
    let across = changing(|attempt| {
        level(attempt) + if attempt.orders.is_some_and(is_across) { 0.3 } else { 0.2 }
    });
    assert_eq!((across.permutations, across.permutations_across_epochs), (4, 19));
    assert_eq!(across.permutation_p_across_epochs, Some(0.05));
}

/// In the first fold every other order is better, in all folds together none is.
#[test]
fn orders_are_judged_by_all_folds_together() {
    let with = |gap: f64| {
        changing(move |attempt| {
            let of_fold = [-0.01, 0.0, gap][attempt.fold];
            0.2 + if is_shuffled(attempt) { of_fold } else { 0.0 }
        })
    };
    assert_eq!((with(0.02).permutation_p, with(0.02).permutations), (Some(0.05), 19));
    assert_eq!((with(0.005).permutation_p, with(0.005).permutations), (Some(1.0), 4));
}

/// Of seven folds the last two take what the first two chose.
#[test]
fn models_choose_in_five_folds_and_are_fitted_in_all() {
    let search = Search { cv: CrossValidation { folds: 7, ..search().cv }, ..search() };
    let best = |fold: usize| if fold.is_multiple_of(2) { 1 } else { 3 };
    let of_fold = |attempt: &Attempt| {
        let is_best = attempt.candidate.rank == best(attempt.fold);
        validation(attempt) + if is_best { 0.0 } else { 0.1 }
    };
    let mut contested = BTreeSet::new();
    let found = search.answer_by(&recording(), |stage, attempts| {
        let of_stage = attempts.iter().filter(|_| stage.contains("iterations") || stage == "ranks");
        contested.extend(of_stage.map(|attempt| attempt.fold));
        Ok::<_, Misfit>(attempts.iter().map(|one| judged(one, &of_fold, &level)).collect())
    });
    let winners = found.unwrap().search.expect("what was searched").winners;
    assert_eq!(contested, (0..5).collect());
    let free = winners.iter().filter(|winner| winner.comparison == Comparison::Free);
    let found: Vec<_> = free.map(|winner| (winner.fold, winner.candidate.rank)).collect();
    assert_eq!(found, [(0, 1), (1, 3), (2, 1), (3, 3), (4, 1), (5, 1), (6, 3)]);
    for model in BOTH {
        assert_eq!(winners.iter().filter(|winner| winner.comparison == model).count(), 7);
    }
}

/// Two of three folds would take the short prior, which is worse in all together.
#[test]
fn priors_that_folds_choose_are_tried_in_all_of_them() {
    let of_fold = |attempt: &Attempt| {
        let by = |prior: TrialPrior| match (attempt.fold, prior.length >= 50.0) {
            (0 | 1, true) => 0.01,
            (2, false) => 0.1,
            _ => 0.0,
        };
        validation(attempt) + attempt.candidate.prior.map_or(0.0, by)
    };
    let search = searched(of_fold, level).search.expect("what was searched");
    let lengths: BTreeSet<u64> =
        search.contenders.iter().map(|one| one.prior.expect("a prior").length as u64).collect();
    assert_eq!(lengths, [15, 50].into());
    let changing = search.winners.iter().filter(|won| won.comparison == Comparison::LowTensorRank);
    assert!(changing.clone().count() == FOLDS);
    assert!(changing.clone().all(|won| won.candidate.prior.expect("a prior").length == 50.0));
}

#[test]
fn candidates_out_of_their_range_are_refused() {
    let grid = |initial| Grid { initial: vec![initial], ..Grid::default() };
    for (grid, expected) in [
        (grid(Start::Hierarchy(0.0)), "initial spread is 0"),
        (Grid { length: vec![15.0, -1.0], ..Grid::default() }, "length is -1"),
        (Grid { time_constant: vec![0.0], ..Grid::default() }, "time_constant is 0"),
    ] {
        let error = Search { grid, ..search() }.validate(&recording()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
