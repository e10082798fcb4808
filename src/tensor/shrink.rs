//! Tensors with long sides, before their CP rank is bracketed.

use std::borrow::Cow;

use super::{Construction, LowerEnd, Mode, Reduced, UpperEnd};
use crate::matrix::{Matrix, Rank, RankRevealing, tall_rows};
use crate::scalar::Stream;

/// Dimensions of rows or columns up to which they are kept: a basis would gain nothing.
const SHORT: usize = 128;

/// Dimensions of a basis beyond those of the signal, so that it is found at once.
const SPARE: usize = 8;

/// Rounds of subspace iteration.
const ROUNDS: usize = 3;

/// Multiplications, about, up to which slices are factored and terms fitted.
const MAX_WORK: usize = 1 << 32;

impl Reduced<f64> {
    /// The tensor with these (N, N) slices, `count` of them, and the norm of the noise that making
    /// it adds. Of very many slices it has as few as span them: the steps are then in an
    /// orthonormal basis, which changes no rank and no norm.
    pub fn from_steps(
        neurons: usize,
        count: usize,
        slices: impl Iterator<Item = Matrix<f64>>,
    ) -> (Self, f64) {
        let entries = neurons * neurons;
        if count < tall_rows(entries) {
            return (Reduced::from_square_slices(slices.collect()), 0.0);
        }
        let columns = slices.map(|slice| Matrix::from_columns(entries, 1, slice.data().to_vec()));
        let gathered = Matrix::gathered(entries, columns);
        let column = |k| Matrix::from_columns(neurons, neurons, gathered.column(k).to_vec());
        let slices = (0..gathered.cols()).map(column).collect();
        (Reduced::from_square_slices(slices), f64::EPSILON * count as f64 * gathered.norm())
    }

    /// Both ends of the CP rank, given the ranks of the [unfoldings](Reduced::unfolding_ranks):
    /// those of [`tight_cp_bracket`](Reduced::tight_cp_bracket), or of unfoldings and of the
    /// tensor as it is where that would take minutes. No upper end if no decomposition was found.
    pub fn cp_ends(&self, noise: f64, ranks: &[Rank; 3]) -> (LowerEnd, Option<UpperEnd>) {
        let small = self.shrunk(ranks);
        if small.work() > MAX_WORK {
            let lower = LowerEnd::of_unfoldings(ranks.each_ref().map(|rank| rank.bounds.lower));
            return (lower, Some(small.lines()));
        }
        match small.tight_cp_bracket(noise) {
            Some(bracket) => {
                let upper = bracket.upper_end();
                (bracket.lower_end, Some(upper))
            }
            None => (small.best_lower_end(noise, usize::MAX), None),
        }
    }

