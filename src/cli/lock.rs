//! A folder that is written to is locked: a second process that would mix its results with those of the
//! first is refused. A lock dies with its process, however that ends.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use crate::part::Part;

/// Held while results are written.
#[derive(Debug)]
pub struct Lock {
    /// None on a file system that has no locks.
    file: Option<File>,
    path: PathBuf,
    /// Whether it made the folder.
    is_new: bool,
}

/// What a lock keeps out.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Everyone.
    Alone,
    /// Those who want to be alone.
    Shared,
    /// Everyone, for whom it waits.
    Moment,
}

/// The file in a folder that is locked.
const NAME: &str = ".rankproof.lock";

impl Lock {
    /// Of a folder, which is made if it is not there. Parts of a run share it; all else is alone in
    /// it.
    pub fn of_folder(folder: &Path, part: Option<Part>) -> anyhow::Result<Self> {
        let kind = if part.is_some() { Kind::Shared } else { Kind::Alone };
        Self::new(folder, folder.join(NAME), kind)
    }

    /// Of a file that is to be written.
    pub fn of_file(path: &Path) -> anyhow::Result<Self> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Self::new(path, path.with_file_name(format!(".{name}.lock")), Kind::Alone)
    }

    /// Of a folder for a moment, in which parts agree on what they do.
    pub fn for_a_moment(folder: &Path) -> anyhow::Result<Self> {
        Self::new(folder, folder.join(".rankproof-plan.lock"), Kind::Moment)
    }

    fn new(what: &Path, path: PathBuf, kind: Kind) -> anyhow::Result<Self> {
        let mut is_new = false;
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            is_new = !folder.exists();
            fs::create_dir_all(folder)
                .with_context(|| format!("{}: cannot be made", folder.display()))?;
        }
        loop {
            let file = File::options().create(true).truncate(false).write(true).open(&path);
            let file = file.with_context(|| format!("{}: cannot be written", path.display()))?;
            let locked = match kind {
                Kind::Alone => file.try_lock(),
                Kind::Shared => file.try_lock_shared(),
                Kind::Moment => file.lock().map_err(TryLockError::Error),
            };
            match locked {
                // Another one may have removed it before it was locked.
                Ok(()) if !is_at(&file, &path) => {}
                Ok(()) => return Ok(Lock { file: Some(file), path, is_new }),
                Err(TryLockError::WouldBlock) => bail!(
                    "{}: another process is writing there now, expected another --out or its end",
                    what.display()
                ),
                Err(TryLockError::Error(error)) => {
                    eprintln!(
                        "note: {} cannot be locked ({error}), so that another process that writes \
                         there would not be noticed",
                        what.display()
                    );
                    return Ok(Lock { file: None, path, is_new });
                }
            }
        }
    }
}

/// Removes its file, unless others share it, and a folder that it made to which nothing was written.
impl Drop for Lock {
    fn drop(&mut self) {
        let is_last = match &self.file {
            Some(file) => file.unlock().is_ok() && file.try_lock().is_ok(),
            None => true,
        };
        if is_last {
            // What stays does no harm.
            let _ = fs::remove_file(&self.path);
            if let Some(folder) = self.path.parent().filter(|_| self.is_new) {
                let _ = fs::remove_dir(folder);
            }
        }
    }
}

/// Whether this open file is the one of that name.
fn is_at(file: &File, path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        let place = |found: fs::Metadata| (found.dev(), found.ino());
        let same =
            || -> io::Result<bool> { Ok(place(file.metadata()?) == place(fs::metadata(path)?)) };
        same().unwrap_or(false)
    }
    #[cfg(not(unix))]
    {
        let _ = (file, path);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(lock: anyhow::Result<Lock>) -> bool {
        lock.is_err_and(|error| error.to_string().contains("another process is writing there"))
    }

    #[test]
    fn one_is_alone_and_parts_share() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        let part = Some("1/2".parse().unwrap());
        fs::create_dir(&out).unwrap();
        let alone = Lock::of_folder(&out, None).unwrap();
        assert!(refused(Lock::of_folder(&out, None)) && refused(Lock::of_folder(&out, part)));
        drop(alone);
        let first = Lock::of_folder(&out, part).unwrap();
        let second = Lock::of_folder(&out, part).unwrap();
        assert!(refused(Lock::of_folder(&out, None)));
        drop(first);
        assert!(refused(Lock::of_folder(&out, None)));
        drop(second);
        assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
        fs::remove_dir(&out).unwrap();
        drop(Lock::of_folder(&out, None).unwrap());
        assert!(!out.exists(), "nothing was written to it");
        fs::create_dir(&out).unwrap();
        // What a killed process left is no obstacle.
        fs::write(out.join(NAME), "").unwrap();
        drop(Lock::of_folder(&out, None).unwrap());
        assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
    }

    #[test]
    fn a_file_is_locked_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let lock = Lock::of_file(&folder.path().join("w.npz")).unwrap();
        assert!(refused(Lock::of_file(&folder.path().join("w.npz"))));
        drop(Lock::of_file(&folder.path().join("v.npz")).unwrap());
        drop(lock);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
