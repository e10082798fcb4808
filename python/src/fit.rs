//! Fits and cross-validations of recordings: Python's objects taken apart and handed on.

use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;

use numpy::ndarray::{Array2, Array3, ShapeBuilder};
use numpy::{Element, IntoPyArray, PyArray2, PyArray3, PyReadonlyArray1, PyReadonlyArray3};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use rankproof::cli::{AnyFit, CrossValidated, FittedRecording};
use rankproof::fit::{Comparison, Diverged, Fit, FitError, FitFloat, Role};
use rankproof::matrix::Matrix;
use rankproof::recording::{Behaviour, Quantity, Recording};
use rankproof::scalar::Scalar;

use crate::background::background;
use crate::error::exception;

/// A recording in memory.
#[pyclass(frozen, module = "rankproof._native")]
pub struct MemoryRecording(Arc<Recording>);

#[pymethods]
impl MemoryRecording {
    /// As `rankproof prepare` wrote it.
    #[staticmethod]
    fn read(path: PathBuf) -> PyResult<Self> {
        Ok(MemoryRecording(Arc::new(
            Recording::read(path).map_err(|error| exception(&error.into()))?,
        )))
    }

    /// Of an array (trial, bin, neuron), and of what is known beside it: conditions and epochs as
    /// indices of names.
    #[staticmethod]
    #[pyo3(signature = (
        activity, bin_seconds, counts, *,
        conditions=None, epochs=None, trials=None, neurons=None, behaviour=None
    ))]
    #[allow(clippy::too_many_arguments, reason = "keywords of Python")]
    fn of_array(
        activity: PyReadonlyArray3<'_, f64>,
        bin_seconds: f64,
        counts: bool,
        conditions: Option<(Vec<usize>, Vec<String>)>,
        epochs: Option<(Vec<usize>, Vec<String>)>,
        trials: Option<Vec<i64>>,
        neurons: Option<Vec<String>>,
        behaviour: Option<PyReadonlyArray3<'_, f64>>,
    ) -> PyResult<Self> {
        let activity = activity.as_array();
        let (trial_count, bins, neuron_count) = activity.dim();
        let shape = [trial_count, bins, neuron_count];
        let entries = activity.iter().copied().collect();
        let quantity = if counts { Quantity::Counts } else { Quantity::Values };
        let mut builder =
            Recording::from_array(entries, shape, bin_seconds).quantity(quantity, String::new());
        if let Some(trials) = trials {
            builder = builder.trial_numbers(trials);
        }
        if let Some(neurons) = neurons {
            builder = builder.neuron_names(neurons);
        }
        let mut recording = builder.build().map_err(value_error)?;
        if let Some((of_trials, names)) = conditions {
            (recording.conditions, recording.condition_names) = (of_trials, names);
        }
        if let Some((of_trials, names)) = epochs {
            (recording.epochs, recording.epoch_names) = (of_trials, names);
        }
        if let Some(behaviour) = behaviour {
            let behaviour = behaviour.as_array();
            let names = (0..behaviour.dim().2).map(|d| format!("dimension {d}")).collect();
            let values = behaviour.iter().copied().collect();
            recording.behaviour = Some(Behaviour { names, values });
        }
        recording.validate().map_err(value_error)?;
        Ok(MemoryRecording(Arc::new(recording)))
    }

    /// Trials, bins, neurons.
    #[getter]
    fn shape(&self) -> (usize, usize, usize) {
        (self.0.trials, self.0.bins, self.0.neurons)
    }

    #[getter]
    fn neuron_names(&self) -> Vec<String> {
        self.0.neuron_names.clone()
    }

    #[getter]
    fn condition_names(&self) -> Vec<String> {
        self.0.condition_names.clone()
    }

    #[getter]
    fn bin_seconds(&self) -> f64 {
        self.0.bin_seconds
    }

    #[getter]
    fn trial_numbers(&self) -> Vec<i64> {
        self.0.trial_numbers.clone()
    }

    /// Whether another has the same activity and, if they count, the same labels of trials.
    fn is_same(&self, other: &Self, labels_count: bool) -> bool {
        let bits = |recording: &Recording| -> Vec<u64> {
            recording.activity.iter().map(|entry| entry.to_bits()).collect()
        };
        let labels = |recording: &Recording| {
            let Recording { trial_numbers, conditions, epochs, .. } = recording;
            (trial_numbers.clone(), conditions.clone(), epochs.clone())
        };
        let shape = |recording: &Recording| [recording.trials, recording.bins, recording.neurons];
        let (one, other) = (&self.0, &other.0);
        let same_labels = !labels_count || labels(one) == labels(other);
        shape(one) == shape(other) && same_labels && bits(one) == bits(other)
    }

    /// Writes the file that the commands read.
    fn write(&self, path: PathBuf) -> PyResult<()> {
        self.0.write(path).map_err(|error| exception(&error.into()))
    }
}

