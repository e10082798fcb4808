use rankproof::blocks::{Block, Blocks, Subset};
use rankproof::matrix::Matrix;
use rankproof::network::architecture::{DynamicsOption, Shipped};
use rankproof::scalar::{Fp, Scalar, Stream};
use rankproof::task::Dimensions;
use rankproof::theorem::symmetry::THEOREM;
use rankproof::theorem::{
    ActivationKind, Case, CaseId, InitialState, InitialWeights, Model, Roles, RuleKind, Setting,
    Verdict,
};
use rankproof::training::GradientFault;

use crate::harness::{attained_at, catches_its_controls, holds};

const ARCHITECTURES: [Shipped; 4] =
    [Shipped::Rnn, Shipped::Divisive, Shipped::Attention, Shipped::ClosedLoop];

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// In every arithmetic, each architecture is among the settings, and notices the error.
#[test]
fn each_architecture_notices_the_error() {
    for arithmetic in THEOREM.arithmetics() {
        for kind in ARCHITECTURES {
            let caught =
                (0..1000).map(|number| CaseId { arithmetic, seed: 0, number }).find(|id| {
                    let report = THEOREM.run(*id, Some(GradientFault::WrongEntry));
                    report.setting.architecture == kind && report.verdict() == Verdict::Violated
                });
            let id = caught.unwrap_or_else(|| panic!("{kind:?} in {}", arithmetic.name()));
            assert_ne!(THEOREM.run(id, None).verdict(), Verdict::Violated, "{kind:?}");
        }
    }
}

/// d_in + d_out, without linearity, and with what else there is.
#[test]
fn each_architecture_reaches_its_bound() {
    for kind in ARCHITECTURES {
        for (d_in, d_out) in [(1, 1), (2, 1), (3, 2)] {
            for psi in [ActivationKind::Identity, ActivationKind::Polynomial(2)] {
                if kind.takes(DynamicsOption::Phi) && psi != ActivationKind::Identity {
                    continue;
                }
                attained_at(&THEOREM, d_in + d_out, |setting| {
                    *setting = orthogonal(kind, psi, setting);
                    (setting.dimensions.d_in, setting.dimensions.d_out) = (d_in, d_out);
                    (setting.dimensions.trials, setting.dimensions.steps) = (4, 5);
                });
            }
        }
    }
}

/// The setting with what all orthogonal changes leave as it is.
fn orthogonal(kind: Shipped, psi: ActivationKind, setting: &Setting) -> Setting {
    Setting {
        architecture: kind,
        dimensions: Dimensions { neurons: 10, ..setting.dimensions },
        learning_steps: 6,
        phi: ActivationKind::Identity,
        psi,
        initial_weights: InitialWeights::ScaledIdentity,
        initial_state: InitialState::Zero,
        bias: false,
        rule: RuleKind::Gradient,
        minibatches: false,
        ..setting.clone()
    }
}

#[test]
fn an_entrywise_optimizer_leaves_the_space_of_the_channels() {
    let kind = Shipped::Divisive;
    let ranks = [RuleKind::Muon, RuleKind::Cube].map(|rule| rank_by(kind, rule));
    assert_eq!(ranks, [5, 10]);
}

/// The rank that a rule reaches from W_0 = w I with three inputs and two outputs.
fn rank_by(kind: Shipped, rule: RuleKind) -> usize {
    let sizes = Dimensions { neurons: 10, d_in: 3, d_out: 2, steps: 5, trials: 4 };
    let setting =
        Setting { rule, ..orthogonal(kind, ActivationKind::Identity, &Setting::plain(sizes)) };
    let case = Case::<Fp>::draw(&setting, Stream::new("symmetry", 0, 0), None).expect("exact");
    let model = case.model().expect("drawn");
    let trajectory = case.training_on(&model).run(6).expect("exact");
    trajectory.rank(6).known().expect("an exact rank")
}

/// All blocks after two learning steps.
fn learned(case: &Case<Fp>, model: &Model<Fp>) -> Blocks<Fp> {
    case.training_on(model).run(2).expect("an exact run").end.into_dense()
}

/// Turns all blocks: V -> Q V Q^T, B -> Q B, C -> C Q^T.
fn turned(roles: Roles, q: &Matrix<Fp>, blocks: &Blocks<Fp>) -> Blocks<Fp> {
    let left = |matrix: &Matrix<Fp>| q.times(matrix);
    let right = |matrix: &Matrix<Fp>| matrix.times(&q.transposed());
    blocks.replaced(|name, block| {
        let block = block.to_matrix();
        Block::from(match name {
            _ if roles.between.contains(&name) => left(&right(&block)),
            _ if roles.into.contains(&name) => left(&block),
            _ if roles.out_of.contains(&name) => right(&block),
            _ => block,
        })
    })
}

/// What the theorem rests on, for every start: turned blocks learn what the others learn, turned.
/// Where a function or the optimizer acts entry by entry, only a permutation is not seen.
#[test]
fn turned_networks_learn_turned_weights() {
    let n = 5;
    let u = Matrix::<Fp>::random(n, 1, &mut Stream::new("reflection", 0, 0));
    let mut reflection = Matrix::product(u.view(), u.t());
    reflection.scale(-Fp::from_integer(2) * u.inner_product(&u).inverse().expect("not zero"));
    reflection.add_scaled(Fp::ONE, &Matrix::scaled_identity(n, Fp::ONE));
    let rotation = Matrix::from_fn(n, n, |i, j| Fp::from_integer(i64::from((i + 2) % n == j)));
    for kind in ARCHITECTURES {
        for psi in [ActivationKind::Identity, ActivationKind::Polynomial(2)] {
            for rule in [RuleKind::Gradient, RuleKind::Muon, RuleKind::Cube] {
                let sizes = Dimensions { neurons: n, d_in: 2, d_out: 2, steps: 3, trials: 2 };
                let setting = Setting {
                    architecture: kind,
                    psi,
                    rule,
                    initial_weights: InitialWeights::Full,
                    initial_state: InitialState::Common,
                    bias: true,
                    trained: Subset::All,
                    ..Setting::plain(sizes)
                };
                let case = Case::<Fp>::draw(&setting, Stream::new("turned", 0, 0), None);
                let case = case.expect("exact");
                let is_seen = |q: &Matrix<Fp>| {
                    let model = case.model().expect("drawn");
                    let expected = turned(model.roles, q, &learned(&case, &model));
                    let blocks = turned(model.roles, q, &model.blocks);
                    learned(&case, &Model { blocks, ..model }) != expected
                };
                let entrywise = kind.takes(DynamicsOption::Phi) && psi != ActivationKind::Identity
                    || rule == RuleKind::Cube;
                let found = [is_seen(&rotation), is_seen(&reflection)];
                assert_eq!(found, [false, entrywise], "{setting}");
            }
        }
    }
}
