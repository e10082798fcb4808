//! Residues in f64: integers of at most half the prime in absolute value.
//!
//! The product of two of them has up to 98 bits. A fused multiply-add gives its low part exactly
//! beside the rounded high part, and the multiple of the prime that the high part contains is
//! taken off without rounding (Dekker 1971; as in FFLAS-FFPACK and FLINT). In vector registers
//! that is seven operations for eight products.

use crate::scalar::{Fp, PRIME};

/// Numbers in a vector.
pub(super) const WIDTH: usize = 8;

/// A row of residues, in whole vectors.
pub(super) type Row = Vec<[f64; WIDTH]>;

const MODULUS: f64 = PRIME as f64;
const INVERSE: f64 = 1.0 / MODULUS;

/// The representative of least absolute value.
pub(super) fn modular(x: Fp) -> f64 {
    let value = x.value();
    if value > PRIME / 2 { -((PRIME - value) as f64) } else { value as f64 }
}

/// A number equal to a b modulo the prime, at most 2^49 + 2^47 in absolute value.
#[inline(always)]
pub(super) fn times(a: f64, b: f64) -> f64 {
    let high = a * b;
    let low = a.mul_add(b, -high);
    let quotient = (high * INVERSE).round_ties_even();
    (-quotient).mul_add(MODULUS, high) + low
}

/// The residue of an integer of at most 2^53: at most half the prime in absolute value, up to the
/// rounding of the quotient. Zero exactly for multiples of the prime.
#[inline(always)]
pub(super) fn reduced(x: f64) -> f64 {
    (-(x * INVERSE).round_ties_even()).mul_add(MODULUS, x)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn residue() -> impl Strategy<Value = Fp> {
        let edges = [0, 1, PRIME / 2, PRIME / 2 + 1, PRIME - 1].map(Fp::new).to_vec();
        prop_oneof![proptest::sample::select(edges), any::<u64>().prop_map(Fp::new)]
    }

    fn back(x: f64) -> Fp {
        use crate::scalar::Scalar;
        Fp::from_integer(x as i64)
    }

    proptest! {
        #[test]
        fn products_agree_with_those_of_the_field(a in residue(), b in residue()) {
            let product = times(modular(a), modular(b));
            prop_assert!(product.abs() <= 1.25 * (1u64 << 49) as f64);
            prop_assert_eq!(back(product), a * b);
            prop_assert_eq!(back(reduced(product)), a * b);
            prop_assert_eq!(reduced(product) == 0.0, a * b == Fp::new(0));
        }

        #[test]
        fn sums_of_nine_are_reduced_to_a_residue(terms in proptest::collection::vec(residue(), 9)) {
            let sum: f64 = terms.iter().map(|&x| modular(x) * 1.25).map(f64::floor).sum();
            let expected = terms.iter().map(|&x| back((modular(x) * 1.25).floor()));
            let found = reduced(sum);
            prop_assert!(found.abs() <= MODULUS / 2.0 + 2.0);
            prop_assert_eq!(back(found), expected.fold(Fp::new(0), |sum, x| sum + x));
        }
    }
}
