//! Double-double numbers side by side in the registers of the machine.
//!
//! Each operation is that of [`DoubleDouble`] to the bit, for several numbers at once.

use pulp::Simd;

use super::DoubleDouble;

/// How many numbers are taken together, on every machine: what the widest registers hold.
pub(super) const WIDTH: usize = 8;

/// 1 / n! for n from 10 down to 1, as an f64 and the rest.
const INVERSE_FACTORIALS: [(f64, f64); 10] = [
    (2.755_731_922_398_589e-7, 2.376_771_462_225_029_7e-23),
    (2.755_731_922_398_589_3e-6, -1.858_393_274_046_472e-22),
    (2.480_158_730_158_73e-5, 2.151_194_786_677_588_2e-23),
    (0.000_198_412_698_412_698_4, 1.720_955_829_342_070_5e-22),
    (0.001_388_888_888_888_889, -5.300_543_954_373_577e-20),
    (0.008_333_333_333_333_333, 1.156_482_317_317_871_4e-19),
    (0.041_666_666_666_666_664, 2.312_964_634_635_742_7e-18),
    (0.166_666_666_666_666_66, 9.251_858_538_542_97e-18),
    (0.5, 0.0),
    (1.0, 0.0),
];

/// A vector of double-double numbers with high parts and low parts apart, as registers take them, and
/// zeros up to a multiple of [`WIDTH`]. Its loops have no closures, which would end in functions without
/// the instructions of the registers.
#[derive(Clone, Debug)]
pub(crate) struct Planes {
    high: Vec<f64>,
    low: Vec<f64>,
}

impl Planes {
    pub fn new(numbers: &[DoubleDouble]) -> Self {
        let padded = numbers.len().next_multiple_of(WIDTH);
        let mut planes = Planes { high: vec![0.0; padded], low: vec![0.0; padded] };
        for (i, &number) in numbers.iter().enumerate() {
            planes.set(i, number);
        }
        planes
    }

    #[inline(always)]
    pub fn at(&self, i: usize) -> DoubleDouble {
        DoubleDouble { high: self.high[i], low: self.low[i] }
    }

    #[inline(always)]
    pub fn set(&mut self, i: usize, number: DoubleDouble) {
        (self.high[i], self.low[i]) = (number.high, number.low);
    }

    /// The inner product. It is the sum of [`WIDTH`] sums, on every machine.
    #[inline(always)]
    pub fn dot<V: Simd>(&self, simd: V, other: &Self) -> DoubleDouble {
        let (mine, others) = (self.registers::<V>(), other.registers::<V>());
        let groups = WIDTH / V::F64_LANES;
        let (mut high, mut low) = ([0.0; WIDTH], [0.0; WIDTH]);
        for group in 0..groups {
            let mut sum = Wide::<V>::splat(simd, (0.0, 0.0));
            for i in (group..mine.0.len()).step_by(groups) {
                let a = Wide { high: mine.0[i], low: mine.1[i] };
                let b = Wide { high: others.0[i], low: others.1[i] };
                sum = sum.plus(simd, a.times(simd, b));
            }
            V::as_mut_simd_f64s(&mut high).0[group] = sum.high;
            V::as_mut_simd_f64s(&mut low).0[group] = sum.low;
        }
        let mut left = WIDTH;
        while left > 1 {
            left /= 2;
            for i in 0..left {
                let a = DoubleDouble { high: high[i], low: low[i] };
                let sum = a + DoubleDouble { high: high[i + left], low: low[i + left] };
                (high[i], low[i]) = (sum.high, sum.low);
            }
        }
        DoubleDouble { high: high[0], low: low[0] }
    }

    /// Adds a multiple of another vector.
    #[inline(always)]
    pub fn add_scaled<V: Simd>(&mut self, simd: V, factor: DoubleDouble, other: &Self) {
        let factor = Wide::splat(simd, (factor.high, factor.low));
        let others = other.registers::<V>();
        let (high, low) = self.registers_mut::<V>();
        for i in 0..high.len() {
            let term = factor.times(simd, Wide { high: others.0[i], low: others.1[i] });
            let sum = Wide { high: high[i], low: low[i] }.plus(simd, term);
            (high[i], low[i]) = (sum.high, sum.low);
        }
    }

