//! Effective ranks as a record, for JSON.

use serde::Serialize;

use crate::theorem::Theorem;
use crate::weights::{
    CpTerms, EffectiveRanks, Fixed, Nearness, Null, NullRanks, Overlap, Quantiles, SHARES,
    SpaceShare, Spectrum, TheoremShare,
};

/// Effective ranks as `rank --json` writes them under `effective`: null where not reached or not
/// computed.
#[derive(Serialize)]
pub struct EffectiveRecord {
    /// Of W_K - W_0.
    last: Option<SpectrumRecord>,
    /// Of the unfoldings of the increments.
    rows: Option<SpectrumRecord>,
    columns: Option<SpectrumRecord>,
    steps: Option<SpectrumRecord>,
    /// Of that along the fourth axis, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    fourth: Option<SpectrumRecord>,
    cp: Option<CpRecord>,
    /// Random walks with steps of the same Frobenius norms.
    null: Option<NullRecord>,
    /// Random walks with steps of the same singular values.
    null_of_spectra: Option<NullRecord>,
    second_half: Option<HalfRecord>,
    /// The movement in S of the theorem that applies to W_0.
    space: Option<SpaceRecord>,
    /// That in the spaces of all theorems whose space inputs and outputs tell.
    theorems: Option<Vec<TheoremRecord>>,
    /// Of these the one whose hypothesis on W_0 is nearest to true.
    nearest: Option<&'static str>,
    /// The square of the mean size of the entries of W_1 - W_0 over their mean square: 1 if all are
    /// of one size. With inputs and outputs only.
    first_change_evenness: Option<f64>,
    /// The share of the movement that rounding can have made, at most.
    rounding: f64,
}

#[derive(Serialize)]
struct SpectrumRecord {
    participation_ratio: f64,
    stable_rank: f64,
    r90: usize,
    r95: usize,
    r99: usize,
    /// What one dimension, two dimensions, and so on hold, up to 99 %.
    explained: Vec<f64>,
}

#[derive(Serialize)]
struct CpRecord {
    /// What one term, two terms, and so on hold, up to 99 % or the limit.
    explained: Vec<f64>,
    r90: Option<usize>,
    r95: Option<usize>,
    r99: Option<usize>,
    /// Terms up to which was searched.
    limit: usize,
    /// Terms that 90, 95 and 99 % need at least.
    at_least: [usize; 3],
}

/// Three numbers are the 5th, the 50th and the 95th percentile over draws.
#[derive(Serialize)]
struct NullRecord {
    draws: usize,
    /// Rows and columns in which walks were drawn.
    size: [usize; 2],
    last: Option<NullRanksRecord>,
    rows: Option<NullRanksRecord>,
    columns: Option<NullRanksRecord>,
    steps: Option<NullRanksRecord>,
    /// The most that one CP term, two terms, and so on can hold: the median.
    cp_explained: Vec<f64>,
    /// CP terms that 90, 95 and 99 % need at least, in 95 % of the draws: as the text has them.
    r90: Option<usize>,
    r95: Option<usize>,
    r99: Option<usize>,
    /// What each draw needs at least, for 90, 95 and 99 %.
    cp_at_least: Option<[[f64; 3]; 3]>,
}

#[derive(Serialize)]
struct NullRanksRecord {
    participation_ratio: [f64; 3],
    stable_rank: [f64; 3],
    r90: [f64; 3],
    r95: [f64; 3],
    r99: [f64; 3],
}

#[derive(Serialize)]
struct HalfRecord {
    /// The last step of the first half.
    first: usize,
    /// Whether the space is fixed: yes, partly, or no more than by chance.
    fixed: &'static str,
    rows: OverlapRecord,
    columns: OverlapRecord,
}

#[derive(Serialize)]
struct OverlapRecord {
    dimensions: usize,
    share: f64,
    chance: f64,
    /// Of random walks: the 5th, the 50th and the 95th percentile.
    chance_quantiles: Option<[f64; 3]>,
    /// The most that any space of so many dimensions holds.
    most: f64,
    /// Dimensions that hold 95 % of the second half.
    later: usize,
    /// In degrees.
    principal_angles: Vec<f64>,
    chance_principal_angles: Vec<[f64; 3]>,
}

#[derive(Serialize)]
struct TheoremRecord {
    #[serde(flatten)]
    space: SpaceRecord,
    /// What the theorem says of W_0, and how far that is from true, over the norm of W_0.
    start: &'static str,
    off: f64,
}

#[derive(Serialize)]
struct SpaceRecord {
    theorem: &'static str,
    /// Why the space is not known.
    reason: Option<String>,
    dimensions: Option<usize>,
    rows: Option<f64>,
    columns: Option<f64>,
    both: Option<f64>,
    chance: Option<f64>,
    chance_both: Option<f64>,
}

