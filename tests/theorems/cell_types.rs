use rankproof::blocks::{Blocks, Subset};
use rankproof::matrix::{Matrix, RankRevealing};
use rankproof::network::architecture::{Population, Populations};
use rankproof::network::{Activation, SquaredError};
use rankproof::scalar::{Fp, Scalar, Stream};
use rankproof::task::{Dimensions, TaskFamily};
use rankproof::theorem::cell_types::THEOREM;
use rankproof::training::{Optimizer, Training};

use crate::harness::{catches_its_controls, holds};

#[test]
fn holds_in_its_arithmetics() {
    holds(&THEOREM);
}

#[test]
fn its_controls_are_caught() {
    catches_its_controls(&THEOREM);
}

/// rank D_1..D_5 of types of six neurons each, each with a leak and a sign of its own:
/// R (p + q) at the end.
#[test]
fn is_attained_step_by_step() {
    let found = [(1, 1, 1), (2, 1, 1), (2, 2, 1), (3, 2, 2), (3, 1, 3)].map(ranks_of);
    let expected = [
        [1, 2, 2, 2, 2],
        [2, 4, 4, 4, 4],
        [2, 5, 6, 6, 6],
        [6, 12, 12, 12, 12],
        [3, 7, 11, 12, 12],
    ];
    assert_eq!(found, expected);
}

/// Of R types with p inputs and q outputs.
fn ranks_of((types, d_in, d_out): (usize, usize, usize)) -> [usize; 5] {
    const OWN: usize = 6;
    let sizes = Dimensions { neurons: OWN, d_in, d_out, steps: 6, trials: 6 };
    let stream = Stream::new("types", 0, 0);
    let population = |index: usize| Population {
        name: index.to_string(),
        neurons: OWN,
        leak: Fp::ratio(1, 1 + index as i64),
        gain: if index == 1 { -Fp::ONE } else { Fp::ONE },
        psi: Activation::Identity,
        is_driven: true,
        is_read: true,
    };
    let pairs = (0..types).flat_map(|to| (0..types).map(move |from| (to, from)));
    let model = Populations {
        populations: (0..types).map(population).collect(),
        connections: pairs.collect(),
    };
    let random = Blocks::random(&model.shapes(&sizes).expect("connections that fit"), &stream);
    let start: Blocks<Fp> = random.replaced(|name, block| {
        let (rows, cols) = block.shape();
        let multiple = match name.split(".W.").collect::<Vec<_>>()[..] {
            [to, from] if to == from => Fp::from_integer(2 + rows as i64),
            [_, _] => Fp::ZERO,
            _ if name.ends_with(".h0") || name.ends_with(".bias") => Fp::ZERO,
            _ => return block.clone(),
        };
        Matrix::from_fn(rows, cols, |i, j| if i == j { multiple } else { Fp::ZERO }).into()
    });
    let names: Vec<_> =
        start.iter().map(|(name, _)| name).filter(|name| name.contains(".W.")).collect();
    let task = TaskFamily::RandomTargets.draw(&sizes, &stream.named("task")).expect("in a field");
    let training = Training {
        trained: Subset::only(names.iter().copied()),
        ..Training::of(
            &model,
            start.clone(),
            &task,
            &SquaredError,
            Optimizer::gradient_descent(Fp::ratio(1, 7)),
        )
    };
    let trajectory = training.run(5).expect("a field has no overflow");
    [1, 2, 3, 4, 5].map(|k| {
        let rows: Vec<_> = (0..types)
            .map(|to| {
                let blocks: Vec<_> = (0..types)
                    .map(|from| {
                        let block = trajectory.of(&format!("{to}.W.{from}"));
                        block.expect("a block that learns").increment(k)
                    })
                    .collect();
                Matrix::beside(OWN, &blocks).transposed()
            })
            .collect();
        let all = Matrix::beside(types * OWN, &rows);
        Fp::rank(&all, 0.0).known().expect("an exact rank")
    })
}
