//! What is read from a file of any format: numbers, strings, and lists of them.

use super::array::Array;
use crate::scalar::Precision;

/// Shape and numbers of an array, the numbers in the order of C.
#[derive(Debug)]
pub(super) struct Numbers {
    pub shape: Vec<usize>,
    pub data: Vec<f64>,
    pub precision: Precision,
}

/// An array as the reader of a format returns it.
#[derive(Debug)]
pub(super) enum Loaded {
    Numbers(Numbers),
    Texts { shape: Vec<usize>, strings: Vec<String> },
}

/// What a path into a file leads to.
#[derive(Clone, Debug)]
pub enum Value {
    /// An array of numbers.
    Numbers(Array),
    /// An array of strings.
    Texts(Texts),
    /// What the elements of a cell array or a struct array hold, in their order.
    List(Vec<Value>),
}

/// Strings in the order of C.
#[derive(Clone, Debug)]
pub struct Texts {
    /// The lengths of the axes; none for a single string.
    pub shape: Vec<usize>,
    /// All strings, as many as the product of `shape`.
    pub strings: Vec<String>,
    /// The path of the array in its file, for messages.
    pub(crate) name: String,
}
