//! Behaviour read out linearly from the states of a fit, and from the recorded neurons beside it.
//!
//! Ridge regression of each dimension of the behaviour in a bin on the states (or the activity) in
//! the same bin, cross-validated over trials: folds of whole trials, with a penalty that is chosen by
//! the other folds. States were inferred from the activity of all trials; the behaviour of a fold's
//! trials is used for nothing but its score.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, StudentsT};

use super::misfit::Misfit;
use super::states::States;
use crate::matrix::Matrix;
use crate::recording::{Behaviour, Recording};
use crate::scalar::Stream;
use crate::statistics::Moments;

/// Penalties that are tried, as shares of the variance of each feature.
const PENALTIES: [f64; 8] = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1.0, 10.0];

/// What behaviour is predicted by.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Decoded {
    /// Folds of trials.
    pub folds: usize,
    /// Trials with bins in which behaviour and all neurons were recorded.
    pub trials: usize,
    /// Such bins.
    pub bins: usize,
    /// Bins of other trials or with something missing, that are used for nothing.
    pub left_out: usize,
    /// Of each dimension of the behaviour.
    pub dimensions: Vec<DecodedDimension>,
}

/// How well a dimension of the behaviour is predicted on the trials of folds that were left out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DecodedDimension {
    /// What it is called.
    pub name: String,
    /// By the states of the fit.
    pub states: R2,
    /// By the recorded neurons.
    pub neurons: R2,
    /// By the mean over trials of the same condition in the same bin: what the condition alone says.
    pub conditions: R2,
}

/// An explained share of the variance about the mean of the training trials, over folds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct R2 {
    /// Its mean.
    #[serde(with = "crate::json::number")]
    pub mean: f64,
    /// Its confidence interval of 95 %, by Student's t over folds.
    #[serde(with = "crate::json::range")]
    pub interval: Option<(f64, f64)>,
}

impl R2 {
    fn of(folds: &[f64]) -> Self {
        let moments = Moments::of(folds.iter().copied());
        let law = StudentsT::new(0.0, 1.0, folds.len() as f64 - 1.0).ok();
        let half = law.map(|law| law.inverse_cdf(0.975) * moments.standard_error());
        let interval = half.map(|half| (moments.mean - half, moments.mean + half));
        R2 { mean: moments.mean, interval: interval.filter(|ends| ends.0.is_finite()) }
    }
}

/// Reads behaviour out of states and of neurons, in as many folds of trials, drawn from a seed.
///
/// # Errors
///
/// If the recording has no behaviour or is not the one that was fitted, there are fewer than three
/// folds or fewer trials than folds.
pub fn decode(
    recording: &Recording,
    states: &States,
    folds: usize,
    seed: u64,
) -> Result<Decoded, Misfit> {
    let expected = "one with behaviour, which `rankproof prepare --behaviour` adds";
    let behaviour = recording.behaviour.as_ref();
    let behaviour = behaviour.ok_or_else(|| Misfit::new("recording", "one without", expected))?;
    let expected = "the one that was fitted";
    let same = states.fingerprint == recording.fingerprint() && states.bins == recording.bins;
    Misfit::unless(same, "recording", "another", expected)?;
    Misfit::unless(folds >= 3, "number of folds", folds, "at least 3")?;
    let bins = usable(recording, behaviour);
    let mut trials: Vec<usize> = bins.iter().map(|&(_, k)| k).collect();
    trials.dedup();
    let expected = format!("at least one for each of {folds} folds");
    Misfit::unless(
        trials.len() >= folds,
        "number of trials with behaviour",
        trials.len(),
        expected,
    )?;
    let order = Stream::new("folds of trials", seed, 0).permutation(trials.len());
    let mut fold_of = vec![0; recording.trials];
    order.iter().enumerate().for_each(|(place, &t)| fold_of[trials[t]] = place % folds);

    let targets = |t: usize, k: usize| behaviour.in_bin(recording.bins, t, k);
    let by = |features: &dyn Fn(usize, usize) -> Vec<f64>| {
        let sums = Sums::of_folds(&bins, &fold_of, folds, features, &targets);
        (0..folds).map(|fold| explained(&sums, fold)).collect::<Vec<_>>()
    };
    let by_states = by(&|t, k| states.at(t, k).to_vec());
    let by_neurons = by(&|t, k| {
        let place = recording.place(0, t, k);
        recording.activity[place..place + recording.neurons].to_vec()
    });
    let by_conditions: Vec<Vec<f64>> = (0..folds)
        .map(|fold| explained_by_conditions(recording, behaviour, &bins, &fold_of, fold))
        .collect();
    let dimension = |(d, name): (usize, &String)| {
        let of = |folds: &[Vec<f64>]| R2::of(&folds.iter().map(|r2| r2[d]).collect::<Vec<_>>());
        DecodedDimension {
            name: name.clone(),
            states: of(&by_states),
            neurons: of(&by_neurons),
            conditions: of(&by_conditions),
        }
    };
    Ok(Decoded {
        folds,
        trials: trials.len(),
        bins: bins.len(),
        left_out: recording.bins * recording.trials - bins.len(),
        dimensions: behaviour.names.iter().enumerate().map(dimension).collect(),
    })
}

