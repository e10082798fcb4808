//! A recording of an array in memory.

use super::prepared::{InvalidRecording, Quantity, Recording};

/// A recording under construction: the activity, and what else is known of it.
#[derive(Clone, Debug)]
pub struct RecordingBuilder {
    /// Without what is below.
    recording: Recording,
    conditions: Option<Labels>,
    epochs: Option<Labels>,
    trial_numbers: Option<Vec<i64>>,
    neuron_names: Option<Vec<String>>,
}

/// An index for each trial, and the names to which the indices belong.
type Labels = (Vec<usize>, Vec<String>);

impl Recording {
    /// A recording of an array (trial, bin, neuron) in the order of C, the neuron innermost, with
    /// NaN where nothing was recorded; `bin_seconds` is the width of a bin.
    ///
    /// The trials are numbered from 0, in one condition and one epoch, and the entries are values
    /// without a unit, unless the builder is told otherwise. Shapes that do not fit are errors of
    /// [`build`](RecordingBuilder::build).
    ///
    /// # Examples
    ///
    /// ```
    /// use rankproof::recording::Recording;
    ///
    /// // Two trials of three bins of one neuron.
    /// let activity = vec![0.1, 0.4, 0.2, 0.0, 0.3, f64::NAN];
    /// let recording = Recording::from_array(activity, [2, 3, 1], 0.05)
    ///     .conditions(["left", "right"])
    ///     .build()?;
    /// assert_eq!(recording.activity_at(0, 1, 1), 0.3);
    /// assert_eq!(recording.conditions, [0, 1]);
    ///
    /// let error = Recording::from_array(vec![0.0; 5], [2, 3, 1], 0.05).build().unwrap_err();
    /// assert_eq!(error.to_string(), "array \"activity\" holds 5 numbers, expected 6");
    /// # Ok::<(), rankproof::recording::InvalidRecording>(())
    /// ```
    pub fn from_array(
        activity: Vec<f64>,
        [trials, bins, neurons]: [usize; 3],
        bin_seconds: f64,
    ) -> RecordingBuilder {
        RecordingBuilder {
            recording: Recording {
                neurons,
                bins,
                trials,
                activity,
                trial_numbers: Vec::new(),
                conditions: Vec::new(),
                condition_names: Vec::new(),
                epochs: Vec::new(),
                epoch_names: Vec::new(),
                neuron_names: Vec::new(),
                bin_seconds,
                start_seconds: 0.0,
                quantity: Quantity::Values,
                unit: String::new(),
                behaviour: None,
                provenance: r#"{"source":"an array in memory"}"#.to_owned(),
            },
            conditions: None,
            epochs: None,
            trial_numbers: None,
            neuron_names: None,
        }
    }
}

impl RecordingBuilder {
    /// What the entries are, and in which unit.
    pub fn quantity(mut self, quantity: Quantity, unit: impl Into<String>) -> Self {
        self.recording.quantity = quantity;
        self.recording.unit = unit.into();
        self
    }

    /// The condition of each trial. Conditions are numbered in the order in which they appear.
    pub fn conditions<T: Into<String>>(mut self, of_trials: impl IntoIterator<Item = T>) -> Self {
        self.conditions = Some(numbered(of_trials));
        self
    }

    /// The epoch of each trial. Epochs are numbered in the order in which they appear.
    pub fn epochs<T: Into<String>>(mut self, of_trials: impl IntoIterator<Item = T>) -> Self {
        self.epochs = Some(numbered(of_trials));
        self
    }

    /// The number of each trial in its session, strictly increasing: where trials were dropped,
    /// numbers are missing.
    pub fn trial_numbers(mut self, numbers: impl IntoIterator<Item = i64>) -> Self {
        self.trial_numbers = Some(numbers.into_iter().collect());
        self
    }

