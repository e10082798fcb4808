//! The fits on which an answer rests: from several random starts, and constant weights beside changing
//! ones.
//!
//! Fits from random starts end in different local minima, whose held-out losses differ as much as those
//! of constant and changing weights do. So from each start constant weights are fitted first, changing
//! ones go on from there, and constant ones from the means of these over trials: both are near the same
//! minimum, found by whichever. Then predictions are averaged over starts, for every network that is
//! compared.

use std::ops::ControlFlow;

use super::FitFloat;
use super::architecture::{Architecture, Recurrence};
use super::cross_validation::{FitError, JUDGED};
use super::factors::Factors;
use super::fitting::{Diverged, Fit, Outcome, Settings};
use super::misfit::Misfit;
use super::objective::Objective;
use super::observations::{Observations, Role};
use super::score::{Score, of_means};
use crate::blocks::{Block, Subset};
use crate::matrix::Matrix;
use crate::recording::Recording;
use crate::scalar::Stream;

/// A network that is fitted from several random starts.
pub(super) struct Starts<'a> {
    pub recording: &'a Recording,
    pub roles: &'a [Role],
    pub architecture: &'a Architecture,
    /// The seed is that of the first start.
    pub settings: Settings,
    pub count: u64,
}

/// What the mean of the predictions of all starts comes to.
pub(super) struct Averaged {
    /// On entries of the roles [`JUDGED`].
    pub scores: [Score; 3],
    /// Iterations made, of all starts.
    pub iterations: usize,
    /// The terms of the weights from each start, unless they are free in each trial.
    pub factors: Vec<Factors>,
}

/// What fits leave behind.
#[derive(Default)]
struct Sum {
    fits: usize,
    /// Of the predicted means of all entries.
    means: Vec<f64>,
    iterations: usize,
    factors: Vec<Factors>,
}

/// A fit that the caller broke off, or one that has run.
type Ran<S> = Option<Fit<S>>;

