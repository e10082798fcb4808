//! What a training holds in memory.

use super::Storage;
use crate::memory::Memory;
use crate::task::Dimensions;

/// What a recurrent network, its task and the history of its weights hold over so many learning
/// steps, in numbers of 8 bytes; a floor for architectures with more blocks.
pub(crate) fn memory(sizes: &Dimensions, learning_steps: usize, storage: Storage) -> Memory {
    /// States, rates, slopes, costates and their products.
    const OF_STATES: usize = 5;
    /// Weights, a gradient, a direction and what an optimiser remembers.
    const OF_WEIGHTS: usize = 4;
    /// The weights after a step, and the gradient before it in factors.
    const OF_STEP: usize = 3;
    const NUMBER: usize = size_of::<f64>();
    let &Dimensions { neurons: n, d_in, d_out, steps, trials } = sizes;
    let channels = d_in.saturating_add(d_out);
    let (times, history) = (steps.saturating_add(1), learning_steps.saturating_add(1));
    // Of N x N weights, or of factors: a gradient has at most the rank of what it is made of.
    let width = match storage {
        Storage::Slices => n,
        Storage::Factors => n.min(channels),
    };
    Memory::default()
        .and(format!("states of {n} neurons"), NUMBER, &[OF_STATES, n, times, trials])
        .and(format!("{channels} channels"), NUMBER, &[3, channels, times, trials])
        .and(format!("weights of {n} neurons"), NUMBER, &[OF_WEIGHTS, n, width])
        .and(format!("weights from {channels} channels"), NUMBER, &[OF_WEIGHTS, n, channels])
        .and(
            format!("weights of {n} neurons in {learning_steps} steps"),
            NUMBER,
            &[OF_STEP, history, n, width],
        )
        // Every step has a coefficient for each gradient before it.
        .and(format!("coefficients of {learning_steps} steps"), NUMBER / 2, &[history, history])
}
