//! Figures from files, as parts of the page.
//!
//! A figure is read as XML and written again from what it means: shapes and text, nothing else.
//! So nothing can reach the page that is not in the lists below. Colours become CSS variables, for
//! a dark page, and names are made unique, because those of all figures meet in one document.

use std::fmt::Write;
use std::path::Path;

use maud::{Escaper, Markup, PreEscaped};
use roxmltree::{Attribute, Document, Node};

use crate::report::figure::colours;
use crate::report::input::{InputError, read_text};

const NAMESPACE: &str = "http://www.w3.org/2000/svg";

/// What a drawing is made of.
const ELEMENTS: &[&str] = &[
    "svg",
    "g",
    "defs",
    "clipPath",
    "linearGradient",
    "radialGradient",
    "stop",
    "path",
    "rect",
    "circle",
    "ellipse",
    "line",
    "polyline",
    "polygon",
    "text",
    "tspan",
    "title",
    "desc",
];

/// What may be said of a part of it.
const ATTRIBUTES: &[&str] = &[
    "aria-label",
    "class",
    "clip-path",
    "clip-rule",
    "clipPathUnits",
    "cx",
    "cy",
    "d",
    "dominant-baseline",
    "dx",
    "dy",
    "fill",
    "fill-opacity",
    "fill-rule",
    "font-family",
    "font-size",
    "font-style",
    "font-weight",
    "fx",
    "fy",
    "gradientTransform",
    "gradientUnits",
    "height",
    "id",
    "letter-spacing",
    "offset",
    "opacity",
    "paint-order",
    "points",
    "preserveAspectRatio",
    "r",
    "role",
    "rotate",
    "rx",
    "ry",
    "shape-rendering",
    "stop-color",
    "stop-opacity",
    "stroke",
    "stroke-dasharray",
    "stroke-dashoffset",
    "stroke-linecap",
    "stroke-linejoin",
    "stroke-miterlimit",
    "stroke-opacity",
    "stroke-width",
    "text-anchor",
    "textLength",
    "transform",
    "viewBox",
    "width",
    "x",
    "x1",
    "x2",
    "y",
    "y1",
    "y2",
];

/// Groups within groups, at most.
const DEEPEST: usize = 64;

const EXPECTED: &str = "a drawing of shapes and text alone";

/// A figure that may be put into the page.
#[derive(Clone, Debug)]
pub struct Embedded(String);

impl Embedded {
    /// Reads a figure. `place` is that in the page, which makes its names unique; a figure that
    /// does not say what it shows is called `name`.
    ///
    /// # Errors
    ///
    /// If it cannot be read, is not XML, or holds anything but shapes and text.
    pub fn read(path: &Path, place: &str, name: &str) -> Result<Self, InputError> {
        let text = read_text(path, "a figure as SVG")?;
        let refused = |found: String| InputError::new(path, found, EXPECTED);
        let document =
            Document::parse(&text).map_err(|error| refused(format!("is not SVG: {error}")))?;
        Embedding { place, colours: colours() }.drawing(&document, name).map_err(refused)
    }

    /// The figure as a part of the page.
    pub fn markup(&self) -> Markup {
        PreEscaped(self.0.clone())
    }
}

struct Embedding<'a> {
    place: &'a str,
    colours: Vec<(&'static str, String)>,
}

impl Embedding<'_> {
    fn drawing(&self, document: &Document, name: &str) -> Result<Embedded, String> {
        let root = document.root_element();
        if !root.has_tag_name((NAMESPACE, "svg")) {
            return Err(format!("holds <{}>", root.tag_name().name()));
        }
        let view = root.attribute("viewBox").ok_or("has no viewBox")?;
        let width = width(view).ok_or_else(|| format!("has the viewBox {view:?}"))?;
        let mut svg = format!("<svg role=\"img\" style=\"--natural:{}px\"", width.round());
        write_attribute(&mut svg, "aria-label", root.attribute("aria-label").unwrap_or(name));
        for attribute in root.attributes() {
            if !["role", "aria-label", "width", "height"].contains(&attribute.name()) {
                self.attribute(&mut svg, root, &attribute)?;
            }
        }
        svg.push('>');
        self.children(&mut svg, root, 0)?;
        svg += "</svg>";
        Ok(Embedded(svg))
    }

    fn children(&self, svg: &mut String, parent: Node, depth: usize) -> Result<(), String> {
        if depth > DEEPEST {
            return Err(format!("nests more than {DEEPEST} groups"));
        }
        for child in parent.children() {
            if child.is_text() {
                write_escaped(svg, child.text().unwrap_or_default());
            } else if child.is_element() && !child.has_tag_name((NAMESPACE, "style")) {
                // A style would hold for the whole page, which has its own for figures.
                self.element(svg, child, depth)?;
            }
        }
        Ok(())
    }

    fn element(&self, svg: &mut String, node: Node, depth: usize) -> Result<(), String> {
        let name = node.tag_name().name();
        if node.tag_name().namespace() != Some(NAMESPACE) || !ELEMENTS.contains(&name) {
            return Err(format!("holds <{name}>"));
        }
        *svg += &format!("<{name}");
        for attribute in node.attributes() {
            self.attribute(svg, node, &attribute)?;
        }
        svg.push('>');
        self.children(svg, node, depth + 1)?;
        *svg += &format!("</{name}>");
        Ok(())
    }

    fn attribute(&self, svg: &mut String, node: Node, given: &Attribute) -> Result<(), String> {
        let (name, value) = (given.name(), given.value());
        if given.namespace().is_some() || !ATTRIBUTES.contains(&name) {
            return Err(format!("holds the attribute {name} of <{}>", node.tag_name().name()));
        }
        match name {
            "id" => write_attribute(svg, name, &self.unique(value)),
            // The one class that the page knows: marks that tell their values.
            "class" if value != "tt" => {}
            _ => match value.trim().strip_prefix("url(#").and_then(|end| end.strip_suffix(')')) {
                Some(id) => write_attribute(svg, name, &format!("url(#{})", self.unique(id))),
                None if value.contains("url(") || value.contains('\\') => {
                    return Err(format!("refers to something outside by {name}={value:?}"));
                }
                None => write_attribute(svg, name, self.colour(value)),
            },
        }
        Ok(())
    }

    fn unique(&self, id: &str) -> String {
        format!("{}-{id}", self.place)
    }

    /// The variable of the colour, if the page has one for it.
    fn colour<'a>(&'a self, value: &'a str) -> &'a str {
        let known = self.colours.iter().find(|(colour, _)| colour.eq_ignore_ascii_case(value));
        known.map_or(value, |(_, variable)| variable)
    }
}