/// A fit that has ended.
#[pyclass(frozen, module = "rankproof._native")]
pub struct Fitted(FittedRecording);

/// Fits with the options of `rankproof fit`. `roles` are 0 for unused entries, 1 for those that are
/// fitted, 2 for those that decide when to stop, 3 for those held out; `report` is told iteration,
/// loss and validation loss. A `checkpoint` is that of the fit that these options made.
#[pyfunction]
#[pyo3(signature = (recording, options, roles=None, report=None, checkpoint=None))]
pub fn fit(
    py: Python<'_>,
    recording: &MemoryRecording,
    options: Vec<OsString>,
    roles: Option<PyReadonlyArray1<'_, u8>>,
    report: Option<Bound<'_, PyAny>>,
    checkpoint: Option<Vec<u8>>,
) -> PyResult<Fitted> {
    let recording = Arc::clone(&recording.0);
    let roles = roles.map(|roles| roles.as_array().iter().map(|&role| named(role)).collect());
    let roles: Option<Vec<Role>> = roles.transpose()?;
    iterations(py, report, move |progress| {
        FittedRecording::new(recording, &options, roles, checkpoint.as_deref(), progress)
    })
}

fn named(role: u8) -> PyResult<Role> {
    match role {
        0 => Ok(Role::Unused),
        1 => Ok(Role::Train),
        2 => Ok(Role::Validation),
        3 => Ok(Role::Test),
        _ => Err(PyValueError::new_err(format!("a role is {role}, expected 0 to 3"))),
    }
}

/// Iterates in the background and tells Python of it.
fn iterations(
    py: Python<'_>,
    report: Option<Bound<'_, PyAny>>,
    work: impl FnOnce(
        &mut (dyn FnMut(rankproof::fit::Progress) -> ControlFlow<()> + Send),
    ) -> anyhow::Result<FittedRecording>
    + Send,
) -> PyResult<Fitted> {
    let hear = |made: Vec<(usize, f64, f64)>| match &report {
        Some(report) => made.into_iter().try_for_each(|losses| report.call1(losses).map(drop)),
        None => Ok(()),
    };
    let fitted = background(
        py,
        |tell| {
            work(&mut |made| {
                let losses = made.losses;
                match tell(Some((made.iteration, losses.train, losses.validation))) {
                    true => ControlFlow::Continue(()),
                    false => ControlFlow::Break(()),
                }
            })
        },
        hear,
    )?;
    fitted.map(Fitted).map_err(any_error)
}

#[pymethods]
impl Fitted {
    /// The line of summary.json, without its schema.
    fn summary(&self) -> PyResult<String> {
        json(&self.0.summary().map_err(any_error)?)
    }

    /// How far trial factors changed, of a fit that was applied to other trials.
    fn change(&self) -> PyResult<Option<String>> {
        self.0.change().map(json).transpose()
    }

