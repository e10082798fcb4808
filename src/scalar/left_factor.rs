//! The left factor of many products, laid out once for all of them.
//!
//! A network multiplies the same weights by a few columns, one for each trial, at every time step.
//! A general product rearranges its left factor every time, which costs as much as multiplying it
//! by so few columns; measured on N = 256 and 16 trials, half of the time went there.

use pulp::{Arch, Simd, WithSimd};

use super::View;

/// Rows of a panel: a multiple of what fits into the registers of every machine.
const PANEL: usize = 32;

/// An (m, k) matrix in panels of [`PANEL`] rows, each panel column after column, the last one
/// filled up with zeros.
pub(super) struct LeftFactor {
    panels: Vec<f64>,
    rows: usize,
    inner: usize,
}

impl LeftFactor {
    pub fn new(matrix: View<'_, f64>) -> Self {
        let (rows, inner) = (matrix.rows(), matrix.cols());
        let mut panels = vec![0.0; rows.div_ceil(PANEL) * PANEL * inner];
        for (index, panel) in panels.chunks_exact_mut((PANEL * inner).max(1)).enumerate() {
            let top = index * PANEL;
            fill(panel, matrix, top..rows.min(top + PANEL));
        }
        LeftFactor { panels, rows, inner }
    }

    /// Adds the product with `x`, (k, n), column-major, to `out`, (m, n), column-major.
    ///
    /// # Panics
    ///
    /// If the shapes do not fit.
    pub fn add_product(&self, x: &[f64], out: &mut [f64]) {
        if self.rows == 0 || self.inner == 0 {
            return;
        }
        assert_eq!(x.len() % self.inner, 0, "whole columns of {} numbers", self.inner);
        assert_eq!(out.len(), self.rows * (x.len() / self.inner), "a product of other length");
        Arch::new().dispatch(Product { factor: self, x, out });
    }
}

/// Copies rows of a matrix into a panel, whichever way they lie in memory.
fn fill(panel: &mut [f64], matrix: View<'_, f64>, rows: std::ops::Range<usize>) {
    let (height, inner, data) = (matrix.rows(), matrix.cols(), matrix.data());
    for (k, column) in panel.chunks_exact_mut(PANEL).enumerate() {
        if matrix.is_transposed() {
            for (entry, row) in column.iter_mut().zip(rows.clone()) {
                *entry = data[row * inner + k];
            }
        } else {
            column[..rows.len()].copy_from_slice(&data[k * height..][rows.clone()]);
        }
    }
}

struct Product<'a> {
    factor: &'a LeftFactor,
    x: &'a [f64],
    out: &'a mut [f64],
}

impl WithSimd for Product<'_> {
    type Output = ();

    /// Goes through the panels, and for each through the columns of x, four at a time.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Product { factor: &LeftFactor { ref panels, rows, inner }, x, out } = self;
        for (index, panel) in panels.chunks_exact(PANEL * inner).enumerate() {
            let range = index * PANEL..rows.min((index + 1) * PANEL);
            let mut columns = x.chunks_exact(4 * inner);
            let mut outs = out.chunks_mut(rows);
            for four in columns.by_ref() {
                let x = std::array::from_fn(|j| &four[j * inner..(j + 1) * inner]);
                let sums = panel_times::<S, 4>(simd, panel, x);
                outs.by_ref()
                    .zip(sums)
                    .take(4)
                    .for_each(|(out, sum)| add(&mut out[range.clone()], &sum));
            }
            for one in columns.remainder().chunks_exact(inner) {
                let [sum] = panel_times::<S, 1>(simd, panel, [one]);
                outs.by_ref().take(1).for_each(|out| add(&mut out[range.clone()], &sum));
            }
        }
    }
}

/// A panel times C columns.
#[inline(always)]
fn panel_times<S: Simd, const C: usize>(
    simd: S,
    panel: &[f64],
    x: [&[f64]; C],
) -> [[f64; PANEL]; C] {
    let mut sums = [[0.0; PANEL]; C];
    // Four registers of eight numbers by four columns keep the widest machines busy; others have
    // half as many registers.
    if S::F64_LANES == 8 {
        strip::<S, 4, C>(simd, panel, x, 0, &mut sums);
    } else {
        for first in (0..PANEL / S::F64_LANES).step_by(2) {
            strip::<S, 2, C>(simd, panel, x, first, &mut sums);
        }
    }
    sums
}

/// R registers of each column of a panel, from number `first`, times C columns.
#[inline(always)]
fn strip<S: Simd, const R: usize, const C: usize>(
    simd: S,
    panel: &[f64],
    x: [&[f64]; C],
    first: usize,
    sums: &mut [[f64; PANEL]; C],
) {
    let mut registers = [[simd.splat_f64s(0.0); R]; C];
    let (panel, _) = S::as_simd_f64s(panel);
    for (k, column) in panel.chunks_exact(PANEL / S::F64_LANES).enumerate() {
        let column = &column[first..first + R];
        for (registers, x) in registers.iter_mut().zip(x) {
            let x = simd.splat_f64s(x[k]);
            for (register, &entry) in registers.iter_mut().zip(column) {
                *register = simd.mul_add_e_f64s(entry, x, *register);
            }
        }
    }
    for (sum, registers) in sums.iter_mut().zip(registers) {
        let (sum, _) = S::as_mut_simd_f64s(sum);
        sum[first..first + R].copy_from_slice(&registers);
    }
}

fn add(out: &mut [f64], sum: &[f64; PANEL]) {
    out.iter_mut().zip(sum).for_each(|(out, sum)| *out += sum);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::Matrix;
    use crate::scalar::{Scalar, Stream};

    #[test]
    fn products_agree_with_the_general_one() {
        let mut stream = Stream::new("left factor", 0, 0);
        for rows in [1, 3, 16, 31, 32, 33, 64, 65, 100] {
            for (inner, columns) in [(1, 1), (2, 3), (17, 4), (64, 5), (33, 16)] {
                let matrix = Matrix::<f64>::random(rows, inner, &mut stream);
                let turned = matrix.transposed();
                let x = Matrix::<f64>::random(inner, columns, &mut stream);
                let start = Matrix::<f64>::random(rows, columns, &mut stream);
                let mut expected = start.clone();
                f64::gemm(expected.data_mut(), true, matrix.view(), x.view());
                for view in [matrix.view(), turned.t()] {
                    let mut found = start.clone();
                    LeftFactor::new(view).add_product(x.data(), found.data_mut());
                    let error = found.minus(&expected).norm();
                    assert!(
                        error <= 1e-15 * inner as f64 * (rows * columns) as f64,
                        "{rows} {inner}"
                    );
                }
            }
        }
    }

    #[test]
    fn nothing_times_nothing_is_nothing() {
        let empty = LeftFactor::new(View::new(&[], 0, 0));
        empty.add_product(&[], &mut []);
        LeftFactor::new(View::new(&[], 3, 0)).add_product(&[], &mut []);
    }
}
