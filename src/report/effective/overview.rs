//! The answers for several weights beside each other.

use super::{TextTable, WORDS, percent, terms, wrapped};
use crate::weights::{EffectiveRanks, NullRanks, SHARES, Spectrum};

/// A row for each of several weights, such as the gates of an LSTM, under a sentence: at most 80
/// characters in a line. `kind` is what each is.
pub fn effective_overview(kind: &str, found: &[(&str, &EffectiveRanks)]) -> String {
    let mut table = TextTable::new([
        kind,
        "CP terms 90 %",
        "95 %",
        "99 %",
        "rows 95 %",
        "columns 95 %",
        "after half",
    ]);
    (1..7).for_each(|column| table.align_right(column));
    found.iter().for_each(|(name, found)| table.add_row(row(name, found)));
    let mut text = wrapped(&sentence(kind, found)) + "\n" + &table.to_string();
    text += &wrapped(
        "In brackets: random walks of as long steps, their median (+: at least, in 95 % of them). \
         After half of the steps: so much of the movement is in the dimensions of rows that held 95 % \
         before (at random).",
    );
    text += &wrapped(WORDS);
    text
}

/// `3 to 4 CP terms hold 95 % of the movement of a gate; a random walk needs at least 5.`
fn sentence(kind: &str, found: &[(&str, &EffectiveRanks)]) -> String {
    let moved = || found.iter().filter_map(|(_, found)| found.cp.as_ref().zip(found.walk.as_ref()));
    let chance = moved().filter_map(|(_, walk)| Some(walk.cp_at_least?[1].low));
    let chance = chance.fold(f64::INFINITY, f64::min);
    let terms: Vec<Option<usize>> = moved().map(|(cp, _)| cp.dimensions()[1]).collect();
    let least = terms.iter().flatten().min();
    let most =
        terms.iter().copied().collect::<Option<Vec<_>>>().and_then(|all| all.into_iter().max());
    let count = match (least, most) {
        (None, _) => return format!("No {kind} has 95 % of its movement in few CP terms."),
        (Some(least), Some(most)) if *least == most => format!("{least} CP terms hold"),
        (Some(least), Some(most)) => format!("{least} to {most} CP terms hold"),
        (Some(least), None) => format!("{least} CP terms and more hold"),
    };
    format!(
        "{count} 95 % of the movement of each {kind}; a random walk of the same steps needs at least \
         {chance:.0}."
    )
}

fn row(name: &str, found: &EffectiveRanks) -> [String; 7] {
    let Some(walk) = &found.walk else {
        return [name, "still", "", "", "", "", ""].map(str::to_owned);
    };
    let [most, more, nearly] = [0, 1, 2].map(|place| terms(found, walk, place));
    let half = found
        .second_half
        .as_ref()
        .map(|half| format!("{} ({})", percent(half.rows.share), percent(half.rows.chance)));
    [
        name.to_owned(),
        most,
        more,
        nearly,
        side(found.rows.as_ref(), walk.rows.as_ref()),
        side(found.columns.as_ref(), walk.columns.as_ref()),
        half.unwrap_or_default(),
    ]
}

fn side(spectrum: Option<&Spectrum>, null: Option<&NullRanks>) -> String {
    let found = spectrum.map(|spectrum| spectrum.dimensions_for(SHARES[1]));
    match (found, null) {
        (Some(found), Some(null)) => format!("{found} ({:.0})", null.dimensions[1].median.ceil()),
        (Some(found), None) => found.to_string(),
        (None, _) => "-".to_owned(),
    }
}
