//! What one random instance shows of generic ones: two of them agree.

use rankproof::theorem::{Arithmetic, CaseId, find};

/// Ranks of two instances of the same setting are the same wherever nothing but numbers is drawn
/// for them: no batches, no gates, and in these theorems no sizes or classes.
#[test]
fn two_instances_have_the_same_ranks() {
    let ids = [
        "gradient-factorization",
        "tensor-telescoping",
        "invariant-subspace",
        "low-rank-initialization",
        "fibonacci-growth",
        "siso-reciprocity",
        "tightness",
        "spectral-optimizers",
        "krylov-decay",
        "linear-growth",
    ];
    let mut compared = 0;
    for theorem in ids.map(|id| find(id).expect("in the registry")) {
        for number in 0..60 {
            let id = CaseId { arithmetic: Arithmetic::Exact, seed: 11, number };
            let first = theorem.run(id, None);
            let gates = first.setting.phi.is_gate() || first.setting.psi.is_gate();
            if gates || first.setting.minibatches {
                continue;
            }
            let second = theorem.run(id.second_instance(), None);
            assert_eq!(first.observed, second.observed, "{} {}", theorem.id, first.setting);
            compared += 1;
        }
    }
    assert!(compared > 300, "{compared}");
}
