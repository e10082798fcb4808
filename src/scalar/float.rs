//! f64 and f32: products go to faer, the hyperbolic tangent and the exponential are vectorised.

use rankproof_dense::{Dense, MatMut, MatRef};
use rayon::prelude::*;

use super::left_factor::LeftFactor;
use super::view::assert_product_shapes;
use super::{AddProduct, Elementary, Real, Scalar, Stream, View, vectorised};

macro_rules! float_scalar {
    ($float:ty, $tanh:path, $exp_all:path) => {
        impl Scalar for $float {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const ELEMENTARY: Option<Elementary<Self>> = Some(Elementary {
                tanh: $tanh,
                exp: <$float>::exp,
                exp_all: $exp_all,
                ln: <$float>::ln,
                sqrt: <$float>::sqrt,
                to_f64: Real::to_f64,
                from_f64: Real::from_f64,
            });

            #[inline]
            fn from_integer(value: i64) -> Self {
                value as $float
            }

            #[inline]
            fn inverse(self) -> Option<Self> {
                (self != 0.0).then(|| 1.0 / self)
            }

            #[inline]
            fn is_positive(self) -> bool {
                self > 0.0
            }

            #[inline]
            fn is_finite(self) -> bool {
                <$float>::is_finite(self)
            }

            #[inline]
            fn random(stream: &mut Stream) -> Self {
                (2.0 * stream.uniform() - 1.0) as $float
            }

            fn gemm(out: &mut [Self], accumulate: bool, a: View<'_, Self>, b: View<'_, Self>) {
                assert_product_shapes(out.len(), a, b);
                if let Some((rows, vector)) = as_inner_products(a, b) {
                    // Of no terms there is no chunk, and the sum is zero.
                    let rows = rows.chunks_exact(vector.len().max(1));
                    if !accumulate {
                        out.fill(0.0);
                    }
                    return vectorised(
                        #[inline(always)]
                        || {
                            for (out, row) in out.iter_mut().zip(rows) {
                                *out += inner_product(row, vector, <$float>::mul_add);
                            }
                        },
                    );
                }
                let blocks = column_blocks(a, b);
                let (a, b) = (to_faer(a), to_faer(b));
                let product = |out: &mut [Self], b: MatRef<'_, Self>| {
                    let out = MatMut::from_column_major_slice_mut(out, a.nrows(), b.ncols());
                    Self::multiply(out, accumulate, a, b);
                };
                if blocks == 1 {
                    return product(out, b);
                }
                let width = b.ncols().div_ceil(blocks);
                out.par_chunks_mut(a.nrows() * width).enumerate().for_each(|(block, out)| {
                    let first = block * width;
                    product(out, b.subcols(first, width.min(b.ncols() - first)));
                });
            }

            fn left_factor<'a>(matrix: View<'a, Self>) -> AddProduct<'a, Self> {
                let factor = LeftFactor::new(matrix);
                Box::new(move |x, out| factor.add_product(x, out))
            }
        }

        impl Real for $float {
            const EPSILON: f64 = <$float>::EPSILON as f64;

            #[inline]
            fn to_f64(self) -> f64 {
                self.into()
            }

            #[inline]
            fn from_f64(value: f64) -> Self {
                value as $float
            }

            #[inline]
            fn sqrt(self) -> Self {
                <$float>::sqrt(self)
            }
        }
    };
}

float_scalar!(f64, tanh_f64, exp_f64);
float_scalar!(f32, tanh_f32, exp_f32);

/// The contiguous vectors whose inner products with a vector make up the product of a matrix with that
/// vector, in the order of its entries, where it is of that form. faer sums these in as many parts as a
/// register of the machine has numbers, which shows in the last digits.
fn as_inner_products<'a, S: Copy>(a: View<'a, S>, b: View<'a, S>) -> Option<(&'a [S], &'a [S])> {
    if b.cols() == 1 && a.is_transposed() {
        Some((a.data(), b.data()))
    } else if a.rows() == 1 && !b.is_transposed() {
        Some((b.data(), a.data()))
    } else {
        None
    }
}

