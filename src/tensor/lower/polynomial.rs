//! Polynomials over the prime field, as far as eigenvalues of high multiplicity need them.

use crate::scalar::{Fp, Scalar};

/// Coefficients, the constant one first; the last is not zero.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Polynomial(Vec<Fp>);

impl Polynomial {
    pub fn new(mut coefficients: Vec<Fp>) -> Self {
        while coefficients.last() == Some(&Fp::ZERO) {
            coefficients.pop();
        }
        Polynomial(coefficients)
    }

    /// Zero for the zero polynomial too.
    pub fn degree(&self) -> usize {
        self.0.len().saturating_sub(1)
    }

    pub fn coefficient(&self, power: usize) -> Fp {
        self.0.get(power).copied().unwrap_or(Fp::ZERO)
    }

    fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    fn derivative(&self) -> Self {
        let scaled = self.0.iter().enumerate().skip(1);
        Polynomial::new(scaled.map(|(power, &c)| Fp::from_integer(power as i64) * c).collect())
    }

    fn minus(&self, other: &Self) -> Self {
        let length = self.0.len().max(other.0.len());
        let difference = (0..length).map(|i| self.coefficient(i) - other.coefficient(i));
        Polynomial::new(difference.collect())
    }

    /// Leading coefficient one.
    fn monic(mut self) -> Self {
        if let Some(inverse) = self.0.last().and_then(|last| last.inverse()) {
            self.0.iter_mut().for_each(|c| *c *= inverse);
        }
        self
    }

    /// Quotient and remainder by a polynomial that is not zero.
    fn divided(&self, divisor: &Self) -> (Self, Self) {
        let lead = divisor.0.last().and_then(|last| last.inverse()).expect("not zero");
        let mut rest = self.0.clone();
        let places = (rest.len() + 1).saturating_sub(divisor.0.len());
        let mut quotient = vec![Fp::ZERO; places];
        for place in (0..places).rev() {
            let factor = rest[place + divisor.degree()] * lead;
            quotient[place] = factor;
            for (i, &c) in divisor.0.iter().enumerate() {
                rest[place + i] -= factor * c;
            }
        }
        (Polynomial::new(quotient), Polynomial::new(rest))
    }

    fn quotient(&self, divisor: &Self) -> Self {
        self.divided(divisor).0
    }

    /// The greatest common divisor, monic.
    fn common(mut self, mut other: Self) -> Self {
        while !other.is_zero() {
            let rest = self.divided(&other).1;
            (self, other) = (other, rest);
        }
        self.monic()
    }

    /// For each multiplicity from two on the polynomial that has all roots of this multiplicity
    /// once; those without roots are left out. By Yun's method, which needs a degree below the
    /// characteristic of the field (D. Y. Y. Yun, "On square-free decomposition algorithms",
    /// SYMSAC 1976).
    pub fn repeated_roots(&self) -> Vec<Self> {
        if self.degree() == 0 {
            return Vec::new();
        }
        let slope = self.derivative();
        let common = self.clone().common(slope.clone());
        let mut rest = self.quotient(&common);
        let mut slope = slope.quotient(&common).minus(&rest.derivative());
        let mut found = Vec::new();
        for multiplicity in 1.. {
            if rest.degree() == 0 {
                break;
            }
            let simple = rest.clone().common(slope.clone());
            if multiplicity > 1 && simple.degree() > 0 {
                found.push(simple.clone());
            }
            rest = rest.quotient(&simple);
            slope = slope.quotient(&simple).minus(&rest.derivative());
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The product of x - root over the roots.
    fn with_roots(roots: &[i64]) -> Polynomial {
        let mut product = vec![Fp::ONE];
        for &root in roots {
            product.insert(0, Fp::ZERO);
            for i in 0..product.len() - 1 {
                let higher = product[i + 1];
                product[i] -= Fp::from_integer(root) * higher;
            }
        }
        Polynomial::new(product)
    }

    #[test]
    fn roots_are_sorted_by_their_multiplicity() {
        let repeated = |roots: &[i64]| with_roots(roots).repeated_roots();
        assert_eq!(repeated(&[]), []);
        assert_eq!(repeated(&[1, 2, 3, -4]), []);
        assert_eq!(repeated(&[5, 5]), [with_roots(&[5])]);
        assert_eq!(
            repeated(&[0, 0, 0, 1, 1, 2, 7, 7, 9, 9, 9, 9]),
            [with_roots(&[1, 7]), with_roots(&[0]), with_roots(&[9])]
        );
    }

    #[test]
    fn division_leaves_a_smaller_rest() {
        let (large, small) = (with_roots(&[1, 2, 3, 4]), with_roots(&[2, 5]));
        let (quotient, rest) = large.divided(&small);
        assert_eq!((quotient.degree(), rest.degree() < 2), (2, true));
        assert_eq!(large.clone().common(small), with_roots(&[2]));
        assert_eq!(large.quotient(&with_roots(&[1, 4])), with_roots(&[2, 3]));
    }
}
