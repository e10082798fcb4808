//! The figures of a fit and of a cross-validation.

use faer::Mat;

use super::figure::{Figure, Panel};
use crate::fit::{Estimate, Fit, FitFloat, InitialStates, Losses, Model};
use crate::matrix::Matrix;
use crate::recording::Recording;
use crate::scalar::Scalar;

/// Trial factors and conditions that are drawn at most.
const SHOWN: usize = 6;

/// The names of all figures that a fit can have.
pub const FIT_FIGURES: [&str; 5] =
    ["losses", "single_trials", "trial_factors", "eigenvalues", "flow"];

/// The figures of a fit by their names, of [`FIT_FIGURES`]: losses, trial factors, single trials, eigenvalues of the
/// weights and their flow. `predictions` are in the order of [`Recording::activity`]. Weights that
/// are free in each trial have no trial factors and no common flow.
pub fn fit_figures<S: FitFloat>(
    fit: &Fit<S>,
    model: &Model<S>,
    recording: &Recording,
    predictions: &[S],
) -> Vec<(&'static str, Figure)> {
    let mut figures = vec![
        ("losses", losses(&fit.losses)),
        ("single_trials", single_trials(recording, predictions)),
    ];
    let weights = Weights::of(fit, model);
    if weights.factors.rows() > 0 {
        figures.push(("trial_factors", trial_factors(&weights.factors, recording)));
        figures.push(("eigenvalues", eigenvalues(&weights, recording)));
        if weights.columns.cols() > 1 {
            figures.push(("flow", flow(&weights, recording)));
        }
    }
    figures
}

/// What is to be seen in a figure of a fit or of a cross-validation, by its name.
pub(super) fn caption(name: &str) -> Option<&'static str> {
    Some(match name {
        "losses" => {
            "The loss over iterations: of fitted entries, and of those held out for stopping."
        }
        "single_trials" => "Single trials, recorded and predicted.",
        "trial_factors" => "How the weights change: each term's factor over trials.",
        "eigenvalues" => "Eigenvalues of the recurrent weights over trials.",
        "flow" => {
            "Where states go without inputs, in the plane of the first two columns, early and late."
        }
        "held_out_loss" => {
            "Held-out loss by tensor rank, and that of other models on the same entries."
        }
        _ => return None,
    })
}

/// Held-out loss against rank, and that of other models.
pub fn cross_validation_figure(
    ranks: &[(usize, Estimate)],
    others: &[(&str, Estimate)],
    chosen: usize,
) -> Figure {
    let of = |estimate: &Estimate| (estimate.mean, estimate.se);
    let points =
        ranks.iter().map(|(rank, estimate)| (*rank as f64, of(estimate).0, of(estimate).1));
    let title = format!("Held-out loss: tensor rank {chosen} chosen");
    let mut panel =
        Panel::new(title, "tensor rank", "held-out loss").error_bars("low tensor rank", points);
    let (first, last) = (ranks[0].0 as f64 - 0.3, ranks[ranks.len() - 1].0 as f64 + 0.3);
    for (name, estimate) in others {
        panel = panel.line(*name, [(first, estimate.mean), (last, estimate.mean)]);
    }
    Figure::new("Cross-validation").panel(panel)
}

fn losses(losses: &[Losses]) -> Figure {
    let curve = |loss: fn(&Losses) -> f64| {
        losses
            .iter()
            .enumerate()
            .map(move |(k, losses)| ((k + 1) as f64, loss(losses)))
            .collect::<Vec<_>>()
    };
    let panel = Panel::new("", "iteration", "loss")
        .line("fitted", curve(|losses| losses.train))
        .line("held out for stopping", curve(|losses| losses.validation));
    Figure::new("Losses").panel(panel)
}

