//! Numbers as text.

/// A number by as many significant digits as matter, without trailing zeros: `0.25`, `1234`, and
/// from a million on or below 1e-4 `1.5e-7`.
///
/// # Examples
///
/// ```
/// use rankproof::scalar::significant;
///
/// let texts = [2.0 / 3.0, 1234.0, 12_345_678.0, 9.9999].map(|number| significant(number, 4));
/// assert_eq!(texts, ["0.6667", "1234", "1.235e7", "10"]);
/// ```
pub fn significant(number: f64, digits: usize) -> String {
    if number == 0.0 || !number.is_finite() {
        return if number == 0.0 { "0".to_owned() } else { number.to_string() };
    }
    // In this form the exponent is that of the rounded number.
    let decimals = digits.max(1) - 1;
    let scientific = format!("{number:.decimals$e}");
    let (mantissa, exponent) = scientific.split_once('e').expect("an exponent");
    match exponent.parse::<i32>() {
        Ok(power @ -4..=5) => {
            let decimals = (decimals as i32 - power).max(0) as usize;
            trimmed(&format!("{number:.decimals$}")).to_owned()
        }
        _ => format!("{}e{exponent}", trimmed(mantissa)),
    }
}

/// Without zeros at the end of decimals.
fn trimmed(digits: &str) -> &str {
    if digits.contains('.') { digits.trim_end_matches('0').trim_end_matches('.') } else { digits }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_right() {
        let cases = [
            (0.0, "0"),
            (-0.25, "-0.25"),
            (1234.0, "1234"),
            (100_000.0, "100000"),
            (12_345_678.0, "1.235e7"),
            (1.5e-7, "1.5e-7"),
            (0.000_123_44, "0.0001234"),
            (1e-5, "1e-5"),
            (2.0 / 3.0, "0.6667"),
            (9.9999, "10"),
            (f64::NAN, "NaN"),
        ];
        for (value, text) in cases {
            assert_eq!(significant(value, 4), text);
        }
    }
}
