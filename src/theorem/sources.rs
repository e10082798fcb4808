//! What feeds the gradient of a linear network, counted: for bounds that are known before training.
//!
//! With A = (1-a) I + a W a gradient by W is the sum over trials and times of l_{t+1} h_t^T, where
//!
//! ```text
//! h_t     lies in the span of A^i B and A^i b, i < t, and of A^t h_0,
//! l_{t+1} in that of (A^T)^i C^T, i < T - t.
//! ```
//!
//! A is another matrix at every learning step. B, b, h_0 and C are the same as long as they are not
//! trained: their span is shared by all gradients.

use super::{InitialState, Setting};

/// The columns of B, b and h_0 on the side of the inputs, or the rows of C on that of the outputs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Columns {
    /// Not trained.
    pub fixed: usize,
    /// Trained.
    pub trained: usize,
    /// Trained, and zero at the first gradient.
    pub trained_from_zero: usize,
}

impl Columns {
    /// All of both.
    pub fn and(self, other: Self) -> Self {
        Columns {
            fixed: self.fixed + other.fixed,
            trained: self.trained + other.trained,
            trained_from_zero: self.trained_from_zero + other.trained_from_zero,
        }
    }

    /// Counts `columns` that are trained or not.
    pub fn add(&mut self, columns: usize, trained: bool) {
        *if trained { &mut self.trained } else { &mut self.fixed } += columns;
    }

    /// What their span can be at the start.
    pub fn start(&self) -> usize {
        self.fixed + self.trained
    }

    /// What a learning step can add to it.
    pub fn moving(&self) -> usize {
        self.trained + self.trained_from_zero
    }

    /// Those that are not zero at gradient `j`.
    pub fn at(&self, j: usize) -> usize {
        self.start() + if j > 0 { self.trained_from_zero } else { 0 }
    }
}

/// All sources of a setting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sources {
    /// Inputs: the columns of B that inputs reach, and b.
    pub inputs: Columns,
    /// The columns of h_0.
    pub states: Columns,
    /// The rows of C.
    pub outputs: Columns,
    /// Time steps, one more where h_0 stands for an input before the first.
    steps: usize,
    /// Trials in each gradient.
    batch: usize,
    /// Trials of all gradients.
    trials: usize,
    /// The dimension of the first inputs of all trials.
    first_inputs: usize,
    /// Whether W_k is D_k and another multiple of W_0.
    decays: bool,
    neurons: usize,
}

/// What of the rows h_t all gradients share.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SharedRows {
    None,
    /// The first that is not zero: h_0, or h_1 = a B u_0.
    First,
    /// The parts that are not multiplied by A.
    All,
}

/// What of the columns l_{t+1} all gradients share.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SharedColumns {
    None,
    /// The last one, C^T e_T.
    Last,
    /// The parts that are not multiplied by A^T.
    All,
}

impl Sources {
    /// Those of a linear network that trains as the setting says.
    pub fn of(setting: &Setting) -> Self {
        let [b, c, bias, h0] = ["B", "C", "bias", "h0"].map(|name| setting.trained.contains(name));
        let (trials, batch) = (setting.dimensions.trials, setting.batch_size());
        let (mut inputs, mut states) = (Columns::default(), Columns::default());
        let mut outputs = Columns::default();
        outputs.add(setting.dimensions.d_out, c);
        // A state along inputs that do not stay what they are is one of its own.
        let along = setting.initial_state == InitialState::AlongInputs;
        let stays_along = along && !setting.leaves_its_state();
        let steps = setting.dimensions.steps + usize::from(stays_along);
        // No more inputs than there are in all trials before the last time step, whose input meets
        // no error through W, but one through C.
        let given = trials * (steps - usize::from(!c));
        inputs.add(setting.dimensions.d_in.min(given), b);
        match (setting.bias, bias) {
            (true, false) => inputs.add(1, false),
            (true, true) => inputs.add(1, true),
            (false, true) => inputs.trained_from_zero += 1,
            (false, false) => {}
        }
        match setting.initial_state {
            InitialState::Zero => states.trained_from_zero += usize::from(h0),
            InitialState::Common => states.add(1, h0),
            InitialState::PerTrial => states.add(trials, h0),
            InitialState::AlongInputs if stays_along => {}
            InitialState::AlongInputs => states.add(trials, h0),
        }
        // A bias is no input of the step that a state along the inputs stands for.
        let first = setting.dimensions.d_in + usize::from(setting.bias && !stays_along);
        Sources {
            inputs,
            states,
            outputs,
            steps,
            batch,
            trials,
            first_inputs: first.min(trials),
            decays: setting.decay,
            neurons: setting.dimensions.neurons,
        }
    }

    /// The first time at which there is a state at gradient `j`.
    fn first_time(&self, j: usize) -> usize {
        usize::from(self.states.at(j) == 0)
    }

    /// What rank D_k, or that of any combination of these gradients, is at most, from any W_0.
    pub fn rank_of_sum(&self, gradients: std::ops::Range<usize>) -> usize {
        let rows = [SharedRows::None, SharedRows::First, SharedRows::All];
        let columns = [SharedColumns::None, SharedColumns::Last, SharedColumns::All];
        let pairs = rows.into_iter().flat_map(|row| columns.map(|column| (row, column)));
        let bounds = pairs.filter_map(|(row, column)| self.split(row, column, gradients.clone()));
        bounds.min().map_or(self.neurons, |bound| bound.min(self.neurons))
    }

