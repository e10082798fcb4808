//! In how few dimensions weights moved: the answer as one screen of text, and as a record for JSON.

use serde::Serialize;

use super::{TextTable, in_lines};
use crate::scalar::significant;
use crate::weights::{
    CpTerms, EffectiveRanks, Null, NullRanks, Overlap, Quantiles, SHARES, SpaceShare, SpaceShares,
    Spectrum,
};

/// Characters of a line.
const WIDTH: usize = 80;

/// A share of the movement that rounding can have made, from which on that is said first.
const MUCH: f64 = 0.01;

/// The answer: a sentence, a table, and what is to be known of them, in lines of at most 80
/// characters, 18 at most.
pub fn effective_screen(found: &EffectiveRanks) -> String {
    let Some(walk) = &found.walk else {
        return "The weights did not move.\n".to_owned();
    };
    let mut text = wrapped(&sentence(found, walk));
    let rounding = percent(found.rounding);
    if found.rounding > MUCH {
        text += &wrapped(&format!("But rounding can have made up to {rounding} of the movement."));
    }
    text += "\n";
    text += &table(found, walk);
    text += &wrapped(&turned(found));
    if let Some(half) = &found.second_half {
        let Overlap { dimensions, share, chance } = half.rows;
        text += &wrapped(&format!(
            "After step {}: {} of the movement is in the {dimensions} dimensions of rows that held \
             95 % before (by chance {}), {} in the {} of columns ({}).",
            half.first,
            percent(share),
            percent(chance),
            percent(half.columns.share),
            half.columns.dimensions,
            percent(half.columns.chance),
        ));
    }
    if let Some(space) = &found.space {
        text += &wrapped(&in_space(space));
    }
    let [rows, columns] = walk.size;
    text += &wrapped(&format!(
        "In brackets: medians of {} walks of {rows} x {columns}{}; + is at least, in 95 %.{}",
        walk.draws,
        if is_scaled(found, walk) { ", scaled up" } else { "" },
        if found.rounding > MUCH {
            String::new()
        } else {
            format!(" Rounding makes at most {rounding}.")
        }
    ));
    text
}

/// `12 CP terms hold 95 % of the movement; a random walk of the same steps needs at least 150.`
fn sentence(found: &EffectiveRanks, walk: &Null) -> String {
    let chance = walk.cp_at_least.map(|terms| terms[1].low);
    let Some((cp, chance)) = found.cp.as_ref().zip(chance) else {
        return "The CP terms of the movement are not computed for so many rows or columns.".into();
    };
    match cp.dimensions()[1] {
        Some(terms) => {
            let holds = if terms == 1 { "term holds" } else { "terms hold" };
            let found = format!("{terms} CP {holds} 95 % of the movement");
            if (terms as f64) < chance {
                format!("{found}; a random walk of the same steps needs at least {chance:.0}.")
            } else {
                format!(
                    "{found}; that is not few: a random walk of the same steps may need as few as \
                     {chance:.0}."
                )
            }
        }
        None => {
            let least = cp.at_least[1];
            let found = format!(
                "95 % of the movement takes more than {} CP terms, which hold {}, and at least {least}",
                cp.limit,
                percent(cp.found.explained(cp.found.errors.len())),
            );
            if (least as f64) < chance {
                format!("{found}; a random walk of the same steps needs at least {chance:.0}.")
            } else {
                format!(
                    "{found}; that is not few: a random walk of the same steps may need no more."
                )
            }
        }
    }
}

fn table(found: &EffectiveRanks, walk: &Null) -> String {
    let mut table =
        TextTable::new(["dimensions", "part. ratio", "stable rank", "90 %", "95 %", "99 %"]);
    (1..6).for_each(|column| table.align_right(column));
    for (name, spectrum, null) in [
        ("last change", &found.last, &walk.last),
        ("rows", &found.rows, &walk.rows),
        ("columns", &found.columns, &walk.columns),
        ("time courses", &found.steps, &walk.steps),
    ] {
        table.add_row(row(name, spectrum.as_ref(), null.as_ref()));
    }
    if found.fourth.is_some() {
        table.add_row(row("fourth axis", found.fourth.as_ref(), walk.fourth.as_ref()));
    }
    if let (Some(cp), Some(chance)) = (&found.cp, walk.cp_at_least) {
        let terms = |place: usize| {
            let found = match cp.dimensions()[place] {
                Some(terms) => terms.to_string(),
                None => format!(">{}", cp.limit),
            };
            format!("{found} ({:.0}+)", chance[place].low)
        };
        let cells = ["CP terms".to_owned(), String::new(), String::new()];
        table.add_row(cells.into_iter().chain((0..3).map(terms)));
    }
    table.to_string()
}

