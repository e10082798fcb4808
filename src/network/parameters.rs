//! The learned parameters as one vector.

use crate::blocks::{Block, Blocks, Subset};
use crate::matrix::Matrix;
use crate::scalar::Scalar;

/// W, B, C, b and h_0. A gradient has the same shape and the same type.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters<S> {
    /// Recurrent weights W, (N, N).
    pub w: Block<S>,
    /// Input weights B, (N, d_in).
    pub b: Matrix<S>,
    /// Readout C, (d_out, N).
    pub c: Matrix<S>,
    /// Bias b, (N, 1).
    pub bias: Matrix<S>,
    /// Initial state h_0: (N, 1) common to all trials, or (N, M), one for each.
    pub h0: Matrix<S>,
}

/// The names of W, B, C, b and h_0 as blocks.
const NAMES: [&str; 5] = ["W", "B", "C", "bias", "h0"];

/// Which parameters are learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trained {
    /// Recurrent weights.
    pub w: bool,
    /// Input weights.
    pub b: bool,
    /// Readout.
    pub c: bool,
    /// Bias.
    pub bias: bool,
    /// Initial state.
    pub h0: bool,
}

impl Trained {
    /// The recurrent weights alone.
    pub const W: Trained = Trained { w: true, b: false, c: false, bias: false, h0: false };
    /// All five.
    pub const ALL: Trained = Trained { w: true, b: true, c: true, bias: true, h0: true };
}

impl From<Trained> for Subset {
    fn from(Trained { w, b, c, bias, h0 }: Trained) -> Self {
        let names = NAMES.into_iter().zip([w, b, c, bias, h0]);
        Subset::Named(names.filter(|(_, learned)| *learned).map(|(name, _)| name.into()).collect())
    }
}

impl<S: Scalar> Parameters<S> {
    /// Parameters without bias and with h_0 = 0.
    ///
    /// # Panics
    ///
    /// If W is not square.
    pub fn new(w: Block<S>, b: Matrix<S>, c: Matrix<S>) -> Self {
        let (neurons, cols) = w.shape();
        assert_eq!(neurons, cols, "recurrent weights are square");
        Parameters { w, b, c, bias: Matrix::zeros(neurons, 1), h0: Matrix::zeros(neurons, 1) }
    }

    /// The parameters in blocks `W`, `B`, `C`, `bias` and `h0`.
    ///
    /// # Panics
    ///
    /// If one of them is missing.
    pub fn of(blocks: &Blocks<S>) -> Self {
        let block = |name| blocks.get(name).expect("a block of the recurrent network");
        let [b, c, bias, h0] = ["B", "C", "bias", "h0"].map(|name| block(name).to_matrix());
        Parameters { w: block("W").clone(), b, c, bias, h0 }
    }

    /// The same as blocks `W`, `B`, `C`, `bias` and `h0`.
    pub fn into_blocks(self) -> Blocks<S> {
        let Parameters { w, b, c, bias, h0 } = self;
        let parts = [w, b.into(), c.into(), bias.into(), h0.into()];
        (NAMES.into_iter().zip(parts))
            .fold(Blocks::default(), |blocks, (name, block)| blocks.with(name, block))
    }

    /// Number of neurons, N.
    pub fn neurons(&self) -> usize {
        self.w.shape().0
    }

    /// Adds `scale * other` in place.
    pub fn add_scaled(&mut self, scale: S, other: &Self) {
        self.w.add_scaled(scale, &other.w);
        let others = [&other.b, &other.c, &other.bias, &other.h0];
        for (part, other) in self.matrices_mut().into_iter().zip(others) {
            part.add_scaled(scale, other);
        }
    }

    /// The sum of the squares of all entries.
    pub fn norm_squared(&self) -> S {
        [&self.b, &self.c, &self.bias, &self.h0]
            .iter()
            .fold(self.w.norm_squared(), |sum, part| sum + part.inner_product(part))
    }

    /// The same parameters with zero for all that is not trained.
    pub fn only(&self, trained: Trained) -> Self {
        let keep = |part: &Matrix<S>, kept| {
            if kept { part.clone() } else { Matrix::zeros(part.rows(), part.cols()) }
        };
        Parameters {
            w: if trained.w {
                self.w.clone()
            } else {
                Block::scaled_identity(self.neurons(), S::ZERO)
            },
            b: keep(&self.b, trained.b),
            c: keep(&self.c, trained.c),
            bias: keep(&self.bias, trained.bias),
            h0: keep(&self.h0, trained.h0),
        }
    }

    /// The initial states of some of the trials: (N, 1) where it is common, else those columns.
    pub fn select_trials(&self, trials: &[usize]) -> Self {
        let mut selected = self.clone();
        if self.h0.cols() > 1 {
            selected.h0 =
                Matrix::from_fn(self.h0.rows(), trials.len(), |i, m| self.h0[(i, trials[m])]);
        }
        selected
    }

    /// True if no entry is a NaN or an infinity.
    pub fn is_finite(&self) -> bool {
        self.w.is_finite()
            && [&self.b, &self.c, &self.bias, &self.h0].iter().all(|part| part.is_finite())
    }

    /// The same parameters in another arithmetic.
    pub fn map<R: Scalar>(&self, convert: impl Fn(S) -> R) -> Parameters<R> {
        Parameters {
            w: self.w.map(&convert),
            b: self.b.map(&convert),
            c: self.c.map(&convert),
            bias: self.bias.map(&convert),
            h0: self.h0.map(&convert),
        }
    }

    fn matrices_mut(&mut self) -> [&mut Matrix<S>; 4] {
        [&mut self.b, &mut self.c, &mut self.bias, &mut self.h0]
    }
}