    /// What gradient `j` adds to the span of B_j, b_j and h_0 on the side of the inputs, or to that
    /// of C_j on the side of the outputs.
    pub fn beyond_sources(&self, j: usize) -> [usize; 2] {
        let (first, last) = (self.first_time(j), self.steps - 1);
        let (inputs, states) = (self.inputs.at(j), self.states.at(j));
        // Times at which h_t, or l_{t+1}, is more than sources.
        let times = self.steps.saturating_sub(first + 1);
        let rows = inputs * last.saturating_sub(1) + states * last;
        let columns = self.outputs.at(j) * times;
        [rows, columns].map(|side| side.min(self.batch * times))
    }

    /// The same of learning by a spectral rule, whose steps have the columns and the rows of all
    /// gradients before them and nothing else of them: at most the dimension of either. Trials of
    /// three steps do not leave the span of B, W_0 B, C^T and W_0^T C^T, of which the first two count
    /// as far as states at W_0 have them.
    pub fn rank_of_sides(&self, gradients: std::ops::Range<usize>) -> usize {
        let rows = [SharedRows::None, SharedRows::First, SharedRows::All];
        let columns = [SharedColumns::None, SharedColumns::Last, SharedColumns::All];
        let of_rows = rows.into_iter().filter_map(|rows| {
            let beyond = gradients.clone().map(|j| {
                let Beyond { rows, trials, .. } = self.beyond(rows, SharedColumns::None, j);
                rows.min(trials)
            });
            Some(self.shared_rows(rows)? + beyond.sum::<usize>())
        });
        let of_columns = columns.into_iter().filter_map(|columns| {
            let beyond = gradients.clone().map(|j| {
                let Beyond { columns, trials, .. } = self.beyond(SharedRows::None, columns, j);
                columns.min(trials)
            });
            Some(self.shared_columns(columns, &gradients)? + beyond.sum::<usize>())
        });
        let is_still = self.states == Columns::default()
            && self.inputs.moving() == 0
            && self.outputs.moving() == 0;
        let closed = (is_still && self.steps == 3).then(|| {
            // Decay changes how much of W_0 h_1 there is beside B u_1.
            let apart = if self.decays { self.first_inputs } else { 0 };
            let states = (2 * self.inputs.fixed).min(self.first_inputs + apart + self.trials);
            states + 2 * self.outputs.fixed
        });
        let bounds = of_rows.chain(of_columns).chain(closed);
        bounds.min().map_or(self.neurons, |bound| bound.min(self.neurons))
    }

    /// The bound that comes of what is shared, and the rest of each gradient by itself. `None` where
    /// that is not shared.
    fn split(
        &self,
        rows: SharedRows,
        columns: SharedColumns,
        gradients: std::ops::Range<usize>,
    ) -> Option<usize> {
        let shared = self.shared_rows(rows)? + self.shared_columns(columns, &gradients)?;
        let beyond = gradients.map(|j| {
            let Beyond { rows, columns, trials } = self.beyond(rows, columns, j);
            rows.min(columns).min(trials)
        });
        Some(shared + beyond.sum::<usize>())
    }

    /// Whether the first state of each trial lies in what all gradients share.
    fn is_first_shared(&self) -> bool {
        let fixed_states = self.states.moving() == 0 && self.states.fixed > 0;
        fixed_states || self.states == Columns::default() && self.inputs.moving() == 0
    }

    /// The dimension of what the rows of all gradients share; `None` where they do not share that.
    fn shared_rows(&self, rows: SharedRows) -> Option<usize> {
        match rows {
            SharedRows::None => Some(0),
            SharedRows::First if !self.is_first_shared() => None,
            SharedRows::First if self.states == Columns::default() => Some(self.first_inputs),
            SharedRows::First => Some(self.states.fixed),
            SharedRows::All => Some(self.inputs.fixed + self.states.fixed),
        }
    }

    /// The same of the columns.
    fn shared_columns(
        &self,
        columns: SharedColumns,
        gradients: &std::ops::Range<usize>,
    ) -> Option<usize> {
        match columns {
            SharedColumns::None => Some(0),
            _ if self.outputs.moving() > 0 => None,
            SharedColumns::Last => Some(self.outputs.fixed.min(gradients.len() * self.batch)),
            SharedColumns::All => Some(self.outputs.fixed),
        }
    }

    /// What gradient `j` has beside what is shared.
    fn beyond(&self, rows: SharedRows, columns: SharedColumns, j: usize) -> Beyond {
        let Sources { inputs, states, outputs, steps, batch, .. } = *self;
        let is_first_shared = rows != SharedRows::None && self.is_first_shared();
        let first = self.first_time(j) + usize::from(is_first_shared);
        // One behind the last time.
        let end = steps - usize::from(columns != SharedColumns::None);
        let times = end.saturating_sub(first);
        if times == 0 {
            return Beyond::default();
        }
        // A^i B for i < end - 1, and A^t h_0 for each of the times.
        let shared = if rows == SharedRows::All { inputs.fixed } else { 0 };
        let of_inputs = (inputs.at(j) * (end - 1)).saturating_sub(shared);
        let powers = steps - first - usize::from(columns == SharedColumns::All);
        Beyond {
            rows: of_inputs + states.at(j) * times,
            columns: outputs.at(j) * powers,
            trials: batch * times,
        }
    }
}

/// The dimensions of the rows and of the columns of a gradient, and the number of its terms.
#[derive(Clone, Copy, Default)]
struct Beyond {
    rows: usize,
    columns: usize,
    trials: usize,
}
