//! What the activity of a neuron is, given the output of the network: one file for each law.

mod gaussian;
mod negative_binomial;
mod poisson;

use serde::{Deserialize, Serialize};

use super::FitFloat;
use super::observations::{Chunk, Role, Statistics};
use crate::matrix::Matrix;
use crate::named::Named;
use crate::recording::Quantity;
use crate::scalar::{Real, Stream, vectorised};

/// What the activity of a neuron is, given the output y of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Likelihood {
    /// Normal with mean y.
    Gaussian,
    /// A Poisson count with rate e^y per bin.
    Poisson,
    /// A count of mean e^y per bin and of more variance, by a dispersion that is estimated for each
    /// neuron.
    NegativeBinomial,
}

impl Likelihood {
    /// All of them.
    pub const ALL: &[Likelihood] =
        &[Likelihood::Gaussian, Likelihood::Poisson, Likelihood::NegativeBinomial];

    /// What distinguishes it.
    pub(super) fn law<S: FitFloat>(self) -> &'static dyn Law<S> {
        match self {
            Likelihood::Gaussian => &gaussian::Gaussian,
            Likelihood::Poisson => &poisson::Poisson,
            Likelihood::NegativeBinomial => &negative_binomial::NegativeBinomial,
        }
    }
}

/// A law: what distinguishes one likelihood from another.
///
/// Outputs are those of the network, of which there is one for each entry; means are what entries
/// of these outputs have on average. What is given here is that of counts of the rate e^y.
pub(super) trait Law<S>: Sync {
    /// Its name, in commands.
    fn name(&self) -> &'static str;

    /// What it is, in a few words.
    fn about(&self) -> &'static str;

    /// What a reported loss is, in words.
    fn loss_in_words(&self) -> &'static str {
        "negative log-likelihood in nats for an entry"
    }

    /// True if a recording of such entries can follow it.
    fn allows(&self, quantity: Quantity) -> bool {
        quantity == Quantity::Counts
    }

    /// What an output of scale one of this neuron is multiplied by and what is added to it, so that
    /// a fit starts from its activity.
    fn start(&self, neuron: &Statistics) -> Start {
        Start { scale: 1.0, offset: self.possible(neuron.mean, neuron).ln() }
    }

    /// The mean that an output stands for.
    fn mean(&self, output: f64) -> f64 {
        output.exp()
    }

    /// True if outputs are logarithms of means: the logarithm of a gain is added to them.
    fn is_logarithmic(&self) -> bool {
        true
    }

    /// The mean nearest to this one under which any entry is possible: a neuron without a spike gets
    /// a rate below what its number of bins could show.
    fn possible(&self, mean: f64, neuron: &Statistics) -> f64 {
        mean.max(0.1 / neuron.entries.max(1) as f64)
    }

    /// The loss of an entry that is predicted by this mean: minus its log-likelihood in nats, or
    /// what is proportional to it.
    fn loss(&self, activity: f64, mean: f64, neuron: &Statistics) -> f64;

    /// The part of it that no mean changes, which [`errors`](Law::errors) leaves out.
    fn constant(&self, activity: f64, neuron: &Statistics) -> f64;

    /// What mean losses are divided by to be reported, above zero. `variance` is that of the
    /// training entries about the means of their neurons.
    fn unit(&self, variance: f64) -> f64 {
        let _ = variance;
        1.0
    }

    /// By how much the objective rises where the log-likelihood falls by a nat, at most.
    fn of_a_nat(&self) -> f64 {
        1.0
    }

    /// Replaces outputs, (neurons, T M), by the derivative of the loss summed over the training
    /// entries, times `factor`; returns the sums of the losses, without the constants, of the
    /// training and of the validation entries.
    fn errors(
        &self,
        outputs: &mut Matrix<S>,
        chunk: &Chunk<S>,
        neurons: &[Statistics],
        factor: S,
    ) -> [f64; 2];

    /// What is recorded where the law allows a choice: of counts or of values.
    fn recorded(&self) -> Quantity {
        Quantity::Counts
    }

    /// Replaces means, neuron innermost, by entries that are drawn; `noise` is the share of the
    /// variance that is noise, where that is not said by the means.
    fn draw(&self, means: &mut [f64], neurons: usize, noise: f64, stream: &mut Stream);
}

