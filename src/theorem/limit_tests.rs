//! Limits against what their statements say, over a lattice of small settings, and where they are silent.
//!
//! That no rank exceeds them, and that some reach them, is shown in `tests/theorems`. Here each value is
//! computed in another way: by the closed form of the statement, or by listing what it counts.

use std::collections::BTreeSet;
use std::ops::Range;

use super::sources::Sources;
use super::*;
use crate::blocks::Subset;
use crate::network::architecture::Shipped;
use crate::task::Dimensions;

const MEASURES: [Measure; 4] = [Measure::Rank, Measure::GradientRank, Measure::R3, Measure::Cp];
const STATES: [InitialState; 4] =
    [InitialState::Zero, InitialState::Common, InitialState::PerTrial, InitialState::AlongInputs];

/// Few and many neurons, inputs, outputs, times and trials.
fn sizes() -> Vec<Dimensions> {
    let mut sizes = Vec::new();
    for neurons in [2, 5, 40] {
        for d_in in 1..=3 {
            for d_out in 1..=3 {
                for steps in 1..=5 {
                    let trials = [1, 2, 4];
                    sizes.extend(trials.map(|trials| Dimensions {
                        neurons,
                        d_in,
                        d_out,
                        steps,
                        trials,
                    }));
                }
            }
        }
    }
    sizes
}

/// The plain case, changed.
fn setting(dimensions: Dimensions, change: impl Fn(&mut Setting)) -> Setting {
    let mut setting = Setting::plain(dimensions);
    change(&mut setting);
    setting
}

fn limit(theorem: &Theorem, setting: &Setting, measure: Measure, k: usize) -> Option<usize> {
    (theorem.limit.expect("a limit"))(setting, measure, k)
}

/// The limits of a theorem on rank D_k, rank G_k, r3 and the CP rank.
fn limits(theorem: &Theorem, setting: &Setting, k: usize) -> [Option<usize>; 4] {
    MEASURES.map(|measure| limit(theorem, setting, measure, k))
}

/// In a space of d dimensions an increment is one of d^2 entries, and k of them a d x d x k tensor.
#[test]
fn a_space_allows_what_its_dimension_does() {
    for dimensions in sizes() {
        let Dimensions { neurons, d_in, d_out, trials, .. } = dimensions;
        for (state, states) in STATES.into_iter().zip([0, 1, trials, 0]) {
            for bias in [false, true] {
                let of_task = d_in + d_out + states + usize::from(bias);
                let with = |weights, rule| {
                    setting(dimensions, |setting| {
                        (setting.initial_state, setting.bias) = (state, bias);
                        (setting.initial_weights, setting.rule) = (weights, rule);
                    })
                };
                // Eigenvalues are taken in turn by as many vectors as there are neurons.
                let in_eigenspaces = |count: usize| -> usize {
                    let of = |value| (0..neurons).filter(|i| i % count == value).count();
                    (0..count).map(|value| of(value).min(of_task)).sum()
                };
                use InitialWeights::{LowRank, ScaledIdentity, Symmetric, Zero};
                use RuleKind::{Gradient, Muon, Shampoo};
                for (theorem, weights, rule, space) in [
                    (&invariant_subspace::THEOREM, Zero, Gradient, of_task),
                    (&invariant_subspace::THEOREM, ScaledIdentity, Gradient, of_task),
                    (&symmetry::THEOREM, ScaledIdentity, Gradient, of_task),
                    (&symmetry::THEOREM, Zero, Muon, of_task),
                    (&spectral_optimizers::THEOREM, Zero, Muon, of_task),
                    (&spectral_optimizers::THEOREM, ScaledIdentity, Shampoo, of_task),
                    (&low_rank_initialization::THEOREM, LowRank(1), Gradient, of_task + 2),
                    (&low_rank_initialization::THEOREM, LowRank(3), Gradient, of_task + 6),
                    (&eigenspaces::THEOREM, Symmetric(1), Gradient, in_eigenspaces(1)),
                    (&eigenspaces::THEOREM, Symmetric(2), Muon, in_eigenspaces(2)),
                    (&eigenspaces::THEOREM, Symmetric(3), Gradient, in_eigenspaces(3)),
                ] {
                    let (setting, d) = (with(weights, rule), space.min(neurons));
                    for k in [0, 1, 2, 3, 1000] {
                        let expected = [d, d, k.min(d * d), d * d.min(k)].map(Some);
                        assert_eq!(limits(theorem, &setting, k), expected, "{setting}");
                    }
                }
            }
        }
    }
}

