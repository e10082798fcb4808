//! Damaged and hostile files: always an error or the true numbers, never a panic.

use std::fs;
use std::io::{Cursor, Write};
use std::path::Path;

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

use super::{Array, Npz, NpzWriter, ReadError, ReadErrorKind};

/// Writes the bytes as a file and reads its array `W`.
fn read(bytes: &[u8]) -> Result<Array, ReadError> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("w.npz");
    fs::write(&path, bytes).unwrap();
    read_file(&path)
}

fn read_file(path: &Path) -> Result<Array, ReadError> {
    let result = Npz::open(path).and_then(|mut npz| npz.array("W"));
    if let Err(error) = &result {
        let message = error.to_string();
        assert!(message.starts_with(&format!("{}: ", path.display())), "{message}");
    }
    result
}

/// An archive with these members.
fn archive(members: &[(&str, &[u8])], method: CompressionMethod) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in members {
        zip.start_file(*name, SimpleFileOptions::default().compression_method(method)).unwrap();
        zip.write_all(content).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

/// An array in version `major` of the format.
fn npy(major: u8, header: &str, data: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend([major, 0]);
    match major {
        1 => bytes.extend((header.len() as u16).to_le_bytes()),
        _ => bytes.extend((header.len() as u32).to_le_bytes()),
    }
    bytes.extend(header.as_bytes());
    bytes.extend(data);
    bytes
}

fn header(descr: &str, shape: &str) -> String {
    format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n")
}

/// Reads one array with this header text and data.
fn read_npy(major: u8, header: &str, data: &[u8]) -> Result<Array, ReadError> {
    read(&archive(&[("W.npy", &npy(major, header, data))], CompressionMethod::Deflated))
}

/// Three small valid files: deflated, stored, and with another array first.
fn valid_files() -> Vec<Vec<u8>> {
    let mut npz = NpzWriter::new(Cursor::new(Vec::new()));
    npz.array("loss", &[2], &[1.0, 2.0]).unwrap();
    npz.array("W", &[2, 3], &[1.0, -2.0, 0.5, 3.25, 1e300, 0.1]).unwrap();
    let data: Vec<u8> = [1.0_f32, -2.0, 0.5].iter().flat_map(|x| x.to_le_bytes()).collect();
    let array = npy(1, &header("<f4", "(3,)"), &data);
    vec![
        npz.finish().unwrap().into_inner(),
        archive(&[("W.npy", &array)], CompressionMethod::Stored),
        archive(&[("W.npy", &array)], CompressionMethod::Deflated),
    ]
}

#[test]
fn every_cut_is_an_error() {
    for whole in valid_files() {
        assert!(read(&whole).is_ok());
        for length in 0..whole.len() {
            assert!(read(&whole[..length]).is_err(), "cut after {length} bytes");
        }
    }
}

#[test]
fn every_flipped_bit_is_an_error_or_harmless() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("w.npz");
    for whole in valid_files() {
        let truth = read(&whole).unwrap();
        let mut damaged = whole.clone();
        for (byte, bit) in (0..whole.len()).flat_map(|byte| (0..8).map(move |bit| (byte, bit))) {
            damaged[byte] ^= 1 << bit;
            fs::write(&path, &damaged).unwrap();
            if let Ok(array) = read_file(&path) {
                assert_eq!(array.shape, truth.shape, "bit {bit} of byte {byte}");
                assert_eq!(array.data, truth.data, "bit {bit} of byte {byte}");
                assert_eq!(array.precision, truth.precision, "bit {bit} of byte {byte}");
            }
            damaged[byte] = whole[byte];
        }
    }
}

#[test]
fn flipped_bits_of_the_array_are_called_damage() {
    let array = npy(1, &header("<f4", "(3,)"), &[1; 12]);
    for method in [CompressionMethod::Stored, CompressionMethod::Deflated] {
        let whole = archive(&[("W.npy", &array)], method);
        // After the header of the member comes what it holds, and then the directory.
        let start = 30 + "W.npy".len();
        let end = whole.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
        assert!(end - start == array.len() || method == CompressionMethod::Deflated);
        for (byte, bit) in (start..end).flat_map(|byte| (0..8).map(move |bit| (byte, bit))) {
            let mut damaged = whole.clone();
            damaged[byte] ^= 1 << bit;
            // Some bits of a deflated stream mean nothing.
            let Err(error) = read(&damaged) else { continue };
            assert!(
                matches!(error.kind, ReadErrorKind::Damaged { .. }),
                "bit {bit} of {byte}: {error}"
            );
        }
    }
}

