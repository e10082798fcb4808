//! What a cross-validation says in words: which model predicts better, and under which assumptions.

use serde::{Deserialize, Serialize};
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::architecture::{Architecture, During, Grouping, InitialStates};
use super::comparison::Comparison;
use super::cross_validation::{Compared, CrossValidation, Fold};
use super::search::Answer;

/// How another model predicts held-out entries against low tensor rank.
///
/// A difference counts if 95 % confidence excludes zero, by Student's t over the folds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Its loss is higher.
    Worse,
    /// The folds do not tell.
    Unclear,
    /// Its loss is lower.
    Better,
}

/// What all models of a cross-validation take for granted: what they share over trials.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Assumptions {
    /// Where trials start.
    pub initial: InitialStates,
    /// When inputs, one for each condition, drive the network.
    pub inputs: During,
}

/// The outcome of a cross-validation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// The tensor rank that was chosen.
    pub rank: usize,
    /// How constant weights predict.
    pub constant: Standing,
    /// How weights that are free in each trial predict.
    pub free: Standing,
    /// What all three have in common, unless each chose for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assumptions: Option<Assumptions>,
    /// Whether changing weights are needed, if each chose for itself.
    #[serde(flatten)]
    pub answer: Option<Answer>,
}

impl Standing {
    /// Of a model that was compared on so many folds. Less than two do not tell.
    pub fn new(compared: &Compared, folds: usize) -> Self {
        let Some(reach) = reach(compared.excess_se, folds) else { return Standing::Unclear };
        if compared.excess > reach {
            Standing::Worse
        } else if compared.excess < -reach {
            Standing::Better
        } else {
            Standing::Unclear
        }
    }
}

/// What it is for a rank to suffice.
const LEAST: &str = ", the least whose validation loss is within one standard error of the best";

/// Half of the width of a confidence interval of 95 % around a mean over so many folds; none of
/// less than two.
pub(super) fn reach(standard_error: f64, folds: usize) -> Option<f64> {
    let law = StudentsT::new(0.0, 1.0, folds.saturating_sub(1) as f64).ok()?;
    Some(law.inverse_cdf(0.975) * standard_error)
}

impl Assumptions {
    /// Those of a model.
    pub fn new(architecture: &Architecture) -> Self {
        Assumptions { initial: architecture.initial, inputs: architecture.inputs.during }
    }

    /// `with one initial state for each condition and without inputs`.
    pub fn in_words(&self) -> String {
        let initial = match self.initial {
            InitialStates::Zero => "with the initial state 0 in all trials",
            InitialStates::Learned { by, .. } => match by {
                Grouping::Common => "with one initial state for all trials",
                Grouping::Condition => "with one initial state for each condition",
                Grouping::Trial => "with an initial state for each trial",
            },
            InitialStates::Hierarchy { .. } => "with initial states by condition and trial",
        };
        let inputs = match self.inputs {
            During::Never => "without inputs",
            During::Preparation => "one input for each condition before the first bin",
            During::Execution => "one input for each condition from the first bin on",
            During::Throughout => "one input for each condition throughout",
        };
        format!("{initial} and {inputs}")
    }

    /// True if initial states that differ from trial to trial could be taken for changing weights.
    pub fn leave_initial_states(&self) -> bool {
        !matches!(
            self.initial,
            InitialStates::Learned { by: Grouping::Trial, .. } | InitialStates::Hierarchy { .. }
        )
    }

    /// What else could look like changing weights, and what tests it.
    pub fn caution(&self) -> &'static str {
        if self.leave_initial_states() { Self::GENERAL_CAUTION } else { Self::OTHER_CAUTION }
    }

    /// The caution where initial states of trials are fitted.
    const OTHER_CAUTION: &str = "Gains or inputs that vary from trial to trial can look like changing weights;\n\
         nothing here tests these.";

    /// The caution where it is not known what was assumed.
    pub const GENERAL_CAUTION: &str = "Initial states, gains or inputs that vary from trial to trial can look like changing\n\
         weights: an initial state for each trial tests the first; nothing tests the others.";
}

impl Verdict {
    /// What the folds say of low tensor rank with this rank and these units.
    pub fn new(cv: &CrossValidation, folds: &[Fold], rank: usize, units: usize) -> Self {
        let standing = |other| Standing::new(&cv.against(folds, other, rank, units), cv.folds);
        Verdict {
            rank,
            constant: standing(Comparison::Constant),
            free: standing(Comparison::Free),
            assumptions: Some(Assumptions::new(&cv.architecture)),
            answer: None,
        }
    }

    /// In words, in lines of less than 120 characters.
    pub fn in_words(&self) -> String {
        let compared = match (&self.answer, self.assumptions) {
            (Some(answer), _) => return self.in_words_of(answer),
            (None, Some(assumptions)) => {
                format!("Compared: networks {}.\n{}", assumptions.in_words(), assumptions.caution())
            }
            (None, None) => Assumptions::GENERAL_CAUTION.to_owned(),
        };
        let changing = match self.constant {
            Standing::Worse => "Weights that change over trials predict better than constant ones",
            Standing::Better => "Constant weights predict better than changing ones",
            Standing::Unclear => {
                "Changing weights do not predict clearly better than constant ones"
            }
        };
        format!(
            "{changing};\n{} (95 % confidence).\n{compared}\nTensor rank {} suffices{LEAST}.\n",
            self.constraint_in_words(),
            self.rank
        )
    }

