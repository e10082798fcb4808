//! The three recordings, cut as their files need it.

use std::env;
use std::path::PathBuf;

use rankproof::recording::{Axis, Options, Selection};

/// The variable that names the folder of the recordings.
const FOLDER: &str = "RANKPROOF_RECORDINGS";

/// Where the recordings are.
///
/// # Errors
///
/// If no folder is named, or there is none of that name.
pub fn folder() -> Result<PathBuf, String> {
    let folder = env::var_os(FOLDER).map(PathBuf::from);
    let folder = folder.ok_or_else(|| format!("{FOLDER} is not set, expected a folder"))?;
    if folder.is_dir() {
        Ok(folder)
    } else {
        Err(format!("{FOLDER}: {}: is no folder", folder.display()))
    }
}

/// One recording, cut as its file needs it.
pub struct Source {
    pub name: &'static str,
    pub file: &'static str,
    pub options: Options,
}

pub fn sources() -> [Source; 3] {
    let array = |path: &str| {
        Options::new(Selection::Array { path: path.to_owned(), axes: Axis::ALL.to_vec() })
    };
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
