//! Linear dynamics of the activity itself, of low tensor rank over trials: TVART (Harris et al.
//! 2021).
//!
//! The deviation of the activity in a bin is `sum_r u_r c_r(k) v_r^T` times that in the bin before,
//! so that the matrices of all trials are a tensor of CP rank R. Entries that are not trained on are
//! the means of their condition where they drive others; the first bin, which nothing drives, is
//! predicted by these means.

use super::Predictor;
use super::smoothing::smooth_course;
use super::training::Training;
use crate::fit::condition_means::ConditionMeans;
use crate::fit::observations::Role;
use crate::matrix::Matrix;
use crate::scalar::Stream;

/// R terms; the trial factors are random walks. How far they go and how strong the prior of the rows
/// v_r is are chosen on the validation entries.
pub(super) struct LinearDynamics;

/// Standard deviations of the steps of a trial factor, as shares of its size.
const STEPS: [f64; 2] = [0.2, 0.02];
/// The precision of the rows' prior, as shares of that which the activity has on average.
const RIDGES: [f64; 2] = [0.03, 0.3];
/// Updates of a term when it is added.
const FIRST: usize = 4;
/// Rounds of all terms, at most.
const ROUNDS: usize = 12;
/// Rounds without a better validation error after which fitting ends.
const PATIENCE: usize = 2;

/// The vectors of a term, and what it is driven by.
#[derive(Clone, Debug)]
struct Term {
    /// u, over neurons.
    column: Vec<f64>,
    /// v, over neurons.
    row: Vec<f64>,
    /// c, over trials.
    trials: Vec<f64>,
    /// v^T times the activity of each bin of each trial.
    drives: Vec<f64>,
}

/// What the fit needs of a recording.
struct Activity<'a> {
    training: &'a Training<'a>,
    /// Deviations of all bins of all trials, (neurons, bins trials), without gaps.
    states: Matrix<f64>,
    /// The training entries that something drives, by their number among all.
    driven: Vec<usize>,
    /// Deviations that are predicted where nothing drives.
    first: Vec<f64>,
}

impl Predictor for LinearDynamics {
    fn predictions(&self, training: &Training, rank: usize) -> Vec<f64> {
        let activity = Activity::new(training);
        let choices = STEPS.iter().flat_map(|&step| RIDGES.map(|ridge| (step, ridge)));
        let fits = choices.map(|(step, ridge)| activity.fitted(rank, step, ridge));
        let best = fits.min_by(|a, b| a.0.total_cmp(&b.0)).expect("there are choices");
        training.means(|place| activity.prediction(&best.1, place))
    }
}

impl<'a> Activity<'a> {
    fn new(training: &'a Training<'a>) -> Self {
        let recording = training.recording;
        let means = ConditionMeans::new(recording, training.roles);
        let expected = |place: usize| {
            let of_neuron = training.statistics[place % recording.neurons].mean;
            means.at(place).map_or(0.0, |(mean, _)| mean - of_neuron)
        };
        let state = |place: usize| match training.roles[place] {
            Role::Train => training.deviation(place),
            _ => expected(place),
        };
        let states: Vec<f64> = (0..training.roles.len()).map(state).collect();
        let of_trial = recording.neurons * recording.bins;
        let is_driven = |&entry: &usize| training.places[entry] % of_trial >= recording.neurons;
        let first = (0..recording.trials)
            .flat_map(|k| (0..recording.neurons).map(move |n| k * of_trial + n))
            .map(expected)
            .collect();
        Activity {
            training,
            states: Matrix::from_columns(
                recording.neurons,
                states.len() / recording.neurons,
                states,
            ),
            driven: (0..training.places.len()).filter(is_driven).collect(),
            first,
        }
    }

    fn prediction(&self, terms: &[Term], place: usize) -> f64 {
        let recording = self.training.recording;
        let [n, t, k] = recording.entry_of(place);
        if t == 0 {
            return self.first[k * recording.neurons + n];
        }
        let before = k * recording.bins + t - 1;
        terms.iter().map(|term| term.column[n] * term.trials[k] * term.drives[before]).sum()
    }

    /// The validation error and the terms of the best round.
    fn fitted(&self, rank: usize, step: f64, ridge: f64) -> (f64, Vec<Term>) {
        let mut residual: Vec<f64> =
            self.driven.iter().map(|&entry| self.training.deviations[entry]).collect();
        let mut terms: Vec<Term> = Vec::new();
        for r in 0..rank {
            let mut term = self.random(r);
            (0..FIRST).for_each(|_| self.update(&mut term, &residual, step, ridge));
            self.shift(&term, &mut residual, -1.0);
            terms.push(term);
        }
        let error = |terms: &[Term]| self.training.error(|place| self.prediction(terms, place));
        let mut best = (error(&terms), terms.clone());
        let mut since = 0;
        for _ in 0..ROUNDS {
            for term in &mut terms {
                self.shift(term, &mut residual, 1.0);
                self.update(term, &residual, step, ridge);
                self.shift(term, &mut residual, -1.0);
            }
            let found = error(&terms);
            since = if found < best.0 { 0 } else { since + 1 };
            if found < best.0 {
                best = (found, terms.clone());
            }
            if since >= PATIENCE {
                break;
            }
        }
        best
    }

