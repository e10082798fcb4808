//! Whether a recording needs weights that change over trials, and what speaks for it.

use serde::{Deserialize, Serialize};

use super::orders::{Tried, TriedOrders};
use crate::fit::comparison::Comparison;
use crate::fit::cross_validation::Compared;
use crate::fit::verdict::reach;
use crate::statistics::Moments;

/// Whether weights that change over trials are needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChangingWeights {
    /// They predict better, in their order alone, and whatever else the models are made of.
    Needed,
    /// Constant weights predict as well, up to the [margin](Answer::margin).
    NotNeeded,
    /// Neither can be said.
    Undecided,
}

/// The answer of a search, with its evidence.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Answer {
    /// The answer.
    pub changing_weights: ChangingWeights,
    /// By how much the held-out loss of constant weights exceeds that of changing ones beside them, a
    /// mean over the architectures that are as good as the best.
    #[serde(with = "crate::json::number")]
    pub difference: f64,
    /// Its confidence interval of 95 %, by Student's t over the folds; none of less than two.
    #[serde(with = "crate::json::range")]
    pub interval: Option<(f64, f64)>,
    /// The same difference where each chose an architecture for itself.
    #[serde(with = "crate::json::number")]
    pub difference_of_choices: f64,
    /// Its confidence interval.
    #[serde(with = "crate::json::range")]
    pub interval_of_choices: Option<(f64, f64)>,
    /// What difference would be of no account.
    #[serde(with = "crate::json::number")]
    pub margin: f64,
    /// The share of orders of trials within condition and epoch, that of the recording among them,
    /// with which changing weights predict at least as well as with that of the recording; none if no
    /// other was tried.
    pub permutation_p: Option<f64>,
    /// How many other orders were tried: no more than show that order does not matter.
    pub permutations: usize,
    /// The same share of orders within condition alone, in which trials change their epoch too; none
    /// if no other was tried, as where there is one epoch or the first share tells already.
    pub permutation_p_across_epochs: Option<f64>,
    /// How many other orders of these were tried.
    pub permutations_across_epochs: usize,
    /// In how many architectures changing weights predict clearly better than constant ones, and of
    /// how many whose validation loss is within one standard error of the best.
    pub stable: (usize, usize),
    /// The model of the least held-out loss.
    #[serde(with = "kebab")]
    pub best_model: Comparison,
    /// Whether trials could have initial states, gains and inputs of their own in all networks.
    pub of_trials: [bool; 3],
}

/// What an answer is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Evidence<'a> {
    /// What constant weights lose more than changing ones beside them, over folds.
    pub beside: Moments,
    /// The same where each chose for itself.
    pub constant: &'a Compared,
    pub folds: usize,
    /// What networks of constant weights gain over the mean of each bin.
    pub gain: f64,
    /// What other orders of trials say.
    pub orders: TriedOrders,
    /// How many orders there would be at most.
    pub permutations: usize,
    pub of_trials: [bool; 3],
    pub stable: (usize, usize),
    pub best_model: Comparison,
}

/// A difference that is less than this share of what constant weights gain over the mean of each
/// bin is of no account.
const MARGIN: f64 = 0.01;

/// The level of the permutation test; that of the interval is the same.
const LEVEL: f64 = 0.05;

