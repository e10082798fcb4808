//! Formulas for ranks: sums of a few products of what there are of a setting, with small integer
//! coefficients, and the least of several.

use std::fmt;

use crate::theorem::fibonacci_growth::fibonacci;

/// The numbers of a setting that formulas speak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Point {
    /// p, inputs.
    pub d_in: usize,
    /// q, outputs.
    pub d_out: usize,
    /// N.
    pub neurons: usize,
    /// T, time steps.
    pub time: usize,
    /// M, trials.
    pub trials: usize,
    /// k, learning steps.
    pub step: usize,
    /// tau, after how many steps errors are cut; T where they are not.
    pub cut: usize,
    /// r, the rank of P Q^T or the number of eigenvalues at the start; 0 where neither is asked for.
    pub start: usize,
    /// R, types of neurons; 1 where all are alike.
    pub types: usize,
}

/// A number that does not grow: the first factor of a product.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Count {
    One,
    Least,
    Inputs,
    Outputs,
    Start,
    Types,
    TypesLeast,
    TypesInputs,
    TypesOutputs,
    Trials,
    Product,
    InputPairs,
    OutputPairs,
    InputsSquared,
    OutputsSquared,
    StartInputs,
    StartOutputs,
}

/// How a number grows: the second factor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Growth {
    Constant,
    Steps,
    Time(usize),
    StepsTime(usize),
    Cut(usize),
    StepsCut(usize),
    /// `F_{k + a} - b`.
    Fibonacci(usize, usize),
    Doubling,
}

/// A product of both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Monomial {
    count: Count,
    growth: Growth,
}

/// A sum of products with integer coefficients: one term of a bound.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Term {
    pub(super) parts: Vec<(i64, Monomial)>,
}

impl Count {
    const ALL: [Count; 17] = [
        Count::One,
        Count::Least,
        Count::Inputs,
        Count::Outputs,
        Count::Start,
        Count::Types,
        Count::TypesLeast,
        Count::TypesInputs,
        Count::TypesOutputs,
        Count::Trials,
        Count::Product,
        Count::InputPairs,
        Count::OutputPairs,
        Count::InputsSquared,
        Count::OutputsSquared,
        Count::StartInputs,
        Count::StartOutputs,
    ];

    fn of(self, point: &Point) -> usize {
        let Point { d_in: p, d_out: q, trials, start, types, .. } = *point;
        match self {
            Count::One => 1,
            Count::Least => p.min(q),
            Count::Inputs => p,
            Count::Outputs => q,
            Count::Start => start,
            Count::Types => types,
            Count::TypesLeast => types * p.min(q),
            Count::TypesInputs => types * p,
            Count::TypesOutputs => types * q,
            Count::Trials => trials,
            Count::Product => p * q,
            Count::InputPairs => p * (p + 1) / 2,
            Count::OutputPairs => q * (q + 1) / 2,
            Count::InputsSquared => p * p,
            Count::OutputsSquared => q * q,
            Count::StartInputs => start * p,
            Count::StartOutputs => start * q,
        }
    }

    /// In formulas, and in the code of a conjecture.
    fn text(self) -> [&'static str; 2] {
        match self {
            Count::One => ["", "1"],
            Count::Least => ["m", "p.min(q)"],
            Count::Inputs => ["p", "p"],
            Count::Outputs => ["q", "q"],
            Count::Start => ["r", "r"],
            Count::Types => ["R", "types"],
            Count::TypesLeast => ["R m", "types * p.min(q)"],
            Count::TypesInputs => ["R p", "types * p"],
            Count::TypesOutputs => ["R q", "types * q"],
            Count::Trials => ["M", "trials"],
            Count::Product => ["p q", "p * q"],
            Count::InputPairs => ["C(p+1,2)", "p * (p + 1) / 2"],
            Count::OutputPairs => ["C(q+1,2)", "q * (q + 1) / 2"],
            Count::InputsSquared => ["p^2", "p * p"],
            Count::OutputsSquared => ["q^2", "q * q"],
            Count::StartInputs => ["r p", "r * p"],
            Count::StartOutputs => ["r q", "r * q"],
        }
    }

    /// Numbers of channels, each of which may grow; products of them come as they are or with k.
    fn grows(self) -> bool {
        self <= Count::Trials
    }

    /// Numbers of channels of all types.
    fn is_of_types(self) -> bool {
        matches!(self, Count::Types | Count::TypesLeast | Count::TypesInputs | Count::TypesOutputs)
    }
}

impl Growth {
    fn all() -> Vec<Growth> {
        let of_time = (1..=3).flat_map(|less| [Growth::Time(less), Growth::StepsTime(less)]);
        let of_cut = (0..=1).flat_map(|less| [Growth::Cut(less), Growth::StepsCut(less)]);
        let fibonacci = [(2, 1), (2, 0), (3, 2), (2, 2)].map(|(a, b)| Growth::Fibonacci(a, b));
        [Growth::Constant, Growth::Steps]
            .into_iter()
            .chain(of_time)
            .chain(fibonacci)
            .chain([Growth::Doubling])
            .chain(of_cut)
            .collect()
    }

