//! Every operation against dual numbers, and every misuse against its error.

use super::{Memory, Scope, Tape, TapeError, Var};
use crate::blocks::{Block, Blocks, Shapes, Subset};
use crate::matrix::{Factors, Matrix};
use crate::scalar::{Dual, Fp, Scalar, Stream};

const TRIALS: usize = 3;

/// One operation of a matrix x of two rows and a square block.
type Pass<S> = for<'t> fn(&Scope<'t, S>, Var<'t, S>) -> Var<'t, S>;

/// All operations, one in each; x is the sum of a constant and a block.
fn passes<S: Scalar>() -> Vec<(&'static str, Pass<S>)> {
    vec![
        ("product", |scope, x| scope.block("A") * x),
        ("transpose", |scope, x| scope.block("A").t() * x),
        ("rectangular transpose", |scope, x| scope.block("B").t() * x),
        ("block twice", |scope, x| scope.block("A") * (scope.block("A") * x)),
        ("sum", |_, x| x + x),
        ("difference", |scope, x| scope.block("A") * x - x),
        ("scaled", |_, x| x.scaled(S::from_integer(-7))),
        ("square", |_, x| x * x),
        ("product of two", |scope, x| x * (scope.block("A") * x)),
        ("function", |_, x| x.apply(&|z: S| (z * z * z, S::from_integer(3) * z * z))),
        ("reciprocal", |_, x| x.reciprocal()),
        ("square of the norm", |_, x| x.inner(x)),
        ("inner product", |scope, x| x.inner(scope.block("A") * x)),
        ("scaled by a function of inner products", |_, x| x.scaled_by(x.inner(x).reciprocal())),
        ("first row", |_, x| x.rows(0..1)),
        ("last row", |_, x| x.rows(1..2)),
        ("rows above each other", |scope, x| (x * x).above(scope.block("B").t() * x)),
        ("constant above", |scope, x| scope.zeros(2).above(x)),
        ("spread", |scope, x| scope.block("b").spread() * x),
        ("one state for each trial", |scope, x| scope.block("H").spread() * x),
        ("part", |scope, x| scope.part("inner").block("A") * x),
    ]
}

fn shapes() -> Shapes {
    [
        ("A", (2, 2)),
        ("B", (2, 4)),
        ("b", (2, 1)),
        ("H", (2, TRIALS)),
        ("inner.A", (1, 2)),
        ("start", (2, 1)),
    ]
    .map(|(name, shape)| (name.to_string(), shape))
    .to_vec()
}

fn blocks(name: &str) -> Blocks<Fp> {
    Blocks::random(&shapes(), &Stream::new(name, 0, 0))
}

/// x, which depends on a block, so that errors that are lost on their way would be noticed.
fn start<'t, S: Scalar>(scope: &Scope<'t, S>) -> Var<'t, S> {
    let constant = Matrix::from_fn(2, TRIALS, |i, m| S::from_integer((1 + i * i + 5 * m) as i64));
    scope.constant(&constant) + scope.block("start").spread()
}

/// The loss sum_t c^t <y_t, y_t> / 2 over two outputs, y and x itself where it has as many rows.
fn outputs<'t, S: Scalar>(pass: Pass<S>, scope: &Scope<'t, S>) -> Vec<Var<'t, S>> {
    let x = start(scope);
    let y = pass(scope, x);
    if y.height() == x.height() { vec![y, x] } else { vec![y] }
}

#[test]
fn every_operation_has_the_exact_gradient() {
    let (blocks, direction) = (blocks("blocks"), blocks("direction"));
    let eps = Dual { value: Fp::ZERO, derivative: Fp::ONE };
    let mut moving = blocks.map(Dual::constant);
    moving.add_scaled(eps, &direction.map(Dual::constant));
    let mut memory = Memory::default();
    for ((name, pass), (_, lifted)) in passes().into_iter().zip(passes()) {
        let tape = Tape::in_memory(memory, &blocks, &Subset::All, TRIALS);
        let vars = outputs(pass, &tape.scope());
        let values = tape.values(&vars).unwrap();
        let gradient = tape.gradient(&vars, &values).unwrap();

        let dual = Tape::new(&moving, TRIALS);
        let moved = dual.values(&outputs(lifted, &dual.scope())).unwrap();
        assert_eq!(moved.map(|y| y.value), values, "{name}");
        // The derivative of <y, y> / 2.
        let derivative = values.inner_product(&moved.map(|y| y.derivative));
        assert_ne!(derivative, Fp::ZERO, "{name} does not move");
        assert_eq!(gradient.inner_product(&direction), derivative, "{name}");
        memory = tape.into_memory();
    }
}

#[test]
fn a_second_gradient_of_the_same_tape_is_the_same() {
    let blocks = blocks("blocks");
    let tape = Tape::new(&blocks, TRIALS);
    let vars = outputs(passes()[3].1, &tape.scope());
    let values = tape.values(&vars).unwrap();
    assert_eq!(tape.gradient(&vars, &values), tape.gradient(&vars, &values));
}

