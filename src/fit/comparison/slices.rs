//! Terms that are a vector over one index times a matrix over the other two: principal components,
//! and the slice rank of sliceTCA (Pellegrino et al. 2024).
//!
//! Each term is fitted to what the others leave, by expectation maximisation of probabilistic
//! principal components with missing entries (Tipping and Bishop 1999, Ilin and Raiko 2010): the
//! matrix has a standard normal prior, so that of few entries it takes little.

use super::Predictor;
use super::training::Training;
use crate::recording::Recording;
use crate::scalar::Stream;

/// R principal components of the neurons: each a vector over neurons, with a course over the bins of
/// every trial.
pub(super) struct PrincipalComponents;

/// R terms, each singling out neurons, bins or trials, whichever predicts validation entries best.
pub(super) struct SliceRank;

impl Predictor for PrincipalComponents {
    fn predictions(&self, training: &Training, rank: usize) -> Vec<f64> {
        fitted(training, rank, &[Index::Neuron])
    }
}

impl Predictor for SliceRank {
    fn predictions(&self, training: &Training, rank: usize) -> Vec<f64> {
        fitted(training, rank, &[Index::Neuron, Index::Bin, Index::Trial])
    }
}

/// Which index a term singles out.
#[derive(Clone, Copy, Debug)]
enum Index {
    Neuron,
    Bin,
    Trial,
}

/// A vector over one index and a matrix over the others.
#[derive(Clone, Debug)]
struct Term {
    index: Index,
    vector: Vec<f64>,
    matrix: Vec<f64>,
    /// How uncertain the entries of the matrix are: their variance.
    uncertainty: Vec<f64>,
}

/// Updates of a term when it is added, and of all terms after that.
const FIRST: usize = 8;
/// Rounds of all terms after one was added.
const BETWEEN: usize = 3;
/// Rounds of all terms at the end, at most.
const LAST: usize = 30;
/// Rounds without a better validation error after which fitting ends.
const PATIENCE: usize = 3;

fn fitted(training: &Training, rank: usize, indices: &[Index]) -> Vec<f64> {
    let mut residual = training.deviations.clone();
    let mut terms: Vec<Term> = Vec::new();
    for r in 0..rank {
        let candidates = indices.iter().map(|&index| {
            let mut term = Term::random(training, index, r);
            let mut rest = residual.clone();
            (0..FIRST).for_each(|_| term.update(training, &mut rest));
            (error(training, &terms, Some(&term)), term)
        });
        let Some((_, best)) = candidates.min_by(|a, b| a.0.total_cmp(&b.0)) else { break };
        best.subtract_from(training, &mut residual);
        terms.push(best);
        (0..BETWEEN).for_each(|_| round(training, &mut terms, &mut residual));
    }
    let mut best = (error(training, &terms, None), terms.clone());
    let mut since = 0;
    for _ in 0..LAST {
        round(training, &mut terms, &mut residual);
        let found = error(training, &terms, None);
        since = if found < best.0 { 0 } else { since + 1 };
        if found < best.0 {
            best = (found, terms.clone());
        }
        if since >= PATIENCE {
            break;
        }
    }
    training.means(|place| sum(training.recording, &best.1, place))
}

/// Updates all terms, one after the other.
fn round(training: &Training, terms: &mut [Term], residual: &mut [f64]) {
    for term in terms {
        term.add_to(training, residual);
        term.update(training, residual);
        term.subtract_from(training, residual);
    }
}

fn sum(recording: &Recording, terms: &[Term], place: usize) -> f64 {
    terms.iter().map(|term| term.at(recording, place)).sum()
}

fn error(training: &Training, terms: &[Term], new: Option<&Term>) -> f64 {
    let recording = training.recording;
    training.error(|place| {
        sum(recording, terms, place) + new.map_or(0.0, |term| term.at(recording, place))
    })
}

impl Index {
    /// The number of the index, and that of the two others together, at a place.
    fn split(self, recording: &Recording, place: usize) -> (usize, usize) {
        let (neurons, bins) = (recording.neurons, recording.bins);
        match self {
            Index::Neuron => (place % neurons, place / neurons),
            Index::Bin => {
                let (n, t, k) = (place % neurons, place / neurons % bins, place / neurons / bins);
                (t, k * neurons + n)
            }
            Index::Trial => (place / (neurons * bins), place % (neurons * bins)),
        }
    }

    fn length(self, recording: &Recording) -> usize {
        match self {
            Index::Neuron => recording.neurons,
            Index::Bin => recording.bins,
            Index::Trial => recording.trials,
        }
    }
}

impl Term {
    /// A random vector, of the size of the deviations.
    fn random(training: &Training, index: Index, r: usize) -> Self {
        let mut stream = Stream::new("terms of slices", training.seed, r as u64);
        let size = training.mean_square(&training.deviations).sqrt();
        let length = index.length(training.recording);
        let others = training.recording.activity.len() / length;
        Term {
            index,
            vector: (0..length).map(|_| size * stream.normal()).collect(),
            matrix: vec![0.0; others],
            uncertainty: vec![0.0; others],
        }
    }

    fn at(&self, recording: &Recording, place: usize) -> f64 {
        let (i, j) = self.index.split(recording, place);
        self.vector[i] * self.matrix[j]
    }

    fn add_to(&self, training: &Training, residual: &mut [f64]) {
        let entries = residual.iter_mut().zip(&training.places);
        entries.for_each(|(rest, &place)| *rest += self.at(training.recording, place));
    }

    fn subtract_from(&self, training: &Training, residual: &mut [f64]) {
        let entries = residual.iter_mut().zip(&training.places);
        entries.for_each(|(rest, &place)| *rest -= self.at(training.recording, place));
    }

    /// The matrix given the vector, then the vector given the matrix, for what is left without this
    /// term.
    fn update(&mut self, training: &Training, rest: &mut [f64]) {
        let split = |place| self.index.split(training.recording, place);
        let pairs = || rest.iter().zip(&training.places).map(|(&x, &place)| (x, split(place)));
        let of_term = |(x, (i, j)): (f64, (usize, usize))| x - self.vector[i] * self.matrix[j];
        let count = rest.len().max(1) as f64;
        let noise = pairs().map(of_term).map(|x| x * x).sum::<f64>() / count;
        let noise = noise.max(f64::MIN_POSITIVE);
        let (mut precision, mut pull) =
            (vec![noise; self.matrix.len()], vec![0.0; self.matrix.len()]);
        for (x, (i, j)) in pairs() {
            precision[j] += self.vector[i] * self.vector[i];
            pull[j] += self.vector[i] * x;
        }
        for (j, (precision, pull)) in precision.into_iter().zip(pull).enumerate() {
            self.matrix[j] = pull / precision;
            self.uncertainty[j] = noise / precision;
        }
        let (mut squares, mut pull) = (vec![0.0; self.vector.len()], vec![0.0; self.vector.len()]);
        for (&x, &place) in rest.iter().zip(&training.places) {
            let (i, j) = self.index.split(training.recording, place);
            squares[i] += self.matrix[j] * self.matrix[j] + self.uncertainty[j];
            pull[i] += self.matrix[j] * x;
        }
        for (i, (squares, pull)) in squares.into_iter().zip(pull).enumerate() {
            self.vector[i] = if squares > 0.0 { pull / squares } else { 0.0 };
        }
    }
}