fn row(name: &str, spectrum: Option<&Spectrum>, null: Option<&NullRanks>) -> [String; 6] {
    let Some(spectrum) = spectrum else {
        return [name, "not computed", "", "", "", ""].map(str::to_owned);
    };
    let beside = |found: String, null: Option<Quantiles>, digits: usize| match null {
        Some(null) => format!("{found} ({})", significant(null.median, digits)),
        None => found,
    };
    let number = |found: f64, null: Option<Quantiles>| beside(significant(found, 3), null, 3);
    let dimensions = |place: usize| {
        let found = spectrum.dimensions_for(SHARES[place]).to_string();
        beside(found, null.map(|null| null.dimensions[place]), 4)
    };
    [
        name.to_owned(),
        number(spectrum.participation_ratio(), null.map(|null| null.participation_ratio)),
        number(spectrum.stable_rank(), null.map(|null| null.stable_rank)),
        dimensions(0),
        dimensions(1),
        dimensions(2),
    ]
}

/// Of walks with the spectra of the steps.
fn turned(found: &EffectiveRanks) -> String {
    let of = |null: &Null| {
        let [rows, columns] = [&null.rows, &null.columns]
            .map(|side| side.as_ref().map(|side| side.dimensions[1].median.ceil()));
        rows.zip(columns)
    };
    match found.turned.as_ref().and_then(of) {
        Some((rows, columns)) => format!(
            "Steps of the same spectra, random directions: 95 % in {rows} rows, {columns} columns."
        ),
        None => {
            "Walks with the singular values of the steps are not drawn: of so many neurons they \
                 take minutes; --exact draws them."
                .to_owned()
        }
    }
}

fn in_space(SpaceShares { theorem, found }: &SpaceShares) -> String {
    match found {
        Ok(SpaceShare { dimensions, rows, columns, both, chance }) => format!(
            "In S of {}, {dimensions} dimensions, lies {} of the movement (by chance {}); of its \
             rows {}, its columns {} ({}).",
            theorem.id,
            percent(*both),
            percent(chance * chance),
            percent(*rows),
            percent(*columns),
            percent(*chance)
        ),
        Err(reason) => format!("The share in S of {} is not known: {reason}.", theorem.id),
    }
}

/// True if walks have fewer rows or columns than the weights.
fn is_scaled(found: &EffectiveRanks, walk: &Null) -> bool {
    let sides = [&found.rows, &found.columns].into_iter().zip(walk.size);
    sides
        .into_iter()
        .any(|(side, drawn)| side.as_ref().is_none_or(|spectrum| spectrum.shares().len() > drawn))
}

/// `12 %`, `99.7 %`, and near the whole what is left: `all but 4e-8`.
fn percent(share: f64) -> String {
    match 1.0 - share {
        rest if rest <= 1e-14 => "all".to_owned(),
        rest if rest < 1e-3 => format!("all but {}", significant(rest, 1)),
        _ => format!("{} %", significant(100.0 * share, 3)),
    }
}

/// Words in lines of at most 80 characters, unless one is longer.
pub fn wrapped(text: &str) -> String {
    // A number and its sign stay together.
    let text = text.replace(" %", "\u{a0}%");
    in_lines("", text.split(' '), WIDTH).replace('\u{a0}', " ")
}

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
    space: Option<SpaceRecord>,
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

/// Numbers are the 5th, the 50th and the 95th percentile over draws.
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
    /// CP terms that 90, 95 and 99 % need at least.
    r90: Option<[f64; 3]>,
    r95: Option<[f64; 3]>,
    r99: Option<[f64; 3]>,
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
    rows: OverlapRecord,
    columns: OverlapRecord,
}

