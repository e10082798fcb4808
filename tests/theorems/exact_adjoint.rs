use rankproof::blocks::{Block, Subset};
use rankproof::matrix::Matrix;
use rankproof::network::architecture::Workspace;
use rankproof::network::{Architecture, Network, forward};
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
        for (name, gradient) in &gradient {
            for (place, found) in gradient.data().iter().enumerate() {
                let at = |shift| {
                    let network = moved(&instance.network, name, place, shift);
                    loss(&setting, &network, &instance)
                };
                let difference = (at(STEP) - at(-STEP)) / (2.0 * STEP);
                let scale = 1.0 + start.abs() + gradient.norm();
                assert!((found - difference).abs() < 1e-7 * scale, "{setting}, {name}");
            }
        }
    }
}

fn loss(setting: &Setting, network: &Network<f64>, instance: &Instance<f64>) -> f64 {
    let outputs = forward(network, &instance.task.inputs, instance.task.trials).outputs;
    setting.loss.build().expect("f64 has every loss").value(&outputs, &instance.task)
}

/// The gradient by every block, and its name.
fn gradient(setting: &Setting, instance: &Instance<f64>) -> Vec<(String, Matrix<f64>)> {
    let Network { architecture, blocks } = &instance.network;
    let loss = setting.loss.build().expect("f64 has every loss");
    let mut workspace = Workspace::default();
    let found = architecture.gradient(blocks, &Subset::All, &instance.task, &*loss, &mut workspace);
    let found = found.expect("everything fits").blocks;
    found.iter().map(|(name, block)| (name.to_owned(), block.to_matrix())).collect()
}

/// The same network with one entry of one block moved.
fn moved(network: &Network<f64>, name: &str, place: usize, shift: f64) -> Network<f64> {
    let mut matrix = network.blocks.get(name).expect("a block").to_matrix();
    matrix.data_mut()[place] += shift;
    network.clone().with(name, Block::from(matrix))
}