/// The three most variable neurons in an early and in a late trial.
fn single_trials<S: FitFloat>(recording: &Recording, predictions: &[S]) -> Figure {
    let mut figure = Figure::new("Recorded and predicted activity");
    let late = recording.trials.saturating_sub(1 + recording.trials / 10);
    for trial in [recording.trials / 10, late] {
        for neuron in most_variable(recording).into_iter().take(3) {
            let place = |t: usize| (trial * recording.bins + t) * recording.neurons + neuron;
            let time =
                |t: usize| recording.start_seconds + (t as f64 + 0.5) * recording.bin_seconds;
            let bins = 0..recording.bins;
            let title = format!(
                "{}, trial {}",
                recording.neuron_names[neuron], recording.trial_numbers[trial]
            );
            let panel = Panel::new(title, "time (s)", recording.unit.as_str())
                .points(
                    0,
                    "recorded",
                    bins.clone().map(|t| (time(t), recording.activity[place(t)])),
                )
                .line("predicted", bins.map(|t| (time(t), predictions[place(t)].to_f64())));
            figure = figure.panel(panel);
        }
    }
    figure
}

fn most_variable(recording: &Recording) -> Vec<usize> {
    let variance = |n: usize| {
        let values = || {
            let all = recording.activity.iter().skip(n).step_by(recording.neurons);
            all.filter(|value| !value.is_nan())
        };
        let count = values().count().max(1) as f64;
        let mean = values().sum::<f64>() / count;
        values().map(|value| (value - mean).powi(2)).sum::<f64>() / count
    };
    let variances: Vec<f64> = (0..recording.neurons).map(variance).collect();
    let mut order: Vec<usize> = (0..recording.neurons).collect();
    order.sort_by(|&a, &b| variances[b].total_cmp(&variances[a]));
    order
}

/// Each factor over trials, by condition and, if there are several, by epoch.
fn trial_factors(factors: &Matrix<f64>, recording: &Recording) -> Figure {
    let shown = factors.rows().min(SHOWN);
    let mut figure = Figure::new("Trial factors").columns(shown.min(3));
    for (kind, of, names) in [
        ("condition", &recording.conditions, &recording.condition_names),
        ("epoch", &recording.epochs, &recording.epoch_names),
    ] {
        if names.len() < 2 && !std::ptr::eq(of, &recording.conditions) {
            continue;
        }
        for r in 0..shown {
            let mut panel =
                Panel::new(format!("factor {}", r + 1), "trial", format!("c_{}", r + 1));
            for (group, name) in names.iter().enumerate() {
                let trials = (0..recording.trials).filter(|&k| of[k] == group);
                let points = trials.map(|k| (recording.trial_numbers[k] as f64, factors[(r, k)]));
                // More names than can be told apart say nothing.
                let name = if names.len() > 8 { String::new() } else { format!("{kind} {name}") };
                panel = panel.points(group, name, points);
            }
            figure = figure.panel(panel);
        }
    }
    figure
}

/// The weights that all trials share, in double precision.
struct Weights {
    columns: Matrix<f64>,
    rows: Matrix<f64>,
    factors: Matrix<f64>,
    initial: Matrix<f64>,
    leak: f64,
    activation: crate::network::Activation<f64>,
    steps: usize,
}

impl Weights {
    fn of<S: FitFloat>(fit: &Fit<S>, model: &Model<S>) -> Self {
        let architecture = fit.objective.architecture();
        let rank = architecture.rank;
        let double = |matrix: &Matrix<S>| matrix.map(|x| x.to_f64());
        let all = double(&model.columns);
        Weights {
            columns: Matrix::from_fn(all.rows(), rank, |i, r| all[(i, r)]),
            rows: double(&model.rows),
            factors: double(&model.factors),
            initial: match architecture.initial {
                InitialStates::Zero => Matrix::zeros(all.rows(), 1),
                InitialStates::Learned { .. } => double(&model.initial),
            },
            leak: architecture.leak,
            activation: architecture.nonlinearity.activation(),
            steps: architecture.steps(fit.objective.observations.bins),
        }
    }

    /// The step of states (N, M) without inputs, with trial factors c.
    fn step(&self, states: &mut Matrix<f64>, c: &[f64]) {
        let mut rates = states.clone();
        let mut slopes = states.clone();
        self.activation.apply(rates.data_mut(), slopes.data_mut());
        let mut through = Matrix::product(self.rows.t(), rates.view());
        for column in through.data_mut().chunks_exact_mut(c.len()) {
            column.iter_mut().zip(c).for_each(|(p, &c)| *p *= c);
        }
        states.scale(1.0 - self.leak);
        states.add_scaled(self.leak, &self.columns.times(&through));
    }

