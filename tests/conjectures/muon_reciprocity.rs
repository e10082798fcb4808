use rankproof::conjecture::prelude::*;

fn setting(arithmetic: Arithmetic) -> Domain {
    Domain {
        neurons: 2..=8,
        d_in: 1..=1,
        d_out: 1..=1,
        initial_states: vec![InitialState::Zero],
        bias: false,
        rules: vec![RuleKind::Muon],
        trained: vec![Subset::only(["W"])],
        ..Domain::linear(arithmetic)
    }
}

fn claim<S: RankRevealing>(case: &Case<S>) -> Observed {
    let learned = case.train()?;
    let [_, _, r3] = learned.increments().reduced().unfolding_ranks(learned.tensor_noise());
    Ok(vec![Observation::rank(Quantity::UnfoldingRank(Mode::Step), &r3, 3)])
}

#[test]
fn muon_reciprocity() {
    Conjecture {
        id: "muon-reciprocity",
        statement: "siso-reciprocity holds for Muon: with one input, one output, W_0 = w I and \
                    h_0 = 0, the increments span three dimensions and no more.",
        status: Status::Supported,
        setting,
        exact: claim,
        f64: claim,
    }
    .test(file!());
}