    /// A random column that all trials have alike, driven by nothing yet.
    fn random(&self, r: usize) -> Term {
        let (neurons, bins) = (self.training.recording.neurons, self.states.cols());
        let mut stream = Stream::new("terms of linear dynamics", self.training.seed, r as u64);
        let size = (neurons as f64).sqrt().recip();
        Term {
            column: (0..neurons).map(|_| size * stream.normal()).collect(),
            row: vec![0.0; neurons],
            trials: vec![1.0; self.training.recording.trials],
            drives: vec![0.0; bins],
        }
    }

    /// The neuron, the trial and the bin before of every driven training entry.
    fn entries(&self) -> impl Iterator<Item = (usize, usize, usize)> + '_ {
        let recording = self.training.recording;
        self.driven.iter().map(|&entry| {
            let [n, t, k] = self.training.entries[entry];
            let (n, t, k) = (n as usize, t as usize, k as usize);
            (n, k, k * recording.bins + t - 1)
        })
    }

    /// Adds so many times the term to what is left.
    fn shift(&self, term: &Term, residual: &mut [f64], times: f64) {
        for (rest, (n, k, before)) in residual.iter_mut().zip(self.entries()) {
            *rest += times * term.column[n] * term.trials[k] * term.drives[before];
        }
    }

    /// Row, column and trial factors, each given the others, for what is left without this term.
    fn update(&self, term: &mut Term, rest: &[f64], step: f64, ridge: f64) {
        self.update_row(term, rest, ridge);
        let (mut weights, mut pulls) = (vec![0.0; term.column.len()], vec![0.0; term.column.len()]);
        for (&x, (n, k, before)) in rest.iter().zip(self.entries()) {
            let driven = term.trials[k] * term.drives[before];
            weights[n] += driven * driven;
            pulls[n] += driven * x;
        }
        let solved = weights.iter().zip(&pulls);
        term.column = solved.map(|(&w, &p)| if w > 0.0 { p / w } else { 0.0 }).collect();
        let norm = term.column.iter().map(|u| u * u).sum::<f64>().sqrt();
        if norm > 0.0 {
            term.column.iter_mut().for_each(|u| *u /= norm);
            term.trials.iter_mut().for_each(|c| *c *= norm);
        }
        let (mut weights, mut pulls) = (vec![0.0; term.trials.len()], vec![0.0; term.trials.len()]);
        for (&x, (n, k, before)) in rest.iter().zip(self.entries()) {
            let driven = term.column[n] * term.drives[before];
            weights[k] += driven * driven;
            pulls[k] += driven * x;
        }
        let size = term.trials.iter().map(|c| c * c).sum::<f64>() / term.trials.len() as f64;
        let walk = (step * step * size).max(f64::MIN_POSITIVE);
        let stiffness = (self.training.mean_square(rest) / walk).min(1e12);
        term.trials = smooth_course(&weights, &pulls, stiffness);
    }

    /// By ridge regression of what is left on the activity of the bin before.
    fn update_row(&self, term: &mut Term, rest: &[f64], ridge: f64) {
        let (mut weights, mut pulls) =
            (vec![0.0; self.states.cols()], vec![0.0; self.states.cols()]);
        for (&x, (n, k, before)) in rest.iter().zip(self.entries()) {
            let through = term.column[n] * term.trials[k];
            weights[before] += through * through;
            pulls[before] += through * x;
        }
        let neurons = self.states.rows();
        let mut weighted = self.states.clone();
        for (column, weight) in weighted.data_mut().chunks_exact_mut(neurons).zip(weights) {
            column.iter_mut().for_each(|x| *x *= weight);
        }
        let mut normal = Matrix::product(weighted.view(), self.states.t());
        let mean = (0..neurons).map(|n| normal[(n, n)]).sum::<f64>() / neurons as f64;
        let added = (ridge * mean).max(f64::MIN_POSITIVE);
        (0..neurons).for_each(|n| normal[(n, n)] += added);
        let pulls = Matrix::from_columns(pulls.len(), 1, pulls);
        let right = self.states.times(&pulls);
        let Some(row) = normal.solve_positive(&right) else { return };
        term.row = row.data().to_vec();
        let norm = term.row.iter().map(|v| v * v).sum::<f64>().sqrt();
        if norm > 0.0 {
            term.row.iter_mut().for_each(|v| *v /= norm);
            term.trials.iter_mut().for_each(|c| *c *= norm);
        }
        term.drives = Matrix::product(self.states.t(), row_of(&term.row).view()).data().to_vec();
    }
}

fn row_of(row: &[f64]) -> Matrix<f64> {
    Matrix::from_columns(row.len(), 1, row.to_vec())
}
