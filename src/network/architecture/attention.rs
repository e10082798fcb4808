//! One head of causal attention.

use super::{Architecture, named};
use crate::blocks::Shapes;
use crate::network::Activation;
use crate::scalar::Scalar;
use crate::tape::{Scope, TapeError, Var};
use crate::task::Dimensions;

/// Tokens `x_t = B u_t` that attend to those before them and to themselves:
///
/// ```text
/// score_ts = scale (Q x_t) . (K x_s),    y_{t+1} = C (x_t + O sum_{s <= t} f_ts V x_s)
/// ```
///
/// with f_ts a function of the scores (Vaswani et al. 2017: their softmax over s). y_0, before the
/// first token, is zero. Outside of the scores there is no function entry by entry, so that an
/// orthogonal change of basis of the tokens changes nothing.
///
/// Blocks: `B` (N, d_in), `Q`, `K`, `V` and `O` (N, N), and `C` (d_out, N). Any sizes between
/// that fit serve: Q and K (d, N), V (e, N), O (N, e).
#[derive(Clone, Debug, PartialEq)]
pub struct Attention<S> {
    /// What the scores are multiplied by, 1 / sqrt(d) usually.
    pub scale: S,
    /// What is made of the scores.
    pub scores: Scores<S>,
}

/// What is made of the scores of a token.
#[derive(Clone, Debug, PartialEq)]
pub enum Scores<S> {
    /// f_ts = e^score_ts / sum_r e^score_tr. Needs real numbers.
    Softmax,
    /// f_ts = f(score_ts).
    Function(Activation<S>),
    /// f_ts = f(score_ts) / sum_r f(score_tr); an error where the sum is zero.
    Normalised(Activation<S>),
}

impl<S: Scalar> Attention<S> {
    /// Names and shapes of the blocks; the tokens have as many entries as there are neurons.
    pub fn shapes(&self, sizes: &Dimensions) -> Shapes {
        let n = sizes.neurons;
        named([
            ("B", (n, sizes.d_in)),
            ("Q", (n, n)),
            ("K", (n, n)),
            ("V", (n, n)),
            ("O", (n, n)),
            ("C", (sizes.d_out, n)),
        ])
    }

    /// The values weighted by what is made of their scores, and summed.
    fn weighted<'t>(
        &self,
        scope: &Scope<'t, S>,
        scores: &[Var<'t, S>],
        values: &[Var<'t, S>],
    ) -> Var<'t, S> {
        let (function, shift) = match &self.scores {
            Scores::Softmax => (&Activation::Exponential, largest(scope, scores)),
            Scores::Function(function) | Scores::Normalised(function) => (function, None),
        };
        let weights: Vec<_> = (scores.iter())
            .map(|&score| shift.map_or(score, |shift| score - shift).apply(function))
            .collect();
        let sum = sum(weights.iter().zip(values).map(|(&weight, value)| value.scaled_by(weight)));
        match &self.scores {
            Scores::Function(_) => sum,
            _ => sum.scaled_by(self::sum(weights).reciprocal()),
        }
    }
}

/// The largest score of each trial, where there is an order. A softmax does not depend on what is
/// subtracted from all scores, so that it may be a constant; with it nothing overflows.
fn largest<'t, S: Scalar>(scope: &Scope<'t, S>, scores: &[Var<'t, S>]) -> Option<Var<'t, S>> {
    let Some(real) = S::ELEMENTARY else {
        return Some(scope.fail(TapeError::Unavailable));
    };
    let size = |score: &S| (real.to_f64)(*score);
    Some(scope.constant_from(scores, |scores| {
        (real.from_f64)(scores.iter().map(size).fold(f64::NEG_INFINITY, f64::max))
    }))
}

/// The sum of at least one matrix.
fn sum<'t, S: Scalar>(parts: impl IntoIterator<Item = Var<'t, S>>) -> Var<'t, S> {
    parts.into_iter().reduce(|sum, part| sum + part).expect("a token attends to itself")
}

