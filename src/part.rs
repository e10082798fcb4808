//! One of n parts of a long run, of which each can be computed on another machine.
//!
//! Instances have numbers. A part takes every n-th of them, so that the parts are disjoint, their
//! union is the whole, and neighbours, which take about as long, fall to different parts.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Part i of n, with 1 <= i <= n.
///
/// # Examples
///
/// ```
/// use rankproof::part::Part;
///
/// let part: Part = "2/3".parse()?;
/// let own: Vec<u64> = (0..8).filter(|&number| part.has(number)).collect();
/// assert_eq!((own, part.to_string()), (vec![1, 4, 7], "2/3".to_owned()));
/// assert!("4/3".parse::<Part>().is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Part {
    number: u32,
    count: u32,
}

impl Part {
    /// Everything: part 1 of 1.
    pub const WHOLE: Part = Part { number: 1, count: 1 };

    /// A run has so many parts at most.
    pub const MOST: u32 = 1_000_000;

    /// i, counted from 1.
    pub fn number(self) -> u32 {
        self.number
    }

    /// n.
    pub fn count(self) -> u32 {
        self.count
    }

    /// Whether the instance of this number falls to it.
    pub fn has(self, instance: u64) -> bool {
        instance % u64::from(self.count) == u64::from(self.number - 1)
    }

    /// How many of the instances 0, 1, .. up to `all` fall to it.
    pub fn share_of(self, all: u64) -> u64 {
        let before = u64::from(self.number - 1);
        all.saturating_sub(before).div_ceil(u64::from(self.count))
    }

    /// The part to which an instance falls, of as many parts.
    pub fn of_instance(self, instance: u64) -> Part {
        let number = (instance % u64::from(self.count)) as u32 + 1;
        Part { number, ..self }
    }

    /// All parts of as many, in order.
    pub fn siblings(self) -> impl Iterator<Item = Part> {
        (1..=self.count).map(move |number| Part { number, ..self })
    }
}

/// `2/3`.
impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.number, self.count)
    }
}

impl FromStr for Part {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('/').and_then(|(number, count)| {
            Some(Part { number: number.parse().ok()?, count: count.parse().ok()? })
        });
        let in_range = |part: &Part| {
            (1..=Part::MOST).contains(&part.count) && (1..=part.count).contains(&part.number)
        };
        parsed.filter(in_range).ok_or_else(|| {
            format!("expected I/N, such as 3/8: 1 <= I <= N, and N at most {}", Part::MOST)
        })
    }
}

impl TryFrom<String> for Part {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Part> for String {
    fn from(part: Part) -> String {
        part.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instance_falls_to_one_part() {
        for count in [1, 2, 3, 8, 40] {
            let first: Part = format!("1/{count}").parse().unwrap();
            assert_eq!(first.siblings().count(), count);
            for all in [0, 1, 7, 40, 41] {
                let shares = first.siblings().map(|part| part.share_of(all));
                assert_eq!(shares.sum::<u64>(), all);
                for part in first.siblings() {
                    let own = (0..all).filter(|&number| part.has(number));
                    assert_eq!(own.clone().count() as u64, part.share_of(all));
                    assert!(own.into_iter().all(|number| first.of_instance(number) == part));
                }
            }
        }
    }

    #[test]
    fn what_is_no_part_is_refused() {
        for wrong in
            ["", "1", "/", "0/3", "4/3", "1/0", "-1/3", "1/3/5", "a/b", "1/1000001", "1 / 3"]
        {
            let error = wrong.parse::<Part>().unwrap_err();
            assert!(error.starts_with("expected I/N"), "{wrong}: {error}");
        }
        assert_eq!("1/1".parse(), Ok(Part::WHOLE));
    }
}
