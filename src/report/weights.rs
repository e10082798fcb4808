//! All that was found in recorded weights, as a record for JSON.

use serde::Serialize;

use super::effective::EffectiveRecord;
use crate::matrix::Rank;
use crate::theorem::Verdict;
use crate::weights::{
    Decided, ExactRanks, HeldBound, RecordedWeights, Rounding, WeightAnswer, WeightPart, doubts,
};

/// What `rank --json` writes: of gates a list.
#[derive(Serialize)]
#[serde(untagged)]
pub enum WeightRecords {
    /// Of the whole.
    One(Box<WeightRecord>),
    /// Of each gate.
    Gates {
        /// The form of the record.
        schema: u32,
        /// In their order.
        gates: Vec<WeightRecord>,
    },
}

impl WeightRecords {
    /// Of all parts of the weights, with an answer for each.
    pub fn new(weights: &RecordedWeights, answers: &[WeightAnswer]) -> Self {
        let record = |(part, answer)| WeightRecord::new(weights, part, answer);
        let mut gates: Vec<_> = weights.parts.iter().zip(answers).map(record).collect();
        match gates.len() {
            1 => WeightRecords::One(Box::new(gates.remove(0))),
            _ => WeightRecords::Gates { schema: 1, gates },
        }
    }
}

/// To what weights were rounded, and by which option, if by one.
pub fn rounding_sentence(rounding: &Rounding) -> String {
    match rounding.decided() {
        Decided::Given => format!("{rounding} by --precision"),
        _ => rounding.to_string(),
    }
}

/// All that was found of one history. `effective` has the dimensions of the movement; the others are
/// exact ranks, null if those were not computed.
#[derive(Serialize)]
pub struct WeightRecord {
    schema: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    gate: Option<String>,
    /// The numbers of the steps, if they are others than 0..K.
    #[serde(skip_serializing_if = "Option::is_none")]
    steps: Option<Vec<u64>>,
    shape: [usize; 3],
    precision: PrecisionRecord,
    #[serde(flatten)]
    exact: ExactRecord,
    /// False if exact ranks were not computed.
    exact_ranks_computed: bool,
    effective: EffectiveRecord,
}

#[derive(Default, Serialize)]
struct ExactRecord {
    ranks: Option<Vec<Option<usize>>>,
    increment_ranks: Option<Vec<Option<usize>>>,
    unfolding_ranks: Option<Vec<Option<usize>>>,
    cp: Option<BracketRecord>,
    cp_certificates: Option<CertificatesRecord>,
    noise_floor: Option<f64>,
    space_dimension: Option<usize>,
    bounds: Option<Vec<BoundRecord>>,
    inconclusive: Option<Vec<String>>,
}

/// What the values were rounded to, and how that is known.
#[derive(Serialize)]
struct PrecisionRecord {
    array: &'static str,
    /// Of W_0, and the coarsest of W_1..W_K.
    start: String,
    values: String,
    epsilon: f64,
    decided: &'static str,
    sentence: String,
}

#[derive(Serialize)]
struct BracketRecord {
    lower: usize,
    upper: Option<usize>,
}

/// What shows each end of the bracket, and the norm of what the upper one leaves.
#[derive(Serialize)]
struct CertificatesRecord {
    lower: String,
    upper: Option<String>,
    residual: Option<f64>,
}

#[derive(Serialize)]
struct BoundRecord {
    theorem: &'static str,
    verdict: &'static str,
    reason: Option<String>,
    observations: Vec<ObservationRecord>,
}

#[derive(Serialize)]
struct ObservationRecord {
    what: String,
    lower: usize,
    upper: usize,
    bound: usize,
}

impl WeightRecord {
    /// Of a part of the weights, with the answer for it.
    pub fn new(loaded: &RecordedWeights, part: &WeightPart, answer: &WeightAnswer) -> Self {
        let WeightAnswer { effective, exact } = answer;
        let weights = &part.tracks[0];
        WeightRecord {
            schema: 1,
            gate: part.gate.clone(),
            steps: loaded.steps.clone(),
            shape: [weights.steps() + 1, weights.neurons(), weights.columns()],
            precision: PrecisionRecord::new(weights.rounding()),
            exact_ranks_computed: exact.is_some(),
            exact: exact.as_ref().map(ExactRecord::new).unwrap_or_default(),
            effective: effective.into(),
        }
    }
}

impl ExactRecord {
    fn new(ExactRanks { ranks, bounds }: &ExactRanks) -> Self {
        let known = |ranks: &[Rank]| Some(ranks.iter().map(Rank::known).collect());
        let half = ranks.exponent / 2;
        let powers = [half, ranks.exponent - half].map(|power| f64::from(power).exp2());
        let scaled = |number: f64| number * powers[0] * powers[1];
        let upper = ranks.tensor.cp_upper.as_ref();
        ExactRecord {
            ranks: known(&ranks.ranks),
            increment_ranks: known(&ranks.increment_ranks),
            unfolding_ranks: known(&ranks.tensor.unfolding_ranks),
            cp: Some(BracketRecord {
                lower: ranks.tensor.cp_lower.bound,
                upper: upper.map(|upper| upper.bound),
            }),
            cp_certificates: Some(CertificatesRecord {
                lower: ranks.tensor.cp_lower.certificate.to_string(),
                upper: upper.map(|upper| upper.construction.to_string()),
                residual: upper.map(|upper| scaled(upper.residual)),
            }),
            noise_floor: Some(scaled(ranks.tensor.noise_floor)),
            space_dimension: ranks.space.as_ref().and_then(Rank::known),
            bounds: Some(bounds.iter().map(BoundRecord::new).collect()),
            inconclusive: Some(doubts(ranks)),
        }
    }
}

impl PrecisionRecord {
    fn new(rounding: &Rounding) -> Self {
        let (start, later) = rounding.grids().split_first().expect("there is a start");
        let coarsest = later
            .iter()
            .copied()
            .max_by(|a, b| a.epsilon().total_cmp(&b.epsilon()))
            .expect("there is a step");
        PrecisionRecord {
            array: rounding.stored().name(),
            start: start.to_string(),
            values: coarsest.to_string(),
            epsilon: coarsest.epsilon(),
            decided: match rounding.decided() {
                Decided::Values => "by the values",
                Decided::Given => "by --precision",
                Decided::Few(_) => "by the array: too few different values",
                Decided::Fixed(_) => "by the array: values may be exact",
                Decided::Type => "by the array",
            },
            sentence: rounding_sentence(rounding),
        }
    }
}

impl BoundRecord {
    fn new(bound: &HeldBound) -> Self {
        let verdict = match bound.verdict() {
            None => "not applicable",
            Some(Verdict::Held { .. }) => "holds",
            Some(Verdict::Violated) => "violated",
            Some(Verdict::Inconclusive) => "inconclusive",
        };
        let observations = bound.found.iter().flatten().map(|found| ObservationRecord {
            what: found.quantity.to_string(),
            lower: found.found.lower,
            upper: found.found.upper,
            bound: found.bound,
        });
        let observations = observations.collect();
        let reason = bound.found.as_ref().err().cloned();
        BoundRecord { theorem: bound.theorem.id, verdict, reason, observations }
    }
}
