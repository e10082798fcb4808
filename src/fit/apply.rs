//! A model on trials that it was not fitted to: what belongs to trials and conditions is inferred
//! anew, the rest stays.

use std::ops::ControlFlow;

use serde::Serialize;

use super::FitFloat;
use super::architecture::{Architecture, Bias};
use super::cross_validation::FitError;
use super::fitting::{Fit, Outcome, Progress, Settings};
use super::likelihood::Likelihood;
use super::misfit::Misfit;
use super::model::Model;
use super::objective::Objective;
use super::observations::{Observations, Role};
use super::parts::{Columns, Readout, Weights};
use crate::blocks::{Blocks, Subset};
use crate::matrix::Matrix;
use crate::recording::Recording;
use crate::scalar::Stream;

/// The blocks that a model keeps on other trials, those of its units and of the neurons. All others
/// belong to trials or conditions.
const KEPT: [&str; 6] = ["column", "row", "readout", "offset", "input_columns", "bias"];

/// The trial factors: their mean, and their changes.
const FACTORS: [&str; 2] = ["mean", "whitened"];

/// What a fit says of units and neurons, to be applied to other trials.
#[derive(Clone, Debug)]
pub struct Learned {
    /// What the model is made of.
    pub architecture: Architecture,
    /// E: a_1..a_R of unit norm, columns of inputs, a free bias, (N, R + ...).
    pub(super) columns: Matrix<f64>,
    /// b_1..b_R of unit norm, (N, R).
    pub(super) rows: Matrix<f64>,
    /// c_r(k) of the trials that were fitted, (R, K).
    pub(super) factors: Matrix<f64>,
    pub(super) readout: Readout<f64>,
    /// What the bias is of the coefficients of the columns, (R + ..., 1).
    pub(super) bias: Matrix<f64>,
    /// Of the recording that was fitted, where its file says so.
    pub(super) origin: Option<Origin>,
}

/// What another recording must share with the one that was fitted.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Origin {
    pub neuron_names: Vec<String>,
    pub bin_seconds: f64,
}

/// A model on other trials.
#[derive(Clone, Debug)]
pub struct Applied<S> {
    /// With initial states, inputs and trial factors inferred.
    pub fit: Fit<S>,
    /// Why that ended.
    pub outcome: Outcome,
    /// With trial factors held at their mean over the trials that were fitted first.
    pub unchanged: Fit<S>,
    /// How far the trial factors lie from those that were fitted first.
    pub change: Change,
}

/// How far trial factors lie from those that were fitted first.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Of each term.
    pub factors: Vec<FactorChange>,
    /// The distance of the mean weights of the two sets of trials, in units of the norm of the mean
    /// weights that were fitted first (Frobenius).
    #[serde(with = "crate::json::number")]
    pub weights: f64,
    /// The same, root mean square, of the weights of each trial fitted first: how far these lie from
    /// their own mean.
    #[serde(with = "crate::json::number")]
    pub weights_before: f64,
}

/// The same of one term: means and standard deviations over trials.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct FactorChange {
    /// Over the trials that were fitted first.
    pub mean_before: f64,
    /// Over the same.
    pub deviation_before: f64,
    /// Over the other trials.
    pub mean: f64,
    /// Over the same.
    pub deviation: f64,
}

impl Learned {
    /// Of a model of this architecture and recording.
    ///
    /// # Errors
    ///
    /// If its weights are free in each trial: nothing of them is learned that other trials have.
    pub fn new<S: FitFloat>(
        model: &Model<S>,
        architecture: &Architecture,
        recording: &Recording,
    ) -> Result<Self, Misfit> {
        let double = |matrix: &Matrix<S>| matrix.map(|x| x.to_f64());
        let Weights::Shared { rows, factors } = &model.weights else { return Err(free()) };
        Ok(Learned {
            architecture: architecture.clone(),
            columns: double(&model.columns),
            rows: double(rows),
            factors: double(factors),
            readout: Readout {
                matrix: double(&model.readout.matrix),
                offset: model.readout.offset.as_ref().map(double),
            },
            bias: double(&model.drive.bias),
            origin: Some(Origin {
                neuron_names: recording.neuron_names.clone(),
                bin_seconds: recording.bin_seconds,
            }),
        })
    }

