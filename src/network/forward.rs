//! The forward run: states, rates and outputs of all trials at all times.

use super::Network;
use crate::matrix::Matrix;
use crate::scalar::{Scalar, View};

/// What a forward run leaves for the adjoint. Blocks of M columns, one for each time.
#[derive(Clone, Debug)]
pub struct Run<S> {
    /// Time steps, T.
    pub steps: usize,
    /// Trials, M.
    pub trials: usize,
    /// States h_0..h_T, (N, (T + 1) M).
    pub states: Matrix<S>,
    /// Outputs y_0..y_T, (d_out, (T + 1) M).
    pub outputs: Matrix<S>,
    /// psi(h_t), if psi is not the identity.
    rates: Option<Matrix<S>>,
    /// psi'(h_t), if psi is not the identity.
    pub(super) psi_slopes: Option<Matrix<S>>,
    /// phi'(z_t) for t = 0..T, if phi is not the identity.
    pub(super) phi_slopes: Option<Matrix<S>>,
}

impl<S: Scalar> Run<S> {
    /// psi(h_t) for t = 0..=T, (N, (T + 1) M).
    pub fn rates(&self) -> &Matrix<S> {
        self.rates.as_ref().unwrap_or(&self.states)
    }

    /// The activity Phi that enters the gradient: psi(h_t) for t = 0..T, (N, T M).
    pub fn activity(&self) -> View<'_, S> {
        self.rates().columns(0..self.steps * self.trials)
    }
}

/// Runs the network on the inputs of `trials` trials, (d_in, T M).
///
/// # Panics
///
/// If the shapes do not fit: inputs that are not whole blocks, an initial state that is neither
/// common nor one for each trial.
pub fn forward<S: Scalar>(network: &Network<S>, inputs: &Matrix<S>, trials: usize) -> Run<S> {
    let neurons = network.parameters.neurons();
    assert_eq!(inputs.cols() % trials, 0, "inputs of {trials} trials in whole blocks");
    let steps = inputs.cols() / trials;
    let block = neurons * trials;
    let mut run = Run {
        steps,
        trials,
        states: initial_states(network, steps, trials),
        outputs: Matrix::zeros(0, 0),
        rates: with_shape(!network.dynamics.psi.is_identity(), neurons, (steps + 1) * trials),
        psi_slopes: with_shape(!network.dynamics.psi.is_identity(), neurons, (steps + 1) * trials),
        phi_slopes: None,
    };
    // z_t begins as B u_t + b and becomes phi'(z_t).
    let mut drive = drive(network, inputs);
    let mut value = vec![S::ZERO; block];
    for t in 0..steps {
        rates_at(network, &mut run, t);
        let z = &mut drive.data_mut()[t * block..(t + 1) * block];
        let rates = run.rates().columns(t * trials..(t + 1) * trials);
        network.parameters.w.apply(rates, z);
        value.copy_from_slice(z);
        if !network.dynamics.phi.is_identity() {
            network.dynamics.phi.apply(&mut value, z);
        }
        let (before, after) = run.states.data_mut().split_at_mut((t + 1) * block);
        leak_into(&mut after[..block], &before[t * block..], &value, network.dynamics.leak);
    }
    rates_at(network, &mut run, steps);
    run.outputs = network.parameters.c.times(run.rates());
    run.phi_slopes = (!network.dynamics.phi.is_identity()).then_some(drive);
    run
}

fn with_shape<S: Scalar>(wanted: bool, rows: usize, cols: usize) -> Option<Matrix<S>> {
    wanted.then(|| Matrix::zeros(rows, cols))
}

/// h_0 in the first block, zeros in the others.
fn initial_states<S: Scalar>(network: &Network<S>, steps: usize, trials: usize) -> Matrix<S> {
    let h0 = &network.parameters.h0;
    assert!(h0.cols() == 1 || h0.cols() == trials, "h_0 is common or one for each trial");
    let mut states = Matrix::zeros(h0.rows(), (steps + 1) * trials);
    for m in 0..trials {
        states.column_mut(m).copy_from_slice(h0.column(if h0.cols() == 1 { 0 } else { m }));
    }
    states
}

/// B u_t + b for all times and trials, (N, T M).
fn drive<S: Scalar>(network: &Network<S>, inputs: &Matrix<S>) -> Matrix<S> {
    let mut drive = network.parameters.b.times(inputs);
    let bias = network.parameters.bias.data();
    if bias.iter().any(|&entry| entry != S::ZERO) {
        for column in drive.data_mut().chunks_exact_mut(bias.len()) {
            column.iter_mut().zip(bias).for_each(|(entry, &bias)| *entry += bias);
        }
    }
    drive
}

/// Computes psi(h_t) and psi'(h_t), unless psi is the identity.
fn rates_at<S: Scalar>(network: &Network<S>, run: &mut Run<S>, t: usize) {
    let (Some(rates), Some(slopes)) = (&mut run.rates, &mut run.psi_slopes) else { return };
    let range = t * run.states.rows() * run.trials..(t + 1) * run.states.rows() * run.trials;
    let rates = &mut rates.data_mut()[range.clone()];
    rates.copy_from_slice(&run.states.data()[range.clone()]);
    network.dynamics.psi.apply(rates, &mut slopes.data_mut()[range]);
}

/// after = (1 - a) before + a value.
fn leak_into<S: Scalar>(after: &mut [S], before: &[S], value: &[S], leak: S) {
    let keep = S::ONE - leak;
    for ((after, &before), &value) in after.iter_mut().zip(before).zip(value) {
        *after = keep * before + leak * value;
    }
}
