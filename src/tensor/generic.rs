//! The CP rank of almost all tensors of a format over the complex numbers.
//!
//! R terms have R (a + b + c - 2) numbers, so that almost all tensors have abc / (a + b + c - 2) or more,
//! rounded up. It is that many except
//!
//! - in unbalanced formats, c > (a-1) (b-1) with c the largest: min(c, a b);
//! - in n x n x 3 with an odd n, where it is one more.
//!
//! That these are all exceptions is proved for many formats and a conjecture for all. The table of `explore
//! --measure cp` compares with it, and derives nothing from it.
//!
//! 1. M. V. Catalisano, A. V. Geramita and A. Gimigliano, "On the ideals of secant varieties to
//!    certain rational varieties", Journal of Algebra 319 (2008): unbalanced formats.
//! 2. V. Strassen, "Rank and optimal computation of generic tensors", Linear Algebra and its
//!    Applications 52 (1983): n x n x 3.
//! 3. H. Abo, G. Ottaviani and C. Peterson, "Induction for secant varieties of Segre varieties",
//!    Transactions of the AMS 361 (2009): the conjecture.

/// The generic CP rank of a format over the complex numbers: proved or conjectured, see the module.
pub fn generic_rank(mut format: [usize; 3]) -> usize {
    format.sort_unstable();
    let [a, b, c] = format;
    if a == 0 {
        return 0;
    }
    if c > (a - 1) * (b - 1) {
        return c.min(a * b);
    }
    let counted = (a * b * c).div_ceil(a + b + c - 2);
    let is_odd = a == 3 && b == c && b % 2 == 1;
    counted + usize::from(is_odd)
}
