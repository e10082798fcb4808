//! What `rankproof rank` reads: the weights of every learning step, and the channels beside them.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use rankproof::file::{Array, Npz, ReadError};
use rankproof::matrix::Matrix;
use rankproof::tensor::Mode;
use rankproof::weights::{Grid, InputOutput, WeightHistory};

/// The weights.
#[derive(Args)]
pub struct Input {
    /// The .npz archive, or the model.npz of a fit.
    pub file: PathBuf,
    /// The array with the weights.
    #[arg(long, value_name = "NAME", default_value = "W")]
    pub array: String,
    /// What its three axes are, in their order.
    #[arg(long, value_parser = read_axes, default_value = "step,row,column")]
    axes: Axes,
    /// Arrays with the input weights B (N, d_in), and the bias and the initial state (N) if there
    /// were any: with --outputs, holds the increments against the bounds of the theorems.
    #[arg(long, value_name = "B[,b,h0]", value_delimiter = ',', requires = "outputs")]
    inputs: Vec<String>,
    /// The array with the readout C (d_out, N).
    #[arg(long, value_name = "C", requires = "inputs")]
    outputs: Option<String>,
    /// What the values were rounded to, in place of what they tell: f16, bf16, f32, f64, or the
    /// number of significant digits with which they were printed.
    #[arg(long, value_name = "TYPE|DIGITS", value_parser = read_precision)]
    precision: Option<Grid>,
}

/// What was read.
pub struct Loaded {
    pub history: WeightHistory,
    pub channels: Option<InputOutput>,
}

impl Input {
    /// Reads the weights and, if they are named, the channels.
    ///
    /// # Errors
    ///
    /// If a file is damaged or does not hold what the arguments name.
    pub fn load(&self) -> anyhow::Result<Loaded> {
        let mut npz = Npz::open(&self.file)?;
        let history = read_weights(&mut npz, self)?;
        let channels = match &self.outputs {
            Some(outputs) => Some(read_channels(&mut npz, &self.inputs, outputs, &history)?),
            None => None,
        };
        Ok(Loaded { history, channels })
    }
}

/// The axes of an array in the order of the file.
#[derive(Clone, Copy)]
struct Axes([Mode; 3]);

fn read_axes(text: &str) -> Result<Axes, String> {
    let read = |name: &str| Mode::ALL.into_iter().find(|mode| mode.name() == name.trim());
    let axes: Option<Vec<Mode>> = text.split(',').map(read).collect();
    let axes: Option<[Mode; 3]> = axes.and_then(|axes| axes.try_into().ok());
    axes.filter(|axes| Mode::ALL.iter().all(|mode| axes.contains(mode)))
        .map(Axes)
        .ok_or_else(|| "expected step, row and column in the order of the file".to_owned())
}

fn read_precision(text: &str) -> Result<Grid, String> {
    const MAX_DIGITS: u32 = 17;
    match text {
        "f16" => Ok(Grid::HALF),
        "bf16" => Ok(Grid::BFLOAT),
        "f32" => Ok(Grid::SINGLE),
        "f64" => Ok(Grid::DOUBLE),
        digits => (digits.parse().ok().filter(|digits| (1..=MAX_DIGITS).contains(digits)))
            .map(Grid::printed)
            .ok_or_else(|| {
                format!("expected f16, bf16, f32, f64, or digits from 1 to {MAX_DIGITS}")
            }),
    }
}

/// The weights, or those that the factors of a fitted model make.
fn read_weights(npz: &mut Npz, arguments: &Input) -> anyhow::Result<WeightHistory> {
    let has = |npz: &Npz, name: &str| npz.names().iter().any(|other| other == name);
    if arguments.array == "W" && !has(npz, "W") && has(npz, "a") && has(npz, "b") {
        if arguments.precision.is_some() {
            let path = npz.path().display();
            bail!("{path}: holds factors, from which W is made in float64; --precision is for W");
        }
        let (a, b) = (npz.array("a")?, npz.array("b")?);
        let c = if has(npz, "c") { Some(npz.array("c")?) } else { None };
        return Ok(WeightHistory::from_factors(&a, &b, c.as_ref())?);
    }
    let array = npz.array(&arguments.array)?;
    Ok(WeightHistory::from_array(array, arguments.axes.0, arguments.precision)?)
}

fn read_channels(
    npz: &mut Npz,
    inputs: &[String],
    outputs: &str,
    history: &WeightHistory,
) -> anyhow::Result<InputOutput> {
    let neurons = history.neurons();
    let mut columns = Matrix::zeros(neurons, 0);
    for name in inputs {
        columns = Matrix::beside(neurons, [&columns, &by_neuron(&npz.array(name)?, neurons, 0)?]);
    }
    let outputs = by_neuron(&npz.array(outputs)?, neurons, 1)?;
    if columns.cols() + outputs.cols() == 0 {
        bail!("{}: neither inputs nor outputs have a column", npz.path().display());
    }
    Ok(InputOutput { inputs: columns, outputs })
}

/// An array as columns of N numbers; `axis` is that of the neurons unless only the other fits.
fn by_neuron(array: &Array, neurons: usize, axis: usize) -> Result<Matrix<f64>, ReadError> {
    array.expect_finite()?;
    let (axis, others) = match array.shape.as_slice() {
        [n] if *n == neurons => (0, 1),
        shape @ [_, _] if shape[axis] == neurons => (axis, shape[1 - axis]),
        shape @ [_, _] if shape[1 - axis] == neurons => (1 - axis, shape[axis]),
        _ => return Err(array.wrong_shape(format!("an axis of {neurons} neurons, as W has"))),
    };
    let entry = |i, j| array.data[if axis == 0 { i * others + j } else { j * neurons + i }];
    Ok(Matrix::from_fn(neurons, others, entry))
}