    /// Whether it says which neurons it is of, and how long their bins are.
    pub fn knows_its_recording(&self) -> bool {
        self.origin.is_some()
    }

    /// Infers initial states, inputs and trial factors of the trials of a recording of the same
    /// neurons. `roles` are in the order of [`Recording::activity`]; `report` may break it off after
    /// any iteration of the first of the two fits.
    ///
    /// # Errors
    ///
    /// If the recording has other neurons or bins, its entries are not what the likelihood is of, or
    /// a fit diverges.
    pub fn apply<S: FitFloat>(
        &self,
        recording: &Recording,
        roles: &[Role],
        settings: Settings,
        report: impl FnMut(&Fit<S>, Progress) -> ControlFlow<()>,
    ) -> Result<Applied<S>, FitError> {
        self.check(recording)?;
        let observations = Observations::<S>::new(recording, roles)?;
        let objective = Objective::new(&self.architecture, observations)?.with_given_readout();
        let start = self.start(&objective, settings.seed);
        let inferred = |except: &[&str]| {
            let names = start.iter().map(|(name, _)| name);
            let names = names.filter(|name| !KEPT.contains(name) && !except.contains(name));
            Subset::named(&start, names).expect("names of these blocks")
        };
        let fit = |except: &[&str]| {
            let subset = inferred(except);
            Fit::from_blocks(objective.clone(), settings, start.clone(), subset)
        };
        let (mut applied, mut unchanged) = (fit(&[])?, fit(&FACTORS)?);
        let outcome = applied.run(report)?;
        if outcome != Outcome::Interrupted {
            unchanged.run(|_, _| ControlFlow::Continue(()))?;
        }
        let change = self.change(&applied.model());
        Ok(Applied { fit: applied, outcome, unchanged, change })
    }

    fn check(&self, recording: &Recording) -> Result<(), Misfit> {
        let neurons = self.readout.matrix.rows();
        let expected = || format!("{neurons}, as in the recording that was fitted");
        let found = recording.neurons;
        Misfit::unless(found == neurons, "number of neurons", found, expected())?;
        // Losses are in units of a variance, but for counts.
        let varies =
            self.architecture.likelihood != Likelihood::Gaussian || !recording.is_constant();
        Misfit::unless(varies, "activity of each neuron", "constant", "values that differ")?;
        let Some(Origin { neuron_names, bin_seconds }) = &self.origin else { return Ok(()) };
        let other = recording.neuron_names.iter().zip(neuron_names).find(|(a, b)| a != b);
        if let Some((found, expected)) = other {
            let expected = format!("{expected:?}, as in the recording that was fitted");
            return Err(Misfit::new("name of a neuron", format!("{found:?}"), expected));
        }
        let same = (recording.bin_seconds / bin_seconds - 1.0).abs() < 1e-6;
        let expected = format!("{bin_seconds} s, as in the recording that was fitted");
        Misfit::unless(same, "width of a bin", format!("{} s", recording.bin_seconds), expected)
    }

    /// Where inference starts: at the mean of the factors, with states and inputs as any fit.
    fn start<S: FitFloat>(&self, objective: &Objective<S>, seed: u64) -> Blocks<S> {
        let single = |matrix: &Matrix<f64>| matrix.map(S::from_f64);
        let columns = Columns::new(&self.architecture);
        let some = |range: std::ops::Range<usize>| {
            let data = self.columns.columns(range.clone()).data().to_vec();
            single(&Matrix::from_columns(self.columns.rows(), range.len(), data))
        };
        let (readout, offset) = objective.blocks_of_readout(&self.readout);
        let mut blocks = objective
            .start(&Stream::new("apply", seed, 0))
            .with("column", some(columns.weights.clone()))
            .with("row", single(&self.rows))
            .with("mean", single(&mean_of_columns(&self.factors)))
            .with("readout", readout);
        if let Some(offset) = offset {
            blocks = blocks.with("offset", offset);
        }
        if !columns.inputs.is_empty() {
            blocks = blocks.with("input_columns", some(columns.inputs.clone()));
        }
        match self.architecture.bias {
            Bias::None => blocks,
            Bias::Free => blocks.with("bias", some(columns.bias.clone())),
            Bias::Confined => {
                let units = self.columns.rows() as f64;
                let bias = self.bias.data()[columns.weights.clone()].iter();
                let data = bias.map(|z| S::from_f64(z / units.sqrt())).collect();
                blocks.with("bias", Matrix::from_columns(columns.weights.len(), 1, data))
            }
        }
    }

