//! Slopes of log-log regressions: how fast something falls with a parameter.

use std::fmt;

use statrs::distribution::{ContinuousCDF, StudentsT};

/// The exponent of a power law, with its confidence interval at 95 %.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slope {
    /// The exponent.
    pub estimate: f64,
    /// Half the width of the interval.
    pub half_width: f64,
}

impl Slope {
    /// The least-squares slope of ln y over ln x, from three points or more; the interval is that
    /// of Student's t with n - 2 degrees of freedom. `None` with fewer points, with numbers that
    /// are not positive, or if all x are equal.
    ///
    /// # Examples
    ///
    /// ```
    /// use rankproof::theorem::Slope;
    ///
    /// let slope = Slope::of_logs(&[(1.0, 5.0), (2.0, 20.0), (4.0, 80.0)]).unwrap();
    /// assert!((slope.estimate - 2.0).abs() < 1e-12 && slope.half_width < 1e-12);
    /// ```
    pub fn of_logs(points: &[(f64, f64)]) -> Option<Self> {
        if points.len() < 3 || points.iter().any(|&(x, y)| !(x > 0.0 && y > 0.0)) {
            return None;
        }
        let logs: Vec<_> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
        let n = logs.len() as f64;
        let mean_x = logs.iter().map(|(x, _)| x).sum::<f64>() / n;
        let mean_y = logs.iter().map(|(_, y)| y).sum::<f64>() / n;
        let spread: f64 = logs.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
        if spread == 0.0 {
            return None;
        }
        let joint: f64 = logs.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
        let estimate = joint / spread;
        let residual = |&(x, y): &(f64, f64)| y - mean_y - estimate * (x - mean_x);
        let left: f64 = logs.iter().map(|point| residual(point).powi(2)).sum();
        let quantile = StudentsT::new(0.0, 1.0, n - 2.0).ok()?.inverse_cdf(0.975);
        Some(Slope { estimate, half_width: quantile * (left / (n - 2.0) / spread).sqrt() })
    }

    /// Whether the exponent is at least `predicted`, within `tolerance`: `None` if the interval
    /// does not say.
    pub fn is_at_least(&self, predicted: f64, tolerance: f64) -> Option<bool> {
        let least = predicted - tolerance;
        if self.estimate - self.half_width > least {
            Some(true)
        } else if self.estimate + self.half_width < least {
            Some(false)
        } else {
            None
        }
    }
}

/// `1.998 +- 0.004`
impl fmt::Display for Slope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} +- {:.3}", self.estimate, self.half_width)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The textbook formula, on a small sample worked by hand: y = x^1 with residuals.
    #[test]
    fn the_interval_is_that_of_student() {
        let e = std::f64::consts::E;
        // ln x = 0, 1, 2 and ln y = 0, 2, 2: slope 1, residuals -1/3, 2/3, -1/3.
        let slope = Slope::of_logs(&[(1.0, 1.0), (e, e * e), (e * e, e * e)]).expect("three");
        assert!((slope.estimate - 1.0).abs() < 1e-12);
        // t(0.975, 1) = 12.7062; standard error sqrt((6/9) / 1 / 2).
        assert!((slope.half_width - 12.7062 * (1.0f64 / 3.0).sqrt()).abs() < 1e-3, "{slope}");
        assert_eq!(slope.is_at_least(1.0, 0.1), None);
    }

    #[test]
    fn a_law_is_confirmed_or_refuted_by_its_interval() {
        let points: Vec<_> = (1..6).map(|j| (f64::from(j), f64::from(j).powi(2))).collect();
        let slope = Slope::of_logs(&points).expect("five");
        assert_eq!(slope.is_at_least(2.0, 0.1), Some(true));
        assert_eq!(slope.is_at_least(3.0, 0.1), Some(false));
        assert_eq!(Slope::of_logs(&points[..2]), None);
        assert_eq!(Slope::of_logs(&[(1.0, 0.0), (2.0, 1.0), (3.0, 1.0)]), None);
    }
}
