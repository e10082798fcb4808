//! Compression of HDF5 that comes as a plug-in: lzf of h5py, and zstd, bitshuffle and blosc of
//! hdf5plugin and PyTables.
//!
//! hdf5-reader has the filters of HDF5 itself, and lz4. Here, too, nothing returns more bytes than
//! the largest chunk may have, whatever its input claims.

use std::io::Read;

use hdf5_reader::error::{Error, Result};
use hdf5_reader::filters::FilterRegistry;
use ruzstd::decoding::StreamingDecoder;

use super::blosc::blosc;

/// The filters that are read, as the object of a sentence.
pub(super) const KNOWN: &str =
    "gzip, lzf, lz4, zstd, bitshuffle, blosc, szip, shuffle, fletcher32, nbit or scale-offset";

/// All filters; none returns more bytes than `largest`.
pub(super) fn registry(largest: usize) -> FilterRegistry {
    let mut registry = FilterRegistry::new();
    registry.register(32000, Box::new(move |_, data, _| lzf(data, largest)));
    registry.register(32001, Box::new(move |_, data, _| blosc(data, largest)));
    registry.register(
        32008,
        Box::new(move |filter, data, size| bitshuffle(&filter.client_data, data, size, largest)),
    );
    registry.register(32015, Box::new(move |_, data, _| zstd(data, largest)));
    registry
}

/// What a filter is called of which hdf5-reader tells the number: `filter id 32017`.
pub(super) fn name(filter: &str) -> String {
    // From the list of filters that The HDF Group registers.
    const NAMES: [(&str, &str); 9] = [
        ("307", "bzip2"),
        ("32003", "snappy"),
        ("32013", "zfp"),
        ("32016", "sz"),
        ("32017", "sz"),
        ("32018", "fcidecomp"),
        ("32024", "sz3"),
        ("32026", "blosc2"),
        ("32028", "sperr"),
    ];
    let number = filter.trim_start_matches("filter id ");
    match NAMES.iter().find(|(id, _)| *id == number) {
        Some((_, name)) => format!("filter {number} ({name})"),
        None => format!("filter {number}"),
    }
}

/// The error of a chunk that some codec did not compress so.
pub(super) fn broken(codec: &str) -> Error {
    Error::DecompressionError(format!("{codec} data that are cut off or damaged"))
}

/// What a codec makes of some bytes; none if they are damaged or give more than `largest` bytes.
pub(super) type Decoder = fn(&[u8], usize) -> Option<Vec<u8>>;

/// The next `count` bytes, which are taken from the rest.
pub(super) fn take<'d>(rest: &mut &'d [u8], count: usize) -> Option<&'d [u8]> {
    let (taken, left) = rest.split_at_checked(count)?;
    *rest = left;
    Some(taken)
}

/// The next byte.
pub(super) fn byte(rest: &mut &[u8]) -> Option<usize> {
    take(rest, 1).map(|byte| usize::from(byte[0]))
}

/// Appends `length` bytes that begin `distance` bytes before the end, and may overlap it.
pub(super) fn repeat(output: &mut Vec<u8>, distance: usize, length: usize) -> Option<()> {
    let start = output.len().checked_sub(distance).filter(|_| distance > 0)?;
    for place in start..start + length {
        output.push(output[place]);
    }
    Some(())
}

fn lzf(data: &[u8], largest: usize) -> Result<Vec<u8>> {
    unpacked_lzf(data, largest).ok_or_else(|| broken("lzf"))
}

/// What LibLZF compressed: bytes as they are, and repetitions of bytes before.
fn unpacked_lzf(mut rest: &[u8], largest: usize) -> Option<Vec<u8>> {
    let mut output = Vec::new();
    while let Some(control) = byte(&mut rest) {
        // Below 32 so many bytes follow, and one more. Else the upper three bits are a length, which
        // another byte may lengthen, and the lower five the upper part of a distance.
        if control < 32 {
            output.extend(take(&mut rest, control + 1)?);
        } else {
            let more = if control >> 5 == 7 { byte(&mut rest)? } else { 0 };
            let distance = ((control & 31) << 8) + byte(&mut rest)? + 1;
            repeat(&mut output, distance, (control >> 5) + more + 2)?;
        }
        if output.len() > largest {
            return None;
        }
    }
    Some(output)
}

fn zstd(data: &[u8], largest: usize) -> Result<Vec<u8>> {
    unpacked_zstd(data, largest).ok_or_else(|| broken("zstd"))
}

pub(super) fn unpacked_zstd(data: &[u8], largest: usize) -> Option<Vec<u8>> {
    let mut output = Vec::new();
    let decoder = StreamingDecoder::new(data).ok()?;
    decoder.take(largest as u64 + 1).read_to_end(&mut output).ok()?;
    Some(output).filter(|output| output.len() <= largest)
}

/// A block of lz4, which does not say how long its content is.
pub(super) fn unpacked_lz4(data: &[u8], largest: usize) -> Option<Vec<u8>> {
    lz4_flex::block::decompress(data, largest).ok()
}

