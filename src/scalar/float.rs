//! f64 and f32: products go to faer, the hyperbolic tangent is vectorised.

use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};

use super::left_factor::LeftFactor;
use super::view::assert_product_shapes;
use super::{AddProduct, Elementary, Real, Scalar, Stream, View, vectorised};

macro_rules! float_scalar {
    ($float:ty, $tanh:path $(, $left_factor:item)?) => {
        impl Scalar for $float {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const ELEMENTARY: Option<Elementary<Self>> = Some(Elementary {
                tanh: $tanh,
                exp: <$float>::exp,
                ln: <$float>::ln,
                sqrt: <$float>::sqrt,
                to_f64: Real::to_f64,
                from_f64: Real::from_f64,
            });

            fn from_integer(value: i64) -> Self {
                value as $float
            }

            fn inverse(self) -> Option<Self> {
                (self != 0.0).then(|| 1.0 / self)
            }

            fn is_positive(self) -> bool {
                self > 0.0
            }

            fn is_finite(self) -> bool {
                <$float>::is_finite(self)
            }

            fn random(stream: &mut Stream) -> Self {
                (2.0 * stream.uniform() - 1.0) as $float
            }

            fn gemm(out: &mut [Self], accumulate: bool, a: View<'_, Self>, b: View<'_, Self>) {
                assert_product_shapes(out.len(), a, b);
                let out = MatMut::from_column_major_slice_mut(out, a.rows(), b.cols());
                let mode = if accumulate { Accum::Add } else { Accum::Replace };
                matmul(out, mode, to_faer(a), to_faer(b), 1.0, Par::Seq);
            }

            $($left_factor)?
        }

        impl Real for $float {
            const EPSILON: f64 = <$float>::EPSILON as f64;

            fn to_f64(self) -> f64 {
                self.into()
            }

            fn from_f64(value: f64) -> Self {
                value as $float
            }

            fn sqrt(self) -> Self {
                <$float>::sqrt(self)
            }
        }
    };
}

float_scalar!(
    f64,
    tanh_f64,
    fn left_factor<'a>(matrix: View<'a, f64>) -> AddProduct<'a, f64> {
        let factor = LeftFactor::new(matrix);
        Box::new(move |x, out| factor.add_product(x, out))
    }
);
float_scalar!(f32, tanh_f32);

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
    vectorised(|| values.iter_mut().for_each(|value| *value = tanh(*value)));
}

fn tanh_f32(values: &mut [f32]) {
    vectorised(|| values.iter_mut().for_each(|value| *value = tanh(f64::from(*value)) as f32));
}

/// tanh without branches, within 3 units in the last place.
///
/// The rational approximation below 0.625, 1 - 2 / (e^2x + 1) above, with the coefficients of
/// the Cephes library (Moshier, tanh.c and exp.c). NaN stays NaN.
#[inline(always)]
fn tanh(x: f64) -> f64 {
    let size = x.abs();
    let s = x * x;
    let p =
        (-9.643_991_794_250_523e-1 * s - 9.928_772_310_019_185e1) * s - 1.614_687_684_417_084_5e3;
    let q = ((s + 1.128_116_784_916_329_3e2) * s + 2.235_488_390_601_004_5e3) * s
        + 4.844_063_053_251_255e3;
    let small = x + x * s * (p / q);
    // From 22 on the result rounds to 1; the bound keeps the exponential finite.
    let large = 1.0 - 2.0 / (exp_of_moderate(2.0 * if size > 22.0 { 22.0 } else { size }) + 1.0);
    let result = if size < 0.625 { small } else { large };
    if x.is_nan() { x } else { result.copysign(x) }
}

/// e^x for |x| < 700, without branches.
#[inline(always)]
fn exp_of_moderate(x: f64) -> f64 {
    // Adding and subtracting 1.5 * 2^52 rounds to an integer, whose bits stand at the low end.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let shifted = x * std::f64::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * 6.931_457_519_531_25e-1) - n * 1.428_606_820_309_417_3e-6;
    let s = r * r;
    let p = r * ((1.261_771_930_748_105_8e-4 * s + 3.029_944_077_074_419_5e-2) * s + 1.0);
    let q = ((3.001_985_051_386_644_6e-6 * s + 2.524_483_403_496_841e-3) * s
        + 2.272_655_482_081_550_3e-1)
        * s
        + 2.0;
    let power = f64::from_bits((shifted.to_bits().wrapping_add(1023)) << 52);
    (1.0 + 2.0 * p / (q - p)) * power
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn tanh_is_accurate_to_three_units(x in prop_oneof![-30.0..30.0f64, -1.0..1.0f64, -1e-3..1e-3f64]) {
            let mut values = [x];
            tanh_f64(&mut values);
            let error = (values[0] - x.tanh()).abs();
            prop_assert!(error <= 3.0 * f64::EPSILON * x.tanh().abs(), "tanh({x}): error {error}");
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