    /// Before each iteration: training and validation, (iteration, 2).
    fn losses<'py>(&self, py: Python<'py>) -> Bound<'py, PyArray2<f64>> {
        let losses = match self.0.fit() {
            AnyFit::F32(fit) => fit.losses(),
            AnyFit::F64(fit) => fit.losses(),
        };
        let data: Vec<f64> =
            losses.iter().flat_map(|losses| [losses.train, losses.validation]).collect();
        let array = Array2::from_shape_vec((losses.len(), 2), data);
        array.expect("two for each iteration").into_pyarray(py)
    }

    /// The arrays of the model, by the names of the attributes.
    fn model<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        match self.0.fit() {
            AnyFit::F32(fit) => model(py, fit),
            AnyFit::F64(fit) => model(py, fit),
        }
    }

    /// The recurrent weights of a trial, (unit, unit).
    fn weights<'py>(&self, py: Python<'py>, trial: usize) -> PyResult<Bound<'py, PyAny>> {
        let trials = self.0.recording().trials;
        if trial >= trials {
            let message = format!("trial is {trial}, expected a number below {trials}");
            return Err(PyValueError::new_err(message));
        }
        Ok(match self.0.fit() {
            AnyFit::F32(fit) => matrix(py, fit.weights(trial)).into_any(),
            AnyFit::F64(fit) => matrix(py, fit.weights(trial)).into_any(),
        })
    }

    /// The means or rates of all entries, (trial, bin, neuron).
    fn predictions<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let recording = self.0.recording();
        let shape = [recording.trials, recording.bins, recording.neurons];
        Ok(match self.0.fit() {
            AnyFit::F32(fit) => {
                cube(py, shape, self.on_threads(py, || fit.predictions())?).into_any()
            }
            AnyFit::F64(fit) => {
                cube(py, shape, self.on_threads(py, || fit.predictions())?).into_any()
            }
        })
    }

    /// The states at the bins of all trials, (trial, bin, unit).
    fn states<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let Recording { trials, bins, .. } = *self.0.recording();
        Ok(match self.0.fit() {
            AnyFit::F32(fit) => {
                let (units, data) = self.on_threads(py, || states(fit))?;
                cube(py, [trials, bins, units], data).into_any()
            }
            AnyFit::F64(fit) => {
                let (units, data) = self.on_threads(py, || states(fit))?;
                cube(py, [trials, bins, units], data).into_any()
            }
        })
    }

    /// From which the fit is made again; none of a model that was applied to other trials.
    fn checkpoint<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let bytes = py.detach(|| self.0.checkpoint()).map_err(any_error)?;
        Ok(bytes.map(|bytes| PyBytes::new(py, &bytes)))
    }

    /// Writes the folder that `rankproof fit` writes.
    fn save(&self, py: Python<'_>, folder: PathBuf) -> PyResult<()> {
        py.detach(|| self.0.save(&folder)).map_err(any_error)
    }

    /// Behaviour read out of the states, as JSON.
    fn decode(&self, py: Python<'_>, folds: usize, seed: u64) -> PyResult<String> {
        json(&py.detach(|| self.0.decoded(folds, seed)).map_err(any_error)?)
    }

    /// The same model with what belongs to the trials of another recording inferred.
    #[pyo3(signature = (recording, report=None))]
    fn apply(
        &self,
        py: Python<'_>,
        recording: &MemoryRecording,
        report: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Fitted> {
        let recording = Arc::clone(&recording.0);
        iterations(py, report, move |progress| self.0.applied(recording, progress))
    }
}

impl Fitted {
    fn on_threads<R: Send>(&self, py: Python<'_>, work: impl FnOnce() -> R + Send) -> PyResult<R> {
        py.detach(|| self.0.on_threads(work)).map_err(any_error)
    }
}

fn model<'py, S: FitFloat + Element>(
    py: Python<'py>,
    fit: &Fit<S>,
) -> PyResult<Bound<'py, PyDict>> {
    let (model, arrays) = (fit.model(), PyDict::new(py));
    if let (Some(columns), Some(rows), Some(factors)) =
        (model.columns(), model.rows(), model.trial_factors())
    {
        arrays.set_item("columns_", matrix(py, columns))?;
        arrays.set_item("rows_", matrix(py, rows.clone()))?;
        arrays.set_item("trial_factors_", transposed(py, factors.clone()))?;
    }
    arrays.set_item("readout_", matrix(py, model.readout().clone()))?;
    arrays.set_item(
        "offsets_",
        model.offset().map(|offset| offset.data().to_vec().into_pyarray(py)),
    )?;
    arrays.set_item("initial_states_", transposed(py, model.initial_states()))?;
    arrays.set_item("gains_", model.gains().map(|gains| gains.into_pyarray(py)))?;
    Ok(arrays)
}