impl Answer {
    /// Needed if all evidence speaks for changing weights: the interval is above zero, and the
    /// difference too where each model chose for itself, the order of trials matters, and so it is in
    /// most architectures. Not needed if none does: both intervals are below the margin, and neither
    /// order nor most architectures speak for them.
    ///
    /// A permutation test of so few orders that it cannot reach its level speaks neither for nor
    /// against.
    pub(super) fn new(evidence: Evidence) -> Self {
        let Evidence { beside, constant, folds, gain, orders, permutations, stable, .. } = evidence;
        let interval = |mean: f64, standard_error: f64| {
            let ends = reach(standard_error, folds).map(|reach| (mean - reach, mean + reach));
            ends.filter(|(low, high)| low.is_finite() && high.is_finite())
        };
        let intervals = [
            interval(beside.mean, beside.standard_error()),
            interval(constant.excess, constant.excess_se),
        ];
        let margin = MARGIN * gain;
        let p = |tried: Tried| {
            let share = (1 + tried.as_good) as f64 / (1 + tried.orders) as f64;
            (tried.orders > 0).then_some(share)
        };
        let [within, across] = [orders.within, orders.across].map(p);
        let can_tell = 1.0 / (1 + permutations) as f64 <= LEVEL;
        let order_matters =
            can_tell.then(|| [within, across].into_iter().flatten().any(|p| p <= LEVEL));
        let most = 2 * stable.0 > stable.1;
        let above = intervals[0].is_some_and(|(low, _)| low > 0.0) && constant.excess > 0.0;
        let below = intervals.iter().all(|ends| ends.is_some_and(|(_, high)| high < margin));
        let changing_weights = if above && order_matters != Some(false) && most {
            ChangingWeights::Needed
        } else if below && order_matters != Some(true) && !most {
            ChangingWeights::NotNeeded
        } else {
            ChangingWeights::Undecided
        };
        Answer {
            changing_weights,
            difference: beside.mean,
            interval: intervals[0],
            difference_of_choices: constant.excess,
            interval_of_choices: intervals[1],
            margin,
            permutation_p: within,
            permutations: orders.within.orders,
            permutation_p_across_epochs: across,
            permutations_across_epochs: orders.across.orders,
            stable,
            best_model: evidence.best_model,
            of_trials: evidence.of_trials,
        }
    }

    /// The answer, its evidence in three lines, and the model that predicts best.
    pub fn in_words(&self) -> String {
        let answer = match self.changing_weights {
            ChangingWeights::Needed => "Weights that change over trials are needed.",
            ChangingWeights::NotNeeded => "Weights that change over trials are not needed.",
            ChangingWeights::Undecided => {
                "Whether weights that change over trials are needed cannot be told."
            }
        };
        let interval = match self.interval {
            Some((low, high)) => format!("95 % confidence: {low:.4} to {high:.4}"),
            None => "no confidence interval: a fit broke down".to_owned(),
        };
        let counted = |p: f64, orders: usize| {
            let as_good = (p * (1 + orders) as f64).round() as usize - 1;
            let few = if as_good == 0 && p > LEVEL { ", too few to count" } else { "" };
            format!("{as_good} of {orders} orders of trials (p = {p:.2}{few})")
        };
        let order = match self.permutation_p {
            Some(p) => format!(
                "shuffled, changing weights predict as well in {}",
                counted(p, self.permutations)
            ),
            None => "no other order of trials was tried".to_owned(),
        };
        let across = self.permutation_p_across_epochs.map_or(String::new(), |p| {
            let found = counted(p, self.permutations_across_epochs);
            format!(";\n  across epochs, in {found}")
        });
        let (clear, all) = self.stable;
        format!(
            "{answer}\n\
             Difference: beside changing weights, constant ones predict worse by {:.4}\n\
             \x20 ({interval}; of no account below {:.4}), with a search of their own by {:.4}.\n\
             Order: {order}{across}.\n\
             Architectures: changing weights predict clearly better in {clear} of {all} within one \
             standard error of the best.\n\
             Best of all models: {}.\n",
            self.difference,
            self.margin.max(0.0),
            self.difference_of_choices,
            self.best_model.in_words(),
        )
    }

    /// What of trials could still look like changing weights, and what could not.
    pub fn caution(&self) -> String {
        let named = |is: bool| {
            let names = ["initial states", "gains", "inputs"].into_iter().zip(self.of_trials);
            let names: Vec<_> = names.filter(|&(_, of)| of == is).map(|(name, _)| name).collect();
            match names.split_last() {
                Some((last, others)) if !others.is_empty() => {
                    Some(format!("{} and {last}", others.join(", ")))
                }
                Some((last, _)) => Some((*last).to_owned()),
                None => None,
            }
        };
        let tested = named(true).map(|names| {
            format!("In all networks {names} could vary from trial to trial, where that predicts better.")
        });
        let untested = named(false).map(|names| {
            format!("What varies from trial to trial in {names} can look like changing weights.")
        });
        tested.into_iter().chain(untested).map(|line| line + "\n").collect()
    }
}

