//! The orders of a matrix of power series: its Smith form.

use super::Matrix;
use crate::scalar::{Scalar, Series};

impl<const L: usize> Matrix<Series<L>> {
    /// The exponents e_1 <= e_2 <= .. below L of the Smith form diag(eta^e_1, eta^e_2, ..). As many of
    /// them are below e as X Y^T needs columns to be this matrix modulo eta^e; over the real numbers
    /// sigma_i is of the order of eta^e_i.
    ///
    /// # Examples
    ///
    /// ```
    /// use rankproof::matrix::Matrix;
    /// use rankproof::scalar::{Scalar, Series};
    ///
    /// let (one, eta) = (Series::<4>::ONE, Series::VARIABLE);
    /// // Its determinant is eta^2.
    /// let matrix = Matrix::from_rows(&[[one, one], [one, one + eta * eta]]);
    /// assert_eq!(matrix.orders(), [0, 2]);
    /// ```
    pub fn orders(&self) -> Vec<usize> {
        let mut rest = self.clone();
        let mut orders = Vec::new();
        for k in 0..self.rows().min(self.cols()) {
            let Some((order, i, j)) = rest.lowest(k) else { break };
            orders.push(order);
            rest.swap(k, i, j);
            rest.eliminate(k, order);
        }
        orders
    }

    /// The least order in row and column `k` and later, and where it is; none of zero.
    fn lowest(&self, k: usize) -> Option<(usize, usize, usize)> {
        let places = (k..self.rows()).flat_map(|i| (k..self.cols()).map(move |j| (i, j)));
        let orders = places.map(|(i, j)| (self[(i, j)].order(), i, j));
        orders.min().filter(|&(order, ..)| order < L)
    }

    /// Exchanges row k with row i and column k with column j.
    fn swap(&mut self, k: usize, i: usize, j: usize) {
        for column in 0..self.cols() {
            self.column_mut(column).swap(k, i);
        }
        for row in 0..self.rows() {
            (self[(row, k)], self[(row, j)]) = (self[(row, j)], self[(row, k)]);
        }
    }

    /// Takes multiples of row `k` from the rows below, so that nothing is left in column `k`. All
    /// that is left has the order of the pivot or a higher one, so quotients are known as far as their
    /// products with it are.
    fn eliminate(&mut self, k: usize, order: usize) {
        let pivot = self[(k, k)].divided(order).inverse().expect("a pivot of this order");
        for i in k + 1..self.rows() {
            let quotient = self[(i, k)].divided(order) * pivot;
            for j in k + 1..self.cols() {
                let taken = quotient * self[(k, j)];
                self[(i, j)] -= taken;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::{Fp, Stream};

    fn random(rows: usize, cols: usize, stream: &mut Stream) -> Matrix<Series<6>> {
        let mut entry = || Series(std::array::from_fn(|_| Fp::random(stream)));
        Matrix::from_fn(rows, cols, |_, _| entry())
    }

    /// Of P diag(eta^e) Q with invertible P and Q.
    #[test]
    fn orders_do_not_depend_on_the_basis() {
        let mut stream = Stream::new("smith", 0, 0);
        for orders in [vec![0, 0, 1, 5], vec![1, 2, 4, 4], vec![3], vec![], vec![2, 2, 2, 2, 2]] {
            let power =
                |exponent| (0..exponent).fold(Series::ONE, |power, _| power * Series::VARIABLE);
            let diagonal = Matrix::from_fn(5, 7, |i, j| match orders.get(i) {
                Some(&order) if i == j => power(order),
                _ => Series::ZERO,
            });
            let left = random(5, 5, &mut stream);
            let right = random(7, 7, &mut stream);
            assert_eq!(left.times(&diagonal).times(&right).orders(), orders);
        }
    }
}
