//! How a number is stored in a file: class, size and byte order, the same in all formats.

use std::io::Read;

use half::{bf16, f16};

use super::error::ReadErrorKind;
use crate::memory::Memory;
use crate::scalar::Precision;

/// Bytes that are read at once; a multiple of every size of a number.
const CHUNK: usize = 1 << 16;

/// What kind of number the bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    /// A byte; all but 0 are true.
    Bool,
    /// A signed integer of 1, 2, 4 or 8 bytes.
    Int,
    /// An unsigned integer of 1, 2, 4 or 8 bytes.
    Uint,
    /// A float of 2, 4 or 8 bytes, as IEEE 754 has it.
    Float,
    /// A bfloat16: the upper 2 bytes of a float of 4.
    Bfloat,
}

/// How a number is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NumberType {
    class: Class,
    size: usize,
    big_endian: bool,
}

/// A number, or the integer that no f64 equals.
type Converted = Result<f64, i128>;

impl NumberType {
    /// The type of this class, size in bytes and byte order, if it is one that is read.
    pub fn new(class: Class, size: usize, big_endian: bool) -> Option<Self> {
        let known = match class {
            Class::Bool => size == 1,
            Class::Int | Class::Uint => matches!(size, 1 | 2 | 4 | 8),
            Class::Float => matches!(size, 2 | 4 | 8),
            Class::Bfloat => size == 2,
        };
        known.then_some(NumberType { class, size, big_endian })
    }

    /// Bytes of a number.
    pub fn size(self) -> usize {
        self.size
    }

    /// As NumPy calls it: `float64`, `uint8`, `bool`.
    pub fn name(self) -> &'static str {
        match (self.class, self.size) {
            (Class::Bool, _) => "bool",
            (Class::Int, 1) => "int8",
            (Class::Int, 2) => "int16",
            (Class::Int, 4) => "int32",
            (Class::Int, _) => "int64",
            (Class::Uint, 1) => "uint8",
            (Class::Uint, 2) => "uint16",
            (Class::Uint, 4) => "uint32",
            (Class::Uint, _) => "uint64",
            (Class::Float, 2) => "float16",
            (Class::Float, 4) => "float32",
            (Class::Float, _) => "float64",
            (Class::Bfloat, _) => "bfloat16",
        }
    }

    /// What is known of the rounding of such numbers.
    pub fn precision(self) -> Precision {
        match (self.class, self.size) {
            (Class::Float, 2) => Precision::Half,
            (Class::Float, 4) => Precision::Single,
            (Class::Float, _) => Precision::Double,
            (Class::Bfloat, _) => Precision::Bfloat,
            _ => Precision::Exact,
        }
    }

    /// Reads an array of numbers in the order of the file, and that it ends where its shape says.
    ///
    /// # Errors
    ///
    /// If there are more or fewer, they cannot be read, or as for [`decode`](NumberType::decode).
    pub fn read_all(
        self,
        reader: &mut impl Read,
        shape: &[usize],
    ) -> Result<Vec<f64>, ReadErrorKind> {
        let mut data = Vec::new();
        read_all(reader, shape, self.size, |bytes, count| {
            reserve(&mut data, count, shape)?;
            self.decode(bytes, &mut data)
        })?;
        Ok(data)
    }

    /// Appends the numbers that some whole elements hold.
    ///
    /// # Errors
    ///
    /// [`ReadErrorKind::Inexact`] for an integer of 64 bits that no f64 equals.
    pub fn decode(self, bytes: &[u8], out: &mut Vec<f64>) -> Result<(), ReadErrorKind> {
        let big = self.big_endian;
        match (self.class, self.size) {
            (Class::Float, 2) => append(bytes, big, out, |b| Ok(f16::from_le_bytes(b).into())),
            (Class::Bfloat, _) => append(bytes, big, out, |b| Ok(bf16::from_le_bytes(b).into())),
            (Class::Float, 4) => append(bytes, big, out, |b| Ok(f32::from_le_bytes(b).into())),
            (Class::Float, _) => append(bytes, big, out, |b| Ok(f64::from_le_bytes(b))),
            (Class::Int, 1) => append(bytes, big, out, |b| Ok(i8::from_le_bytes(b).into())),
            (Class::Int, 2) => append(bytes, big, out, |b| Ok(i16::from_le_bytes(b).into())),
            (Class::Int, 4) => append(bytes, big, out, |b| Ok(i32::from_le_bytes(b).into())),
            (Class::Int, _) => append(bytes, big, out, |b| exactly(i64::from_le_bytes(b))),
            (Class::Uint, 1) => append(bytes, big, out, |b| Ok(u8::from_le_bytes(b).into())),
            (Class::Uint, 2) => append(bytes, big, out, |b| Ok(u16::from_le_bytes(b).into())),
            (Class::Uint, 4) => append(bytes, big, out, |b| Ok(u32::from_le_bytes(b).into())),
            (Class::Uint, _) => append(bytes, big, out, |b| exactly(u64::from_le_bytes(b))),
            // NumPy takes every byte that is not 0 for true.
            (Class::Bool, _) => append(bytes, big, out, |[b]| Ok(f64::from(u8::from(b != 0)))),
        }
    }
}

