//! From what is plotted to lines and marks, through `kuva`.

use std::sync::Arc;

use kuva::backend::svg::SvgBackend;
use kuva::plot::colormap::ColorMap;
use kuva::plot::legend::{LegendEntry, LegendPosition, LegendShape};
use kuva::plot::{BandPlot, BarPlot, LinePlot, LineStyle, ScatterPlot};
use kuva::render::annotations::{ReferenceLine, ShadedRegion};
use kuva::render::figure::Figure as Grid;
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;
use kuva::render::render::{Scene, render_multiple};

use super::style::{FAINT_INK, GRID, INK, Style, number, power_of_ten, theme};
use super::{Axis, Figure, Layer, Panel, Points, Series};

/// Pixels of a panel that stands alone.
const SINGLE: (f64, f64) = (720.0, 420.0);
/// Pixels of one panel among others.
const PANEL: (f64, f64) = (380.0, 310.0);
/// Lines of more points than this show marks at some of them only.
const MARKED: usize = 24;
/// The colour of what flows, behind data.
const STREAM: &str = "#9a9a9a";
/// How dark shaded parts are, of 1.
const SHADE: f64 = 0.6;
/// What a scale of colours is shown by in the legend.
const SWATCHES: usize = 5;

/// The SVG document of a figure.
pub fn svg(figure: &Figure) -> String {
    let legend = Legend::of(&figure.panels);
    let scene = match figure.panels.as_slice() {
        [panel] => single(figure, panel, legend),
        _ => grid(figure, legend),
    };
    document(&scene, &figure.title)
}

/// One panel with its legend beside it.
fn single(figure: &Figure, panel: &Panel, legend: Legend) -> Scene {
    let plots = plots(panel, &legend);
    let title = if panel.title.is_empty() { &figure.title } else { &panel.title };
    let mut layout = layout(panel, &plots, title, 16).with_width(SINGLE.0).with_height(SINGLE.1);
    if !legend.entries.is_empty() {
        layout = layout
            .with_legend_entries(legend.entries)
            .with_legend_position(LegendPosition::OutsideRightTop);
    }
    render_multiple(plots, layout)
}

/// Panels in rows, with one legend beside them.
fn grid(figure: &Figure, legend: Legend) -> Scene {
    let (mut all, mut layouts) = (Vec::new(), Vec::new());
    for panel in &figure.panels {
        let plots = plots(panel, &legend);
        layouts.push(layout(panel, &plots, &panel.title, 14));
        all.push(plots);
    }
    let columns = figure.columns.min(figure.panels.len()).max(1);
    let mut grid = Grid::new(figure.panels.len().div_ceil(columns).max(1), columns)
        .with_title(figure.title.as_str())
        .with_title_size(17)
        .with_cell_size(PANEL.0, PANEL.1)
        .with_plots(all)
        .with_layouts(layouts);
    if !legend.entries.is_empty() {
        grid = grid.with_shared_legend_right_top().with_shared_legend_entries(legend.entries);
    }
    grid.render()
}

