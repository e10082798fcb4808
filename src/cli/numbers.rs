//! Numbers that several subcommands read, held to their ranges before anything is done.

use clap::builder::TypedValueParser;

/// A whole number from 1.
pub fn positive(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|&number| number > 0);
    number.ok_or_else(|| "expected a whole number from 1".into())
}

/// A number above 0 that is finite.
pub fn above_zero(text: &str) -> Result<f64, String> {
    let number =
        text.trim().parse().ok().filter(|number: &f64| *number > 0.0 && number.is_finite());
    number.ok_or_else(|| "expected a finite number above 0".into())
}

/// A number from 0 that is finite.
pub fn from_zero(text: &str) -> Result<f64, String> {
    let number =
        text.trim().parse().ok().filter(|number: &f64| *number >= 0.0 && number.is_finite());
    number.ok_or_else(|| "expected a finite number from 0".into())
}

/// Threads: a system that is asked for tens of thousands is busy with them for minutes.
pub fn threads() -> impl TypedValueParser<Value = u16> {
    const MOST: i64 = 1024;
    clap::value_parser!(u16).range(1..=MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_of_the_range_is_refused() {
        assert_eq!(above_zero("0.5"), Ok(0.5));
        for wrong in ["0", "-1", "nan", "inf", "", "1e400", "x"] {
            assert!(above_zero(wrong).is_err() && positive(wrong).is_err(), "{wrong}");
        }
        assert!(from_zero("-1").is_err() && from_zero("nan").is_err());
        assert_eq!(from_zero("0"), Ok(0.0));
        assert_eq!(positive("7"), Ok(7));
    }
}
