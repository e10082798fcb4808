//! Words in lines.

/// Words beside a label, in lines of at most `width` characters unless a word is longer; further
/// lines are indented by the length of the label.
pub fn in_lines<'a>(label: &str, words: impl Iterator<Item = &'a str>, width: usize) -> String {
    let indent = label.chars().count();
    let mut text = label.to_owned();
    let mut used = indent;
    for word in words {
        let length = word.chars().count();
        if used > indent && used + 1 + length > width {
            text.push('\n');
            text.push_str(&" ".repeat(indent));
            used = indent;
        } else if used > indent {
            text.push(' ');
            used += 1;
        }
        text.push_str(word);
        used += length;
    }
    text + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_as_long_as_the_width_allows() {
        let words = "one two three unbreakable four".split(' ');
        assert_eq!(in_lines("", words.clone(), 7), "one two\nthree\nunbreakable\nfour\n");
        assert_eq!(in_lines("a: ", words, 10), "a: one two\n   three\n   unbreakable\n   four\n");
    }
}