/// Bin and trial of what has all of behaviour and activity, trial after trial.
fn usable(recording: &Recording, behaviour: &Behaviour) -> Vec<(usize, usize)> {
    let all = (0..recording.trials).flat_map(|k| (0..recording.bins).map(move |t| (t, k)));
    all.filter(|&(t, k)| {
        let place = recording.place(0, t, k);
        let activity = &recording.activity[place..place + recording.neurons];
        behaviour.in_bin(recording.bins, t, k).iter().chain(activity).all(|x| x.is_finite())
    })
    .collect()
}

/// Sums over some bins: of features x (p) and of behaviour y (d), and of all their products.
#[derive(Clone)]
struct Sums {
    count: f64,
    x: Vec<f64>,
    y: Vec<f64>,
    xx: Matrix<f64>,
    xy: Matrix<f64>,
    yy: Vec<f64>,
}

impl Sums {
    fn of_folds<'a>(
        bins: &[(usize, usize)],
        fold_of: &[usize],
        folds: usize,
        features: &dyn Fn(usize, usize) -> Vec<f64>,
        targets: &dyn Fn(usize, usize) -> &'a [f64],
    ) -> Vec<Self> {
        let of_fold = |fold: usize| {
            let own: Vec<_> = bins.iter().filter(|&&(_, k)| fold_of[k] == fold).collect();
            let x: Vec<Vec<f64>> = own.iter().map(|&&(t, k)| features(t, k)).collect();
            let y: Vec<&[f64]> = own.iter().map(|&&(t, k)| targets(t, k)).collect();
            let x = Matrix::from_columns(x[0].len(), x.len(), x.concat());
            let y = Matrix::from_columns(y[0].len(), y.len(), y.concat());
            let total = |matrix: &Matrix<f64>| {
                let row = |i: usize| (0..matrix.cols()).map(|j| matrix[(i, j)]).sum();
                (0..matrix.rows()).map(row).collect()
            };
            let square = |d: usize| (0..y.cols()).map(|j| y[(d, j)].powi(2)).sum();
            Sums {
                count: own.len() as f64,
                x: total(&x),
                y: total(&y),
                xx: Matrix::product(x.view(), x.t()),
                xy: Matrix::product(x.view(), y.t()),
                yy: (0..y.rows()).map(square).collect(),
            }
        };
        (0..folds).map(of_fold).collect()
    }

    /// Over the bins of several folds.
    fn over<'a>(mut parts: impl Iterator<Item = &'a Sums>) -> Self {
        let mut all = parts.next().expect("there are folds").clone();
        let add = |sum: &mut Vec<f64>, part: &[f64]| {
            sum.iter_mut().zip(part).for_each(|(sum, part)| *sum += part);
        };
        for part in parts {
            all.count += part.count;
            add(&mut all.x, &part.x);
            add(&mut all.y, &part.y);
            add(&mut all.yy, &part.yy);
            all.xx.add_scaled(1.0, &part.xx);
            all.xy.add_scaled(1.0, &part.xy);
        }
        all
    }

    /// The readout of each dimension, (p, d), with a penalty for each.
    fn readout(&self, penalties: &[f64]) -> Option<Matrix<f64>> {
        let (size, count) = (self.x.len(), self.count);
        let covariance = Matrix::from_fn(size, size, |i, j| {
            self.xx[(i, j)] / count - self.x[i] * self.x[j] / (count * count)
        });
        let largest = (0..size).map(|i| covariance[(i, i)]).fold(0.0, f64::max);
        let mut weights = Vec::with_capacity(size * penalties.len());
        for (d, penalty) in penalties.iter().enumerate() {
            let mut penalised = covariance.clone();
            for i in 0..size {
                // A feature that never changes has no weight.
                let variance = covariance[(i, i)];
                let floor = 1e-12 * largest.max(f64::MIN_POSITIVE);
                penalised[(i, i)] += penalty * variance.max(floor) + floor;
            }
            let right = Matrix::from_fn(size, 1, |i, _| {
                self.xy[(i, d)] / count - self.x[i] * self.y[d] / (count * count)
            });
            weights.extend_from_slice(penalised.solve_positive(&right)?.data());
        }
        Some(Matrix::from_columns(size, penalties.len(), weights))
    }

    /// The sum of squared errors in these bins of a readout that was found in others, for a
    /// dimension, and of the mean of the others.
    fn errors(&self, weights: &[f64], trained: &Sums, d: usize) -> (f64, f64) {
        let mean = trained.y[d] / trained.count;
        let predicted: f64 =
            weights.iter().zip(&trained.x).map(|(w, x)| w * x / trained.count).sum();
        let offset = mean - predicted;
        // y - w.x - offset, squared and summed.
        let along = |vector: &[f64]| weights.iter().zip(vector).map(|(w, x)| w * x).sum::<f64>();
        let w = Matrix::from_columns(weights.len(), 1, weights.to_vec());
        let quadratic = self.xx.times(&w).inner_product(&w);
        let error = self.yy[d] + quadratic + self.count * offset * offset
            - 2.0 * along(self.xy.column(d))
            - 2.0 * offset * self.y[d]
            + 2.0 * offset * along(&self.x);
        let total = self.yy[d] - 2.0 * mean * self.y[d] + self.count * mean * mean;
        (error.max(0.0), total)
    }
}

