//! Which files are checkpoints of one training, and in which order: by the numbers in their names.
//!
//! A step is a file or, of a model in several files, their index or the folder of both.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// How names of checkpoints end.
const ENDS: [&str; 10] =
    ["npy", "npz", "pt", "pth", "bin", "ckpt", "safetensors", "h5", "hdf5", "mat"];

/// The files to read, in the order of learning.
#[derive(Debug, PartialEq)]
pub struct Checkpoints {
    pub paths: Vec<PathBuf>,
    /// The number of each step, which its name tells; none of a single file.
    pub steps: Option<Vec<u64>>,
    /// Files of the folder that are no checkpoints, by their names.
    pub others: Vec<String>,
}

impl Checkpoints {
    /// The files that arguments name: one, several, or all of a folder.
    ///
    /// # Errors
    ///
    /// If a folder has no checkpoints or several kinds of them, or names do not tell their order.
    pub fn of(arguments: &[PathBuf]) -> anyhow::Result<Checkpoints> {
        let (paths, others) = match arguments {
            [folder] if folder.is_dir() => match of_step(folder)? {
                Some(index) => (vec![index], Vec::new()),
                None => in_folder(folder)?,
            },
            files => {
                let file = |path: &PathBuf| match path.is_dir() {
                    true => in_step(path),
                    false => Ok(path.clone()),
                };
                (files.iter().map(file).collect::<anyhow::Result<_>>()?, Vec::new())
            }
        };
        match paths.len() {
            1 => Ok(Checkpoints { paths, steps: None, others }),
            _ => {
                let (steps, paths) = ordered(paths)?;
                Ok(Checkpoints { paths, steps: Some(steps), others })
            }
        }
    }
}

/// How the name of an index ends, of a model in several files.
const INDEX: &str = ".safetensors.index.json";

/// What is in a folder.
fn listed(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let cannot = || format!("{}: cannot be listed", folder.display());
    let entries = fs::read_dir(folder).with_context(cannot)?;
    entries.map(|entry| Ok(entry.with_context(cannot)?.path())).collect()
}

/// The index of a model in several files, if the folder has one.
fn of_step(folder: &Path) -> anyhow::Result<Option<PathBuf>> {
    let mut found = listed(folder)?;
    found.retain(|path| path.to_string_lossy().ends_with(INDEX));
    match &found[..] {
        [_, other, ..] => bail!("{}: is a second index, expected one of a step", other.display()),
        _ => Ok(found.pop()),
    }
}

/// The file to read of a step that is a folder: its index, or its only checkpoint.
fn in_step(folder: &Path) -> anyhow::Result<PathBuf> {
    if let Some(index) = of_step(folder)? {
        return Ok(index);
    }
    let (mut paths, _) = in_folder(folder)?;
    match paths.len() {
        1 => Ok(paths.remove(0)),
        count => bail!("{}: has {count} checkpoints, expected one of a step", folder.display()),
    }
}

/// The checkpoints of a folder, and the names of its other files. If all that it has are folders of
/// steps, theirs.
fn in_folder(folder: &Path) -> anyhow::Result<(Vec<PathBuf>, Vec<String>)> {
    let (mut paths, mut others, mut kinds) = (Vec::new(), Vec::new(), BTreeSet::new());
    let all = listed(folder)?;
    let steps: Vec<&PathBuf> = all.iter().filter(|path| path.is_dir()).collect();
    if steps.len() > 1 && !all.iter().any(|path| is_checkpoint(path)) {
        let name =
            |path: &PathBuf| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut others: Vec<String> = all.iter().filter(|path| !path.is_dir()).map(name).collect();
        others.sort();
        let mut paths: Vec<PathBuf> =
            steps.into_iter().map(|step| in_step(step)).collect::<Result<_, _>>()?;
        paths.sort();
        return Ok((paths, others));
    }
    for path in all {
        let end = path.extension().map(|end| end.to_string_lossy().into_owned());
        match end.filter(|_| is_checkpoint(&path)) {
            Some(end) => {
                kinds.insert(format!(".{end}"));
                paths.push(path);
            }
            None => {
                others.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned())
            }
        }
    }
    let expected = "expected a file for each step";
    match kinds.len() {
        0 => bail!(
            "{}: has no file that ends in .{}, {expected}",
            folder.display(),
            ENDS.join(", .")
        ),
        1 => {}
        _ => {
            let kinds: Vec<_> = kinds.into_iter().collect();
            let kinds = kinds.join(" and in ");
            bail!("{}: has files that end in {kinds}, {expected}, of one kind", folder.display())
        }
    }
    // Whatever order the system lists them in.
    paths.sort();
    others.sort();
    Ok((paths, others))
}

