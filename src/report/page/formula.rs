//! Formulas as the registry writes them in plain text, as HTML: subscripts, superscripts, Greek
//! letters and signs, without a script.
//!
//! `rank D_k <= d_in + d_out` becomes rank D<sub>k</sub> ≤ d<sub>in</sub> + d<sub>out</sub>. Words
//! around formulas stay as they are; so do names of more than one letter with underscores, as they
//! occur in code.

use maud::{Markup, PreEscaped};

/// Words that stand for one character.
const SYMBOLS: [(&str, &str); 17] = [
    ("Lambda", "Λ"),
    ("Phi", "Φ"),
    ("alpha", "α"),
    ("beta", "β"),
    ("delta", "δ"),
    ("eps", "ε"),
    ("eta", "η"),
    ("kappa", "κ"),
    ("lambda", "λ"),
    ("mu", "μ"),
    ("omega", "ω"),
    ("phi", "φ"),
    ("psi", "ψ"),
    ("rho", "ρ"),
    ("sigma", "σ"),
    ("tau", "τ"),
    ("theta", "θ"),
];

/// Signs of several characters, the longer ones first.
const SIGNS: [(&str, &str); 6] =
    [("<=", "≤"), (">=", "≥"), ("||", "‖"), ("...", "…"), ("..", "…"), ("'(", "′(")];

/// Braces within braces beyond this depth are text.
const DEEPEST: usize = 4;

/// Braces around more characters than this are text too, so that the time does not grow with the
/// square of a text.
const LONGEST: usize = 80;

/// The text with its formulas set.
pub fn formula(text: &str) -> Markup {
    PreEscaped(set(text, 0))
}

fn set(text: &str, depth: usize) -> String {
    let mut html = String::new();
    let mut rest = text;
    // The last character set, to tell letters that stand alone from parts of words.
    let mut before = None;
    while let Some(first) = rest.chars().next() {
        let length = if first.is_ascii_alphanumeric() {
            set_word(rest, depth, &mut html)
        } else {
            set_sign(text, rest, before, depth, &mut html)
        };
        before = rest[..length].chars().next_back();
        rest = &rest[length..];
    }
    html
}

/// Sets a word with its subscript; gives the length of what was set.
fn set_word(rest: &str, depth: usize, html: &mut String) -> usize {
    let word = leading(rest, |c| c.is_ascii_alphanumeric() || c == '_');
    let after = &rest[word.len()..];
    let (base, subscript) = word.split_once('_').unwrap_or((word, ""));
    let shown = if base == "sum" && base != word { "∑" } else { symbol(base, after) };
    let is_symbol = shown != base || base.len() == 1;
    if is_symbol
        && subscript.is_empty()
        && word.ends_with('_')
        && depth < DEEPEST
        && let Some(inner) = braced(after)
    {
        *html += &format!("{shown}<sub>{}</sub>", set(inner, depth + 1));
        return word.len() + inner.len() + 2;
    }
    let is_file = after.strip_prefix('.').is_some_and(|end| end.starts_with(char::is_alphabetic));
    if is_symbol && !subscript.is_empty() && !subscript.contains('_') && !is_file {
        *html += &format!("{shown}<sub>{}</sub>", symbol(subscript, ""));
    } else if word == base {
        *html += shown;
    } else {
        *html += word;
    }
    word.len()
}

/// Sets `^T` or `^{k+1}`; gives the length of what was set.
fn set_superscript(rest: &str, depth: usize, html: &mut String) -> Option<usize> {
    let raised = rest.strip_prefix('^')?;
    let word = leading(raised, |c| c.is_ascii_alphanumeric());
    if !word.is_empty() {
        *html += &format!("<sup>{}</sup>", symbol(word, ""));
        return Some(1 + word.len());
    }
    let inner = braced(raised).filter(|_| depth < DEEPEST)?;
    *html += &format!("<sup>{}</sup>", set(inner, depth + 1));
    Some(3 + inner.len())
}