impl From<&EffectiveRanks> for EffectiveRecord {
    fn from(found: &EffectiveRanks) -> Self {
        let nearness = found.nearness.as_ref();
        let spectrum = |spectrum: &Option<Spectrum>| spectrum.as_ref().map(SpectrumRecord::from);
        EffectiveRecord {
            last: spectrum(&found.last),
            rows: spectrum(&found.rows),
            columns: spectrum(&found.columns),
            steps: spectrum(&found.steps),
            fourth: spectrum(&found.fourth),
            cp: found.cp.as_ref().map(CpRecord::from),
            null: found.walk.as_ref().map(NullRecord::from),
            null_of_spectra: found.turned.as_ref().map(NullRecord::from),
            second_half: HalfRecord::of(found),
            space: nearness.map(|near| SpaceRecord::new(near.applies, &near.space)),
            theorems: nearness.map(|near| near.shares.iter().map(TheoremRecord::from).collect()),
            nearest: nearness.and_then(Nearness::nearest).map(|share| share.theorem.id),
            first_change_evenness: nearness.and_then(|near| near.evenness),
            rounding: found.rounding,
        }
    }
}

impl From<&Spectrum> for SpectrumRecord {
    fn from(spectrum: &Spectrum) -> Self {
        let [r90, r95, r99] = SHARES.map(|share| spectrum.dimensions_for(share));
        SpectrumRecord {
            participation_ratio: spectrum.participation_ratio(),
            stable_rank: spectrum.stable_rank(),
            r90,
            r95,
            r99,
            explained: (1..=r99).map(|dimensions| spectrum.explained(dimensions)).collect(),
        }
    }
}

impl From<&CpTerms> for CpRecord {
    fn from(cp: &CpTerms) -> Self {
        let [r90, r95, r99] = cp.dimensions();
        let explained = (1..=cp.found.errors.len()).map(|terms| cp.found.explained(terms));
        let explained = explained.collect();
        CpRecord { explained, r90, r95, r99, limit: cp.limit, at_least: cp.at_least }
    }
}

fn triple(Quantiles { low, median, high }: Quantiles) -> [f64; 3] {
    [low, median, high]
}

impl From<&Null> for NullRecord {
    fn from(null: &Null) -> Self {
        let of = |ranks: &Option<NullRanks>| {
            ranks.as_ref().map(|ranks| {
                let [r90, r95, r99] = ranks.dimensions.map(triple);
                NullRanksRecord {
                    participation_ratio: triple(ranks.participation_ratio),
                    stable_rank: triple(ranks.stable_rank),
                    r90,
                    r95,
                    r99,
                }
            })
        };
        let terms = |place: usize| null.cp_at_least.map(|terms| terms[place].low.round() as usize);
        NullRecord {
            draws: null.draws,
            size: null.size,
            last: of(&null.last),
            rows: of(&null.rows),
            columns: of(&null.columns),
            steps: of(&null.steps),
            cp_explained: null.cp_explained.clone(),
            r90: terms(0),
            r95: terms(1),
            r99: terms(2),
            cp_at_least: null.cp_at_least.map(|terms| terms.map(triple)),
        }
    }
}

impl HalfRecord {
    fn of(found: &EffectiveRanks) -> Option<Self> {
        let (half, walk) = (found.second_half.as_ref()?, found.walk.as_ref()?);
        let overlap = |overlap: &Overlap, side: usize| OverlapRecord {
            dimensions: overlap.dimensions,
            share: overlap.share,
            chance: overlap.chance,
            chance_quantiles: walk.second_half.map(|sides| triple(sides[side])),
            most: overlap.most,
            later: overlap.later,
            principal_angles: overlap.angles.clone(),
            chance_principal_angles: overlap.chance_angles.iter().copied().map(triple).collect(),
        };
        Some(HalfRecord {
            first: half.first,
            fixed: match half.verdict(walk) {
                Fixed::Yes => "yes",
                Fixed::Partly => "partly",
                Fixed::No => "no more than by chance",
            },
            rows: overlap(&half.rows, 0),
            columns: overlap(&half.columns, 1),
        })
    }
}

impl From<&TheoremShare> for TheoremRecord {
    fn from(share: &TheoremShare) -> Self {
        let space = SpaceRecord::new(share.theorem, &share.found);
        TheoremRecord { space, start: share.start, off: share.off }
    }
}

impl SpaceRecord {
    fn new(theorem: &'static Theorem, found: &Result<SpaceShare, String>) -> Self {
        let share = found.as_ref().ok();
        SpaceRecord {
            theorem: theorem.id,
            reason: found.as_ref().err().cloned(),
            dimensions: share.map(|share| share.dimensions),
            rows: share.and_then(|share| share.rows),
            columns: share.and_then(|share| share.columns),
            both: share.map(|share| share.both),
            chance: share.map(|share| share.chance),
            chance_both: share.map(|share| share.chance_both),
        }
    }
}