    fn of(self, point: &Point) -> i64 {
        let Point { time, step, cut, .. } = *point;
        let whole = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
        let [time, step_, cut] = [time, step, cut].map(whole);
        match self {
            Growth::Constant => 1,
            Growth::Steps => step_,
            Growth::Time(less) => time - whole(less),
            Growth::StepsTime(less) => step_ * (time - whole(less)),
            Growth::Cut(less) => cut - whole(less),
            Growth::StepsCut(less) => step_ * (cut - whole(less)),
            Growth::Fibonacci(a, b) => whole(fibonacci(step + a)) - whole(b),
            Growth::Doubling => (1 << step.min(40)) - 1,
        }
    }

    fn text(self) -> [String; 2] {
        let both = |shown: String, code: String| [shown, code];
        let less = |name: &str, less: usize| match less {
            0 => name.to_owned(),
            less => format!("({name}-{less})"),
        };
        let code_of_less = |name: &str, less: usize| match less {
            0 => name.to_owned(),
            less => format!("({name} - {less})"),
        };
        match self {
            Growth::Constant => both(String::new(), "1".into()),
            Growth::Steps => both("k".into(), "k".into()),
            Growth::Time(by) => both(less("T", by), code_of_less("time", by)),
            Growth::StepsTime(by) => {
                both(format!("k {}", less("T", by)), format!("k * {}", code_of_less("time", by)))
            }
            Growth::Cut(by) => both(less("tau", by), code_of_less("cut", by)),
            Growth::StepsCut(by) => {
                both(format!("k {}", less("tau", by)), format!("k * {}", code_of_less("cut", by)))
            }
            Growth::Fibonacci(a, 0) => {
                both(format!("F_{{k+{a}}}"), format!("fibonacci(k as usize + {a}) as i64"))
            }
            Growth::Fibonacci(a, b) => both(
                format!("(F_{{k+{a}}} - {b})"),
                format!("(fibonacci(k as usize + {a}) as i64 - {b})"),
            ),
            Growth::Doubling => both("(2^k - 1)".into(), "((1 << k) - 1)".into()),
        }
    }
}

impl Monomial {
    /// All of those that differ somewhere on these points, the simplest first.
    pub(super) fn all(points: &[Point]) -> Vec<Monomial> {
        let has = |which: fn(&Point) -> bool| points.iter().any(which);
        let (has_cut, has_start) =
            (has(|point| point.cut < point.time), has(|point| point.start > 0));
        let has_types = has(|point| point.types > 1);
        let mut seen = std::collections::HashSet::new();
        let mut all = Vec::new();
        for growth in Growth::all() {
            for count in Count::ALL {
                let of_start = [Count::Start, Count::StartInputs, Count::StartOutputs];
                let of_cut = matches!(growth, Growth::Cut(_) | Growth::StepsCut(_));
                let plain = matches!(growth, Growth::Constant | Growth::Steps);
                if of_start.contains(&count) && !has_start
                    || count.is_of_types() && !has_types
                    || of_cut && !has_cut
                    || !count.grows() && !plain
                {
                    continue;
                }
                let monomial = Monomial { count, growth };
                let values: Vec<_> = points.iter().map(|point| monomial.of(point)).collect();
                // One that is nowhere another number says nothing of its own.
                if values.iter().any(|&value| value != 0) && seen.insert(values) {
                    all.push(monomial);
                }
            }
        }
        all
    }

    pub(super) fn of(self, point: &Point) -> i64 {
        i64::try_from(self.count.of(point))
            .unwrap_or(i64::MAX)
            .saturating_mul(self.growth.of(point))
    }

    fn text(self) -> String {
        let ([count, _], [growth, _]) = (self.count.text(), self.growth.text());
        match (count, growth.strip_prefix("k ")) {
            ("", _) if growth.is_empty() => "1".to_owned(),
            ("", _) => growth,
            (count, _) if growth.is_empty() => count.to_owned(),
            (count, _) if growth == "k" => format!("k {count}"),
            (count, Some(rest)) => format!("k {count} {rest}"),
            (count, None) => format!("{count} {growth}"),
        }
    }

    fn code(self) -> String {
        let ([_, count], [_, growth]) = (self.count.text(), self.growth.text());
        match (count, growth.as_str()) {
            (count, "1") => count.to_owned(),
            ("1", growth) => growth.to_owned(),
            (count, growth) => format!("{count} * {growth}"),
        }
    }
}

