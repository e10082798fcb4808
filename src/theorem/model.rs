//! The architecture of a case, with blocks drawn for it.

use super::instance::{initial_weights, matrix};
use super::{ActivationKind, Case, Inconclusive};
use crate::blocks::{Blocks, Subset};
use crate::matrix::RankRevealing;
use crate::network::Dynamics;
use crate::network::architecture::{
    Architecture, Attention, ClosedLoop, Divisive, Gain, Observed, Rnn, Scores, Shipped,
};
use crate::task::Dimensions;
use crate::training::{Faulty, Training};

/// An architecture with its blocks at the start.
pub struct Model<S> {
    /// The forward pass.
    pub architecture: Box<dyn Architecture<S>>,
    /// Its blocks.
    pub blocks: Blocks<S>,
    /// What they are to the neurons.
    pub roles: Roles,
}

/// What the blocks of an architecture are to its N neurons, by their names. Other blocks have
/// nothing to do with them: those of an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles {
    /// From neurons to neurons, (N, N).
    pub between: &'static [&'static str],
    /// Of N rows: from inputs to neurons, states and biases.
    pub into: &'static [&'static str],
    /// Of N columns: from neurons to outputs.
    pub out_of: &'static [&'static str],
}

impl Roles {
    /// Those of an architecture of which instances are drawn; `None` of others.
    pub fn of(architecture: Shipped) -> Option<Self> {
        let (between, into): (&[_], &[_]) = match architecture {
            Shipped::Rnn | Shipped::ClosedLoop => (&["W"], &["B", "bias", "h0"]),
            Shipped::Divisive => (&["W"], &["B", "h0"]),
            Shipped::Attention => (&["V", "O", "Q", "K"], &["B"]),
            _ => return None,
        };
        Some(Roles { between, into, out_of: &["C"] })
    }
}

impl<S: RankRevealing> Case<S> {
    /// The architecture of the setting. Its blocks are those of the recurrent network, as far as
    /// they are named alike. psi is the gain of divisive normalisation and the function of the
    /// scores; where it is the identity, the gain is 1 / (3/2 + s), and scores get a softmax where
    /// there are real numbers. A polynomial of scores is normalised in a field.
    ///
    /// # Errors
    ///
    /// If no instances are drawn of this architecture.
    pub fn model(&self) -> Result<Model<S>, Inconclusive> {
        let shipped = self.setting.architecture;
        let roles = Roles::of(shipped).ok_or(Inconclusive::Unavailable)?;
        let dynamics = self.instance.network.architecture.dynamics.clone();
        let architecture: Box<dyn Architecture<S>> = match shipped {
            Shipped::Divisive => {
                Box::new(Divisive { leak: dynamics.leak, gain: self.gain(dynamics) })
            }
            Shipped::Attention => {
                let scale = S::ratio(1, self.setting.dimensions.neurons as i64);
                Box::new(Attention { scale, scores: self.scores(dynamics) })
            }
            Shipped::ClosedLoop => Box::new(ClosedLoop { dynamics, observed: self.observed() }),
            _ => Box::new(Rnn::new(dynamics)),
        };
        Ok(Model { architecture, blocks: self.blocks(roles), roles })
    }

