//! Neurodata Without Borders 2.x, which is HDF5 with rules.

use std::path::Path;

use super::hdf5::{self, Hdf5};
use super::hdf5_objects::{Body, Object};
use super::{Opened, Reader};
use crate::recording::error::{Flaw, ReadError};
use crate::recording::node::{Kind, Node};
use crate::recording::value::Loaded;

/// Takes an HDF5 file for NWB if it says that it is, else for what it is.
///
/// # Errors
///
/// If it is NWB of another version than 2.
pub(super) fn open(path: &Path, root: Object, mut reader: Hdf5) -> Result<Opened, ReadError> {
    let of_file = |flaw| ReadError::of_file(path, flaw);
    let version = version(&root, &mut reader).map_err(of_file)?;
    let mut opened = hdf5::plain(root, reader);
    let Some(version) = version else { return Ok(opened) };
    let number = version.trim_start_matches("NWB-");
    if number != "2" && !number.starts_with("2.") {
        let found = format!("says that this is NWB {number}");
        let expected = "NWB 2.x, because NWB 1 has another layout".to_owned();
        return Err(ReadError::of_array(path, "nwb_version", Flaw::Content { found, expected }));
    }
    opened.format = format!("NWB {number} (HDF5)");
    Ok(opened)
}

/// The version of NWB: an attribute of the file in NWB 2, a dataset in NWB 1.
fn version(root: &Object, reader: &mut Hdf5) -> Result<Option<String>, Flaw> {
    if let Some(version) = root.text("nwb_version") {
        return Ok(Some(version));
    }
    let Some(Object { body: Body::Dataset(dataset), .. }) = root.child("nwb_version") else {
        return Ok(None);
    };
    let node = reader.node("nwb_version", dataset.clone())?;
    let Some(content) = node.content else { return Ok(None) };
    match reader.load(content)? {
        Loaded::Texts { strings, .. } => Ok(strings.into_iter().next()),
        Loaded::Numbers(_) => Ok(None),
    }
}

/// Every index of a ragged column that points past its data, by the path of the data.
///
/// In NWB a column of lists is stored as two arrays: `spike_times`, all lists one after the other,
/// and `spike_times_index`, where each list ends.
pub(crate) fn broken_indices(root: &Node, reader: &mut dyn Reader) -> Vec<(String, Flaw)> {
    let mut broken = Vec::new();
    visit(root, "", &mut |group, path| {
        for index in &group.children {
            let Some(column) = index.name.strip_suffix("_index") else { continue };
            let (Some(data), Kind::Numbers) = (group.child(column), index.kind) else { continue };
            let (1, Some(content)) = (index.shape.len(), index.content) else { continue };
            let flaw = match reader.load(content) {
                Ok(Loaded::Numbers(ends)) => check_index(&ends.data, data, index).err(),
                Ok(Loaded::Texts { .. }) => None,
                Err(flaw) => Some(flaw),
            };
            broken.extend(flaw.map(|flaw| (format!("{path}{column}"), flaw)));
        }
    });
    // Spikes before all else, because without them there is nothing to fit.
    broken.sort_by_key(|(path, _)| !path.ends_with("spike_times"));
    broken
}

fn visit(node: &Node, path: &str, each: &mut impl FnMut(&Node, &str)) {
    each(node, path);
    for child in node.children.iter().filter(|child| child.kind == Kind::Group) {
        visit(child, &format!("{path}{}/", child.name), each);
    }
}

/// Checks that the ends of the lists of a ragged column increase and are within its data.
///
/// # Errors
///
/// A sentence on the data that names its index.
pub(crate) fn check_index(ends: &[f64], data: &Node, index: &Node) -> Result<(), Flaw> {
    let rows = data.shape.first().copied().unwrap_or(0);
    let last = ends.iter().copied().fold(0.0, f64::max);
    if last > rows as f64 {
        return Err(Flaw::Content {
            found: format!("has {rows} rows, but its index {:?} points to {last}", index.name),
            expected: "an index within its data; the file may be cut off".to_owned(),
        });
    }
    let falls = ends.windows(2).find(|pair| pair[0] > pair[1]);
    let first = ends.first().filter(|&&end| end < 0.0);
    if let Some(end) = falls.map(|pair| pair[1]).or(first.copied()) {
        return Err(Flaw::Content {
            found: format!("has an index {:?} that falls to {end}", index.name),
            expected: "ends of lists that increase".to_owned(),
        });
    }
    Ok(())
}
