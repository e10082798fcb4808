//! Activations and their derivatives, one file for each. To add one, write its file after the
//! pattern of `softplus.rs` and name it in `functions!`: commands, settings, theorems and fits then
//! have it, and the tests below hold it to its properties.

mod polynomial;

use std::iter;

use crate::named::Named;
use crate::scalar::{Elementary, Scalar, vectorised};

/// What is true of a function.
struct Properties {
    /// A field does not have it.
    needs_real_numbers: bool,
    /// f(0) = 0.
    zero_at_zero: bool,
    /// f(-z) = -f(z).
    odd: bool,
    /// f(z) = f'(z) z, with f'(z) of two values at most, one of them 1.
    homogeneous: bool,
    /// Zero for all z of one sign: a neuron can fall silent and stay so.
    silent: bool,
    /// Theorems about any network draw it.
    drawn: bool,
    /// Models of recordings may have it.
    fitted: bool,
}

/// Declares the file of each function and lists them, so that a function is named once. One with a
/// number of its own says (number: S), and its file how large it is usually. rustfmt does not find
/// files that a macro declares; `.ci/run` names them to it.
macro_rules! functions {
    ($(
        $file:ident: $Kind:ident $(($number:ident: $Number:ty))?, $name:literal, $description:literal;
    )*) => {
        $(mod $file;)*

        /// A function applied entry by entry.
        ///
        /// # Examples
        ///
        /// ```
        /// use rankproof::network::Activation;
        ///
        /// let square = Activation::Polynomial(vec![0.0, 0.0, 1.0]);
        /// let (mut values, mut slopes) = ([3.0], [0.0]);
        /// square.apply(&mut values, &mut slopes);
        /// assert_eq!((values, slopes), ([9.0], [6.0]));
        /// ```
        #[derive(Clone, Debug, PartialEq)]
        pub enum Activation<S> {
            $(#[doc = $description] $Kind $(($Number))?,)*
            /// c_0 + c_1 z + c_2 z^2 + ..., the coefficients from the constant on.
            Polynomial(Vec<S>),
        }

        /// An activation by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ActivationKind {
            $(#[doc = $description] $Kind,)*
            /// Of this degree, with random coefficients.
            Polynomial(usize),
            /// a z + b z^3 with random a and b.
            OddCubic,
        }

        impl<S: Scalar> Activation<S> {
            /// True if this arithmetic can express the function.
            pub fn is_available(&self) -> bool {
                let needs_real_numbers = match self {
                    $(Activation::$Kind { .. } => $file::PROPERTIES.needs_real_numbers,)*
                    Activation::Polynomial(_) => false,
                };
                !needs_real_numbers || S::ELEMENTARY.is_some()
            }

            /// Replaces each z in `values` by f(z) and writes f'(z) into `slopes`.
            ///
            /// # Panics
            ///
            /// If the function is not [available](Activation::is_available) in this arithmetic.
            pub fn apply(&self, values: &mut [S], slopes: &mut [S]) {
                match self {
                    $(Activation::$Kind $(($number))? => {
                        $file::apply($(*$number,)? values, slopes);
                    })*
                    Activation::Polynomial(coefficients) => {
                        polynomial::apply(coefficients, values, slopes);
                    }
                }
            }

            /// The same function in another arithmetic.
            pub fn map<R: Scalar>(&self, convert: impl Fn(S) -> R) -> Activation<R> {
                match self {
                    $(Activation::$Kind $(($number))? => {
                        Activation::$Kind $((convert(*$number)))?
                    })*
                    Activation::Polynomial(coefficients) => {
                        Activation::Polynomial(coefficients.iter().map(|&c| convert(c)).collect())
                    }
                }
            }
        }

        impl ActivationKind {
            /// All but the polynomials.
            pub const FUNCTIONS: [ActivationKind; [$($name),*].len()] =
                [$(ActivationKind::$Kind),*];

            /// The function, with the number that is usual where it has one; `None` if the
            /// arithmetic does not have it, and of polynomials with random coefficients.
            pub fn usual<S: Scalar>(self) -> Option<Activation<S>> {
                let function = match self {
                    $(ActivationKind::$Kind => Activation::$Kind $(($file::$number()))?,)*
                    ActivationKind::Polynomial(_) | ActivationKind::OddCubic => return None,
                };
                Some(function).filter(Activation::is_available)
            }

            /// `None` of polynomials.
            fn properties(self) -> Option<&'static Properties> {
                match self {
                    $(ActivationKind::$Kind => Some(&$file::PROPERTIES),)*
                    ActivationKind::Polynomial(_) | ActivationKind::OddCubic => None,
                }
            }
        }

        impl Named for ActivationKind {
            const WHAT: &'static str = "activation";

            fn table() -> Vec<(Self, &'static str, &'static str)> {
                let functions = [$((ActivationKind::$Kind, $name, $description)),*];
                functions.into_iter().chain(polynomial::NAMED).collect()
            }
        }
    };
}