    fn change<S: FitFloat>(&self, model: &Model<S>) -> Change {
        let factors = model.trial_factors().expect("weights that share columns");
        let factors = factors.map(|c| c.to_f64());
        let [before, now] = [&self.factors, &factors].map(mean_of_columns);
        let [spread_before, spread] =
            [(&self.factors, &before), (&factors, &now)].map(|(all, mean)| deviations(all, mean));
        let norm = self.norm(before.data());
        let from_mean = |k: usize| {
            let column = self.factors.column(k).iter().zip(before.data());
            self.norm(&column.map(|(c, mean)| c - mean).collect::<Vec<_>>()).powi(2)
        };
        let trials = self.factors.cols();
        let squares: f64 = (0..trials).map(from_mean).sum();
        Change {
            factors: (0..before.rows())
                .map(|r| FactorChange {
                    mean_before: before[(r, 0)],
                    deviation_before: spread_before[r],
                    mean: now[(r, 0)],
                    deviation: spread[r],
                })
                .collect(),
            weights: self.norm(now.minus(&before).data()) / norm,
            weights_before: (squares / trials as f64).sqrt() / norm,
        }
    }

    /// The Frobenius norm of `sum_r c_r a_r b_r^T`.
    fn norm(&self, factors: &[f64]) -> f64 {
        let rank = self.rows.cols();
        let columns = Matrix::product(self.columns.t(), self.columns.view());
        let rows = Matrix::product(self.rows.t(), self.rows.view());
        let pairs = (0..rank).flat_map(|r| (0..rank).map(move |s| (r, s)));
        let square: f64 =
            pairs.map(|(r, s)| factors[r] * factors[s] * columns[(r, s)] * rows[(r, s)]).sum();
        square.max(0.0).sqrt()
    }
}

/// What is said of weights that no two trials share.
pub(super) fn free() -> Misfit {
    let expected =
        "weights of low tensor rank or constant ones: other trials have nothing of these";
    Misfit::new("model", "one with weights that are free in each trial", expected)
}

fn mean_of_columns(matrix: &Matrix<f64>) -> Matrix<f64> {
    let count = matrix.cols() as f64;
    Matrix::from_fn(matrix.rows(), 1, |r, _| {
        (0..matrix.cols()).map(|k| matrix[(r, k)]).sum::<f64>() / count
    })
}

