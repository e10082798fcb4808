//! How does the small space dissolve as a network becomes nonlinear?
//!
//! A linear network from W_0 = w I changes its weights inside S x S, S = span(col B, row C) of
//! dimension d = d_in + d_out. Theorem perturbation says how this ends, P being the projection on
//! S, Q = I - P and D the weight change after some learning steps:
//!
//! ```text
//! W_0 = w I + eps R, linear    D - P D P = O(eps)    Q D Q = O(eps^2)    sigma_{d+1} = O(eps^2)
//! tanh, inputs of size s       D - P D P = O(s^2)    Q D Q = O(s^4)      sigma_{d+1} = O(s^4)
//! ```
//!
//! all relative to D. To be seen: the slopes on logarithmic axes, with confidence intervals at
//! 95 %; then what becomes of it where neither is small: drives up to 10 with tanh and ReLU, and
//! random starts W_0 = g R of spectral radius g. ReLU is not smooth at zero, so its share outside S
//! is the same at every drive however small.

use std::error::Error;
use std::process::ExitCode;

use rankproof::network::Activation;
use rankproof::report::{Experiment, Table, number};
use rankproof::theorem::Slope;

mod condition;
#[path = "../console.rs"]
mod console;
mod figures;

use condition::{Condition, D, Outcome};
use figures::{regimes, slopes};

fn main() -> ExitCode {
    let title = "What leaves the space of learning grows by known powers of the nonlinearity";
    console::run("nonlinearity", title, run)
}

type Measure = fn(&Outcome) -> f64;

/// What the three laws are on.
const LAWS: [(&str, Measure); 3] = [
    ("D - P D P", |outcome| outcome.outside[0]),
    ("Q D Q", |outcome| outcome.outside[1]),
    ("sigma_{d+1}", |outcome| outcome.spectrum[D]),
];

/// Slopes where the nonlinearity is small, then curves to where it is large.
pub fn run(mut experiment: Experiment) -> Result<(), Box<dyn Error>> {
    let neurons = if experiment.quick() { 24 } else { 60 };
    let plain = Condition {
        neurons,
        activation: Activation::Identity,
        identity: 0.5,
        gain: 0.0,
        drive: 1.0,
    };
    let tanh = Condition { activation: Activation::Tanh, ..plain.clone() };
    let relu = Condition { activation: Activation::Relu, ..plain.clone() };

    // Small enough for the next order, of relative size eps and s^2, to be some percent at most;
    // large enough for sigma_{d+1} to be far above the rounding errors of about 1e-14.
    let starts = curve(powers(7, 13), |gain| Condition { gain, ..plain.clone() })?;
    let drives = curve(powers(4, 9), |drive| Condition { drive, ..tanh.clone() })?;
    let mut table = Table::new(["what grows", "with", "exponent", "predicted"]);
    let laws = [("eps", &starts, [1.0, 2.0, 2.0]), ("s", &drives, [2.0, 4.0, 4.0])];
    for (size, curve, predicted) in laws {
        for ((what, measure), predicted) in LAWS.into_iter().zip(predicted) {
            let points: Vec<_> = curve.iter().map(|(x, o)| (*x, measure(o))).collect();
            let slope = Slope::of_logs(&points).ok_or("too few points for a slope")?;
            table.row([what.into(), size.into(), slope.to_string(), number(predicted)]);
            // What the theorem predicts of generic instances, and the next order.
            let name = format!("{what} over {size}").replace(' ', "_");
            let meaning = format!("exponent of {what} over {size}");
            experiment.number(&name, &meaning, slope.estimate, predicted - 0.1..=predicted + 0.1);
        }
    }
    experiment.table("slopes", "Exponents, with intervals at 95 %.", &table)?;
    experiment.figure(
        "slopes",
        "What leaves the space on one side grows by the first power of the start and the second of \
         the drive; what leaves it on both sides, and the first singular value beyond d, by the \
         square of that.",
        &slopes(&starts, &drives),
    )?;

    let sizes = || powers(-3, 9);
    let tanh_drives = curve(sizes(), |drive| Condition { drive, ..tanh.clone() })?;
    let relu_drives = curve(sizes(), |drive| Condition { drive, ..relu.clone() })?;
    let gains: Vec<f64> = (0..=8).map(|step| 0.2 * f64::from(step)).collect();
    let random = |condition: &Condition| {
        curve(gains.clone(), |gain| Condition { identity: 0.0, gain, ..condition.clone() })
    };
    let (linear_gains, tanh_gains) = (random(&plain)?, random(&tanh)?);
    let curves = [
        ("tanh, drive s", &tanh_drives),
        ("ReLU, drive s", &relu_drives),
        ("linear, gain g", &linear_gains),
        ("tanh, gain g", &tanh_gains),
    ];
    let mut table =
        Table::new(["network", "size", "outside, % of norm", "for 99 %", "sigma_{d+1}"]);
    for (name, curve) in curves {
        for (size, outcome) in curve {
            let [outside, beyond] = [100.0 * outcome.outside[0], outcome.spectrum[D]];
            let measured = [*size, outside, outcome.for_99_percent() as f64, beyond];
            table.row([name.to_owned()].into_iter().chain(measured.map(number)));
        }
    }
    experiment.table("regimes", "From almost linear to strongly nonlinear.", &table)?;
    experiment.figure(
        "regimes",
        "With tanh the space dissolves between s = 0.1 and s = 1, with ReLU it is not there at any \
         size; a few singular values hold the change until tanh saturates.",
        &regimes(&curves),
    )?;

    let points: Vec<_> = relu_drives.iter().map(|(x, o)| (*x, o.outside[0])).collect();
    let slope = Slope::of_logs(&points[..6]).ok_or("too few points for a slope")?;
    // The corner of ReLU is there at every size; only the fixed targets are not scaled with it.
    experiment.number("relu", "exponent of D - P D P over s, ReLU", slope.estimate, -0.1..=0.1);
    let exact = &linear_gains[0].1;
    // W_0 = 0: the space is kept, to rounding.
    experiment.number("linear", "part outside S at g = 0, linear", exact.outside[0], 0.0..=1e-12);
    // No theorem: learning stays of a low rank, twice d at most, while inputs are of size one at
    // most; where tanh saturates it does not, and takes several times as many.
    let needed = |size: f64| {
        let found = tanh_drives.iter().find(|point| point.0 == size);
        found.map_or(f64::NAN, |point| point.1.for_99_percent() as f64)
    };
    let meaning = "singular values for 99 % of the squared norm, tanh at s = 1";
    experiment.number("at_one", meaning, needed(1.0), 1.0..=(2 * D) as f64);
    let meaning = "singular values for 99 % of the squared norm, tanh at s = 8";
    experiment.number("at_eight", meaning, needed(8.0), (D + 1) as f64..=(neurons / 2) as f64);
    experiment.finish()?;
    Ok(())
}

type Curve = Vec<(f64, Outcome)>;

/// 2^-first, ..., 2^-last, ascending.
fn powers(first: i32, last: i32) -> Vec<f64> {
    (first..=last).rev().map(|power| 0.5f64.powi(power)).collect()
}

fn curve(sizes: Vec<f64>, condition: impl Fn(f64) -> Condition) -> Result<Curve, Box<dyn Error>> {
    sizes.into_iter().map(|size| Ok((size, condition(size).train()?))).collect()
}
