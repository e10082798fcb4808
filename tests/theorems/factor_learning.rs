use rankproof::blocks::{Block, Blocks, Subset};
use rankproof::matrix::Matrix;
use rankproof::network::architecture::{Architecture, LowRank};
use rankproof::network::{Activation, Dynamics};
use rankproof::scalar::{Fp, Scalar, Stream};
use rankproof::task::Dimensions;
use rankproof::theorem::factor_learning::{Adapted, THEOREM};
use rankproof::theorem::{InitialWeights, Verdict};

use crate::harness::{attained, catches_its_controls, first_observation, holds, missed, report_of};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// K r from W_s of full rank, for every number of learning steps; r is drawn.
#[test]
fn adapters_beside_full_weights_visit_more_with_every_step() {
    let mut ranks = Vec::new();
    for steps in 1..=4 {
        let report = attained(&THEOREM, |setting| {
            setting.dimensions = Dimensions { neurons: 12, d_in: 2, d_out: 2, steps: 4, trials: 6 };
            setting.initial_weights = InitialWeights::Full;
            setting.learning_steps = steps;
            setting.minibatches = false;
        });
        let (found, bound) = first_observation(&report);
        assert!(found == bound && bound.is_multiple_of(steps), "{report}");
        ranks.push(found);
    }
    assert!(ranks.iter().all(|&rank| rank > 0));
}

/// d_in + d_out + r or 2 r from w I, after enough steps.
#[test]
fn the_space_is_filled_from_a_multiple_of_the_identity() {
    let sizes = Dimensions { neurons: 12, d_in: 2, d_out: 1, steps: 5, trials: 4 };
    let report = report_of(&THEOREM, sizes, 12, |setting| {
        setting.initial_weights = InitialWeights::ScaledIdentity;
        setting.trained = Subset::only(["W"]);
    });
    assert_eq!(report.verdict(), Verdict::Held { attained: true }, "{report}");
}

/// One trial of one output makes gradients of rank one.
#[test]
fn is_missed_with_one_time_step() {
    missed(&THEOREM, |setting| {
        (setting.dimensions.steps, setting.dimensions.trials) = (1, 1);
        setting.dimensions.neurons = 12;
        setting.initial_weights = InitialWeights::Full;
    });
}

/// The two architectures on which it is checked are one where W = w I.
#[test]
fn an_adapter_beside_a_multiple_of_the_identity_is_a_low_rank_network() {
    let sizes = Dimensions { neurons: 5, d_in: 2, d_out: 2, steps: 3, trials: 2 };
    let stream = Stream::new("adapters", 0, 0);
    let dynamics = Dynamics::rate(Fp::ratio(1, 2), Activation::Polynomial(vec![Fp::ONE; 3]));
    let identity = Fp::ratio(2, 3);
    let low_rank = LowRank { dynamics: dynamics.clone(), identity };
    let blocks = Blocks::random(&low_rank.shapes(&sizes, 2), &stream);
    let beside = blocks.clone().with("W", Block::scaled_identity(5, identity));
    let inputs = Matrix::random(2, 6, &mut stream.named("inputs"));
    let found = Adapted { dynamics }.outputs(&beside, &inputs, 2).expect("shapes that fit");
    assert_eq!(found, low_rank.outputs(&blocks, &inputs, 2).expect("shapes that fit"));
}