    /// The training of a model on the task of this case, not yet run. A deliberate error is in the
    /// gradient by the first block between neurons.
    pub fn training_on<'a>(&'a self, model: &'a Model<S>) -> Training<'a, S> {
        let Model { architecture, blocks, roles } = model;
        let is_trained = |name: &&str| {
            if roles.between.contains(name) {
                self.setting.trained.contains("W")
            } else {
                self.setting.trained.contains(name)
            }
        };
        let names = blocks.iter().map(|(name, _)| name);
        let training = self.training_as(&**architecture);
        let has_states = blocks.get("h0").is_ok();
        Training {
            blocks: blocks.clone(),
            trained: Subset::only(names.filter(is_trained)),
            per_trial: if has_states { training.per_trial } else { Subset::none() },
            applied: self.fault.map(|fault| -> Box<dyn Architecture<S> + 'a> {
                let block = roles.between[0].into();
                Box::new(Faulty { architecture: &**architecture, block, fault })
            }),
            ..training
        }
    }

    fn gain(&self, dynamics: Dynamics<S>) -> Gain<S> {
        match self.setting.psi {
            ActivationKind::Identity => Gain::Divided { offset: S::ratio(3, 2) },
            _ => Gain::Function(dynamics.psi),
        }
    }

    fn scores(&self, dynamics: Dynamics<S>) -> Scores<S> {
        match (self.setting.psi, S::ELEMENTARY) {
            (ActivationKind::Identity, Some(_)) => Scores::Softmax,
            (ActivationKind::Polynomial(_), None) => Scores::Normalised(dynamics.psi),
            _ => Scores::Function(dynamics.psi),
        }
    }

    fn observed(&self) -> Observed {
        match self.stream.named("observed").below(2) {
            0 => Observed::Output,
            _ => Observed::Environment,
        }
    }

    /// Blocks between neurons start as W does, each with numbers of its own. An environment has as
    /// many states as there are outputs.
    fn blocks(&self, roles: Roles) -> Blocks<S> {
        let Dimensions { neurons, d_in, d_out: states, .. } = self.setting.dimensions;
        let recurrent = &self.instance.network.blocks;
        let block = |name: &str| match recurrent.get(name) {
            Ok(block) => block.clone(),
            Err(_) => {
                let start = self.setting.initial_weights;
                initial_weights(start, neurons, &self.stream.named(name)).0
            }
        };
        let names = [roles.between, roles.into, roles.out_of].concat();
        let blocks = names
            .into_iter()
            .fold(Blocks::default(), |blocks, name| blocks.with(name, block(name)));
        if self.setting.architecture != Shipped::ClosedLoop {
            return blocks;
        }
        // In floating point small enough for the loop to stay finite.
        let matrix = |rows, cols, name| matrix(rows, cols, 0.4, &self.stream, name);
        blocks
            .with("F", matrix(states, states, "F"))
            .with("H", matrix(states, states, "H"))
            .with("K", matrix(d_in, states, "K"))
            .with("x0", matrix(states, 1, "x0"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scalar::{Fp, Stream};
    use crate::theorem::{InitialState, InitialWeights, Setting};

    fn case(architecture: Shipped) -> Case<Fp> {
        let dimensions = Dimensions { neurons: 5, d_in: 2, d_out: 3, steps: 3, trials: 3 };
        let setting = Setting {
            architecture,
            initial_weights: InitialWeights::Full,
            initial_state: InitialState::PerTrial,
            bias: true,
            minibatches: true,
            ..Setting::plain(dimensions)
        };
        Case::draw(&setting, Stream::new("models", 0, 0), None).expect("an exact case")
    }

    #[test]
    fn the_recurrent_network_is_that_of_the_case() {
        let case = case(Shipped::Rnn);
        let expected = case.training().run(3).expect("an exact run");
        let model = case.model().expect("drawn");
        let found = case.training_on(&model).run(3).expect("an exact run");
        assert_eq!(found.losses, expected.losses);
        assert_eq!(found.weights_at(3), expected.weights_at(3));
    }

    #[test]
    fn what_is_trained_moves_and_nothing_else() {
        let drawn = [Shipped::Rnn, Shipped::Divisive, Shipped::Attention, Shipped::ClosedLoop];
        for shipped in drawn {
            let case = case(shipped);
            let model = case.model().expect("drawn");
            let end = case.training_on(&model).run(2).expect("an exact run").end;
            assert_eq!(shipped.recurrent(&end), Subset::only(model.roles.between.iter().copied()));
            for (name, block) in model.blocks.iter() {
                let moved =
                    end.get(name).expect("the same blocks").to_matrix() != block.to_matrix();
                assert_eq!(moved, model.roles.between.contains(&name), "{shipped:?} {name}");
            }
        }
        assert!(case(Shipped::Gru).model().is_err());
    }
}