/// What blocks an architecture has not adds nothing to its space.
#[test]
fn blocks_that_are_not_there_do_not_count() {
    let dimensions = Dimensions { neurons: 20, d_in: 2, d_out: 3, steps: 4, trials: 4 };
    for (architecture, expected) in [
        (Shipped::Rnn, Some(2 + 3 + 4 + 1)),
        (Shipped::ClosedLoop, Some(2 + 3 + 4 + 1)),
        (Shipped::Divisive, Some(2 + 3 + 4)),
        (Shipped::Attention, Some(2 + 3)),
        (Shipped::Gru, None),
    ] {
        let setting = setting(dimensions, |setting| {
            (setting.architecture, setting.bias) = (architecture, true);
            setting.initial_state = InitialState::PerTrial;
        });
        assert_eq!(limit(&symmetry::THEOREM, &setting, Measure::Rank, 1), expected, "{setting}");
    }
}

/// The statement of linear-growth for W alone trained: h_0 = 0 or along the inputs.
#[test]
fn linear_growth_is_that_of_its_statement() {
    for dimensions in sizes() {
        let Dimensions { neurons, d_in, d_out: q, trials, .. } = dimensions;
        for (state, bias) in [
            (InitialState::Zero, false),
            (InitialState::Zero, true),
            (InitialState::AlongInputs, false),
        ] {
            let with = |rule, decay| {
                setting(dimensions, |setting| {
                    (setting.initial_state, setting.bias) = (state, bias);
                    (setting.rule, setting.decay) = (rule, decay);
                    setting.initial_weights = InitialWeights::Full;
                })
            };
            let time = dimensions.steps + usize::from(state == InitialState::AlongInputs);
            // No more inputs than there are before the last time step.
            let p = d_in.min(trials * (time - 1)) + usize::from(bias);
            let alpha = (d_in + usize::from(bias)).min(trials);
            let m = p.min(q);
            for k in 1..=4 {
                let n = k * trials;
                let along = match time {
                    1 => 0,
                    2 => alpha.min(q).min(n),
                    _ => [
                        alpha + q.min(n) + n * (time - 3),
                        alpha + q + k * q * (time - 3),
                        p + q.min(n) + k * p * (time - 3),
                        m + k * m * (time - 2),
                        k * m * (time - 1),
                        n * (time - 1),
                    ]
                    .into_iter()
                    .fold(neurons, usize::min),
                };
                let setting = with(RuleKind::Gradient, false);
                let found = limit(&linear_growth::THEOREM, &setting, Measure::Rank, k);
                assert_eq!(found, Some(along.min(neurons)), "{setting}, {k} steps");
                for decay in [false, true] {
                    let mut spectral = n * (time - 1);
                    if time > 1 {
                        spectral =
                            [m + k * m * (time - 2), alpha + n * (time - 2), k * m * (time - 1)]
                                .into_iter()
                                .fold(spectral, usize::min);
                    }
                    if time == 3 {
                        let first = alpha + if decay { alpha } else { 0 };
                        spectral = spectral.min((2 * p).min(first + trials) + 2 * q);
                    }
                    let setting = with(RuleKind::Muon, decay);
                    let found = limit(&linear_growth::THEOREM, &setting, Measure::Rank, k);
                    assert_eq!(found, Some(spectral.min(neurons)), "{setting}, {k} steps");
                }
            }
        }
    }
}

/// A direction of a row or a column of a gradient, before it is multiplied by the numbers of a trial:
/// the columns of a block times a power of A.
type Label = (&'static str, usize);

/// The gradients of a linear network, listed: which directions h_t and l_{t+1} have at each time.
struct Listed<'a> {
    setting: &'a Setting,
    /// T, and one where h_0 stands for an earlier input.
    time: usize,
}

