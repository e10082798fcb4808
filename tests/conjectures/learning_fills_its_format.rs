use rankproof::conjecture::Family;
use rankproof::conjecture::prelude::*;
use rankproof::theorem::Setting;

fn setting(arithmetic: Arithmetic) -> Domain {
    Domain {
        neurons: 4..=6,
        d_in: 1..=2,
        d_out: 2..=2,
        steps: 8..=9,
        trials: 4..=5,
        learning_steps: 5..=5,
        initial_states: vec![InitialState::Zero],
        bias: false,
        tasks: vec![TaskFamily::RandomTargets],
        losses: vec![LossKind::Squared],
        steppers: vec![StepperKind::GradientDescent],
        trained: vec![Subset::only(["W"])],
        ..Domain::linear(arithmetic)
    }
}

/// Of the setting, whatever the arithmetic: the dimensions are counted in the prime field, which has
/// no norm to clip by; clipping scales gradients alone.
fn claim<S: RankRevealing>(case: &Case<S>) -> Observed {
    let setting = Setting { clip: false, ..case.setting.clone() };
    let mut families = Family::of_steps(&setting, &case.stream, &[setting.learning_steps])?;
    let family = families.remove(0).ok_or(Inconclusive::Unavailable)?;
    let missing = family.format.iter().product::<usize>() - family.dimension;
    let quantity = "dimensions of its format that learning misses";
    Ok(vec![Observation::number(quantity, Bounds::exactly(missing), 0)])
}

#[test]
fn learning_fills_its_format() {
    Conjecture {
        id: "learning-fills-its-format",
        statement: "Linear network, W_0 = w I, h_0 = 0, W alone, long trials of generic data, p and q \
                    not both 1: from k = max(p, q)^2 + 1 on the tensors D_1..D_k, in all bases, are dense \
                    among all (p+q) x (p+q) x k tensors, so that the CP rank of almost all of them over \
                    the complex numbers is the generic rank of the format.",
        status: Status::Supported,
        setting,
        exact: claim,
        f64: claim,
    }
    .test(file!());
}
