//! The forward run: states, rates and outputs of all trials at all times.

use super::{Dynamics, Network, RnnParts};
use crate::matrix::Matrix;
use crate::scalar::{Scalar, View, vectorised};

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
    /// phi'(z_t) for t = 0..T, (N, T M), unless phi is the identity.
    pub(super) phi_slopes: Matrix<S>,
}

/// Runs the network on the inputs of `trials` trials, (d_in, T M).
///
/// # Panics
///
/// If the shapes do not fit: blocks that are not those of a recurrent network, inputs that are not
/// whole blocks, an initial state that is neither common nor one for each trial. Where this is an
/// error of the user [`Architecture::outputs`](super::Architecture::outputs) says so.
pub fn forward<S: Scalar>(network: &Network<S>, inputs: &Matrix<S>, trials: usize) -> Run<S> {
    let mut run = Run::empty();
    run.repeat(&network.architecture.dynamics, network.parts(), inputs, trials);
    run
}

impl<S: Scalar> Run<S> {
    /// No run yet: for [`repeat`](Run::repeat).
    pub fn empty() -> Self {
        Run {
            steps: 0,
            trials: 0,
            states: Matrix::zeros(0, 0),
            outputs: Matrix::zeros(0, 0),
            rates: None,
            psi_slopes: None,
            phi_slopes: Matrix::zeros(0, 0),
        }
    }

    /// The same as [`forward`], in the memory of an earlier run: for large networks the operating
    /// system needs as long to hand out new memory as the products take.
    pub fn repeat(
        &mut self,
        dynamics: &Dynamics<S>,
        parts: RnnParts<'_, S>,
        inputs: &Matrix<S>,
        trials: usize,
    ) {
        let neurons = parts.neurons();
        assert_eq!(inputs.cols() % trials, 0, "inputs of {trials} trials in whole blocks");
        (self.steps, self.trials) = (inputs.cols() / trials, trials);
        let block = neurons * trials;
        self.start(dynamics, parts.h0);
        // z_t begins as B u_t + b and becomes phi'(z_t).
        drive(parts, inputs, &mut self.phi_slopes);
        let mut value = vec![S::ZERO; block];
        let weights = parts.w.multiplier();
        for t in 0..self.steps {
            self.rates_at(dynamics, t);
            let rates = self.rates.as_ref().unwrap_or(&self.states);
            let z = &mut self.phi_slopes.data_mut()[t * block..(t + 1) * block];
            weights.add_product(&rates.data()[t * block..(t + 1) * block], z);
            value.copy_from_slice(z);
            if !dynamics.phi.is_identity() {
                dynamics.phi.apply(&mut value, z);
            }
            let (before, after) = self.states.data_mut().split_at_mut((t + 1) * block);
            leak_into(&mut after[..block], &before[t * block..], &value, dynamics.leak);
        }
        self.rates_at(dynamics, self.steps);
        let rates = self.rates.as_ref().unwrap_or(&self.states);
        self.outputs = parts.c.times(rates);
    }

    /// psi(h_t) for t = 0..=T, (N, (T + 1) M).
    pub fn rates(&self) -> &Matrix<S> {
        self.rates.as_ref().unwrap_or(&self.states)
    }

