use rankproof::conjecture::prelude::*;

fn setting(arithmetic: Arithmetic) -> Domain {
    Domain {
        neurons: 8..=24,
        d_in: 1..=3,
        d_out: 1..=3,
        steps: 3..=6,
        initial_weights: vec![InitialWeights::Full],
        initial_states: vec![InitialState::Zero],
        bias: false,
        methods: vec![MethodKind::GradientDescent, MethodKind::HeavyBall, MethodKind::Nesterov],
        trained: vec![Trained::W],
        ..Domain::linear(arithmetic)
    }
}

fn claim<S: RankRevealing>(case: &Case<S>) -> Observed {
    let learned = case.train()?;
    let k = learned.steps();
    let sizes = &case.setting.dimensions;
    let (m, time) = (sizes.d_in.min(sizes.d_out), sizes.steps);
    let later = (k - 1) * m;
    let bound = m * (time - 1) + later * (time - 3) + later.min(sizes.d_in.abs_diff(sizes.d_out));
    Ok(vec![Observation::rank(format!("rank D_{k}"), &learned.rank(k), bound)])
}

#[test]
fn full_rank_start() {
    Conjecture {
        id: "full-rank-start",
        statement: "A linear network from any W_0, h_0 = 0, no bias, W trained, T >= 3, \
                    m = min(d_in, d_out): \
                    rank D_k <= m(T-1) + (k-1) m (T-3) + min((k-1) m, |d_in - d_out|).",
        status: Status::Supported,
        setting,
        exact: claim,
        f64: claim,
    }
    .test(file!());
}
