//! In how few dimensions weights moved: the answer as one screen of text, what stands behind it,
//! figures, and a record for JSON.

mod figures;
mod overview;
mod record;
mod theorems;

pub use figures::{Drawn, EFFECTIVE_FIGURES, effective_figures};
pub use overview::effective_overview;
pub use record::EffectiveRecord;

use super::{TextTable, in_lines};
use crate::scalar::significant;
use crate::weights::{
    EffectiveRanks, Fixed, Nearness, Null, NullRanks, Overlap, Quantiles, SHARES, SecondHalf,
    SpaceShare, Spectrum,
};

/// Characters of a line.
const WIDTH: usize = 80;

/// A share of the movement that rounding can have made, from which on that is said first.
const MUCH: f64 = 0.01;

/// Said of weights without movement.
const STILL: &str = "The weights did not move.";

/// Said of movement that nothing is held against.
const ALONE: &str = "No random walks were drawn to hold the movement against.";

/// What the answer is made of.
const WORDS: &str = "The movement is all squared changes since the start; a CP term is a pattern of \
                     rows times a pattern of columns times a course over learning.";

/// The answer in a sentence.
pub fn effective_sentence(found: &EffectiveRanks) -> String {
    match &found.walk {
        Some(walk) => sentence(found, walk),
        None => without_walk(found).to_owned(),
    }
}

fn without_walk(found: &EffectiveRanks) -> &'static str {
    if found.movement > 0.0 { ALONE } else { STILL }
}

/// The answer: a sentence, a table, and what is to be known of them, in lines of at most 80
/// characters, 18 at most. `numbers` are those of the steps 0..K if they are others.
pub fn effective_screen(found: &EffectiveRanks, numbers: Option<&[u64]>) -> String {
    let Some(walk) = &found.walk else {
        return format!("{}\n", without_walk(found));
    };
    let mut text = wrapped(&format!("{} {WORDS}", sentence(found, walk)));
    if found.rounding > MUCH {
        let rounding = percent(found.rounding);
        text += &wrapped(&format!("But rounding can have made up to {rounding} of the movement."));
    }
    text += "\n";
    text += &table(found, walk);
    let scaled = match walk.size {
        [rows, columns] if is_scaled(found, walk) => {
            format!(" and scaled up from {rows} x {columns}")
        }
        _ => String::new(),
    };
    text += &wrapped(&format!(
        "In brackets: random walks of as long steps, median of {}{scaled} (+: at least, in 95 % of \
         them). {}",
        walk.draws,
        turned(found)
    ));
    if let Some(half) = &found.second_half {
        text += &wrapped(&is_fixed(half, walk, numbers));
    }
    if let Some(nearness) = &found.nearness {
        text += &wrapped(&in_space(nearness));
    }
    text
}

/// What stands behind the screen: the principal angles between the spaces of the two halves, the
/// spaces of theorems, and what rounding makes. Each begins with an empty line.
pub fn effective_details(found: &EffectiveRanks, numbers: Option<&[u64]>) -> String {
    let angles = found.second_half.as_ref().map(|half| angles(half, numbers));
    let theorems = found.nearness.as_ref().map(|near| theorems::table(near, found.rounding));
    let rounding = found.walk.is_some().then(|| {
        format!("Rounding can have made {} of the movement, at most.\n", percent(found.rounding))
    });
    let all = [angles, theorems, rounding];
    all.into_iter().flatten().map(|text| format!("\n{text}")).collect()
}

/// The number of the step k.
fn number_of(numbers: Option<&[u64]>, k: usize) -> u64 {
    numbers.map_or(k as u64, |numbers| numbers[k])
}

fn is_fixed(half: &SecondHalf, walk: &Null, numbers: Option<&[u64]>) -> String {
    let answer = match half.verdict(walk) {
        Fixed::Yes => "The space is fixed",
        Fixed::Partly => "The space is fixed in part",
        Fixed::No => "The space is not fixed",
    };
    let SecondHalf { first, rows, columns } = half;
    let dimensions = |of: &Overlap| if of.dimensions == 1 { "dimension" } else { "dimensions" };
    format!(
        "{answer}: of the movement after step {}, {} is in the {} {} of rows that held 95 % before \
         (as many at random hold {}, the best as many {}), and {} in the {} of columns (at random {}, \
         at best {}).",
        number_of(numbers, *first),
        percent(rows.share),
        rows.dimensions,
        dimensions(rows),
        percent(rows.chance),
        percent(rows.most),
        percent(columns.share),
        columns.dimensions,
        percent(columns.chance),
        percent(columns.most),
    )
}