impl Starts<'_> {
    /// The network itself; `None` if `go_on` said no after an iteration. Starts from which fitting
    /// breaks down are left out.
    ///
    /// # Errors
    ///
    /// If the choices do not fit the recording, or fitting breaks down from all starts.
    pub fn averaged<S: FitFloat>(
        &self,
        go_on: impl Fn() -> bool,
    ) -> Result<Option<Averaged>, FitError> {
        let objective = self.objective::<S>(self.architecture.recurrence.clone())?;
        let one = |settings| {
            let fit = run(Fit::new(objective.clone(), settings), &go_on)?;
            Ok(fit.map(|fit| [fit]))
        };
        let found = self.summed(one)?;
        found.map(|[sum]| self.judged(sum)).transpose().map_err(FitError::from)
    }

    /// The network, whose weights change, from constant weights, and constant ones beside it: those
    /// that were fitted first, or from the means of changing ones over trials, whichever predict the
    /// validation entries better. `None` and errors as for [`averaged`](Starts::averaged).
    pub fn nested<S: FitFloat>(
        &self,
        go_on: impl Fn() -> bool,
    ) -> Result<Option<[Averaged; 2]>, FitError> {
        let both = self.both::<S>()?;
        let one = |settings: Settings| {
            let Some([first, moved]) = moved(&both, settings, &go_on)? else { return Ok(None) };
            let [_, constant] = &both;
            let Some(back) = run(from_means(constant, &moved, settings), &go_on)? else {
                return Ok(None);
            };
            let loss = |fit: &Fit<S>| fit.score(Role::Validation).loss;
            let alike = if loss(&back) < loss(&first) { back } else { first };
            Ok(Some([moved, alike]))
        };
        let Some([changing, constant]) = self.summed(one)? else { return Ok(None) };
        Ok(Some([self.judged(changing)?, self.judged(constant)?]))
    }

    /// The network, whose weights change, from constant weights alone. `None` and errors as for
    /// [`averaged`](Starts::averaged).
    pub fn after_constant<S: FitFloat>(
        &self,
        go_on: impl Fn() -> bool,
    ) -> Result<Option<Averaged>, FitError> {
        let both = self.both::<S>()?;
        let one = |settings| Ok(moved(&both, settings, &go_on)?.map(|[_, moved]| [moved]));
        let found = self.summed(one)?;
        found.map(|[sum]| self.judged(sum)).transpose().map_err(FitError::from)
    }

    /// The network, whose weights change, with each of these orders of the trials, from the constant
    /// weights of the first start, which know no order. `None` and errors as for
    /// [`averaged`](Starts::averaged), but that an order with which fitting breaks down has losses that
    /// are NaN.
    pub fn in_orders<S: FitFloat>(
        &self,
        orders: impl Iterator<Item = Recording>,
        go_on: impl Fn() -> bool,
    ) -> Result<Option<Vec<Averaged>>, FitError> {
        let constant = self.objective::<S>(Recurrence::Constant)?;
        let Some(first) = run(Fit::new(constant, self.settings), &go_on)? else { return Ok(None) };
        let mut found = Vec::new();
        for recording in orders {
            let starts = Starts { recording: &recording, ..*self };
            let changing = starts.objective::<S>(self.architecture.recurrence.clone())?;
            match run(from_constant(&changing, &first, self.settings), &go_on) {
                Ok(None) => return Ok(None),
                Ok(Some(moved)) => {
                    let mut sum = Sum::default();
                    sum.add(&moved);
                    found.push(starts.judged(sum)?);
                }
                Err(Diverged { iteration }) => found.push(Averaged {
                    scores: [Score::NONE; 3],
                    iterations: iteration,
                    factors: vec![],
                }),
            }
        }
        Ok(Some(found))
    }

    /// Of changing and of constant weights.
    fn both<S: FitFloat>(&self) -> Result<[Objective<S>; 2], Misfit> {
        let changing = self.objective(self.architecture.recurrence.clone())?;
        Ok([changing, self.objective(Recurrence::Constant)?])
    }

    fn objective<S: FitFloat>(&self, recurrence: Recurrence) -> Result<Objective<S>, Misfit> {
        let architecture = Architecture { recurrence, ..self.architecture.clone() };
        Objective::new(&architecture, Observations::new(self.recording, self.roles)?)
    }

    /// Some fits from each start, summed.
    fn summed<S: FitFloat, const N: usize>(
        &self,
        one: impl Fn(Settings) -> Result<Option<[Fit<S>; N]>, Diverged>,
    ) -> Result<Option<[Sum; N]>, FitError> {
        let mut sums = std::array::from_fn(|_| Sum::default());
        let mut broken = None;
        for number in 0..self.count {
            // Seeds are names: after the last comes the first.
            let seed = self.settings.seed.wrapping_add(number);
            match one(Settings { seed, ..self.settings }) {
                Ok(Some(fits)) => sums.iter_mut().zip(&fits).for_each(|(sum, fit)| sum.add(fit)),
                Ok(None) => return Ok(None),
                Err(diverged) => broken = Some(diverged),
            }
        }
        match broken {
            Some(diverged) if sums.iter().any(|sum| sum.fits == 0) => Err(diverged.into()),
            _ => Ok(Some(sums)),
        }
    }

    fn judged(&self, sum: Sum) -> Result<Averaged, Misfit> {
        let observations = Observations::<f64>::new(self.recording, self.roles)?;
        let likelihood = self.architecture.likelihood;
        let mean = |place: usize| sum.means[place] / sum.fits as f64;
        let score =
            |role| of_means(self.recording, self.roles, &observations, likelihood, role, mean);
        Ok(Averaged { scores: JUDGED.map(score), iterations: sum.iterations, factors: sum.factors })
    }
}

impl Sum {
    fn add<S: FitFloat>(&mut self, fit: &Fit<S>) {
        let model = fit.model();
        let means = fit.objective().predictions(&model);
        self.means.resize(means.len(), 0.0);
        self.means.iter_mut().zip(&means).for_each(|(sum, mean)| *sum += mean.to_f64());
        self.fits += 1;
        self.iterations += fit.iterations();
        self.factors.extend(fit.objective().factors(&model));
    }
}

