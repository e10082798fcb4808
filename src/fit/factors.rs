//! The terms of changing weights as a recording shows them, and which of them other fits find again.

use serde::{Deserialize, Serialize};

use crate::matrix::Matrix;

/// The terms of the weights in a gauge of their own. A recording does not tell the rows b_r, nor
/// units apart; it tells how the columns move the neurons and how strong a term is in each trial.
///
/// Columns have norm one, and their largest entry is above zero; so is the mean of the trial factors.
/// Terms are in the order of how much they change over trials, the most first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Factors {
    /// The columns as the neurons see them: R vectors over neurons.
    pub columns: Vec<Vec<f64>>,
    /// The trial factors, R courses over trials, each times the norm of its column.
    pub courses: Vec<Vec<f64>>,
}

/// How often terms are found again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Replication {
    /// Fits that are compared: of all folds and random starts.
    pub fits: usize,
    /// The factor match score: the mean similarity of matched terms over all pairs of fits.
    #[serde(with = "crate::json::number")]
    pub match_score: f64,
    /// Of each term of the first fit the mean similarity to those that match it in the others.
    pub similarities: Vec<f64>,
    /// The terms, numbered from 1, for which that is at least [`Replication::ENOUGH`].
    pub replicate: Vec<usize>,
}

impl Factors {
    /// Of visible columns, (neurons, R), and trial factors, (R, K).
    pub fn new(visible: &Matrix<f64>, factors: &Matrix<f64>) -> Self {
        let mut terms: Vec<(Vec<f64>, Vec<f64>)> = (0..visible.cols())
            .map(|r| {
                let mut column = visible.column(r).to_vec();
                let mut course: Vec<f64> = (0..factors.cols()).map(|k| factors[(r, k)]).collect();
                let norm = dot(&column, &column).sqrt();
                let largest = column
                    .iter()
                    .fold(0.0_f64, |most, &x| if x.abs() > most.abs() { x } else { most });
                let unit = if norm > 0.0 { norm.copysign(largest).recip() } else { 0.0 };
                column.iter_mut().for_each(|x| *x *= unit);
                let size = if course.iter().sum::<f64>() < 0.0 { -norm } else { norm };
                course.iter_mut().for_each(|c| *c *= size);
                (column, course)
            })
            .collect();
        let change = |course: &[f64]| {
            let changes = deviations(course);
            dot(&changes, &changes)
        };
        terms.sort_by(|a, b| change(&b.1).total_cmp(&change(&a.1)));
        let (columns, courses) = terms.into_iter().unzip();
        Factors { columns, courses }
    }

    /// The similarity of a term to one of another fit, from 0 to 1: the cosine between the columns,
    /// whatever its sign, times the correlation of the courses, if it is above zero.
    fn similarity(&self, r: usize, other: &Factors, s: usize) -> f64 {
        let columns = cosine(&self.columns[r], &other.columns[s]).abs();
        let courses = cosine(&deviations(&self.courses[r]), &deviations(&other.courses[s]));
        columns * courses.max(0.0)
    }

    /// Of each term the similarity to the one that matches it: pairs are taken by falling
    /// similarity; 0 of a term that is left over.
    fn matched(&self, other: &Factors) -> Vec<f64> {
        let mut pairs: Vec<(f64, usize, usize)> = (0..self.columns.len())
            .flat_map(|r| (0..other.columns.len()).map(move |s| (r, s)))
            .map(|(r, s)| (self.similarity(r, other, s), r, s))
            .collect();
        pairs.sort_by(|a, b| b.0.total_cmp(&a.0));
        let mut found = vec![None; self.columns.len()];
        let mut taken = vec![false; other.columns.len()];
        for (similarity, r, s) in pairs {
            if found[r].is_none() && !taken[s] {
                (found[r], taken[s]) = (Some(similarity), true);
            }
        }
        found.into_iter().map(|similarity| similarity.unwrap_or(0.0)).collect()
    }
}

impl Replication {
    /// A similarity that counts as the same term.
    pub const ENOUGH: f64 = 0.8;

