//! The numbers of a `.npy` array.

use std::io::Read;

use npyz::{Endianness, TypeChar, TypeStr};

use super::array::Precision;
use super::error::Flaw;
use super::header::Header;

/// Bytes that are read at once; a multiple of every element size.
const CHUNK: usize = 1 << 16;

/// A number, or the integer that no f64 equals.
type Converted = Result<f64, i128>;

/// Shape and numbers of an array, the numbers in the order of C.
#[derive(Debug)]
pub(super) struct Numbers {
    pub shape: Vec<usize>,
    pub data: Vec<f64>,
    pub precision: Precision,
}

/// Reads an array, and that it ends where its shape says.
///
/// Memory grows with the bytes that are read, up to eight times as many (for bytes, which become
/// f64), whatever the header claims.
///
/// # Errors
///
/// Whatever [`Flaw`] the header or the numbers have.
pub(super) fn read(reader: &mut impl Read) -> Result<Numbers, Flaw> {
    let Header { descr, fortran_order, shape } = Header::read(reader)?;
    let element = Element::parse(&descr)?;
    let data = element.read_all(reader, &shape)?;
    let data = if fortran_order { c_order(&shape, data)? } else { data };
    Ok(Numbers { shape, data, precision: element.precision() })
}

/// How an element is stored.
#[derive(Clone, Copy)]
struct Element {
    class: TypeChar,
    size: usize,
    big_endian: bool,
}

impl Element {
    /// The element type that a header names.
    fn parse(descr: &str) -> Result<Self, Flaw> {
        let refused = |what: &str| Flaw::ElementType { found: format!("{what} ({descr:?})") };
        let parsed: TypeStr = descr.parse().map_err(|_| refused("elements of unknown type"))?;
        let (class, size) = (parsed.type_char(), parsed.num_bytes().unwrap_or(0));
        match (class, size) {
            (TypeChar::Bool | TypeChar::Int | TypeChar::Uint, _) | (TypeChar::Float, 4 | 8) => {
                let big_endian = parsed.endianness() == Endianness::Big;
                Ok(Element { class, size, big_endian })
            }
            (TypeChar::Float, 2) => Err(refused("half-precision floats")),
            (TypeChar::Float, _) => Err(refused("extended-precision floats")),
            (TypeChar::Complex, _) => Err(refused("complex numbers")),
            (TypeChar::ByteStr | TypeChar::UnicodeStr, _) => Err(refused("strings")),
            (TypeChar::Object, _) => Err(Flaw::Objects),
            (TypeChar::DateTime | TypeChar::TimeDelta, _) => Err(refused("dates or times")),
            _ => Err(refused("raw bytes")),
        }
    }

    fn precision(self) -> Precision {
        match (self.class, self.size) {
            (TypeChar::Float, 4) => Precision::Single,
            (TypeChar::Float, _) => Precision::Double,
            _ => Precision::Exact,
        }
    }

    /// All numbers in the order of the file.
    fn read_all(self, reader: &mut impl Read, shape: &[usize]) -> Result<Vec<f64>, Flaw> {
        let expected = byte_count(shape, self.size);
        let (mut data, mut chunk) = (Vec::new(), Vec::with_capacity(CHUNK));
        let mut found = 0_u64;
        while u128::from(found) < expected {
            let wanted = (expected - u128::from(found)).min(CHUNK as u128) as usize;
            chunk.clear();
            reader.take(wanted as u64).read_to_end(&mut chunk).map_err(Flaw::of_member)?;
            found += chunk.len() as u64;
            if chunk.len() < wanted {
                return Err(Flaw::TooShort { shape: shape.to_vec(), expected, found });
            }
            reserve(&mut data, wanted / self.size, shape)?;
            self.decode(&chunk, &mut data)?;
        }
        // The end of the member is also where its checksum is compared.
        match reader.read(&mut [0]).map_err(Flaw::of_member)? {
            0 => Ok(data),
            _ => Err(Flaw::TooLong { shape: shape.to_vec(), expected }),
        }
    }

    /// Appends the numbers that some whole elements hold.
    fn decode(self, bytes: &[u8], out: &mut Vec<f64>) -> Result<(), Flaw> {
        let big = self.big_endian;
        match (self.class, self.size) {
            (TypeChar::Float, 4) => append(bytes, big, out, |b| Ok(f32::from_le_bytes(b).into())),
            (TypeChar::Float, _) => append(bytes, big, out, |b| Ok(f64::from_le_bytes(b))),
            (TypeChar::Int, 1) => append(bytes, big, out, |b| Ok(i8::from_le_bytes(b).into())),
            (TypeChar::Int, 2) => append(bytes, big, out, |b| Ok(i16::from_le_bytes(b).into())),
            (TypeChar::Int, 4) => append(bytes, big, out, |b| Ok(i32::from_le_bytes(b).into())),
            (TypeChar::Int, _) => append(bytes, big, out, |b| exactly(i64::from_le_bytes(b))),
            (TypeChar::Uint, 1) => append(bytes, big, out, |b| Ok(u8::from_le_bytes(b).into())),
            (TypeChar::Uint, 2) => append(bytes, big, out, |b| Ok(u16::from_le_bytes(b).into())),
            (TypeChar::Uint, 4) => append(bytes, big, out, |b| Ok(u32::from_le_bytes(b).into())),
            (TypeChar::Uint, _) => append(bytes, big, out, |b| exactly(u64::from_le_bytes(b))),
            // NumPy takes every byte that is not 0 for true.
            _ => append(bytes, big, out, |[byte]| Ok(f64::from(u8::from(byte != 0)))),
        }
    }
}

/// Appends the conversion of every `SIZE` bytes, which it gets in little-endian order.
fn append<const SIZE: usize>(
    bytes: &[u8],
    big_endian: bool,
    out: &mut Vec<f64>,
    convert: impl Fn([u8; SIZE]) -> Converted,
) -> Result<(), Flaw> {
    let (elements, _) = bytes.as_chunks::<SIZE>();
    for &element in elements {
        let mut element = element;
        if big_endian {
            element.reverse();
        }
        out.push(convert(element).map_err(|value| Flaw::Inexact { value })?);
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
fn byte_count(shape: &[usize], size: usize) -> u128 {
    shape.iter().fold(size as u128, |product, &length| product.saturating_mul(length as u128))
}

fn reserve(data: &mut Vec<f64>, more: usize, shape: &[usize]) -> Result<(), Flaw> {
    data.try_reserve(more).map_err(|_| Flaw::Memory { shape: shape.to_vec() })
}

/// Reorders numbers of which the first index runs fastest, so that the last one does.
fn c_order(shape: &[usize], data: Vec<f64>) -> Result<Vec<f64>, Flaw> {
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
        ordered.push(data[position]);
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

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(descr: &str) -> String {
        Element::parse(descr).err().expect("is refused").to_string()
    }

    #[test]
    fn types_that_are_not_real_numbers_are_refused_by_name() {
        assert!(refused("<f2").starts_with("holds half-precision floats (\"<f2\"), expected"));
        assert!(refused("<f16").contains("extended-precision"));
        assert!(refused("<c16").contains("complex numbers"));
        assert!(refused("<U5").contains("strings"));
        assert!(refused("|S3").contains("strings"));
        assert!(refused("<M8[ns]").contains("dates or times"));
        assert!(refused("|V8").contains("raw bytes"));
        assert!(refused("|O").contains("Python objects"));
        assert!(refused("<f7").contains("unknown type"));
        assert!(refused("é").contains("unknown type"));
    }

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
}