    /// The tensor in fewer dimensions of rows and columns if there are many and, by the ranks of
    /// the unfoldings, most of them hold noise. The norm of what is left out is kept.
    pub fn shrunk(&self, ranks: &[Rank; 3]) -> Cow<'_, Self> {
        let mut shrunk = Cow::Borrowed(self);
        for (rank, mode) in ranks.iter().zip([Mode::Row, Mode::Column]) {
            let dimensions = match mode {
                Mode::Row => shrunk.left.cols(),
                _ => shrunk.right.cols(),
            };
            let width = rank.bounds.upper + SPARE;
            if dimensions > SHORT && width < dimensions {
                shrunk = Cow::Owned(shrunk.projected(mode, width));
            }
        }
        shrunk
    }

    /// The tensor in nearly the strongest dimensions of its rows or columns (subspace iteration).
    fn projected(&self, mode: Mode, width: usize) -> Self {
        let turned = mode == Mode::Column;
        // Slices whose rows are shortened.
        let view = |slice: &'_ Matrix<f64>| if turned { slice.transposed() } else { slice.clone() };
        let rows = if turned { self.right.cols() } else { self.left.cols() };
        let mut stream = Stream::new("shrink", rows as u64, width as u64);
        let mut basis = f64::factor(&Matrix::random(rows, width, &mut stream)).0;
        for _ in 0..ROUNDS {
            let mut image = Matrix::zeros(rows, width);
            for slice in &self.slices {
                let slice = view(slice);
                let coordinates = Matrix::product(slice.t(), basis.view());
                image.add_scaled(1.0, &slice.times(&coordinates));
            }
            basis = f64::factor(&image).0;
        }
        let mut lost = self.lost.powi(2);
        let slices = self.slices.iter().map(|slice| {
            let slice = view(slice);
            let inside = Matrix::product(basis.t(), slice.view());
            lost += slice.minus(&basis.times(&inside)).norm().powi(2);
            if turned { inside.transposed() } else { inside }
        });
        let slices = slices.collect();
        let (left, right) = if turned {
            (self.left.clone(), self.right.times(&basis))
        } else {
            (self.left.times(&basis), self.right.clone())
        };
        Reduced { slices, left, right, lost: lost.sqrt() }
    }

    /// Multiplications that a factorization of all slices takes, about.
    fn work(&self) -> usize {
        let (a, b) = (self.left.cols(), self.right.cols());
        (a * b * self.slices.len()).saturating_mul(a.max(b))
    }

    /// One term for each line of entries along the longest mode.
    fn lines(&self) -> UpperEnd {
        let lengths = [self.left.cols(), self.right.cols(), self.slices.len()];
        let entries: usize = lengths.iter().product();
        let (mode, length) =
            Mode::ALL.into_iter().zip(lengths).max_by_key(|(_, length)| *length).expect("three");
        let bound = entries / length.max(1);
        UpperEnd { bound, construction: Construction::Lines(mode), residual: self.lost }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tensor::Tensor;

    /// Four terms in 200 dimensions, and noise: what the dense tensor shows, in seconds less.
    #[test]
    fn long_sides_shrink_to_those_of_the_signal() {
        let mut stream = Stream::new("shrink test", 0, 0);
        let (left, right) =
            (Matrix::<f64>::random(200, 4, &mut stream), Matrix::random(200, 4, &mut stream));
        let slices: Vec<_> = (0..5)
            .map(|_| {
                let weights = Matrix::<f64>::random(4, 1, &mut stream);
                let scaled = Matrix::from_fn(200, 4, |i, r| left[(i, r)] * weights[(r, 0)]);
                let mut slice = Matrix::product(scaled.view(), right.t());
                slice.add_scaled(1.0, &Matrix::normal(200, 200, 1e-8, &mut stream));
                slice
            })
            .collect();
        let tensor = Reduced::from_square_slices(slices.clone());
        let again = Tensor::from_slices(200, 200, &slices).reduced();
        assert!(tensor.slices.iter().zip(&again.slices).all(|(a, b)| a.minus(b).norm() == 0.0));
        let noise = 1e-8 * (200.0 * 200.0 * 5.0_f64).sqrt();
        let ranks = tensor.unfolding_ranks(noise);
        assert_eq!(ranks.each_ref().map(Rank::known), [Some(4); 3]);
        let shrunk = tensor.shrunk(&ranks);
        assert_eq!((shrunk.left.cols(), shrunk.right.cols()), (12, 12));
        // Most of the noise is left out, and nothing else.
        assert!(shrunk.lost > 0.8 * noise && shrunk.lost < 1.1 * noise, "{}", shrunk.lost / noise);
        for (slice, core) in slices.iter().zip(&shrunk.slices) {
            let rebuilt = Matrix::product(shrunk.left.times(core).view(), shrunk.right.t());
            assert!(rebuilt.minus(slice).norm() < noise);
        }
        let (lower, upper) = tensor.cp_ends(noise, &ranks);
        let upper = upper.expect("a decomposition");
        assert_eq!((lower.bound, upper.bound), (4, 4));
        assert!(upper.residual >= shrunk.lost && upper.residual < 10.0 * noise);
    }

    #[test]
    fn very_many_slices_become_few() {
        let mut stream = Stream::new("many slices", 0, 0);
        let basis: Vec<_> = (0..3).map(|_| Matrix::<f64>::random(3, 3, &mut stream)).collect();
        let slices: Vec<_> = (0..9000)
            .map(|_| {
                let mut slice = Matrix::zeros(3, 3);
                basis.iter().for_each(|part| slice.add_scaled(stream.normal(), part));
                slice
            })
            .collect();
        let whole = Reduced::from_square_slices(slices.clone());
        let (few, own) = Reduced::from_steps(3, slices.len(), slices.into_iter());
        assert!(few.slices.len() == 9 && own < 1e-8);
        for mode in Mode::ALL {
            let [a, b] = [&whole, &few].map(|tensor| f64::rank(&tensor.unfolding(mode), 1e-8));
            assert_eq!((a.known(), b.known()), (Some(3), Some(3)));
            let ((a, _), (b, _)) = (a.spectrum().unwrap(), b.spectrum().unwrap());
            assert!(
                a.iter().zip(b).all(|(a, b)| (a - b).abs() < 1e-10 * a.max(1.0)),
                "{a:?} {b:?}"
            );
        }
    }

    #[test]
    fn lines_are_a_decomposition_of_every_tensor() {
        let slices = vec![Matrix::scaled_identity(3, 1.0); 2];
        let lines = Reduced::from_square_slices(slices).lines();
        assert_eq!((lines.bound, lines.construction), (6, Construction::Lines(Mode::Column)));
    }
}
