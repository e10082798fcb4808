use rankproof::conjecture::prelude::*;
use rankproof::scalar::Series;
use rankproof::theorem::orders::learned;

/// The orders eta^e and how many times m exponents are below each, as p = 1 has them.
const BELOW: [(usize, usize); 4] = [(8, 6), (10, 8), (12, 11), (14, 13)];

fn setting(_: Arithmetic) -> Domain {
    // Power series are over the field, so the settings are those of the field.
    Domain {
        neurons: 6..=9,
        d_in: 1..=2,
        d_out: 1..=8,
        steps: 2..=6,
        trials: 1..=2,
        learning_steps: 3..=7,
        initial_states: vec![InitialState::Zero],
        steppers: vec![StepperKind::GradientDescent],
        trained: vec![Subset::only(["W"])],
        ..Domain::linear(Arithmetic::Exact)
    }
}

fn claim<S: RankRevealing>(case: &Case<S>) -> Observed {
    // One step size for all steps.
    let setting = rankproof::theorem::Setting {
        scheduled: false,
        decay: false,
        clip: false,
        ..case.setting.clone()
    };
    let case = Case::<Series<14>>::draw(&setting, case.stream.clone(), None)?;
    let orders = learned(&case, Series::VARIABLE)?.increment(setting.learning_steps).orders();
    let m = setting.inputs().min(setting.dimensions.d_out);
    let below = |(order, times): (usize, usize)| {
        let found = orders.iter().filter(|&&exponent| exponent < order).count();
        Observation::number(format!("exponents below {order}"), Bounds::exactly(found), times * m)
    };
    Ok(BELOW.into_iter().map(below).collect())
}

#[test]
fn orders_go_on() {
    Conjecture {
        id: "orders-go-on",
        statement: "By gradient descent with one step size at most 6 m, 8 m, 11 m and 13 m \
                    exponents of orders are below 8, 10, 12 and 14.",
        status: Status::Supported,
        setting,
        exact: claim,
        f64: claim,
    }
    .test(file!());
}
