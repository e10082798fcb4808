//! Ranks of weights in memory or in files.

use std::borrow::Cow;
use std::ffi::OsString;
use std::panic::resume_unwind;
use std::sync::Arc;

use numpy::ndarray::ArrayView2;
use numpy::{PyReadonlyArray2, PyReadonlyArrayDyn};
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use rankproof::matrix::Matrix;
use rankproof::report::{
    WeightRecords, effective_details, effective_overview, effective_screen, effective_sentence,
    rounding_sentence,
};
use rankproof::scalar::Precision;
use rankproof::weights::{
    AnswerOptions, Exactly, Grid, InputOutput, RecordedWeights, Shared, SliceError, Slices,
    SomeRows, Stage, Watch, WeightAnswer, WeightPart, WeightStream,
};
use rayon::ThreadPoolBuilder;

use crate::background::background;
use crate::error::exception;

/// What was found: the JSON of the command line, the first screen, and a sentence for each gate.
type Found = (String, String, Vec<String>);

/// Matrices of NumPy. Each is converted when it is asked for, so all of them are in memory once.
struct Arrays {
    arrays: Arc<Vec<Py<PyAny>>>,
    shape: [usize; 2],
}

impl Slices for Arrays {
    fn shape(&self) -> [usize; 2] {
        self.shape
    }

    fn count(&self) -> usize {
        self.arrays.len()
    }

    fn slice(&self, k: usize) -> Result<Cow<'_, Matrix<f64>>, SliceError> {
        let slice = Python::attach(|py| matrix(self.arrays[k].bind(py)));
        slice.map(Cow::Owned).map_err(|error| error.to_string().into())
    }
}

/// float64 and float32 are read where they are, whatever their strides; others are converted first.
fn matrix(array: &Bound<'_, PyAny>) -> PyResult<Matrix<f64>> {
    if let Ok(array) = array.extract::<PyReadonlyArray2<'_, f64>>() {
        return Ok(columns(&array.as_array(), |entry| entry));
    }
    if let Ok(array) = array.extract::<PyReadonlyArray2<'_, f32>>() {
        return Ok(columns(&array.as_array(), f64::from));
    }
    let array = array.call_method1("astype", ("float64",))?;
    let array = array.extract::<PyReadonlyArray2<'_, f64>>()?;
    Ok(columns(&array.as_array(), |entry| entry))
}

fn columns<T: Copy>(array: &ArrayView2<'_, T>, number: impl Fn(T) -> f64) -> Matrix<f64> {
    let (rows, columns) = array.dim();
    let numbers = array.columns().into_iter().flatten().map(|&entry| number(entry));
    Matrix::from_columns(rows, columns, numbers.collect())
}

/// Ranks of matrices W_0..W_K in memory, all of two axes. `stored` names the type in which they were
/// stored, `gates` those into which rows are split, if there are any, `exact` whether exact ranks are
/// computed: if they take seconds where nothing is said.
#[pyfunction]
#[pyo3(signature = (
    arrays, stored, *, gates, inputs, outputs, steps, increments, exact, precision, progress
))]
#[expect(clippy::too_many_arguments, reason = "they have names in Python")]
pub fn rank_arrays(
    py: Python<'_>,
    arrays: Vec<Py<PyAny>>,
    stored: &str,
    gates: Vec<String>,
    inputs: Vec<PyReadonlyArrayDyn<'_, f64>>,
    outputs: Option<PyReadonlyArrayDyn<'_, f64>>,
    steps: Option<Vec<u64>>,
    increments: bool,
    exact: Option<bool>,
    precision: Option<&str>,
    progress: Option<Bound<'_, PyAny>>,
) -> PyResult<Found> {
    let shape = match arrays.first() {
        Some(first) => first.bind(py).getattr("shape")?.extract::<[usize; 2]>()?,
        None => [0; 2],
    };
    let grid = precision.map(str::parse::<Grid>).transpose();
    let grid = grid.map_err(|why| PyValueError::new_err(format!("precision: {why}")))?;
    let height = shape[0] / gates.len().max(1);
    let channels = outputs.map(|outputs| channels(height, &inputs, &outputs)).transpose()?;
    let stored = precision_of(stored)?;
    let exactly = match exact {
        None => Exactly::Seconds,
        Some(true) => Exactly::Always,
        Some(false) => Exactly::Never,
    };
    let whole: Arc<dyn Slices> = Arc::new(Arrays { arrays: Arc::new(arrays), shape });
    watched(py, progress.as_ref(), move |watch| {
        let part = |gate: Option<String>, slices: Arc<dyn Slices>| {
            let stream = WeightStream::new(Box::new(Shared(slices)), stored, grid, watch);
            let tracks = vec![stream.map_err(|error| anyhow::anyhow!(error))?];
            anyhow::Ok(WeightPart { gate, tracks, channels: channels.clone() })
        };
        let parts = if gates.is_empty() {
            vec![part(None, whole)?]
        } else {
            let gate = |(place, gate)| {
                let of = Arc::clone(&whole);
                part(Some(gate), Arc::new(SomeRows { of, first: place * height, count: height }))
            };
            gates.into_iter().enumerate().map(gate).collect::<Result<_, _>>()?
        };
        let weights = RecordedWeights { title: "W".into(), notes: Vec::new(), steps, parts };
        let asked = AnswerOptions { increments, exactly };
        let answer = |part| WeightAnswer::new(part, asked, watch);
        let answers: Result<Vec<_>, _> = weights.parts.iter().map(answer).collect();
        found(&weights, &answers.map_err(|error| anyhow::anyhow!(error))?)
    })
}