/// R2 of each dimension in a fold, with penalties chosen by the other folds.
fn explained(sums: &[Sums], fold: usize) -> Vec<f64> {
    let dimensions = sums[0].y.len();
    let others = || (0..sums.len()).filter(move |&other| other != fold);
    let mut errors = vec![vec![0.0; PENALTIES.len()]; dimensions];
    for inner in others() {
        let trained = Sums::over(others().filter(|&other| other != inner).map(|o| &sums[o]));
        for (p, penalty) in PENALTIES.iter().enumerate() {
            let weights = trained.readout(&vec![*penalty; dimensions]);
            for (d, errors) in errors.iter_mut().enumerate() {
                errors[p] += weights.as_ref().map_or(f64::INFINITY, |weights| {
                    sums[inner].errors(weights.column(d), &trained, d).0
                });
            }
        }
    }
    let best = |errors: &Vec<f64>| {
        let pairs = errors.iter().zip(PENALTIES);
        pairs.min_by(|a, b| a.0.total_cmp(b.0)).map_or(1.0, |(_, penalty)| penalty)
    };
    let penalties: Vec<f64> = errors.iter().map(best).collect();
    let trained = Sums::over(others().map(|other| &sums[other]));
    let Some(weights) = trained.readout(&penalties) else { return vec![f64::NAN; dimensions] };
    (0..dimensions)
        .map(|d| {
            let (error, total) = sums[fold].errors(weights.column(d), &trained, d);
            1.0 - error / total
        })
        .collect()
}

