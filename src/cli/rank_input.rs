//! What `rankproof rank` reads: the weights of every learning step, and the channels beside them.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use crate::file::{Array, Kind, Node, ReadError, Source};
use crate::matrix::Matrix;
use crate::scalar::Precision;
use crate::weights::{
    Grid, InputOutput, RecordedWeights, Shared, Slices, SomeRows, Stage, Watch, WeightHistory,
    WeightPart, WeightStream,
};
use anyhow::bail;
use clap::Args;

use super::checkpoints::Checkpoints;
use super::rank_slices::{FirstSteps, Layout, OfFiles, OneFile, held, read_error};

/// The weights.
#[derive(Args)]
pub struct Input {
    /// A file with the weights of all learning steps, the model.npz of a fit, or checkpoints: a
    /// file for each step, or a folder of them, in the order of the numbers in their names.
    #[arg(required = true, value_name = "FILE|FOLDER")]
    files: Vec<PathBuf>,
    /// The array with the weights, such as rnn.weight_hh_l0, of three axes in one file and of two in
    /// each checkpoint; groups above it may be left out. Without it W, or the only one that there is.
    /// Of several names, or with the wildcards * and ?, one row for each matrix: '*' is the model.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    array: Vec<String>,
    /// What its axes are, in their order. In checkpoints the steps are the files. A fourth one may
    /// have any name, as in step,subject,row,column, and has an unfolding of its own.
    #[arg(long, value_parser = read_axes, default_value = "step,row,column")]
    axes: Axes,
    /// Split the rows into so many gates, each of which is answered for. Those of an LSTM and a GRU
    /// of PyTorch, and of checkpoints of Keras, are known by name and shape; 1 leaves them together.
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
    #[arg(long, value_name = "TYPE|DIGITS", value_parser = Grid::from_str)]
    precision: Option<Grid>,
}

/// The weights of all steps that are of one gate, or all: one history, or one for each index of the
/// fourth axis.
struct Gate {
    name: Option<String>,
    tracks: Vec<Arc<dyn Slices>>,
}

/// The weights of all steps before they are split.
struct Stacked {
    name: String,
    tracks: Vec<Arc<dyn Slices>>,
    precision: Precision,
}

/// Open files.
pub struct Opened<'a> {
    input: &'a Input,
    paths: Vec<PathBuf>,
    steps: Option<Vec<u64>>,
    first: Source,
    /// The files, as a heading.
    pub shown: String,
    notes: Vec<String>,
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

    /// Opens the files.
    ///
    /// # Errors
    ///
    /// If the first is damaged.
    pub fn open(&self, files: Checkpoints) -> anyhow::Result<Opened<'_>> {
        let Checkpoints { paths, steps, others } = files;
        let mut notes = Vec::new();
        if !others.is_empty() {
            notes.push(format!("Passed over in the folder: {}.", in_short(&others)));
        }
        let shown = match &self.files[..] {
            [one] => one.display().to_string(),
            _ => format!("{} to {}", paths[0].display(), paths[paths.len() - 1].display()),
        };
        Ok(Opened { input: self, first: Source::open(&paths[0])?, paths, steps, shown, notes })
    }

    /// The patterns of which each matrix has a row, if those are what is asked for.
    pub fn patterns(&self) -> Option<&[String]> {
        let several = self.array.len() > 1 || self.array.iter().any(|name| has_wildcards(name));
        several.then_some(&self.array)
    }

    /// What turns the rows of a table, as a text to compare.
    pub fn choices(&self) -> String {
        let Axes(axes) = &self.axes;
        format!(
            "axes {}, split {:?}, precision {:?}, skip diverged {}",
            axes.join(","),
            self.split,
            self.precision,
            self.skip_diverged
        )
    }

    /// The option that is for one matrix alone, if it is given.
    pub fn channels_flag(&self) -> Option<&'static str> {
        self.outputs.is_some().then_some("--inputs")
    }

    /// The only name of an array, if one is given.
    fn name(&self) -> Option<&String> {
        self.array.first()
    }
}

