//! Figures as SVG: lines, points and bars, one by one or in a grid of panels.
//!
//! A figure says what is plotted, not how it looks: every series gets a colour and a dash or
//! marker of its own, so that a print in black and white can be read, a series that comes in
//! several panels looks the same in all, and the same figure gives the same bytes on every run.
//! Marks carry their values as `<title>`, which a browser shows under the pointer.

mod drawing;
mod drawn;
mod style;

use std::io::Write;
use std::path::Path;

use crate::file::{WriteError, write_atomically};

pub use drawn::drawn_csv;
pub use style::number;

/// A grid of panels under one title.
///
/// # Examples
///
/// ```
/// use rankproof::report::{Figure, Panel};
///
/// let steps = [0.0, 1.0, 2.0, 3.0];
/// let panel = Panel::new("Rank over learning", "learning step k", "rank of W_k - W_0")
///     .line("observed", steps.into_iter().zip([0.0, 1.0, 2.0, 4.0]))
///     .level("d_in + d_out", 5.0);
/// assert!(Figure::single(panel).to_svg().contains("observed"));
/// ```
#[derive(Clone, Debug)]
pub struct Figure {
    title: String,
    columns: usize,
    panels: Vec<Panel>,
}

/// Axes with series on them.
///
/// Points that are not finite, or have no logarithm on a logarithmic axis, are left out.
#[derive(Clone, Debug)]
pub struct Panel {
    title: String,
    x: Axis,
    y: Axis,
    layers: Vec<Layer>,
    levels: Vec<(String, f64)>,
    uprights: Vec<(String, f64)>,
    shades: Vec<(f64, f64)>,
    equal: bool,
}

#[derive(Clone, Debug)]
struct Axis {
    label: String,
    logarithmic: bool,
    /// Whether ticks are at whole numbers alone.
    whole: bool,
    range: Option<(f64, f64)>,
}

type Points = Vec<(f64, f64)>;

/// Which series a layer belongs to, and so how it looks and what the legend calls it.
#[derive(Clone, Debug)]
struct Series {
    name: String,
    /// Its look, if it is not that of its place among the names.
    style: Option<usize>,
    /// Whether it is in the colour of text and large, to be seen over others.
    bold: bool,
}

#[derive(Clone, Debug)]
enum Layer {
    /// Joined points; `marked` ones show where the values are.
    Line { series: Series, points: Points, marked: bool },
    /// The area between two curves over the same x.
    Band { series: Series, low: Points, high: Points },
    /// Single points, with half the length of their error bars if they have them.
    Points { series: Series, points: Points, errors: Option<Vec<f64>> },
    /// Points whose colour is a value.
    Coloured { label: String, points: Points, values: Vec<f64> },
    /// Where something flows: joined points with a head at the last.
    Stream { points: Points },
    /// One bar for each category.
    Bars { series: Series, categories: Vec<String>, heights: Vec<f64>, errors: Vec<f64> },
}

impl Panel {
    /// Axes with these labels, which name units.
    pub fn new(title: impl Into<String>, x: impl Into<String>, y: impl Into<String>) -> Self {
        let axis = |label| Axis { label, logarithmic: false, whole: false, range: None };
        Panel {
            title: title.into(),
            x: axis(x.into()),
            y: axis(y.into()),
            layers: Vec::new(),
            levels: Vec::new(),
            uprights: Vec::new(),
            shades: Vec::new(),
            equal: false,
        }
    }

    /// Makes the horizontal axis logarithmic.
    pub fn log_x(mut self) -> Self {
        self.x.logarithmic = true;
        self
    }

    /// Makes the vertical axis logarithmic.
    pub fn log_y(mut self) -> Self {
        self.y.logarithmic = true;
        self
    }

    /// Puts the ticks of a horizontal axis that counts something at whole numbers alone.
    pub fn whole_x(mut self) -> Self {
        self.x.whole = true;
        self
    }

    /// Sets the ends of the horizontal axis, in place of those that fit the data.
    pub fn x_range(mut self, low: f64, high: f64) -> Self {
        self.x.range = Some((low, high));
        self
    }

    /// Sets the ends of the vertical axis, in place of those that fit the data.
    pub fn y_range(mut self, low: f64, high: f64) -> Self {
        self.y.range = Some((low, high));
        self
    }

