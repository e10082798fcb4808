//! The plane in which the states of all trials move most.

use crate::matrix::Matrix;

/// The first two principal axes of all states, through their mean.
pub(super) struct Plane {
    centre: Vec<f64>,
    /// Orthonormal, (N, 2).
    axes: Matrix<f64>,
    /// The share of the states' variance that lies in the plane.
    share: f64,
}

/// Less variance along the second axis than this share of that along the first is rounding.
const LINE: f64 = 1e-10;

impl Plane {
    /// Of states at the bins of each trial, (N, T); none of states that move along one line, or not
    /// at all.
    pub fn of_states(states: &[Matrix<f64>]) -> Option<Self> {
        let units = states.first()?.rows();
        let count: usize = states.iter().map(Matrix::cols).sum();
        let mut centre = vec![0.0; units];
        let columns = || states.iter().flat_map(|trial| trial.data().chunks_exact(units));
        for column in columns() {
            centre.iter_mut().zip(column).for_each(|(sum, x)| *sum += x / count as f64);
        }
        let mut covariance = Matrix::zeros(units, units);
        for trial in states {
            let moved = Matrix::from_fn(units, trial.cols(), |i, t| trial[(i, t)] - centre[i]);
            covariance.add_scaled(1.0, &Matrix::product(moved.view(), moved.t()));
        }
        let (values, vectors) = covariance.symmetric_eigen()?;
        if values.len() < 2 || values[1] <= LINE * values[0] {
            return None;
        }
        // The sign of an axis is free: its largest entry is positive.
        let mut axes = Matrix::from_fn(units, 2, |i, axis| vectors[(i, axis)]);
        for axis in 0..2 {
            let largest = axes.column(axis).iter().copied();
            let largest = largest.fold(0.0_f64, |a, b| if b.abs() > a.abs() { b } else { a });
            axes.column_mut(axis).iter_mut().for_each(|x| *x *= largest.signum());
        }
        let share = (values[0] + values[1]) / values.iter().sum::<f64>();
        Some(Plane { centre, axes, share })
    }

    /// Where a state (N) is seen.
    pub fn seen(&self, state: &[f64]) -> (f64, f64) {
        let along = |axis: usize| {
            let moved = state.iter().zip(&self.centre).map(|(x, centre)| x - centre);
            moved.zip(self.axes.column(axis)).map(|(x, axis)| x * axis).sum()
        };
        (along(0), along(1))
    }

    /// The states, (N, points), at points of the plane.
    pub fn states(&self, points: &[(f64, f64)]) -> Matrix<f64> {
        let coordinates = points.iter().flat_map(|&(x, y)| [x, y]).collect();
        let mut states = self.axes.times(&Matrix::from_columns(2, points.len(), coordinates));
        for state in states.data_mut().chunks_exact_mut(self.centre.len()) {
            state.iter_mut().zip(&self.centre).for_each(|(x, centre)| *x += centre);
        }
        states
    }

    /// What it is, with the share of the variance in it.
    pub fn in_words(&self) -> String {
        format!("plane of most movement, {:.0} % of the variance of states", 100.0 * self.share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_of_a_tilted_plane_are_seen_where_they_are() {
        // Along (3, 4, 0) / 5 by 2 cos, and along (0, 0, 1) by sin.
        let state = |t: f64| [1.0 + 1.2 * t.cos(), 1.6 * t.cos() - 2.0, 0.5 + t.sin()];
        let angle = |t: usize| t as f64 * std::f64::consts::TAU / 60.0;
        let trial = Matrix::from_columns(3, 60, (0..60).flat_map(|t| state(angle(t))).collect());
        let plane = Plane::of_states(&[trial.clone(), trial]).unwrap();
        assert!((plane.share - 1.0).abs() < 1e-12);
        let (x, y) = plane.seen(&state(0.3));
        assert!((x - 2.0 * 0.3_f64.cos()).abs() < 1e-9 && (y.abs() - 0.3_f64.sin()).abs() < 1e-9);
        let back = plane.states(&[(x, y)]);
        assert!(back.data().iter().zip(state(0.3)).all(|(a, b)| (a - b).abs() < 1e-9));
    }

    #[test]
    fn a_line_has_no_plane() {
        let line = Matrix::from_fn(3, 10, |i, t| (i + 1) as f64 * t as f64);
        assert!(Plane::of_states(&[line]).is_none());
        assert!(Plane::of_states(&[Matrix::zeros(3, 4)]).is_none());
    }
}