    /// The activity Phi that enters the gradient: psi(h_t) for t = 0..T, (N, T M).
    pub fn activity(&self) -> View<'_, S> {
        self.rates().columns(0..self.steps * self.trials)
    }

    /// phi'(z_t) for t = 0..T, (N, T M), and psi'(h_t) for t = 0..=T, (N, (T + 1) M); none of the
    /// identity. `dynamics` are those of the run.
    pub fn slopes(&self, dynamics: &Dynamics<S>) -> [Option<&Matrix<S>>; 2] {
        let phi = (!dynamics.phi.is_identity()).then_some(&self.phi_slopes);
        [phi, self.psi_slopes.as_ref()]
    }

    /// Memory of the right shape, and h_0 in the first block of the states.
    fn start(&mut self, dynamics: &Dynamics<S>, h0: &Matrix<S>) {
        assert!(h0.cols() == 1 || h0.cols() == self.trials, "h_0 is common or one for each trial");
        let columns = (self.steps + 1) * self.trials;
        self.states.reshape(h0.rows(), columns);
        for m in 0..self.trials {
            self.states.column_mut(m).copy_from_slice(h0.column(if h0.cols() == 1 {
                0
            } else {
                m
            }));
        }
        for part in [&mut self.rates, &mut self.psi_slopes] {
            if dynamics.psi.is_identity() {
                *part = None;
            } else {
                part.get_or_insert_with(|| Matrix::zeros(0, 0)).reshape(h0.rows(), columns);
            }
        }
    }

    /// Computes psi(h_t) and psi'(h_t), unless psi is the identity.
    fn rates_at(&mut self, dynamics: &Dynamics<S>, t: usize) {
        let (Some(rates), Some(slopes)) = (&mut self.rates, &mut self.psi_slopes) else { return };
        let block = self.states.rows() * self.trials;
        let range = t * block..(t + 1) * block;
        let rates = &mut rates.data_mut()[range.clone()];
        rates.copy_from_slice(&self.states.data()[range.clone()]);
        dynamics.psi.apply(rates, &mut slopes.data_mut()[range]);
    }
}

/// B u_t + b for all times and trials, (N, T M).
fn drive<S: Scalar>(parts: RnnParts<'_, S>, inputs: &Matrix<S>, drive: &mut Matrix<S>) {
    let b = parts.b;
    drive.reshape(b.rows(), inputs.cols());
    S::gemm(drive.data_mut(), false, b.view(), inputs.view());
    let bias = parts.bias.data();
    if bias.iter().any(|&entry| entry != S::ZERO) {
        for column in drive.data_mut().chunks_exact_mut(bias.len()) {
            for (entry, &bias) in column.iter_mut().zip(bias) {
                *entry += bias;
            }
        }
    }
}

/// after = (1 - a) before + a value.
pub(crate) fn leak_into<S: Scalar>(after: &mut [S], before: &[S], value: &[S], leak: S) {
    let keep = S::ONE - leak;
    vectorised(
        #[inline(always)]
        || {
            for ((after, &before), &value) in after.iter_mut().zip(before).zip(value) {
                *after = keep * before + leak * value;
            }
        },
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blocks::Blocks;
    use crate::network::Activation;
    use crate::network::architecture::Rnn;
    use crate::scalar::{Fp, Stream};
    use crate::task::Dimensions;

    /// Nothing of an earlier run, larger or smaller, is left in its memory.
    #[test]
    fn a_run_in_the_memory_of_another_is_that_of_new_memory() {
        let mut run = Run::empty();
        assert_eq!((run.steps, run.trials, run.states.cols(), run.outputs.cols()), (0, 0, 0, 0));
        let square = Activation::Polynomial(vec![Fp::ZERO, Fp::ONE, Fp::ONE]);
        for (place, [neurons, steps, trials]) in
            [[3, 4, 2], [2, 1, 1], [5, 3, 3], [5, 0, 3]].into_iter().enumerate()
        {
            let sizes = Dimensions { neurons, d_in: 2, d_out: 1, steps, trials };
            let dynamics = Dynamics {
                psi: if place % 2 == 0 { square.clone() } else { Activation::Identity },
                ..Dynamics::linear(Fp::ratio(1, 2))
            };
            let stream = Stream::new("memory of runs", place as u64, 0);
            let architecture = Rnn::new(dynamics.clone());
            let blocks = Blocks::random(&architecture.shapes(&sizes), &stream);
            let network = Network { architecture, blocks };
            let inputs = Matrix::random(2, steps * trials, &mut stream.named("inputs"));
            let expected = forward(&network, &inputs, trials);
            run.repeat(&dynamics, network.parts(), &inputs, trials);
            assert_eq!((run.steps, run.trials), (steps, trials));
            assert_eq!((&run.states, &run.outputs), (&expected.states, &expected.outputs));
            assert_eq!((&run.rates, &run.psi_slopes), (&expected.rates, &expected.psi_slopes));
            assert_eq!(run.phi_slopes, expected.phi_slopes);
        }
    }
}