/// Whether so many orders of at most so many show that order does not matter at the level of the
/// test.
pub(super) fn is_settled(as_good: usize, permutations: usize) -> bool {
    (1 + as_good) as f64 / (1 + permutations) as f64 > LEVEL
}

/// The name of a model with hyphens.
mod kebab {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Comparison;

    pub fn serialize<S: Serializer>(model: &Comparison, to: S) -> Result<S::Ok, S::Error> {
        model.name().replace('_', "-").serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Comparison, D::Error> {
        let name = String::deserialize(from)?.replace('-', "_");
        let mut all = Comparison::OTHERS.into_iter().chain([Comparison::LowTensorRank]);
        let found = all.find(|model| model.name() == name);
        found.ok_or_else(|| D::Error::custom(format!("no model is called {name:?}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::cross_validation::Estimate;

    const NONE: Tried = Tried { orders: 0, as_good: 0 };
    const WORSE: Tried = Tried { orders: 19, as_good: 0 };
    const AS_GOOD: Tried = Tried { orders: 19, as_good: 19 };
    const TOO_FEW: Tried = Tried { orders: 9, as_good: 0 };

    fn answer(excess: f64, within: Tried, stable: (usize, usize)) -> Answer {
        answer_across(excess, within, NONE, stable)
    }

    fn answer_across(excess: f64, within: Tried, across: Tried, stable: (usize, usize)) -> Answer {
        answer_apart(excess, excess, within, across, stable)
    }

    /// With another difference where each model chose for itself.
    fn answer_apart(
        beside: f64,
        excess: f64,
        within: Tried,
        across: Tried,
        stable: (usize, usize),
    ) -> Answer {
        let estimate =
            Estimate { mean: 0.5, se: 0.0, r2: 0.5, r2_se: 0.0, bits_per_spike: f64::NAN };
        let constant = Compared {
            comparison: Comparison::Constant,
            estimate,
            excess,
            // Student's t with four degrees of freedom: 2.776.
            excess_se: 0.001,
        };
        let best_model =
            if excess > 0.0 { Comparison::LowTensorRank } else { Comparison::Constant };
        Answer::new(Evidence {
            // A standard error of 0.001 over five folds.
            beside: Moments { count: 5, mean: beside, squares: 20e-6 },
            constant: &constant,
            folds: 5,
            gain: 1.0,
            orders: TriedOrders { within, across },
            permutations: within.orders,
            of_trials: [true, false, false],
            stable,
            best_model,
        })
    }

    #[test]
    fn all_evidence_is_needed_to_say_either() {
        use ChangingWeights::{Needed, NotNeeded, Undecided};
        for (excess, within, stable, expected) in [
            (0.02, WORSE, (4, 5), Needed),
            // Without permutations the rest speaks.
            (0.02, NONE, (4, 5), Needed),
            // As good in any order; in few architectures; not above zero.
            (0.02, AS_GOOD, (4, 5), Undecided),
            (0.02, WORSE, (2, 5), Undecided),
            (0.0027, WORSE, (4, 5), Undecided),
            // 0.01 is the margin, 0.0028 half of the interval. A small difference that all evidence speaks
            // for counts: where weights change, constant ones can make up for most of it.
            (0.0071, WORSE, (4, 5), Needed),
            (-0.001, AS_GOOD, (0, 5), NotNeeded),
            (-0.1, AS_GOOD, (0, 5), NotNeeded),
            (0.0071, AS_GOOD, (0, 5), NotNeeded),
            (0.0073, AS_GOOD, (0, 5), Undecided),
            (-0.001, WORSE, (0, 5), Undecided),
            (-0.001, AS_GOOD, (3, 5), Undecided),
            // Ten orders cannot reach the level of 5 %.
            (-0.001, TOO_FEW, (0, 5), NotNeeded),
            (f64::NAN, WORSE, (4, 5), Undecided),
            (f64::NAN, AS_GOOD, (0, 5), Undecided),
        ] {
            let found = answer(excess, within, stable);
            assert_eq!(found.changing_weights, expected, "{found:?}");
        }
        // What holds side by side must not be undone where each model chooses, nor the other way round.
        for (beside, excess, within, stable, expected) in [
            (0.02, 0.001, WORSE, (4, 5), Needed),
            (0.02, -0.001, WORSE, (4, 5), Undecided),
            (0.001, 0.02, WORSE, (4, 5), Undecided),
            (0.0, 0.0073, AS_GOOD, (0, 5), Undecided),
            (0.0073, 0.0, AS_GOOD, (0, 5), Undecided),
            (0.0071, 0.0071, AS_GOOD, (0, 5), NotNeeded),
        ] {
            let found = answer_apart(beside, excess, within, NONE, stable);
            assert_eq!(found.changing_weights, expected, "{found:?}");
            assert_eq!((found.difference, found.difference_of_choices), (beside, excess));
        }
        assert_eq!(answer(0.0, WORSE, (0, 5)).permutation_p, Some(0.05));
        assert_eq!(answer(0.0, AS_GOOD, (0, 5)).permutation_p, Some(1.0));
        // Where weights change between epochs alone, the order within them says nothing.
        let between = answer_across(0.02, AS_GOOD, WORSE, (4, 5));
        assert_eq!(between.changing_weights, Needed);
        assert_eq!(between.permutation_p_across_epochs, Some(0.05));
        let words = between.in_words();
        assert!(words.contains("(p = 1.00);\n  across epochs, in 0 of 19 orders"), "{words}");
        assert_eq!(answer_across(0.02, AS_GOOD, AS_GOOD, (4, 5)).changing_weights, Undecided);
        // Few orders settle that order does not matter, none that it does before all were tried.
        assert!(is_settled(1, 19) && !is_settled(0, 19) && is_settled(0, 9));
    }

    #[test]
    fn the_caution_names_what_was_not_tried() {
        let found = answer(0.02, NONE, (4, 5)).caution();
        assert!(found.starts_with("In all networks initial states could vary"), "{found}");
        assert!(found.contains("in gains and inputs can look like changing weights"), "{found}");
        let all = Answer { of_trials: [true; 3], ..answer(0.02, NONE, (4, 5)) }.caution();
        assert!(
            all.contains("initial states, gains and inputs could vary") && all.lines().count() == 1
        );
        assert!(all.lines().all(|line| line.chars().count() < 120));
    }

    #[cfg(feature = "files")]
    #[test]
    fn it_comes_back_from_json_and_says_its_evidence() {
        for found in [answer(0.02, WORSE, (4, 5)), answer(f64::NAN, NONE, (0, 1))] {
            let text = serde_json::to_string(&found).unwrap();
            let back: Answer = serde_json::from_str(&text).unwrap();
            assert_eq!(serde_json::to_string(&back).unwrap(), text);
        }
        let found = answer(0.02, WORSE, (4, 5));
        let value = serde_json::to_value(found).unwrap();
        assert_eq!(value["changing_weights"], "needed");
        assert_eq!(value["best_model"], "low-tensor-rank");
        assert_eq!(value["stable"], serde_json::json!([4, 5]));
        let words = found.in_words();
        assert!(
            words.contains("in 0 of 19 orders of trials (p = 0.05).")
                && words.contains("in 4 of 5"),
            "{words}"
        );
        assert!(words.lines().all(|line| line.chars().count() < 120), "{words}");
        let few = answer(0.0, TOO_FEW, (0, 5)).in_words();
        assert!(few.contains("p = 0.10, too few to count"), "{few}");
    }
}
