//! How many dimensions sums of R terms have at most whose slices span matrices of low rank.
//!
//! R terms a_r (x) b_r span a space E of matrices, and the k slices a space S inside it. All S in all E make
//! R (r1 + r2 - 2) + k (R - k) + k^2 dimensions. If S holds a matrix G of low rank there are fewer. Let G be
//! made of m of the terms: matrices of rank one whose sum A B^T has rank g. With A of rank x, they have
//!
//! ```text
//! sums(m) = g (r1 + r2 - g) + max over x of (x - g) (r1 - x) + x m + r2 (m - x) - m
//! ```
//!
//! numbers. With the other terms, and with all S in E around G, this makes
//!
//! ```text
//! (R - m) (r1 + r2 - 2) + sums(m) - 1 + (k - 1) (R - k) + k^2.
//! ```
//!
//! If m = g the terms span the rows and columns of G, and another matrix H of S is looked at on the kernel of
//! G. If it has rank h there, it is a sum of m' more terms, of which sums(m') numbers, of matrices with g columns
//! less, are left there. Each has g numbers more, and H has g multiples of the terms of G. The same of the
//! transposes. A matrix G of rank one is a term itself (see the substitution method), so that m = 1.

/// Of two matrices in the span of the slices, G and H.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ranks {
    /// The rank of G, one or more.
    pub first: usize,
    /// The rank of H on the kernel of G.
    pub on_kernel: usize,
    /// The rank of H^T on the kernel of G^T.
    pub on_cokernel: usize,
}

/// The most dimensions of sums of so many terms of the format r1 x r2 x k whose slices span matrices of such
/// ranks. `terms` is at least r1, r2 and k.
pub(super) fn most([r1, r2, k]: [usize; 3], ranks: Ranks, terms: usize) -> usize {
    let each = r1 + r2 - 2;
    let first = ranks.first;
    let of_first = |m: usize| {
        let others = (terms - m) * each + (k - 1) * (terms - k) + k * k;
        sums([r1, r2], first, m) - 1 + others
    };
    let of_both = |[kept, cut]: [usize; 2], rank: usize| {
        let with = |m: usize| {
            // H is there up to multiples of itself and of G.
            let second = sums([kept, cut - first], rank, m) + first * m + first - 2;
            let others = (terms - first - m) * each + (k - 2) * (terms - k) + k * k;
            sums([r1, r2], first, first) - 1 + second + others
        };
        (rank > 0).then(|| (rank..=terms - first).map(with).max()).flatten()
    };
    let sides = [of_both([r1, r2], ranks.on_kernel), of_both([r2, r1], ranks.on_cokernel)];
    let least = sides.into_iter().flatten().fold(of_first(first), usize::min);
    let others = if first == 1 { 2..2 } else { first + 1..terms + 1 };
    others.map(of_first).fold(least, usize::max)
}

/// How many dimensions all so many matrices of rank one have whose sum has a given rank.
fn sums([rows, cols]: [usize; 2], rank: usize, terms: usize) -> usize {
    let with = |x: usize| (x - rank) * (rows - x) + x * terms + cols * (terms - x);
    let ways = (rank..=terms.min(rows)).map(with).max().expect("no more than rows and terms");
    rank * (rows + cols - rank) + ways - terms
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As many terms as the rank are free; one term more has a sum of lower rank in one way less.
    #[test]
    fn sums_of_low_rank_are_counted() {
        assert_eq!(sums([6, 6], 2, 2), 2 * 11);
        assert_eq!(sums([6, 5], 5, 5), 5 * 10);
        // Three terms of rank two: the rows or the columns of one are among those of the others.
        assert_eq!(sums([6, 6], 2, 3), 3 * 11 - 4);
        assert_eq!(sums([3, 3], 2, 3), 3 * 5 - 1);
        // From either side.
        for terms in 2..9 {
            assert_eq!(sums([4, 7], 2, terms), sums([7, 4], 2, terms));
        }
    }

    /// A matrix of full rank takes nothing away; one of low rank does, and another beside it more.
    #[test]
    fn low_ranks_take_dimensions_away() {
        let all = 11 * 10 + 5 * 6 + 25;
        let ranks = |first, on_kernel| Ranks { first, on_kernel, on_cokernel: 0 };
        let format = [6, 6, 5];
        let low = most(format, ranks(2, 0), 11);
        assert!(low < all);
        assert!(most(format, ranks(2, 2), 11) < low);
        // Of H of full rank on the kernel nothing is known that is less than of G alone.
        assert_eq!(most(format, ranks(2, 4), 11), low);
        assert!(most(format, ranks(6, 0), 11) >= all);
    }
}
