//! The left factor of many products, laid out once for all of them.
//!
//! A network multiplies the same weights by a few columns, one for each trial, at every time step.
//! A general product rearranges its left factor every time, which costs as much as multiplying it
//! by so few columns; measured on N = 256 and 16 trials, half of the time went there.

use pulp::{Arch, Simd, WithSimd};

use super::{Scalar, View};

/// Multiplications from which two threads are faster than one: about 40 microseconds of one.
const PARALLEL_WORK: usize = 1 << 20;

/// A type of numbers of which a register of the machine holds several.
pub(super) trait Lanes: Scalar {
    /// Rows of a panel: what one register of the widest machines holds.
    const PANEL: usize;

    /// A column of a panel, of as many numbers.
    type Column: Copy + Send + Sync + AsRef<[Self]> + AsMut<[Self]>;

    /// A column of zeros.
    const ZEROS: Self::Column;

    /// A register.
    type Register<S: Simd>: Copy;

    /// Registers of a panel's column.
    fn registers<S: Simd>() -> usize;

    /// The same number in each place.
    fn splat<S: Simd>(simd: S, number: Self) -> Self::Register<S>;

    /// Numbers as whole registers, and the rest.
    fn split<S: Simd>(numbers: &[Self]) -> (&[Self::Register<S>], &[Self]);

    /// The same, to be changed.
    fn split_mut<S: Simd>(numbers: &mut [Self]) -> (&mut [Self::Register<S>], &mut [Self]);

    /// `a + b`.
    fn plus<S: Simd>(simd: S, a: Self::Register<S>, b: Self::Register<S>) -> Self::Register<S>;

    /// `a b + c`.
    fn mul_add<S: Simd>(
        simd: S,
        a: Self::Register<S>,
        b: Self::Register<S>,
        c: Self::Register<S>,
    ) -> Self::Register<S>;

    /// Adds the first numbers of a register to fewer numbers than it holds.
    fn add_part<S: Simd>(simd: S, numbers: &mut [Self], register: Self::Register<S>);
}

macro_rules! lanes {
    ($float:ty, $panel:literal, $register:ident, $lanes:ident, $splat:ident, $split:ident,
     $split_mut:ident, $plus:ident, $mul_add:ident, $load:ident, $store:ident) => {
        impl Lanes for $float {
            const PANEL: usize = $panel;
            type Column = [$float; $panel];
            const ZEROS: Self::Column = [0.0; $panel];
            type Register<S: Simd> = S::$register;

            #[inline(always)]
            fn registers<S: Simd>() -> usize {
                $panel / S::$lanes
            }

            #[inline(always)]
            fn splat<S: Simd>(simd: S, number: Self) -> S::$register {
                simd.$splat(number)
            }

            #[inline(always)]
            fn split<S: Simd>(numbers: &[Self]) -> (&[S::$register], &[Self]) {
                S::$split(numbers)
            }

            #[inline(always)]
            fn split_mut<S: Simd>(numbers: &mut [Self]) -> (&mut [S::$register], &mut [Self]) {
                S::$split_mut(numbers)
            }

            #[inline(always)]
            fn plus<S: Simd>(simd: S, a: S::$register, b: S::$register) -> S::$register {
                simd.$plus(a, b)
            }

            #[inline(always)]
            fn mul_add<S: Simd>(
                simd: S,
                a: S::$register,
                b: S::$register,
                c: S::$register,
            ) -> S::$register {
                simd.$mul_add(a, b, c)
            }

            #[inline(always)]
            fn add_part<S: Simd>(simd: S, numbers: &mut [Self], register: S::$register) {
                let old = simd.$load(numbers);
                simd.$store(numbers, simd.$plus(old, register));
            }
        }
    };
}

lanes!(
    f64,
    8,
    f64s,
    F64_LANES,
    splat_f64s,
    as_simd_f64s,
    as_mut_simd_f64s,
    add_f64s,
    mul_add_e_f64s,
    partial_load_f64s,
    partial_store_f64s
);
lanes!(
    f32,
    16,
    f32s,
    F32_LANES,
    splat_f32s,
    as_simd_f32s,
    as_mut_simd_f32s,
    add_f32s,
    mul_add_e_f32s,
    partial_load_f32s,
    partial_store_f32s
);

/// A column of a panel, where the machine reads it in one piece.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line<C>(C);

/// An (m, k) matrix in panels of [`Lanes::PANEL`] rows, each panel column after column, the last one
/// filled up with zeros.
pub(super) struct LeftFactor<F: Lanes> {
    panels: Vec<Line<F::Column>>,
    rows: usize,
    inner: usize,
}