impl Listed<'_> {
    /// How many columns a block has at gradient `j`; none if it is zero there.
    fn width(&self, block: &str, j: usize) -> usize {
        let Dimensions { d_in, d_out, trials, .. } = self.setting.dimensions;
        let is_trained = self.setting.trained.contains(block);
        let later = usize::from(is_trained && j > 0);
        match (block, self.setting.initial_state) {
            ("B", _) => {
                let last = usize::from(!self.setting.trained.contains("C"));
                d_in.min(trials * (self.time - last))
            }
            ("C", _) => d_out,
            ("bias", _) => usize::from(self.setting.bias).max(later),
            ("h0", InitialState::Zero) => later,
            ("h0", InitialState::Common) => 1,
            ("h0", InitialState::PerTrial) => trials,
            ("h0", InitialState::AlongInputs) if self.setting.leaves_its_state() => trials,
            ("h0", InitialState::AlongInputs) => 0,
            _ => unreachable!("{block}"),
        }
    }

    /// Of h_t.
    fn row(&self, t: usize, j: usize) -> BTreeSet<Label> {
        let powers = (0..t).flat_map(|i| [("B", i), ("bias", i)]);
        powers.chain([("h0", t)]).filter(|&(block, _)| self.width(block, j) > 0).collect()
    }

    /// Of l_{t+1}.
    fn column(&self, t: usize) -> BTreeSet<Label> {
        (0..self.time - t).map(|i| ("C", i)).collect()
    }

    fn dimension(&self, labels: &BTreeSet<Label>, j: usize) -> usize {
        labels.iter().map(|&(block, _)| self.width(block, j)).sum()
    }

    /// True of what all gradients have alike: a block that is not trained, without A.
    fn is_common(&self, &(block, power): &Label) -> bool {
        power == 0 && !self.setting.trained.contains(block)
    }

    /// The least that some choice of what gradients share allows the rank of their sum.
    fn rank_of_sum(&self, gradients: Range<usize>) -> usize {
        let Dimensions { neurons, trials, .. } = self.setting.dimensions;
        let batch = self.setting.batch_size();
        let all_common =
            |labels: &BTreeSet<Label>| labels.iter().all(|label| self.is_common(label));
        let mut best = neurons;
        // Shared of the rows, and of the columns: nothing, whole rows or columns, all that is common.
        for (of_rows, of_columns) in
            (0..3).flat_map(|rows| (0..3).map(move |columns| (rows, columns)))
        {
            let (mut shared_rows, mut shared_columns) = (BTreeSet::new(), BTreeSet::new());
            let mut whole = [0, 0];
            let (mut sum, mut first_terms) = (0, 0);
            for j in gradients.clone() {
                let (mut rows, mut columns, mut terms) = (BTreeSet::new(), BTreeSet::new(), 0);
                for t in 0..self.time {
                    let (row, column) = (self.row(t, j), self.column(t));
                    if row.is_empty() {
                        continue;
                    }
                    // The first one in all trials, where it is so at every gradient: at the later ones what
                    // is trained from zero is there too.
                    if of_rows > 0 && all_common(&self.row(t, j.max(1))) {
                        whole[0] = whole[0].max(self.first_dimension(t, j).min(trials));
                        continue;
                    }
                    if of_columns > 0 && all_common(&column) {
                        whole[1] = self.dimension(&column, j);
                        first_terms += batch;
                        continue;
                    }
                    terms += batch;
                    rows.extend(row);
                    columns.extend(column);
                }
                let split = |labels: BTreeSet<Label>, is_split, shared: &mut BTreeSet<Label>| {
                    let (common, own): (BTreeSet<_>, BTreeSet<_>) =
                        labels.into_iter().partition(|label| is_split && self.is_common(label));
                    shared.extend(common);
                    self.dimension(&own, j)
                };
                let own_rows = split(rows, of_rows == 2, &mut shared_rows);
                let own_columns = split(columns, of_columns == 2, &mut shared_columns);
                sum += own_rows.min(own_columns).min(terms);
            }
            let last = gradients.end - 1;
            if of_rows == 1 {
                sum += whole[0];
            }
            if of_rows == 2 {
                sum += ["B", "bias", "h0"]
                    .into_iter()
                    .filter(|&block| self.is_common(&(block, 0)))
                    .map(|block| self.width(block, last))
                    .sum::<usize>();
            }
            if of_columns == 1 {
                sum += whole[1].min(first_terms);
            }
            if of_columns == 2 && self.is_common(&("C", 0)) {
                sum += self.width("C", last);
            }
            best = best.min(sum);
        }
        best
    }

    /// The dimension of the first states of all trials: of h_0, or of B u_0 and b, where a bias is not
    /// part of the step that a state along the inputs stands for.
    fn first_dimension(&self, t: usize, j: usize) -> usize {
        if t == 0 {
            return self.width("h0", j);
        }
        let has_bias = self.setting.bias && self.time == self.setting.dimensions.steps;
        self.setting.dimensions.d_in + usize::from(has_bias)
    }
}

