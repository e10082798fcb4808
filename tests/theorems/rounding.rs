//! Random cases that a check in floating point once called a violation, by rounding alone.

use rankproof::theorem::{Arithmetic, CaseId, Verdict, find};

const CASES: [(&str, Arithmetic, u64, u64); 9] = [
    // sigma_{m+1} and sigma_{2m+1} both follow the third power over three orders of magnitude.
    ("orders", Arithmetic::DoubleDouble, 5, 4451),
    // Weights of 1e151, whose squares have no last digits in double-double.
    ("broadcast-error", Arithmetic::DoubleDouble, 77, 4045),
    // P e, small beside P and e.
    ("broadcast-error", Arithmetic::DoubleDouble, 78, 17189),
    // A block of 1e-11, left of terms of size one, through which another block learns.
    ("areas", Arithmetic::F64, 77, 14276),
    ("areas", Arithmetic::DoubleDouble, 77, 309),
    // Gradients of 1 and of 1e36, which clipping makes as large as the others.
    ("tensor-telescoping", Arithmetic::F64, 79, 38056),
    // A gradient along a rounding error of h_0, made as large as any by Muon.
    ("spectral-optimizers", Arithmetic::F64, 78, 16542),
    // Outputs that agree with their targets to eight digits.
    ("core-closure", Arithmetic::F64, 77, 9379),
    // Weights that learn from an initial state that is itself left of rounding.
    ("core-closure", Arithmetic::DoubleDouble, 78, 9842),
];

#[test]
fn rounding_is_not_a_violation() {
    for (id, arithmetic, seed, number) in CASES {
        let theorem = find(id).expect("a theorem");
        let report = theorem.run(CaseId { arithmetic, seed, number }, None);
        assert_ne!(report.verdict(), Verdict::Violated, "{id}: {report}");
    }
}