/// What the filter bitshuffle stored: blocks of elements of which the first bits stand together, then
/// the second bits and so on, and which then may be compressed.
fn bitshuffle(parameters: &[u32], data: &[u8], size: usize, largest: usize) -> Result<Vec<u8>> {
    let decoder: Option<Decoder> = match parameters.get(4) {
        None | Some(0) => None,
        Some(2) => Some(unpacked_lz4),
        Some(3) => Some(unpacked_zstd),
        Some(other) => {
            let what = format!("bitshuffle with the compression {other}");
            return Err(Error::UnsupportedEncoding(what));
        }
    };
    let size = parameters.get(2).map_or(size, |&size| size as usize);
    let output = match decoder {
        None => unshuffled_blocks(data, size, parameters.get(3).copied().unwrap_or(0)),
        Some(decoder) => unpacked_bitshuffle(data, size, largest, decoder),
    };
    output.ok_or_else(|| broken("bitshuffle"))
}

/// Bitshuffle without compression: blocks of the length that is told or that the filter chooses.
fn unshuffled_blocks(data: &[u8], size: usize, block: u32) -> Option<Vec<u8>> {
    // By default as many elements as take 8 kB, in eights.
    let chosen = (8192 / size.max(1) / 8 * 8).max(128);
    let block = if block == 0 { chosen } else { block as usize };
    let whole = data.len() / (8 * size.max(1)) * 8 * size;
    let (shuffled, rest) = data.split_at(whole);
    let blocks = shuffled.chunks(block.checked_mul(size).filter(|length| *length > 0)?);
    Some(
        blocks.flat_map(|block| unshuffled_bits(block, size)).chain(rest.iter().copied()).collect(),
    )
}

/// Bitshuffle with compression: the length, the length of blocks, and each block with its length.
fn unpacked_bitshuffle(
    mut rest: &[u8],
    size: usize,
    largest: usize,
    decoder: Decoder,
) -> Option<Vec<u8>> {
    let total = take(&mut rest, 8)?.first_chunk().map(|bytes| u64::from_be_bytes(*bytes))?;
    let total = usize::try_from(total).ok().filter(|total| *total <= largest)?;
    let length = |rest: &mut &[u8]| {
        take(rest, 4)?.first_chunk().map(|bytes| u32::from_be_bytes(*bytes) as usize)
    };
    let block = length(&mut rest)?;
    // Elements are shuffled in eights; what is left over stands as it is.
    let eight = size.checked_mul(8).filter(|eight| *eight > 0)?;
    let shuffled = total / eight * eight;
    let mut output = Vec::new();
    while output.len() < shuffled {
        let expected = block.min(shuffled - output.len());
        let packed = length(&mut rest)?;
        let unpacked = decoder(take(&mut rest, packed)?, expected)?;
        if unpacked.len() != expected || expected % eight != 0 || expected == 0 {
            return None;
        }
        output.extend(unshuffled_bits(&unpacked, size));
    }
    output.extend(take(&mut rest, total - shuffled)?);
    Some(output)
}

/// Elements of which the first bits of all stand first, then the second bits and so on.
///
/// Their number must be a multiple of 8.
pub(super) fn unshuffled_bits(shuffled: &[u8], size: usize) -> Vec<u8> {
    let count = shuffled.len() / size;
    let mut elements = vec![0; shuffled.len()];
    for (bit, row) in shuffled.chunks_exact((count / 8).max(1)).enumerate() {
        for (eight, bits) in row.iter().enumerate() {
            for place in (0..8).filter(|place| bits >> place & 1 == 1) {
                elements[(8 * eight + place) * size + bit / 8] |= 1 << (bit % 8);
            }
        }
    }
    elements
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lzf_repeats_what_was_there() {
        // "ab", then 4 bytes from 2 back, then a long run of the last byte.
        let packed = [1, b'a', b'b', 0x40, 1, 0xe0, 10, 0];
        let expected = [&b"ababab"[..], &[b'b'; 19]].concat();
        assert_eq!(lzf(&packed, 25).unwrap(), expected);
        assert!(lzf(&packed, 24).is_err(), "more bytes than a chunk may have");
        assert!(lzf(&packed[..4], 99).is_err(), "cut off");
        assert!(lzf(&[0x20, 0], 99).is_err(), "from before the beginning");
    }

    #[test]
    fn zstd_is_not_believed_how_long_it_is() {
        // A frame of one block, which repeats the byte 7 a hundred times.
        let packed = [0x28, 0xb5, 0x2f, 0xfd, 0x20, 100, 0x23, 0x03, 0, 7];
        assert_eq!(zstd(&packed, 100).unwrap(), [7; 100]);
        assert!(zstd(&packed, 99).is_err());
        assert!(zstd(&packed[..8], 100).is_err(), "cut off");
    }

    #[test]
    fn bits_stand_together_by_their_place() {
        // Element i of 16 bits is i; only the lowest three bits are ever set.
        let mut shuffled = vec![0; 16];
        shuffled[..3].copy_from_slice(&[0b1010_1010, 0b1100_1100, 0b1111_0000]);
        let expected: Vec<u8> = (0..8).flat_map(|i| [i, 0]).collect();
        assert_eq!(unshuffled_bits(&shuffled, 2), expected);
        let rest = [&shuffled[..], &[7, 7]].concat();
        assert_eq!(unshuffled_blocks(&rest, 2, 0).unwrap(), [&expected[..], &[7, 7]].concat());
    }

    #[test]
    fn filters_have_names() {
        assert_eq!(name("filter id 32013"), "filter 32013 (zfp)");
        assert_eq!(name("filter id 60000"), "filter 60000");
    }
}