    /// `(cosine p - sine q, sine p + cosine q)` in the place of p, which this is, and q.
    #[inline(always)]
    pub fn rotate<V: Simd>(
        &mut self,
        simd: V,
        other: &mut Self,
        [cosine, sine]: [DoubleDouble; 2],
    ) {
        let cosine = Wide::splat(simd, (cosine.high, cosine.low));
        let plus = Wide::splat(simd, (sine.high, sine.low));
        let minus = Wide::splat(simd, (-sine.high, -sine.low));
        let (p, q) = (self.registers_mut::<V>(), other.registers_mut::<V>());
        for i in 0..p.0.len() {
            let a = Wide { high: p.0[i], low: p.1[i] };
            let b = Wide { high: q.0[i], low: q.1[i] };
            let first = cosine.times(simd, a).plus(simd, minus.times(simd, b));
            let second = plus.times(simd, a).plus(simd, cosine.times(simd, b));
            (p.0[i], p.1[i]) = (first.high, first.low);
            (q.0[i], q.1[i]) = (second.high, second.low);
        }
    }

    #[inline(always)]
    fn registers<V: Simd>(&self) -> (&[V::f64s], &[V::f64s]) {
        (V::as_simd_f64s(&self.high).0, V::as_simd_f64s(&self.low).0)
    }

    #[inline(always)]
    fn registers_mut<V: Simd>(&mut self) -> (&mut [V::f64s], &mut [V::f64s]) {
        (V::as_mut_simd_f64s(&mut self.high).0, V::as_mut_simd_f64s(&mut self.low).0)
    }
}

/// As many double-double numbers as a register holds f64.
#[derive(Clone, Copy)]
struct Wide<V: Simd> {
    high: V::f64s,
    low: V::f64s,
}

/// |a| >= |b|: their sum and its rounding error.
#[inline(always)]
fn fast_two_sum<V: Simd>(simd: V, a: V::f64s, b: V::f64s) -> Wide<V> {
    let high = simd.add_f64s(a, b);
    Wide { high, low: simd.sub_f64s(b, simd.sub_f64s(high, a)) }
}

#[inline(always)]
fn two_sum<V: Simd>(simd: V, a: V::f64s, b: V::f64s) -> Wide<V> {
    let high = simd.add_f64s(a, b);
    let other = simd.sub_f64s(high, a);
    let rest = simd.sub_f64s(a, simd.sub_f64s(high, other));
    Wide { high, low: simd.add_f64s(rest, simd.sub_f64s(b, other)) }
}

impl<V: Simd> Wide<V> {
    #[inline(always)]
    fn splat(simd: V, (high, low): (f64, f64)) -> Self {
        Wide { high: simd.splat_f64s(high), low: simd.splat_f64s(low) }
    }

    #[inline(always)]
    fn plus(self, simd: V, other: Self) -> Self {
        let high = two_sum(simd, self.high, other.high);
        let low = two_sum(simd, self.low, other.low);
        let sum = fast_two_sum(simd, high.high, simd.add_f64s(high.low, low.high));
        fast_two_sum(simd, sum.high, simd.add_f64s(low.low, sum.low))
    }

    #[inline(always)]
    fn times(self, simd: V, other: Self) -> Self {
        let high = simd.mul_f64s(self.high, other.high);
        let rest = simd.mul_add_f64s(self.high, other.high, simd.neg_f64s(high));
        let low = simd.mul_f64s(self.low, other.high);
        let cross = simd.mul_add_f64s(self.high, other.low, low);
        fast_two_sum(simd, high, simd.add_f64s(rest, cross))
    }

    /// Times a power of two, without error.
    #[inline(always)]
    fn scaled(self, simd: V, power: f64) -> Self {
        let power = simd.splat_f64s(power);
        Wide { high: simd.mul_f64s(self.high, power), low: simd.mul_f64s(self.low, power) }
    }

    /// e^x - 1 for |x| at most 0.7: a Taylor series for x / 512, doubled nine times.
    #[inline(always)]
    fn exp_minus_one(self, simd: V) -> Self {
        let x = self.scaled(simd, 1.0 / 512.0);
        // |x|^10 / 10! is below 2^-118, relative to x below 2^-106.
        let mut series = Self::splat(simd, INVERSE_FACTORIALS[0]);
        for &next in &INVERSE_FACTORIALS[1..] {
            series = Self::splat(simd, next).plus(simd, series.times(simd, x));
        }
        let mut e = series.times(simd, x);
        for _ in 0..9 {
            e = e.scaled(simd, 2.0).plus(simd, e.times(simd, e));
        }
        e
    }
}

