//! The number types, and the one trait through which everything else sees them.
//!
//! A network, its adjoint, the optimizers and the theorems are written once, generic over
//! [`Scalar`], and run in six arithmetics:
//!
//! | type | what it is for |
//! |---|---|
//! | [`Fp`] | integers modulo the prime 2^50 - 27: ranks are facts, without tolerance |
//! | [`f64`], [`f32`] | what a user of floating point sees |
//! | [`DoubleDouble`] | about 32 digits: decides what f64 leaves inside its rounding noise |
//! | [`Dual<S>`](Dual) | first-order perturbations over any of the others: an independent derivative |
//! | [`Series`] | power series over the field: in which order of a small step something appears |
//!
//! **Why these.** A random instance misses the generic rank with probability at most
//! (degree of the minor)/p (Schwartz-Zippel), so a large prime is worth its time. That degree grows
//! exponentially with the steps of learning, so it is counted for each run, and where the bound
//! says nothing two instances speak in its place: see [`missed`](crate::theorem::missed). The field
//! is the largest below 2^50 because its products fit twice
//! into the 53 bits of an f64, high part and low part exactly, so that elimination runs on
//! fused multiply-adds in vector registers, several times as fast as on 64-bit integers modulo
//! 2^61 - 1, which was tried (see `benches/README.md`). Double-double is our own: see
//! [`DoubleDouble`].
//!
//! Real functions (tanh, a square root, an order) do not exist in a finite field. They are
//! offered as [`Scalar::ELEMENTARY`], which is `None` there; what needs them can say so.

mod double_double;
mod dual;
mod elementary;
mod float;
mod left_factor;
mod precision;
mod prime;
mod series;
mod stream;
mod text;
mod view;
mod wide;
mod ziggurat;

use std::fmt::{Debug, Display};
use std::ops::{Add, AddAssign, Mul, MulAssign, Neg, Sub, SubAssign};

pub use double_double::DoubleDouble;
pub use dual::Dual;
pub use elementary::Elementary;
pub(crate) use float::to_faer;
pub use precision::Precision;
pub use prime::{Fp, PRIME};
pub use series::Series;
pub use stream::Stream;
pub use text::significant;
pub use view::View;
pub(crate) use wide::Planes;

/// Runs a loop over numbers with the widest vector instructions of the machine. The closure is to be
/// `#[inline(always)]`, or the loop can end in a function without them.
#[inline(always)]
pub(crate) fn vectorised<R>(work: impl FnOnce() -> R) -> R {
    pulp::Arch::new().dispatch(work)
}

/// A commutative ring in which nearly every element has an inverse, with the product of dense
/// matrices as a hook.
///
/// # Examples
///
/// ```
/// use rankproof::scalar::{Fp, Scalar};
///
/// fn harmonic<S: Scalar>(terms: i64) -> S {
///     (1..=terms).map(|n| S::ratio(1, n)).fold(S::ZERO, |sum, term| sum + term)
/// }
/// assert_eq!(harmonic::<f64>(2), 1.5);
/// assert_eq!(harmonic::<Fp>(2) + harmonic::<Fp>(2), Fp::from_integer(3));
/// ```
pub trait Scalar:
    Copy
    + PartialEq
    + Debug
    + Display
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
{
    /// The neutral element of addition.
    const ZERO: Self;

    /// The neutral element of multiplication.
    const ONE: Self;

    /// The real functions of this type; `None` in a finite field.
    const ELEMENTARY: Option<Elementary<Self>>;

    /// The image of an integer.
    fn from_integer(value: i64) -> Self;

    /// The multiplicative inverse, or `None` of a number that has none.
    fn inverse(self) -> Option<Self>;

    /// `numerator / denominator`.
    ///
    /// # Panics
    ///
    /// If the denominator is zero in this arithmetic.
    #[inline]
    fn ratio(numerator: i64, denominator: i64) -> Self {
        let inverse = Self::from_integer(denominator).inverse();
        Self::from_integer(numerator) * inverse.expect("the denominator is not zero")
    }

    /// True of a number greater than zero. A field has no order; there it is true of one of x and
    /// -x, the residues up to half of the prime, as of small positive integers. Where only the
    /// algebra of gates and signs counts, any such rule serves.
    fn is_positive(self) -> bool;

    /// False of a NaN or an infinity; always true in a field.
    fn is_finite(self) -> bool;

    /// Its absolute value as an f64, for the sizes of rounding errors; 0 in a field, which has none.
    #[inline]
    fn size(self) -> f64 {
        Self::ELEMENTARY.map_or(0.0, |real| (real.to_f64)(self).abs())
    }

    /// A number in general position: uniform in the field, uniform in (-1, 1) for floats.
    fn random(stream: &mut Stream) -> Self;

    /// Computes `out = a b`, or `out += a b` when `accumulate`; `out` is column-major.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit: `a` is (m, k), `b` is (k, n) and `out` has length m n.
    fn gemm(out: &mut [Self], accumulate: bool, a: View<'_, Self>, b: View<'_, Self>) {
        view::assert_product_shapes(out.len(), a, b);
        for j in 0..b.cols() {
            for i in 0..a.rows() {
                let start = if accumulate { out[i + j * a.rows()] } else { Self::ZERO };
                out[i + j * a.rows()] =
                    (0..a.cols()).fold(start, |sum, k| sum + a.at(i, k) * b.at(k, j));
            }
        }
    }

    /// Prepares an (m, k) matrix to be the left factor of many products with few columns.
    fn left_factor<'a>(matrix: View<'a, Self>) -> AddProduct<'a, Self> {
        Box::new(move |x, out| {
            let columns = x.len() / matrix.cols().max(1);
            Self::gemm(out, true, matrix, View::new(x, matrix.cols(), columns));
        })
    }
}

/// What [`Scalar::left_factor`] returns: adds the product with a (k, n) matrix to an (m, n) one,
/// both column-major.
pub type AddProduct<'a, S> = Box<dyn Fn(&[S], &mut [S]) + 'a>;

/// A scalar with an order and a rounding error: `f64`, `f32` and [`DoubleDouble`].
pub trait Real: Scalar + PartialOrd {
    /// The distance from 1 to the next larger number of this type, as an f64.
    const EPSILON: f64;

    /// The nearest f64.
    fn to_f64(self) -> f64;

    /// The number of this type nearest to an f64.
    fn from_f64(value: f64) -> Self;

    /// The square root of a number that is not negative.
    fn sqrt(self) -> Self;

    /// The absolute value.
    #[inline]
    fn abs(self) -> Self {
        if self < Self::ZERO { -self } else { self }
    }
}