/// The inner product of two vectors of the same length, in sixteen parts on any machine.
#[inline(always)]
fn inner_product<S: Scalar>(x: &[S], y: &[S], mul_add: impl Fn(S, S, S) -> S) -> S {
    const PARTS: usize = 16;
    let mut sums = [S::ZERO; PARTS];
    let (x_parts, y_parts) = (x.chunks_exact(PARTS), y.chunks_exact(PARTS));
    let rest = x_parts.remainder().iter().zip(y_parts.remainder());
    for (sum, (&x, &y)) in sums.iter_mut().zip(rest) {
        *sum = x * y;
    }
    for (x, y) in x_parts.zip(y_parts) {
        for i in 0..PARTS {
            sums[i] = mul_add(x[i], y[i], sums[i]);
        }
    }
    let mut width = PARTS;
    while width > 1 {
        width /= 2;
        for i in 0..width {
            sums[i] += sums[i + width];
        }
    }
    sums[0]
}

/// Into how many blocks of columns a product is cut, to be computed in parallel: as many for any
/// number of threads, so that the result has the same bits, and one where it is not worth it.
fn column_blocks<S: Copy>(a: View<'_, S>, b: View<'_, S>) -> usize {
    /// Multiplications of two blocks: about 0.6 ms of one core.
    const WORK_OF_TWO: usize = 1 << 25;
    /// Of narrower blocks the left factor would be read too often.
    const LEAST_COLUMNS: usize = 32;
    let work = a.rows() * a.cols() * b.cols();
    (2 * (work / WORK_OF_TWO)).min(b.cols() / LEAST_COLUMNS).max(1)
}

