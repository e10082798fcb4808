//! Drawing the setting of a case by proptest, and making a violation small.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::{Arithmetic, CaseId, CaseReport, Domain, SECOND_INSTANCES, Setting, Theorem, Verdict};
use crate::network::architecture::Shipped;
use crate::task::Dimensions;
use crate::training::GradientFault;

impl Domain {
    /// Draws settings of this domain and shrinks them, one part after the other: neurons last,
    /// because how few there may be depends on everything else.
    pub fn strategy(&self, arithmetic: Arithmetic) -> BoxedStrategy<Setting> {
        (self.learning(arithmetic), self.network(), self.sizes(), self.architecture())
            .prop_map(|(learning, network, sizes, architecture)| Setting {
                architecture,
                dimensions: sizes.dimensions,
                learning_steps: sizes.learning_steps,
                phi: network.phi,
                psi: network.psi,
                leak_quarters: network.leak_quarters,
                initial_weights: network.initial_weights,
                initial_state: network.initial_state,
                bias: network.bias,
                ..learning
            })
            .boxed()
    }

    /// The architecture; a single one takes nothing from the stream.
    fn architecture(&self) -> BoxedStrategy<Shipped> {
        match self.architectures[..] {
            [only] => Just(only).boxed(),
            _ => select(self.architectures.clone()).boxed(),
        }
    }

    /// What is learned and how; the rest is plain.
    fn learning(&self, arithmetic: Arithmetic) -> impl Strategy<Value = Setting> + use<> {
        let parts = (
            select(self.tasks.clone()),
            select(self.losses.clone()),
            select(self.steppers.clone()),
            select(self.rules.clone()),
            flag(true),
            flag(true),
            flag(arithmetic.is_real()),
            flag(true),
            select(self.trained.clone()),
        );
        parts.prop_map(
            |(task, loss, stepper, rule, scheduled, decay, clip, minibatches, trained)| Setting {
                task,
                loss,
                stepper,
                rule,
                scheduled,
                decay,
                clip,
                minibatches,
                trained,
                ..Setting::plain(ONE_OF_EACH)
            },
        )
    }

    /// The network before learning but for its size; the rest is plain.
    fn network(&self) -> impl Strategy<Value = Setting> + use<> {
        let parts = (
            select(self.phi.as_ref().unwrap_or(&self.activations).clone()),
            select(self.activations.clone()),
            select(vec![4, 3, 2, 1]),
            select(self.initial_weights.clone()),
            select(self.initial_states.clone()),
            flag(self.bias),
        );
        parts.prop_map(|(phi, psi, leak_quarters, initial_weights, initial_state, bias)| Setting {
            phi,
            psi,
            leak_quarters,
            initial_weights,
            initial_state,
            bias,
            ..Setting::plain(ONE_OF_EACH)
        })
    }

    /// The dimensions and the learning steps; the rest is plain.
    fn sizes(&self) -> impl Strategy<Value = Setting> + use<> {
        let parts = (
            self.d_in.clone(),
            self.d_out.clone(),
            self.steps.clone(),
            self.trials.clone(),
            self.learning_steps.clone(),
            self.neurons.clone(),
        );
        parts.prop_map(|(d_in, d_out, steps, trials, learning_steps, neurons)| Setting {
            learning_steps,
            ..Setting::plain(Dimensions { neurons, d_in, d_out, steps, trials })
        })
    }
}

/// The dimensions of a setting whose dimensions do not matter.
const ONE_OF_EACH: Dimensions = Dimensions { neurons: 1, d_in: 1, d_out: 1, steps: 1, trials: 1 };

impl Theorem {
    /// Runs one case.
    pub fn run(&self, id: CaseId, fault: Option<GradientFault>) -> CaseReport {
        self.run_setting(id, self.draw(id).current(), fault)
    }

    /// If the case violates the theorem, the smallest setting that proptest's shrinking finds to do
    /// so with the same random streams.
    pub fn smallest_violation(
        &self,
        id: CaseId,
        fault: Option<GradientFault>,
    ) -> Option<CaseReport> {
        let mut tree = self.draw(id);
        let run = |setting| {
            let report = self.run_setting(id, setting, fault);
            (report.verdict() == Verdict::Violated).then_some(report)
        };
        let mut smallest = run(tree.current())?;
        let mut progress = tree.simplify();
        while progress {
            progress = match run(tree.current()) {
                Some(report) => {
                    smallest = report;
                    tree.simplify()
                }
                None => tree.complicate(),
            };
        }
        Some(smallest)
    }

    /// The setting of a case, as a tree that shrinks.
    fn draw(&self, id: CaseId) -> Box<dyn ValueTree<Value = Setting>> {
        // That of the first instance.
        let id = CaseId { number: id.number % SECOND_INSTANCES, ..id };
        let key = self.stream(id).named("setting").key();
        let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &key);
        let mut runner = TestRunner::new_with_rng(Config::default(), rng);
        let strategy = (self.domain)(id.arithmetic).strategy(id.arithmetic);
        strategy.new_tree(&mut runner).expect("a strategy without filters always draws")
    }
}

/// True in one case out of four, if at all.
fn flag(possible: bool) -> BoxedStrategy<bool> {
    if possible { proptest::bool::weighted(0.25).boxed() } else { Just(false).boxed() }
}