    /// Makes both axes have the same scale, for paths in a plane.
    pub fn equal_scales(mut self) -> Self {
        self.equal = true;
        self
    }

    /// Adds a horizontal line at a height that is no data, such as a bound.
    pub fn level(mut self, label: impl Into<String>, height: f64) -> Self {
        if height.is_finite() {
            self.levels.push((label.into(), height));
        }
        self
    }

    /// Adds a vertical line at a place that is no data, such as where an epoch begins.
    pub fn upright(mut self, label: impl Into<String>, place: f64) -> Self {
        if place.is_finite() {
            self.uprights.push((label.into(), place));
        }
        self
    }

    /// Shades what lies between two places on the horizontal axis.
    pub fn shade(mut self, low: f64, high: f64) -> Self {
        if low.is_finite() && high.is_finite() {
            self.shades.push((low, high));
        }
        self
    }

    /// Adds points where something flows from the first to the last, as a faint line with a head.
    pub fn stream(self, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let points = self.visible(points);
        self.with(points.len() > 1, Layer::Stream { points })
    }

    /// Adds large points in the colour of text, with the marker of this style.
    pub fn marks(
        self,
        style: usize,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        self.single(Series { bold: true, ..styled(name, style) }, points)
    }

    /// Adds joined points. All layers of one name are one series.
    pub fn line(
        self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        self.joined(named(name), points, true)
    }

    /// Adds joined points in the style of this number.
    pub fn line_in_style(
        self,
        style: usize,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        self.joined(styled(name, style), points, false)
    }

    /// Adds joined points without marks where they are: a path in a plane, a curve of many points.
    pub fn path(
        self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        self.joined(named(name), points, false)
    }

    /// Adds the area between (x, low) and (x, high) for points (x, low, high), in the colour of
    /// the series.
    pub fn band(
        self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64, f64)>,
    ) -> Self {
        let shown = |&(x, low, high): &(f64, f64, f64)| self.shows(x, low) && self.shows(x, high);
        let (low, high): (Points, Points) =
            points.into_iter().filter(shown).map(|(x, low, high)| ((x, low), (x, high))).unzip();
        self.with(!low.is_empty(), Layer::Band { series: named(name), low, high })
    }

    /// Adds points in the style of this number.
    pub fn points(
        self,
        style: usize,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        self.single(styled(name, style), points)
    }

    /// Adds points; several names are categories.
    pub fn scatter(
        self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        self.single(named(name), points)
    }

    /// Adds points (x, y, error) with bars of that length on both sides.
    pub fn error_bars(
        self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64, f64)>,
    ) -> Self {
        let shown = |&(x, y, _): &(f64, f64, f64)| self.shows(x, y);
        let (points, errors): (Points, Vec<f64>) = points
            .into_iter()
            .filter(shown)
            .map(|(x, y, error)| ((x, y), if error.is_finite() { error } else { 0.0 }))
            .unzip();
        let layer = Layer::Points { series: named(name), errors: Some(errors), points };
        let any = matches!(&layer, Layer::Points { points, .. } if !points.is_empty());
        self.with(any, layer)
    }

    /// Adds points (x, y, value) whose colour shows the value; `label` says what it is.
    pub fn coloured(
        self,
        label: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64, f64)>,
    ) -> Self {
        let shown = |&(x, y, value): &(f64, f64, f64)| self.shows(x, y) && value.is_finite();
        let (points, values): (Points, Vec<f64>) =
            points.into_iter().filter(shown).map(|(x, y, value)| ((x, y), value)).unzip();
        self.with(!points.is_empty(), Layer::Coloured { label: label.into(), points, values })
    }

    /// Adds a bar (category, height, error) for each category, with error bars where the error is
    /// above zero. Called once for each series, with the same categories.
    pub fn bars<'a>(
        self,
        name: impl Into<String>,
        bars: impl IntoIterator<Item = (&'a str, f64, f64)>,
    ) -> Self {
        let (mut categories, mut heights, mut errors) = (Vec::new(), Vec::new(), Vec::new());
        for (category, height, error) in bars {
            categories.push(category.to_owned());
            heights.push(if height.is_finite() { height } else { 0.0 });
            errors.push(if error.is_finite() { error } else { 0.0 });
        }
        let any = !categories.is_empty();
        self.with(any, Layer::Bars { series: named(name), categories, heights, errors })
    }

    fn joined(
        self,
        series: Series,
        points: impl IntoIterator<Item = (f64, f64)>,
        marked: bool,
    ) -> Self {
        let points = self.visible(points);
        self.with(!points.is_empty(), Layer::Line { series, points, marked })
    }

    fn single(self, series: Series, points: impl IntoIterator<Item = (f64, f64)>) -> Self {
        let points = self.visible(points);
        self.with(!points.is_empty(), Layer::Points { series, points, errors: None })
    }

    /// Axes cannot be laid out around nothing.
    fn with(mut self, any: bool, layer: Layer) -> Self {
        if any {
            self.layers.push(layer);
        }
        self
    }

    fn shows(&self, x: f64, y: f64) -> bool {
        self.x.place(x).is_finite() && self.y.place(y).is_finite()
    }

    fn visible(&self, points: impl IntoIterator<Item = (f64, f64)>) -> Points {
        points.into_iter().filter(|&(x, y)| self.shows(x, y)).collect()
    }
}