/// Our columns are consecutive.
fn matrix<S: Element + Scalar>(py: Python<'_>, of: Matrix<S>) -> Bound<'_, PyArray2<S>> {
    let shape = (of.rows(), of.cols()).f();
    Array2::from_shape_vec(shape, of.data().to_vec()).expect("all entries").into_pyarray(py)
}

fn transposed<S: Element + Scalar>(py: Python<'_>, of: Matrix<S>) -> Bound<'_, PyArray2<S>> {
    let shape = (of.cols(), of.rows());
    Array2::from_shape_vec(shape, of.data().to_vec()).expect("all entries").into_pyarray(py)
}

fn cube<S: Element>(py: Python<'_>, shape: [usize; 3], data: Vec<S>) -> Bound<'_, PyArray3<S>> {
    Array3::from_shape_vec(shape, data).expect("all entries").into_pyarray(py)
}

/// Units, and the states in the order of NumPy.
fn states<S: FitFloat>(fit: &Fit<S>) -> (usize, Vec<S>) {
    let all = fit.objective().states(&fit.model());
    let data = all.iter().flat_map(|trial| trial.data()).copied().collect();
    (fit.objective().architecture().units, data)
}

/// A cross-validation whose jobs are carried out by themselves.
#[pyclass(frozen, module = "rankproof._native")]
pub struct CrossValidation(CrossValidated);

#[pymethods]
impl CrossValidation {
    /// As `rankproof cv` plans it with these options; the grid is JSON, and `out` the folder in which
    /// fits are kept.
    #[new]
    #[pyo3(signature = (recording, options, grid=None, out=None))]
    fn new(
        recording: &MemoryRecording,
        options: Vec<OsString>,
        grid: Option<&str>,
        out: Option<PathBuf>,
    ) -> PyResult<Self> {
        let recording = Arc::clone(&recording.0);
        CrossValidated::new(recording, &options, grid, out).map(CrossValidation).map_err(any_error)
    }

    /// Carries a job out.
    fn run_job(&self, py: Python<'_>, job: &str) -> PyResult<String> {
        let work = |tell: &(dyn Fn(Option<()>) -> bool + Sync)| self.0.run_job(job, &|| tell(None));
        let found = background(py, work, |_| Ok(()))?.map_err(any_error)?;
        found.ok_or_else(|| PyRuntimeError::new_err("the job was broken off"))
    }

    /// Keeps the result of a job in the folder, if there is one.
    fn keep(&self, py: Python<'_>, result: &str) -> PyResult<()> {
        py.detach(|| self.0.keep(result)).map_err(any_error)
    }

    /// Carries jobs out in parallel and keeps their results; `done` is called after each.
    fn run_jobs(
        &self,
        py: Python<'_>,
        jobs: Vec<String>,
        done: Bound<'_, PyAny>,
    ) -> PyResult<Vec<String>> {
        let work = |tell: &(dyn Fn(Option<()>) -> bool + Sync)| {
            let after = || {
                tell(Some(()));
            };
            self.0.run_jobs(&jobs, &|| tell(None), &after)
        };
        let hear = |ended: Vec<()>| ended.iter().try_for_each(|()| done.call0().map(drop));
        let found = background(py, work, hear)?.map_err(any_error)?;
        found.ok_or_else(|| PyRuntimeError::new_err("the jobs were broken off"))
    }

    /// Summary as JSON, the verdict in words, and all that the command prints. `carry_out` is given
    /// the name of a stage and its jobs, but for those that the folder has, and returns their
    /// results.
    fn answer(&self, carry_out: Bound<'_, PyAny>) -> PyResult<(String, String, String)> {
        let by_python = |stage: &str, jobs: &[String]| -> anyhow::Result<Vec<String>> {
            Ok(carry_out.call1((stage, jobs.to_vec()))?.extract()?)
        };
        let found = self.0.answer(by_python).map_err(any_error)?;
        Ok((found.json, found.verdict, found.text))
    }
}

/// The models that are compared: their names, and what they are called in words.
#[pyfunction]
pub fn compared_models() -> Vec<(&'static str, &'static str)> {
    let all = [Comparison::LowTensorRank].into_iter().chain(Comparison::OTHERS);
    all.map(|model| (model.name(), model.in_words())).collect()
}

fn json(of: &impl serde::Serialize) -> PyResult<String> {
    serde_json::to_string(of).map_err(value_error)
}

fn value_error(error: impl std::fmt::Display) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// In the sentence of the command line: an exception of Python as it is, `RuntimeError` for a fit
/// that diverges, and else as for all commands.
fn any_error(error: anyhow::Error) -> PyErr {
    let error = match error.downcast::<PyErr>() {
        Ok(exception) => return exception,
        Err(error) => error,
    };
    let diverges = |cause: &(dyn std::error::Error + 'static)| {
        cause.is::<Diverged>() || matches!(cause.downcast_ref(), Some(FitError::Diverged(_)))
    };
    if error.chain().any(diverges) {
        return PyRuntimeError::new_err(format!("{error:#}"));
    }
    exception(&error)
}