impl Opened<'_> {
    /// The files, in the order of learning.
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// The numbers of the steps, if names of files tell them.
    pub fn steps(&self) -> Option<&[u64]> {
        self.steps.as_deref()
    }

    /// The matrices that fit one of the patterns: that all files have in one shape, or with the axes
    /// that are asked for in one file. And what is to be said of them.
    ///
    /// # Errors
    ///
    /// If there are none, or a file is damaged.
    pub fn matching(&self, patterns: &[String]) -> anyhow::Result<(Vec<String>, Vec<String>)> {
        let axes = if self.paths.len() == 1 { self.input.axes.0.len() } else { 2 };
        let fits = |(name, _): &(String, Vec<usize>)| {
            patterns.iter().any(|pattern| fits_path(pattern, name, self.first.separator()))
        };
        let mut found = candidates(&self.first, axes);
        found.retain(fits);
        let all = found.clone();
        for path in &self.paths[1..] {
            let others = candidates(&Source::open(path)?, axes);
            found.retain(|array| others.contains(array));
        }
        if found.is_empty() {
            let what = if axes == 2 { "matrix that all files have in one shape" } else { "array" };
            bail!(
                "{}: no {what} of {axes} axes is called {}, expected one",
                self.shown,
                patterns.join(" or ")
            );
        }
        let mut notes = self.notes.clone();
        let lost: Vec<String> = (all.into_iter().filter(|array| !found.contains(array)))
            .map(|(name, _)| name)
            .collect();
        if !lost.is_empty() {
            let lost = in_short(&lost);
            notes.push(format!("Left out, as not all files have them in one shape: {lost}."));
        }
        Ok((found.into_iter().map(|(name, _)| name).collect(), notes))
    }

    /// Reads the weights of one array, which arguments name or which is the only one, and, if they
    /// are named, the channels.
    ///
    /// # Errors
    ///
    /// If a file is damaged or does not hold what the arguments name.
    pub fn load(&mut self, watch: Watch<'_>) -> anyhow::Result<RecordedWeights> {
        watch(Stage { what: "reading", done: 0, all: self.paths.len() });
        if let (None, [_]) = (self.input.name(), &self.paths[..])
            && let Some(history) = self.factors()?
        {
            let channels = self.channels(history.neurons())?;
            let parts = vec![WeightPart { gate: None, tracks: vec![history.into()], channels }];
            let (title, notes) = (format!("{}: W", self.shown), self.notes.clone());
            return Ok(RecordedWeights { title, notes, steps: self.steps.clone(), parts });
        }
        let name = match self.input.name() {
            Some(name) => name.clone(),
            None => self.only_array()?,
        };
        self.load_array(&name, watch)
    }

    /// Reads the weights of an array.
    ///
    /// # Errors
    ///
    /// As for [`load`](Opened::load).
    pub fn load_array(&mut self, name: &str, watch: Watch<'_>) -> anyhow::Result<RecordedWeights> {
        let (mut steps, mut notes) = (self.steps.clone(), self.notes.clone());
        let mut stacked = match &self.paths[..] {
            [_] => self.in_one_file(name, watch)?,
            _ => self.in_each_file(name, &mut notes, watch)?,
        };
        if let Some(steps) = &steps {
            let steps: Vec<String> = steps.iter().map(u64::to_string).collect();
            notes.push(format!("Steps by the names of the files: {}.", in_short(&steps)));
        }
        if let (Some(axis), count) = (self.input.axes.fourth(), stacked.tracks.len()) {
            notes.push(format!("The fourth axis, {axis}, has {count} indices."));
        }
        self.leave_out_diverged(&mut stacked, &mut steps, &mut notes)?;
        let left = stacked.tracks[0].count();
        if left < 2 {
            bail!(
                "{}: {left} step of {} is left, expected at least 2, to have an increment",
                self.shown,
                stacked.name
            );
        }
        let title = format!("{}: {}", self.shown, stacked.name);
        let precision = stacked.precision;
        let mut parts = Vec::new();
        for Gate { name: gate, tracks } in self.split(stacked, &mut notes)? {
            let stream = |slices: Arc<dyn Slices>| {
                let slices = Box::new(Shared(slices));
                WeightStream::new(slices, precision, self.input.precision, watch)
                    .map_err(read_error)
            };
            let tracks: Vec<_> = tracks.into_iter().map(stream).collect::<Result<_, _>>()?;
            let channels = self.channels(tracks[0].neurons())?;
            parts.push(WeightPart { gate, tracks, channels });
        }
        if self.paths.len() > 1 && self.input.outputs.is_some() {
            notes.push(format!("Inputs and outputs are those of {}.", self.paths[0].display()));
        }
        Ok(RecordedWeights { title, notes, steps, parts })
    }

    /// The weights that the factors of a fitted model make, if the file is one.
    fn factors(&mut self) -> anyhow::Result<Option<WeightHistory>> {
        let (input, source) = (self.input, &mut self.first);
        let has = |source: &Source, name| source.root().child(name).is_some();
        if has(source, "W") || !has(source, "a") || !has(source, "b") {
            return Ok(None);
        }
        let flags =
            [("--precision", input.precision.is_some()), ("--split", input.split.is_some())];
        if let Some((flag, _)) = flags.into_iter().find(|&(_, given)| given) {
            let path = source.path().display();
            bail!("{path}: holds factors, from which W is made in float64; {flag} is for W");
        }
        let (a, b) = (source.numbers("a")?, source.numbers("b")?);
        let c = if has(source, "c") { Some(source.numbers("c")?) } else { None };
        Ok(Some(WeightHistory::from_factors(&a, &b, c.as_ref())?))
    }

    /// The name of W or of the only array that can hold the weights.
    fn only_array(&self) -> anyhow::Result<String> {
        if let [_, _, ..] = self.paths[..] {
            return matrix_of_all(&self.first, &self.paths);
        }
        if self.first.root().child("W").is_some() {
            return Ok("W".to_owned());
        }
        let Axes(axes) = &self.input.axes;
        let count = if axes.len() == 3 { "three" } else { "four" };
        let what = format!("array of {count} axes ({})", axes.join(", "));
        only(&candidates(&self.first, axes.len()), &self.shown_first(), &what)
    }

    fn shown_first(&self) -> String {
        self.paths[0].display().to_string()
    }

    /// An array with an axis of steps.
    fn in_one_file(&self, name: &str, watch: Watch<'_>) -> anyhow::Result<Stacked> {
        let (axes, source) = (&self.input.axes, Source::open(&self.paths[0])?);
        let shape = match source.find(name)?.1.nodes()[..] {
            [node] if node.kind == Kind::Numbers => node.shape.clone(),
            // It says itself what is wrong with it.
            _ => Source::open(&self.paths[0])?.numbers(name)?.shape,
        };
        let empty = |lengths: &[usize]| lengths[axes.of("row")] * lengths[axes.of("column")] == 0;
        if shape.len() != axes.0.len() || empty(&shape) || shape[axes.of("step")] < 2 {
            let array = Source::open(&self.paths[0])?.numbers(name)?;
            return Err(axes.refuse(&array).into());
        }
        let layout = Layout {
            row: axes.of("row"),
            column: axes.of("column"),
            step: axes.of("step"),
            fourth: axes.fourth().map(|name| axes.of(name)),
            lengths: shape,
        };
        let finite = !self.input.skip_diverged;
        let (tracks, precision) = OneFile::tracks(source, name, layout, finite, watch)?;
        Ok(Stacked { name: name.to_owned(), tracks, precision })
    }

    /// A matrix of each file.
    fn in_each_file(
        &mut self,
        name: &str,
        notes: &mut Vec<String>,
        watch: Watch<'_>,
    ) -> anyhow::Result<Stacked> {
        let axes = &self.input.axes;
        if let Some(fourth) = axes.fourth() {
            bail!("--axes {fourth}: checkpoints hold matrices, expected row and column alone");
        }
        let start = self.first.numbers(name)?;
        let shape @ [rows, columns] = start.axes(["row", "column"])?;
        if rows * columns == 0 {
            return Err(start.wrong_shape("at least one row and one column").into());
        }
        let mut turned = axes.of("row") > axes.of("column");
        if !turned && self.input.split != Some(1) && keras_gates(&self.first, name, shape).is_some()
        {
            turned = true;
            notes.push(
                "Keras has a column for each gate of a neuron: rows and columns are exchanged."
                    .to_owned(),
            );
        }
        let files = OfFiles {
            paths: self.paths.clone(),
            name: name.to_owned(),
            shape,
            precision: start.precision,
            turned,
            finite: !self.input.skip_diverged,
        };
        let tracks = vec![held(Arc::new(files), watch)?];
        Ok(Stacked { name: name.to_owned(), tracks, precision: start.precision })
    }

    /// Leaves out the last steps that are not finite, if they may be left out.
    fn leave_out_diverged(
        &self,
        stacked: &mut Stacked,
        steps: &mut Option<Vec<u64>>,
        notes: &mut Vec<String>,
    ) -> anyhow::Result<()> {
        if !self.input.skip_diverged {
            return Ok(());
        }
        let all = stacked.tracks[0].count();
        let mut finite = vec![true; all];
        for track in &stacked.tracks {
            for (k, finite) in finite.iter_mut().enumerate() {
                *finite &= track.slice(k).map_err(read_error)?.is_finite();
            }
        }
        let Some(first) = finite.iter().position(|finite| !finite) else { return Ok(()) };
        let number = |k: usize| steps.as_ref().map_or(k as u64, |steps| steps[k]);
        if let Some(later) = (first..all).find(|&k| finite[k]) {
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
        for track in &mut stacked.tracks {
            *track = Arc::new(FirstSteps { of: Arc::clone(track), count: first });
        }
        steps.iter_mut().for_each(|steps| steps.truncate(first));
        Ok(())
    }

    /// The gates whose rows are stacked, with their names; or the whole.
    fn split(&self, stacked: Stacked, notes: &mut Vec<String>) -> anyhow::Result<Vec<Gate>> {
        let split = self.input.split;
        let [rows, columns] = stacked.tracks[0].shape();
        let known = known_gates(&self.first, &stacked.name, rows, columns)
            .or_else(|| keras_gates(&self.first, &stacked.name, [columns, rows]));
        let count = split.map_or(known.map_or(1, |(_, names)| names.len()), usize::from);
        if count == 1 {
            return Ok(vec![Gate { name: None, tracks: stacked.tracks }]);
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
        let by = if split.is_some() { "--split" } else { "its name and shape" };
        notes.push(format!(
            "{rows} x {columns} weights are split by {by} into {count} gates{of} of {height} rows: {}.",
            names.join(", ")
        ));
        let gate = |(place, name): (usize, String)| {
            let block = |track: &Arc<dyn Slices>| -> Arc<dyn Slices> {
                Arc::new(SomeRows { of: Arc::clone(track), first: place * height, count: height })
            };
            Gate { name: Some(name), tracks: stacked.tracks.iter().map(block).collect() }
        };
        Ok(names.into_iter().enumerate().map(gate).collect())
    }

    fn channels(&mut self, neurons: usize) -> anyhow::Result<Option<InputOutput>> {
        let Some(outputs) = &self.input.outputs else { return Ok(None) };
        let source = &mut self.first;
        let mut columns = Matrix::zeros(neurons, 0);
        for name in &self.input.inputs {
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

/// The names of the axes of an array in the order of the file: row, column, step, and another one.
#[derive(Clone)]
struct Axes(Vec<String>);

/// The axes that weights have.
const WEIGHTS: [&str; 3] = ["step", "row", "column"];

impl Axes {
    /// Where the axis of this name is.
    fn of(&self, name: &str) -> usize {
        self.0.iter().position(|axis| axis == name).expect("an axis of weights")
    }

    /// The name of the fourth axis.
    fn fourth(&self) -> Option<&str> {
        self.0.iter().map(String::as_str).find(|name| !WEIGHTS.contains(name))
    }

    /// Why an array has not these axes.
    fn refuse(&self, array: &Array) -> ReadError {
        let names: Vec<&str> = self.0.iter().map(String::as_str).collect();
        let flaw = match names[..] {
            [a, b, c] => array.axes([a, b, c]).err(),
            [a, b, c, d] => array.axes([a, b, c, d]).err(),
            _ => None,
        };
        flaw.unwrap_or_else(|| {
            let lengths = &array.shape;
            array.wrong_shape(if lengths[self.of("row")] * lengths[self.of("column")] == 0 {
                "at least one row and one column"
            } else {
                "at least 2 steps, to have an increment"
            })
        })
    }
}

fn read_axes(text: &str) -> Result<Axes, String> {
    let axes: Vec<String> = text.split(',').map(|name| name.trim().to_owned()).collect();
    let different = axes.iter().collect::<std::collections::BTreeSet<_>>().len() == axes.len();
    let all = WEIGHTS.iter().all(|name| axes.iter().any(|axis| axis == name));
    if different && all && axes.len() <= 4 && axes.iter().all(|axis| !axis.is_empty()) {
        return Ok(Axes(axes));
    }
    Err("expected step, row and column in the order of the file, and at most one other axis"
        .to_owned())
}

/// True if a name is a pattern.
fn has_wildcards(name: &str) -> bool {
    name.contains(['*', '?'])
}

/// True if a pattern fits a path, or what is left of it without some groups above.
fn fits_path(pattern: &str, path: &str, separator: char) -> bool {
    let ends = path.match_indices(separator).map(|(place, _)| &path[place + 1..]);
    std::iter::once(path).chain(ends).any(|name| fits(pattern.as_bytes(), name.as_bytes()))
}

/// True if a pattern with * (any characters) and ? (any one) fits a text.
fn fits(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Behind the last star, and where in the text it was tried last.
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                p += 1;
                star = Some((p, t));
            }
            Some(&byte) if byte == b'?' || byte == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((behind, tried)) = star else { return false };
                (p, t) = (behind, tried + 1);
                star = Some((behind, tried + 1));
            }
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
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

/// Of what the gates are, and their names in their order.
type Gates = (&'static str, &'static [&'static str]);

/// The gates of an LSTM or a GRU of PyTorch, by name and shape. How many gates the input weights have
/// is told by the recurrent weights beside them, which are (gates N, N).
fn known_gates(source: &Source, name: &str, rows: usize, columns: usize) -> Option<Gates> {
    const LSTM: Gates = (" of an LSTM", &["i", "f", "g", "o"]);
    const GRU: Gates = (" of a GRU", &["r", "z", "n"]);
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

/// The gates of an LSTM or a GRU in what `save_weights` of Keras writes: the first matrix of a cell is
/// (inputs, gates N), the second is recurrent, (N, gates N).
fn keras_gates(source: &Source, name: &str, [rows, columns]: [usize; 2]) -> Option<Gates> {
    const LSTM: Gates = (" of an LSTM", &["i", "f", "c", "o"]);
    const GRU: Gates = (" of a GRU", &["z", "r", "h"]);
    let (above, number) = name.rsplit_once('/')?;
    if !above.ends_with("cell/vars") {
        return None;
    }
    let neurons = match number {
        "0" => {
            let (_, found) = source.find(&format!("{above}/1")).ok()?;
            *found.nodes().first()?.shape.first()?
        }
        "1" => rows,
        _ => return None,
    };
    [LSTM, GRU].into_iter().find(|(_, gates)| columns == gates.len() * neurons)
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
    InputOutput::columns(&array.shape, &array.data, neurons, axis)
        .ok_or_else(|| array.wrong_shape(format!("an axis of {neurons} neurons, as W has")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_fit_dotted_names() {
        let path = "model.encoder.rnn.weight_hh_l0";
        for pattern in [
            "*",
            path,
            "weight_hh_l0",
            "rnn.weight_*",
            "model.*.weight_hh_l?",
            "*weight*l0",
            "encoder.*",
            "**l0",
        ] {
            assert!(fits_path(pattern, path, '.'), "{pattern}");
        }
        for pattern in ["", "weight", "nn.weight_*", "*hh_l", "?", "model.*.weight_hh_l?0"] {
            assert!(!fits_path(pattern, path, '.'), "{pattern}");
        }
    }

    #[test]
    fn axes_are_each_there_once() {
        let Axes(axes) = read_axes("task, step,column,row").unwrap();
        assert_eq!(axes, ["task", "step", "column", "row"]);
        assert_eq!(read_axes("row,step,column").unwrap().fourth(), None);
        for text in ["step,row", "step,row,row,column", "a,b,step,row,column", "step,row,column,"] {
            assert!(read_axes(text).is_err(), "{text}");
        }
    }
}
