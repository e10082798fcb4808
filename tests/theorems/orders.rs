use rankproof::scalar::{Scalar, Series, Stream};
use rankproof::task::Dimensions;
use rankproof::theorem::orders::{THEOREM, learned};
use rankproof::theorem::{Case, Setting, StepperKind};

use crate::harness::{attained_at, catches_its_controls, holds, report_of};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// m at each of the first two orders, and 2 m at the third.
#[test]
fn dimensions_are_learned_order_after_order() {
    for (d_in, d_out) in [(1, 4), (4, 1), (2, 3), (2, 6), (1, 1), (3, 3)] {
        let m = d_in.min(d_out);
        let dimensions = Dimensions { neurons: d_in + d_out, d_in, d_out, steps: 5, trials: 4 };
        let report = report_of(&THEOREM, dimensions, 4, |_| ());
        let found = report.observed.expect("a run that ends");
        let below = |order: usize| {
            let name = format!("exponents below {order}");
            let of_order =
                found.iter().find(|observation| observation.quantity.to_string() == name);
            of_order.and_then(|observation| observation.found.known())
        };
        assert_eq!(below(2), Some(m));
        assert_eq!(below(4), Some(2 * m));
        assert_eq!(below(6), Some((4 * m).min(d_in + d_out)));
    }
}

#[test]
fn is_attained_by_three_steps_of_time() {
    attained_at(&THEOREM, 4, |setting| {
        setting.dimensions = Dimensions { neurons: 5, d_in: 2, d_out: 3, steps: 3, trials: 2 };
        setting.learning_steps = 2;
    });
}

/// The exponents of p = 1 and q = 8 beyond those of the theorem. With one step size for all steps
/// they are those of gradient flow; where it changes, or with momentum, they are lower from the
/// seventh on.
#[test]
fn later_orders_depend_on_the_schedule() {
    let dimensions = Dimensions { neurons: 9, d_in: 1, d_out: 8, steps: 9, trials: 1 };
    let plain = Setting { learning_steps: 7, ..Setting::plain(dimensions) };
    let momentum = Setting { stepper: StepperKind::HeavyBall, ..plain.clone() };
    let scheduled = Setting { scheduled: true, ..plain.clone() };
    let orders = |setting: &Setting| {
        let stream = Stream::new("orders", 0, 0);
        let case = Case::<Series<12>>::draw(setting, stream, None).expect("in the field");
        let trajectory = learned(&case, Series::VARIABLE).expect("a field has no overflow");
        trajectory.increment(setting.learning_steps).orders()
    };
    assert_eq!(orders(&plain), [1, 2, 4, 4, 6, 6, 8, 8, 10]);
    for faster in [momentum, scheduled] {
        assert_eq!(orders(&faster), [1, 2, 4, 4, 6, 6, 7, 8, 8]);
    }
}

/// Time along the flow, order by order: W_0 + t W_1 + .., where (n + 1) W_{n+1} is minus the
/// coefficient of t^n in the gradient.
#[test]
fn gradient_flow_has_the_same_orders_in_time() {
    use rankproof::training::Training;

    const L: usize = 8;
    let dimensions = Dimensions { neurons: 6, d_in: 1, d_out: 5, steps: 6, trials: 2 };
    let stream = Stream::new("flow", 0, 0);
    let case =
        Case::<Series<L>>::draw(&Setting::plain(dimensions), stream, None).expect("in the field");
    let start = case.instance.network.parts().w.to_matrix();
    let mut weights = start.clone();
    for n in 0..L - 1 {
        let network = case.instance.network.clone().with("W", weights.clone());
        let one = Training { ..case.training_of(&network) }.run(1).expect("no overflow");
        let gradient = one.gradient(0).expect("one").to_matrix();
        let share = Series::<L>::ratio(1, n as i64 + 1);
        for (weight, slope) in weights.data_mut().iter_mut().zip(gradient.data()) {
            weight.0[n + 1] = -(slope.0[n] * share.0[0]);
        }
    }
    assert_eq!(weights.minus(&start).orders(), [1, 2, 4, 4, 6, 6]);
}
