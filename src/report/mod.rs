//! What is said of results: of theorems, of recorded weights, of fits, of experiments; figures; and
//! the page that shows all of it.

mod catalogue;
mod effective;
mod experiment;
mod exploration;
mod figure;
mod fit;
mod input;
mod lines;
mod page;
mod text_table;
mod verification;
mod weights;

pub use catalogue::{Entry, Fact, entries};
pub use effective::{
    Drawn, EFFECTIVE_FIGURES, EffectiveRecord, effective_details, effective_figures,
    effective_overview, effective_screen, effective_sentence, wrapped,
};
pub use experiment::{Exhibit, Experiment, ExperimentError, Message, Number, Summary, Table};
pub use exploration::ExplorationTable;
pub use figure::{Figure, Panel, drawn_csv, number};
pub use fit::{FIT_FIGURES, cross_validation_figure, fit_figures};
pub use input::InputError;
pub use lines::in_lines;
pub use page::{Page, Results};
pub use text_table::TextTable;
pub use verification::{VerificationRecord, VerificationRow};
pub use weights::{WeightRecord, WeightRecords, rounding_sentence};