/// Of each row, from its mean.
fn deviations(matrix: &Matrix<f64>, mean: &Matrix<f64>) -> Vec<f64> {
    let square =
        |r: usize| (0..matrix.cols()).map(move |k| (matrix[(r, k)] - mean[(r, 0)]).powi(2));
    (0..matrix.rows()).map(|r| (square(r).sum::<f64>() / matrix.cols() as f64).sqrt()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::{HeldOut, Simulation};

    /// The trials of a recording in a range, alone.
    fn part(recording: &Recording, trials: std::ops::Range<usize>) -> Recording {
        let size = recording.bins * recording.neurons;
        Recording {
            trials: trials.len(),
            activity: recording.activity[trials.start * size..trials.end * size].to_vec(),
            trial_numbers: recording.trial_numbers[trials.clone()].to_vec(),
            conditions: recording.conditions[trials.clone()].to_vec(),
            epochs: recording.epochs[trials].to_vec(),
            ..recording.clone()
        }
    }

    fn simulated(constant: bool) -> (Recording, Model<f64>, Architecture) {
        let simulation = Simulation {
            neurons: 60,
            units: 20,
            trials: 60,
            bins: 12,
            rank: 2,
            conditions: 4,
            noise: 0.01,
            constant,
            ..Simulation::default()
        };
        let (recording, truth) = simulation.recording(7).unwrap();
        (recording, truth.model, truth.architecture)
    }

    /// The true network, applied to trials that it does not know.
    fn applied(constant: bool) -> (Applied<f64>, Matrix<f64>) {
        let (recording, model, architecture) = simulated(constant);
        let factors = model.trial_factors().unwrap().clone();
        let mut learned = Learned::new(&model, &architecture, &recording).unwrap();
        let data = factors.columns(0..35).data().to_vec();
        learned.factors = Matrix::from_columns(2, 35, data);
        let others = part(&recording, 35..60);
        let held_out = [Role::Test, Role::Validation];
        let roles = HeldOut::default().roles(&others, 0, &held_out, 1).unwrap();
        let settings = Settings { iterations: 500, ..Settings::default() };
        let go_on = |_: &Fit<f64>, _| ControlFlow::Continue(());
        let applied = learned.apply(&others, &roles, settings, go_on).unwrap();
        let truth = Matrix::from_columns(2, 25, factors.columns(35..60).data().to_vec());
        (applied, truth)
    }

    /// It used to be said that such a fit diverges.
    #[test]
    fn trials_without_variance_are_refused() {
        let (mut recording, model, architecture) = simulated(false);
        let learned = Learned::new(&model, &architecture, &recording).unwrap();
        recording.activity.fill(0.5);
        let roles = vec![Role::Train; recording.activity.len()];
        let go_on = |_: &Fit<f64>, _| ControlFlow::Continue(());
        let refused = learned.apply(&recording, &roles, Settings::default(), go_on);
        let sentence = "activity of each neuron is constant, expected values that differ";
        assert_eq!(refused.err().unwrap().to_string(), sentence);
    }

    #[test]
    fn the_factors_of_other_trials_are_found() {
        let (applied, truth) = applied(false);
        let model = applied.fit.model();
        let found = model.trial_factors().unwrap();
        for r in 0..2 {
            let squares = (0..25).map(|k| (found[(r, k)] - truth[(r, k)]).powi(2)).sum::<f64>();
            let error = (squares / 25.0).sqrt();
            // They run over a range of 0.4 and of 0.9.
            assert!(error < 0.06, "{r}: {error}");
        }
        let (with, without) = (applied.fit.score(Role::Test), applied.unchanged.score(Role::Test));
        assert!(with.r2 > 0.9, "{with:?}");
        assert!(without.loss > 1.2 * with.loss, "{with:?} {without:?}");
        let change = &applied.change;
        assert!(change.weights > 0.2 && change.factors[0].mean_before > 1.5, "{change:?}");
        let mean = truth.data().iter().step_by(2).sum::<f64>() / 25.0;
        assert!((change.factors[0].mean - mean).abs() < 0.06, "{change:?}");
    }

    #[test]
    fn constant_weights_are_found_where_they_were() {
        let (applied, _) = applied(true);
        assert!(applied.change.weights < 0.05, "{:?}", applied.change);
        assert_eq!(applied.change.weights_before, 0.0);
        let (with, without) = (applied.fit.score(Role::Test), applied.unchanged.score(Role::Test));
        assert!((with.loss - without.loss).abs() < 0.1 * without.loss, "{with:?} {without:?}");
    }

    #[test]
    fn what_is_kept_is_kept() {
        let (recording, model, architecture) = simulated(false);
        let (applied, _) = applied(false);
        let after = applied.fit.model();
        let close = |a: &Matrix<f64>, b: &Matrix<f64>| a.minus(b).norm() < 1e-12 * b.norm();
        assert!(close(after.readout(), model.readout()));
        assert!(close(after.offset().unwrap(), model.offset().unwrap()));
        assert!(close(&after.columns().unwrap(), &model.columns().unwrap()));
        assert!(close(after.rows().unwrap(), model.rows().unwrap()));
        let learned = Learned::new(&model, &architecture, &recording).unwrap();
        let refused = |change: fn(&mut Recording)| {
            let mut other = part(&recording, 0..20);
            change(&mut other);
            let roles = vec![Role::Train; other.activity.len()];
            let go_on = |_: &Fit<f64>, _| ControlFlow::Continue(());
            let found = learned.apply(&other, &roles, Settings::default(), go_on);
            found.unwrap_err().to_string()
        };
        assert_eq!(
            refused(|other| other.bin_seconds = 0.02),
            "width of a bin is 0.02 s, expected 0.05 s, as in the recording that was fitted"
        );
        let names = refused(|other| other.neuron_names[3] = "x".into());
        assert!(names.starts_with("name of a neuron is \"x\", expected \"neuron 3\""), "{names}");
    }
}