/// e^x - 1 of numbers of at most 0.7.
#[inline(always)]
pub(super) fn exp_minus_one<V: Simd>(simd: V, numbers: &mut [DoubleDouble; WIDTH]) {
    let (mut high, mut low) = ([0.0; WIDTH], [0.0; WIDTH]);
    for i in 0..WIDTH {
        (high[i], low[i]) = (numbers[i].high, numbers[i].low);
    }
    let (highs, lows) = (V::as_mut_simd_f64s(&mut high).0, V::as_mut_simd_f64s(&mut low).0);
    for (high, low) in highs.iter_mut().zip(lows) {
        let e = Wide::<V> { high: *high, low: *low }.exp_minus_one(simd);
        (*high, *low) = (e.high, e.low);
    }
    for i in 0..WIDTH {
        numbers[i] = DoubleDouble { high: high[i], low: low[i] };
    }
}

#[cfg(test)]
mod tests {
    use pulp::{Arch, WithSimd};

    use super::*;
    use crate::scalar::{Scalar, Stream};

    struct ExpMinusOne<'a>(&'a mut [DoubleDouble; WIDTH]);

    impl WithSimd for ExpMinusOne<'_> {
        type Output = ();

        #[inline(always)]
        fn with_simd<V: Simd>(self, simd: V) {
            exp_minus_one(simd, self.0);
        }
    }

    /// One number after the other, by the operations of the type.
    #[test]
    fn operations_are_those_of_one_number_to_the_bit() {
        let mut stream = Stream::new("wide", 0, 0);
        for _ in 0..20 {
            let numbers: [DoubleDouble; WIDTH] =
                std::array::from_fn(|_| DoubleDouble::random(&mut stream).scaled(0.5));
            let mut found = numbers;
            Arch::new().dispatch(ExpMinusOne(&mut found));
            for (number, found) in numbers.into_iter().zip(found) {
                let x = number.scaled(1.0 / 512.0);
                let coefficients = INVERSE_FACTORIALS.map(|(high, low)| DoubleDouble { high, low });
                let mut series = coefficients[0];
                for &next in &coefficients[1..] {
                    series = next + series * x;
                }
                let mut e = series * x;
                for _ in 0..9 {
                    e = e.scaled(2.0) + e * e;
                }
                assert_eq!(found, e);
            }
        }
    }

    struct Operations<'a> {
        p: &'a mut Planes,
        q: &'a mut Planes,
        angle: [DoubleDouble; 2],
    }

    impl WithSimd for Operations<'_> {
        type Output = DoubleDouble;

        /// p and q rotated, then p added to q with a factor; the inner product of both.
        #[inline(always)]
        fn with_simd<V: Simd>(self, simd: V) -> DoubleDouble {
            let Operations { p, q, angle } = self;
            p.rotate(simd, q, angle);
            q.add_scaled(simd, angle[1], p);
            p.dot(simd, q)
        }
    }

    /// Number by number, and the inner product as eight sums, whose halves are added until one is left.
    #[test]
    fn planes_compute_as_numbers_do_to_the_bit() {
        let mut stream = Stream::new("planes", 0, 0);
        for length in [1, 7, 8, 9, 30] {
            let mut random = || -> Vec<DoubleDouble> {
                (0..length).map(|_| DoubleDouble::random(&mut stream)).collect()
            };
            let (mut p, mut q) = (random(), random());
            let angle = [DoubleDouble::ratio(3, 5), DoubleDouble::ratio(-4, 5)];
            let (mut wide_p, mut wide_q) = (Planes::new(&p), Planes::new(&q));
            let operations = Operations { p: &mut wide_p, q: &mut wide_q, angle };
            let inner = Arch::new().dispatch(operations);

            let [cosine, sine] = angle;
            let mut sums = [DoubleDouble::ZERO; WIDTH];
            for i in 0..length {
                let (a, b) = (p[i], q[i]);
                p[i] = cosine * a + -sine * b;
                q[i] = sine * a + cosine * b;
                q[i] += sine * p[i];
                sums[i % WIDTH] += p[i] * q[i];
                assert_eq!((wide_p.at(i), wide_q.at(i)), (p[i], q[i]), "{length}");
            }
            let fours: Vec<_> = (0..4).map(|i| sums[i] + sums[i + 4]).collect();
            assert_eq!(inner, (fours[0] + fours[2]) + (fours[1] + fours[3]), "{length}");
        }
    }

    #[test]
    fn coefficients_are_those_of_the_exponential() {
        let mut factorial = 1;
        for (n, &(high, low)) in (1..).zip(INVERSE_FACTORIALS.iter().rev()) {
            factorial *= n;
            assert_eq!(DoubleDouble { high, low }, DoubleDouble::ratio(1, factorial));
        }
        assert_eq!(factorial, 3_628_800);
    }
}
