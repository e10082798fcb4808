//! A CP decomposition of the activity whose trial factors are smooth.

use super::Predictor;
use super::cp::decomposition;
use super::smoothing::smooth_course;
use super::training::Training;
use crate::scalar::Stream;
use crate::tensor::Decomposition;

/// R terms, (neuron, bin, trial), of which the trial factors are random walks. How far they go in a
/// trial is chosen on the validation entries.
pub(super) struct SmoothCp;

/// Standard deviations of the steps of a trial factor, as shares of its size.
const STEPS: [f64; 4] = [0.5, 0.2, 0.07, 0.02];

/// Updates of a term when it is added.
const FIRST: usize = 8;
/// Rounds of all terms, at most.
const ROUNDS: usize = 30;
/// Rounds without a better validation error after which fitting ends.
const PATIENCE: usize = 3;

/// The factors of a term.
#[derive(Clone, Debug, Default)]
struct Term {
    neurons: Vec<f64>,
    bins: Vec<f64>,
    trials: Vec<f64>,
}

impl Predictor for SmoothCp {
    fn predictions(&self, training: &Training, rank: usize) -> Vec<f64> {
        let plain = plain_terms(&decomposition(training, rank));
        let of_step = |&step: &f64| {
            let greedy = greedy_terms(training, rank, step);
            [plain.clone(), greedy].map(|terms| smoothed(training, terms, step))
        };
        let fits = STEPS.iter().flat_map(of_step);
        let best = fits.min_by(|a, b| a.0.total_cmp(&b.0)).expect("there are steps");
        training.means(|place| sum(training, &best.1, place))
    }
}

/// Those of a decomposition without a prior. They may cancel, and are then far from smooth; but what
/// they predict is never given up for less.
fn plain_terms(Decomposition { a, b, c }: &Decomposition<f64>) -> Vec<Term> {
    let term = |r| {
        let [neurons, bins, trials] = [a, b, c].map(|factor| factor.column(r).to_vec());
        Term { neurons, bins, trials }.normalised()
    };
    (0..a.cols()).map(term).collect()
}

/// Terms that are added one by one, each smooth and fitted to what the others leave.
fn greedy_terms(training: &Training, rank: usize, step: f64) -> Vec<Term> {
    let mut residual = training.deviations.clone();
    let mut terms: Vec<Term> = Vec::new();
    for r in 0..rank {
        let mut term = Term::random(training, r);
        (0..FIRST).for_each(|_| term.update(training, &residual, step));
        term.shift(training, &mut residual, -1.0);
        terms.push(term);
    }
    terms
}

/// The validation error and the terms of the best round of updates, the start among them.
fn smoothed(training: &Training, mut terms: Vec<Term>, step: f64) -> (f64, Vec<Term>) {
    let mut residual = training.deviations.clone();
    terms.iter().for_each(|term| term.shift(training, &mut residual, -1.0));
    let mut best = (training.error(|place| sum(training, &terms, place)), terms.clone());
    let mut since = 0;
    for _ in 0..ROUNDS {
        for term in &mut terms {
            term.shift(training, &mut residual, 1.0);
            term.update(training, &residual, step);
            term.shift(training, &mut residual, -1.0);
        }
        let found = training.error(|place| sum(training, &terms, place));
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

fn sum(training: &Training, terms: &[Term], place: usize) -> f64 {
    let [n, t, k] = training.recording.entry_of(place);
    terms.iter().map(|term| term.neurons[n] * term.bins[t] * term.trials[k]).sum()
}

impl Term {
    /// Random bins, the same in all trials.
    fn random(training: &Training, r: usize) -> Self {
        let mut stream = Stream::new("terms of a smooth CP", training.seed, r as u64);
        Term {
            neurons: vec![0.0; training.recording.neurons],
            bins: (0..training.recording.bins).map(|_| stream.normal()).collect(),
            trials: vec![1.0; training.recording.trials],
        }
    }

    /// Adds so many times the term to what is left.
    fn shift(&self, training: &Training, residual: &mut [f64], times: f64) {
        for (rest, &[n, t, k]) in residual.iter_mut().zip(&training.entries) {
            let (n, t, k) = (n as usize, t as usize, k as usize);
            *rest += times * self.neurons[n] * self.bins[t] * self.trials[k];
        }
    }

    /// Each factor given the two others, for what is left without this term.
    fn update(&mut self, training: &Training, rest: &[f64], step: f64) {
        for mode in 0..2 {
            let (weights, pulls) = self.sums(training, rest, mode);
            let solved = weights.iter().zip(&pulls);
            let solved = solved.map(|(&w, &p)| if w > 0.0 { p / w } else { 0.0 }).collect();
            if mode == 0 { self.neurons = solved } else { self.bins = solved }
        }
        *self = std::mem::take(self).normalised();
        let (weights, pulls) = self.sums(training, rest, 2);
        let size = self.trials.iter().map(|c| c * c).sum::<f64>() / self.trials.len() as f64;
        let walk = (step * step * size).max(f64::MIN_POSITIVE);
        let stiffness = (training.mean_square(rest) / walk).min(1e12);
        self.trials = smooth_course(&weights, &pulls, stiffness);
    }

    /// The sums of squares of the product of the two other factors, and of its products with what is
    /// left, for each number of an index.
    fn sums(&self, training: &Training, rest: &[f64], mode: usize) -> (Vec<f64>, Vec<f64>) {
        let factors = [&self.neurons, &self.bins, &self.trials];
        let length = factors[mode].len();
        let (mut weights, mut pulls) = (vec![0.0; length], vec![0.0; length]);
        let [p, q] = [(mode + 1) % 3, (mode + 2) % 3];
        for (&x, &[n, t, k]) in rest.iter().zip(&training.entries) {
            let at = [n as usize, t as usize, k as usize];
            let others = factors[p][at[p]] * factors[q][at[q]];
            weights[at[mode]] += others * others;
            pulls[at[mode]] += others * x;
        }
        (weights, pulls)
    }

    /// With factors of neurons and bins of norm one.
    fn normalised(mut self) -> Self {
        for factor in [&mut self.neurons, &mut self.bins] {
            let norm = factor.iter().map(|x| x * x).sum::<f64>().sqrt();
            if norm > 0.0 {
                factor.iter_mut().for_each(|x| *x /= norm);
                self.trials.iter_mut().for_each(|c| *c *= norm);
            }
        }
        self
    }
}