/// The same matrix as faer sees it.
pub(crate) fn to_faer<S: Copy>(view: View<'_, S>) -> MatRef<'_, S> {
    if view.is_transposed() {
        MatRef::from_row_major_slice(view.data(), view.rows(), view.cols())
    } else {
        MatRef::from_column_major_slice(view.data(), view.rows(), view.cols())
    }
}

fn tanh_f64(values: &mut [f64]) {
    // The loop has no branches and no calls, so that it is compiled to vector instructions.
    vectorised(
        #[inline(always)]
        || {
            for value in values.iter_mut() {
                *value = tanh(*value);
            }
        },
    );
}

fn tanh_f32(values: &mut [f32]) {
    vectorised(
        #[inline(always)]
        || {
            for value in values.iter_mut() {
                *value = tanh(f64::from(*value)) as f32;
            }
        },
    );
}

/// tanh without branches, within 3 units in the last place.
///
/// The rational approximation below 0.625, 1 - 2 / (e^2x + 1) above, with the coefficients of
/// the Cephes library (Moshier, tanh.c and exp.c). NaN stays NaN.
#[inline(always)]
fn tanh(x: f64) -> f64 {
    let size = x.abs();
    let s = x * x;
    let p = polynomial(
        s,
        [-9.643_991_794_250_523e-1, -9.928_772_310_019_185e1, -1.614_687_684_417_084_5e3],
    );
    let q = polynomial(
        s,
        [1.0, 1.128_116_784_916_329_3e2, 2.235_488_390_601_004_5e3, 4.844_063_053_251_255e3],
    );
    // From 22 on the result rounds to 1; the bound keeps the exponential finite.
    let (e, f) = exp_of_moderate(2.0 * if size > 22.0 { 22.0 } else { size });
    // Both as fractions, so that one division serves: x + x^3 p/q, and (e/f - 1) / (e/f + 1).
    let is_small = size < 0.625;
    let numerator = if is_small { size * s * p } else { e - f };
    let denominator = if is_small { q } else { e + f };
    let result = numerator / denominator + if is_small { size } else { 0.0 };
    if x.is_nan() { x } else { result.copysign(x) }
}

fn exp_f64(values: &mut [f64]) {
    vectorised(
        #[inline(always)]
        || {
            for value in values.iter_mut() {
                *value = exp(*value);
            }
        },
    );
}

fn exp_f32(values: &mut [f32]) {
    vectorised(
        #[inline(always)]
        || {
            for value in values.iter_mut() {
                *value = exp(f64::from(*value)) as f32;
            }
        },
    );
}

/// e^x without branches, within 3 units in the last place; infinite from 700 on and zero below -700.
/// NaN stays NaN.
#[inline(always)]
fn exp(x: f64) -> f64 {
    const MOST: f64 = 700.0;
    let (is_large, is_small) = (x >= MOST, x < -MOST);
    let (e, f) = exp_of_moderate(if is_large || is_small { 0.0 } else { x });
    let finite = if is_small { 0.0 } else { e / f };
    if is_large { f64::INFINITY } else { finite }
}

/// By Horner's rule, the highest coefficient first. Multiply-add is one rounding and, on machines of
/// the last ten years, one instruction.
#[inline(always)]
fn polynomial<const N: usize>(x: f64, coefficients: [f64; N]) -> f64 {
    let mut sum = coefficients[0];
    for &next in &coefficients[1..] {
        sum = sum.mul_add(x, next);
    }
    sum
}

/// e^x for |x| <= 700 as a numerator and a denominator, without branches.
#[inline(always)]
fn exp_of_moderate(x: f64) -> (f64, f64) {
    // Adding and subtracting 1.5 * 2^52 rounds to an integer, whose bits stand at the low end.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let shifted = x.mul_add(std::f64::consts::LOG2_E, ROUND);
    let n = shifted - ROUND;
    let r = n.mul_add(-1.428_606_820_309_417_3e-6, n.mul_add(-6.931_457_519_531_25e-1, x));
    let s = r * r;
    let p = r * polynomial(s, [1.261_771_930_748_105_8e-4, 3.029_944_077_074_419_5e-2, 1.0]);
    let q = polynomial(
        s,
        [3.001_985_051_386_644_6e-6, 2.524_483_403_496_841e-3, 2.272_655_482_081_550_3e-1, 2.0],
    );
    let power = f64::from_bits((shifted.to_bits().wrapping_add(1023)) << 52);
    ((q + p) * power, q - p)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn exponentials_of_what_is_too_large_are_infinite_and_of_what_is_no_number_none() {
        let mut values = [0.0, 1e9, f64::INFINITY, -1e9, f64::NEG_INFINITY, 1.0];
        exp_f64(&mut values);
        assert_eq!(values[..5], [1.0, f64::INFINITY, f64::INFINITY, 0.0, 0.0]);
        assert!((values[5] - std::f64::consts::E).abs() < 1e-15);
        let mut values = [f32::NAN, 100.0, -200.0];
        exp_f32(&mut values);
        assert!(values[0].is_nan());
        assert_eq!(values[1..], [f32::INFINITY, 0.0]);
    }

    proptest! {
        #[test]
        fn exp_is_accurate_to_three_units(x in prop_oneof![-699.0..699.0f64, -1.0..1.0f64]) {
            let mut values = [x];
            exp_f64(&mut values);
            let error = (values[0] - x.exp()).abs();
            prop_assert!(error <= 3.0 * f64::EPSILON * x.exp(), "{} {}", values[0], x.exp());
            let mut values = [x as f32];
            exp_f32(&mut values);
            let (found, expected) = (values[0], f64::from(x as f32).exp() as f32);
            let is_near = found == expected || ((found - expected) / expected).abs() <= f32::EPSILON;
            prop_assert!(is_near || expected < f32::MIN_POSITIVE, "{found} {expected}");
        }

        #[test]
        fn tanh_is_accurate_to_three_units(x in prop_oneof![-30.0..30.0f64, -1.0..1.0f64, -1e-3..1e-3f64]) {
            let mut values = [x];
            tanh_f64(&mut values);
            let error = (values[0] - x.tanh()).abs();
            prop_assert!(error <= 3.0 * f64::EPSILON * x.tanh().abs(), "tanh({x}): error {error}");
        }
    }

    /// Of whole numbers, so that every order of summation gives the same.
    #[test]
    fn products_with_a_vector_are_sums_over_its_entries() {
        for length in (0..40).chain([64, 100]) {
            let matrix: Vec<f32> = (0..3 * length).map(|i| (i % 7) as f32 - 2.0).collect();
            let vector: Vec<f32> = (0..length).map(|i| (i % 5) as f32 - 1.0).collect();
            let columns = View::new(&matrix, length, 3);
            let expected: Vec<f32> =
                (0..3).map(|j| (0..length).map(|i| columns.at(i, j) * vector[i]).sum()).collect();
            let of_rows = (columns.transpose(), View::new(&vector, length, 1));
            let of_columns = (View::new(&vector, 1, length), columns);
            for (a, b) in [of_rows, of_columns] {
                assert!(as_inner_products(a, b).is_some());
                let mut out = [9.0; 3];
                f32::gemm(&mut out, false, a, b);
                assert_eq!(out[..], expected);
                f32::gemm(&mut out, true, a, b);
                assert_eq!(out.map(|twice| twice / 2.0)[..], expected);
            }
        }
    }

    #[test]
    fn tanh_keeps_its_ends() {
        let mut values = [0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, 1e300, 1e-300, f64::NAN];
        tanh_f64(&mut values);
        assert_eq!(values[..6], [0.0, -0.0, 1.0, -1.0, 1.0, 1e-300]);
        assert!(values[1].is_sign_negative() && values[6].is_nan());
    }
}