impl Term {
    /// The value, which may be negative.
    pub fn of(&self, point: &Point) -> i64 {
        let part = |&(times, monomial): &(i64, Monomial)| times.saturating_mul(monomial.of(point));
        self.parts.iter().map(part).fold(0, i64::saturating_add)
    }

    /// How long it is: by this the simpler of two that do the same is kept.
    pub(super) fn length(&self) -> usize {
        let of = |&(times, monomial): &(i64, Monomial)| {
            let products = usize::from(!monomial.count.grows() || monomial.count.is_of_types())
                + usize::from(monomial.count != Count::One);
            2 + times.unsigned_abs() as usize
                + usize::from(times < 0)
                + products
                + match monomial.growth {
                    Growth::Constant => 0,
                    Growth::Steps | Growth::Time(_) | Growth::Cut(_) => 1,
                    _ => 2,
                }
        };
        self.parts.iter().map(of).sum()
    }

    /// As an expression of Rust over integers p, q, r, k, time, cut, types and trials.
    pub fn code(&self) -> String {
        self.written(|monomial| monomial.code(), " * ")
    }

    fn written(&self, text: impl Fn(Monomial) -> String, times_sign: &str) -> String {
        let mut written = String::new();
        for (index, &(times, monomial)) in self.parts.iter().enumerate() {
            written += match (index, times < 0) {
                (0, false) => "",
                (0, true) => "-",
                (_, false) => " + ",
                (_, true) => " - ",
            };
            match times.unsigned_abs() {
                1 => written += &text(monomial),
                times if text(monomial) == "1" => written += &times.to_string(),
                times => written += &format!("{times}{times_sign}{}", text(monomial)),
            }
        }
        written
    }
}

/// As formulas of the theorems are written: `p + q + k m (T-3)`.
impl fmt::Display for Term {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written(Monomial::text, " "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const POINT: Point = Point {
        d_in: 2,
        d_out: 3,
        neurons: 20,
        time: 6,
        trials: 4,
        step: 3,
        cut: 2,
        start: 1,
        types: 2,
    };

    fn monomial(count: Count, growth: Growth) -> Monomial {
        Monomial { count, growth }
    }

    #[test]
    fn terms_are_written_as_theorems_write_them_and_mean_that() {
        for (parts, shown, code, value) in [
            (
                vec![(1, monomial(Count::Least, Growth::Fibonacci(2, 1)))],
                "m (F_{k+2} - 1)",
                "p.min(q) * (fibonacci(k as usize + 2) as i64 - 1)",
                2 * 4,
            ),
            (
                vec![
                    (1, monomial(Count::Inputs, Growth::Constant)),
                    (1, monomial(Count::Outputs, Growth::Constant)),
                    (1, monomial(Count::Least, Growth::StepsTime(3))),
                ],
                "p + q + k m (T-3)",
                "p + q + p.min(q) * k * (time - 3)",
                5 + 3 * 2 * 3,
            ),
            (
                vec![
                    (2, monomial(Count::Start, Growth::Constant)),
                    (-1, monomial(Count::One, Growth::Constant)),
                ],
                "2 r - 1",
                "2 * r - 1",
                1,
            ),
            (
                vec![
                    (1, monomial(Count::TypesInputs, Growth::Constant)),
                    (1, monomial(Count::TypesLeast, Growth::Steps)),
                ],
                "R p + k R m",
                "types * p + types * p.min(q) * k",
                4 + 3 * 4,
            ),
            (
                vec![
                    (-2, monomial(Count::One, Growth::Steps)),
                    (3, monomial(Count::One, Growth::Constant)),
                ],
                "-2 k + 3",
                "-2 * k + 3",
                -3,
            ),
        ] {
            let term = Term { parts };
            assert_eq!(term.to_string(), shown);
            assert_eq!(term.code(), code);
            assert_eq!(term.of(&POINT), value);
        }
    }

    #[test]
    fn what_says_the_same_everywhere_is_there_once() {
        let whole = Point { cut: 6, start: 0, types: 1, ..POINT };
        let points: Vec<_> = (0..4).map(|step| Point { step, ..whole }).collect();
        let all = Monomial::all(&points);
        // Of one number of inputs all that is constant says the same.
        let constant = all.iter().filter(|monomial| monomial.growth == Growth::Constant);
        let mut values: Vec<_> = constant.map(|monomial| monomial.of(&points[0])).collect();
        values.sort_unstable();
        values.dedup();
        let count = all.iter().filter(|monomial| monomial.growth == Growth::Constant).count();
        assert_eq!(values.len(), count);
        assert!(all.iter().all(|monomial| !matches!(monomial.growth, Growth::Cut(_))));
        assert!(all.iter().all(|monomial| !monomial.count.is_of_types()));
        let of_two = Monomial::all(&[POINT, Point { start: 2, ..POINT }]);
        assert!(of_two.iter().any(|monomial| monomial.count == Count::Start));
    }
}
