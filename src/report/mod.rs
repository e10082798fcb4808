//! What is said of results: of recorded weights, of fits, of experiments; and figures.

mod bounds;
mod experiment;
mod figure;
mod fit;
mod weights;

pub use bounds::{BoundReport, InputOutput};
pub use experiment::{Exhibit, Experiment, ExperimentError, Number, Summary, Table};
pub use figure::{Figure, Panel, number};
pub use fit::{cross_validation_figure, fit_figures};
pub use weights::WeightReport;
