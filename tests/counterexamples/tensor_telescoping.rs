use rankproof::matrix::RankRevealing;
use rankproof::network::{adjoint, forward};
use rankproof::training::UpdateRule;

use crate::explicit::Explicit;

/// Clipping entry by entry makes a matrix of rank three of a gradient of rank one.
#[test]
fn the_optimizer_must_be_gd_like() {
    let honest = Explicit::<f64>::new(6, 1, 1);
    let run = forward(&honest.network, &honest.task.inputs, honest.task.trials);
    let errors = honest.loss.errors(&run.outputs, &honest.task);
    let gradient = adjoint(&honest.network, &run, &errors).weight_gradient(&run);
    assert_eq!((f64::rank(&gradient, 0.0).bounds.upper, honest.rank(1)), (1, 1));
    assert_eq!(honest.along(UpdateRule::clip(300.0)).rank(1), 3);
}
