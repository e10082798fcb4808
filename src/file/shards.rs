//! Sharded safetensors: an index in JSON that says in which file each tensor is.
//!
//! Large models are published as `model-00001-of-00002.safetensors` and so on, beside
//! `model.safetensors.index.json`, whose `weight_map` has for each tensor the name of a file in the
//! same folder. Source: <https://huggingface.co/docs/transformers/big_models#sharded-checkpoints>.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::ops::Range;
use std::path::{Component, Path};

use serde::Deserialize;

use super::error::{ReadError, ReadErrorKind};
use super::format::{Opened, Reader};
use super::node::{Node, NodeBudget};
use super::safetensors::{Tensors, open_tensors};
use super::value::{Loaded, Numbers};

/// How names of such files end.
const END: &str = ".index.json";

/// The longest index that is read, in bytes.
const LONGEST: u64 = 100_000_000;

/// True for an index, by its name or its first bytes.
pub(super) fn is_index(path: &Path, start: &[u8]) -> bool {
    let named = path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(END));
    let mapped = start.windows(KEY.len()).any(|bytes| bytes == KEY);
    start.trim_ascii_start().starts_with(b"{") && (named || mapped)
}

const KEY: &[u8] = b"\"weight_map\"";

#[derive(Deserialize)]
struct Index {
    /// The file of each tensor.
    weight_map: BTreeMap<String, String>,
}

/// Reads the index and the headers of the files that it names.
///
/// # Errors
///
/// If the index is not one, a file is missing, or has not the tensors that the index puts there.
pub(super) fn open(path: &Path) -> Result<Opened, ReadError> {
    let Index { weight_map } = read(path).map_err(|flaw| ReadError::of_file(path, flaw))?;
    let mut of_files: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (tensor, file) in &weight_map {
        of_files.entry(file).or_default().push(tensor);
    }
    let count = of_files.len();
    let (mut files, mut contents, mut children) = (Vec::new(), Vec::new(), Vec::new());
    let mut budget = NodeBudget::of_file(u64::MAX);
    for (file, names) in of_files {
        let contradiction = |found: String, expected: &str| {
            let expected = expected.to_owned();
            ReadError::of_file(path, ReadErrorKind::Content { found, expected })
        };
        let mut parts = Path::new(file).components();
        if !matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None)) {
            let found = format!("puts tensors into {file:?}");
            return Err(contradiction(found, "the name of a file in the same folder"));
        }
        let place = path.with_file_name(file);
        if !place.exists() {
            let found = format!("puts {} tensors into {file}, which is not there", names.len());
            return Err(contradiction(found, &format!("all {count} files of the model")));
        }
        let (tensors, root) = open_tensors(&place)?;
        for name in names {
            budget.spend(1).map_err(|flaw| ReadError::of_file(path, flaw))?;
            let Some(node) = root.child(name) else {
                let found = format!("puts tensor {name:?} into {file}, which does not have it");
                return Err(contradiction(found, "an index of these files"));
            };
            contents.push((files.len(), node.content.expect("a tensor")));
            children.push(Node { content: Some(contents.len() - 1), ..node.clone() });
        }
        files.push(tensors);
    }
    let format = format!("safetensors in {count} files");
    let (root, reader) = (Node::group("", children), Box::new(Shards { files, contents }));
    Ok(Opened { format, separator: '.', root, reader })
}

fn read(path: &Path) -> Result<Index, ReadErrorKind> {
    let mut text = Vec::new();
    let file = File::open(path).map_err(ReadErrorKind::of_io)?;
    file.take(LONGEST).read_to_end(&mut text).map_err(ReadErrorKind::of_io)?;
    serde_json::from_slice(&text).map_err(|error| ReadErrorKind::Content {
        found: format!("is not understood ({error})"),
        expected: "an index of safetensors with a weight_map".to_owned(),
    })
}

struct Shards {
    files: Vec<Tensors>,
    /// The file of each array, and its number there.
    contents: Vec<(usize, usize)>,
}

impl Reader for Shards {
    fn load(&mut self, content: usize) -> Result<Loaded, ReadErrorKind> {
        let (file, content) = self.contents[content];
        self.files[file].load(content)
    }

    fn first(&mut self, content: usize, count: usize) -> Result<Loaded, ReadErrorKind> {
        let (file, content) = self.contents[content];
        self.files[file].first(content, count)
    }

    fn part(
        &mut self,
        content: usize,
        places: Range<usize>,
    ) -> Result<Option<Numbers>, ReadErrorKind> {
        let (file, content) = self.contents[content];
        self.files[file].part(content, places)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use crate::file::Source;

    /// A file with one tensor, a float32.
    fn shard(name: &str, number: f32) -> Vec<u8> {
        let header =
            format!(r#"{{"{name}":{{"dtype":"F32","shape":[1,1],"data_offsets":[0,4]}}}}"#);
        let length = (header.len() as u64).to_le_bytes();
        [&length[..], header.as_bytes(), &number.to_le_bytes()].concat()
    }

    fn refused(folder: &tempfile::TempDir, index: &str) -> String {
        let path = folder.path().join("model.safetensors.index.json");
        fs::write(&path, index).unwrap();
        let error = Source::open(&path).err().expect("is refused").to_string();
        error.replace(&format!("{}/", folder.path().display()), "")
    }

    #[test]
    fn tensors_are_found_in_the_files_of_the_index() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("1.safetensors"), shard("a.weight", 1.5)).unwrap();
        fs::write(folder.path().join("2.safetensors"), shard("b.weight", -2.0)).unwrap();
        let map = r#"{"metadata":{},"weight_map":{"b.weight":"2.safetensors","a.weight":"1.safetensors"}}"#;
        // By its content, whatever its name.
        let path = folder.path().join("index");
        fs::write(&path, map).unwrap();
        let mut source = Source::open(&path).unwrap();
        assert_eq!(source.format(), "safetensors in 2 files");
        assert_eq!(source.numbers("a.weight").unwrap().data, [1.5]);
        assert_eq!(source.part("b.weight", 0..1).unwrap().unwrap().data, [-2.0]);

        let missing = refused(&folder, &map.replace("2.safe", "3.safe"));
        let expected = "model.safetensors.index.json: puts 1 tensors into 3.safetensors, which is \
                        not there, expected all 2 files of the model";
        assert_eq!(missing, expected);
        let other = refused(&folder, &map.replace("b.weight", "c.weight"));
        assert!(
            other.contains("\"c.weight\" into 2.safetensors, which does not have it"),
            "{other}"
        );
        let outside = refused(&folder, &map.replace("2.safe", "../2.safe"));
        assert!(outside.contains("expected the name of a file in the same folder"), "{outside}");
        let none = refused(&folder, "{}");
        assert!(none.contains("is not understood (missing field `weight_map`"), "{none}");
        fs::write(folder.path().join("2.safetensors"), &shard("b.weight", 0.0)[..40]).unwrap();
        let cut = refused(&folder, map);
        assert!(cut.starts_with("2.safetensors: is damaged"), "{cut}");
    }
}
