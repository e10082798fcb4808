//! Is the space of the movement fixed? What the weights did in the second half of the steps, in the
//! space of what they did in the first.
//!
//! 1. Å. Björck and G. H. Golub, "Numerical methods for computing angles between linear subspaces",
//!    Mathematics of Computation 27 (1973): principal angles.
//! 2. P.-A. Absil, A. Edelman and P. Koev, "On the largest principal angle between random subspaces",
//!    Linear Algebra and its Applications 414 (2006): the law of spaces by chance.

use super::gram::inside;
use super::movement::Grams;
use super::null::{draws_within, orthonormal};
use super::{MOST, Null, Quantiles, Spectrum, leading};
use crate::matrix::{Matrix, SingularValues};
use crate::scalar::Stream;
use crate::weights::Watch;
use crate::weights::ranks::counted;

/// A space is called fixed if that of the first half holds this part of the most that any space of so
/// many dimensions holds of the second.
const FIXED: f64 = 0.9;

/// Draws of spaces by chance, if they can be made in seconds.
const DRAWS: usize = 100;

/// The movement in the second half of the steps, in the space of that in the first.
///
/// The first half is D_1..D_h with h = K / 2, the second `W_k - W_h`, k = h + 1..K: what the weights
/// did after they had come to W_h. In a random walk the second half does not know of the first, and a
/// space of r of N dimensions holds r / N of it.
#[derive(Clone, Debug, PartialEq)]
pub struct SecondHalf {
    /// h.
    pub first: usize,
    /// On the side of the rows.
    pub rows: Overlap,
    /// On the side of the columns.
    pub columns: Overlap,
}

/// How much of a movement lies in a space, and how its own space stands to that.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlap {
    /// Dimensions of the space: so many hold 95 % of the first half.
    pub dimensions: usize,
    /// The share of the second half in it.
    pub share: f64,
    /// The share that is expected of a random walk, exactly.
    pub chance: f64,
    /// The most that any space of so many dimensions holds of the second half.
    pub most: f64,
    /// Dimensions that hold 95 % of the second half.
    pub later: usize,
    /// The principal angles between these two spaces, in degrees, ascending: as many as the smaller
    /// has dimensions. All are 0 if it lies in the larger.
    pub angles: Vec<f64>,
    /// The same of two spaces of so many dimensions that do not know of each other, as those of the
    /// two halves of a random walk do not.
    pub chance_angles: Vec<Quantiles>,
}

/// Whether the space of the movement is fixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fixed {
    /// On both sides: the space of the first half holds nine tenths, or more, of the most that any
    /// space of so many dimensions holds of the second, and more than 95 % of random walks.
    Yes,
    /// On one side at least it holds more than 95 % of random walks.
    Partly,
    /// It holds no more of the second half than those of random walks do.
    No,
}

/// A spectrum, and directions from large to small.
pub(super) type Directions = (Spectrum, Matrix<f64>);

impl SecondHalf {
    /// From the directions of D_1..D_h and of the `W_k - W_h`, whose lower Gram matrices `second` are,
    /// with the squared norm `later`. `None` of one step, if nothing moves in one of the halves, or if
    /// a side is too long.
    pub(super) fn new(
        half: usize,
        first: [Option<Directions>; 2],
        own: [Option<Directions>; 2],
        second: &Grams,
        later: f64,
        watch: Watch<'_>,
    ) -> Option<Self> {
        let [rows, columns] = first;
        let [own_rows, own_columns] = own;
        let grams = [second.rows.as_ref()?, second.columns.as_ref()?];
        let side = |number: usize, first: Option<Directions>, own: Option<Directions>| {
            let ((spectrum, directions), (own_spectrum, own)) = (first?, own?);
            let (dimensions, later_on) =
                (spectrum.dimensions_for(MOST), own_spectrum.dimensions_for(MOST));
            let (basis, own) = (leading(&directions, dimensions), leading(&own, later_on));
            Some(Overlap {
                dimensions,
                share: (inside(grams[number], &basis) / later).min(1.0),
                chance: dimensions as f64 / basis.rows() as f64,
                most: own_spectrum.explained(dimensions),
                later: later_on,
                angles: principal_angles(&basis, &own),
                chance_angles: angles_by_chance(
                    basis.rows(),
                    [dimensions, later_on],
                    number as u64,
                    watch,
                ),
            })
        };
        let (rows, columns) = (side(0, rows, own_rows)?, side(1, columns, own_columns)?);
        (later > 0.0).then_some(SecondHalf { first: half, rows, columns })
    }