/// Where a fit starts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Start {
    /// What outputs of scale one are multiplied by.
    pub scale: f64,
    /// What is added to them.
    pub offset: f64,
}

/// The entries of a chunk one by one, as [`Law::errors`] needs it: `entry` gives the loss and its
/// derivative by the output, for a neuron, an output and the activity.
fn each_entry<S: FitFloat>(
    outputs: &mut Matrix<S>,
    chunk: &Chunk<S>,
    factor: S,
    entry: impl Fn(usize, S, S) -> (S, S),
) -> [f64; 2] {
    let height = outputs.rows().max(1);
    let mut sums = [0.0; 2];
    let columns = outputs.data_mut().chunks_exact_mut(height);
    let known = chunk.activity.data().chunks_exact(height).zip(chunk.roles.chunks_exact(height));
    for (outputs, (activity, roles)) in columns.zip(known) {
        let (mut train, mut validation) = (S::ZERO, S::ZERO);
        let entries = outputs.iter_mut().zip(activity).zip(roles).enumerate();
        for (n, ((output, &activity), role)) in entries {
            match role {
                Role::Train => {
                    let (loss, slope) = entry(n, *output, activity);
                    train += loss;
                    *output = factor * slope;
                }
                Role::Validation => {
                    validation += entry(n, *output, activity).0;
                    *output = S::ZERO;
                }
                Role::Test | Role::Unused => *output = S::ZERO,
            }
        }
        sums = [sums[0] + train.to_f64(), sums[1] + validation.to_f64()];
    }
    sums
}

/// Entries whose losses are summed side by side, in any machine, whatever its vectors hold.
const LANES: usize = 16;

/// Entries whose means are computed at a time.
const BLOCK: usize = 1024;

/// The entries of a chunk, many at a time, for a law that does not depend on the neuron: `means`
/// makes means of outputs, and `entry` gives the loss and its derivative by the output, for an
/// output, its mean and the activity. Entries that are not used are computed too, and left out of the
/// sums: that is faster than to ask.
fn all_entries<S: FitFloat>(
    outputs: &mut Matrix<S>,
    chunk: &Chunk<S>,
    factor: S,
    means: impl Fn(&mut [S]),
    entry: impl Fn(S, S, S) -> (S, S),
) -> [f64; 2] {
    let mut buffer = [S::ZERO; BLOCK];
    let mut sums = [0.0; 2];
    let known = chunk.activity.data().chunks(BLOCK).zip(chunk.roles.chunks(BLOCK));
    for (outputs, (activity, roles)) in outputs.data_mut().chunks_mut(BLOCK).zip(known) {
        let mean = &mut buffer[..outputs.len()];
        mean.copy_from_slice(outputs);
        means(mean);
        let found = vectorised(
            #[inline(always)]
            || of_block(outputs, mean, activity, roles, factor, &entry),
        );
        sums = [sums[0] + found[0], sums[1] + found[1]];
    }
    sums
}

