use rankproof::conjecture::prelude::*;

fn setting(arithmetic: Arithmetic) -> Domain {
    Domain {
        neurons: 2..=8,
        d_in: 1..=1,
        d_out: 1..=1,
        initial_states: vec![InitialState::Zero],
        bias: false,
        trained: vec![Subset::only(["W"])],
        ..Domain::linear(arithmetic)
    }
}

fn claim<S: RankRevealing>(case: &Case<S>) -> Observed {
    let start = &case.instance.network;
    let along = start.parts().b.times(&Matrix::random(1, 1, &mut case.stream.named("along b")));
    let network = start.clone().with("h0", along);
    let learned = case.training_of(&network).run(case.setting.learning_steps)?;
    let [_, _, r3] = learned.increments().reduced().unfolding_ranks(learned.tensor_noise());
    Ok(vec![Observation::rank(Quantity::UnfoldingRank(Mode::Step), &r3, 3)])
}

#[test]
fn reciprocity_along_the_input() {
    Conjecture {
        id: "reciprocity-along-the-input",
        statement: "siso-reciprocity holds for h_0 along b: with one input, one output and \
                    W_0 = w I, the increments span three dimensions and no more.",
        status: Status::Supported,
        setting,
        exact: claim,
        f64: claim,
    }
    .test(file!());
}
