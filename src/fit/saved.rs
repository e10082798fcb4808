//! A fitted or a true model as a file.

#[cfg(feature = "files")]
mod npz;

use super::architecture::Architecture;
use super::model::Model;

/// A model, and where it comes from.
///
/// The file is an `.npz` archive that NumPy reads too: `a` (N, R) and `b` (N, R), of unit norm, and
/// `c` (trial, R), so that `W_k = a @ diag(c[k]) @ b.T`; of weights that are free in each trial `a`
/// and `b` are (trial, N, R) and there is no `c`. Further `D` (neuron, N), `offset` (neuron), `x0`
/// (group, N), `E` (N, column) and `drive` (step, condition, column) with the rest of the model,
/// `trial` and `condition` of the recording, and the choices of the model as JSON in `meta`. Where
/// trials have inputs or gains of their own there are `drive_of_trial` (trial, R), which is added to
/// the drive of the columns of `a` in all steps, and `log_gain` (trial), by whose exponential means
/// are multiplied.
#[derive(Clone, Debug)]
pub struct Saved<S> {
    /// What it is made of.
    pub architecture: Architecture,
    /// Its numbers.
    pub model: Model<S>,
    /// The seed of its random start, or of the simulation.
    pub seed: u64,
    /// The iteration that it is of; 0 of a true model.
    pub iterations: usize,
}
