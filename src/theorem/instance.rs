//! A setting with its random numbers: a network, a task and a way of training.

use super::setting::{InitialState, InitialWeights, LossKind, Setting, StepperKind};
use crate::blocks::{Block, Blocks};
use crate::matrix::{Factors, Matrix, RankRevealing};
use crate::network::{
    Activation, ActivationKind, CrossEntropy, Dynamics, Loss, Network, Rnn, SquaredError,
};
use crate::scalar::{Scalar, Stream};
use crate::task::Task;
use crate::training::{Batches, Optimizer, Schedule, Stepper};

/// One random instance.
pub struct Instance<S> {
    /// The network at the start.
    pub network: Network<S>,
    /// P and Q of W_0 = w I + P Q^T, where the setting asks for them.
    pub low_rank: Option<Factors<S>>,
    /// Inputs and targets.
    pub task: Task<S>,
    /// The optimizer.
    pub optimizer: Optimizer<S>,
    /// The trials of each gradient.
    pub batches: Batches,
}

/// A number in general position; in floating point of about the given size, so that a run stays
/// finite and its singular values do not spread too far.
pub(super) fn number<S: Scalar>(stream: &mut Stream, size: f64) -> S {
    let random = S::random(stream);
    S::ELEMENTARY.map_or(random, |real| (real.from_f64)(size) * random)
}

pub(super) fn matrix<S: Scalar>(
    rows: usize,
    cols: usize,
    size: f64,
    stream: &Stream,
    name: &str,
) -> Matrix<S> {
    let mut stream = stream.named(name);
    Matrix::from_fn(rows, cols, |_, _| number(&mut stream, size))
}

impl<S: RankRevealing> Instance<S> {
    /// Draws the random numbers of a setting. `None` if the arithmetic cannot express it.
    pub fn draw(setting: &Setting, stream: &Stream) -> Option<Self> {
        let dimensions = &setting.dimensions;
        let n = dimensions.neurons;
        let (w, low_rank) = initial_weights(setting.initial_weights, n, stream);
        let matrix = |rows, cols, size, name| matrix(rows, cols, size, stream, name);
        let zero = Matrix::zeros(n, 1);
        let bias = if setting.bias { matrix(n, 1, 1.0, "bias") } else { zero.clone() };
        let b = matrix(n, dimensions.d_in, 1.0, "B");
        let h0 = match setting.initial_state {
            InitialState::Zero => zero,
            InitialState::Common => matrix(n, 1, 1.0, "h0"),
            InitialState::PerTrial => matrix(n, dimensions.trials, 1.0, "h0"),
            InitialState::AlongInputs => {
                b.times(&matrix(dimensions.d_in, dimensions.trials, 1.0, "h0"))
            }
        };
        let blocks = Blocks::default()
            .with("W", w)
            .with("B", b)
            .with("C", matrix(dimensions.d_out, n, 1.0, "C"))
            .with("bias", bias)
            .with("h0", h0);
        let dynamics = Dynamics {
            leak: S::ratio(setting.leak_quarters as i64, 4),
            phi: activation(setting.phi, stream.named("phi"))?,
            psi: activation(setting.psi, stream.named("psi"))?,
        };
        Some(Instance {
            network: Network { architecture: Rnn::new(dynamics), blocks },
            low_rank,
            task: setting.task.draw(dimensions, &stream.named("task"))?,
            optimizer: optimizer(setting, &stream.named("optimizer"))?,
            batches: if setting.minibatches {
                Batches::Mini {
                    size: setting.batch_size(),
                    stream: Box::new(stream.named("batches")),
                }
            } else {
                Batches::Full
            },
        })
    }
}

pub(super) fn initial_weights<S: Scalar>(
    kind: InitialWeights,
    n: usize,
    stream: &Stream,
) -> (Block<S>, Option<Factors<S>>) {
    let identity = number(&mut stream.named("w"), 0.7);
    // Entries of this size give a random (N, N) matrix a spectral radius of about 0.6.
    let size = 1.0 / (n as f64).sqrt();
    match kind {
        InitialWeights::Zero => (Block::scaled_identity(n, S::ZERO), None),
        InitialWeights::ScaledIdentity => (Block::scaled_identity(n, identity), None),
        InitialWeights::LowRank(r) => {
            let p = matrix(n, r, size, stream, "P");
            let factors = Factors::new(p, matrix(n, r, 1.0, stream, "Q"));
            (Block::low_rank(identity, factors.clone()), Some(factors))
        }
        InitialWeights::Symmetric(count) => {
            let mut eigenvalues = stream.named("eigenvalues");
            let values: Vec<_> = (0..count.min(n)).map(|_| number(&mut eigenvalues, 0.7)).collect();
            (Block::from(symmetric(n, &values, &stream.named("reflections"))), None)
        }
        InitialWeights::Full => (Block::from(matrix(n, n, size, stream, "W")), None),
    }
}