/// Appends the conversion of every `SIZE` bytes, which it gets in little-endian order.
fn append<const SIZE: usize>(
    bytes: &[u8],
    big_endian: bool,
    out: &mut Vec<f64>,
    convert: impl Fn([u8; SIZE]) -> Converted,
) -> Result<(), ReadErrorKind> {
    let (elements, _) = bytes.as_chunks::<SIZE>();
    for &element in elements {
        let mut element = element;
        if big_endian {
            element.reverse();
        }
        out.push(convert(element).map_err(|value| ReadErrorKind::Inexact { value })?);
    }
    Ok(())
}

/// The f64 that equals an integer of 64 bits.
///
/// One that is rounded is refused: [`Precision::Exact`] promises that nothing was.
fn exactly(integer: impl Into<i128>) -> Converted {
    let integer = integer.into();
    let float = integer as f64;
    if float as i128 == integer { Ok(float) } else { Err(integer) }
}

/// Bytes of an array; the largest number if there are more than can be counted.
pub(super) fn byte_count(shape: &[usize], size: usize) -> u128 {
    shape.iter().fold(size as u128, |product, &length| product.saturating_mul(length as u128))
}

/// Hands over all elements in the order of the file, some at a time.
///
/// # Errors
///
/// If there are more or fewer bytes than the shape says, or they cannot be read.
pub(super) fn read_all(
    reader: &mut impl Read,
    shape: &[usize],
    size: usize,
    mut each: impl FnMut(&[u8], usize) -> Result<(), ReadErrorKind>,
) -> Result<(), ReadErrorKind> {
    let expected = byte_count(shape, size);
    let at_once = (CHUNK / size * size) as u128;
    let (mut chunk, mut found) = (Vec::with_capacity(CHUNK), 0_u64);
    while u128::from(found) < expected {
        let wanted = (expected - u128::from(found)).min(at_once) as usize;
        chunk.clear();
        reader.take(wanted as u64).read_to_end(&mut chunk).map_err(ReadErrorKind::of_member)?;
        found += chunk.len() as u64;
        if chunk.len() < wanted {
            return Err(ReadErrorKind::TooShort { shape: shape.to_vec(), expected, found });
        }
        each(&chunk, wanted / size)?;
    }
    // The end of the member is also where its checksum is compared.
    match reader.read(&mut [0]).map_err(ReadErrorKind::of_member)? {
        0 => Ok(()),
        _ => Err(ReadErrorKind::TooLong { shape: shape.to_vec(), expected }),
    }
}

/// Reorders elements of which the first index runs fastest, so that the last one does.
///
/// # Errors
///
/// [`ReadErrorKind::Memory`] if there is no room for them.
pub(super) fn c_order<T: Clone>(shape: &[usize], data: Vec<T>) -> Result<Vec<T>, ReadErrorKind> {
    if shape.len() < 2 || data.is_empty() {
        return Ok(data);
    }
    let mut ordered = Vec::new();
    reserve(&mut ordered, data.len(), shape)?;
    // The step in `data` from one index of an axis to the next.
    let strides: Vec<usize> = shape
        .iter()
        .scan(1, |stride, length| Some(std::mem::replace(stride, *stride * length)))
        .collect();
    let mut index = vec![0; shape.len()];
    let mut position = 0;
    while ordered.len() < data.len() {
        ordered.push(data[position].clone());
        // To the next index, like an odometer.
        for axis in (0..shape.len()).rev() {
            index[axis] += 1;
            position += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            position -= strides[axis] * shape[axis];
            index[axis] = 0;
        }
    }
    Ok(ordered)
}

/// Counts the bytes that the strings of one array take, each with its place in a list. A recording has
/// names and labels: from a few bytes of a file very many can be made.
#[derive(Default)]
pub(super) struct TextBudget(usize);

impl TextBudget {
    /// Counts so many strings, which have so many bytes together.
    ///
    /// # Errors
    ///
    /// If that is more than is read.
    pub fn spend(&mut self, strings: usize, bytes: usize) -> Result<(), ReadErrorKind> {
        const MOST: usize = 1 << 26;
        let places = strings.saturating_mul(size_of::<String>());
        self.0 = self.0.saturating_add(places).saturating_add(bytes);
        if self.0 <= MOST {
            return Ok(());
        }
        let found = format!("claims more than {MOST} bytes of text");
        Err(ReadErrorKind::Content { found, expected: "less".to_owned() })
    }
}

