//! What figures draw, as one table.

use super::{Figure, Layer, Panel, Series};

/// The columns of the table.
const HEADERS: [&str; 9] = ["figure", "panel", "series", "kind", "part", "x", "y", "low", "high"];

/// Everything that figures draw, given with their names, as CSV: a row for each point of each part
/// of a panel.
///
/// | column | what it holds |
/// |---|---|
/// | `figure`, `panel`, `series` | the name of the figure, the title of the panel, the name of the series |
/// | `kind` | `line`, `band`, `points`, `bars`, `flow`, `coloured`; `level` and `epoch` of what is no data |
/// | `part` | counts the parts of a panel from 0: the points of one part belong together, in order |
/// | `x`, `y` | the point; of bars, category and height; of coloured points, `low` is the value |
/// | `low`, `high` | the ends of a band or an error bar |
pub fn drawn_csv<N: AsRef<str>>(figures: &[(N, Figure)]) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADERS).expect("written to memory");
    for (name, figure) in figures {
        for panel in &figure.panels {
            for row in rows(panel) {
                let names = [name.as_ref().to_owned(), panel.title.clone()];
                let record = names.into_iter().chain(row);
                writer.write_record(record).expect("rows of one length, written to memory");
            }
        }
    }
    let bytes = writer.into_inner().expect("written to memory");
    String::from_utf8(bytes).expect("text stays text")
}

/// Series, kind, part, x, y, low, high.
type Row = [String; 7];

fn rows(panel: &Panel) -> Vec<Row> {
    let mut rows = Vec::new();
    for (part, layer) in panel.layers.iter().enumerate() {
        let mut add = |series: &str, kind: &str, x: String, y: f64, ends: Option<(f64, f64)>| {
            let (low, high) =
                ends.map_or_else(Default::default, |ends| (ends.0.to_string(), ends.1.to_string()));
            let texts = [series, kind].map(str::to_owned);
            let [series, kind] = texts;
            rows.push([series, kind, part.to_string(), x, y.to_string(), low, high]);
        };
        match layer {
            Layer::Line { series, points, .. } => {
                points.iter().for_each(|&(x, y)| add(&series.name, "line", x.to_string(), y, None))
            }
            Layer::Stream { points } => {
                points.iter().for_each(|&(x, y)| add("", "flow", x.to_string(), y, None));
            }
            Layer::Band { series, low, high } => {
                for (&(x, low), &(_, high)) in low.iter().zip(high) {
                    let middle = 0.5 * (low + high);
                    add(&series.name, "band", x.to_string(), middle, Some((low, high)));
                }
            }
            Layer::Points { series: Series { name, .. }, points, errors } => {
                for (index, &(x, y)) in points.iter().enumerate() {
                    let ends = errors.as_ref().map(|errors| (y - errors[index], y + errors[index]));
                    add(name, "points", x.to_string(), y, ends);
                }
            }
            Layer::Coloured { label, points, values } => {
                for (&(x, y), &value) in points.iter().zip(values) {
                    add(label, "coloured", x.to_string(), y, Some((value, value)));
                }
            }
            Layer::Bars { series, categories, heights, errors } => {
                for (category, (height, error)) in categories.iter().zip(heights.iter().zip(errors))
                {
                    let ends = (*error > 0.0).then_some((height - error, height + error));
                    add(&series.name, "bars", category.clone(), *height, ends);
                }
            }
        }
    }
    let no_data = |name: &str, kind: &str, x: String, y: String| {
        let [name, kind] = [name, kind].map(str::to_owned);
        [name, kind, String::new(), x, y, String::new(), String::new()]
    };
    let levels = panel.levels.iter();
    rows.extend(levels.map(|(name, y)| no_data(name, "level", String::new(), y.to_string())));
    let uprights = panel.uprights.iter();
    rows.extend(uprights.map(|(name, x)| no_data(name, "epoch", x.to_string(), String::new())));
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layer_has_its_rows() {
        let panel = Panel::new("one", "x", "y")
            .line("a, b", [(0.0, 1.0), (1.0, 2.0)])
            .band("prior", [(0.0, -1.0, 3.0)])
            .error_bars("mean", [(2.0, 5.0, 0.5)])
            .stream([(0.0, 0.0), (0.5, 0.25)])
            .level("bound", 7.0)
            .upright("after", 4.0);
        let text = drawn_csv(&[("f", Figure::new("F").panel(panel))]);
        let expected = "figure,panel,series,kind,part,x,y,low,high\n\
            f,one,\"a, b\",line,0,0,1,,\n\
            f,one,\"a, b\",line,0,1,2,,\n\
            f,one,prior,band,1,0,1,-1,3\n\
            f,one,mean,points,2,2,5,4.5,5.5\n\
            f,one,,flow,3,0,0,,\n\
            f,one,,flow,3,0.5,0.25,,\n\
            f,one,bound,level,,,7,,\n\
            f,one,after,epoch,,4,,,\n";
        assert_eq!(text, expected);
    }
}