functions![
    identity: Identity, "identity", "z";
    relu: Relu, "relu", "z where it is positive, else 0";
    tanh: Tanh, "tanh", "The hyperbolic tangent";
    softplus: Softplus, "softplus", "ln(1 + e^z)";
    logistic: Logistic, "logistic", "1 / (1 + e^-z), the derivative of softplus";
    exponential: Exponential, "exponential", "e^z";
    leaky_relu: LeakyRelu(slope: S), "leaky-relu", "z where it is positive, else a small multiple of z, 0.01";
];

impl<S: Scalar> Activation<S> {
    /// True of the identity, which costs nothing to apply.
    pub fn is_identity(&self) -> bool {
        matches!(self, Activation::Identity)
    }
}

impl ActivationKind {
    /// The function as instances of theorems have it, `number` drawing a number in general position
    /// of about the given size. `None` if the arithmetic does not have it.
    pub fn drawn<S: Scalar>(self, number: impl FnMut(f64) -> S) -> Option<Activation<S>> {
        match self {
            ActivationKind::Polynomial(degree) => Some(polynomial::drawn(degree, number)),
            ActivationKind::OddCubic => Some(polynomial::drawn_odd_cubic(number)),
            function => function.usual(),
        }
    }

    /// f(0) = 0 whatever the random coefficients are.
    pub fn is_zero_at_zero(self) -> bool {
        self == ActivationKind::OddCubic || self.properties().is_some_and(|is| is.zero_at_zero)
    }

    /// f(-z) = -f(z) whatever the random coefficients are.
    pub fn is_odd(self) -> bool {
        self == ActivationKind::OddCubic || self.properties().is_some_and(|is| is.odd)
    }

    /// f(z) = f'(z) z with f'(z) of two values at most, one of them 1.
    pub fn is_homogeneous(self) -> bool {
        self.properties().is_some_and(|is| is.homogeneous)
    }

    /// A homogeneous function with a corner, where f' jumps: which side z is on opens or closes a
    /// gate.
    pub fn is_gate(self) -> bool {
        self.is_homogeneous() && self != ActivationKind::Identity
    }

    /// Zero for all z of one sign.
    pub fn is_silent(self) -> bool {
        self.properties().is_some_and(|is| is.silent)
    }

    /// Whether theorems about any network draw it.
    pub fn is_drawn(self) -> bool {
        self.properties().is_some_and(|is| is.drawn)
    }

    /// Whether models of recordings may have it.
    pub fn is_fitted(self) -> bool {
        self.properties().is_some_and(|is| is.fitted)
    }

    /// Its degree, if it is a polynomial.
    pub fn degree(self) -> Option<usize> {
        match self {
            ActivationKind::Identity => Some(1),
            ActivationKind::Polynomial(degree) => Some(degree),
            ActivationKind::OddCubic => Some(3),
            _ => None,
        }
    }
}

fn real<S: Scalar>() -> Elementary<S> {
    S::ELEMENTARY.expect("this activation needs real numbers")
}