    /// What the neurons are called.
    pub fn neuron_names<T: Into<String>>(mut self, names: impl IntoIterator<Item = T>) -> Self {
        self.neuron_names = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// The recording.
    ///
    /// # Errors
    ///
    /// If the array or what is said of its trials or neurons has another length than the shape
    /// says, or the recording is not [valid](Recording::validate).
    pub fn build(self) -> Result<Recording, InvalidRecording> {
        let mut recording = self.recording;
        // Checked first, as what was not said is as long as the shape says.
        recording.shape_fault().map_or(Ok(()), Err)?;
        let Recording { trials, neurons, .. } = recording;
        let one = || (vec![0; trials], vec!["all".to_owned()]);
        (recording.conditions, recording.condition_names) = self.conditions.unwrap_or_else(one);
        (recording.epochs, recording.epoch_names) = self.epochs.unwrap_or_else(one);
        recording.trial_numbers =
            self.trial_numbers.unwrap_or_else(|| (0..trials as i64).collect());
        recording.neuron_names = (self.neuron_names)
            .unwrap_or_else(|| (0..neurons).map(|n| format!("neuron {n}")).collect());
        recording.validate()?;
        Ok(recording)
    }
}

/// The index of each label among the different ones, and these in the order of appearance.
fn numbered<T: Into<String>>(labels: impl IntoIterator<Item = T>) -> Labels {
    let mut names: Vec<String> = Vec::new();
    let mut index = |label: String| match names.iter().position(|name| *name == label) {
        Some(index) => index,
        None => {
            names.push(label);
            names.len() - 1
        }
    };
    let indices = labels.into_iter().map(|label| index(label.into())).collect();
    (indices, names)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array() -> RecordingBuilder {
        Recording::from_array((0..24).map(f64::from).collect(), [4, 3, 2], 0.05)
    }

    #[test]
    fn the_neuron_is_innermost_and_what_is_not_said_is_plain() {
        let recording = array().build().unwrap();
        // Trial 2, bin 1, neuron 1.
        assert_eq!(recording.activity_at(1, 1, 2), 15.0);
        assert_eq!(recording.trial_numbers, [0, 1, 2, 3]);
        assert_eq!((recording.conditions, recording.epochs), (vec![0; 4], vec![0; 4]));
        assert_eq!(recording.neuron_names, ["neuron 0", "neuron 1"]);
        assert_eq!(recording.quantity, Quantity::Values);
    }

    #[test]
    fn what_is_said_is_kept() {
        let built = array()
            .quantity(Quantity::Counts, "spikes")
            .conditions(["b", "a", "b", "c"])
            .epochs(["before", "before", "after", "after"])
            .trial_numbers([3, 4, 7, 9])
            .neuron_names(["x", "y"])
            .build();
        let recording = built.unwrap();
        assert_eq!((recording.quantity, &*recording.unit), (Quantity::Counts, "spikes"));
        assert_eq!(recording.conditions, [0, 1, 0, 2]);
        assert_eq!(recording.condition_names, ["b", "a", "c"]);
        assert_eq!(recording.epochs, [0, 0, 1, 1]);
        assert_eq!(recording.trial_numbers, [3, 4, 7, 9]);
        assert_eq!(recording.neuron_names, ["x", "y"]);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let refused = |builder: RecordingBuilder| builder.build().unwrap_err().to_string();
        let short = Recording::from_array(vec![0.0; 5], [2, 3, 1], 0.05);
        assert_eq!(refused(short), "array \"activity\" holds 5 numbers, expected 6");
        let huge = Recording::from_array(vec![0.0; 5], [usize::MAX, 3, 1], 0.05);
        assert!(refused(huge).contains("expected too many"));
        let none = Recording::from_array(vec![], [2, 0, 1], 0.05);
        assert!(refused(none).contains("at least one neuron, bin and trial"));
        let conditions = array().conditions(["a", "b"]);
        assert_eq!(refused(conditions), "array \"condition\" holds 2 numbers, expected 4");
        assert!(refused(array().epochs(["a"; 5])).contains("\"epoch\" holds 5 numbers"));
        assert!(refused(array().trial_numbers([1, 2])).contains("\"trial\" holds 2 numbers"));
        assert!(refused(array().neuron_names(["x"])).contains("names 1 neurons"));
        // Nothing is not the same as not said.
        let no_labels: [String; 0] = [];
        assert!(refused(array().conditions(no_labels)).contains("\"condition\" holds 0 numbers"));
        let width = Recording::from_array(vec![0.0; 6], [2, 3, 1], 0.0);
        assert!(refused(width).contains("\"bin_s\" is 0"));
        let halves = Recording::from_array(vec![0.5; 6], [2, 3, 1], 0.05);
        assert!(refused(halves.quantity(Quantity::Counts, "")).contains("holds 0.5"));
    }
}
