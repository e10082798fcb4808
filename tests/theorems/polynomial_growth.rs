use rankproof::task::Dimensions;
use rankproof::theorem::ActivationKind::{self, OddCubic, Polynomial};
use rankproof::theorem::polynomial_growth::THEOREM;

use crate::harness::{catches_its_controls, first_observation, holds, report_of};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// Rank and bound of D_k.
fn rank(psi: ActivationKind, [d_in, d_out]: [usize; 2], k: usize) -> (usize, usize) {
    let dimensions = Dimensions { neurons: 60, d_in, d_out, steps: 10, trials: 10 };
    first_observation(&report_of(&THEOREM, dimensions, k, |setting| setting.psi = psi))
}

/// min(binomial(p+n, n), q binomial(p+n-1, n-1)), and the same of odd and even monomials.
#[test]
fn is_attained_at_the_first_step() {
    for (psi, channels, expected) in [
        (Polynomial(2), [1, 1], 2),
        (Polynomial(2), [1, 2], 3),
        (Polynomial(2), [2, 1], 3),
        (Polynomial(2), [2, 3], 6),
        (Polynomial(3), [1, 1], 3),
        (Polynomial(3), [1, 2], 4),
        (Polynomial(3), [2, 1], 6),
        (Polynomial(3), [2, 3], 10),
        (Polynomial(4), [1, 3], 5),
        (OddCubic, [1, 1], 2),
        (OddCubic, [2, 3], 6),
    ] {
        assert_eq!(rank(psi, channels, 1), (expected, expected), "{psi:?} {channels:?}");
    }
}

/// binomial(p + c + n, n) with c dimensions that the first step has learned.
#[test]
fn is_attained_at_the_second_step() {
    for (psi, channels, expected) in [
        (Polynomial(2), [1, 3], 15),
        (Polynomial(2), [2, 3], 45),
        (Polynomial(3), [1, 3], 56),
        (OddCubic, [1, 3], 13),
    ] {
        assert_eq!(rank(psi, channels, 2), (expected, expected), "{psi:?} {channels:?}");
    }
}

/// One output leaves one of the ten monomials out.
#[test]
fn is_missed_by_one_with_one_output() {
    assert_eq!(rank(Polynomial(2), [1, 1], 2), (9, 10));
}
