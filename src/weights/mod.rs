//! Weight histories: the weights of every learning step, whoever trained them.
//!
//! A [`WeightHistory`] knows to what its numbers were rounded ([`Rounding`]), hence how much noise is
//! in them. [`EffectiveRanks`] say in how few dimensions and tensor terms the weights moved, beside
//! random walks; of weights that memory does not hold a [`WeightStream`] is enough for them.
//! [`WeightRanks`] are exact ranks as far as singular values stand clear of the noise,
//! and [`HeldBound`] holds them against the bounds of the theorems.
//!
//! # Example
//!
//! The weights of 20 neurons before and after five learning steps, in memory.
//!
//! ```
//! use rankproof::matrix::Matrix;
//! use rankproof::theorem::Verdict;
//! use rankproof::weights::{HeldBound, InputOutput, WeightHistory, WeightRanks};
//!
//! let column = |shift: f64| Matrix::from_fn(20, 1, |i, _| (i as f64 + shift).sin());
//! let (input, output) = (column(0.0), column(0.5));
//! let step = output.times(&input.transposed());
//! let weights = |k: i32| step.map(|entry| f64::from(k).sqrt() * entry);
//! let history = WeightHistory::new((0..=5).map(weights).collect())?;
//!
//! let ranks = WeightRanks::new(&history, true, &|_| ());
//! assert_eq!(ranks.increment_ranks[5].known(), Some(1));
//! assert_eq!(ranks.increments().cp_upper.as_ref().map(|end| end.bound), Some(1));
//!
//! let channels = InputOutput { inputs: input, outputs: output };
//! for held in HeldBound::all(&history, &ranks, Some(&channels))? {
//!     assert!(matches!(held.verdict(), Some(Verdict::Held { .. })), "{}", held.theorem.id);
//! }
//! # Ok::<(), rankproof::weights::WeightError>(())
//! ```

mod answer;
mod bounds;
mod doubts;
mod effective;
mod error;
mod grid;
mod history;
mod ranks;
#[cfg(feature = "files")]
mod recorded;
mod rounding;
mod stream;

pub use answer::{AnswerOptions, ExactRanks, Exactly, RecordedWeights, WeightAnswer, WeightPart};
pub use bounds::{HeldBound, InputOutput};
pub use doubts::{doubts, scientific};
pub use effective::{
    Courses, CpTerms, EffectiveOptions, EffectiveRanks, Fixed, Nearness, Null, NullRanks, Overlap,
    Quantiles, SHARES, SecondHalf, SpaceShare, Spectrum, TheoremShare,
};
pub use error::WeightError;
pub use grid::Grid;
pub use history::WeightHistory;
pub use ranks::{Stage, TensorRanks, Watch, WeightRanks};
pub use rounding::{Decided, Rounding};
pub use stream::{Shared, SliceError, Slices, SomeRows, WeightStream};