/// Sets a sign, a superscript, or any other character; gives the length of what was set.
fn set_sign(
    text: &str,
    rest: &str,
    before: Option<char>,
    depth: usize,
    html: &mut String,
) -> usize {
    if let Some(length) = set_superscript(rest, depth, html) {
        return length;
    }
    if rest.starts_with(" x ") && is_size(text, rest) {
        *html += " × ";
        return 3;
    }
    if rest.starts_with(" - ") {
        *html += " − ";
        return 3;
    }
    if let Some(end) = rest.strip_prefix('-').filter(|end| is_difference(text, rest, end)) {
        *html += "−";
        return rest.len() - end.len();
    }
    if let Some(inner) = inner_product(rest).filter(|_| depth < DEEPEST) {
        *html += &format!("⟨{}⟩", set(inner, depth + 1));
        return inner.len() + 2;
    }
    if is_product(rest, before, text) {
        *html += "·";
        return 1;
    }
    for (sign, shown) in SIGNS {
        if rest.starts_with(sign) {
            *html += shown;
            return sign.len();
        }
    }
    let first = rest.chars().next().unwrap_or_default();
    match first {
        '&' => *html += "&amp;",
        '<' => *html += "&lt;",
        '>' => *html += "&gt;",
        '"' => *html += "&quot;",
        other => html.push(other),
    }
    first.len_utf8()
}

/// A Greek letter, the sign of a sum before its terms, or the word itself.
fn symbol<'a>(word: &'a str, after: &str) -> &'a str {
    if word == "sum" && after.starts_with(" (") {
        return "∑";
    }
    SYMBOLS.iter().find(|(name, _)| *name == word).map_or(word, |(_, shown)| shown)
}

/// `N x N`, `d x d x K`, `32 x 32`: a short name or a number on both sides of the cross.
fn is_size(text: &str, rest: &str) -> bool {
    is_short(word_before(text, rest)) && is_short(word_after(&rest[3..]))
}

/// `1-a`, `2^50-27`: a short name or a number on both sides of the hyphen.
fn is_difference(text: &str, rest: &str, end: &str) -> bool {
    is_short(word_before(text, rest)) && is_short(word_after(end))
}

/// What stands in `<G, v>`.
fn inner_product(rest: &str) -> Option<&str> {
    let (end, _) = rest.char_indices().take(LONGEST).find(|&(_, c)| c == '>')?;
    let inner = rest[..end].strip_prefix('<')?;
    let (left, right) = inner.split_once(", ")?;
    (is_short(left) && is_short(right)).then_some(inner)
}

/// `(b.b)`: an inner product of two letters.
fn is_product(rest: &str, before: Option<char>, text: &str) -> bool {
    let inner = rest.strip_prefix('.').map(|end| end.chars().take(2).collect::<Vec<_>>());
    let letter = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase());
    let opened = text[..text.len() - rest.len()].chars().nth_back(1) == Some('(');
    opened
        && letter(before)
        && inner.is_some_and(|inner| letter(inner.first().copied()) && inner.get(1) == Some(&')'))
}

fn word_before<'a>(text: &'a str, rest: &str) -> &'a str {
    let set = &text[..text.len() - rest.len()];
    let start = set
        .rfind(|c: char| !c.is_ascii_alphanumeric())
        .map_or(0, |place| place + set[place..].chars().next().map_or(1, char::len_utf8));
    &set[start..]
}

fn word_after(rest: &str) -> &str {
    leading(rest, |c| c.is_ascii_alphanumeric())
}

/// One letter, or a number.
fn is_short(word: &str) -> bool {
    !word.is_empty() && (word.len() == 1 || word.bytes().all(|b| b.is_ascii_digit()))
}

/// The longest beginning of characters of one kind.
fn leading(text: &str, kind: impl Fn(char) -> bool) -> &str {
    text.find(|c| !kind(c)).map_or(text, |end| &text[..end])
}

