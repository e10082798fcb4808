//! A course over trials that is fitted to single trials and smooth: a random walk as its prior.

/// The course c that minimises `sum_k weight_k c_k^2 - 2 pull_k c_k + stiffness sum_k (c_{k+1} -
/// c_k)^2`, by elimination from both neighbours; where nothing pulls, it runs straight on.
pub(super) fn smooth_course(weights: &[f64], pulls: &[f64], stiffness: f64) -> Vec<f64> {
    let count = weights.len();
    let neighbours = |k: usize| usize::from(k > 0) + usize::from(k + 1 < count);
    let mut diagonal = vec![0.0; count];
    let mut course = vec![0.0; count];
    for k in 0..count {
        diagonal[k] = (weights[k] + stiffness * neighbours(k) as f64).max(f64::MIN_POSITIVE);
        course[k] = pulls[k];
        if k > 0 {
            let ratio = stiffness / diagonal[k - 1];
            // Rounding must not let an unweighted course become singular.
            diagonal[k] = (diagonal[k] - ratio * stiffness).max(1e-12 * diagonal[k]);
            course[k] += ratio * course[k - 1];
        }
    }
    for k in (0..count).rev() {
        let after = if k + 1 < count { stiffness * course[k + 1] } else { 0.0 };
        course[k] = (course[k] + after) / diagonal[k];
    }
    course
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_solves_its_equations_and_runs_on_where_nothing_pulls() {
        let (weights, pulls) = ([2.0, 0.0, 1.0, 3.0, 0.0, 0.0], [2.0, 0.0, -1.0, 3.0, 0.0, 0.0]);
        let course = smooth_course(&weights, &pulls, 0.7);
        for k in 0..6 {
            let mut left = weights[k] * course[k];
            if k > 0 {
                left += 0.7 * (course[k] - course[k - 1]);
            }
            if k < 5 {
                left += 0.7 * (course[k] - course[k + 1]);
            }
            assert!((left - pulls[k]).abs() < 1e-12, "{k}: {left}");
        }
        assert!((course[5] - course[3]).abs() < 1e-12);
        let free = smooth_course(&weights[..1], &pulls[..1], 0.0);
        assert_eq!(free, [1.0]);
    }
}
