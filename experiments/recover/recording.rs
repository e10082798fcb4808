//! The activity of the network as a recording.

use rankproof::recording::{Quantity, Recording};

use super::force_field::learner::{Learner, Protocol};

/// One reach in each learning step, directions in turn; the rates in every so many time steps.
pub fn recorded(protocol: &Protocol, learner: &Learner, every: usize) -> Recording {
    let directions = learner.task.trials;
    let neurons = protocol.neurons;
    let trials = learner.weights.len() - 1;
    let mut activity = Vec::new();
    let mut bins = 0;
    for k in 0..trials {
        let run = learner.run(k);
        let rates = run.rates();
        let times: Vec<usize> = (0..=run.steps).step_by(every).collect();
        bins = times.len();
        for t in times {
            activity.extend_from_slice(rates.column(t * directions + k % directions));
        }
    }
    let phases = protocol.phases().into_iter().enumerate();
    let epochs = phases.flat_map(|(phase, (steps, _))| vec![phase; steps]).collect();
    Recording {
        neurons,
        bins,
        trials,
        activity,
        trial_numbers: (0..trials as i64).collect(),
        conditions: (0..trials).map(|k| k % directions).collect(),
        condition_names: (0..directions).map(|m| format!("direction {m}")).collect(),
        epochs,
        epoch_names: ["baseline", "adaptation", "washout"].map(str::to_owned).into(),
        neuron_names: (0..neurons).map(|n| format!("neuron {n}")).collect(),
        bin_seconds: 0.05,
        start_seconds: 0.0,
        quantity: Quantity::Values,
        unit: "rate".to_owned(),
        behaviour: None,
        provenance: "the network of force_field".into(),
    }
}