/// R2 of each dimension in a fold, predicted by the mean of the condition in the bin.
fn explained_by_conditions(
    recording: &Recording,
    behaviour: &Behaviour,
    bins: &[(usize, usize)],
    fold_of: &[usize],
    fold: usize,
) -> Vec<f64> {
    let conditions = recording.condition_names.len();
    let group = |t: usize, k: usize| t * conditions + recording.conditions[k];
    let is_own = |k: usize| fold_of[k] == fold;
    (0..behaviour.names.len())
        .map(|d| {
            let mut sums = vec![(0.0, 0.0); recording.bins * conditions];
            let mut all = (0.0, 0.0);
            for &(t, k) in bins.iter().filter(|&&(_, k)| !is_own(k)) {
                let y = behaviour.in_bin(recording.bins, t, k)[d];
                let sum = &mut sums[group(t, k)];
                (sum.0, sum.1) = (sum.0 + y, sum.1 + 1.0);
                (all.0, all.1) = (all.0 + y, all.1 + 1.0);
            }
            let mean = all.0 / all.1;
            let (mut error, mut total) = (0.0, 0.0);
            for &(t, k) in bins.iter().filter(|&&(_, k)| is_own(k)) {
                let (sum, count) = sums[group(t, k)];
                let y = behaviour.in_bin(recording.bins, t, k)[d];
                let predicted = if count > 0.0 { sum / count } else { mean };
                error += (y - predicted).powi(2);
                total += (y - mean).powi(2);
            }
            1.0 - error / total
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A latent of two dimensions seen by noisy neurons; behaviour is one of them, plus noise of a
    /// tenth of its variance, and a dimension of noise alone.
    fn simulated() -> (Recording, States) {
        let [trials, bins, neurons] = [60, 15, 12];
        let mut stream = Stream::new("decoding", 0, 0);
        let readout = Matrix::normal(neurons, 2, 1.0, &mut stream);
        let (mut activity, mut values, mut latents) = (Vec::new(), Vec::new(), Vec::new());
        for k in 0..trials {
            let phase = 0.9 * f64::from(k as u32 % 3) + 0.4 * stream.normal();
            for t in 0..bins {
                let angle = 0.3 * t as f64 + phase;
                let latent = Matrix::from_columns(2, 1, vec![angle.cos(), angle.sin()]);
                let seen = readout.times(&latent);
                activity.extend(seen.data().iter().map(|x| x + stream.normal()));
                latents.extend_from_slice(latent.data());
                // The variance of a cosine is a half.
                values.push(100.0 + 2.0 * (angle.cos() + (0.05_f64).sqrt() * stream.normal()));
                values.push(stream.normal());
            }
        }
        let recording = Recording::from_array(activity, [trials, bins, neurons], 0.05)
            .conditions((0..trials).map(|k| (k % 3).to_string()))
            .build()
            .unwrap();
        let names = vec!["speed".to_owned(), "noise".to_owned()];
        let behaviour = Some(Behaviour { names, values });
        let recording = Recording { behaviour, ..recording };
        let states = States {
            units: 2,
            bins,
            values: latents,
            trial_numbers: recording.trial_numbers.clone(),
            fingerprint: recording.fingerprint(),
        };
        (recording, states)
    }

    #[test]
    fn states_explain_what_they_hold_and_noisy_neurons_less() {
        let (mut recording, states) = simulated();
        let decoded = decode(&recording, &states, 6, 1).unwrap();
        assert_eq!((decoded.trials, decoded.bins, decoded.left_out), (60, 900, 0));
        let [speed, noise] = &decoded.dimensions[..] else { panic!("two dimensions") };
        // Ten elevenths of the variance.
        assert!((speed.states.mean - 10.0 / 11.0).abs() < 0.03, "{speed:?}");
        assert!(speed.neurons.mean < speed.states.mean - 0.02, "{speed:?}");
        assert!(speed.neurons.mean > 0.6, "{speed:?}");
        let (low, high) = speed.states.interval.unwrap();
        assert!(low < speed.states.mean && speed.states.mean < high && high - low < 0.1);
        // What the condition says leaves out the trial's own phase.
        assert!(speed.conditions.mean < speed.states.mean - 0.05, "{speed:?}");
        assert!(speed.conditions.mean > 0.5, "{speed:?}");
        assert!(noise.states.mean.abs() < 0.05 && noise.neurons.mean < 0.05, "{noise:?}");
        // A bin of which something is missing is used for nothing.
        recording.behaviour.as_mut().unwrap().values[7] = f64::NAN;
        assert_eq!(decode(&recording, &states, 6, 1).unwrap().left_out, 1);
    }

    #[test]
    fn sums_give_the_errors_that_entries_give() {
        let (recording, states) = simulated();
        let bins = usable(&recording, recording.behaviour.as_ref().unwrap());
        let fold_of: Vec<usize> = (0..60).map(|k| k % 3).collect();
        let behaviour = recording.behaviour.as_ref().unwrap();
        let features = |t: usize, k: usize| states.at(t, k).to_vec();
        let targets = |t: usize, k: usize| behaviour.in_bin(15, t, k);
        let sums = Sums::of_folds(&bins, &fold_of, 3, &features, &targets);
        let trained = Sums::over([&sums[0], &sums[1]].into_iter());
        let weights = trained.readout(&[0.1, 0.1]).unwrap();
        let (error, total) = sums[2].errors(weights.column(0), &trained, 0);
        let mean = |of: &dyn Fn(usize, usize) -> f64| {
            let own = bins.iter().filter(|&&(_, k)| fold_of[k] != 2);
            own.map(|&(t, k)| of(t, k)).sum::<f64>() / 600.0
        };
        let y_mean = mean(&|t, k| behaviour.in_bin(15, t, k)[0]);
        let x_mean = [0, 1].map(|i| mean(&|t, k| states.at(t, k)[i]));
        let (mut by_hand, mut about_mean) = (0.0, 0.0);
        for &(t, k) in bins.iter().filter(|&&(_, k)| fold_of[k] == 2) {
            let y = behaviour.in_bin(15, t, k)[0];
            let x = states.at(t, k);
            let along: f64 = (0..2).map(|i| weights[(i, 0)] * (x[i] - x_mean[i])).sum();
            by_hand += (y - y_mean - along).powi(2);
            about_mean += (y - y_mean).powi(2);
        }
        assert!((error / by_hand - 1.0).abs() < 1e-8, "{error} {by_hand}");
        assert!((total / about_mean - 1.0).abs() < 1e-8, "{total} {about_mean}");
    }

    #[test]
    fn other_recordings_are_refused() {
        let (recording, states) = simulated();
        let refused = |recording: &Recording, folds| {
            decode(recording, &states, folds, 1).unwrap_err().to_string()
        };
        let without = Recording { behaviour: None, ..recording.clone() };
        let message = refused(&without, 5);
        assert!(
            message.starts_with("recording is one without, expected one with beh"),
            "{message}"
        );
        let mut other = recording.clone();
        other.activity[0] += 1.0;
        assert_eq!(refused(&other, 5), "recording is another, expected the one that was fitted");
        assert_eq!(refused(&recording, 2), "number of folds is 2, expected at least 3");
        assert!(refused(&recording, 61).contains("at least one for each of 61 folds"));
    }
}
