//! The figures of effective ranks, each with the numbers that it shows.

use crate::report::{Figure, Panel, Table};
use crate::weights::{EffectiveRanks, NullRanks, Overlap, Quantiles, SHARES, Spectrum};

/// Points of a curve, about, that are drawn.
const POINTS: usize = 60;

/// Dimensions from which on their axis is logarithmic.
const MANY: usize = 64;

/// Terms that are drawn.
const TERMS: usize = 6;

/// A figure with what is to be seen in it, and its numbers.
#[derive(Clone, Debug)]
pub struct Drawn {
    /// For the names of its files.
    pub name: &'static str,
    /// What is to be seen.
    pub caption: &'static str,
    /// The figure.
    pub figure: Figure,
    /// The numbers, of points that are not drawn too.
    pub table: Table,
}

/// The names of all figures of effective ranks.
pub const EFFECTIVE_FIGURES: [&str; 4] =
    ["dimensions", "cp_terms", "cp_courses", "principal_angles"];

/// Dimensions and CP terms beside random walks, terms over the steps, principal angles: those of
/// which there is something to draw. `label` says in the titles of what they are; `numbers` are those
/// of the steps 0..K if they are others.
pub fn effective_figures(
    label: &str,
    found: &EffectiveRanks,
    numbers: Option<&[u64]>,
) -> Vec<Drawn> {
    let title = |what: &str| match label {
        "" => what.to_owned(),
        label => format!("{what}, {label}"),
    };
    let drawn = [
        dimensions(title("Dimensions of the movement"), found),
        cp_terms(title("CP terms of the movement"), found),
        courses(title("CP terms over learning"), found, numbers),
        angles(title("Both halves of learning"), found),
    ];
    drawn.into_iter().flatten().collect()
}

const WALKS: &str = "random walks";
const TURNED: &str = "steps turned";
const WEIGHTS: &str = "weights";

/// A dotted line of grey.
const DOTTED: usize = 6;

/// A panel of parts of the movement.
fn of_parts(title: impl Into<String>, x: &str, most: usize) -> Panel {
    let panel = Panel::new(title, x, "part of the movement (%)").y_range(0.0, 105.0);
    if most > MANY { panel.log_x() } else { panel.whole_x() }
}

/// The same with a line at 95 %.
fn marked(panel: Panel, most: usize) -> Panel {
    let most_of_it = 100.0 * SHARES[1];
    panel.line_in_style(DOTTED, "95 %", [1.0, most as f64].map(|x| (x, most_of_it)))
}

/// What the first dimensions hold.
fn dimensions(title: String, found: &EffectiveRanks) -> Option<Drawn> {
    let walk = found.walk.as_ref()?;
    let turned = found.turned.as_ref();
    let mut figure = Figure::new(title).columns(2);
    let mut table = Table::new([
        "of",
        "dimensions",
        "held_percent",
        "walks_5th_percentile",
        "walks_median",
        "walks_95th_percentile",
        "turned_median",
    ]);
    for (name, spectrum, null, turned) in [
        ("rows", &found.rows, &walk.rows, turned.map(|null| &null.rows)),
        ("columns", &found.columns, &walk.columns, turned.map(|null| &null.columns)),
        ("last change", &found.last, &walk.last, turned.map(|null| &null.last)),
        ("time courses", &found.steps, &walk.steps, turned.map(|null| &null.steps)),
    ] {
        let Some(spectrum) = spectrum else { continue };
        let turned = turned.and_then(Option::as_ref);
        let most = most_dimensions(spectrum, null.as_ref());
        figure = figure.panel(held(name, spectrum, null.as_ref(), turned, most));
        for count in 1..=most {
            let quantiles = |null: Option<&NullRanks>| at(null, count);
            let of = |part: fn(Quantiles) -> f64| {
                quantiles(null.as_ref()).map_or(String::new(), |null| percent(part(null)))
            };
            table.row([
                name.to_owned(),
                count.to_string(),
                percent(spectrum.explained(count)),
                of(|null| null.low),
                of(|null| null.median),
                of(|null| null.high),
                quantiles(turned).map_or(String::new(), |null| percent(null.median)),
            ]);
        }
    }
    Some(Drawn {
        name: "dimensions",
        caption: "The part of the movement that the first dimensions hold, of the weights and of \
                  random walks with steps as long: their median, and from the 5th to the 95th \
                  percentile. Steps turned: walks whose steps have the singular values of those of \
                  the weights.",
        figure,
        table,
    })
}

