//! What `rankproof rank` reads: the weights of every learning step, and the channels beside them.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use rankproof::file::{Array, Kind, Node, ReadError, Source};
use rankproof::matrix::Matrix;
use rankproof::scalar::Precision;
use rankproof::tensor::Mode;
use rankproof::weights::{Grid, InputOutput, Stage, Watch, WeightHistory, slices};

use super::checkpoints::Checkpoints;

/// The weights.
#[derive(Args)]
pub struct Input {
    /// A file with the weights of all learning steps, the model.npz of a fit, or checkpoints: a
    /// file for each step, or a folder of them, in the order of the numbers in their names.
    #[arg(required = true, value_name = "FILE|FOLDER")]
    files: Vec<PathBuf>,
    /// The array with the weights, such as rnn.weight_hh_l0, of three axes in one file and of two in
    /// each checkpoint; groups above it may be left out. Without it W, or the only one that there is.
    #[arg(long, value_name = "NAME")]
    array: Option<String>,
    /// What its three axes are, in their order. In checkpoints the steps are the files.
    #[arg(long, value_parser = read_axes, default_value = "step,row,column")]
    axes: Axes,
    /// Split the rows into so many gates, each of which is answered for. Those of an LSTM and a GRU
    /// of PyTorch are known by name and shape; 1 leaves them together.
    #[arg(long, value_name = "GATES", value_parser = clap::value_parser!(u8).range(1..))]
    split: Option<u8>,
    /// Leave out the last steps if not all of their numbers are finite.
    #[arg(long)]
    skip_diverged: bool,
    /// Arrays with the input weights B (N, d_in), and the bias and the initial state (N) if there
    /// were any: with --outputs, holds the increments against the bounds of the theorems. Of
    /// checkpoints those of the first.
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
    /// The files and the array, as a heading: `w.npz: W`.
    pub title: String,
    /// What was chosen and left out, in sentences.
    pub notes: Vec<String>,
    /// The numbers of the steps, if names of files tell them.
    pub steps: Option<Vec<u64>>,
    /// The weights, or each of their gates.
    pub parts: Vec<Part>,
}

/// Weights that are answered for by themselves.
pub struct Part {
    /// Which gate it is, if it is one.
    pub gate: Option<String>,
    pub history: WeightHistory,
    pub channels: Option<InputOutput>,
}

/// The weights of all steps that are of one gate, or all.
struct Gate {
    name: Option<String>,
    slices: Vec<Matrix<f64>>,
}

/// The weights of all steps before they are split.
struct Stacked {
    name: String,
    slices: Vec<Matrix<f64>>,
    precision: Precision,
}

impl Input {
    /// The files to read, in the order of learning.
    ///
    /// # Errors
    ///
    /// If names do not tell it.
    pub fn checkpoints(&self) -> anyhow::Result<Checkpoints> {
        Checkpoints::of(&self.files)
    }

