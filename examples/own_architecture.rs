//! An architecture of one's own trained on a task of one's own.

use rankproof::prelude::*;

struct Gated; // Inputs open the gates through which the state returns.

impl<S: Scalar> Architecture<S> for Gated {
    fn forward<'t>(&self, scope: &Scope<'t, S>, inputs: &[Var<'t, S>]) -> Vec<Var<'t, S>> {
        let [w, b, c, h0] = scope.blocks(["W", "B", "C", "h0"]);
        let mut states = vec![h0.spread()];
        inputs.iter().for_each(|&u| states.push((w * states[states.len() - 1]) * (b * u)));
        states.into_iter().map(|h| c * h).collect()
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // One trial of three steps; what counts is the last output, which is to be 1.
    let last = Matrix::from_rows(&[[0.0, 0.0, 0.0, 1.0]]);
    let task = Task::new(1, Matrix::from_rows(&[[0.5, 1.0, 2.0]]), last.clone(), last)?;
    let shapes = [("W", (8, 8)), ("B", (8, 1)), ("C", (1, 8)), ("h0", (8, 1))];
    let blocks = Blocks::random(&shapes, &Stream::new("own architecture", 1, 0));
    let network = Network { architecture: Gated, blocks };
    let descent = Optimizer::gradient_descent(1e-3);
    let learned = Training::new(&network, &task, &SquaredError, descent).run(1)?;
    println!("rank of W_1 - W_0: {}", learned.of("W")?.rank(1));
    Ok(())
}