/// Over all that may be trained, and all initial states.
#[test]
fn sources_count_what_gradients_share_and_have_alone() {
    let trained: [&[&str]; 8] = [
        &["W"],
        &["W", "B"],
        &["W", "C"],
        &["W", "B", "C"],
        &["W", "bias"],
        &["W", "h0"],
        &["W", "bias", "h0"],
        &["W", "B", "C", "bias", "h0"],
    ];
    // Also more outputs than trials of all gradients.
    let outputs = Dimensions { neurons: 400, d_in: 3, d_out: 12, steps: 3, trials: 2 };
    let some = sizes().into_iter().filter(|sizes| sizes.neurons == 40);
    for dimensions in some.chain([outputs]) {
        for (state, names) in STATES.into_iter().flat_map(|s| trained.map(|names| (s, names))) {
            for (bias, minibatches) in [(false, false), (true, false), (false, true)] {
                let setting = setting(dimensions, |setting| {
                    (setting.initial_state, setting.bias) = (state, bias);
                    setting.minibatches = minibatches;
                    setting.initial_weights = InitialWeights::Full;
                    setting.trained = Subset::only(names.iter().copied());
                });
                let stays = state == InitialState::AlongInputs && !setting.leaves_its_state();
                let time = dimensions.steps + usize::from(stays);
                let listed = Listed { setting: &setting, time };
                let sources = Sources::of(&setting);
                for gradients in [0..1, 0..2, 0..4, 1..2, 3..4] {
                    let found = sources.rank_of_sum(gradients.clone());
                    let expected = listed.rank_of_sum(gradients.clone());
                    assert_eq!(found, expected, "{setting}, gradients {gradients:?}");
                }
                let rank = |k: usize| limit(&linear_growth::THEOREM, &setting, Measure::Rank, k);
                assert_eq!(rank(3), Some(listed.rank_of_sum(0..3)), "{setting}");
                let gradient = limit(&linear_growth::THEOREM, &setting, Measure::GradientRank, 2);
                assert_eq!(gradient, Some(listed.rank_of_sum(2..3)), "{setting}");
                // What is more than a source has a power of A.
                for j in [0, 1] {
                    let times = |is_more: &dyn Fn(usize) -> bool| {
                        (0..time).filter(|&t| !listed.row(t, j).is_empty() && is_more(t)).count()
                    };
                    let powers = |labels: BTreeSet<Label>| -> BTreeSet<Label> {
                        labels.into_iter().filter(|&(_, power)| power > 0).collect()
                    };
                    let rows: BTreeSet<_> =
                        (0..time).flat_map(|t| powers(listed.row(t, j))).collect();
                    let columns: BTreeSet<_> = (0..time)
                        .filter(|&t| !listed.row(t, j).is_empty())
                        .flat_map(|t| powers(listed.column(t)))
                        .collect();
                    let batch = setting.batch_size();
                    let of_rows = times(&|t| !powers(listed.row(t, j)).is_empty());
                    let of_columns = times(&|t| !powers(listed.column(t)).is_empty());
                    let expected = [
                        listed.dimension(&rows, j).min(batch * of_rows),
                        listed.dimension(&columns, j).min(batch * of_columns),
                    ];
                    assert_eq!(sources.beyond_sources(j), expected, "{setting}, gradient {j}");
                }
            }
        }
    }
}

/// m (F_{l+2} - 1 + (k - l) (T - 2)) for the best l, at most p + q; m F_{k+2} for a gradient of long
/// trials, and their sum for the CP rank.
#[test]
fn fibonacci_growth_is_that_of_its_statement() {
    let fibonacci = [0, 1, 1, 2, 3, 5, 8, 13, 21];
    for (d_in, d_out, steps) in
        (1..=3).flat_map(|p| (1..=9).flat_map(move |q| (2..=8).map(move |steps| (p, q, steps))))
    {
        for (d_in, d_out) in [(d_in, d_out), (d_out, d_in)] {
            let m = d_in.min(d_out);
            for neurons in [7, 40] {
                let dimensions = Dimensions { neurons, d_in, d_out, steps, trials: 20 };
                let most = (d_in + d_out).min(neurons);
                let setting = setting(dimensions, |_| ());
                for k in 1..=6 {
                    let by_step = |l: usize| m * (fibonacci[l + 2] - 1 + (k - l) * (steps - 2));
                    let expected = (1..=k).map(by_step).fold(most, usize::min);
                    let [rank, ..] = limits(&fibonacci_growth::THEOREM, &setting, k);
                    assert_eq!(rank, Some(expected), "{setting}, {k} steps");
                }
            }
        }
        let dimensions = Dimensions { neurons: 80, d_in, d_out: 40, steps: 20, trials: 20 };
        let setting = setting(dimensions, |_| ());
        for k in 0..=4 {
            let sum: usize = (0..k).map(|j| d_in * fibonacci[j + 2]).sum();
            let expected = [Some(d_in * (fibonacci[k + 2] - 1)), Some(d_in * fibonacci[k + 2])];
            let [rank, gradient, r3, cp] = limits(&fibonacci_growth::THEOREM, &setting, k);
            assert_eq!([rank, gradient], expected, "{setting}, {k} steps");
            assert_eq!((r3, cp), (None, Some(sum)), "{setting}, {k} steps");
        }
    }
}