fn held(
    name: &str,
    spectrum: &Spectrum,
    null: Option<&NullRanks>,
    turned: Option<&NullRanks>,
    most: usize,
) -> Panel {
    let shown = thinned(most);
    let mut panel = of_parts(name, "dimensions", most);
    let curve = |null: &NullRanks, part: fn(Quantiles) -> f64| -> Vec<(f64, f64)> {
        let points = shown.iter().map(|&n| (n as f64, at(Some(null), n)));
        points.filter_map(|(n, held)| Some((n, 100.0 * part(held?)))).collect()
    };
    panel = panel.line(WEIGHTS, shown.iter().map(|&n| (n as f64, 100.0 * spectrum.explained(n))));
    // As the curves lie from high to low, and so in the legend.
    if let Some(null) = turned {
        panel = panel.path(TURNED, curve(null, |held| held.median));
    }
    if let Some(null) = null {
        let (low, high) = (curve(null, |held| held.low), curve(null, |held| held.high));
        let band = low.into_iter().zip(high).map(|((n, low), (_, high))| (n, low, high));
        panel = panel.path(WALKS, curve(null, |held| held.median)).band(WALKS, band);
    }
    marked(panel, most)
}

/// Dimensions that hold 99 % of the weights' movement and of nearly all walks'.
fn most_dimensions(spectrum: &Spectrum, null: Option<&NullRanks>) -> usize {
    let of_null = null.map_or(0, |null| null.explained.len());
    spectrum.dimensions_for(SHARES[2]).max(of_null)
}

/// What so many dimensions hold of a null: all beyond the last that was counted, nearly.
fn at(null: Option<&NullRanks>, count: usize) -> Option<Quantiles> {
    let explained = &null?.explained;
    explained.get(count - 1).or(explained.last()).copied()
}

/// What the first CP terms hold.
fn cp_terms(title: String, found: &EffectiveRanks) -> Option<Drawn> {
    let (cp, walk) = (found.cp.as_ref()?, found.walk.as_ref()?);
    let mut table = Table::new(["terms", "held_percent", "walks_at_most_percent_median"]);
    let count = cp.found.errors.len();
    let most = count.max(walk.cp_explained.len());
    for terms in 1..=most {
        let held = (terms <= count).then(|| percent(cp.found.explained(terms)));
        let chance = walk.cp_explained.get(terms - 1).map(|&share| percent(share));
        table.row([terms.to_string(), held.unwrap_or_default(), chance.unwrap_or_default()]);
    }
    let held = (1..=count).map(|terms| (terms as f64, 100.0 * cp.found.explained(terms)));
    let chance = walk.cp_explained.iter().enumerate();
    let chance = chance.map(|(place, share)| ((place + 1) as f64, 100.0 * share));
    let panel =
        of_parts(title, "CP terms", most).line(WEIGHTS, held).line("random walks, at most", chance);
    Some(Drawn {
        name: "cp_terms",
        caption: "The part of the movement that sums of so many CP terms hold, of the weights as \
                  found by search, of random walks with steps as long at most: the median.",
        figure: Figure::single(marked(panel, most)),
        table,
    })
}

/// How the terms grow.
fn courses(title: String, found: &EffectiveRanks, numbers: Option<&[u64]>) -> Option<Drawn> {
    let courses = found.cp.as_ref()?.courses.as_ref()?;
    let sizes = &courses.sizes;
    let steps = found.walk.as_ref()?.moves;
    let number = |k: usize| numbers.map_or(k as u64, |numbers| numbers[k]);
    let histories = sizes.rows() / steps;
    let mut table = Table::new(["history", "step", "term", "size"]);
    let mut figure = Figure::new(title);
    for history in 0..histories {
        let name = if histories > 1 { format!("history {}", history + 1) } else { String::new() };
        let mut panel =
            Panel::new(name, "learning step", "size of the term (unit of the weights)").whole_x();
        for r in 0..sizes.cols() {
            let size = |k: usize| if k == 0 { 0.0 } else { sizes[(history * steps + k - 1, r)] };
            for k in 0..=steps {
                let place = [history as u64 + 1, number(k), r as u64 + 1].map(|at| at.to_string());
                table.row(place.into_iter().chain([size(k).to_string()]));
            }
            if r < TERMS {
                let points = (0..=steps).map(|k| (number(k) as f64, size(k)));
                panel = panel.line(format!("term {}", r + 1), points);
            }
        }
        figure = figure.panel(panel);
    }
    Some(Drawn {
        name: "cp_courses",
        caption: "How the CP terms that hold 95 % of the movement, or as many as were searched for, \
                  grow over learning: each is a pattern of rows times a pattern of columns, both of \
                  norm 1, times this size. Terms may cancel each other in part. The six largest \
                  are drawn.",
        figure,
        table,
    })
}

