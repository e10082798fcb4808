//! The types in which numbers are stored.

/// The type in which numbers were stored. They can have been rounded to less before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Precision {
    /// float16.
    Half,
    /// bfloat16.
    Bfloat,
    /// float32.
    Single,
    /// float64.
    Double,
    /// Integers or booleans: not rounded at all.
    Exact,
}

impl Precision {
    /// As NumPy calls it, where it is one type.
    pub fn name(self) -> &'static str {
        match self {
            Precision::Half => "float16",
            Precision::Bfloat => "bfloat16",
            Precision::Single => "float32",
            Precision::Double => "float64",
            Precision::Exact => "integers",
        }
    }
}