    /// Reads the weights and, if they are named, the channels.
    ///
    /// # Errors
    ///
    /// If a file is damaged or does not hold what the arguments name.
    pub fn load(&self, files: Checkpoints, watch: Watch<'_>) -> anyhow::Result<Loaded> {
        let Checkpoints { paths, mut steps, others } = files;
        let mut notes = Vec::new();
        if !others.is_empty() {
            notes.push(format!("Passed over in the folder: {}.", in_short(&others)));
        }
        let mut first = Source::open(&paths[0])?;
        let shown = match &self.files[..] {
            [one] => one.display().to_string(),
            _ => format!("{} to {}", paths[0].display(), paths[paths.len() - 1].display()),
        };
        watch(Stage { what: "reading", done: 0, all: paths.len() });
        let factors = if paths.len() == 1 { self.factors(&mut first)? } else { None };
        if let Some(history) = factors {
            let channels = self.channels(&mut first, &history)?;
            let parts = vec![Part { gate: None, history, channels }];
            return Ok(Loaded { title: format!("{shown}: W"), notes, steps, parts });
        }
        let mut stacked = match &paths[..] {
            [_] => self.in_one_file(&mut first)?,
            _ => self.in_each_file(&mut first, &paths, watch)?,
        };
        if let Some(steps) = &steps {
            let steps: Vec<String> = steps.iter().map(u64::to_string).collect();
            notes.push(format!("Steps by the names of the files: {}.", in_short(&steps)));
        }
        self.leave_out_diverged(&mut stacked, &mut steps, &mut notes)?;
        if stacked.slices.len() < 2 {
            bail!(
                "{shown}: {} step of {} is left, expected at least 2, to have an increment",
                stacked.slices.len(),
                stacked.name
            );
        }
        let title = format!("{shown}: {}", stacked.name);
        let precision = stacked.precision;
        let gates = self.split(&first, stacked, &mut notes)?;
        let mut parts = Vec::new();
        for Gate { name: gate, slices } in gates {
            let history = WeightHistory::with_rounding(slices, precision, self.precision)?;
            let channels = self.channels(&mut first, &history)?;
            parts.push(Part { gate, history, channels });
        }
        if paths.len() > 1 && self.outputs.is_some() {
            notes.push(format!("Inputs and outputs are those of {}.", paths[0].display()));
        }
        Ok(Loaded { title, notes, steps, parts })
    }

    /// The weights that the factors of a fitted model make, if the file is one.
    fn factors(&self, source: &mut Source) -> anyhow::Result<Option<WeightHistory>> {
        let has = |source: &Source, name| source.root().child(name).is_some();
        if self.array.is_some() || has(source, "W") || !has(source, "a") || !has(source, "b") {
            return Ok(None);
        }
        let flags = [("--precision", self.precision.is_some()), ("--split", self.split.is_some())];
        if let Some((flag, _)) = flags.into_iter().find(|&(_, given)| given) {
            let path = source.path().display();
            bail!("{path}: holds factors, from which W is made in float64; {flag} is for W");
        }
        let (a, b) = (source.numbers("a")?, source.numbers("b")?);
        let c = if has(source, "c") { Some(source.numbers("c")?) } else { None };
        Ok(Some(WeightHistory::from_factors(&a, &b, c.as_ref())?))
    }

    /// An array of three axes.
    fn in_one_file(&self, source: &mut Source) -> anyhow::Result<Stacked> {
        const AXES: usize = 3;
        let what = "array of three axes (step, row, column)";
        let name = match &self.array {
            Some(name) => name.clone(),
            None if source.root().child("W").is_some() => "W".to_owned(),
            None => only(&candidates(source, AXES), &source.path().display().to_string(), what)?,
        };
        let array = source.numbers(&name)?;
        if !self.skip_diverged {
            array.expect_finite()?;
        }
        let slices = slices(&array, self.axes.0)?;
        if slices.len() < 2 {
            return Err(array.wrong_shape("at least 2 steps, to have an increment").into());
        }
        Ok(Stacked { name, slices, precision: array.precision })
    }

    /// A matrix of each file.
    fn in_each_file(
        &self,
        first: &mut Source,
        paths: &[PathBuf],
        watch: Watch<'_>,
    ) -> anyhow::Result<Stacked> {
        let name = match &self.array {
            Some(name) => name.clone(),
            None => matrix_of_all(first, paths)?,
        };
        let start = first.numbers(&name)?;
        let [row, column] =
            [Mode::Row, Mode::Column].map(|mode| self.axes.0.iter().position(|&axis| axis == mode));
        let turned = row > column;
        let mut matrices = Vec::new();
        for (step, path) in paths.iter().enumerate() {
            let array = Source::open(path)?.numbers(&name)?;
            let [rows, columns] = array.axes(["row", "column"])?;
            if array.shape != start.shape {
                let [rows, columns] = start.axes(["row", "column"])?;
                let expected = format!("({rows}, {columns}) as in {}", paths[0].display());
                return Err(array.wrong_shape(expected).into());
            }
            if rows * columns == 0 {
                return Err(array.wrong_shape("at least one row and one column").into());
            }
            if array.precision != start.precision {
                let [found, expected] = [array.precision, start.precision].map(Precision::name);
                let path = path.display();
                bail!("{path}: array {name:?} is of {found}, expected {expected} as in the first");
            }
            if !self.skip_diverged {
                array.expect_finite()?;
            }
            let matrix = Matrix::from_fn(rows, columns, |i, j| array.data[i * columns + j]);
            matrices.push(if turned { matrix.transposed() } else { matrix });
            watch(Stage { what: "reading", done: step + 1, all: paths.len() });
        }
        Ok(Stacked { name, slices: matrices, precision: start.precision })
    }

