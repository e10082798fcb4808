//! Several recordings together: paired differences of each, pooled with random effects.

use serde::Serialize;

/// Differences of several recordings, pooled by the method of R. DerSimonian and N. Laird
/// ("Meta-analysis in clinical trials", Controlled Clinical Trials 7, 1986): true differences vary
/// from recording to recording with a variance that the spread of those found says.
///
/// The interval takes that variance as known; of a few recordings it is too narrow.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Pooled {
    /// Recordings with a finite difference and standard error.
    pub recordings: usize,
    /// The mean of the true differences.
    pub difference: f64,
    /// Its standard error.
    pub se: f64,
    /// Its confidence interval of 95 %, by the normal law.
    pub interval: (f64, f64),
    /// The standard deviation of true differences from recording to recording, tau.
    pub between: f64,
    /// The share of the spread that is more than chance within recordings, I^2.
    pub heterogeneity: f64,
}

/// The 97.5 % quantile of the standard normal law.
const NORMAL: f64 = 1.959_963_984_540_054;

impl Pooled {
    /// Of differences, each with its standard error; those that are not finite, or have no standard
    /// error above zero, are left out. None of less than two.
    pub fn of(differences: &[(f64, f64)]) -> Option<Self> {
        let finite =
            |&(difference, se): &(f64, f64)| difference.is_finite() && se.is_finite() && se > 0.0;
        let found: Vec<(f64, f64)> = differences.iter().copied().filter(finite).collect();
        if found.len() < 2 {
            return None;
        }
        let freedom = found.len() as f64 - 1.0;
        let mean = |between: f64| {
            let weight = |se: f64| 1.0 / (se * se + between);
            let total: f64 = found.iter().map(|&(_, se)| weight(se)).sum();
            let sum: f64 = found.iter().map(|&(difference, se)| weight(se) * difference).sum();
            (sum / total, total)
        };
        let (fixed, total) = mean(0.0);
        let q: f64 =
            found.iter().map(|&(difference, se)| ((difference - fixed) / se).powi(2)).sum();
        let squares: f64 = found.iter().map(|&(_, se)| se.powi(-4)).sum();
        let between = ((q - freedom) / (total - squares / total)).max(0.0);
        let (difference, total) = mean(between);
        let se = total.sqrt().recip();
        Some(Pooled {
            recordings: found.len(),
            difference,
            se,
            interval: (difference - NORMAL * se, difference + NORMAL * se),
            between: between.sqrt(),
            heterogeneity: if q > 0.0 { ((q - freedom) / q).max(0.0) } else { 0.0 },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By hand: weights 1, 1/4, 1; Q = 8; tau^2 = (8 - 2) / (2.25 - 2.0625 / 2.25) = 4.5.
    #[test]
    fn three_differences_are_pooled_as_by_hand() {
        let found = Pooled::of(&[(0.0, 1.0), (2.0, 2.0), (4.0, 1.0)]).unwrap();
        assert!((found.between.powi(2) - 4.5).abs() < 1e-12, "{found:?}");
        assert!((found.difference - 2.0).abs() < 1e-12);
        assert!((found.heterogeneity - 0.75).abs() < 1e-12);
        let total = 2.0 / 5.5 + 1.0 / 8.5;
        assert!((found.se - 1.0 / f64::sqrt(total)).abs() < 1e-12);
        assert!((found.interval.1 - found.interval.0 - 2.0 * NORMAL * found.se).abs() < 1e-12);
    }

    #[test]
    fn equal_differences_do_not_vary() {
        let found = Pooled::of(&[(0.3, 0.1), (0.3, 0.2), (0.3, 0.1)]).unwrap();
        assert_eq!((found.between, found.heterogeneity, found.recordings), (0.0, 0.0, 3));
        assert!((found.difference - 0.3).abs() < 1e-12);
        assert!((found.se - 225_f64.sqrt().recip()).abs() < 1e-12);
    }

    #[test]
    fn less_than_two_are_not_pooled() {
        assert_eq!(Pooled::of(&[(0.3, 0.1), (f64::NAN, 0.1), (0.2, 0.0)]), None);
    }
}