impl<F: Lanes> LeftFactor<F> {
    pub fn new(matrix: View<'_, F>) -> Self {
        let (rows, inner) = (matrix.rows(), matrix.cols());
        let mut panels = vec![Line(F::ZEROS); rows.div_ceil(F::PANEL) * inner];
        for (index, panel) in panels.chunks_exact_mut(inner.max(1)).enumerate() {
            let top = index * F::PANEL;
            fill(panel, matrix, top..rows.min(top + F::PANEL));
        }
        LeftFactor { panels, rows, inner }
    }

    /// Adds the product with `x`, (k, n), column-major, to `out`, (m, n), column-major.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit.
    pub fn add_product(&self, x: &[F], out: &mut [F]) {
        if self.rows == 0 || self.inner == 0 {
            return;
        }
        assert_eq!(x.len() % self.inner, 0, "whole columns of {} numbers", self.inner);
        let columns = x.len() / self.inner;
        assert_eq!(out.len(), self.rows * columns, "a product of other length");
        let product = |x, out| Arch::new().dispatch(Product { factor: self, x, out });
        // Half of the columns each, whole groups of four: every column comes out the same. Handing
        // work over from outside of a thread pool takes longer than the product.
        let is_large = self.rows * self.inner * columns >= PARALLEL_WORK;
        if is_large && rayon::current_thread_index().is_some() {
            let half = (columns / 2).next_multiple_of(4).min(columns);
            let (x, other_x) = x.split_at(half * self.inner);
            let (out, other_out) = out.split_at_mut(half * self.rows);
            rayon::join(|| product(x, out), || product(other_x, other_out));
        } else {
            product(x, out);
        }
    }
}

/// Copies rows of a matrix into a panel, whichever way they lie in memory.
fn fill<F: Lanes>(
    panel: &mut [Line<F::Column>],
    matrix: View<'_, F>,
    rows: std::ops::Range<usize>,
) {
    let (height, inner, data) = (matrix.rows(), matrix.cols(), matrix.data());
    for (k, Line(column)) in panel.iter_mut().enumerate() {
        let column = column.as_mut();
        if matrix.is_transposed() {
            for (entry, row) in column.iter_mut().zip(rows.clone()) {
                *entry = data[row * inner + k];
            }
        } else {
            column[..rows.len()].copy_from_slice(&data[k * height..][rows.clone()]);
        }
    }
}

struct Product<'a, F: Lanes> {
    factor: &'a LeftFactor<F>,
    x: &'a [F],
    out: &'a mut [F],
}

impl<F: Lanes> WithSimd for Product<'_, F> {
    type Output = ();

    /// Sixteen registers of sums keep the widest machines busy; others have as many in all, and
    /// half of them for sums.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        match F::registers::<S>() {
            1 => self.by_panels::<S, 4, 1>(simd),
            2 => self.by_panels::<S, 1, 2>(simd),
            4 => self.by_panels::<S, 1, 4>(simd),
            8 => self.by_panels::<S, 1, 8>(simd),
            _ => self.by_panels::<S, 1, 16>(simd),
        }
    }
}

impl<F: Lanes> Product<'_, F> {
    /// Goes through the panels, P at a time, each with a height of Q registers.
    #[inline(always)]
    fn by_panels<S: Simd, const P: usize, const Q: usize>(mut self, simd: S) {
        let &LeftFactor { ref panels, rows, inner } = self.factor;
        for (index, several) in panels.chunks(P * inner).enumerate() {
            let top = index * P * F::PANEL;
            if several.len() == P * inner {
                self.by_columns::<S, P, Q>(simd, several, top..rows.min(top + P * F::PANEL));
                continue;
            }
            for (index, panel) in several.chunks_exact(inner).enumerate() {
                let top = top + index * F::PANEL;
                self.by_columns::<S, 1, Q>(simd, panel, top..rows.min(top + F::PANEL));
            }
        }
    }

    /// Goes through the columns of x, four at a time, for P panels, which hold these rows.
    #[inline(always)]
    fn by_columns<S: Simd, const P: usize, const Q: usize>(
        &mut self,
        simd: S,
        panels: &[Line<F::Column>],
        range: std::ops::Range<usize>,
    ) {
        let &LeftFactor { rows, inner, .. } = self.factor;
        let mut columns = self.x.chunks_exact(4 * inner);
        let mut outs = self.out.chunks_exact_mut(rows);
        for four in columns.by_ref() {
            let (x0, rest) = four.split_at(inner);
            let (x1, rest) = rest.split_at(inner);
            let (x2, x3) = rest.split_at(inner);
            let sums = block::<S, F, P, Q, 4>(simd, panels, [x0, x1, x2, x3]);
            for sum in sums {
                let out = outs.next().expect("as many columns as x");
                add::<S, F, P, Q>(simd, &mut out[range.clone()], sum);
            }
        }
        for one in columns.remainder().chunks_exact(inner) {
            let [sum] = block::<S, F, P, Q, 1>(simd, panels, [one]);
            let out = outs.next().expect("as many columns as x");
            add::<S, F, P, Q>(simd, &mut out[range.clone()], sum);
        }
    }
}