/// Lambda and Phi of all uses in their order, and no columns for a block without use.
#[test]
fn uses_of_a_block_stand_side_by_side() {
    let blocks = blocks("blocks");
    let tape = Tape::new(&blocks, TRIALS);
    let scope = tape.scope();
    let x = start(&scope);
    let y = scope.block("A") * x;
    let z = scope.block("A").t() * y;
    let errors = Matrix::random(2, TRIALS, &mut Stream::new("errors", 0, 0));
    let gradient = tape.gradient(&[z], &errors).unwrap();
    let a = blocks.get("A").unwrap().to_matrix();
    // Of z = A^T y the gradient is y errors^T, of y = A x it is (A errors) x^T.
    let expected = Factors::new(
        Matrix::beside(2, [&a.times(&errors), &y.value()]),
        Matrix::beside(2, [&x.value(), &errors]),
    );
    assert_eq!(gradient.get("A").unwrap().factors(), Some(&expected));
    assert_eq!(gradient.get("H").unwrap(), &Block::zero(2, TRIALS));
    assert_eq!(gradient.shapes(), shapes());
}

#[test]
fn nothing_goes_back_through_a_stop() {
    let blocks = blocks("blocks");
    let tape = Tape::new(&blocks, TRIALS);
    let scope = tape.scope();
    let a = scope.block("A");
    let x = a * start(&scope);
    let through = a * x.stop();
    let given = a * scope.constant(&x.value());
    let largest = scope.constant_from(&[x, x.stop()], |both| both[0] + both[1]);
    let errors = Matrix::random(2, TRIALS, &mut Stream::new("errors", 0, 0));
    let gradient = |output| {
        let gradient = tape.gradient(&[output], &errors).unwrap();
        ["A", "start"].map(|name| gradient.get(name).unwrap().to_matrix())
    };
    let expected = Matrix::product(errors.view(), x.value().t());
    assert_eq!(gradient(through), [expected, Matrix::zeros(2, 1)]);
    assert_eq!(gradient(through), gradient(given));
    assert_eq!(largest.value(), x.scaled(Fp::from_integer(2)).value());
    assert_eq!(gradient(largest), [Matrix::zeros(2, 2), Matrix::zeros(2, 1)]);
}

/// The second gradient finds the memory of the first.
#[test]
fn memory_is_reused() {
    let blocks = blocks("blocks");
    let pass = passes()[13].1;
    let run = |memory| {
        let tape = Tape::in_memory(memory, &blocks, &Subset::All, TRIALS);
        let vars = outputs(pass, &tape.scope());
        let gradient = tape.gradient(&vars, &tape.values(&vars).unwrap()).unwrap();
        (gradient, tape.into_memory())
    };
    let (first, memory) = run(Memory::default());
    let places = memory.places();
    let (second, memory) = run(memory);
    assert_eq!(first, second);
    assert_eq!(memory.places(), places);
}

#[test]
fn misuses_are_errors() {
    type Misuse = (Pass<Fp>, &'static str);
    let misuses: [Misuse; 13] = [
        (
            |scope, x| scope.block("V") * x,
            "no block is named V; there are: A, B, b, H, inner.A, start",
        ),
        (|scope, x| scope.block("B") * x, "a product: shapes (2, 4) and (2, 3) do not fit"),
        (
            |scope, x| scope.block("A") * x.rows(0..1),
            "a product: shapes (2, 2) and (1, 3) do not fit",
        ),
        (|_, x| x + x.rows(0..1), "a sum: shapes (2, 3) and (1, 3) do not fit"),
        (|_, x| x - x.inner(x), "a difference: shapes (2, 3) and (1, 3) do not fit"),
        (|_, x| x * x.rows(1..2), "a product entry by entry: shapes (2, 3) and (1, 3) do not fit"),
        (|_, x| x.inner(x.rows(1..2)), "an inner product: shapes (2, 3) and (1, 3) do not fit"),
        (|_, x| x.scaled_by(x), "a scaling of columns: shapes (2, 3) and (2, 3) do not fit"),
        (|_, x| x.rows(1..3), "rows 1..3 of 2"),
        (|_, x| x.rows(1..1), "rows 1..1 of 2"),
        (|scope, _| scope.block("B").spread(), "a product: shapes (2, 4) and (3, 3) do not fit"),
        (|scope, x| x + scope.zeros(2).reciprocal(), "the reciprocal of zero"),
        (
            |scope, x| x + scope.constant(&Matrix::zeros(2, 1)),
            "a constant: shapes (2, 3) and (2, 1) do not fit",
        ),
    ];
    let blocks = blocks("blocks");
    for (misuse, message) in misuses {
        let tape = Tape::new(&blocks, TRIALS);
        let scope = tape.scope();
        let y = misuse(&scope, start(&scope));
        // What comes after it neither panics nor hides it.
        let vars = [scope.block("A") * (y * y).rows(0..1) + y.inner(y).reciprocal(), y.stop()];
        assert_eq!((y.height(), y.value()), (0, Matrix::zeros(0, 0)));
        assert_eq!(tape.values(&vars).unwrap_err().to_string(), message);
        let gradient = tape.gradient(&vars, &Matrix::zeros(2, 2 * TRIALS));
        assert_eq!(gradient.unwrap_err().to_string(), message);
    }
}

#[test]
fn outputs_and_errors_must_fit() {
    let blocks = blocks("blocks");
    let (tape, other) = (Tape::new(&blocks, TRIALS), Tape::new(&blocks, TRIALS));
    let (x, foreign) = (start(&tape.scope()), start(&other.scope()));
    assert!(matches!(tape.values(&[x, x.rows(0..1)]), Err(TapeError::Shapes { .. })));
    assert!(matches!(tape.gradient(&[x], &Matrix::zeros(2, 2)), Err(TapeError::Shapes { .. })));
    assert_eq!(tape.values(&[x, foreign]), Err(TapeError::TwoTapes));
    assert_eq!(tape.values(&[x]), Ok(x.value()));
    let _ = x + foreign;
    assert_eq!(tape.values(&[x]), Err(TapeError::TwoTapes));
}
