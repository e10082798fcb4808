//! The three recordings, cut as their files need it.

use rankproof::recording::{Axis, Options, What};

/// Where the recordings are.
pub const FOLDER: &str = "../shared/recordings";

/// One recording, cut as its file needs it.
pub struct Source {
    pub name: &'static str,
    pub file: &'static str,
    pub options: Options,
}

pub fn sources() -> [Source; 3] {
    let array =
        |path: &str| Options::new(What::Array { path: path.to_owned(), axes: Axis::ALL.to_vec() });
    let some = |text: &str| Some(text.to_owned());
    let counts = || Options {
        missing: Some(-1.0),
        bin_seconds_array: some("bin_s"),
        min_rate: Some(0.5),
        ..array("counts")
    };
    [
        Source {
            name: "chewie",
            file: "chewie_20131003_counts.npz",
            options: Options { condition: some("target"), ..counts() },
        },
        Source {
            name: "hennig",
            file: "hennig2021_monkeyN_latents.npz",
            options: Options {
                bin_seconds_array: some("bin_s"),
                condition: some("target_deg"),
                epoch: some("block"),
                trial_number: some("trial_index"),
                ..array("latents")
            },
        },
        Source {
            name: "degenhart",
            file: "degenhart2020_counts.npz",
            options: Options {
                condition: some("target_deg"),
                epoch: some("decoder"),
                trial_number: some("trial_id"),
                ..counts()
            },
        },
    ]
}
