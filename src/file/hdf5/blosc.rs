//! Blosc 1: blocks of shuffled bytes or bits, compressed by one of several codecs.
//!
//! After the description of the format in c-blosc (README_CHUNK_FORMAT.rst) and its code.

use std::io::Read;

use flate2::bufread::ZlibDecoder;
use hdf5_reader::error::{Error, Result};

use super::filters::{
    Decoder, broken, byte, repeat, take, unpacked_lz4, unpacked_zstd, unshuffled_bits,
};

/// The version of the format that all releases of blosc 1 write.
const LAST_VERSION: u8 = 2;

/// Bits of the flags.
const BYTES_SHUFFLED: u8 = 1;
const NOT_COMPRESSED: u8 = 2;
const BITS_SHUFFLED: u8 = 4;
const NOT_SPLIT: u8 = 16;

/// What blosc compressed, of at most `largest` bytes.
///
/// # Errors
///
/// If it is damaged, or compressed by a codec that is not read.
pub(super) fn blosc(data: &[u8], largest: usize) -> Result<Vec<u8>> {
    let header = data.first_chunk::<16>().ok_or_else(|| broken("blosc"))?;
    if header[0] > LAST_VERSION {
        let what = format!("blosc of version {}", header[0]);
        return Err(Error::UnsupportedEncoding(what));
    }
    let decoder: Decoder = match header[2] >> 5 {
        0 => blosclz,
        1 => unpacked_lz4,
        3 => unpacked_zlib,
        4 => unpacked_zstd,
        2 => return Err(Error::UnsupportedEncoding("blosc with the codec snappy".to_owned())),
        codec => return Err(Error::UnsupportedEncoding(format!("blosc with the codec {codec}"))),
    };
    unpacked(data, header, largest, decoder).ok_or_else(|| broken("blosc"))
}

fn unpacked(data: &[u8], header: &[u8; 16], largest: usize, decoder: Decoder) -> Option<Vec<u8>> {
    let (flags, size) = (header[2], usize::from(header[3]).max(1));
    let number = |place: usize| {
        data.get(place..)?.first_chunk().map(|bytes| u32::from_le_bytes(*bytes) as usize)
    };
    let (total, block) = (number(4)?, number(8)?);
    if total > largest {
        return None;
    }
    if flags & NOT_COMPRESSED != 0 {
        return data.get(16..16 + total).map(<[u8]>::to_vec);
    }
    let mut output = Vec::new();
    let mut index = 0;
    while output.len() < total {
        let length = block.min(total - output.len());
        // All blocks but a shorter last one may be split into the first bytes of all elements, the
        // second bytes and so on.
        let is_split = flags & NOT_SPLIT == 0 && length == block;
        let parts = if is_split { size } else { 1 };
        let mut rest = data.get(number(16 + 4 * index)?..)?;
        let mut content = Vec::new();
        for _ in 0..parts {
            let packed =
                take(&mut rest, 4)?.first_chunk().map(|b| u32::from_le_bytes(*b) as usize)?;
            let packed = take(&mut rest, packed)?;
            if packed.len() == length / parts {
                content.extend(packed)
            } else {
                content.extend(decoder(packed, length / parts)?)
            }
        }
        if content.len() != length || length == 0 {
            return None;
        }
        output.extend(unshuffled(&content, size, flags));
        index += 1;
    }
    Some(output)
}

/// The elements of a block in their order; what is behind the last whole element is as it was.
fn unshuffled(block: &[u8], size: usize, flags: u8) -> Vec<u8> {
    let count = block.len() / size;
    let (shuffled, rest) = block.split_at(count * size);
    let mut elements = if flags & BITS_SHUFFLED != 0 && count.is_multiple_of(8) {
        unshuffled_bits(shuffled, size)
    } else if flags & BYTES_SHUFFLED != 0 && flags & BITS_SHUFFLED == 0 {
        (0..shuffled.len()).map(|place| shuffled[place % size * count + place / size]).collect()
    } else {
        // Bits are shuffled only of eights of elements.
        shuffled.to_vec()
    };
    elements.extend(rest);
    elements
}

fn unpacked_zlib(data: &[u8], largest: usize) -> Option<Vec<u8>> {
    let mut output = Vec::new();
    ZlibDecoder::new(data).take(largest as u64 + 1).read_to_end(&mut output).ok()?;
    Some(output).filter(|output| output.len() <= largest)
}

/// What BloscLZ compressed: bytes as they are, and repetitions of bytes before.
fn blosclz(mut rest: &[u8], largest: usize) -> Option<Vec<u8>> {
    /// Distances from here on have two bytes of their own.
    const FAR: usize = 8191;
    let mut output = Vec::new();
    // The first byte always tells of bytes as they are.
    let mut control = byte(&mut rest)? & 31;
    loop {
        if control < 32 {
            output.extend(take(&mut rest, control + 1)?);
        } else {
            let mut length = (control >> 5) + 2;
            while length >= 9 {
                let more = byte(&mut rest)?;
                length += more;
                if more < 255 {
                    break;
                }
            }
            let mut distance = (control & 31) << 8;
            let low = byte(&mut rest)?;
            distance += low;
            if distance == FAR {
                distance += (byte(&mut rest)? << 8) + byte(&mut rest)?;
            }
            if output.len() + length > largest {
                return None;
            }
            repeat(&mut output, distance + 1, length)?;
        }
        if output.len() > largest {
            return None;
        }
        match byte(&mut rest) {
            Some(next) => control = next,
            None => return Some(output),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blosclz_repeats_what_was_there() {
        // "ab", 3 bytes from 2 back, 9 + 2 bytes from 1 back.
        let packed = [1, b'a', b'b', 0x20, 1, 0xe0, 2, 0];
        let expected = [&b"ababa"[..], &[b'a'; 11]].concat();
        assert_eq!(blosclz(&packed, 16).unwrap(), expected);
        assert_eq!(blosclz(&packed, 15), None);
        assert_eq!(blosclz(&packed[..4], 99), None);
        assert_eq!(blosclz(&[0, 1, 0x20, 9], 99), None, "from before the beginning");
    }

    #[test]
    fn bytes_and_bits_are_put_back() {
        assert_eq!(unshuffled(b"adbecfX", 3, 0), b"adbecfX");
        assert_eq!(unshuffled(b"acebdfX", 2, BYTES_SHUFFLED), b"abcdefX");
        assert_eq!(unshuffled(b"abc", 2, BITS_SHUFFLED), b"abc", "no eight elements");
        let bits = [0xff, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(unshuffled(&bits, 1, BITS_SHUFFLED), [1; 8]);
    }

    #[test]
    fn claims_are_not_believed() {
        let mut header = [0_u8; 16];
        header[2] = 1 << 5;
        header[3] = 8;
        header[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        assert!(blosc(&header, 1 << 20).is_err());
        header[4..8].copy_from_slice(&100_u32.to_le_bytes());
        assert!(blosc(&header, 1 << 20).is_err(), "blocks of no length");
        header[2] = 2 << 5;
        assert!(blosc(&header, 1 << 20).unwrap_err().to_string().contains("snappy"));
    }
}
