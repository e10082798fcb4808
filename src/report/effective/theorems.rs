//! The movement in the spaces of theorems, and which theorem is near, in words.

use super::{TextTable, percent, wrapped};
use crate::scalar::significant;
use crate::weights::{Nearness, SpaceShare, TheoremShare};

/// A part of the movement outside a space below which nothing is concluded from it, nor where rounding
/// can have made it.
const OUTSIDE: f64 = 1e-6;

/// From this distance of W_0 on no theorem is called near.
const FAR: f64 = 0.5;

/// From this evenness on entries are said to be of one size.
const EVEN: f64 = 0.98;

/// The evenness of normal entries, 2 / pi.
const NORMAL: f64 = std::f64::consts::FRAC_2_PI;

/// A row for each theorem whose space is known, and what they say together. Rounding can have made this
/// share of the movement.
pub(super) fn table(nearness: &Nearness, rounding: f64) -> String {
    let mut table =
        TextTable::new(["theorem", "dim S", "share", "by chance", "its start", "off by"]);
    [1, 2, 3, 5].into_iter().for_each(|column| table.align_right(column));
    let mut reasons = Vec::new();
    for TheoremShare { theorem, start, off, found } in &nearness.shares {
        let off = significant(*off, 2);
        match found {
            Ok(SpaceShare { dimensions, both, chance_both, .. }) => table.add_row([
                theorem.id.to_owned(),
                dimensions.to_string(),
                percent(*both),
                percent(*chance_both),
                (*start).to_owned(),
                off,
            ]),
            Err(reason) => reasons.push(format!("{} says nothing: {reason}.", theorem.id)),
        }
    }
    let mut text = "The movement in the spaces of theorems\n".to_owned();
    if reasons.len() < nearness.shares.len() {
        text += &table.to_string();
    }
    reasons.iter().for_each(|reason| text += &wrapped(reason));
    text += &wrapped(&words(nearness, rounding));
    if let Some(evenness) = nearness.evenness.filter(|&evenness| evenness > EVEN) {
        text += &wrapped(&format!(
            "The entries of the first change are all of one size (evenness {}, of normal ones {}): \
             sign descent and Adam begin so, gradient descent does not.",
            significant(evenness, 3),
            significant(NORMAL, 2),
        ));
    }
    text
}

/// Which theorem is nearest, and what follows.
fn words(nearness: &Nearness, rounding: f64) -> String {
    let Some((near, found)) =
        nearness.nearest().and_then(|near| Some((near, near.found.as_ref().ok()?)))
    else {
        return "No theorem says where such weights move.".to_owned();
    };
    let TheoremShare { theorem, start, off, .. } = near;
    let unseen: Vec<&str> = near.unseen().collect();
    let unseen = unseen.join("; ");
    let outside = 1.0 - found.both;
    if *off > FAR {
        return format!(
            "None is near: {start}, of {}, is off by {} of the norm of W_0. What the space holds is \
             then a finding, and no theorem says it.",
            theorem.id,
            percent(*off)
        );
    }
    let what = match (*off == 0.0, outside > OUTSIDE.max(rounding)) {
        (true, false) => format!(
            "{start} holds, and the movement is where the theorem says{}. The rest of its \
             hypotheses does not show in weights: {unseen}.",
            if outside > OUTSIDE { ", up to rounding" } else { "" }
        ),
        (true, true) => format!(
            "{start} holds, and {} of the movement is elsewhere: so another hypothesis fails, or an \
             input, bias or initial state is not given. Weights do not show which: {unseen}.",
            percent(outside)
        ),
        (false, _) => format!(
            "{start} does not hold: what W_0 has besides is {} of its norm. Weights do not show the \
             rest of its hypotheses: {unseen}.",
            percent(*off)
        ),
    };
    format!("Nearest is {}: {what}", theorem.id)
}
