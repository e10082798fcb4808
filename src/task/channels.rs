//! From the signals of a family to the channels that were asked for.

use super::{Dimensions, Task};
use crate::matrix::Matrix;
use crate::scalar::{Scalar, Stream};

/// The (channels, times * trials) matrix of `value(channel, time, trial)`, called time after
/// time, trial after trial.
pub(super) fn over_time<S: Scalar>(
    channels: usize,
    times: usize,
    trials: usize,
    mut value: impl FnMut(usize, usize, usize) -> S,
) -> Matrix<S> {
    Matrix::from_fn(channels, times * trials, |i, column| {
        value(i, column / trials, column % trials)
    })
}

/// Weight 1 at every time but t = 0, (1, (T + 1) M).
pub(super) fn mask_after_start<S: Scalar>(dimensions: &Dimensions) -> Matrix<S> {
    over_time(
        1,
        dimensions.steps + 1,
        dimensions.trials,
        |_, t, _| {
            if t == 0 { S::ZERO } else { S::ONE }
        },
    )
}

/// The task whose first channels are these signals, inputs (k, T M) and targets (l, (T + 1) M),
/// and whose surplus channels are mixtures of them. Signals without a channel are left out.
pub(super) fn fill<S: Scalar>(
    dimensions: &Dimensions,
    stream: &Stream,
    inputs: &Matrix<S>,
    targets: &Matrix<S>,
    mask: Matrix<S>,
) -> Task<S> {
    Task::new(
        dimensions.trials,
        spread(inputs, dimensions.d_in, &mut stream.named("input mixtures")),
        spread(targets, dimensions.d_out, &mut stream.named("target mixtures")),
        mask,
    )
    .expect("shapes that fit")
}

/// The first `wanted` signals, and random mixtures of all of them where there are fewer.
fn spread<S: Scalar>(signals: &Matrix<S>, wanted: usize, stream: &mut Stream) -> Matrix<S> {
    let own = signals.rows();
    let mixtures = Matrix::random(wanted.saturating_sub(own), own, stream).times(signals);
    Matrix::from_fn(wanted, signals.cols(), |i, j| {
        if i < own { signals[(i, j)] } else { mixtures[(i - own, j)] }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::RankRevealing;
    use crate::scalar::Fp;

    #[test]
    fn surplus_channels_add_no_dimension_and_missing_ones_drop_the_last_signals() {
        let mut stream = Stream::new("channels", 0, 0);
        let signals = Matrix::<Fp>::random(3, 10, &mut stream);
        for wanted in 1..=6 {
            let channels = spread(&signals, wanted, &mut stream);
            assert_eq!((channels.rows(), channels.cols()), (wanted, 10));
            assert_eq!(Fp::rank(&channels, 0.0).known(), Some(wanted.min(3)));
            for j in 0..10 {
                let kept = wanted.min(3);
                assert_eq!(channels.column(j)[..kept], signals.column(j)[..kept]);
            }
        }
    }

    #[test]
    fn each_surplus_channel_is_a_mixture_of_its_own() {
        let signals = Matrix::<Fp>::random(1, 4, &mut Stream::new("channels", 1, 0));
        let channels = spread(&signals, 3, &mut Stream::new("channels", 2, 0));
        let rows = channels.transposed();
        assert!(rows.column(1) != rows.column(2) && rows.column(0) != rows.column(1));
    }
}
