//! Figures as SVG: panels of lines and points, readable in black and white.

use std::io::Write;
use std::path::Path;

use kuva::backend::svg::SvgBackend;
use kuva::plot::scatter::MarkerShape;
use kuva::plot::{LinePlot, LineStyle, ScatterPlot};
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;

use crate::recording::{WriteError, write_atomically};

/// A grid of panels under one title.
#[derive(Clone, Debug)]
pub struct Figure {
    title: String,
    columns: usize,
    panels: Vec<Panel>,
}

/// Axes with series on them.
#[derive(Clone, Debug)]
pub struct Panel {
    title: String,
    x: String,
    y: String,
    series: Vec<Series>,
}

#[derive(Clone, Debug)]
struct Series {
    name: String,
    points: Vec<(f64, f64)>,
    errors: Option<Vec<f64>>,
    mark: Mark,
    /// Which colour, dash and marker.
    style: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mark {
    Line,
    Points,
}

/// Colours that remain apart for colour-blind readers, from dark to light (Okabe and Ito).
const COLOURS: [&str; 8] =
    ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#000000", "#e69f00", "#56b4e9", "#8c6bb1"];

impl Panel {
    /// Axes with these labels, which name units.
    pub fn new(title: impl Into<String>, x: impl Into<String>, y: impl Into<String>) -> Self {
        Panel { title: title.into(), x: x.into(), y: y.into(), series: Vec::new() }
    }

    /// Adds a line; points that are not finite are left out.
    pub fn line(
        self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        let style = self.series.len();
        self.line_in_style(style, name, points)
    }

    /// Adds a line in the style of another number, so that it looks the same in all panels.
    pub fn line_in_style(
        self,
        style: usize,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        self.series(name, points, None, Mark::Line, style)
    }

    /// Adds points in the style of this number.
    pub fn points(
        self,
        style: usize,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64)>,
    ) -> Self {
        self.series(name, points, None, Mark::Points, style)
    }

    /// Adds points (x, y, error) with bars of that length on both sides.
    pub fn error_bars(
        self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64, f64)>,
    ) -> Self {
        let points: Vec<_> = points.into_iter().filter(|(_, y, _)| y.is_finite()).collect();
        let errors = points.iter().map(|&(_, _, e)| if e.is_finite() { e } else { 0.0 }).collect();
        let style = self.series.len();
        let places = points.iter().map(|&(x, y, _)| (x, y));
        let places: Vec<_> = places.collect();
        self.series(name, places, Some(errors), Mark::Points, style)
    }

    fn series(
        mut self,
        name: impl Into<String>,
        points: impl IntoIterator<Item = (f64, f64)>,
        errors: Option<Vec<f64>>,
        mark: Mark,
        style: usize,
    ) -> Self {
        let finite = |&(x, y): &(f64, f64)| x.is_finite() && y.is_finite();
        let points: Vec<_> = points.into_iter().filter(finite).collect();
        // Axes cannot be laid out around nothing.
        if !points.is_empty() {
            self.series.push(Series { name: name.into(), points, errors, mark, style });
        }
        self
    }

    fn plots(&self, legend: bool) -> Vec<Plot> {
        self.series.iter().map(|series| series.plot(legend)).collect()
    }
}

impl Series {
    fn plot(&self, legend: bool) -> Plot {
        let colour = COLOURS[self.style % COLOURS.len()];
        let legend = legend && !self.name.is_empty();
        match self.mark {
            Mark::Line => {
                let dashes =
                    [LineStyle::Solid, LineStyle::Dashed, LineStyle::Dotted, LineStyle::DashDot];
                let dash = dashes[self.style % dashes.len()].clone();
                let line = LinePlot::new()
                    .with_data(self.points.clone())
                    .with_color(colour)
                    .with_stroke_width(1.8)
                    .with_line_style(dash);
                Plot::Line(if legend { line.with_legend(self.name.as_str()) } else { line })
            }
            Mark::Points => {
                let markers = [
                    MarkerShape::Circle,
                    MarkerShape::Square,
                    MarkerShape::Triangle,
                    MarkerShape::Diamond,
                    MarkerShape::Cross,
                    MarkerShape::Plus,
                ];
                let mut points = ScatterPlot::new()
                    .with_data(self.points.clone())
                    .with_color(colour)
                    .with_size(3.5)
                    .with_marker(markers[self.style % markers.len()]);
                if let Some(errors) = &self.errors {
                    points = points.with_y_err(errors.clone());
                }
                Plot::Scatter(if legend { points.with_legend(self.name.as_str()) } else { points })
            }
        }
    }
}

impl Figure {
    /// A figure without panels.
    pub fn new(title: impl Into<String>) -> Self {
        Figure { title: title.into(), columns: 3, panels: Vec::new() }
    }

    /// Panels side by side in a row; 3 if not said.
    pub fn columns(mut self, columns: usize) -> Self {
        self.columns = columns.max(1);
        self
    }

    /// Adds a panel, from left to right and from top to bottom; one without a series is left out.
    pub fn panel(mut self, panel: Panel) -> Self {
        if !panel.series.is_empty() {
            self.panels.push(panel);
        }
        self
    }

    /// The figure as SVG: the same text for the same data.
    pub fn to_svg(&self) -> String {
        let columns = self.columns.min(self.panels.len()).max(1);
        let rows = self.panels.len().div_ceil(columns).max(1);
        let plots: Vec<Vec<Plot>> = self.panels.iter().map(|panel| panel.plots(true)).collect();
        let layouts = self.panels.iter().zip(&plots).map(|(panel, plots)| {
            Layout::auto_from_plots(plots)
                .with_title(panel.title.as_str())
                .with_x_label(panel.x.as_str())
                .with_y_label(panel.y.as_str())
                .with_title_size(14)
                .with_label_size(12)
                .with_tick_size(10)
        });
        let layouts: Vec<Layout> = layouts.collect();
        let scene = kuva::render::figure::Figure::new(rows, columns)
            .with_title(self.title.as_str())
            .with_plots(plots)
            .with_layouts(layouts)
            .with_cell_size(430.0, 300.0)
            .render();
        renumbered(&SvgBackend.render_scene(&scene))
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

/// The same drawing with clip paths numbered from 0: kuva numbers them through all figures of a
/// process, so that the same figure would differ from one time to the next.
fn renumbered(svg: &str) -> String {
    const ID: &str = "kuva-clip-";
    let mut parts = svg.split(ID);
    let mut text = parts.next().unwrap_or_default().to_owned();
    let mut numbers: Vec<&str> = Vec::new();
    for part in parts {
        let digits = part.bytes().take_while(u8::is_ascii_digit).count();
        let (number, rest) = part.split_at(digits);
        let place = numbers.iter().position(|&other| other == number).unwrap_or_else(|| {
            numbers.push(number);
            numbers.len() - 1
        });
        text += &format!("{ID}{place}{rest}");
    }
    text
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
