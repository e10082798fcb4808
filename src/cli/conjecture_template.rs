use rankproof::conjecture::prelude::*;

/// Which instances: everything that `Domain` does not say is as in `Domain::linear`.
fn setting(arithmetic: Arithmetic) -> Domain {
    Domain { d_in: 1..=2, learning_steps: 1..=1, ..Domain::linear(arithmetic) }
}

/// What is observed on one, and its bound.
fn claim<S: RankRevealing>(case: &Case<S>) -> Observed {
    let learned = case.train()?;
    let bound = case.setting.channels();
    Ok(vec![Observation::rank(Quantity::Rank(Sequence::Increments, 1), &learned.rank(1), bound)])
}

#[test]
fn my_idea() {
    Conjecture {
        id: "my-idea",
        statement: "After one learning step the rank is at most the number of channels.",
        status: Status::Supported,
        setting,
        exact: claim,
        f64: claim,
    }
    .test(file!());
}
