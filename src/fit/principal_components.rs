//! What a linear view of the activity with as many dimensions explains.

use super::likelihood::Likelihood;
use super::misfit::Misfit;
use super::observations::{Observations, Role};
use super::score::{Score, Sums};
use crate::matrix::Matrix;
use crate::recording::Recording;

/// Rounds of filling in at most.
const ROUNDS: usize = 30;
/// A change of what was filled in that ends the rounds, relative to its size.
const CLOSE: f64 = 1e-3;

/// How well the entries of some roles are predicted by the first `rank` principal components of the
/// neurons, fitted to the training entries by least squares; of counts too. Entries that are not
/// trained on are filled in by what the components say of them, again and again, from the training
/// means of their neurons: no time course is free of the rest of its bin.
///
/// # Errors
///
/// If there are not as many roles as entries.
pub fn principal_components<const N: usize>(
    recording: &Recording,
    roles: &[Role],
    likelihood: Likelihood,
    rank: usize,
    judged: [Role; N],
) -> Result<[Score; N], Misfit> {
    let observations: Observations<f64> = Observations::new(recording, roles)?;
    let neurons = recording.neurons;
    let means = |place: usize| observations.statistics[place % neurons].mean;
    let known = |place: usize| roles[place] == Role::Train;
    let entry =
        |(place, &value): (usize, &f64)| if known(place) { value - means(place) } else { 0.0 };
    let data = recording.activity.iter().enumerate().map(entry).collect();
    let mut filled = Matrix::from_columns(neurons, roles.len() / neurons, data);
    for _ in 0..ROUNDS {
        let seen = projected(&filled, rank);
        let (mut change, mut size) = (0.0, 0.0);
        for (place, value) in filled.data_mut().iter_mut().enumerate() {
            if !known(place) {
                change += (*value - seen.data()[place]).powi(2);
                *value = seen.data()[place];
                size += value.powi(2);
            }
        }
        if change <= CLOSE * CLOSE * size {
            break;
        }
    }
    let seen = projected(&filled, rank);
    let mean = |place: usize| means(place) + seen.data()[place];
    Ok(judged.map(|role| {
        let mut sums = Sums::new(likelihood);
        for (place, _) in roles.iter().enumerate().filter(|&(_, &other)| other == role) {
            let neuron = &observations.statistics[place % neurons];
            let mean = likelihood.law::<f64>().possible(mean(place), neuron);
            sums.add(recording.activity[place], mean, neuron);
        }
        sums.score(observations.variance())
    }))
}

/// Columns projected on their first principal axes.
fn projected(columns: &Matrix<f64>, rank: usize) -> Matrix<f64> {
    let covariance = Matrix::product(columns.view(), columns.t());
    let Some((_, axes)) = covariance.symmetric_eigen() else { return columns.clone() };
    let first = axes.columns(0..rank.min(axes.cols()));
    Matrix::product(first, Matrix::product(first.transpose(), columns.view()).view())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::HeldOut;

    /// Activity of rank two: two components fill in what is held out, one does not.
    #[test]
    fn activity_of_two_dimensions_needs_two_components() {
        let [trials, bins, neurons] = [30, 12, 9];
        let entry = |place: usize| {
            let (n, t, k) = (place % neurons, place / neurons % bins, place / neurons / bins);
            let (n, t, k) = (n as f64, t as f64, k as f64);
            3.0 + (0.7 * n).cos() * (0.5 * t + k).sin() + (1.3 * n).sin() * (0.2 * t * k).cos()
        };
        let activity = (0..trials * bins * neurons).map(entry).collect();
        let recording = Recording::from_array(activity, [trials, bins, neurons], 0.1).build();
        let recording = recording.unwrap();
        let roles = HeldOut::default().roles(&recording, 0, &[Role::Test], 1).unwrap();
        let r2 = |rank| {
            let judged = [Role::Train, Role::Test];
            let found =
                principal_components(&recording, &roles, Likelihood::Gaussian, rank, judged);
            found.unwrap().map(|score| score.r2)
        };
        let ([train, test], [one, _]) = (r2(2), r2(1));
        assert!(train > 0.9999 && test > 0.999, "{train} {test}");
        assert!(one < 0.9, "{one}");
    }
}
