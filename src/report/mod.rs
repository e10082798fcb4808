//! What is said of results: of recorded weights and of fits, and figures.

mod bounds;
mod figure;
mod fit;
mod weights;

pub use bounds::{BoundReport, InputOutput};
pub use figure::{Figure, Panel};
pub use fit::{cross_validation_figure, fit_figures};
pub use weights::WeightReport;