/// Ranks of weights in files, by the arguments of the command `rank`. Exact ranks that are not asked for
/// are computed where `small` says so and they take seconds.
#[pyfunction]
#[pyo3(signature = (arguments, *, small, progress))]
pub fn rank_files(
    py: Python<'_>,
    arguments: Vec<OsString>,
    small: bool,
    progress: Option<Bound<'_, PyAny>>,
) -> PyResult<Found> {
    watched(py, progress.as_ref(), move |watch| {
        let (weights, answers) = rankproof::cli::rank(arguments, small, watch)?;
        found(&weights, &answers)
    })
}

/// Ends ranks from the inside; caught where they were begun.
struct Stopped;

/// Does work in threads of its own, which end with it: those of a pool for all calls would be missing
/// after a fork. `progress` is called with what is done, how many parts of it, and of how many. The
/// work ends at the next part that it tells of.
fn watched<T: Send>(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(Watch<'_>) -> anyhow::Result<T> + Send,
) -> PyResult<T> {
    let pool = ThreadPoolBuilder::new().build();
    let pool = pool.map_err(|error| PyRuntimeError::new_err(format!("threads: {error}")))?;
    let work = |tell: &(dyn Fn(Option<Stage>) -> bool + Sync)| {
        let watch = |now: Stage| {
            if !tell(Some(now)) {
                resume_unwind(Box::new(Stopped));
            }
        };
        pool.install(|| work(&watch))
    };
    let hear = |stages: Vec<Stage>| match (progress, stages.last()) {
        (Some(progress), Some(&Stage { what, done, all })) => {
            progress.call1((what, done, all)).map(drop)
        }
        _ => Ok(()),
    };
    background(py, work, hear)?.map_err(|error| exception(&error))
}

fn found(weights: &RecordedWeights, answers: &[WeightAnswer]) -> anyhow::Result<Found> {
    let json = serde_json::to_string(&WeightRecords::new(weights, answers))?;
    let sentences = answers.iter().map(|answer| effective_sentence(&answer.effective)).collect();
    Ok((json, screen(weights, answers), sentences))
}

/// To what the weights were rounded, what was chosen in reading them, and the answer; of several
/// gates an answer beside each other.
fn screen(weights: &RecordedWeights, answers: &[WeightAnswer]) -> String {
    let numbers = weights.steps.as_deref();
    let first = &weights.parts[0].tracks[0];
    let mut text = format!(
        "{}: {} x {} weights at the start and after {} learning steps; {}\n",
        weights.title,
        first.neurons() * weights.parts.len(),
        first.columns(),
        first.steps(),
        rounding_sentence(first.rounding()),
    );
    weights.notes.iter().for_each(|note| text += &format!("note  {note}\n"));
    text += "\n";
    if let [answer] = answers {
        text += &effective_screen(&answer.effective, numbers);
        return text + &effective_details(&answer.effective, numbers);
    }
    let gates = weights.parts.iter().map(|part| part.gate.as_deref().unwrap_or_default());
    let all: Vec<_> = gates.zip(answers.iter().map(|answer| &answer.effective)).collect();
    text + &effective_overview("gate", &all)
}

fn precision_of(stored: &str) -> PyResult<Precision> {
    let all = [Precision::Half, Precision::Bfloat, Precision::Single, Precision::Double];
    let found = all.into_iter().chain([Precision::Exact]).find(|one| one.name() == stored);
    found.ok_or_else(|| PyValueError::new_err(format!("no type of numbers is called {stored:?}")))
}

/// Inputs (N, d_in), biases and initial states (N), and outputs (d_out, N).
fn channels(
    neurons: usize,
    inputs: &[PyReadonlyArrayDyn<'_, f64>],
    outputs: &PyReadonlyArrayDyn<'_, f64>,
) -> PyResult<InputOutput> {
    let columns = |name: &str, array: &PyReadonlyArrayDyn<'_, f64>, axis| {
        let array = array.as_array();
        let data: Vec<f64> = array.iter().copied().collect();
        InputOutput::columns(array.shape(), &data, neurons, axis).ok_or_else(|| {
            let lengths: Vec<_> = array.shape().iter().map(usize::to_string).collect();
            PyValueError::new_err(format!(
                "{name}: has shape ({}), expected an axis of {neurons} neurons, as W has",
                lengths.join(", ")
            ))
        })
    };
    let inputs: Vec<_> =
        inputs.iter().map(|array| columns("inputs", array, 0)).collect::<PyResult<_>>()?;
    let outputs = columns("outputs", outputs, 1)?;
    let inputs = Matrix::beside(neurons, &inputs);
    if inputs.cols() + outputs.cols() == 0 {
        return Err(PyValueError::new_err("neither inputs nor outputs have a column"));
    }
    Ok(InputOutput { inputs, outputs })
}
