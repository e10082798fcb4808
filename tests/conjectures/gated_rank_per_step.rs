use rankproof::conjecture::prelude::*;

/// One input opens gates: h_{t+1} = (W h_t) * (B u_t), y_t = C h_t.
struct Gated;

impl<S: Scalar> Architecture<S> for Gated {
    fn forward<'t>(&self, scope: &Scope<'t, S>, inputs: &[Var<'t, S>]) -> Vec<Var<'t, S>> {
        let [w, b, c, h0] = scope.blocks(["W", "B", "C", "h0"]);
        let mut h = h0.spread();
        let mut outputs = vec![c * h];
        for &u in inputs {
            h = (w * h) * (b * u);
            outputs.push(c * h);
        }
        outputs
    }
}

fn setting(arithmetic: Arithmetic) -> Domain {
    Domain {
        d_in: 1..=1,
        initial_weights: vec![InitialWeights::Full],
        initial_states: vec![InitialState::Common],
        ..Domain::linear(arithmetic)
    }
}

fn claim<S: RankRevealing>(case: &Case<S>) -> Observed {
    let learned = case.train_as(&Gated)?;
    let last = learned.steps();
    let bound = learned.gradients().len() * case.setting.dimensions.steps;
    Ok(vec![Observation::rank(
        Quantity::Rank(Sequence::Increments, last),
        &learned.rank(last),
        bound,
    )])
}

#[test]
fn gated_rank_per_step() {
    Conjecture {
        id: "gated-rank-per-step",
        statement: "With one input that gates all neurons and one initial state, each gradient \
                    adds at most T to the rank, however many trials there are.",
        status: Status::Supported,
        setting,
        exact: claim,
        f64: claim,
    }
    .test(file!());
}