/// Trials do not show more inputs than they have, before the last time step, or with it where C is
/// trained: columns of B beyond these count for nothing.
#[test]
fn inputs_that_no_trial_has_do_not_count() {
    for (steps, trials) in (2..=4).flat_map(|steps| (1..=2).map(move |trials| (steps, trials))) {
        for (trained, times) in [(&["W"][..], steps - 1), (&["W", "C"], steps)] {
            let of = |d_in| {
                let dimensions = Dimensions { neurons: 300, d_in, d_out: 60, steps, trials };
                setting(dimensions, |setting| {
                    setting.trained = Subset::only(trained.iter().copied());
                    setting.learning_steps = 5;
                })
            };
            let (all, more) = (of(times * trials), of(times * trials + 3));
            for theorem in
                [&linear_growth::THEOREM, &fibonacci_growth::THEOREM, &minimum_cut::THEOREM]
            {
                for k in 0..=5 {
                    assert_eq!(limits(theorem, &more, k), limits(theorem, &all, k), "{more}");
                }
            }
        }
    }
}

/// (T - 1) min(p, q) from h_0 = 0; with states (T - 1) p and T for each of them, at most T q.
#[test]
fn krylov_decay_is_that_of_its_statement() {
    for dimensions in sizes() {
        let Dimensions { neurons, d_in, d_out, steps, trials } = dimensions;
        let of = |state: InitialState, bias: bool, trained: &[&'static str], k: usize| {
            let setting = setting(dimensions, |setting| {
                (setting.initial_state, setting.bias) = (state, bias);
                setting.trained = Subset::only(trained.iter().copied());
            });
            limits(&krylov_decay::THEOREM, &setting, k)
        };
        let silent = |inputs: usize, time: usize| (time - 1) * inputs.min(d_out);
        let driven = |inputs: usize, states: usize| {
            ((steps - 1) * inputs + steps * states).min(steps * d_out)
        };
        use InitialState::{AlongInputs, Common, PerTrial, Zero};
        for (state, bias, trained, each) in [
            (Zero, false, &["W"][..], silent(d_in, steps)),
            (Zero, true, &["W"], silent(d_in + 1, steps)),
            (Zero, false, &["W", "bias"], silent(d_in + 1, steps)),
            (AlongInputs, false, &["W"], silent(d_in, steps + 1)),
            (Common, false, &["W"], driven(d_in, 1)),
            (Common, true, &["W", "B", "bias"], driven(d_in + 1, 1)),
            (Zero, false, &["W", "h0"], driven(d_in, 1)),
            (PerTrial, false, &["W"], driven(d_in, trials)),
            (AlongInputs, false, &["W", "B"], driven(d_in, trials)),
        ] {
            let each = each.min(neurons);
            for k in 0..=3 {
                let expected = [Some(k * each), Some(each), None, Some(k * each)];
                assert_eq!(of(state, bias, trained, k), expected, "{dimensions:?} {state:?}");
            }
        }
    }
}

/// Pairs of a trial and a time at which a state and an error meet.
#[test]
fn gradients_and_increments_count_pairs_of_trials_and_times() {
    let bent = ActivationKind::Polynomial(2);
    for dimensions in sizes() {
        let Dimensions { steps, trials, .. } = dimensions;
        for state in STATES {
            for (psi, trained) in [
                (ActivationKind::Identity, &["W"][..]),
                (ActivationKind::Identity, &["W", "h0"]),
                (ActivationKind::Identity, &["W", "B"]),
                (ActivationKind::Identity, &["W", "bias"]),
                (bent, &["W"]),
            ] {
                let setting = setting(dimensions, |setting| {
                    (setting.initial_state, setting.psi) = (state, psi);
                    setting.trained = Subset::only(trained.iter().copied());
                });
                let has = |name| trained.contains(&name);
                let silent_at_first = state == InitialState::Zero && psi != bent;
                let silent = silent_at_first && !has("h0");
                let pairs = |is_silent: bool| trials * (steps - usize::from(is_silent));
                for k in 0..=3 {
                    let of_gradient = pairs(if k == 0 { silent_at_first } else { silent });
                    assert_eq!(
                        limits(&gradient_factorization::THEOREM, &setting, k),
                        [None, Some(of_gradient), None, None],
                        "{setting}"
                    );
                    let all = k * pairs(silent);
                    // The first states are shared where they stay: h_0, all alike where it is common or
                    // zero, or psi(h_1), which B and b make.
                    let rest = k * trials * (steps - usize::from(silent)).saturating_sub(1);
                    let first = match state {
                        _ if has("h0") || silent && (has("B") || has("bias")) => all,
                        InitialState::Common => 1 + rest,
                        InitialState::Zero if !silent => 1 + rest,
                        _ => trials + rest,
                    };
                    assert_eq!(
                        limits(&tensor_telescoping::THEOREM, &setting, k),
                        [Some(all.min(first)), None, Some(k), Some(all)],
                        "{setting}"
                    );
                }
            }
        }
    }
}