    /// Of some fits; none of less than two.
    pub fn of(fits: &[Factors]) -> Option<Self> {
        let (first, others) = fits.split_first().filter(|(_, others)| !others.is_empty())?;
        let mean = |all: &[f64]| all.iter().sum::<f64>() / all.len() as f64;
        let pairs = fits.iter().enumerate().flat_map(|(i, fit)| {
            fits[i + 1..].iter().map(|other| mean(&fit.matched(other))).collect::<Vec<_>>()
        });
        let pairs: Vec<f64> = pairs.collect();
        let of_others: Vec<Vec<f64>> = others.iter().map(|other| first.matched(other)).collect();
        let similarities: Vec<f64> = (0..first.columns.len())
            .map(|r| mean(&of_others.iter().map(|found| found[r]).collect::<Vec<_>>()))
            .collect();
        let enough = |&r: &usize| similarities[r - 1] >= Self::ENOUGH;
        let replicate = (1..=similarities.len()).filter(enough).collect();
        Some(Replication { fits: fits.len(), match_score: mean(&pairs), similarities, replicate })
    }

    /// In a line.
    pub fn in_words(&self) -> String {
        let all = self.similarities.len();
        let which: Vec<String> = self.replicate.iter().map(ToString::to_string).collect();
        let which =
            if which.is_empty() { String::new() } else { format!(" ({})", which.join(", ")) };
        format!(
            "Terms: {} of {all}{which} are found again in {} fits, to a similarity of {}; factor \
             match score {:.2}.",
            self.replicate.len(),
            self.fits,
            Self::ENOUGH,
            self.match_score
        )
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

/// 0 where one of them is zero.
fn cosine(a: &[f64], b: &[f64]) -> f64 {
    let size = (dot(a, a) * dot(b, b)).sqrt();
    if size > 0.0 { dot(a, b) / size } else { 0.0 }
}

fn deviations(course: &[f64]) -> Vec<f64> {
    let mean = course.iter().sum::<f64>() / course.len().max(1) as f64;
    course.iter().map(|c| c - mean).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visible() -> Matrix<f64> {
        Matrix::from_fn(6, 2, |n, r| (n as f64 * (1.0 + r as f64) + 0.3).sin())
    }

    fn courses() -> Matrix<f64> {
        Matrix::from_fn(2, 30, |r, k| {
            1.5 + [0.2, 0.6][r] * (k as f64 / (5.0 + 4.0 * r as f64)).cos()
        })
    }

    #[test]
    fn the_gauge_does_not_depend_on_order_signs_and_scales() {
        let factors = Factors::new(&visible(), &courses());
        // The second changes most.
        assert!(factors.courses[0][0] > factors.courses[1][0]);
        let (seen, moved) = (visible(), courses());
        let sizes = [-2.0, 0.5];
        let turned = Matrix::from_fn(6, 2, |n, r| sizes[1 - r] * seen[(n, 1 - r)]);
        let turned_courses = Matrix::from_fn(2, 30, |r, k| -moved[(1 - r, k)] / sizes[1 - r]);
        let other = Factors::new(&turned, &turned_courses);
        for (a, b) in [(&factors.columns, &other.columns), (&factors.courses, &other.courses)] {
            let pairs = a.iter().flatten().zip(b.iter().flatten());
            assert!(pairs.clone().count() > 0 && pairs.clone().all(|(a, b)| (a - b).abs() < 1e-12));
        }
    }

    #[test]
    fn terms_that_are_found_again_are_told_from_others() {
        let first = Factors::new(&visible(), &courses());
        let (seen, moved) = (visible(), courses());
        let other = |r, k: usize| if r == 0 { 1.0 + (k as f64 * 1.3).sin() } else { moved[(r, k)] };
        let second = Factors::new(&seen, &Matrix::from_fn(2, 30, other));
        let found = Replication::of(&[first.clone(), second, first.clone()]).unwrap();
        // The first of the fit is the one that stays: it changes most.
        assert_eq!((found.fits, found.replicate.as_slice()), (3, &[1][..]));
        assert!(found.similarities[0] > 0.999 && found.match_score < 0.95, "{found:?}");
        assert!(found.in_words().starts_with("Terms: 1 of 2 (1) are found again in 3 fits"));
        let same = Replication::of(&[first.clone(), first.clone()]).unwrap();
        assert!((same.match_score - 1.0).abs() < 1e-12);
        assert_eq!(Replication::of(&[first]), None);
    }
}