    /// Whether the space is fixed, beside random walks that were asked about it.
    pub fn verdict(&self, walk: &Null) -> Fixed {
        let by_chance = walk.second_half.map(|sides| sides.map(|share| share.high));
        let by_chance = by_chance.unwrap_or([self.rows.chance, self.columns.chance]);
        let sides = [&self.rows, &self.columns];
        let above = [0, 1].map(|side| sides[side].share > by_chance[side]);
        let whole = sides.iter().all(|side| side.share >= FIXED * side.most);
        match (above, whole) {
            ([true, true], true) => Fixed::Yes,
            ([false, false], _) => Fixed::No,
            _ => Fixed::Partly,
        }
    }
}

/// The principal angles between the spans of two sets of orthonormal columns, in degrees, ascending:
/// cosines are the singular values of A^T B, sines those of what is left of the smaller outside the
/// larger. Each angle takes the two together, as neither alone is accurate near both ends (1).
pub(super) fn principal_angles(a: &Matrix<f64>, b: &Matrix<f64>) -> Vec<f64> {
    let (large, small) = if a.cols() >= b.cols() { (a, b) } else { (b, a) };
    let inside = Matrix::product(large.t(), small.view());
    let cosines = f64::singular_values(&inside);
    let sines = f64::singular_values(&small.minus(&large.times(&inside)));
    let pairs = sines.iter().rev().zip(&cosines);
    pairs.map(|(sine, cosine)| sine.atan2(*cosine).to_degrees()).collect()
}

/// Angles between spaces of these dimensions in `ambient` dimensions, of which one is uniform (2).
fn angles_by_chance(
    ambient: usize,
    dimensions: [usize; 2],
    side: u64,
    watch: Watch<'_>,
) -> Vec<Quantiles> {
    let [large, small] = [dimensions[0].max(dimensions[1]), dimensions[0].min(dimensions[1])];
    // An orthonormal basis, and the singular values of a part of it.
    let work = 2 * ambient.saturating_mul(small).saturating_mul(small);
    let draws = draws_within(DRAWS, work);
    let made: Vec<Vec<f64>> = counted("spaces by chance", draws, watch, |draw| {
        let mut stream = Stream::new("spaces of weights by chance", side, draw as u64);
        let basis = orthonormal(ambient, small, &mut stream);
        let inside = Matrix::from_fn(large, small, |i, j| basis[(i, j)]);
        let cosines = f64::singular_values(&inside);
        cosines.iter().map(|cosine| cosine.min(1.0).acos().to_degrees()).collect()
    });
    let angle = |place: usize| Quantiles::of(made.iter().map(|angles| angles[place]).collect());
    (0..small).map(angle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two planes that share a line and are turned by an angle about it.
    #[test]
    fn angles_are_exact_near_both_ends() {
        for turned in [0.0, 1e-9, 0.3, 1.0, std::f64::consts::FRAC_PI_2] {
            let plane = |angle: f64| {
                let columns = [[1.0, 0.0], [0.0, angle.cos()], [0.0, angle.sin()], [0.0, 0.0]];
                Matrix::from_rows(&columns)
            };
            let found = principal_angles(&plane(0.2), &plane(0.2 + turned));
            let expected = turned.to_degrees();
            assert!(found[0].abs() < 1e-13, "{found:?}");
            assert!((found[1] - expected).abs() < 1e-13 + 1e-9 * expected, "{found:?} {expected}");
            // A line of the one in the other.
            let line = Matrix::from_columns(4, 1, plane(0.2).column(1).to_vec());
            let found = principal_angles(&line, &plane(0.2 + turned));
            assert!((found[0] - expected).abs() < 1e-13 + 1e-9 * expected, "{found:?} {expected}");
        }
    }

    /// Of a line in n dimensions the squared cosine to a space of r is r / n on average.
    #[test]
    fn lines_by_chance_are_as_far_as_they_should() {
        let found = angles_by_chance(200, [50, 1], 0, &|_| ());
        let middle = found[0].median.to_radians().cos().powi(2);
        assert!((middle - 0.25).abs() < 0.03, "{found:?}");
        // Spaces that must meet.
        let found = angles_by_chance(5, [3, 3], 0, &|_| ());
        assert!(found[0].high < 1e-5 && found[2].low > 1.0, "{found:?}");
    }
}