#[test]
fn claims_cost_nothing() {
    let largest = usize::MAX;
    for (shape, kind) in [
        (format!("({largest}, {largest}, {largest})"), "more than can be counted"),
        (format!("({largest},)"), "one axis"),
        ("(1099511627776, 1099511627776)".to_owned(), "2^80"),
        ("(3,)".to_owned(), "one number too many"),
    ] {
        let error = read_npy(1, &header("<f8", &shape), &[0; 16]).unwrap_err();
        assert!(matches!(error.kind, ReadErrorKind::TooShort { found: 16, .. }), "{kind}: {error}");
    }
    // The same with more than is read at once.
    let error = read_npy(1, &header("<f8", "(1099511627776, 1024)"), &[0; 200_000]).unwrap_err();
    assert!(matches!(error.kind, ReadErrorKind::TooShort { found: 200_000, .. }), "{error}");
    let empty = read_npy(1, &header("<f8", &format!("({largest}, {largest}, 0)")), &[]).unwrap();
    assert!(empty.data.is_empty());
}

#[test]
fn bytes_after_the_array_are_an_error() {
    let error = read_npy(1, &header("<f8", "(2,)"), &[0; 17]).unwrap_err();
    assert!(error.to_string().ends_with("\"W\" claims shape (2,), 16 bytes, but holds more"));
    // A bomb: a small header and 100 MB of zeros, none of which are kept.
    let error = read_npy(1, &header("<f8", "()"), &vec![0; 100_000_000]).unwrap_err();
    assert!(matches!(error.kind, ReadErrorKind::TooLong { expected: 8, .. }));
}

#[test]
fn claimed_member_sizes_are_not_trusted() {
    // The uncompressed size in the directory, 24 bytes into its entry, and in the local header.
    for whole in valid_files() {
        let entry = whole.windows(4).rposition(|window| window == b"PK\x01\x02").unwrap();
        let mut damaged = whole.clone();
        damaged[entry + 24..entry + 28].copy_from_slice(&0xffff_fff0_u32.to_le_bytes());
        if let Ok(array) = read(&damaged) {
            assert_eq!(array.data, read(&whole).unwrap().data);
        }
    }
}

#[test]
fn all_versions_types_and_orders_hold_the_same_numbers() {
    fn check(descr: &str, bytes: &[[u8; 3]], expected: &[f64]) {
        let width = descr[2..].parse::<usize>().unwrap();
        // Sign extension or zeros up to the width; the numbers are small.
        let mut data = Vec::new();
        for &[low, high, fill] in bytes {
            let mut element = vec![fill; width];
            element[0] = low;
            if width > 1 {
                element[1] = high;
            }
            if descr.starts_with('>') {
                element.reverse();
            }
            data.extend(element);
        }
        for version in 1..=3 {
            let array = read_npy(version, &header(descr, "(2,)"), &data).unwrap();
            assert_eq!(array.data, expected, "{descr} in version {version}");
        }
    }
    for order in ['<', '>'] {
        for width in [2, 4, 8] {
            let descr = |class: char| format!("{order}{class}{width}");
            check(&descr('i'), &[[1, 2, 0], [0xfe, 0xff, 0xff]], &[513.0, -2.0]);
            check(&descr('u'), &[[1, 2, 0], [0xfe, 0xff, 0]], &[513.0, 65534.0]);
        }
    }
    check("|i1", &[[1, 0, 0], [0xfe, 0, 0]], &[1.0, -2.0]);
    check("|u1", &[[1, 0, 0], [0xfe, 0, 0]], &[1.0, 254.0]);
    check("|b1", &[[0, 0, 0], [0xfe, 0, 0]], &[0.0, 1.0]);
    let single = 1.5_f32.to_be_bytes();
    assert_eq!(read_npy(1, &header(">f4", "()"), &single).unwrap().data, [1.5]);
    let double = (-1.5e-300_f64).to_be_bytes();
    assert_eq!(read_npy(1, &header(">f8", "()"), &double).unwrap().data, [-1.5e-300]);
}