/// What stands between a brace at the beginning and the one that closes it.
fn braced(text: &str) -> Option<&str> {
    let inner = text.strip_prefix('{')?;
    let mut open = 1;
    for (place, c) in inner.char_indices().take(LONGEST) {
        match c {
            '{' => open += 1,
            '}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(&inner[..place]);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::theorem;

    #[test]
    fn formulas_are_set() {
        let cases = [
            ("W_k - W_0", "W<sub>k</sub> − W<sub>0</sub>"),
            ("h_{t+1}", "h<sub>t+1</sub>"),
            ("(d_in + d_out)^2", "(d<sub>in</sub> + d<sub>out</sub>)<sup>2</sup>"),
            ("rank D_k <= m (F_{k+2} - 1)", "rank D<sub>k</sub> ≤ m (F<sub>k+2</sub> − 1)"),
            ("sum_{j<K} rank G_j", "∑<sub>j&lt;K</sub> rank G<sub>j</sub>"),
            ("sum_j rank G_j", "∑<sub>j</sub> rank G<sub>j</sub>"),
            ("at most sum (p_j + q_j)", "at most ∑ (p<sub>j</sub> + q<sub>j</sub>)"),
            (
                "sigma_{1 + tau min(p,q)}(G_0) <= rho^tau",
                "σ<sub>1 + τ min(p,q)</sub>(G<sub>0</sub>) ≤ ρ<sup>τ</sup>",
            ),
            ("G = Lambda Phi^T", "G = Λ Φ<sup>T</sup>"),
            ("(A^T)^i C^T", "(A<sup>T</sup>)<sup>i</sup> C<sup>T</sup>"),
            ("the N x N x K tensor", "the N × N × K tensor"),
            ("A = (1-a) I", "A = (1−a) I"),
            ("modulo 2^50-27", "modulo 2<sup>50</sup>−27"),
            ("||A|| < 1", "‖A‖ &lt; 1"),
            ("f'(z) z = f(z)", "f′(z) z = f(z)"),
            ("D_1..D_K", "D<sub>1</sub>…D<sub>K</sub>"),
            ("eps <G, v>", "ε ⟨G, v⟩"),
            ("R b = (b.b) c", "R b = (b·b) c"),
            ("h_0 h_0^T", "h<sub>0</sub> h<sub>0</sub><sup>T</sup>"),
            ("a_{b_{c}}", "a<sub>b<sub>c</sub></sub>"),
        ];
        for (text, html) in cases {
            assert_eq!(formula(text).into_string(), html);
        }
    }

    #[test]
    fn words_and_names_in_code_stay() {
        let words = [
            "GD-like learning: 95 % of the variance",
            "the sum of the ranks, sum over atoms",
            "rank_batch_gradient in proofs/gradient_factorization.v",
            "trial_factors, held_out, rank_95, a_b_c, _x, x_, x_y.csv",
            "the function x + y of x for x in a list",
            "back-propagated, 1e-9, e.g. this, i.e. that",
            "Épsilon é_1 ∑ → {x} ^ ^^ ^{ _{",
        ];
        for text in words {
            assert_eq!(formula(text).into_string(), text);
        }
    }

    #[test]
    fn everything_else_is_escaped_however_deep() {
        assert_eq!(
            formula("<script>alert(\"&\")</script>").into_string(),
            "&lt;script&gt;alert(&quot;&amp;&quot;)&lt;/script&gt;"
        );
        assert!(formula("W_{<b>}^{\"}").into_string().contains("&lt;b&gt;</sub><sup>&quot;"));
        let nested = |depth| "a_{".repeat(depth) + &"}".repeat(depth);
        assert_eq!(formula(&nested(7)).into_string().matches("<sub>").count(), DEEPEST);
        let text = formula(&nested(100_000)).into_string();
        assert!(text.matches("a_{").count() > 99_900);
    }

    #[test]
    fn the_registry_leaves_no_plain_notation() {
        for theorem in theorem::ALL {
            let html = formula(theorem.statement).into_string();
            for plain in ["<=", "_", "^", " - ", "Phi", "sigma", "..", "{k", "{K"] {
                assert!(!html.contains(plain), "{}: {plain} in {html}", theorem.id);
            }
        }
    }
}