/// The blocks of the statement, and the two dimensions of one input and one output.
#[test]
fn short_trials_and_one_channel_are_those_of_their_statements() {
    for dimensions in sizes() {
        let Dimensions { neurons, d_in, d_out, steps, .. } = dimensions;
        for (state, bias) in [
            (InitialState::Zero, false),
            (InitialState::Zero, true),
            (InitialState::AlongInputs, false),
        ] {
            let setting = setting(dimensions, |setting| {
                (setting.initial_state, setting.bias) = (state, bias);
            });
            let time = steps + usize::from(state == InitialState::AlongInputs);
            let (inputs, outputs) = (d_in + usize::from(bias), d_out);
            let (p, q) = (inputs.min(neurons), outputs.min(neurons));
            let one_channel = (inputs, outputs) == (1, 1);
            for k in 0..=20 {
                let three = p * p + q * q + p * q;
                let expected = match time {
                    1 => [Some(0), None, Some(0), Some(0)],
                    2 => [Some(p.min(q)), None, Some(k.min(p * q)), Some(p * q)],
                    3 => {
                        let span = if one_channel { 2 } else { three };
                        [Some((p + q).min(neurons)), None, Some(k.min(span)), Some(three)]
                    }
                    _ => [None; 4],
                };
                assert_eq!(limits(&short_trials::THEOREM, &setting, k), expected, "{setting}");
                let expected =
                    if one_channel { [None, None, Some(k.min(3)), Some(3)] } else { [None; 4] };
                assert_eq!(limits(&siso_reciprocity::THEOREM, &setting, k), expected, "{setting}");
            }
        }
    }
}

/// mu_n(s) and its kind, by listing exponents: of so many variables, of the degrees that are asked for.
fn monomials(variables: usize, degrees: &[usize]) -> usize {
    if variables == 0 {
        return usize::from(degrees.contains(&0));
    }
    let most = degrees.iter().copied().max().unwrap_or(0);
    let rest = |exponent: usize| -> Vec<usize> {
        degrees.iter().filter_map(|degree| degree.checked_sub(exponent)).collect()
    };
    (0..=most).map(|exponent| monomials(variables - 1, &rest(exponent))).sum()
}

#[test]
fn polynomial_growth_counts_monomials() {
    use ActivationKind::{OddCubic, Polynomial};
    // Times and trials have no part in it.
    for dimensions in sizes().into_iter().filter(|sizes| (sizes.steps, sizes.trials) == (5, 1)) {
        let Dimensions { neurons, d_in, d_out, .. } = dimensions;
        for (psi, of_states, of_slopes) in [
            (Polynomial(2), &[0, 1, 2][..], &[0, 1][..]),
            (Polynomial(3), &[0, 1, 2, 3], &[0, 1, 2]),
            (OddCubic, &[1, 3], &[0, 2]),
        ] {
            for bias in [false, true] {
                let setting = setting(dimensions, |setting| {
                    (setting.psi, setting.bias) = (psi, bias);
                });
                let inputs = d_in + usize::from(bias);
                // rank D_k, and the columns of all gradients so far.
                let (mut rank, mut columns) = (0, 0);
                for k in 0..=2 {
                    let states = monomials(inputs + rank, of_states);
                    let errors = monomials(inputs + rank, of_slopes) * (d_out + rank);
                    let gradient = states.min(errors).min(neurons);
                    let expected = [Some(rank), Some(gradient), None, None];
                    let found = limits(&polynomial_growth::THEOREM, &setting, k);
                    assert_eq!(found, expected, "{setting}, {k} steps");
                    let later = monomials(inputs + columns, of_states);
                    columns = (columns + gradient).min(neurons);
                    rank = later.min(columns);
                }
            }
        }
    }
}

/// A step of the flow takes four gradients; what is said of gradients by their number is as it was.
#[test]
fn a_step_of_the_flow_counts_as_four_gradients() {
    let dimensions = Dimensions { neurons: 60, d_in: 2, d_out: 9, steps: 4, trials: 6 };
    let plain = setting(dimensions, |_| ());
    let bent = setting(dimensions, |setting| setting.psi = ActivationKind::Polynomial(2));
    let flow = |setting: &Setting| Setting {
        stepper: StepperKind::GradientFlow,
        learning_steps: 2,
        ..setting.clone()
    };
    for (theorem, setting) in [
        (&krylov_decay::THEOREM, &plain),
        (&linear_growth::THEOREM, &plain),
        (&fibonacci_growth::THEOREM, &plain),
        (&minimum_cut::THEOREM, &plain),
        (&tensor_telescoping::THEOREM, &plain),
        (&polynomial_growth::THEOREM, &bent),
    ] {
        let steps = Setting { learning_steps: 8, ..setting.clone() };
        for k in 0..=2 {
            for measure in [Measure::Rank, Measure::Cp] {
                let of_flow = limit(theorem, &flow(setting), measure, k);
                assert_eq!(of_flow, limit(theorem, &steps, measure, 4 * k), "{}", theorem.id);
            }
            let of_gradient = |setting| limit(theorem, setting, Measure::GradientRank, k);
            assert_eq!(of_gradient(&flow(setting)), of_gradient(&steps), "{}", theorem.id);
        }
    }
}