#[test]
fn integer_that_would_be_rounded_is_refused() {
    let data = ((1_i64 << 53) + 1).to_le_bytes();
    let error = read_npy(1, &header("<i8", "(1,)"), &data).unwrap_err().to_string();
    let expected = "holds the integer 9007199254740993, which no float64 represents exactly";
    assert!(error.ends_with(expected), "{error}");
}

#[test]
fn large_arrays_cross_the_chunks_of_the_reader() {
    let numbers: Vec<f64> = (0..300 * 71).map(f64::from).collect();
    let data: Vec<u8> = numbers.iter().flat_map(|x| x.to_le_bytes()).collect();
    assert_eq!(read_npy(1, &header("<f8", "(300, 71)"), &data).unwrap().data, numbers);
    let fortran = header("<f8", "(300, 71)").replace("False", "True");
    let array = read_npy(1, &fortran, &data).unwrap();
    assert_eq!(array.data[5 * 71 + 2], (2 * 300 + 5) as f64);
}

#[test]
fn other_formats_are_recognised() {
    let found = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
    assert!(found(b"").contains("w.npz: is empty, expected an .npz archive"));
    let array = npy(1, &header("<f8", "()"), &[0; 8]);
    assert!(found(&array).contains("w.npz: is a single array (.npy), expected an .npz"));
    assert!(found(b"\x89HDF\r\n\x1a\n").contains("is an HDF5 file"));
    assert!(found(&[0xff; 64]).contains("is not a zip archive"));
    assert!(found(format!("x{}", "é".repeat(300)).as_bytes()).contains("is plain text"));
    let foreign = archive(&[("data.pkl", b"x"), ("version", b"3")], CompressionMethod::Stored);
    assert!(found(&foreign).contains("is an archive of 2 members without an array"));
}

#[test]
fn members_that_are_no_arrays_do_no_harm() {
    let array = npy(1, &header("<f8", "(1,)"), &1.5_f64.to_le_bytes());
    let members: [(&str, &[u8]); 3] = [("W", b"x"), ("W.npy", &array), ("readme.txt", b"y")];
    assert_eq!(read(&archive(&members, CompressionMethod::Stored)).unwrap().data, [1.5]);
    let text = archive(&[("W.npy", b"not an array")], CompressionMethod::Stored);
    assert!(matches!(read(&text).unwrap_err().kind, ReadErrorKind::Header { .. }));
    let empty = archive(&[("W.npy", b"")], CompressionMethod::Stored);
    assert!(matches!(read(&empty).unwrap_err().kind, ReadErrorKind::Header { .. }));
}

#[test]
fn ambiguous_and_locked_archives_are_refused() {
    let array = npy(1, &header("<f8", "()"), &[0; 8]);
    let members: [(&str, &[u8]); 2] = [("W.npy", &array), ("V.npy", &array)];
    let whole = archive(&members, CompressionMethod::Stored);
    let renamed = replace(&whole, b"V.npy", b"W.npy");
    assert!(matches!(read(&renamed).unwrap_err().kind, ReadErrorKind::Duplicates));

    let entry = whole.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    let mut encrypted = whole.clone();
    encrypted[6] |= 1;
    encrypted[entry + 8] |= 1;
    let error = read(&encrypted).unwrap_err().to_string();
    assert!(error.contains("array \"W\" is encrypted, expected"), "{error}");
    let mut bzip2 = whole;
    bzip2[8] = 12;
    bzip2[entry + 10] = 12;
    let error = read(&bzip2).unwrap_err().to_string();
    assert!(error.contains("array \"W\" is compressed as Bzip2, expected"), "{error}");
}

fn replace(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut replaced = bytes.to_vec();
    for start in 0..bytes.len() - from.len() {
        if &bytes[start..start + from.len()] == from {
            replaced[start..start + from.len()].copy_from_slice(to);
        }
    }
    replaced
}
