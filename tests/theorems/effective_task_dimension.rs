use rankproof::theorem::effective_task_dimension::THEOREM;

use crate::harness::{attained_at, catches_its_controls, first_observation, holds, missed};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// min(2 r_u + r_y, r_u + d_out) from r_u = r_y = 1 to r_u = 3.
#[test]
fn is_attained_for_tasks_of_each_dimension() {
    for rank in 3..=7 {
        let report = attained_at(&THEOREM, rank, |setting| {
            let dimensions = &mut setting.dimensions;
            (dimensions.neurons, dimensions.d_in, dimensions.d_out) = (12, 3, 4);
            (dimensions.steps, dimensions.trials) = (5, 4);
            setting.learning_steps = 5;
        });
        assert_eq!(first_observation(&report), (rank, rank), "{report}");
    }
}

/// As many outputs as neurons: C^T C = I, so that U and C^T C U are one space.
#[test]
fn it_takes_neurons() {
    let report = missed(&THEOREM, |setting| {
        let dimensions = &mut setting.dimensions;
        (dimensions.neurons, dimensions.d_in, dimensions.d_out) = (4, 1, 4);
        (dimensions.steps, dimensions.trials) = (5, 4);
        setting.learning_steps = 8;
    });
    let (rank, bound) = first_observation(&report);
    assert_eq!(rank, bound - 1, "{report}");
}
