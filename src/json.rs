//! Numbers in JSON that come back to the same bits.
//!
//! A finite number is written by the shortest digits that name it, and read exactly. What JSON has
//! no number for is written as text: `"NaN"`, `"inf"` and `"-inf"`. For `#[serde(with = "..")]`.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A number as it stands in JSON.
#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum Written {
    Finite(f64),
    Other(Other),
}

#[derive(Serialize, Deserialize)]
enum Other {
    #[serde(rename = "NaN")]
    NotANumber,
    #[serde(rename = "inf")]
    Infinity,
    #[serde(rename = "-inf")]
    MinusInfinity,
}

impl From<f64> for Written {
    fn from(number: f64) -> Self {
        match number {
            f64::INFINITY => Written::Other(Other::Infinity),
            f64::NEG_INFINITY => Written::Other(Other::MinusInfinity),
            number if number.is_nan() => Written::Other(Other::NotANumber),
            number => Written::Finite(number),
        }
    }
}

impl From<Written> for f64 {
    fn from(written: Written) -> Self {
        match written {
            Written::Finite(number) => number,
            Written::Other(Other::NotANumber) => f64::NAN,
            Written::Other(Other::Infinity) => f64::INFINITY,
            Written::Other(Other::MinusInfinity) => f64::NEG_INFINITY,
        }
    }
}

/// A number.
pub mod number {
    use super::*;

    pub fn serialize<S: Serializer>(number: &f64, to: S) -> Result<S::Ok, S::Error> {
        Written::from(*number).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
        Ok(Written::deserialize(from)?.into())
    }
}

/// The two ends of a range, if there is one.
pub mod range {
    use super::*;

    pub fn serialize<S: Serializer>(ends: &Option<(f64, f64)>, to: S) -> Result<S::Ok, S::Error> {
        ends.map(|(low, high)| (Written::from(low), Written::from(high))).serialize(to)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<(f64, f64)>, D::Error> {
        let ends = Option::<(Written, Written)>::deserialize(from)?;
        Ok(ends.map(|(low, high)| (low.into(), high.into())))
    }
}
