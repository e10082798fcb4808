//! Drawing the setting of a case by proptest, and making a violation small.

use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use super::{Arithmetic, CaseId, CaseReport, Domain, SECOND_INSTANCES, Setting, Theorem, Verdict};
use crate::task::Dimensions;
use crate::training::Tampering;

impl Domain {
    /// Draws settings of this domain and shrinks them.
    pub fn strategy(&self, arithmetic: Arithmetic) -> BoxedStrategy<Setting> {
        let real = arithmetic.is_real();
        // Parts shrink one after the other: neurons last, because how few there may be depends on
        // everything else.
        let dimensions = (
            self.d_in.clone(),
            self.d_out.clone(),
            self.steps.clone(),
            self.trials.clone(),
            self.learning_steps.clone(),
            self.neurons.clone(),
        );
        let model = (
            select(self.activations.clone()),
            select(self.activations.clone()),
            select(vec![4usize, 3, 2, 1]),
            select(self.initial_weights.clone()),
            select(self.initial_states.clone()),
            flag(self.bias),
        );
        let learning = (
            select(self.tasks.clone()),
            select(self.losses.clone()),
            (select(self.methods.clone()), select(self.directions.clone())),
            flag(true),
            flag(true),
            flag(real),
            flag(true),
            select(self.trained.clone()),
        );
        (learning, model, dimensions)
            .prop_map(|(learning, model, dimensions)| {
                let (d_in, d_out, steps, trials, learning_steps, neurons) = dimensions;
                let (phi, psi, leak_quarters, initial_weights, initial_state, bias) = model;
                let (task, loss, how, scheduled, decay, clip, minibatches, trained) = learning;
                let (method, direction) = how;
                Setting {
                    dimensions: Dimensions { neurons, d_in, d_out, steps, trials },
                    learning_steps,
                    phi,
                    psi,
                    leak_quarters,
                    initial_weights,
                    initial_state,
                    bias,
                    task,
                    loss,
                    method,
                    direction,
                    scheduled,
                    decay,
                    clip,
                    minibatches,
                    trained,
                }
            })
            .boxed()
    }
}

impl Theorem {
    /// Runs one case.
    pub fn run(&self, id: CaseId, tampering: Option<Tampering>) -> CaseReport {
        self.run_setting(id, self.draw(id).current(), tampering)
    }

    /// If the case violates the theorem, the smallest setting that proptest's shrinking finds to do
    /// so with the same random streams.
    pub fn smallest_violation(
        &self,
        id: CaseId,
        tampering: Option<Tampering>,
    ) -> Option<CaseReport> {
        let mut tree = self.draw(id);
        let run = |setting| {
            let report = self.run_setting(id, setting, tampering);
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
