//! MATLAB: files of v5, v6 and v7, which are its own, and of v7.3, which are HDF5.

pub(super) mod mat5;
pub(super) mod mat73;
mod sparse;

/// Why a function handle of MATLAB is not read.
const FUNCTION: &str = "is a function handle, expected numbers or text";

/// Why an object of a class of MATLAB is not read, and what to save instead.
fn object_of_class(class: &str) -> String {
    let instead = match class {
        "string" | "categorical" => "cellstr(x)",
        "table" | "timetable" => "table2struct(x, 'ToScalar', true)",
        "datetime" => "posixtime(x)",
        "duration" => "seconds(x)",
        "containers.Map" => "keys(x) and values(x)",
        _ => "a struct or an array",
    };
    format!("is an object of class {class}, which only MATLAB reads: save {instead} instead")
}