/// The third number of a viewBox, if all four are numbers and there is something to see.
fn width(view: &str) -> Option<f64> {
    let numbers = view.split([' ', ',']).filter(|part| !part.is_empty());
    let numbers: Vec<f64> = numbers.map(|part| part.parse().ok()).collect::<Option<_>>()?;
    match numbers[..] {
        [_, _, width, height] if width > 0.0 && height > 0.0 => Some(width),
        _ => None,
    }
}

fn write_attribute(svg: &mut String, name: &str, value: &str) {
    *svg += &format!(" {name}=\"");
    write_escaped(svg, value);
    svg.push('"');
}

fn write_escaped(svg: &mut String, text: &str) {
    // Writing to a string does not fail.
    let _ = Escaper::new(svg).write_str(text);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Figure, Panel};

    fn embedded(svg: &str) -> Result<Embedded, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("figure.svg");
        std::fs::write(&path, svg).unwrap();
        Embedded::read(&path, "place", "a name").map_err(|error| {
            let message = error.to_string();
            message.replace(&path.display().to_string(), "FILE")
        })
    }

    fn drawing(inner: &str) -> String {
        format!("<svg xmlns=\"{NAMESPACE}\" viewBox=\"0 0 10 5\">{inner}</svg>")
    }

    #[test]
    fn our_figures_keep_their_marks_and_take_the_colours_of_the_page() {
        let points = (0..9).map(|i| (f64::from(i), f64::from(i * i)));
        let panel = Panel::new("Squares < & >", "n", "n^2").line("squares", points);
        let figure = Figure::new("Both").panel(panel.clone()).panel(panel);
        let svg = embedded(&figure.to_svg()).unwrap().0;
        for text in [
            "aria-label=\"Both\"",
            "Squares &lt; &amp; &gt;",
            "<title>squares: n 8, n^2 64</title>",
            "stroke=\"var(--series-1)\"",
            "fill=\"var(--paper)\"",
            "id=\"place-kuva-clip-0\"",
            "clip-path=\"url(#place-kuva-clip-0)\"",
        ] {
            assert!(svg.contains(text), "{text}");
        }
        assert!(!svg.contains("<style") && !svg.contains("#ffffff") && !svg.contains("xmlns"));
    }

    #[test]
    fn only_drawings_are_embedded() {
        let cases = [
            (drawing("<script>alert(1)</script>"), "FILE: holds <script>, "),
            (drawing("<foreignObject/>"), "FILE: holds <foreignObject>, "),
            (drawing("<image href=\"x.png\"/>"), "FILE: holds <image>, "),
            (drawing("<g><a href=\"https://example.org\"/></g>"), "FILE: holds <a>, "),
            (drawing("<rect onclick=\"x()\"/>"), "FILE: holds the attribute onclick of <rect>, "),
            (drawing("<rect style=\"fill:red\"/>"), "FILE: holds the attribute style of <rect>, "),
            (drawing("<rect fill=\"url(http://a/b)\"/>"), "FILE: refers to something outside by "),
            (drawing("<h:b xmlns:h=\"http://www.w3.org/1999/xhtml\"/>"), "FILE: holds <b>, "),
            (
                drawing(&("<g>".repeat(50_000) + &"</g>".repeat(50_000))),
                "FILE: nests more than 64 groups",
            ),
            (drawing("<g>"), "FILE: is not SVG: "),
            (String::new(), "FILE: is not SVG: "),
            ("<!DOCTYPE x [<!ENTITY a \"b\">]><svg/>".into(), "FILE: is not SVG: "),
            ("<html/>".into(), "FILE: holds <html>, "),
            (format!("<svg xmlns=\"{NAMESPACE}\"/>"), "FILE: has no viewBox, "),
            (drawing("").replace("10", "1e999x"), "FILE: has the viewBox \"0 0 1e999x 5\", "),
        ];
        for (svg, message) in cases {
            let found = embedded(&svg).unwrap_err();
            assert!(found.starts_with(message), "{found}");
            assert!(found.ends_with(EXPECTED), "{found}");
        }
        let svg = embedded(&drawing("<text fill=\"#1A1A1A\">a &lt;b&gt;</text>")).unwrap().0;
        assert!(svg.contains("<text fill=\"var(--ink)\">a &lt;b&gt;</text>"), "{svg}");
        assert!(svg.contains("aria-label=\"a name\""), "{svg}");
    }
}
