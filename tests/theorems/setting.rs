//! What follows from a setting, counted by hand.

use rankproof::blocks::Subset;
use rankproof::network::architecture::Shipped;
use rankproof::task::{Dimensions, TaskFamily};
use rankproof::theorem::{
    ActivationKind, Arithmetic, InitialState, InitialWeights, RuleKind, Setting, StepperKind,
};

/// N = 30, two inputs, three outputs, four time steps, five trials.
fn plain() -> Setting {
    Setting::plain(Dimensions { neurons: 30, d_in: 2, d_out: 3, steps: 4, trials: 5 })
}

#[test]
fn channels_are_inputs_outputs_states_a_bias_and_the_start() {
    let mut setting = plain();
    assert_eq!((setting.channels(), setting.inputs(), setting.states()), (5, 2, 0));
    setting.bias = true;
    assert_eq!((setting.channels(), setting.inputs()), (6, 3));
    setting.initial_state = InitialState::Common;
    assert_eq!((setting.channels(), setting.states()), (7, 1));
    setting.initial_state = InitialState::PerTrial;
    assert_eq!((setting.channels(), setting.states()), (11, 5));
    setting.initial_weights = InitialWeights::LowRank(4);
    assert_eq!(setting.channels(), 19);
    setting.dimensions.neurons = 18;
    assert_eq!(setting.channels(), 18);
    setting.initial_state = InitialState::AlongInputs;
    assert_eq!((setting.channels(), setting.states(), setting.input_steps()), (14, 0, 5));
    assert_eq!(plain().input_steps(), 4);
}

#[test]
fn trials_and_gradients_are_counted() {
    let mut setting = Setting { learning_steps: 3, ..plain() };
    assert_eq!((setting.batch_size(), setting.gradients()), (5, 3));
    setting.minibatches = true;
    setting.stepper = StepperKind::GradientFlow;
    assert_eq!((setting.batch_size(), setting.gradients()), (3, 12));
    // Two inputs of one time step, and the last does not count.
    setting.dimensions = Dimensions { neurons: 5, d_in: 2, d_out: 1, steps: 2, trials: 2 };
    assert!(setting.inputs_span());
    setting.bias = true;
    assert!(!setting.inputs_span());
    setting.dimensions.steps = 3;
    assert!(setting.inputs_span());
}

#[test]
fn a_state_stays_what_it_is_unless_it_learns() {
    let with = |state, trained: &[&'static str], psi| Setting {
        initial_state: state,
        trained: Subset::only(trained.iter().copied()),
        psi,
        ..plain()
    };
    let identity = ActivationKind::Identity;
    for (state, trained, leaves, silent) in [
        (InitialState::Zero, &["W"][..], false, true),
        (InitialState::Zero, &["W", "B"], false, true),
        (InitialState::Zero, &["h0"], true, false),
        (InitialState::Common, &["W"], false, false),
        (InitialState::AlongInputs, &["W"], false, false),
        (InitialState::AlongInputs, &["B"], true, false),
    ] {
        let setting = with(state, trained, identity);
        assert_eq!(setting.leaves_its_state(), leaves, "{setting}");
        assert_eq!(setting.starts_silent(), silent, "{setting}");
    }
    assert!(!with(InitialState::Zero, &["W"], ActivationKind::Softplus).starts_silent());
}

#[test]
fn a_setting_is_one_line() {
    assert_eq!(
        plain().to_string(),
        "N=30 d_in=2 d_out=3 T=4 M=5 K=1 a=4/4 phi=Identity psi=Identity W_0=Zero h_0=Zero \
         task=random-targets loss=Squared method=GradientDescent trained=W"
    );
    let setting = Setting {
        architecture: Shipped::Gru,
        learning_steps: 2,
        leak_quarters: 3,
        psi: ActivationKind::Relu,
        initial_weights: InitialWeights::LowRank(2),
        initial_state: InitialState::Common,
        bias: true,
        task: TaskFamily::Integrator,
        rule: RuleKind::Muon,
        scheduled: true,
        decay: true,
        clip: true,
        minibatches: true,
        trained: Subset::only(["W", "B", "C", "bias", "h0"]),
        ..plain()
    };
    assert_eq!(
        setting.to_string(),
        "architecture=gru N=30 d_in=2 d_out=3 T=4 M=5 K=2 a=3/4 phi=Identity psi=Relu \
         W_0=LowRank(2) h_0=Common task=integrator loss=Squared method=GradientDescent \
         direction=Muon +bias +schedule +decay +clipping +minibatches trained=W,B,C,b,h_0"
    );
}

#[test]
fn starts_are_read_as_they_are_written() {
    for start in [
        InitialWeights::Zero,
        InitialWeights::ScaledIdentity,
        InitialWeights::LowRank(0),
        InitialWeights::LowRank(3),
        InitialWeights::Symmetric(1),
        InitialWeights::Full,
    ] {
        assert_eq!(start.to_string().parse::<InitialWeights>(), Ok(start));
    }
    for wrong in ["symmetric-0", "symmetric-", "-1", "Full", ""] {
        assert!(wrong.parse::<InitialWeights>().is_err(), "{wrong}");
    }
    let starts = |start| Setting { initial_weights: start, ..plain() }.starts_at_identity();
    assert!(starts(InitialWeights::Zero) && starts(InitialWeights::ScaledIdentity));
    assert!(!starts(InitialWeights::Full) && !starts(InitialWeights::LowRank(0)));
}

#[test]
fn a_field_has_no_real_functions() {
    let all = Arithmetic::ALL;
    assert_eq!(all.map(Arithmetic::is_real), [false, true, true]);
    assert_eq!(all.map(|it| it.has_rule(RuleKind::Adam)), [false, true, true]);
    assert_eq!(all.map(|it| it.has_rule(RuleKind::Muon)), [true; 3]);
    assert_eq!(all.map(|it| it.has_activation(ActivationKind::Tanh)), [false, true, true]);
    assert_eq!(all.map(|it| it.has_activation(ActivationKind::OddCubic)), [true; 3]);
    assert_eq!(all.map(|it| it.has_task(TaskFamily::RandomTargets)), [true; 3]);
    assert_eq!(all.map(|it| it.has_task(TaskFamily::SineGenerator)), [false, true, true]);
}
