//! Polynomials over the prime field, as far as eigenvalues need them.

use crate::scalar::{Fp, PRIME, Scalar, Stream};

/// Coefficients, the constant one first; the last is not zero.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::tensor) struct Polynomial(Vec<Fp>);

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

    /// The product with another one, modulo a third that is not constant.
    fn times_modulo(&self, other: &Self, modulus: &Self) -> Self {
        if self.is_zero() || other.is_zero() {
            return Polynomial(Vec::new());
        }
        let mut product = vec![Fp::ZERO; self.0.len() + other.0.len() - 1];
        for (i, &x) in self.0.iter().enumerate() {
            for (j, &y) in other.0.iter().enumerate() {
                product[i + j] += x * y;
            }
        }
        Polynomial::new(product).divided(modulus).1
    }

    /// A power of it, modulo another one that is not constant.
    fn power_modulo(&self, mut exponent: u64, modulus: &Self) -> Self {
        let (mut base, mut result) = (self.divided(modulus).1, Polynomial(vec![Fp::ONE]));
        while exponent > 0 {
            if exponent & 1 == 1 {
                result = result.times_modulo(&base, modulus);
            }
            base = base.times_modulo(&base, modulus);
            exponent >>= 1;
        }
        result
    }

    /// The roots in the field, each once (D. G. Cantor and H. Zassenhaus, "A new algorithm for
    /// factoring polynomials over finite fields", Math. Comp. 36, 1981).
    pub fn roots(&self, stream: &mut Stream) -> Vec<Fp> {
        if self.degree() == 0 {
            return Vec::new();
        }
        let x = Polynomial(vec![Fp::ZERO, Fp::ONE]);
        let fixed = x.power_modulo(PRIME, self).minus(&x);
        let (mut found, mut open) = (Vec::new(), vec![self.clone().common(fixed)]);
        while let Some(product) = open.pop() {
            match product.degree() {
                0 => {}
                1 => found.push(-product.coefficient(0)),
                _ => {
                    // Half of all numbers are squares, so a random shift splits most products.
                    let shifted = Polynomial(vec![Fp::random(stream), Fp::ONE]);
                    let square = shifted.power_modulo((PRIME - 1) / 2, &product);
                    let part = product.clone().common(square.minus(&Polynomial(vec![Fp::ONE])));
                    open.extend([product.quotient(&part), part]);
                }
            }
        }
        found
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
    fn roots_in_the_field_are_found_and_others_not() {
        let mut stream = Stream::new("roots", 0, 0);
        let mut roots = with_roots(&[3, -7, 3, 11]).roots(&mut stream);
        roots.sort_by_key(|root| root.value());
        assert_eq!(roots, [3, 11, -7].map(Fp::from_integer));
        // x^2 - c has a root exactly where c is a square: of c and -c one, as -1 is none here.
        let square = |c: i64| Polynomial::new(vec![Fp::from_integer(-c), Fp::ZERO, Fp::ONE]);
        for c in 2..6 {
            let counts = [c, -c].map(|c| square(c).roots(&mut stream).len());
            let expected = if Fp::from_integer(-1).power((PRIME - 1) / 2) == Fp::ONE {
                [counts[0]; 2]
            } else {
                [counts[0], 2 - counts[0]]
            };
            assert_eq!(counts, expected, "{c}");
            assert!(counts.iter().all(|count| [0, 2].contains(count)));
        }
        assert_eq!(with_roots(&[]).roots(&mut stream), []);
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