    /// Leaves out the last steps that are not finite, if they may be left out.
    fn leave_out_diverged(
        &self,
        stacked: &mut Stacked,
        steps: &mut Option<Vec<u64>>,
        notes: &mut Vec<String>,
    ) -> anyhow::Result<()> {
        let all = stacked.slices.len();
        let Some(first) = stacked.slices.iter().position(|slice| !slice.is_finite()) else {
            return Ok(());
        };
        let number = |k: usize| steps.as_ref().map_or(k as u64, |steps| steps[k]);
        if let Some(later) = (first..all).find(|&k| stacked.slices[k].is_finite()) {
            bail!(
                "{}: step {} is not finite and step {} is, expected that --skip-diverged leaves out \
                 the last steps alone",
                stacked.name,
                number(first),
                number(later)
            );
        }
        notes.push(format!(
            "Left out: the last {} of {all} steps, from {} on, which are not finite.",
            all - first,
            number(first)
        ));
        stacked.slices.truncate(first);
        steps.iter_mut().for_each(|steps| steps.truncate(first));
        Ok(())
    }

    /// The gates whose rows are stacked, with their names; or the whole.
    fn split(
        &self,
        source: &Source,
        stacked: Stacked,
        notes: &mut Vec<String>,
    ) -> anyhow::Result<Vec<Gate>> {
        let [rows, columns] = [stacked.slices[0].rows(), stacked.slices[0].cols()];
        let known = known_gates(source, &stacked.name, rows, columns);
        let count = self.split.map_or(known.map_or(1, |(_, names)| names.len()), usize::from);
        if count == 1 {
            return Ok(vec![Gate { name: None, slices: stacked.slices }]);
        }
        if rows % count != 0 {
            let name = &stacked.name;
            bail!("{name}: has {rows} rows, expected as many as --split {count} divides");
        }
        let height = rows / count;
        let (of, names) = match known.filter(|(_, names)| names.len() == count) {
            Some((of, names)) => (of, names.iter().map(|&name| name.to_owned()).collect()),
            None => ("", (1..=count).map(|gate| gate.to_string()).collect::<Vec<_>>()),
        };
        let by = if self.split.is_some() { "--split" } else { "its name and shape" };
        notes.push(format!(
            "{rows} x {columns} weights are split by {by} into {count} gates{of} of {height} rows: {}.",
            names.join(", ")
        ));
        let gate = |(place, name): (usize, String)| {
            let block = |slice: &Matrix<f64>| {
                Matrix::from_fn(height, columns, |i, j| slice[(place * height + i, j)])
            };
            Gate { name: Some(name), slices: stacked.slices.iter().map(block).collect() }
        };
        Ok(names.into_iter().enumerate().map(gate).collect())
    }