#[inline(always)]
fn of_block<S: FitFloat>(
    outputs: &mut [S],
    means: &[S],
    activity: &[S],
    roles: &[Role],
    factor: S,
    entry: &impl Fn(S, S, S) -> (S, S),
) -> [f64; 2] {
    let (mut train, mut validation) = ([S::ZERO; LANES], [S::ZERO; LANES]);
    let mut one = |lane: usize, output: &mut S, mean: S, activity: S, role: Role| {
        let (loss, slope) = entry(*output, mean, activity);
        let (is_train, is_validation) = (role == Role::Train, role == Role::Validation);
        train[lane] += if is_train { loss } else { S::ZERO };
        validation[lane] += if is_validation { loss } else { S::ZERO };
        *output = if is_train { factor * slope } else { S::ZERO };
    };
    let (outputs, last_outputs) = outputs.as_chunks_mut::<LANES>();
    let (means, last_means) = means.as_chunks::<LANES>();
    let (activity, last_activity) = activity.as_chunks::<LANES>();
    let (roles, last_roles) = roles.as_chunks::<LANES>();
    for ((outputs, means), (activity, roles)) in
        outputs.iter_mut().zip(means).zip(activity.iter().zip(roles))
    {
        for lane in 0..LANES {
            one(lane, &mut outputs[lane], means[lane], activity[lane], roles[lane]);
        }
    }
    for (lane, output) in last_outputs.iter_mut().enumerate() {
        one(lane, output, last_means[lane], last_activity[lane], last_roles[lane]);
    }
    [train, validation].map(|lanes| lanes.into_iter().map(Real::to_f64).sum())
}

impl Named for Likelihood {
    const WHAT: &'static str = "likelihood";

    fn table() -> Vec<(Self, &'static str, &'static str)> {
        let row = |&likelihood: &Likelihood| {
            let law = likelihood.law::<f64>();
            (likelihood, law.name(), law.about())
        };
        Likelihood::ALL.iter().map(row).collect()
    }
}

impl Likelihood {
    /// The one that is usual for entries of this kind.
    pub fn usual(quantity: Quantity) -> Self {
        match quantity {
            Quantity::Counts => Likelihood::Poisson,
            Quantity::Values => Likelihood::Gaussian,
        }
    }

    /// True if a recording of such entries can follow it.
    pub fn allows(self, quantity: Quantity) -> bool {
        self.law::<f64>().allows(quantity)
    }

    /// What a reported loss is, in words.
    pub fn loss_in_words(self) -> &'static str {
        self.law::<f64>().loss_in_words()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEURON: Statistics = Statistics { entries: 40, mean: 1.5, variance: 4.0, within: 3.0 };

    /// Each law with its name.
    fn laws() -> impl Iterator<Item = (&'static str, &'static dyn Law<f64>)> {
        Likelihood::ALL.iter().map(|likelihood| (likelihood.name(), likelihood.law()))
    }

    /// One neuron in one bin of some trials, all of one role.
    fn chunk(activity: &[f64], role: Role) -> Chunk<f64> {
        Chunk {
            trials: 0..activity.len(),
            activity: Matrix::from_columns(1, activity.len(), activity.to_vec()),
            roles: vec![role; activity.len()],
        }
    }

    fn errors(law: &dyn Law<f64>, output: f64, activity: f64, role: Role) -> ([f64; 2], f64) {
        let mut outputs = Matrix::from_columns(1, 1, vec![output]);
        let sums = law.errors(&mut outputs, &chunk(&[activity], role), &[NEURON], 1.0);
        (sums, outputs[(0, 0)])
    }

    #[test]
    fn every_derivative_agrees_with_differences_and_every_loss_with_what_is_scored() {
        for (name, law) in laws() {
            for activity in [0.0, 1.0, 5.0] {
                for output in [-1.5, 0.0, 0.7] {
                    let at = |step: f64| errors(law, output + step, activity, Role::Train).0[0];
                    let h = 1e-3;
                    let difference =
                        (8.0 * (at(h) - at(-h)) - (at(2.0 * h) - at(-2.0 * h))) / (12.0 * h);
                    let ([loss, validation], slope) = errors(law, output, activity, Role::Train);
                    assert!((slope - difference).abs() < 1e-9 * slope.abs().max(1.0), "{name}");
                    assert_eq!(validation, 0.0);
                    let mean = law.mean(output);
                    let scored = law.loss(activity, mean, &NEURON);
                    let whole = loss + law.constant(activity, &NEURON);
                    assert!((scored - whole).abs() < 1e-12 * scored.abs().max(1.0), "{name}");
                    // Other entries count where they belong, and pull at nothing.
                    let held_out = errors(law, output, activity, Role::Validation);
                    assert_eq!(held_out, ([0.0, loss], 0.0), "{name}");
                    for role in [Role::Test, Role::Unused] {
                        assert_eq!(errors(law, output, activity, role), ([0.0; 2], 0.0));
                    }
                }
            }
        }
    }

