use rankproof::theorem::ActivationKind;
use rankproof::theorem::gating_atoms::THEOREM;

use crate::harness::{attained_at, catches_its_controls, first_observation, holds, missed};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// From few atoms to an atom for every neuron.
#[test]
fn is_attained_with_few_atoms_and_with_many() {
    for rank in [1, 2, 3, 4, 6, 9, 11] {
        let report = attained_at(&THEOREM, rank, |_| ());
        assert_eq!(first_observation(&report), (rank, rank), "{report}");
    }
}

/// A single neuron whose gates never open.
#[test]
fn a_silent_neuron_counts_and_does_not_learn() {
    let report = missed(&THEOREM, |setting| {
        (setting.dimensions.neurons, setting.dimensions.steps) = (1, 3);
        (setting.phi, setting.psi) = (ActivationKind::Relu, ActivationKind::Relu);
    });
    assert_eq!(first_observation(&report), (0, 1), "{report}");
}