/// A symmetric (N, N) matrix in general position with these eigenvalues in turn: a diagonal one that
/// N random reflections turn.
pub(crate) fn symmetric<S: Scalar>(n: usize, eigenvalues: &[S], stream: &Stream) -> Matrix<S> {
    let value = |i: usize| eigenvalues[i % eigenvalues.len()];
    let mut w = Matrix::from_fn(n, n, |i, j| if i == j { value(i) } else { S::ZERO });
    let normals = matrix::<S>(n, n, 1.0, stream, "normals");
    for k in 0..n {
        let v = Matrix::from_columns(n, 1, normals.column(k).to_vec());
        // A normal of length zero, which a field has, has no reflection.
        let Some(inverse) = v.inner_product(&v).inverse() else { continue };
        let twice = inverse + inverse;
        // With s = 2 / v.v: W - s (W v) v^T - s v (W v)^T + s^2 (v.W v) v v^T.
        let image = w.times(&v);
        let along = twice * twice * v.inner_product(&image);
        let (v, image) = (v.column(0), image.column(0));
        w = Matrix::from_fn(n, n, |i, j| {
            w[(i, j)] - twice * (image[i] * v[j] + v[i] * image[j]) + along * v[i] * v[j]
        });
    }
    w
}

/// `None` if the arithmetic does not have the function.
fn activation<S: Scalar>(kind: ActivationKind, mut stream: Stream) -> Option<Activation<S>> {
    kind.drawn(|size| number(&mut stream, size))
}

fn optimizer<S: RankRevealing>(setting: &Setting, stream: &Stream) -> Option<Optimizer<S>> {
    let mut stream = stream.clone();
    // In floating point positive and small; in a field any number is as good as another.
    let mut positive = |size: f64| match S::ELEMENTARY {
        Some(real) => (real.from_f64)(size * (0.5 + stream.uniform())),
        None => S::random(&mut stream),
    };
    let schedule = if setting.scheduled {
        Schedule::Listed((0..setting.learning_steps).map(|_| positive(0.1)).collect())
    } else {
        Schedule::Constant(positive(0.1))
    };
    let momentum = positive(0.6);
    Some(Optimizer {
        stepper: setting.stepper.with(momentum),
        rule: setting.rule.drawn()?,
        schedule,
        weight_decay: if setting.decay { positive(0.3) } else { S::ZERO },
        clip: if setting.clip {
            S::ELEMENTARY?;
            Some(positive(1.0))
        } else {
            None
        },
    })
}

impl StepperKind {
    /// The method, with this momentum if it has one.
    pub fn with<S>(self, momentum: S) -> Stepper<S> {
        match self {
            StepperKind::GradientDescent => Stepper::GradientDescent,
            StepperKind::HeavyBall => Stepper::HeavyBall { momentum },
            StepperKind::Nesterov => Stepper::Nesterov { momentum },
            StepperKind::GradientFlow => Stepper::GradientFlow,
        }
    }
}

impl LossKind {
    /// The loss, or `None` if the arithmetic does not have it.
    pub fn build<S: Scalar>(self) -> Option<Box<dyn Loss<S>>> {
        match self {
            LossKind::Squared => Some(Box::new(SquaredError)),
            LossKind::CrossEntropy => Some(Box::new(CrossEntropy::new()?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::Fp;
    use crate::task::Dimensions;

    /// By ranks: of W_0 less a multiple of I, and of the powers of W_0 times a vector, of which there are as
    /// many as eigenvalues.
    #[test]
    fn starts_are_of_the_kind_that_was_asked_for() {
        use InitialWeights::{Full, LowRank, ScaledIdentity, Symmetric, Zero};
        let n = 6;
        let dimensions = Dimensions { neurons: n, d_in: 1, d_out: 1, steps: 1, trials: 1 };
        for (kind, powers, rest) in [
            (Zero, 1, Some(0)),
            (ScaledIdentity, 1, Some(0)),
            (LowRank(2), 3, Some(2)),
            (Symmetric(1), 1, None),
            (Symmetric(3), 3, None),
            (Symmetric(9), n, None),
            (Full, n, None),
        ] {
            let setting = Setting { initial_weights: kind, ..Setting::plain(dimensions) };
            let stream = Stream::new("starts", 0, 0);
            let instance = Instance::<Fp>::draw(&setting, &stream).expect("in a field");
            let block = instance.network.parts().w;
            let w = block.to_matrix();
            let next = |power: &Matrix<Fp>| Some(w.times(power));
            let start = Matrix::random(n, 1, &mut stream.named("vector"));
            let all: Vec<_> = std::iter::successors(Some(start), next).take(n).collect();
            let rank = |matrix: &Matrix<Fp>| Fp::rank(matrix, 0.0).bounds.lower;
            assert_eq!(rank(&Matrix::beside(n, &all)), powers, "{kind:?}");
            assert_eq!(w == w.transposed(), !matches!(kind, LowRank(_) | Full), "{kind:?}");
            assert_eq!(w == Matrix::zeros(n, n), kind == Zero);
            if let Some(expected) = rest {
                let identity = Matrix::scaled_identity(n, block.identity());
                let rest = w.minus(&identity);
                assert_eq!(rank(&rest), expected, "{kind:?}");
                let product = instance.low_rank.as_ref().map(Factors::to_matrix);
                assert_eq!(product.unwrap_or(Matrix::zeros(n, n)), rest, "{kind:?}");
            }
        }
    }
}
