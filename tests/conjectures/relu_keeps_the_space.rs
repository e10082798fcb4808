use rankproof::conjecture::prelude::*;

fn setting(arithmetic: Arithmetic) -> Domain {
    Domain { activations: vec![ActivationKind::Relu], ..Domain::linear(arithmetic) }
}

fn claim<S: RankRevealing>(case: &Case<S>) -> Observed {
    let learned = case.train()?;
    let last = learned.steps();
    let quantity = Quantity::Rank(Sequence::Increments, last);
    Ok(vec![Observation::rank(quantity, &learned.rank(last), case.setting.channels())])
}

#[test]
fn relu_keeps_the_space() {
    Conjecture {
        id: "relu-keeps-the-space",
        statement: "invariant-subspace holds for ReLU: rank D_k is at most the number of channels.",
        status: Status::Refuted(
            "N=5 d_in=1 d_out=1 T=2 M=3 K=1 a=4/4 phi=Relu psi=Relu \
             W_0=Zero h_0=Zero task=linear-teacher loss=Squared method=GradientDescent trained=W",
        ),
        setting,
        exact: claim,
        f64: claim,
    }
    .test(file!());
}