    fn constraint_in_words(&self) -> &'static str {
        match self.free {
            Standing::Worse => "low tensor rank predicts better than weights free in each trial",
            Standing::Better => "weights free in each trial predict better than low tensor rank",
            Standing::Unclear => {
                "low tensor rank and weights free in each trial predict about as well"
            }
        }
    }

    fn in_words_of(&self, answer: &Answer) -> String {
        format!(
            "{}Tensor rank {} suffices{LEAST};\n{} (95 % confidence).\n{}\n",
            answer.in_words(),
            self.rank,
            self.constraint_in_words(),
            answer.caution().trim_end(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::cross_validation::Estimate;
    use super::*;

    const BY_CONDITION: InitialStates =
        InitialStates::Learned { by: Grouping::Condition, confined: true };

    fn verdict(initial: InitialStates, inputs: During) -> Verdict {
        Verdict {
            rank: 3,
            constant: Standing::Worse,
            free: Standing::Unclear,
            assumptions: Some(Assumptions { initial, inputs }),
            answer: None,
        }
    }

    #[test]
    fn what_was_compared_is_said_of_each_setting() {
        for confined in [false, true] {
            let learned = |by| InitialStates::Learned { by, confined };
            for (initial, expected) in [
                (InitialStates::Zero, "with the initial state 0 in all trials"),
                (learned(Grouping::Common), "with one initial state for all trials"),
                (learned(Grouping::Condition), "with one initial state for each condition"),
                (learned(Grouping::Trial), "with an initial state for each trial"),
                (
                    InitialStates::Hierarchy { confined, spread: 0.3 },
                    "with initial states by condition and trial",
                ),
            ] {
                for (inputs, driven) in [
                    (During::Never, "without inputs"),
                    (During::Preparation, "one input for each condition before the first bin"),
                    (During::Execution, "one input for each condition from the first bin on"),
                    (During::Throughout, "one input for each condition throughout"),
                ] {
                    let text = verdict(initial, inputs).in_words();
                    let line = format!("\nCompared: networks {expected} and {driven}.\n");
                    assert!(text.contains(&line), "{text}");
                    assert!(text.lines().all(|line| line.chars().count() < 120), "{text}");
                }
            }
        }
    }

    #[test]
    fn the_caution_names_initial_states_until_trials_have_their_own() {
        for by in [Grouping::Common, Grouping::Condition, Grouping::Trial] {
            let initial = InitialStates::Learned { by, confined: true };
            let text = verdict(initial, During::Never).in_words();
            let untested = by != Grouping::Trial;
            assert_eq!(text.contains("an initial state for each trial tests the first"), untested);
            assert_eq!(text.contains("Initial states, gains"), untested, "{text}");
            assert!(text.contains("ains or inputs that vary"), "{text}");
        }
        assert!(
            Assumptions { initial: InitialStates::Zero, inputs: During::Throughout }
                .leave_initial_states()
        );
    }

    /// The example there is of a recording on which both others are worse.
    #[test]
    fn the_guide_says_the_same() {
        let verdict = Verdict { free: Standing::Worse, ..verdict(BY_CONDITION, During::Never) };
        let words = verdict.in_words();
        assert!(include_str!("../guide/recordings.md").contains(&words), "{words}");
    }

    #[test]
    fn a_difference_counts_beyond_the_quantile_of_its_folds() {
        let estimate =
            Estimate { mean: 0.0, se: 0.0, r2: 0.0, r2_se: 0.0, bits_per_spike: f64::NAN };
        let comparison = Comparison::Constant;
        let standing = |excess, folds| {
            Standing::new(&Compared { comparison, estimate, excess, excess_se: 1.0 }, folds)
        };
        // Student's t with four degrees of freedom: 2.776.
        assert_eq!(standing(2.77, 5), Standing::Unclear);
        assert_eq!(standing(2.78, 5), Standing::Worse);
        assert_eq!(standing(-2.78, 5), Standing::Better);
        assert_eq!(standing(f64::NAN, 5), Standing::Unclear);
        assert_eq!(standing(1e9, 1), Standing::Unclear);
        let words = |constant| {
            let verdict = Verdict { constant, ..verdict(BY_CONDITION, During::Never) };
            verdict.in_words().lines().next().map(str::to_owned)
        };
        let first = |text: &str| Some(text.to_owned());
        assert_eq!(
            words(Standing::Worse),
            first("Weights that change over trials predict better than constant ones;")
        );
        assert_eq!(
            words(Standing::Unclear),
            first("Changing weights do not predict clearly better than constant ones;")
        );
        assert_eq!(
            words(Standing::Better),
            first("Constant weights predict better than changing ones;")
        );
    }
}