    fn channels(
        &self,
        source: &mut Source,
        history: &WeightHistory,
    ) -> anyhow::Result<Option<InputOutput>> {
        let Some(outputs) = &self.outputs else { return Ok(None) };
        let neurons = history.neurons();
        let mut columns = Matrix::zeros(neurons, 0);
        for name in &self.inputs {
            let more = by_neuron(&source.numbers(name)?, neurons, 0)?;
            columns = Matrix::beside(neurons, [&columns, &more]);
        }
        let outputs = by_neuron(&source.numbers(outputs)?, neurons, 1)?;
        if columns.cols() + outputs.cols() == 0 {
            bail!("{}: neither inputs nor outputs have a column", source.path().display());
        }
        Ok(Some(InputOutput { inputs: columns, outputs }))
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

/// All names; of many the first and the last, and how many there are.
fn in_short(names: &[String]) -> String {
    const ALL: usize = 12;
    const FIRST: usize = 6;
    match names {
        [.., last] if names.len() > ALL => {
            format!("{}, ..., {last}, {} in all", names[..FIRST].join(", "), names.len())
        }
        _ => names.join(", "),
    }
}

/// The gates of an LSTM or a GRU of PyTorch in their order, by name and shape. How many gates the
/// input weights have is told by the recurrent weights beside them, which are (gates N, N).
fn known_gates(
    source: &Source,
    name: &str,
    rows: usize,
    columns: usize,
) -> Option<(&'static str, &'static [&'static str])> {
    const LSTM: (&str, &[&str]) = (" of an LSTM", &["i", "f", "g", "o"]);
    const GRU: (&str, &[&str]) = (" of a GRU", &["r", "z", "n"]);
    let start = name.rfind(['.', '/']).map_or(0, |place| place + 1);
    let (above, last) = name.split_at(start);
    let neurons = if last.starts_with("weight_hh_l") {
        columns
    } else {
        let layer = last.strip_prefix("weight_ih_l")?;
        let (_, found) = source.find(&format!("{above}weight_hh_l{layer}")).ok()?;
        *found.nodes().first()?.shape.last()?
    };
    [LSTM, GRU].into_iter().find(|(_, gates)| rows == gates.len() * neurons)
}

/// Arrays of numbers of so many axes, each with its path and shape.
fn candidates(source: &Source, axes: usize) -> Vec<(String, Vec<usize>)> {
    fn visit(
        node: &Node,
        above: &str,
        separator: char,
        axes: usize,
        found: &mut Vec<(String, Vec<usize>)>,
    ) {
        for child in &node.children {
            let path = format!("{above}{}", child.name);
            if child.kind == Kind::Numbers && child.shape.len() == axes && !child.is_empty() {
                found.push((path, child.shape.clone()));
            } else if child.kind == Kind::Group {
                visit(child, &format!("{path}{separator}"), separator, axes, found);
            }
        }
    }
    let mut found = Vec::new();
    visit(source.root(), "", source.separator(), axes, &mut found);
    found
}

/// The matrix that all files have in one shape, if there is only one, or it is called W.
fn matrix_of_all(first: &Source, paths: &[PathBuf]) -> anyhow::Result<String> {
    const AXES: usize = 2;
    let mut found = candidates(first, AXES);
    for path in &paths[1..] {
        let others = candidates(&Source::open(path)?, AXES);
        found.retain(|array| others.contains(array));
    }
    let files = format!("{} and {} more", paths[0].display(), paths.len() - 1);
    only(&found, &files, "matrix (row, column) that all files have in one shape")
}

/// The array called W or, without one, the only array.
fn only(found: &[(String, Vec<usize>)], files: &str, what: &str) -> anyhow::Result<String> {
    const SHOWN: usize = 20;
    if found.iter().any(|(name, _)| name == "W") {
        return Ok("W".to_owned());
    }
    match found {
        [] => bail!("{files}: no {what}, expected one"),
        [(name, _)] => Ok(name.clone()),
        _ => {
            let shown = found.iter().take(SHOWN).map(|(name, shape)| {
                let shape: Vec<_> = shape.iter().map(usize::to_string).collect();
                format!("{name} ({})", shape.join(", "))
            });
            let shown = shown.collect::<Vec<_>>().join(", ");
            let more = match found.len().saturating_sub(SHOWN) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            bail!("{files}: more than one {what}, expected --array with one of {shown}{more}")
        }
    }
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