/// Makes room for more elements. Many are held against the memory that is free: a system may grant
/// more, and end the program when it is used.
///
/// # Errors
///
/// [`ReadErrorKind::Memory`] if there is none.
pub(super) fn reserve<T>(
    data: &mut Vec<T>,
    more: usize,
    shape: &[usize],
) -> Result<(), ReadErrorKind> {
    const MANY: usize = 1 << 26;
    let needed = data.len().saturating_add(more);
    if needed > data.capacity() {
        // As much as growing by doubling takes, beside what is there.
        let count = needed.max(2 * data.capacity());
        if count.saturating_mul(size_of::<T>()) > MANY {
            let memory = Memory::default().and("numbers", size_of::<T>(), &[count]);
            memory.check().map_err(|_| ReadErrorKind::Memory { shape: shape.to_vec() })?;
        }
    }
    data.try_reserve(more).map_err(|_| ReadErrorKind::Memory { shape: shape.to_vec() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_converted_only_where_that_is_exact() {
        let edge = 1_i64 << 53;
        assert_eq!(exactly(edge), Ok(9_007_199_254_740_992.0));
        assert_eq!(exactly(edge + 1), Err(9_007_199_254_740_993));
        assert_eq!(exactly(-edge - 1), Err(-9_007_199_254_740_993));
        assert_eq!(exactly(edge + 2), Ok(9_007_199_254_740_994.0));
        assert_eq!(exactly(i64::MIN), Ok(-(2.0_f64.powi(63))));
        assert_eq!(exactly(i64::MAX), Err(i128::from(i64::MAX)));
        assert_eq!(exactly(u64::MAX), Err(i128::from(u64::MAX)));
    }

    #[test]
    fn sizes_are_counted_without_overflow() {
        assert_eq!(byte_count(&[], 8), 8);
        assert_eq!(byte_count(&[2, 3], 4), 24);
        assert_eq!(byte_count(&[usize::MAX; 5], 8), u128::MAX);
        assert_eq!(byte_count(&[usize::MAX, usize::MAX, 0], 8), 0);
    }

    #[test]
    fn fortran_order_becomes_c_order() {
        // data[i + 2 j + 6 k] = 100 i + 10 j + k for a (2, 3, 4) array.
        let number = |i: usize, j: usize, k: usize| (100 * i + 10 * j + k) as f64;
        let data = (0..24).map(|p| number(p % 2, p / 2 % 3, p / 6)).collect();
        let expected: Vec<_> = (0..24).map(|p| number(p / 12, p / 4 % 3, p % 4)).collect();
        assert_eq!(c_order(&[2, 3, 4], data).unwrap(), expected);
    }

    #[test]
    fn numbers_of_two_bytes_have_their_values() {
        let decoded = |class, big, bytes: &[u8]| {
            let mut out = Vec::new();
            NumberType::new(class, 2, big).unwrap().decode(bytes, &mut out).unwrap();
            out
        };
        // 1.5, the least subnormal, the largest, minus infinity.
        let halves = [0x3e00_u16, 0x0001, 0x7bff, 0xfc00];
        let expected = [1.5, 2.0_f64.powi(-24), 65504.0, f64::NEG_INFINITY];
        assert_eq!(decoded(Class::Float, false, &halves.map(u16::to_le_bytes).concat()), expected);
        assert_eq!(decoded(Class::Float, true, &halves.map(u16::to_be_bytes).concat()), expected);
        let brains = [0x3fc0_u16, 0x0001, 0xff80].map(u16::to_le_bytes).concat();
        let expected = [1.5, 2.0_f64.powi(-133), f64::NEG_INFINITY];
        assert_eq!(decoded(Class::Bfloat, false, &brains), expected);
        let nan = decoded(Class::Float, false, &0x7e00_u16.to_le_bytes());
        assert!(nan[0].is_nan());
    }

    #[test]
    fn only_sizes_that_exist_are_types() {
        let name = |class, size| NumberType::new(class, size, false).map(NumberType::name);
        assert_eq!(name(Class::Float, 8), Some("float64"));
        assert_eq!(name(Class::Uint, 2), Some("uint16"));
        assert_eq!(name(Class::Bool, 1), Some("bool"));
        assert_eq!(name(Class::Float, 2), Some("float16"));
        assert_eq!(name(Class::Bfloat, 2), Some("bfloat16"));
        for (class, size) in
            [(Class::Float, 3), (Class::Bfloat, 4), (Class::Int, 3), (Class::Uint, 16)]
        {
            assert_eq!(name(class, size), None);
        }
    }
}