impl<S: Scalar> Architecture<S> for Attention<S> {
    fn forward<'t>(&self, scope: &Scope<'t, S>, inputs: &[Var<'t, S>]) -> Vec<Var<'t, S>> {
        let [b, q, k, v, o, c] = scope.blocks(["B", "Q", "K", "V", "O", "C"]);
        let mut outputs = vec![scope.zeros(c.shape().0)];
        let (mut keys, mut values) = (Vec::new(), Vec::new());
        for &u in inputs {
            let x = b * u;
            keys.push(k * x);
            values.push(v * x);
            let query = (q * x).scaled(self.scale);
            let scores: Vec<_> = keys.iter().map(|key| query.inner(*key)).collect();
            let attended = self.weighted(scope, &scores, &values);
            outputs.push(c * (x + o * attended));
        }
        outputs
    }
}

#[cfg(test)]
mod tests {
    use super::super::laws;
    use super::*;
    use crate::blocks::{Block, Blocks};
    use crate::matrix::Matrix;
    use crate::scalar::{Fp, Stream};

    struct Example {
        is_normalised: bool,
    }

    impl laws::Example for Example {
        /// Softmax where it exists.
        fn build<S: Scalar>(&self, sizes: &Dimensions) -> (Box<dyn Architecture<S>>, Shapes) {
            let scores = match (self.is_normalised, S::ELEMENTARY) {
                (false, _) => Scores::Function(laws::smooth()),
                (true, Some(_)) => Scores::Softmax,
                (true, None) => Scores::Normalised(laws::gate()),
            };
            let attention = Attention { scale: S::ratio(1, 2), scores };
            let shapes = attention.shapes(sizes);
            (Box::new(attention), shapes)
        }
    }

    #[test]
    fn the_gradient_is_exact() {
        laws::hold(&Example { is_normalised: false });
        laws::hold(&Example { is_normalised: true });
    }

    /// B -> R B, Q, K, V, O -> R . R^T and C -> C R^T leave the outputs as they are.
    #[test]
    fn a_rotation_of_the_tokens_changes_nothing() {
        // A rotation by an angle whose sine and cosine are rational, so that it is in the field.
        let (cos, sin) = (Fp::ratio(3, 5), Fp::ratio(4, 5));
        let rotation = Matrix::from_rows(&[[cos, -sin], [sin, cos]]);
        laws::for_any(|sizes, stream| {
            let sizes = Dimensions { neurons: 2, ..*sizes };
            let model =
                Attention { scale: Fp::ratio(1, 2), scores: Scores::Normalised(laws::gate()) };
            let blocks = Blocks::random(&model.shapes(&sizes), stream);
            let turned = blocks.replaced(|name, block| {
                let block = block.to_matrix();
                Block::from(match name {
                    "B" => rotation.times(&block),
                    "C" => block.times(&rotation.transposed()),
                    _ => rotation.times(&block).times(&rotation.transposed()),
                })
            });
            let inputs = laws::task::<Fp>(&sizes, stream).inputs;
            let outputs = |blocks| model.outputs(blocks, &inputs, sizes.trials).unwrap();
            assert_eq!(outputs(&blocks), outputs(&turned));
        });
    }

    /// Scores of thousands, whose exponentials are infinite.
    #[test]
    fn a_softmax_of_large_scores_is_finite() {
        let sizes = Dimensions { neurons: 3, d_in: 2, d_out: 1, steps: 4, trials: 2 };
        let attention = Attention { scale: 1e4, scores: Scores::Softmax };
        let stream = Stream::new("softmax", 0, 0);
        let blocks = Blocks::random(&attention.shapes(&sizes), &stream);
        let inputs = Matrix::<f64>::random(2, 8, &mut stream.named("inputs"));
        let outputs = attention.outputs(&blocks, &inputs, 2).unwrap();
        assert!(outputs.is_finite() && outputs.norm() > 0.0);
    }
}