fn each_entry<S: Scalar>(values: &mut [S], slopes: &mut [S], function: impl Fn(S) -> (S, S)) {
    vectorised(
        #[inline(always)]
        || {
            for (value, slope) in iter::zip(values, slopes) {
                (*value, *slope) = function(*value);
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::{DoubleDouble, Dual, Fp, Real};

    /// Every function, and a polynomial.
    fn all<S: Scalar>() -> Vec<(ActivationKind, Activation<S>)> {
        let coefficients = [S::ratio(1, 2), S::from_integer(-2), S::ZERO, S::ONE];
        let polynomial = Activation::Polynomial(coefficients.to_vec());
        let functions = ActivationKind::FUNCTIONS.into_iter();
        let functions = functions.filter_map(|kind| Some((kind, kind.usual()?)));
        functions.chain([(ActivationKind::Polynomial(3), polynomial)]).collect()
    }

    fn at<S: Scalar>(function: &Activation<S>, z: S) -> (S, S) {
        let (mut value, mut slope) = ([z], [S::ZERO]);
        function.apply(&mut value, &mut slope);
        (value[0], slope[0])
    }

    fn places<S: Scalar>() -> [S; 6] {
        [-300, -21, -5, 4, 17, 300].map(|tenths| S::ratio(tenths, 10))
    }

    /// Slopes against dual numbers, which differentiate the operations and not the formula.
    fn slopes_agree<S: Real>() {
        for (kind, plain) in all::<S>() {
            let dual = plain.map(Dual::constant);
            for z in places::<S>() {
                let (value, slope) = at(&plain, z);
                let (lifted, _) = at(&dual, Dual { value: z, derivative: S::ONE });
                let tolerance = 8.0 * S::EPSILON * (1.0 + slope.abs().to_f64());
                assert_eq!(lifted.value, value);
                assert!((lifted.derivative - slope).abs().to_f64() <= tolerance, "{kind:?}");
            }
        }
    }

    #[test]
    fn slopes_are_derivatives() {
        slopes_agree::<f64>();
        slopes_agree::<DoubleDouble>();
    }

    /// At z = ln 2 and z = -ln 2, where e^z is 2 and 1/2, in closed form; and a polynomial by hand.
    #[test]
    fn values_are_the_known_ones() {
        let at_ln_2 = |kind: ActivationKind, sign: f64| {
            at(&kind.usual::<f64>().expect("floats have all"), sign * std::f64::consts::LN_2).0
        };
        let ln = |x: f64| x.ln();
        for (kind, above, below) in [
            (ActivationKind::Identity, ln(2.0), -ln(2.0)),
            (ActivationKind::Relu, ln(2.0), 0.0),
            (ActivationKind::Tanh, 3.0 / 5.0, -3.0 / 5.0),
            (ActivationKind::Softplus, ln(3.0), ln(1.5)),
            (ActivationKind::Logistic, 2.0 / 3.0, 1.0 / 3.0),
            (ActivationKind::Exponential, 2.0, 0.5),
            (ActivationKind::LeakyRelu, ln(2.0), -0.01 * ln(2.0)),
        ] {
            for (sign, expected) in [(1.0, above), (-1.0, below)] {
                assert!((at_ln_2(kind, sign) - expected).abs() < 1e-15, "{kind:?} {sign}");
            }
        }
        // 3 - 2 z + 5 z^3 at 2, with slope 15 z^2 - 2.
        let coefficients = [3, -2, 0, 5].map(Fp::from_integer).to_vec();
        let found = at(&Activation::Polynomial(coefficients), Fp::from_integer(2));
        assert_eq!(found, (Fp::from_integer(39), Fp::from_integer(58)));
    }

    /// What the files say of their functions is so at some places, and what they deny is not.
    #[test]
    fn functions_have_their_properties() {
        for (kind, function) in all::<f64>() {
            let value = |z| at(&function, z).0;
            let everywhere = |holds: &dyn Fn(f64) -> bool| places().into_iter().all(holds);
            assert_eq!(kind.is_zero_at_zero(), value(0.0) == 0.0, "{kind:?}");
            assert_eq!(kind.is_odd(), everywhere(&|z| value(-z) == -value(z)), "{kind:?}");
            let homogeneous = everywhere(&|z| value(z) == at(&function, z).1 * z);
            assert_eq!(kind.is_homogeneous(), homogeneous, "{kind:?}");
            let silent = [-1.0, 1.0].map(|side| everywhere(&|z| value(side * z.abs()) == 0.0));
            assert_eq!(kind.is_silent(), silent.contains(&true), "{kind:?}");
            let slopes: Vec<_> = places().map(|z| at(&function, z).1).to_vec();
            assert!(!kind.is_homogeneous() || slopes.contains(&1.0), "{kind:?}");
        }
    }

    /// In a field too, where signs mean nothing: that is all that the theorems on gates ask for.
    #[test]
    fn gates_multiply() {
        for (kind, function) in all::<Fp>() {
            for z in places() {
                let (value, slope) = at(&function, z);
                assert!(!kind.is_homogeneous() || value == slope * z, "{kind:?}");
            }
        }
    }

    #[test]
    fn a_field_has_polynomials_and_gates_alone() {
        let exact = |kind: &ActivationKind| kind.usual::<Fp>().is_some();
        for kind in ActivationKind::FUNCTIONS {
            assert_eq!(exact(&kind), kind.is_homogeneous(), "{kind:?}");
            assert!(kind.usual::<f64>().is_some());
        }
        assert!(Activation::Polynomial(vec![Fp::ONE]).is_available());
    }

    #[test]
    fn names_choose_what_they_name() {
        for (kind, name, _) in ActivationKind::table() {
            assert_eq!((ActivationKind::find(name), kind.name()), (Ok(kind), name));
        }
        let error = ActivationKind::find("tan").expect_err("not a name").to_string();
        assert!(error.starts_with("no activation is called \"tan\"; there are identity, relu,"));
    }
}