/// The principal angles, of which the first are shown.
fn angles(half: &SecondHalf, numbers: Option<&[u64]>) -> String {
    const SHOWN: usize = 5;
    let step = number_of(numbers, half.first);
    let mut text =
        format!("Is the space fixed? Two spaces that hold 95 %: to step {step}, after it\n");
    let mut table =
        TextTable::new(["side", "dimensions", "principal angles in degrees (by chance)"]);
    for (name, side) in [("rows", &half.rows), ("columns", &half.columns)] {
        let shown = side.angles.iter().zip(&side.chance_angles).take(SHOWN);
        let mut cells: Vec<String> =
            shown.map(|(angle, chance)| format!("{angle:.0} ({:.0})", chance.median)).collect();
        if side.angles.len() > SHOWN {
            cells.push("...".to_owned());
        }
        let dimensions = format!("{}, {}", side.dimensions, side.later);
        table.add_row([name.to_owned(), dimensions, cells.join("  ")]);
    }
    text += &table.to_string();
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
    if found.cp.is_some() && walk.cp_at_least.is_some() {
        let cells = ["CP terms".to_owned(), String::new(), String::new()];
        table.add_row(cells.into_iter().chain((0..3).map(|place| terms(found, walk, place))));
    }
    table.to_string()
}

/// CP terms that hold one of the shares, and in brackets those of walks at least.
fn terms(found: &EffectiveRanks, walk: &Null, place: usize) -> String {
    let Some((cp, chance)) = found.cp.as_ref().zip(walk.cp_at_least) else {
        return String::new();
    };
    let found = match cp.dimensions()[place] {
        Some(terms) => terms.to_string(),
        None => format!(">{}", cp.limit),
    };
    format!("{found} ({:.0}+)", chance[place].low)
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
            "Of steps with the same singular values: 95 % in {rows} rows, {columns} columns."
        ),
        None => {
            "Those with the singular values of the steps are not drawn: of so many neurons they \
                 take minutes; --exact draws them."
                .to_owned()
        }
    }
}

/// The share in S of the theorem that applies; if that is not known, in the span of inputs and outputs.
fn in_space(nearness: &Nearness) -> String {
    let of_channels = nearness.shares.first().map(|share| (share.theorem.id, &share.found));
    let (what, found) = match (&nearness.space, of_channels) {
        (Err(_), Some((id, Ok(found)))) => (format!("{id} (but W_0 is not w I)"), found),
        (Ok(found), _) => (nearness.applies.id.to_owned(), found),
        (Err(reason), _) => {
            let id = nearness.applies.id;
            return format!("The share in S of {id} is not known: {reason}.");
        }
    };
    let SpaceShare { dimensions, rows, columns, both, chance, chance_both } = found;
    let side = |share: &Option<f64>| share.map_or(String::new(), percent);
    format!(
        "In S of {what}, {dimensions} dimensions, lies {} of the movement (by chance {}), of its rows \
         {}, of its columns {} (by chance {}).",
        percent(*both),
        percent(*chance_both),
        side(rows),
        side(columns),
        percent(*chance)
    )
}

/// True if walks have fewer rows or columns than the weights.
fn is_scaled(found: &EffectiveRanks, walk: &Null) -> bool {
    let sides = [&found.rows, &found.columns].into_iter().zip(walk.size);
    sides
        .into_iter()
        .any(|(side, drawn)| side.as_ref().is_none_or(|spectrum| spectrum.shares().len() > drawn))
}

/// `12 %`, `99.7 %`, and near the whole what is left: `all but 4e-8 %`.
fn percent(share: f64) -> String {
    match 1.0 - share {
        rest if rest <= 1e-14 => "all".to_owned(),
        rest if rest < 1e-3 => format!("all but {} %", significant(100.0 * rest, 1)),
        _ => format!("{} %", significant(100.0 * share, 3)),
    }
}

/// Words in lines of at most 80 characters, unless one is longer.
pub fn wrapped(text: &str) -> String {
    // A number and its sign stay together.
    let text = text.replace(" %", "\u{a0}%");
    in_lines("", text.split(' '), WIDTH).replace('\u{a0}', " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Matrix;
    use crate::scalar::Stream;
    use crate::weights::EffectiveOptions;

    fn screen(weights: &[Matrix<f64>], terms: usize) -> String {
        let options = EffectiveOptions { draws: 3, terms, all: false };
        effective_screen(&EffectiveRanks::of_slices(weights, &options, &|_| ()), None)
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
        let options = EffectiveOptions { draws: 0, terms: 0, all: false };
        let found = EffectiveRanks::of_slices(&walk, &options, &|_| ());
        assert!(found.rows.is_some() && found.cp.is_none() && found.turned.is_none());
        assert!(effective_sentence(&found).starts_with("No random walks"));
    }

    #[test]
    fn shares_near_the_whole_say_what_is_left() {
        let texts = [0.0, 0.123_45, 0.9994, 1.0 - 1e-7, 1.0].map(percent);
        assert_eq!(texts, ["0 %", "12.3 %", "all but 0.06 %", "all but 1e-5 %", "all"]);
    }
}
