//! One iteration of fitting: loss and exact gradient of a recording of 200 neurons, 250 trials and
//! 21 bins by a network of 200 units and tensor rank 5.

use criterion::{Criterion, criterion_group, criterion_main};
use rankproof::fit::{Architecture, Blocks, Objective, Observations, Parameters, Role, Simulation};
use rankproof::scalar::Stream;

fn bench(criterion: &mut Criterion) {
    let simulation = Simulation {
        neurons: 200,
        units: 200,
        trials: 250,
        bins: 21,
        rank: 5,
        ..Simulation::default()
    };
    let (recording, _) = simulation.recording(1);
    let roles = Blocks::default().roles(&recording, 0, &[Role::Validation], 1);
    let architecture = Architecture::new(200, 5, 21);
    let objective = Objective::<f32>::new(&architecture, Observations::new(&recording, &roles));
    let (groups, stream) = (&objective.observations.groups, Stream::new("fit bench", 0, 0));
    let parameters = Parameters::start(&architecture, groups, 200, 21, &stream);
    let (losses, _) = objective.gradient(&parameters, &stream);
    assert!(losses.train.is_finite() && losses.validation.is_finite());
    let mut group = criterion.benchmark_group("fit");
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        group.bench_function(format!("iteration, {threads} threads"), |bencher| {
            bencher.iter(|| pool.install(|| objective.gradient(&parameters, &stream)));
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