/// True of a file that may be one, by its name.
fn is_checkpoint(path: &Path) -> bool {
    let end = path.extension().map(|end| end.to_string_lossy().into_owned());
    path.is_file() && end.is_some_and(|end| ENDS.contains(&end.as_str()))
}

/// Files with the numbers of their steps, which increase.
fn ordered(paths: Vec<PathBuf>) -> anyhow::Result<(Vec<u64>, Vec<PathBuf>)> {
    let names: Vec<Name> = paths.iter().map(|path| Name::of(path)).collect();
    let first = paths[0].display();
    if let Some(other) = names.iter().position(|name| name.texts != names[0].texts) {
        bail!(
            "{}: is not named as {first} with another number, as the files of the steps are",
            paths[other].display()
        );
    }
    let numbers = |place: usize| names.iter().map(move |name| name.numbers[place]);
    let differs = |&place: &usize| numbers(place).collect::<BTreeSet<_>>().len() == names.len();
    let Some(place) = (0..names[0].numbers.len()).find(differs) else {
        bail!(
            "{first}: has no number in its name that is another in each of the {} files",
            names.len()
        );
    };
    let mut steps: Vec<(u64, PathBuf)> = numbers(place).zip(paths.iter().cloned()).collect();
    steps.sort();
    Ok(steps.into_iter().unzip())
}

/// A path, its numbers apart from the text between them.
struct Name {
    texts: Vec<String>,
    numbers: Vec<u64>,
}

impl Name {
    fn of(path: &Path) -> Name {
        let path = path.to_string_lossy();
        let (mut texts, mut numbers, mut rest) = (Vec::new(), Vec::new(), &*path);
        while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
            let digits = &rest[start..];
            let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
            let Ok(number) = digits[..end].parse() else { break };
            texts.push(rest[..start].to_owned());
            numbers.push(number);
            rest = &digits[end..];
        }
        texts.push(rest.to_owned());
        Name { texts, numbers }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn steps(names: &[&str]) -> Result<(Vec<u64>, Vec<String>), String> {
        let paths = names.iter().map(PathBuf::from).collect();
        let (steps, paths) = ordered(paths).map_err(|error| error.to_string())?;
        Ok((steps, paths.iter().map(|path| path.display().to_string()).collect()))
    }

    #[test]
    fn numbers_and_not_letters_order_names() {
        let (numbers, names) = steps(&["a/w10.pt", "a/w9.pt", "a/w0100.pt"]).unwrap();
        assert_eq!(numbers, [9, 10, 100]);
        assert_eq!(names, ["a/w9.pt", "a/w10.pt", "a/w0100.pt"]);
        // The number that is another in each, wherever it is.
        let (numbers, _) = steps(&["run2/c-20/l1.pt", "run2/c-3/l1.pt"]).unwrap();
        assert_eq!(numbers, [3, 20]);
        let (numbers, _) = steps(&["e=1-loss=0.30.pt", "e=0-loss=0.5.pt"]).unwrap();
        assert_eq!(numbers, [0, 1]);
    }

    #[test]
    fn names_that_tell_no_order_are_refused() {
        let other = steps(&["w1.pt", "last.pt"]).unwrap_err();
        assert!(other.starts_with("last.pt: is not named as w1.pt with another number"), "{other}");
        let same = steps(&["w1.pt", "w01.pt"]).unwrap_err();
        assert!(same.starts_with("w1.pt: has no number in its name that is another"), "{same}");
        assert!(steps(&["w.pt", "w.pt"]).is_err());
    }
}