/// Each change that takes a hypothesis away, and some that take none.
#[test]
fn limits_are_silent_without_their_hypotheses() {
    type Change = fn(&mut Setting);
    let dimensions = Dimensions { neurons: 9, d_in: 1, d_out: 1, steps: 2, trials: 3 };
    let bent_phi: Change = |setting| setting.phi = ActivationKind::Polynomial(2);
    let bent_psi: Change = |setting| setting.psi = ActivationKind::Polynomial(2);
    let full: Change = |setting| setting.initial_weights = InitialWeights::Full;
    let low_rank: Change = |setting| setting.initial_weights = InitialWeights::LowRank(1);
    let identity: Change = |setting| setting.initial_weights = InitialWeights::ScaledIdentity;
    let symmetric: Change = |setting| setting.initial_weights = InitialWeights::Symmetric(2);
    let cube: Change = |setting| setting.rule = RuleKind::Cube;
    let muon: Change = |setting| setting.rule = RuleKind::Muon;
    let shampoo: Change = |setting| setting.rule = RuleKind::Shampoo;
    let common: Change = |setting| setting.initial_state = InitialState::Common;
    let along: Change = |setting| setting.initial_state = InitialState::AlongInputs;
    let trained: Change = |setting| setting.trained = Subset::only(["W", "B"]);
    let longer: Change = |setting| setting.dimensions.steps = 4;
    let three: Change = |setting| setting.dimensions.steps = 3;
    let two_inputs: Change = |setting| setting.dimensions.d_in = 2;
    let two_outputs: Change = |setting| setting.dimensions.d_out = 2;
    let bias: Change = |setting| setting.bias = true;
    let degree_one: Change = |setting| setting.psi = ActivationKind::Polynomial(1);
    let tanh: Change = |setting| setting.psi = ActivationKind::Tanh;
    let nothing: Change = |_| ();

    /// A theorem, what makes the plain case one of its own, a measure, and what silences it or does not.
    struct Row<'a> {
        theorem: &'a Theorem,
        base: Change,
        measure: Measure,
        silent: &'a [Change],
        spoken: &'a [Change],
    }
    for Row { theorem, base, measure, silent, spoken } in [
        Row {
            theorem: &invariant_subspace::THEOREM,
            base: nothing,
            measure: Measure::Rank,
            silent: &[bent_phi, bent_psi, full, low_rank, symmetric, cube, muon],
            spoken: &[identity, common, trained, bias, longer],
        },
        Row {
            theorem: &low_rank_initialization::THEOREM,
            base: low_rank,
            measure: Measure::Cp,
            silent: &[bent_phi, bent_psi, full, identity, symmetric, cube, muon],
            spoken: &[common, trained, bias, longer],
        },
        Row {
            theorem: &spectral_optimizers::THEOREM,
            base: muon,
            measure: Measure::R3,
            silent: &[bent_phi, bent_psi, full, low_rank, cube],
            spoken: &[identity, shampoo, common, trained],
        },
        Row {
            theorem: &eigenspaces::THEOREM,
            base: symmetric,
            measure: Measure::Rank,
            silent: &[bent_phi, bent_psi, full, low_rank, identity, cube],
            spoken: &[muon, common, trained],
        },
        Row {
            theorem: &symmetry::THEOREM,
            base: nothing,
            measure: Measure::Rank,
            silent: &[bent_phi, bent_psi, full, low_rank, cube],
            spoken: &[identity, muon, common, trained],
        },
        Row {
            theorem: &linear_growth::THEOREM,
            base: full,
            measure: Measure::Rank,
            silent: &[bent_phi, bent_psi, cube],
            spoken: &[identity, low_rank, symmetric, muon, common, along, trained, longer],
        },
        Row {
            theorem: &linear_growth::THEOREM,
            base: full,
            measure: Measure::GradientRank,
            silent: &[bent_phi, bent_psi],
            spoken: &[cube, muon],
        },
        Row {
            theorem: &fibonacci_growth::THEOREM,
            base: nothing,
            measure: Measure::Rank,
            silent: &[bent_phi, bent_psi, full, symmetric, cube],
            spoken: &[identity, low_rank, muon, common, along, trained],
        },
        Row {
            theorem: &fibonacci_growth::THEOREM,
            base: nothing,
            measure: Measure::Cp,
            silent: &[muon, shampoo],
            spoken: &[identity],
        },
        Row {
            theorem: &minimum_cut::THEOREM,
            base: nothing,
            measure: Measure::Rank,
            silent: &[bent_phi, bent_psi, cube],
            spoken: &[full, low_rank, symmetric, muon, common, along, trained],
        },
        Row {
            theorem: &minimum_cut::THEOREM,
            base: nothing,
            measure: Measure::Cp,
            silent: &[muon, cube],
            spoken: &[full, trained],
        },
        Row {
            theorem: &krylov_decay::THEOREM,
            base: full,
            measure: Measure::GradientRank,
            silent: &[bent_phi, bent_psi, cube, muon],
            spoken: &[identity, low_rank, common, trained],
        },
        Row {
            theorem: &gradient_factorization::THEOREM,
            base: nothing,
            measure: Measure::GradientRank,
            silent: &[cube, muon],
            spoken: &[bent_phi, bent_psi, full, common, trained],
        },
        Row {
            theorem: &tensor_telescoping::THEOREM,
            base: nothing,
            measure: Measure::Cp,
            silent: &[cube, muon],
            spoken: &[bent_phi, bent_psi, full, common, trained],
        },
        Row {
            theorem: &short_trials::THEOREM,
            base: nothing,
            measure: Measure::Cp,
            silent: &[bent_phi, bent_psi, cube, common, trained, longer],
            spoken: &[identity, full, low_rank, muon, three, along, bias, two_inputs],
        },
        Row {
            theorem: &short_trials::THEOREM,
            base: three,
            measure: Measure::Rank,
            silent: &[bent_phi, full, low_rank, symmetric, muon, along],
            spoken: &[identity, bias, two_outputs],
        },
        Row {
            theorem: &siso_reciprocity::THEOREM,
            base: longer,
            measure: Measure::R3,
            silent: &[
                bent_phi,
                bent_psi,
                full,
                low_rank,
                cube,
                shampoo,
                common,
                trained,
                two_inputs,
                two_outputs,
                bias,
            ],
            spoken: &[identity, muon, along],
        },
        Row {
            theorem: &polynomial_growth::THEOREM,
            base: bent_psi,
            measure: Measure::Rank,
            silent: &[bent_phi, degree_one, tanh, full, identity, cube, common, trained],
            spoken: &[muon, along, bias, longer],
        },
    ] {
        let says = |change: &Change| {
            let setting = setting(dimensions, |setting| {
                base(setting);
                change(setting);
            });
            limit(theorem, &setting, measure, 1).is_some()
        };
        assert!(says(&nothing), "{}", theorem.id);
        let places = |changes: &[Change], expected| {
            let wrong = changes.iter().enumerate().filter(|(_, change)| says(change) != expected);
            wrong.map(|(place, _)| place).collect::<Vec<_>>()
        };
        let wrong = [places(silent, false), places(spoken, true)];
        assert!(wrong.iter().all(Vec::is_empty), "{} {measure}: {wrong:?}", theorem.id);
    }
}

