use std::sync::Arc;

use rankproof::blocks::Subset;
use rankproof::matrix::{Factors, Matrix, RankRevealing};
use rankproof::network::Dynamics;
use rankproof::network::architecture::{Architecture, LowRank};
use rankproof::scalar::{Fp, Scalar};
use rankproof::theorem::factor_learning::Adapted;
use rankproof::training::{Optimizer, Stepper, Training, Trajectory, UpdateRule};
use rankproof::training::{Preconditioners, Sizes, Spectral};

use crate::explicit::{Explicit, integers, parabola};

/// Factors of two columns beside W_s, eight neurons, one input and one output.
struct InFactors {
    explicit: Explicit<Fp>,
    architecture: Box<dyn Architecture<Fp>>,
    left: Matrix<Fp>,
}

/// LoRA beside the identity: p + q + r = 4.
fn adapter() -> InFactors {
    let architecture = LowRank { dynamics: Dynamics::linear(Fp::ONE), identity: Fp::ONE };
    let adapter = InFactors {
        explicit: Explicit::new(8, 1, 1),
        architecture: Box::new(architecture),
        left: Matrix::zeros(8, 2),
    };
    assert_eq!((adapter.side_by_side(), adapter.imbalance()), (4, 0));
    adapter
}

impl InFactors {
    fn train(&self) -> Trajectory<Fp> {
        let Explicit { network, task, loss, stepper, rule, .. } = &self.explicit;
        let blocks = network.blocks.clone();
        let blocks = blocks.with("M", self.left.clone()).with("N", integers::<Fp>(8, 2, 9));
        let optimizer = Optimizer {
            stepper: stepper.clone(),
            rule: rule.clone(),
            ..Optimizer::gradient_descent(Fp::ratio(1, 8))
        };
        let training = Training {
            trained: Subset::only(["M", "N"]),
            ..Training::of(&*self.architecture, blocks, task, &**loss, optimizer)
        };
        training.run(5).expect("a field has no overflow")
    }

    fn factors(&self) -> Vec<Factors<Fp>> {
        let trajectory = self.train();
        let [m, n] = ["M", "N"].map(|name| trajectory.of(name).expect("it is trained"));
        (0..=5).map(|k| Factors::new(m.weights_at(k), n.weights_at(k))).collect()
    }

    /// The rank of the products of five steps side by side.
    fn side_by_side(&self) -> usize {
        let products: Vec<_> = self.factors()[1..].iter().map(Factors::to_matrix).collect();
        Fp::rank(&Matrix::beside(8, &products), 0.0).known().expect("an exact rank")
    }

    /// The rank of what M^T M - N^T N gains in five steps, less the form of each step.
    fn imbalance(&self) -> usize {
        let mut rest = Matrix::zeros(2, 2);
        let mut add = |sign: Fp, matrix: &Matrix<Fp>| {
            rest.add_scaled(sign, &Matrix::product(matrix.t(), matrix.view()));
        };
        for pair in self.factors().windows(2) {
            for (sign, before, after) in [
                (Fp::ONE, &pair[0].left, &pair[1].left),
                (-Fp::ONE, &pair[0].right, &pair[1].right),
            ] {
                add(sign, after);
                add(-sign, before);
                add(-sign, &after.minus(before));
            }
        }
        Fp::rank(&rest, 0.0).known().expect("an exact rank")
    }
}

#[test]
fn the_network_must_be_linear() {
    let mut bent = adapter();
    let dynamics = Dynamics::rate(Fp::ONE, parabola());
    bent.architecture = Box::new(LowRank { dynamics, identity: Fp::ONE });
    assert_eq!((bent.side_by_side(), bent.imbalance()), (8, 0));
}

/// Two dimensions with each step: K r, and N.
#[test]
fn the_start_must_be_a_multiple_of_the_identity() {
    let mut full = adapter();
    full.explicit = full.explicit.starting_at(integers(8, 8, 5));
    full.architecture = Box::new(Adapted { dynamics: Dynamics::linear(Fp::ONE) });
    assert_eq!((full.side_by_side(), full.imbalance()), (8, 0));
}

#[test]
fn both_factors_count_if_neither_is_zero() {
    let mut both = adapter();
    both.left = integers(8, 2, 10);
    assert_eq!((both.side_by_side(), both.imbalance()), (6, 0));
}

#[test]
fn the_optimizer_must_be_gd_like() {
    let mut entrywise = adapter();
    entrywise.explicit = entrywise.explicit.along(UpdateRule::cube());
    assert_eq!(entrywise.side_by_side(), 8);
}

/// Momentum moves along gradients of other places, in the same space.
#[test]
fn the_step_must_be_along_the_gradient() {
    let mut heavy = adapter();
    heavy.explicit.stepper = Stepper::HeavyBall { momentum: Fp::ratio(1, 2) };
    assert_eq!((heavy.side_by_side(), heavy.imbalance()), (4, 2));
}

/// Cubes of what a projector R leaves of a gradient, before R brings it back or after.
#[derive(Debug)]
struct Cubes {
    projector: Matrix<Fp>,
    before: bool,
}

impl Spectral<Fp> for Cubes {
    fn direction(&self, gradient: Matrix<Fp>, _: &mut Preconditioners<Fp>) -> Matrix<Fp> {
        let cubes = |matrix: Matrix<Fp>| matrix.map(|entry| entry * entry * entry);
        let seen = Matrix::product(self.projector.t(), gradient.view());
        if self.before {
            self.projector.times(&cubes(seen))
        } else {
            cubes(self.projector.times(&seen))
        }
    }

    /// In a field nothing rounds.
    fn rounding(&self, _: Sizes, _: &mut Preconditioners<Fp>) -> f64 {
        0.0
    }
}

#[test]
fn the_projection_must_come_last() {
    let rank = |before| {
        let rule = Cubes { projector: integers(8, 2, 9), before };
        let full = Explicit::new(8, 1, 1).starting_at(integers(8, 8, 5));
        full.along(UpdateRule::Spectral(Arc::new(rule))).rank(5)
    };
    assert_eq!([true, false].map(rank), [2, 4]);
}