/// A document that scales with its page and has a name for those who hear it.
fn document(scene: &Scene, title: &str) -> String {
    let svg = renumbered(&SvgBackend::new().render_scene(scene));
    let (width, height) = (scene.width, scene.height);
    let title = title.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    let named =
        format!("<svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\"");
    svg.replacen("<svg", &named, 1)
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

/// The names of all series in the order in which they come, and how the legend shows them.
struct Legend {
    names: Vec<String>,
    entries: Vec<LegendEntry>,
}

impl Legend {
    fn of(panels: &[Panel]) -> Self {
        let mut legend = Legend { names: Vec::new(), entries: Vec::new() };
        for layer in panels.iter().flat_map(|panel| &panel.layers) {
            match layer {
                Layer::Line { series, .. } => legend.add(series, |_| LegendShape::Line),
                Layer::Band { series, .. } | Layer::Bars { series, .. } => {
                    legend.add(series, |_| LegendShape::Rect);
                }
                Layer::Points { series, .. } => {
                    legend.add(series, |style| LegendShape::Marker(style.marker));
                }
                Layer::Coloured { label, values, .. } => legend.add_scale(label, values),
                Layer::Stream { .. } => {}
            }
        }
        legend
    }

    fn add(&mut self, series: &Series, shape: impl FnOnce(Style) -> LegendShape) {
        if self.names.contains(&series.name) {
            return;
        }
        self.names.push(series.name.clone());
        if series.name.is_empty() {
            return;
        }
        let style = self.style(series).1;
        self.entries.push(LegendEntry {
            label: series.name.clone(),
            color: style.colour.to_owned(),
            shape: shape(style),
            dasharray: (!style.dash.is_empty()).then(|| style.dash.to_owned()),
        });
    }

    /// A scale of colours as a few of its values.
    fn add_scale(&mut self, label: &str, values: &[f64]) {
        let (low, high) = ends(values.iter().copied()).unwrap_or((0.0, 1.0));
        for step in 0..SWATCHES {
            let part = step as f64 / (SWATCHES - 1) as f64;
            self.entries.push(LegendEntry {
                label: format!("{label} {}", number(low + part * (high - low))),
                color: ColorMap::Viridis.map(part),
                shape: LegendShape::Circle,
                dasharray: None,
            });
        }
    }

    /// The place of a series among the names, and its look.
    fn style(&self, series: &Series) -> (usize, Style) {
        let place = self.names.iter().position(|name| *name == series.name).unwrap_or(0);
        let style = Style::of(series.style.unwrap_or(place));
        (place, if series.bold { Style { colour: INK, ..style } } else { style })
    }
}

/// All layers as plots.
fn plots(panel: &Panel, legend: &Legend) -> Vec<Plot> {
    let mut plots = Vec::new();
    for layer in &panel.layers {
        match layer {
            Layer::Line { series, points, marked } => {
                let (place, style) = legend.style(series);
                plots.push(Plot::Line(line(panel, style, points)));
                if *marked {
                    let points = some_of(points, place);
                    let marks = marks(panel, &series.name, style, &points);
                    plots.push(Plot::Scatter(marks.with_size(2.8)));
                }
            }
            Layer::Band { series, low, high } => {
                plots.push(Plot::Band(band(panel, legend.style(series).1, low, high)));
            }
            Layer::Points { series, points, errors } => {
                let mut marks = marks(panel, &series.name, legend.style(series).1, points);
                if let Some(errors) = errors {
                    marks = marks.with_y_err(errors.clone());
                }
                plots.push(Plot::Scatter(marks.with_size(if series.bold { 6.0 } else { 3.5 })));
            }
            Layer::Coloured { label, points, values } => {
                plots.push(Plot::Scatter(coloured(panel, label, points, values)));
            }
            Layer::Stream { points } => plots.push(Plot::Line(stream(panel, points))),
            // All series of bars stand together, after the rest.
            Layer::Bars { .. } => {}
        }
    }
    plots.extend(bars(panel, legend).map(Plot::Bar));
    plots
}

/// Neighbouring series are marked in different places.
fn some_of(points: &Points, place: usize) -> Points {
    let every = points.len().div_ceil(MARKED).max(1);
    let first = if every > 1 { (place * every) / 3 % every } else { 0 };
    points.iter().copied().skip(first).step_by(every).collect()
}

fn line(panel: &Panel, style: Style, points: &Points) -> LinePlot {
    let dash = match style.dash {
        "" => LineStyle::Solid,
        dash => LineStyle::Custom(dash.into()),
    };
    LinePlot::new()
        .with_data(panel.placed(points))
        .with_color(style.colour)
        .with_stroke_width(1.8)
        .with_line_style(dash)
}

/// A faint line that ends in the head of an arrow, as long as a part of the line.
fn stream(panel: &Panel, points: &Points) -> LinePlot {
    let mut points = panel.placed(points);
    if let [.., (x0, y0), (x1, y1)] = points[..] {
        let length: f64 = points.windows(2).map(|p| (p[1].0 - p[0].0).hypot(p[1].1 - p[0].1)).sum();
        let (dx, dy) = (x1 - x0, y1 - y0);
        let back = 0.3 * length / dx.hypot(dy).max(f64::MIN_POSITIVE);
        let barb = |side: f64| (x1 - back * (dx - side * dy), y1 - back * (dy + side * dx));
        points.extend([barb(0.6), (x1, y1), barb(-0.6)]);
    }
    LinePlot::new().with_data(points).with_color(STREAM).with_stroke_width(0.9)
}

fn marks(panel: &Panel, series: &str, style: Style, points: &Points) -> ScatterPlot {
    ScatterPlot::new()
        .with_data(panel.placed(points))
        .with_color(style.colour)
        .with_marker(style.marker)
        .with_tooltip_labels(points.iter().map(|&point| panel.told(series, point)))
}

fn band(panel: &Panel, style: Style, low: &Points, high: &Points) -> BandPlot {
    let heights =
        |points| panel.placed(points).into_iter().map(|point| point.1).collect::<Vec<f64>>();
    let xs: Vec<f64> = panel.placed(low).into_iter().map(|point| point.0).collect();
    BandPlot::new(xs, heights(low), heights(high)).with_color(style.colour).with_opacity(0.18)
}

fn coloured(panel: &Panel, label: &str, points: &Points, values: &[f64]) -> ScatterPlot {
    let (low, high) = ends(values.iter().copied()).unwrap_or((0.0, 1.0));
    let width = if high > low { high - low } else { 1.0 };
    let told = (points.iter().zip(values))
        .map(|(&point, &value)| panel.told(&format!("{label} {}", number(value)), point));
    ScatterPlot::new()
        .with_data(panel.placed(points))
        .with_size(4.0)
        .with_colors(values.iter().map(|value| ColorMap::Viridis.map((value - low) / width)))
        .with_tooltip_labels(told)
}

/// All series of bars in groups, one for each category. Without values under the pointer: kuva 0.6
/// does not close the groups that it opens for them.
fn bars(panel: &Panel, legend: &Legend) -> Option<BarPlot> {
    let series = panel.layers.iter().filter_map(|layer| match layer {
        Layer::Bars { series, categories, heights, errors } => {
            Some((series, categories, heights, errors))
        }
        _ => None,
    });
    let series: Vec<_> = series.collect();
    let (_, categories, ..) = *series.first()?;
    let (mut plot, mut all_errors) = (BarPlot::new(), Vec::new());
    for (index, category) in categories.iter().enumerate() {
        let mut group = Vec::new();
        for (series, _, heights, errors) in &series {
            let height = heights.get(index).copied().unwrap_or(0.0);
            let error = errors.get(index).copied().unwrap_or(0.0);
            group.push((height, legend.style(series).1.colour.to_owned()));
            all_errors.push(error);
        }
        plot = plot.with_group(category.clone(), group);
    }
    if all_errors.iter().any(|&error| error > 0.0) {
        plot = plot.with_error(all_errors);
    }
    Some(plot)
}

/// Titles, scales and ticks, without a legend.
fn layout(panel: &Panel, plots: &[Plot], title: &str, title_size: u32) -> Layout {
    let mut layout = Layout::auto_from_plots(plots)
        .with_theme(theme())
        .with_x_label(panel.x.label.as_str())
        .with_y_label(panel.y.label.as_str())
        .with_title_size(title_size)
        .with_label_size(12)
        .with_tick_size(11)
        .with_body_size(12);
    if !title.is_empty() {
        layout = layout.with_title(title);
    }
    layout.show_legend = false;
    for (label, height) in &panel.levels {
        let line = ReferenceLine::horizontal(panel.y.place(*height)).with_color(FAINT_INK);
        layout = layout.with_reference_line(line.with_label(label.as_str()));
    }
    for (low, high) in &panel.shades {
        let (low, high) = (panel.x.place(*low), panel.x.place(*high));
        layout = layout.with_shaded_region(
            ShadedRegion::vertical(low, high).with_color(GRID).with_opacity(SHADE),
        );
    }
    for (label, place) in &panel.uprights {
        let line = ReferenceLine::vertical(panel.x.place(*place)).with_color(FAINT_INK);
        layout = layout.with_reference_line(line.with_label(label.as_str()));
    }
    if panel.equal {
        layout = layout.with_equal_aspect();
    }
    if let Some((low, high, step)) = panel.x.ends(panel.extent(|point| point.0)) {
        layout = layout.with_x_axis_min(low).with_x_axis_max(high);
        if let Some(step) = step {
            let format = TickFormat::Custom(Arc::new(power_of_ten));
            layout = layout.with_x_tick_step(step).with_x_tick_format(format);
        }
    }
    if panel.x.whole && !panel.x.logarithmic {
        let places = panel.extent(|point| point.0);
        layout = layout.with_x_tick_step(whole_step(&places));
    }
    let mut heights = panel.extent(|point| point.1);
    heights.extend(panel.levels.iter().map(|level| level.1));
    if !panel.levels.is_empty() && !panel.y.logarithmic && panel.y.range.is_none() {
        // The layout sees the data alone.
        if let Some((low, high)) = ends(heights.iter().copied()) {
            let margin = 0.06 * (high - low);
            let low = if low == 0.0 { low } else { low - margin };
            layout = layout.with_y_axis_min(low).with_y_axis_max(high + margin);
        }
    }
    if let Some((low, high, step)) = panel.y.ends(heights) {
        layout = layout.with_y_axis_min(low).with_y_axis_max(high);
        if let Some(step) = step {
            let format = TickFormat::Custom(Arc::new(power_of_ten));
            layout = layout.with_y_tick_step(step).with_y_tick_format(format);
        }
    }
    layout
}

impl Panel {
    fn placed(&self, points: &Points) -> Points {
        points.iter().map(|&(x, y)| (self.x.place(x), self.y.place(y))).collect()
    }

    /// What the pointer shows over a point.
    fn told(&self, series: &str, (x, y): (f64, f64)) -> String {
        let series = if series.is_empty() { String::new() } else { format!("{series}: ") };
        let (x, y) = (number(x), number(y));
        format!("{series}{} {x}, {} {y}", self.x.label, self.y.label)
    }

    /// One coordinate of all points.
    fn extent(&self, coordinate: impl Fn(&(f64, f64)) -> f64) -> Vec<f64> {
        let points = self.layers.iter().flat_map(|layer| match layer {
            Layer::Line { points, .. }
            | Layer::Stream { points }
            | Layer::Points { points, .. }
            | Layer::Coloured { points, .. } => [points.as_slice(), &[]].concat(),
            Layer::Band { low, high, .. } => [low.as_slice(), high].concat(),
            Layer::Bars { .. } => Vec::new(),
        });
        points.map(|point| coordinate(&point)).collect()
    }
}

impl Axis {
    /// Its ends, and the distance of ticks where it is not left to the layout: whole powers of
    /// ten on a logarithmic axis.
    fn ends(&self, values: Vec<f64>) -> Option<(f64, f64, Option<f64>)> {
        if !self.logarithmic {
            return self.range.map(|(low, high)| (low, high, None));
        }
        let values = values.into_iter().map(|value| self.place(value));
        let (low, high) = match self.range {
            Some((low, high)) => (self.place(low), self.place(high)),
            None => ends(values)?,
        };
        let (low, high) = (low.floor(), high.ceil().max(low.floor() + 1.0));
        Some((low, high, Some(((high - low) / 6.0).ceil())))
    }
}

/// The distance of about five ticks at whole numbers.
fn whole_step(values: &[f64]) -> f64 {
    let span = ends(values.iter().copied()).map_or(1.0, |(low, high)| high - low);
    let decades = (0..18).map(|power| 10f64.powi(power));
    let mut steps = decades.flat_map(|decade| [decade, 2.0 * decade, 5.0 * decade]);
    steps.find(|step| 6.0 * step >= span).unwrap_or(span)
}

/// The smallest and the largest of those that are finite.
fn ends(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values.into_iter().filter(|value| value.is_finite()).fold(None, |ends, value| {
        let (low, high) = ends.unwrap_or((value, value));
        Some((low.min(value), high.max(value)))
    })
}
