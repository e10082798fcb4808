use rankproof::blocks::Block;
use rankproof::matrix::Matrix;
use rankproof::network::{Gradient, Network, Trained, adjoint, forward};
use rankproof::scalar::Stream;
use rankproof::theorem::exact_adjoint::THEOREM;
use rankproof::theorem::{Arithmetic, CaseId, Instance, Setting};

use crate::harness::{catches_its_controls, holds};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// The gradient of one parameter of one network against central differences, an oracle that
/// shares nothing with the adjoint but the forward run.
#[test]
fn agrees_with_central_differences_in_every_parameter() {
    const STEP: f64 = 1e-5;
    for number in 0..60 {
        let id = CaseId { arithmetic: Arithmetic::F64, seed: 0, number };
        let setting = THEOREM.run(id, None).setting;
        let instance = Instance::<f64>::draw(&setting, &Stream::new("differences", 0, number))
            .expect("f64 has every setting");
        // Rates that start at zero stand on the corner of a gate, where there is no derivative.
        if setting.phi.is_gate() || setting.psi.is_gate() {
            continue;
        }
        let gradient = gradient(&setting, &instance);
        let start = loss(&setting, &instance.network, &instance);
        for (part, gradient) in gradient.iter().enumerate() {
            for (place, found) in gradient.data().iter().enumerate() {
                let at = |shift| {
                    let network = moved(&instance.network, part, place, shift);
                    loss(&setting, &network, &instance)
                };
                let difference = (at(STEP) - at(-STEP)) / (2.0 * STEP);
                let scale = 1.0 + start.abs() + gradient.norm();
                assert!((found - difference).abs() < 1e-7 * scale, "{setting}, parameter {part}");
            }
        }
    }
}

fn loss(setting: &Setting, network: &Network<f64>, instance: &Instance<f64>) -> f64 {
    let outputs = forward(network, &instance.task.inputs, instance.task.trials).outputs;
    setting.loss.build().expect("f64 has every loss").value(&outputs, &instance.task)
}

/// The gradient by W, B, C, b and h_0.
fn gradient(setting: &Setting, instance: &Instance<f64>) -> [Matrix<f64>; 5] {
    let (network, task) = (&instance.network, &instance.task);
    let run = forward(network, &task.inputs, task.trials);
    let errors = setting.loss.build().expect("f64 has every loss").errors(&run.outputs, task);
    let adjoint = adjoint(network, &run, &errors);
    let all = Gradient::collect(network, &run, adjoint, &task.inputs, &errors, Trained::ALL);
    let parameters = all.parameters;
    [parameters.w.to_matrix(), parameters.b, parameters.c, parameters.bias, parameters.h0]
}

/// The same network with one entry of one parameter moved.
fn moved(network: &Network<f64>, part: usize, place: usize, shift: f64) -> Network<f64> {
    let mut moved = network.clone();
    let parameters = &mut moved.parameters;
    let mut w = parameters.w.to_matrix();
    let matrix = match part {
        0 => &mut w,
        1 => &mut parameters.b,
        2 => &mut parameters.c,
        3 => &mut parameters.bias,
        _ => &mut parameters.h0,
    };
    matrix.data_mut()[place] += shift;
    parameters.w = Block::from(w);
    moved
}