/// What counting says where no theorem does: nothing moves before the first step or without W.
#[test]
fn without_a_theorem_counting_is_the_limit() {
    let n = 3;
    let dimensions = Dimensions { neurons: n, d_in: 2, d_out: 2, steps: 4, trials: 9 };
    let bent = setting(dimensions, |setting| {
        (setting.phi, setting.rule) = (ActivationKind::Tanh, RuleKind::Cube);
        setting.initial_weights = InitialWeights::Full;
    });
    let frozen = Setting { trained: Subset::only(["B"]), ..bent.clone() };
    for k in 0..=12 {
        let of = |setting, measure| {
            let (limit, theorem) = best_limit(setting, measure, k);
            assert!(theorem.is_none(), "{setting}");
            limit
        };
        let rank = if k == 0 { 0 } else { n };
        let expected = [rank, n, k.min(n * n), n * n.min(k)];
        assert_eq!(MEASURES.map(|measure| of(&bent, measure)), expected, "{k} steps");
        assert_eq!(MEASURES.map(|measure| of(&frozen, measure)), [0, n, 0, 0], "{k} steps");
    }
    // The theorem that says most, by name; of some alone if asked for.
    let plain = setting(Dimensions { neurons: 9, ..dimensions }, |_| ());
    let (limit, theorem) = best_limit(&plain, Measure::Rank, 1);
    assert_eq!((limit, theorem.map(|theorem| theorem.id)), (2, Some("fibonacci-growth")));
    let known = |theorem: &Theorem| theorem.id == "invariant-subspace";
    let (limit, theorem) = best_limit_among(&plain, Measure::Rank, 1, known);
    assert_eq!((limit, theorem.map(|theorem| theorem.id)), (4, Some("invariant-subspace")));
}