fn run<S: FitFloat>(mut fit: Fit<S>, go_on: impl Fn() -> bool) -> Result<Ran<S>, Diverged> {
    let report =
        |_: &_, _| if go_on() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) };
    Ok((fit.run(report)? != Outcome::Interrupted).then_some(fit))
}

/// Constant weights from a random start, and changing ones that went on from there.
fn moved<S: FitFloat>(
    [changing, constant]: &[Objective<S>; 2],
    settings: Settings,
    go_on: impl Fn() -> bool,
) -> Result<Option<[Fit<S>; 2]>, Diverged> {
    let first = run(Fit::new(constant.clone(), settings), &go_on)?;
    let Some(first) = first else { return Ok(None) };
    let moved = run(from_constant(changing, &first, settings), &go_on)?;
    Ok(moved.map(|moved| [first, moved]))
}

/// Changing weights that do not change yet.
fn from_constant<S: FitFloat>(
    changing: &Objective<S>,
    constant: &Fit<S>,
    settings: Settings,
) -> Fit<S> {
    going_on(changing, settings, |name| constant.blocks().get(name).ok().cloned())
}

/// Constant weights whose factors are the means of changing ones over trials.
fn from_means<S: FitFloat>(
    constant: &Objective<S>,
    changing: &Fit<S>,
    settings: Settings,
) -> Fit<S> {
    let model = changing.model();
    let factors = model.trial_factors().expect("weights of low tensor rank");
    let mean = |r, _| {
        let sum = (0..factors.cols()).fold(S::ZERO, |sum, k| sum + factors[(r, k)]);
        sum * S::from_f64(1.0 / factors.cols() as f64)
    };
    let means = Matrix::from_fn(factors.rows(), 1, mean);
    going_on(constant, settings, |name| match name {
        "mean" => Some(means.clone().into()),
        _ => changing.blocks().get(name).ok().cloned(),
    })
}

