//! All that is said of recorded weights, whoever read them: effective ranks, exact ranks where they
//! take seconds or are asked for, and the bounds of the theorems.

use super::{
    EffectiveOptions, EffectiveRanks, HeldBound, InputOutput, SliceError, Stage, Watch,
    WeightRanks, WeightStream,
};

/// Weights as they were recorded, whole or in gates.
pub struct RecordedWeights {
    /// Where they come from, as a heading: `w.npz: W`.
    pub title: String,
    /// What was chosen and left out in reading them, in sentences.
    pub notes: Vec<String>,
    /// The numbers of the steps W_0..W_K, if they are others than 0..K.
    pub steps: Option<Vec<u64>>,
    /// The weights, or each of their gates.
    pub parts: Vec<WeightPart>,
}

/// Weights that are answered for by themselves.
pub struct WeightPart {
    /// Which gate it is, if it is one.
    pub gate: Option<String>,
    /// One history, or one for each index of a fourth axis.
    pub tracks: Vec<WeightStream>,
    /// Inputs and outputs, if they are known.
    pub channels: Option<InputOutput>,
}

/// Whether exact ranks are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exactly {
    /// Never.
    Never,
    /// If they take seconds.
    Seconds,
    /// Even if they take minutes, and walks with the singular values of the steps with them.
    Always,
}

/// What is asked of recorded weights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerOptions {
    /// Exact tensor ranks of the increments W_k - W_0 instead of the weights W_k.
    pub increments: bool,
    /// Whether exact ranks are computed.
    pub exactly: Exactly,
}

/// What is said of one history.
#[derive(Clone, Debug)]
pub struct WeightAnswer {
    /// In how few dimensions the weights moved.
    pub effective: EffectiveRanks,
    /// Exact ranks, if they were computed: of a single history alone.
    pub exact: Option<ExactRanks>,
}

/// Exact ranks, and the bounds of the theorems.
#[derive(Clone, Debug)]
pub struct ExactRanks {
    /// What singular values tell.
    pub ranks: WeightRanks,
    /// The increments against the bounds of theorems.
    pub bounds: Vec<HeldBound>,
}

impl WeightAnswer {
    /// Computes what is asked for. Inputs and outputs, and exact ranks, are of a single history: with
    /// several, for the indices of a fourth axis, they are not looked at.
    ///
    /// # Errors
    ///
    /// If weights cannot be read, inputs or outputs do not have a row for each neuron, or hold a
    /// number that is not finite.
    pub fn new(
        part: &WeightPart,
        asked: AnswerOptions,
        watch: Watch<'_>,
    ) -> Result<Self, SliceError> {
        let AnswerOptions { increments, exactly } = asked;
        let options =
            EffectiveOptions { all: exactly == Exactly::Always, ..EffectiveOptions::default() };
        let channels = part.channels.as_ref();
        let [weights] = &part.tracks[..] else {
            let effective = EffectiveRanks::of_tracks(&part.tracks, &options, watch)?;
            return Ok(WeightAnswer { effective, exact: None });
        };
        let effective = EffectiveRanks::of_stream(weights, channels, &options, watch)?;
        let is_computed = match exactly {
            Exactly::Never => false,
            Exactly::Seconds => takes_seconds(weights),
            Exactly::Always => true,
        };
        let exact = is_computed.then(|| ExactRanks::new(weights, channels, increments, watch));
        Ok(WeightAnswer { effective, exact: exact.transpose()? })
    }
}

impl ExactRanks {
    fn new(
        weights: &WeightStream,
        channels: Option<&InputOutput>,
        increments: bool,
        watch: Watch<'_>,
    ) -> Result<Self, SliceError> {
        let history = weights.load()?;
        let ranks = WeightRanks::new(&history, increments, watch);
        watch(Stage { what: "bounds", done: 0, all: 1 });
        let bounds = HeldBound::all(&history, &ranks, channels)?;
        Ok(ExactRanks { ranks, bounds })
    }
}

/// True if exact ranks take seconds, about: they need singular values of every step.
fn takes_seconds(weights: &WeightStream) -> bool {
    const MAX_WORK: usize = 1 << 28;
    let (rows, columns) = (weights.neurons(), weights.columns());
    let of_a_step = rows.saturating_mul(columns).saturating_mul(rows.min(columns));
    of_a_step.saturating_mul(weights.steps() + 1) <= MAX_WORK
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Matrix;
    use crate::weights::WeightHistory;

    fn part(tracks: usize) -> WeightPart {
        let slice = |k: i32| Matrix::from_fn(4, 4, |i, j| f64::from(k) * (i * j + 1) as f64);
        let history = WeightHistory::new((0..4).map(slice).collect()).unwrap();
        let tracks = (0..tracks).map(|_| history.clone().into()).collect();
        WeightPart { gate: None, tracks, channels: None }
    }

    #[test]
    fn exact_ranks_are_computed_where_they_are_asked_for() {
        let answer = |tracks, exactly| {
            let asked = AnswerOptions { increments: true, exactly };
            WeightAnswer::new(&part(tracks), asked, &|_| ()).unwrap()
        };
        for exactly in [Exactly::Seconds, Exactly::Always] {
            let exact = answer(1, exactly).exact.unwrap();
            assert_eq!(exact.ranks.increment_ranks[3].known(), Some(2));
            assert!(!exact.bounds.is_empty());
        }
        for (tracks, exactly) in [(1, Exactly::Never), (2, Exactly::Always)] {
            let answer = answer(tracks, exactly);
            assert!(answer.exact.is_none());
            assert_eq!(answer.effective.fourth.is_some(), tracks == 2);
        }
    }
}
