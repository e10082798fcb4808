use rankproof::conjecture::prelude::*;
use rankproof::theorem::fibonacci_growth::fibonacci;

fn setting(arithmetic: Arithmetic) -> Domain {
    Domain {
        neurons: 1..=12,
        d_out: 1..=6,
        learning_steps: 1..=3,
        initial_states: vec![InitialState::Zero],
        bias: false,
        steppers: vec![StepperKind::GradientDescent],
        trained: vec![Subset::only(["W", "B", "C"])],
        ..Domain::linear(arithmetic)
    }
}

fn claim<S: RankRevealing>(case: &Case<S>) -> Observed {
    let learned = case.train()?;
    let (k, dimensions) = (learned.steps(), &case.setting.dimensions);
    let bound = dimensions.d_in.min(dimensions.d_out) * (fibonacci(k + 2) - 1);
    Ok(vec![Observation::rank(Quantity::Rank(Sequence::Increments, k), &learned.rank(k), bound)])
}

#[test]
fn training_all_is_no_faster() {
    Conjecture {
        id: "training-all-is-no-faster",
        statement: "With B and C trained too the rank grows as with W alone: \
                    rank D_k <= min(p, q) (F_{k+2} - 1).",
        status: Status::Refuted(
            "N=3 d_in=1 d_out=4 T=3 M=1 K=2 a=4/4 phi=Identity psi=Identity \
             W_0=Zero h_0=Zero task=linear-teacher loss=Squared method=GradientDescent trained=W,B,C",
        ),
        setting,
        exact: claim,
        f64: claim,
    }
    .test(file!());
}
