//! How series are told apart, on a screen and in black and white, and how numbers are written.

use kuva::plot::scatter::MarkerShape;
use kuva::render::theme::Theme;

use crate::scalar::significant;

/// Colours of series. The first three are dark, middle and light, so that they stay apart in grey
/// (Paul Tol's high-contrast scheme, the light one darkened for lines).
pub const SERIES: [&str; 8] =
    ["#004488", "#bb5566", "#b8860b", "#228833", "#aa3377", "#4499cc", "#777777", "#ee7733"];

/// Dashes, so that a line is known without its colour.
const DASHES: [&str; 8] = ["", "6 3", "2 2", "8 3 2 3", "10 2", "4 2 1 2", "1 3", "12 4"];

const MARKERS: [MarkerShape; 8] = [
    MarkerShape::Circle,
    MarkerShape::Square,
    MarkerShape::Triangle,
    MarkerShape::Diamond,
    MarkerShape::TriangleDown,
    MarkerShape::Cross,
    MarkerShape::Plus,
    MarkerShape::Pentagon,
];

/// Text, and whatever else is as dark.
pub const INK: &str = "#1a1a1a";
/// Axes, ticks, and lines that are no data.
pub const FAINT_INK: &str = "#5a5a5a";
/// The grid.
pub const GRID: &str = "#e4e4e4";
/// Behind everything.
pub const PAPER: &str = "#ffffff";

/// The look of one series.
#[derive(Clone, Copy)]
pub struct Style {
    pub colour: &'static str,
    /// A `stroke-dasharray`; empty for a solid line.
    pub dash: &'static str,
    pub marker: MarkerShape,
}

impl Style {
    /// The look of series number `index`; they come again after eight.
    pub fn of(index: usize) -> Self {
        let index = index % SERIES.len();
        Style { colour: SERIES[index], dash: DASHES[index], marker: MARKERS[index] }
    }
}

/// The colours of everything that is no data.
pub fn theme() -> Theme {
    Theme {
        background: PAPER.into(),
        axis_color: FAINT_INK.into(),
        grid_color: GRID.into(),
        tick_color: FAINT_INK.into(),
        text_color: INK.into(),
        legend_bg: PAPER.into(),
        legend_border: GRID.into(),
        colorbar_border: FAINT_INK.into(),
        ..Theme::light()
    }
}

/// A number with four significant digits, without trailing zeros: `0.25`, `1234`, `1.5e-7`.
pub fn number(value: f64) -> String {
    significant(value, 4)
}

/// Ten to this power, as a label of a logarithmic axis: `10⁻³`.
pub fn power_of_ten(exponent: f64) -> String {
    if (exponent - exponent.round()).abs() > 1e-9 {
        return number(10f64.powf(exponent));
    }
    let raised = |digit: char| match digit {
        '-' => '⁻',
        '1' => '¹',
        '2' => '²',
        '3' => '³',
        other => char::from_u32(0x2070 + other.to_digit(10).unwrap_or(0)).unwrap_or(other),
    };
    match exponent.round() as i64 {
        0 => "1".into(),
        1 => "10".into(),
        exponent => format!("10{}", exponent.to_string().chars().map(raised).collect::<String>()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_are_raised() {
        let powers = [0.0, 1.0, 2.0, -3.0, -14.0, 5.0, -0.5].map(power_of_ten);
        assert_eq!(powers, ["1", "10", "10²", "10⁻³", "10⁻¹⁴", "10⁵", "0.3162"]);
    }
}
