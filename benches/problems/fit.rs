//! Fitting a recording of 200 neurons, 250 trials and 21 bins by a network of 200 units and tensor
//! rank 5.

use rankproof::fit::{Architecture, HeldOut, Objective, Observations, Role, Simulation};

/// The loss of which an iteration takes the gradient.
pub fn objective() -> Objective<f32> {
    let simulation = Simulation {
        neurons: 200,
        units: 200,
        trials: 250,
        bins: 21,
        rank: 5,
        ..Simulation::default()
    };
    let (recording, _) = simulation.recording(1).expect("sizes in their ranges");
    let roles = HeldOut::default().roles(&recording, 0, &[Role::Validation], 1);
    let observations = Observations::<f32>::new(&recording, &roles.expect("a first fold"));
    let observations = observations.expect("a role for each entry");
    let objective = Objective::new(&Architecture::new(200, 5, 21), observations);
    objective.expect("choices in their ranges")
}