#[derive(Serialize)]
struct OverlapRecord {
    dimensions: usize,
    share: f64,
    chance: f64,
}

#[derive(Serialize)]
struct SpaceRecord {
    theorem: &'static str,
    /// Why S is not known.
    reason: Option<String>,
    dimensions: Option<usize>,
    rows: Option<f64>,
    columns: Option<f64>,
    both: Option<f64>,
    chance: Option<f64>,
}

impl From<&EffectiveRanks> for EffectiveRecord {
    fn from(found: &EffectiveRanks) -> Self {
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
            second_half: found.second_half.as_ref().map(|half| HalfRecord {
                first: half.first,
                rows: half.rows.into(),
                columns: half.columns.into(),
            }),
            space: found.space.as_ref().map(SpaceRecord::from),
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
        let of = |ranks: Option<NullRanks>| {
            ranks.map(|ranks| {
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
        let terms = |place: usize| null.cp_at_least.map(|terms| triple(terms[place]));
        NullRecord {
            draws: null.draws,
            size: null.size,
            last: of(null.last),
            rows: of(null.rows),
            columns: of(null.columns),
            steps: of(null.steps),
            cp_explained: null.cp_explained.clone(),
            r90: terms(0),
            r95: terms(1),
            r99: terms(2),
        }
    }
}

impl From<Overlap> for OverlapRecord {
    fn from(Overlap { dimensions, share, chance }: Overlap) -> Self {
        OverlapRecord { dimensions, share, chance }
    }
}

impl From<&SpaceShares> for SpaceRecord {
    fn from(SpaceShares { theorem, found }: &SpaceShares) -> Self {
        let share = found.as_ref().ok();
        SpaceRecord {
            theorem: theorem.id,
            reason: found.as_ref().err().cloned(),
            dimensions: share.map(|share| share.dimensions),
            rows: share.map(|share| share.rows),
            columns: share.map(|share| share.columns),
            both: share.map(|share| share.both),
            chance: share.map(|share| share.chance),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Matrix;
    use crate::scalar::Stream;
    use crate::weights::EffectiveOptions;

    fn screen(weights: &[Matrix<f64>], terms: usize) -> String {
        let options = EffectiveOptions { draws: 3, terms, all: false };
        effective_screen(&EffectiveRanks::of_slices(weights, &options, &|_| ()))
    }

    #[test]
    fn sentences_say_what_is_few_and_what_is_not() {
        let mut stream = Stream::new("screen", 0, 0);
        let mut position = Matrix::zeros(12, 12);
        let walk: Vec<_> = (0..9)
            .map(|_| {
                position.add_scaled(1.0, &Matrix::normal(12, 12, 1.0, &mut stream));
                position.clone()
            })
            .collect();
        let one: Vec<_> = (0..9).map(|k| walk[0].map(|x| x * f64::from(k))).collect();
        let line: Vec<_> =
            one.iter().map(|w| Matrix::from_fn(12, 12, |i, j| w[(i, 0)] * w[(0, j)])).collect();
        let text = screen(&line, 4);
        assert!(text.starts_with("1 CP term holds 95 % of the movement; a random walk"), "{text}");
        let text = screen(&walk, 2);
        assert!(text.starts_with("95 % of the movement takes more than 2 CP terms"), "{text}");
        assert!(text.contains(">2 (") && text.contains("a random walk of the same"), "{text}");
        let numbers = [vec![Matrix::zeros(1, 1)], vec![Matrix::scaled_identity(1, 2.0)]].concat();
        let text = screen(&numbers, 4);
        assert!(text.contains("that is not few"), "{text}");
        assert_eq!(screen(&[walk[0].clone(), walk[0].clone()], 4), "The weights did not move.\n");
    }

    #[test]
    fn shares_near_the_whole_say_what_is_left() {
        let texts = [0.0, 0.123_45, 0.9994, 1.0 - 1e-7, 1.0].map(percent);
        assert_eq!(texts, ["0 %", "12.3 %", "all but 0.0006", "all but 1e-7", "all"]);
    }
}
