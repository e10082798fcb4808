//! Options of the networks whose learning is measured in exact arithmetic.

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};

use super::{any_choice, choice};
use crate::blocks::Subset;
use crate::memory::Memory;
use crate::network::RNN_BLOCKS;
use crate::task::{Dimensions, TaskFamily};
use crate::theorem::{
    ActivationKind, Arithmetic, InitialState, InitialWeights, OptimizerKind, Setting,
};
use crate::training::{self, Storage};

/// Everything of a setting but its dimensions.
#[derive(Args)]
pub struct NetworkArguments {
    /// The activation inside the weights (psi) of the network.
    #[arg(long, value_parser = activations(), default_value = "identity")]
    activation: ActivationKind,
    /// Inputs and targets.
    #[arg(long, value_parser = tasks(), default_value = "random-targets")]
    task: TaskFamily,
    /// How a step is made from gradients.
    #[arg(long, value_parser = optimizers(), default_value = "gradient-descent")]
    optimizer: OptimizerKind,
    /// Which parameters are learned.
    #[arg(long, value_delimiter = ',', default_value = "W", value_parser = blocks())]
    train: Vec<String>,
    /// W_0: zero, identity (w I), full, symmetric-R (with R distinct eigenvalues), or the rank of
    /// P Q^T in w I + P Q^T.
    #[arg(long, default_value = "zero")]
    start: InitialWeights,
    /// h_0.
    #[arg(long, value_parser = any_choice::<InitialState>(), default_value = "zero")]
    state: InitialState,
}

impl NetworkArguments {
    /// The setting that they describe, of one learning step.
    pub fn setting(&self, dimensions: Dimensions) -> Setting {
        Setting {
            psi: self.activation,
            initial_weights: self.start,
            initial_state: self.state,
            task: self.task,
            stepper: self.optimizer.stepper,
            rule: self.optimizer.rule,
            trained: Subset::only(self.train.iter().map(String::as_str)),
            ..Setting::plain(dimensions)
        }
    }
}

/// What the learning of a network of these dimensions holds.
pub fn memory(setting: &Setting, learning_steps: usize) -> Memory {
    let rank = match setting.initial_weights {
        InitialWeights::LowRank(rank) => rank,
        _ => 0,
    };
    let sizes = &setting.dimensions;
    training::memory(sizes, learning_steps, Storage::Slices).and(
        "the start",
        size_of::<f64>(),
        &[4, rank, sizes.neurons],
    )
}

/// Those that a field has.
fn activations() -> impl TypedValueParser<Value = ActivationKind> {
    choice(|activation| Arithmetic::Exact.has_activation(activation))
}

/// Those that a field has.
fn tasks() -> impl TypedValueParser<Value = TaskFamily> {
    choice(|task| Arithmetic::Exact.has_task(task))
}

/// Those that a field has.
fn optimizers() -> impl TypedValueParser<Value = OptimizerKind> {
    choice(|optimizer: OptimizerKind| Arithmetic::Exact.has_rule(optimizer.rule))
}

/// The blocks of the network; b is the bias, as equations have it.
fn blocks() -> PossibleValuesParser {
    let value = |name: &'static str| {
        let value = PossibleValue::new(name);
        if name == "bias" { value.alias("b") } else { value }
    };
    PossibleValuesParser::new(RNN_BLOCKS.map(value))
}
