//! The real functions that an activation, a loss or an optimizer may ask for.

/// Real functions of a scalar type as a table, so that code generic over
/// [`Scalar`](super::Scalar) can ask at run time whether they exist.
#[derive(Clone, Copy)]
pub struct Elementary<S: 'static> {
    /// Replaces every entry by its hyperbolic tangent. A slice at a time, so that it can be
    /// vectorised.
    pub tanh: fn(&mut [S]),
    /// e^x.
    pub exp: fn(S) -> S,
    /// Replaces every entry by its exponential, a slice at a time. Of floats it is infinite from 700
    /// on and zero below -700.
    pub exp_all: fn(&mut [S]),
    /// The natural logarithm of a positive number.
    pub ln: fn(S) -> S,
    /// The square root of a number that is not negative.
    pub sqrt: fn(S) -> S,
    /// The nearest f64 (of a dual number: of its value).
    pub to_f64: fn(S) -> f64,
    /// The nearest number of this type.
    pub from_f64: fn(f64) -> S,
}