/// Principal angles between the spaces of the two halves.
fn angles(title: String, found: &EffectiveRanks) -> Option<Drawn> {
    let half = found.second_half.as_ref()?;
    let mut table = Table::new([
        "side",
        "angle",
        "degrees",
        "chance_5th_percentile",
        "chance_median",
        "chance_95th_percentile",
    ]);
    let mut figure = Figure::new(title).columns(2);
    for (name, side) in [("rows", &half.rows), ("columns", &half.columns)] {
        let Overlap { angles, chance_angles, dimensions, later, .. } = side;
        for (place, (angle, chance)) in angles.iter().zip(chance_angles).enumerate() {
            let numbers = [*angle, chance.low, chance.median, chance.high];
            let cells = numbers.map(|degrees| format!("{degrees:.4}"));
            table.row([name.to_owned(), (place + 1).to_string()].into_iter().chain(cells));
        }
        let shown = thinned(angles.len());
        let points = |degrees: &dyn Fn(usize) -> f64| -> Vec<(f64, f64)> {
            shown.iter().map(|&n| (n as f64, degrees(n - 1))).collect()
        };
        let ends = |x: f64, n: usize| (x, chance_angles[n - 1].low, chance_angles[n - 1].high);
        // A band of one place has a width all the same.
        let band: Vec<_> = match shown[..] {
            [only] => [0.8, 1.2].map(|x| ends(x, only)).to_vec(),
            _ => shown.iter().map(|&n| ends(n as f64, n)).collect(),
        };
        let axis = "number of the angle";
        let panel = Panel::new(
            format!("dimensions of {name}: {dimensions} before, {later} after"),
            axis,
            "principal angle (degrees)",
        );
        figure = figure.panel(
            panel
                .whole_x()
                .x_range(0.5, angles.len() as f64 + 0.5)
                .y_range(0.0, 90.0)
                .line(WEIGHTS, points(&|n| angles[n]))
                .line("spaces by chance", points(&|n| chance_angles[n].median))
                .band("spaces by chance", band),
        );
    }
    Some(Drawn {
        name: "principal_angles",
        caption: "Angles between the space that holds 95 % of the first half of the movement and \
                  that of the second, beside spaces of as many dimensions that do not know of each \
                  other: their median, and from the 5th to the 95th percentile. Angles near 0 are \
                  directions that were kept.",
        figure,
        table,
    })
}

/// Numbers from 1 to `most`, all or about 60 of them in nearly equal ratios.
fn thinned(most: usize) -> Vec<usize> {
    if most <= POINTS {
        return (1..=most).collect();
    }
    let ratio = |place: usize| (most as f64).powf(place as f64 / (POINTS - 1) as f64);
    let mut shown: Vec<usize> = (0..POINTS).map(|place| ratio(place).round() as usize).collect();
    shown.dedup();
    shown
}

fn percent(share: f64) -> String {
    format!("{:.4}", 100.0 * share)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Matrix;
    use crate::scalar::Stream;
    use crate::weights::EffectiveOptions;

    #[test]
    fn many_points_are_thinned_from_the_first_to_the_last() {
        assert_eq!(thinned(0), Vec::<usize>::new());
        assert_eq!(thinned(60).len(), 60);
        let shown = thinned(5000);
        assert!(shown.len() <= POINTS && shown[0] == 1 && shown.last() == Some(&5000));
        assert!(shown.is_sorted_by(|a, b| a < b));
    }

    /// Every number in a figure is in its table, and no figure is without points.
    #[test]
    fn figures_have_their_numbers() {
        let mut stream = Stream::new("figures", 0, 0);
        let mut position = Matrix::zeros(9, 6);
        let mut step = || {
            position.add_scaled(1.0, &Matrix::normal(9, 6, 1.0, &mut stream));
            position.clone()
        };
        let weights: Vec<_> = (0..7).map(|_| step()).collect();
        let options = EffectiveOptions { draws: 3, terms: 4, all: false };
        let found = EffectiveRanks::of_slices(&weights, &options, &|_| ());
        let steps = [0, 1, 2, 5, 10, 20, 50];
        let drawn = effective_figures("gate i", &found, Some(&steps));
        let names: Vec<_> = drawn.iter().map(|drawn| drawn.name).collect();
        assert_eq!(names, ["dimensions", "cp_terms", "cp_courses", "principal_angles"]);
        for Drawn { figure, name, .. } in &drawn {
            let svg = figure.to_svg();
            assert!(svg.contains("gate i") && !svg.contains("NaN"), "{name}");
        }
        assert!(drawn[2].figure.to_svg().contains("learning step 50"));
        // Figures of weights that stand still: none.
        let still =
            EffectiveRanks::of_slices(&[weights[0].clone(), weights[0].clone()], &options, &|_| ());
        assert!(effective_figures("", &still, None).is_empty());
    }
}