/// P panels of Q registers times C columns.
///
/// By indices and without closures: what is called for each entry can end in a function of its own,
/// which costs more than the products.
#[inline(always)]
fn block<S: Simd, F: Lanes, const P: usize, const Q: usize, const C: usize>(
    simd: S,
    panels: &[Line<F::Column>],
    x: [&[F]; C],
) -> [[[F::Register<S>; Q]; P]; C] {
    let inner = x[0].len();
    let mut columns: [&[Line<F::Column>]; P] = [&[]; P];
    for p in 0..P {
        columns[p] = &panels[p * inner..(p + 1) * inner];
    }
    let mut registers = [[[F::splat(simd, F::ZERO); Q]; P]; C];
    let mut entries = [F::splat(simd, F::ZERO); C];
    for k in 0..inner {
        for c in 0..C {
            entries[c] = F::splat(simd, x[c][k]);
        }
        for p in 0..P {
            let column = F::split::<S>(columns[p][k].0.as_ref()).0;
            for c in 0..C {
                for q in 0..Q {
                    let sum = registers[c][p][q];
                    registers[c][p][q] = F::mul_add(simd, column[q], entries[c], sum);
                }
            }
        }
    }
    registers
}

/// Adds P panels of one column to so many rows of it, fewer if they end before the last panel does.
///
/// By places that are known when this is compiled: otherwise the sums could not be in registers, and each
/// product would be written to memory.
#[expect(clippy::needless_range_loop, reason = "places, as said")]
#[inline(always)]
fn add<S: Simd, F: Lanes, const P: usize, const Q: usize>(
    simd: S,
    out: &mut [F],
    sum: [[F::Register<S>; Q]; P],
) {
    let (whole, rest) = F::split_mut::<S>(out);
    for p in 0..P {
        for q in 0..Q {
            let place = p * Q + q;
            if place < whole.len() {
                whole[place] = F::plus(simd, whole[place], sum[p][q]);
            } else if place == whole.len() && !rest.is_empty() {
                F::add_part(simd, rest, sum[p][q]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Matrix;
    use crate::scalar::{Real, Stream};

    fn agrees_with_the_general_one<F: Lanes + Real>() {
        let mut stream = Stream::new("left factor", 0, 0);
        for rows in [1, 3, 16, 31, 32, 33, 64, 65, 100] {
            for (inner, columns) in [(1, 1), (2, 3), (17, 4), (64, 5), (33, 16)] {
                let matrix = Matrix::<F>::random(rows, inner, &mut stream);
                let turned = matrix.transposed();
                let x = Matrix::<F>::random(inner, columns, &mut stream);
                let start = Matrix::<F>::random(rows, columns, &mut stream);
                let mut expected = start.clone();
                F::gemm(expected.data_mut(), true, matrix.view(), x.view());
                for view in [matrix.view(), turned.t()] {
                    let mut found = start.clone();
                    LeftFactor::new(view).add_product(x.data(), found.data_mut());
                    let error = found.minus(&expected).norm();
                    let allowed = 5.0 * F::EPSILON * (inner * rows * columns) as f64;
                    assert!(error <= allowed, "{rows} {inner} {columns}: {error}");
                }
            }
        }
    }

    #[test]
    fn products_agree_with_the_general_one() {
        agrees_with_the_general_one::<f64>();
        agrees_with_the_general_one::<f32>();
    }

    #[test]
    fn two_threads_compute_the_same_bits_as_one() {
        let mut stream = Stream::new("left factor, two threads", 0, 0);
        let matrix = Matrix::<f64>::random(300, 256, &mut stream);
        let x = Matrix::<f64>::random(256, 19, &mut stream);
        let factor = LeftFactor::new(matrix.view());
        let product = || {
            let mut out = Matrix::<f64>::zeros(300, 19);
            factor.add_product(x.data(), out.data_mut());
            out
        };
        let alone = product();
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads");
        assert_eq!(pool.install(product).data(), alone.data());
    }

    #[test]
    fn nothing_times_nothing_is_nothing() {
        let empty = LeftFactor::<f64>::new(View::new(&[], 0, 0));
        empty.add_product(&[], &mut []);
        LeftFactor::<f64>::new(View::new(&[], 3, 0)).add_product(&[], &mut []);
    }
}