    /// Many entries of all roles come to what they come to one by one.
    #[test]
    fn many_entries_are_the_sum_of_single_ones() {
        const ROLES: [Role; 4] = [Role::Train, Role::Validation, Role::Test, Role::Unused];
        for (name, law) in laws() {
            let count = 2 * BLOCK + 3 * LANES + 5;
            let activity: Vec<f64> = (0..count).map(|k| (k % 7) as f64).collect();
            let roles: Vec<Role> = (0..count).map(|k| ROLES[(k * k / 3) % 4]).collect();
            let many = Chunk { roles: roles.clone(), ..chunk(&activity, Role::Train) };
            let output = |k: usize| (0.37 * k as f64).sin();
            let mut outputs = Matrix::from_fn(1, count, |_, k| output(k));
            let sums = law.errors(&mut outputs, &many, &[NEURON], 1.0);
            let mut expected = [0.0; 2];
            for k in 0..count {
                let (of_one, slope) = errors(law, output(k), activity[k], roles[k]);
                expected = [expected[0] + of_one[0], expected[1] + of_one[1]];
                assert_eq!(outputs[(0, k)], slope, "{name}: {k}");
            }
            for (sum, expected) in sums.into_iter().zip(expected) {
                assert!((sum - expected).abs() < 1e-10 * expected.abs(), "{name}");
            }
        }
    }

    /// Drawn entries have the mean that is asked for, and are of the kind that the law allows; the
    /// loss of many is least at their mean, so that the law that draws is the one that is fitted.
    #[test]
    fn entries_are_drawn_from_the_law_that_scores_them() {
        for (name, law) in laws() {
            assert!(law.allows(law.recorded()), "{name}");
            let usual = Likelihood::usual(law.recorded()).law::<f64>();
            assert_eq!(usual.recorded(), law.recorded());
            let means: Vec<f64> = (0..40_000).map(|k| [0.5, 2.5][k % 2]).collect();
            let mut entries = means.clone();
            law.draw(&mut entries, 1, 0.5, &mut Stream::new("drawn", 0, 0));
            let residuals = entries.iter().zip(&means).map(|(entry, mean)| entry - mean);
            let error = crate::statistics::Moments::of(residuals);
            assert!(error.mean.abs() < 4.0 * error.standard_error(), "{name}: {error:?}");
            assert!(error.variance() > 0.1, "{name}: there is noise");
            let loss = |factor: f64| -> f64 {
                let pairs = entries.iter().zip(&means);
                pairs.map(|(&entry, mean)| law.loss(entry, factor * mean, &NEURON)).sum()
            };
            assert!(loss(1.0) < loss(0.9) && loss(1.0) < loss(1.1), "{name}");
            if law.recorded() == Quantity::Counts {
                assert!(entries.iter().all(|entry| entry.fract() == 0.0 && *entry >= 0.0));
            }
        }
    }

    /// A fit starts from the mean of each neuron.
    #[test]
    fn the_start_predicts_the_mean() {
        for (name, law) in laws() {
            let start = law.start(&NEURON);
            assert!((law.mean(start.offset) - NEURON.mean).abs() < 1e-12, "{name}");
            assert!(start.scale > 0.0, "{name}");
            // A neuron that was silent can still be scored.
            let silent = Statistics { mean: 0.0, variance: 0.0, within: 0.0, ..NEURON };
            let mean = law.mean(law.start(&silent).offset);
            let possible = law.possible(mean, &silent);
            assert!(law.loss(1.0, possible, &silent).is_finite(), "{name}");
        }
    }

    #[test]
    fn names_are_different() {
        let names: std::collections::BTreeSet<_> = laws().map(|(name, _)| name).collect();
        assert_eq!(names.len(), Likelihood::ALL.len());
    }
}