fn named(name: impl Into<String>) -> Series {
    Series { name: name.into(), style: None, bold: false }
}

fn styled(name: impl Into<String>, style: usize) -> Series {
    Series { name: name.into(), style: Some(style), bold: false }
}

impl Axis {
    /// Where a value stands on the axis as it is drawn.
    fn place(&self, value: f64) -> f64 {
        if self.logarithmic { value.log10() } else { value }
    }
}

impl Figure {
    /// A figure without panels.
    pub fn new(title: impl Into<String>) -> Self {
        Figure { title: title.into(), columns: 3, panels: Vec::new() }
    }

    /// A figure of one panel, whose title is that of the figure.
    pub fn single(mut panel: Panel) -> Self {
        let title = std::mem::take(&mut panel.title);
        Figure::new(title).panel(panel)
    }

    /// Panels side by side in a row; 3 if not said.
    pub fn columns(mut self, columns: usize) -> Self {
        self.columns = columns.max(1);
        self
    }

    /// Adds a panel, from left to right and from top to bottom; one without a series is left out.
    pub fn panel(mut self, panel: Panel) -> Self {
        if !panel.layers.is_empty() {
            self.panels.push(panel);
        }
        self
    }

    /// The title.
    pub fn title(&self) -> &str {
        &self.title
    }

    /// The figure as SVG: the same text for the same data.
    pub fn to_svg(&self) -> String {
        drawing::svg(self)
    }

    /// Writes the figure, whole or not at all.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), WriteError> {
        let svg = self.to_svg();
        write_atomically(path, |file| file.write_all(svg.as_bytes()))
    }
}

/// The colours of a figure, each with the CSS variable that may stand for it: paper, ink, lines
/// that are no data, grid, and the series.
pub(super) fn colours() -> Vec<(&'static str, String)> {
    let fixed = [
        (style::PAPER, "paper"),
        (style::INK, "ink"),
        (style::FAINT_INK, "faint-ink"),
        (style::GRID, "grid"),
    ];
    let fixed = fixed.into_iter().map(|(colour, name)| (colour, format!("var(--{name})")));
    let series = style::SERIES.iter().enumerate();
    let series = series.map(|(index, colour)| (*colour, format!("var(--series-{})", index + 1)));
    fixed.chain(series).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figure() -> Figure {
        let wave =
            |phase: f64| (0..50).map(move |i| (f64::from(i), (f64::from(i) / 8.0 + phase).sin()));
        Figure::new("Waves < & >")
            .panel(
                Panel::new("lines", "time (s)", "y")
                    .line("first", wave(0.0))
                    .line("second", wave(1.0)),
            )
            .panel(
                Panel::new("points", "x", "y")
                    .error_bars("mean", [(1.0, 2.0, 0.3), (2.0, 1.0, f64::NAN)]),
            )
            .panel(Panel::new("nothing", "x", "y").line("none", [(f64::NAN, 1.0)]))
    }

    #[test]
    fn a_figure_names_its_parts_and_is_the_same_every_time() {
        let svg = figure().to_svg();
        for text in ["lines", "first", "second", "time (s)", "Waves &lt; &amp; &gt;"] {
            assert!(svg.contains(text), "{text}");
        }
        assert!(!svg.contains("nothing") && !svg.contains("NaN"));
        assert_eq!(svg, figure().to_svg());
    }
}
