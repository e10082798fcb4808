//! What is written is what is read.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::{Array, Element, Npz, NpzWriter, write_npz};
use crate::scalar::Precision;

fn bytes_of<E: Element>(shape: &[usize], data: &[E]) -> Vec<u8> {
    let mut npz = NpzWriter::new(std::io::Cursor::new(Vec::new()));
    npz.array("W", shape, data).unwrap();
    npz.finish().unwrap().into_inner()
}

fn read(path: &Path, name: &str) -> Array {
    Npz::open(path).unwrap().array(name).unwrap()
}

fn round_trip<E: Element>(shape: &[usize], data: &[E]) -> Array {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("w.npz");
    write_npz(&path, |npz| npz.array("W", shape, data)).unwrap();
    read(&path, "W")
}

/// Equal bit for bit: NaN equals itself, and 0 is not -0.
fn same_bits(a: &[f64], b: &[f64]) -> bool {
    let bits = |numbers: &[f64]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    bits(a) == bits(b)
}

#[test]
fn all_types_keep_their_extreme_values() {
    fn check<E: Element>(data: &[E], expected: &[f64], precision: Precision) {
        let array = round_trip(&[data.len()], data);
        assert_eq!((&*array.data, array.precision), (expected, precision), "{}", E::DESCR);
    }
    check(&[f64::MIN, f64::from_bits(1)], &[f64::MIN, f64::from_bits(1)], Precision::Double);
    check(&[f32::MAX, 0.1], &[f32::MAX.into(), 0.1_f32.into()], Precision::Single);
    check(&[i64::MIN, -3], &[-(2_f64.powi(63)), -3.0], Precision::Exact);
    check(&[1_u64 << 63, 1 << 53], &[2_f64.powi(63), 2_f64.powi(53)], Precision::Exact);
    check(&[i32::MIN, i32::MAX], &[-2147483648.0, 2147483647.0], Precision::Exact);
    check(&[u32::MAX, 0], &[4294967295.0, 0.0], Precision::Exact);
    check(&[u8::MAX, 1], &[255.0, 1.0], Precision::Exact);
    check(&[true, false], &[1.0, 0.0], Precision::Exact);
}

#[test]
fn single_numbers_and_empty_arrays_keep_their_shape() {
    let single = round_trip(&[], &[1.5]);
    assert_eq!((&*single.shape, &*single.data), (&[][..], &[1.5][..]));
    let empty = round_trip::<f64>(&[3, 0, 2], &[]);
    assert_eq!((&*empty.shape, &*empty.data), (&[3, 0, 2][..], &[][..]));
}

#[test]
fn same_numbers_are_the_same_bytes() {
    let data = [1.0, -2.0, f64::NAN];
    assert_eq!(bytes_of(&[3], &data), bytes_of(&[3], &data));
    // A change of the format, of its timestamps or of the compression shows here.
    let bytes = bytes_of(&[2], &[1.0, 2.0]);
    assert_eq!(&bytes[..4], b"PK\x03\x04");
    assert_eq!(&bytes[10..14], b"\0\0\x21\0", "the member is dated 1980-01-01");
}

#[test]
fn slices_one_by_one_are_the_array_at_once() {
    let data: Vec<f64> = (0..60_000).map(|i| f64::from(i) / 7.0).collect();
    let mut npz = NpzWriter::new(std::io::Cursor::new(Vec::new()));
    let slices = data.chunks(20_000).map(<[f64]>::to_vec);
    npz.array_in_parts("W", &[3, 200, 100], slices).unwrap();
    let parts = npz.finish().unwrap().into_inner();
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("parts.npz");
    fs::write(&path, parts).unwrap();
    assert_eq!(read(&path, "W").data, data);
}

#[test]
fn names_come_back_in_order() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("w.npz");
    let names = ["W", "loss", "a/b", "Größe", "x.npy", ""];
    write_npz(&path, |npz| {
        names.iter().enumerate().try_for_each(|(i, name)| npz.array(name, &[1], &[i as f64]))
    })
    .unwrap();
    let mut npz = Npz::open(&path).unwrap();
    assert_eq!(npz.names(), names);
    for (i, name) in names.iter().enumerate() {
        assert_eq!(npz.array(name).unwrap().data, [i as f64]);
    }
}

#[test]
fn writer_refuses_what_could_not_be_read() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("w.npz");
    let refused = |shape: &[usize], names: &[&str]| {
        let written = write_npz(&path, |npz| {
            names.iter().try_for_each(|name| npz.array(name, shape, &[0.0; 6]))
        });
        written.expect_err("a contradiction is refused").to_string()
    };
    assert!(refused(&[2, 2], &["W"]).ends_with("array \"W\" of shape [2, 2] has 4 numbers, not 6"));
    assert!(refused(&[2, 3], &["W", "W"]).ends_with("array \"W\" is there already"));
    assert!(refused(&[usize::MAX, 3], &["W"]).ends_with("array \"W\" is too large"));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0, "nothing remains");
}

/// A shape and as many numbers of any bit pattern.
fn arrays() -> impl Strategy<Value = (Vec<usize>, Vec<u64>)> {
    prop::collection::vec(0_usize..6, 0..5).prop_flat_map(|shape| {
        let count = shape.iter().product::<usize>();
        (Just(shape), prop::collection::vec(any::<u64>(), count))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_f64_comes_back((shape, bits) in arrays()) {
        let data: Vec<f64> = bits.into_iter().map(f64::from_bits).collect();
        let array = round_trip(&shape, &data);
        prop_assert_eq!(array.shape, shape);
        prop_assert!(same_bits(&array.data, &data));
    }

    #[test]
    fn every_f32_and_integer_comes_back((shape, bits) in arrays()) {
        let integers: Vec<i32> = bits.iter().map(|&bits| bits as i32).collect();
        let expected: Vec<f64> = integers.iter().map(|&i| f64::from(i)).collect();
        prop_assert_eq!(round_trip(&shape, &integers).data, expected);
        let singles: Vec<f32> = integers.iter().map(|&i| i as f32 / 3.0).collect();
        let expected: Vec<f64> = singles.iter().map(|&x| f64::from(x)).collect();
        prop_assert_eq!(round_trip(&shape, &singles).data, expected);
    }
}