/// A fit that starts from blocks of another, and from its own where there is no such block: changes of
/// weights start from none.
fn going_on<S: FitFloat>(
    objective: &Objective<S>,
    settings: Settings,
    other: impl Fn(&str) -> Option<Block<S>>,
) -> Fit<S> {
    let own = objective.start(&Stream::new("fit", settings.seed, 0).named("start"));
    let start = own.replaced(|name, block| other(name).unwrap_or_else(|| block.clone()));
    let fit = Fit::from_blocks(objective.clone(), settings, start, Subset::All);
    fit.expect("the same blocks but for the changes of weights")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fit::held_out::HeldOut;
    use crate::fit::prior::TrialPrior;
    use crate::fit::simulate::Simulation;

    const HELD_OUT: [Role; 2] = [Role::Test, Role::Validation];

    fn recording(constant: bool) -> Recording {
        let simulation = Simulation {
            neurons: 12,
            units: 12,
            trials: 40,
            bins: 8,
            conditions: 4,
            rank: 2,
            constant,
            ..Simulation::default()
        };
        simulation.recording(3).unwrap().0
    }

    fn with<R>(recording: &Recording, iterations: usize, work: impl FnOnce(Starts) -> R) -> R {
        let roles = HeldOut::of_search().roles(recording, 0, &HELD_OUT, 1).unwrap();
        let architecture = Architecture {
            recurrence: Recurrence::LowTensorRank(TrialPrior::default()),
            ..Architecture::new(12, 2, recording.bins)
        };
        let settings = Settings { iterations, ..Settings::default() };
        let (roles, architecture) = (roles.as_slice(), &architecture);
        work(Starts { recording, roles, architecture, settings, count: 2 })
    }

    #[test]
    fn changing_weights_start_where_constant_ones_end_and_back() {
        with(&recording(false), 30, |starts| {
            let [changing, constant] = starts.both::<f64>().unwrap();
            let first = run(Fit::new(constant.clone(), starts.settings), || true).unwrap().unwrap();
            let moved = from_constant(&changing, &first, starts.settings);
            assert_eq!(moved.predictions(), first.predictions());
            // Weights that did not change yet are their own means.
            let back = from_means(&constant, &moved, starts.settings);
            let pairs = back.predictions().into_iter().zip(first.predictions());
            assert!(pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max) < 1e-12);
            let moved = run(moved, || true).unwrap().unwrap();
            assert!(moved.score(Role::Validation).loss < first.score(Role::Validation).loss);
        });
    }

    #[test]
    fn orders_go_on_from_the_constant_weights_of_one_start() {
        let recording = recording(false);
        with(&recording, 20, |starts| {
            let numbers = (0..40).map(|k| 7 * k % 40).collect();
            let mixed = Recording { trial_numbers: numbers, ..recording.clone() };
            let orders = [&recording, &mixed, &recording].map(Recording::clone);
            let found = starts.in_orders::<f64>(orders.clone().into_iter(), || true);
            let loss = |of: &Averaged| of.scores.map(|score| score.loss);
            let found: Vec<_> = found.unwrap().unwrap().iter().map(loss).collect();
            let single = Starts { count: 1, ..starts };
            let alone = single.after_constant::<f64>(|| true).unwrap().unwrap();
            assert_eq!([found[0], found[2]], [loss(&alone); 2]);
            assert!((found[1][0] - found[0][0]).abs() > 1e-6, "{found:?}");
            assert!(single.in_orders::<f64>(orders.into_iter(), || false).unwrap().is_none());
        });
    }

    #[test]
    fn what_changes_is_told_from_what_does_not() {
        let excess = |is_constant: bool| {
            with(&recording(is_constant), 400, |starts| {
                let [changing, constant] = starts.nested::<f32>(|| true).unwrap().unwrap();
                assert_eq!(changing.factors.len(), 2);
                constant.scores[0].loss - changing.scores[0].loss
            })
        };
        let (changing, constant) = (excess(false), excess(true));
        assert!(changing > 0.005 && constant.abs() < 0.2 * changing, "{changing} {constant}");
    }

    #[test]
    fn predictions_are_the_means_over_starts() {
        with(&recording(false), 20, |starts| {
            let objective = starts.objective::<f64>(Recurrence::Free).unwrap();
            let architecture =
                Architecture { recurrence: Recurrence::Free, ..starts.architecture.clone() };
            let starts = Starts { architecture: &architecture, ..starts };
            let of_seed = |seed| {
                let settings = Settings { seed, ..starts.settings };
                run(Fit::new(objective.clone(), settings), || true).unwrap().unwrap().predictions()
            };
            let (one, other) = (of_seed(1), of_seed(2));
            let observations = Observations::<f64>::new(starts.recording, starts.roles).unwrap();
            let likelihood = architecture.likelihood;
            let expected = of_means(
                starts.recording,
                starts.roles,
                &observations,
                likelihood,
                Role::Test,
                |place| (one[place] + other[place]) / 2.0,
            );
            let found = starts.averaged::<f64>(|| true).unwrap().unwrap();
            assert!((found.scores[0].loss - expected.loss).abs() < 1e-12);
            assert!(found.factors.is_empty() && found.iterations == 40);
            // The first fit alone, and one that is broken off.
            let single = Starts { count: 1, ..starts };
            assert!(single.averaged::<f64>(|| true).unwrap().unwrap().iterations == 20);
            assert!(single.averaged::<f64>(|| false).unwrap().is_none());
            assert!(single.nested::<f64>(|| false).is_ok_and(|found| found.is_none()));
        });
    }

    #[test]
    fn starts_from_which_fitting_breaks_down_are_left_out() {
        with(&recording(false), 20, |starts| {
            let objective = starts.objective::<f64>(Recurrence::Constant).unwrap();
            let broken = |seeds: &'static [u64]| {
                starts.summed(|settings| {
                    if seeds.contains(&settings.seed) {
                        return Err(Diverged { iteration: 7 });
                    }
                    Ok(run(Fit::new(objective.clone(), settings), || true)?.map(|fit| [fit]))
                })
            };
            let [sum] = broken(&[1]).unwrap().unwrap();
            assert_eq!(sum.fits, 1);
            assert!(matches!(broken(&[1, 2]), Err(FitError::Diverged(Diverged { iteration: 7 }))));
        });
    }
}
