//! The files of a command: none that it reads is written, and none is written twice.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// What a command reads and writes, to be checked before it writes anything.
#[derive(Default)]
pub struct Files {
    read: Vec<PathBuf>,
    folders: Vec<Output>,
    written: Vec<Output>,
}

/// A path that is written, and the argument that says so.
struct Output {
    path: PathBuf,
    argument: &'static str,
    /// Whether its folder must be there already.
    alone: bool,
}

/// What makes two paths the same file, whatever they are called.
#[derive(PartialEq, Eq, Hash)]
enum Identity {
    /// Where the path leads.
    Path(PathBuf),
    /// The device and the number of the file on it, which all of its names share.
    Inode(u64, u64),
}

impl Files {
    /// Adds files that are read.
    pub fn reads<P: AsRef<Path>>(mut self, paths: impl IntoIterator<Item = P>) -> Self {
        self.read.extend(paths.into_iter().map(|path| path.as_ref().to_owned()));
        self
    }

    /// Adds a file that is written, if this argument names one.
    pub fn writes<P: AsRef<Path>>(
        mut self,
        argument: &'static str,
        path: impl IntoIterator<Item = P>,
    ) -> Self {
        let output = |path: P| Output { path: path.as_ref().to_owned(), argument, alone: true };
        self.written.extend(path.into_iter().map(output));
        self
    }

    /// Adds files that are written in a folder, which is made if it is not there.
    pub fn writes_in<N: AsRef<Path>>(
        mut self,
        argument: &'static str,
        folder: &Path,
        names: impl IntoIterator<Item = N>,
    ) -> Self {
        let output = |path| Output { path, argument, alone: false };
        self.folders.push(output(folder.to_owned()));
        self.written.extend(names.into_iter().map(|name| output(folder.join(name))));
        self
    }

    /// Refuses what would lose a file, or could not be written when all work is done.
    ///
    /// Links are followed, names without a file are compared by where they would be.
    pub fn check(&self) -> anyhow::Result<()> {
        for output in self.written.iter().filter(|output| output.alone) {
            check_target(&output.path)?;
        }
        let mut known = HashMap::new();
        for path in &self.read {
            known.extend(identities(path).into_iter().map(|identity| (identity, (path, None))));
        }
        for output in self.folders.iter().chain(&self.written) {
            let identities = identities(&output.path);
            if let Some(other) = identities.iter().find_map(|identity| known.get(identity)) {
                bail!("{}", collision(output, *other));
            }
            let entry = (&output.path, Some(output.argument));
            known.extend(identities.into_iter().map(|identity| (identity, entry)));
        }
        for Output { path, .. } in &self.folders {
            if path.exists() && !path.is_dir() {
                bail!("{}: is a file, expected a folder for results", path.display());
            }
        }
        Ok(())
    }
}

/// In a sentence, that an output is the same file as one that is read, or written by an argument.
fn collision(output: &Output, (other, writer): (&PathBuf, Option<&str>)) -> String {
    let Output { path, argument, .. } = output;
    let same = if path == other {
        String::new()
    } else {
        format!("the same file as {}, ", other.display())
    };
    match writer {
        None => format!(
            "{}: is {same}the file to read, expected another for {argument}",
            path.display()
        ),
        Some(writer) => format!(
            "{}: is {same}the file to write as {writer}, expected another for {argument}",
            path.display()
        ),
    }
}

/// The files that are read where a path names a file, or a folder of arrays: a file each.
pub fn arrays_of(path: &Path) -> Vec<PathBuf> {
    let arrays = fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    arrays.chain([path.to_owned()]).collect()
}

fn identities(path: &Path) -> Vec<Identity> {
    let path = resolved(path, LINKS);
    #[cfg(unix)]
    if let Ok(found) = fs::metadata(&path) {
        use std::os::unix::fs::MetadataExt;
        let inode = Identity::Inode(found.dev(), found.ino());
        return vec![Identity::Path(path), inode];
    }
    vec![Identity::Path(path)]
}

/// As many links as Linux follows one after the other.
const LINKS: usize = 40;

/// Where a path leads through links and `..`, whether or not there is a file or a folder yet.
fn resolved(path: &Path, links: usize) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    if let Ok(found) = fs::canonicalize(&path) {
        return found;
    }
    let Some(folder) = path.parent() else { return path };
    let folder = resolved(folder, links);
    // Without a name it ends in `..`.
    let above = || folder.parent().map_or_else(|| folder.clone(), Path::to_owned);
    let place = path.file_name().map_or_else(above, |name| folder.join(name));
    match (fs::canonicalize(&place), fs::read_link(&place)) {
        (Ok(found), _) => found,
        // A link to what is not there yet.
        (_, Ok(link)) if links > 0 => resolved(&folder.join(link), links - 1),
        _ => place,
    }
}

/// Fails early if a file could not be written where `path` points to, before any work is done
/// for it.
fn check_target(path: &Path) -> anyhow::Result<()> {
    if path.is_dir() {
        let what = format!("{}: is a folder, expected the name of a file to write", path.display());
        bail!(io::Error::new(io::ErrorKind::IsADirectory, what));
    }
    if path.exists() && !path.is_file() {
        bail!("{}: is a device or the like, expected a file to write", path.display());
    }
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        let what = format!("there is no folder {} to write it to", folder.display());
        bail!(io::Error::new(io::ErrorKind::NotFound, format!("{}: {what}", path.display())));
    }
    tempfile::tempfile_in(folder)
        .with_context(|| format!("{}: cannot be written", path.display()))?;
    Ok(())
}
