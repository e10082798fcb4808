//! What the tests of rules share, and the laws that every rule obeys.

use std::collections::BTreeSet;

use super::{Preconditioners, RuleKind, UpdateRule};
use crate::matrix::{Matrix, RankRevealing};
use crate::named::Named;
use crate::scalar::{Fp, Scalar, Stream};

/// The directions that an entrywise rule makes of gradients, one after the other, at parameters
/// that are all `at`.
pub fn directions<S: Scalar>(rule: &UpdateRule<S>, gradients: &[&[S]], at: S) -> Vec<Vec<S>> {
    let at = vec![at; gradients[0].len()];
    moved(rule, &gradients.iter().map(|gradient| gradient.to_vec()).collect::<Vec<_>>(), &at)
}

/// The same at parameters of any value.
fn moved<S: Scalar>(rule: &UpdateRule<S>, gradients: &[Vec<S>], at: &[S]) -> Vec<Vec<S>> {
    let UpdateRule::Entrywise(rule) = rule else { panic!("{rule:?} is not entrywise") };
    let mut memory = vec![vec![S::ZERO; at.len()]; rule.numbers()];
    let direction = |(step, gradient): (i32, &Vec<S>)| {
        let mut direction = gradient.clone();
        rule.direction(step, &mut direction, at, &mut memory);
        direction
    };
    (1..).zip(gradients).map(direction).collect()
}

/// Up to rounding, of which 1 - beta loses three digits for beta near one.
pub fn assert_close(found: &[Vec<f64>], expected: &[&[f64]]) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().flatten().zip(expected.iter().copied().flatten()) {
        let error = (found - expected).abs();
        assert!(error <= 1e-13 * expected.abs(), "{found}, expected {expected}");
    }
}

fn of_kind<S: RankRevealing>(
    kind: impl Fn(RuleKind) -> bool,
) -> impl Iterator<Item = (RuleKind, UpdateRule<S>)> {
    let kinds = RuleKind::ALL.into_iter().filter(move |&rule| kind(rule));
    kinds
        .flat_map(|kind| [(kind, kind.usual()), (kind, kind.drawn())])
        .filter_map(|(kind, rule)| Some((kind, rule?)))
}

fn random<S: Scalar>(entries: usize, stream: &mut Stream) -> Vec<S> {
    (0..entries).map(|_| S::random(stream)).collect()
}

fn negative<S: Scalar>(list: &[S]) -> Vec<S> {
    list.iter().map(|&entry| -entry).collect()
}

/// Each entry has a direction of its own, the same function for all, and an odd one.
fn entries_are_alike<S: RankRevealing>() {
    for (kind, rule) in of_kind::<S>(RuleKind::is_entrywise) {
        let mut stream = Stream::new("entrywise rules", 0, 0);
        let gradients: Vec<Vec<S>> = (0..4).map(|_| random(5, &mut stream)).collect();
        let at: Vec<S> = random(5, &mut stream);
        let together = moved(&rule, &gradients, &at);
        for entry in 0..5 {
            let own: Vec<_> = gradients.iter().map(|gradient| vec![gradient[entry]]).collect();
            let alone = moved(&rule, &own, &at[entry..=entry]);
            let apart: Vec<_> = together.iter().map(|list| vec![list[entry]]).collect();
            assert_eq!(alone, apart, "{kind:?}");
        }
        let opposite: Vec<_> = gradients.iter().map(|gradient| negative(gradient)).collect();
        let odd: Vec<_> = together.iter().map(|list| negative(list)).collect();
        assert_eq!(moved(&rule, &opposite, &negative(&at)), odd, "{kind:?}");
    }
}

#[test]
fn entrywise_rules_treat_entries_alike() {
    entries_are_alike::<Fp>();
    entries_are_alike::<f64>();
}

/// Directions lie in the spaces of the columns and of the rows of the gradients so far.
fn spaces_are_kept<S: RankRevealing>(noise: f64) {
    for (kind, rule) in of_kind::<S>(RuleKind::is_spectral) {
        let UpdateRule::Spectral(rule) = rule else { panic!("{kind:?} is not spectral") };
        let mut stream = Stream::new("spectral rules", 0, 0);
        let left = Matrix::<S>::random(6, 2, &mut stream);
        let right = Matrix::<S>::random(2, 5, &mut stream);
        let mut memory = Preconditioners::default();
        for _ in 0..3 {
            let inner = Matrix::random(2, 2, &mut stream);
            let direction = rule.direction(left.times(&inner).times(&right), &mut memory);
            let columns = Matrix::beside(6, [&left, &direction]);
            let rows = Matrix::beside(5, [&right.transposed(), &direction.transposed()]);
            for space in [columns, rows, direction] {
                assert_eq!(S::rank(&space, noise).known(), Some(2), "{kind:?}");
            }
        }
    }
}

#[test]
fn spectral_rules_keep_the_spaces_of_gradients() {
    spaces_are_kept::<Fp>(0.0);
    spaces_are_kept::<f64>(1e-9);
}

/// An entry of the first direction along a line of gradients: differences of the order of the
/// degree are the last that are not zero.
#[test]
fn directions_have_the_degree_that_they_claim() {
    let mut stream = Stream::new("degrees of rules", 0, 0);
    let [a, b] = [0, 1].map(|_| Matrix::<Fp>::random(2, 2, &mut stream));
    let mut claimed = BTreeSet::new();
    for (kind, rule) in of_kind::<Fp>(|_| true) {
        let Some(degree) = rule.degree() else { continue };
        claimed.insert(kind.name());
        let entry = |s: usize| {
            let mut gradient = a.clone();
            gradient.add_scaled(Fp::new(s as u64), &b);
            match &rule {
                UpdateRule::Gradient => gradient[(0, 1)],
                UpdateRule::Entrywise(_) => directions(&rule, &[gradient.data()], Fp::ONE)[0][2],
                UpdateRule::Spectral(rule) => {
                    rule.direction(gradient, &mut Preconditioners::default())[(0, 1)]
                }
            }
        };
        let mut row: Vec<Fp> = (0..degree + 3).map(entry).collect();
        for order in 0..degree + 3 {
            let vanishes = row.iter().all(|&value| value == Fp::ZERO);
            assert!(order != degree || !vanishes, "{kind:?} has a lower degree than {degree}");
            assert!(order <= degree || vanishes, "{kind:?} has a higher degree than {degree}");
            row = row.windows(2).map(|pair| pair[1] - pair[0]).collect();
        }
    }
    assert_eq!(Vec::from_iter(claimed), ["cube", "gradient", "muon"]);
}

#[test]
fn a_field_has_the_rules_without_roots() {
    let missing = RuleKind::ALL.into_iter().filter(|kind| kind.usual::<Fp>().is_none());
    let missing: Vec<_> = missing.map(Named::name).collect();
    assert_eq!(missing, ["adam", "rms-prop", "shampoo"]);
    assert!(RuleKind::ALL.iter().all(|kind| kind.usual::<f64>().is_some()));
}

#[test]
fn every_rule_is_of_one_kind() {
    for rule in RuleKind::ALL {
        let kinds = [rule.is_gd_like(), rule.is_entrywise(), rule.is_spectral()];
        assert_eq!(kinds.into_iter().filter(|&is| is).count(), 1, "{rule:?}");
    }
}