    /// The mean trial factors of some trials.
    fn mean(&self, trials: std::ops::Range<usize>) -> Vec<f64> {
        let count = trials.len().max(1) as f64;
        let mean = |r| trials.clone().map(|k| self.factors[(r, k)]).sum::<f64>() / count;
        (0..self.factors.rows()).map(mean).collect()
    }
}

/// The eigenvalues of W_k that are not zero: those of diag(c) b^T a, (R, R).
fn eigenvalues(weights: &Weights, recording: &Recording) -> Figure {
    let coupling = Matrix::product(weights.rows.t(), weights.columns.view());
    let rank = coupling.rows();
    let mut real = vec![Vec::new(); rank];
    let mut imaginary = vec![Vec::new(); rank];
    for k in 0..weights.factors.cols() {
        let scaled = Mat::from_fn(rank, rank, |i, j| weights.factors[(i, k)] * coupling[(i, j)]);
        let Ok(mut values) = scaled.eigenvalues() else { continue };
        values.sort_by(|a, b| b.re.total_cmp(&a.re).then(b.im.total_cmp(&a.im)));
        let trial = recording.trial_numbers[k] as f64;
        for (r, value) in values.iter().enumerate() {
            real[r].push((trial, value.re));
            imaginary[r].push((trial, value.im));
        }
    }
    let panel = |title: &str, series: Vec<Vec<(f64, f64)>>| {
        let start = Panel::new(title, "trial", title);
        series.into_iter().enumerate().fold(start, |panel, (r, points)| {
            panel.line_in_style(r, format!("eigenvalue {}", r + 1), points)
        })
    };
    Figure::new("Eigenvalues of the weights")
        .panel(panel("real part", real))
        .panel(panel("imaginary part", imaginary))
}

/// Streamlines in the plane of the first two columns, without inputs, with the mean trial factors
/// of the first and of the last tenth of trials.
fn flow(weights: &Weights, recording: &Recording) -> Figure {
    const GRID: usize = 9;
    const STEPS: usize = 8;
    let tenth = (recording.trials / 10).max(1);
    let plane = <f64 as crate::matrix::RankRevealing>::factor(&Matrix::from_fn(
        weights.columns.rows(),
        2,
        |i, r| weights.columns[(i, r)],
    ))
    .0;
    let reach = reach(weights, &plane, tenth);
    let mut figure = Figure::new("Flow in the plane of the first two columns").columns(2);
    let trials = recording.trials;
    for (title, of) in [("early trials", 0..tenth), ("late trials", trials - tenth..trials)] {
        let c = weights.mean(of);
        let place = |cell: usize| reach * (2.0 * cell as f64 / (GRID - 1) as f64 - 1.0);
        let grid = Matrix::from_fn(2, GRID * GRID, |axis, point| match axis {
            0 => place(point % GRID),
            _ => place(point / GRID),
        });
        let mut states = plane.times(&grid);
        let mut lines: Vec<Vec<(f64, f64)>> =
            (0..GRID * GRID).map(|p| vec![(grid[(0, p)], grid[(1, p)])]).collect();
        for _ in 0..STEPS {
            weights.step(&mut states, &c);
            let seen = Matrix::product(plane.t(), states.view());
            for (p, line) in lines.iter_mut().enumerate() {
                line.push((seen[(0, p)], seen[(1, p)]));
            }
        }
        let mut panel = Panel::new(title, "along the first column", "along the second column");
        let starts: Vec<_> = lines.iter().map(|line| line[0]).collect();
        for line in lines {
            panel = panel.line_in_style(0, "", line);
        }
        figure = figure.panel(panel.points(1, "start", starts));
    }
    figure
}

/// How far the states of the first trials come within the plane.
fn reach(weights: &Weights, plane: &Matrix<f64>, trials: usize) -> f64 {
    let c = weights.mean(0..trials);
    let mut states = weights.initial.clone();
    let mut largest = 0.0_f64;
    for _ in 0..=weights.steps {
        let seen = Matrix::product(plane.t(), states.view());
        largest = seen.data().iter().fold(largest, |largest, x| largest.max(x.abs()));
        weights.step(&mut states, &c);
    }
    if largest > f64::ZERO && largest.is_finite() { largest } else { f64::ONE }
}
