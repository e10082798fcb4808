//! A folder that is written to is locked: a second process that would mix its results with those of the
//! first is refused. A lock dies with its process, however that ends.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::WriteError;

/// Held while results are written.
#[derive(Debug)]
pub struct Lock {
    /// On a file system that has no locks, a sentence that says so.
    held: Result<File, String>,
    path: PathBuf,
    /// Whether it made the folder.
    is_new: bool,
}

/// Why a folder or a file is not locked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LockError {
    /// By another one, which it would be mixed with.
    #[error(
        "{}: another process is writing there now, expected another place or its end",
        .0.display()
    )]
    Taken(PathBuf),
    /// The folder cannot be made.
    #[error("{}: cannot be made: {error}", path.display())]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What failed.
        error: io::Error,
    },
    /// Nothing can be written there.
    #[error(transparent)]
    Write(#[from] WriteError),
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
    /// Of a folder, which is made if it is not there, alone.
    ///
    /// # Errors
    ///
    /// If another process writes there, or the folder cannot be made or written to. A file system without
    /// locks is none, see [`missing`](Self::missing).
    pub fn of_folder(folder: &Path) -> Result<Self, LockError> {
        Self::new(folder, folder.join(NAME), Kind::Alone)
    }

    /// Of a folder that others share, as parts of a run do; no one is alone in it.
    ///
    /// # Errors
    ///
    /// As [`of_folder`](Self::of_folder).
    pub fn of_shared_folder(folder: &Path) -> Result<Self, LockError> {
        Self::new(folder, folder.join(NAME), Kind::Shared)
    }

    /// Of a file that is to be written.
    ///
    /// # Errors
    ///
    /// As [`of_folder`](Self::of_folder).
    pub fn of_file(path: &Path) -> Result<Self, LockError> {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        Self::new(path, path.with_file_name(format!(".{name}.lock")), Kind::Alone)
    }

    /// Of a folder for a moment, in which parts agree on what they do.
    ///
    /// # Errors
    ///
    /// As [`of_folder`](Self::of_folder), but it waits for others.
    pub fn for_a_moment(folder: &Path) -> Result<Self, LockError> {
        Self::new(folder, folder.join(".rankproof-plan.lock"), Kind::Moment)
    }

    /// A sentence that says that nothing is locked, on a file system that has no locks.
    pub fn missing(&self) -> Option<&str> {
        self.held.as_ref().err().map(String::as_str)
    }

    fn new(what: &Path, path: PathBuf, kind: Kind) -> Result<Self, LockError> {
        let mut is_new = false;
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            is_new = !folder.exists();
            let cannot = |error| LockError::Folder { path: folder.to_owned(), error };
            fs::create_dir_all(folder).map_err(cannot)?;
        }
        loop {
            let file = File::options().create(true).truncate(false).write(true).open(&path);
            let file = file.map_err(|error| WriteError { path: path.clone(), error })?;
            let locked = match kind {
                Kind::Alone => file.try_lock(),
                Kind::Shared => file.try_lock_shared(),
                Kind::Moment => file.lock().map_err(TryLockError::Error),
            };
            match locked {
                // Another one may have removed it before it was locked.
                Ok(()) if !is_at(&file, &path) => {}
                Ok(()) => return Ok(Lock { held: Ok(file), path, is_new }),
                Err(TryLockError::WouldBlock) => return Err(LockError::Taken(what.to_owned())),
                Err(TryLockError::Error(error)) => {
                    let missing = format!(
                        "{} cannot be locked ({error}), so that another process that writes there \
                         would not be noticed",
                        what.display()
                    );
                    return Ok(Lock { held: Err(missing), path, is_new });
                }
            }
        }
    }
}

/// Removes its file, unless others share it, and a folder that it made to which nothing was written.
impl Drop for Lock {
    fn drop(&mut self) {
        let is_last = match &self.held {
            Ok(file) => file.unlock().is_ok() && file.try_lock().is_ok(),
            Err(_) => true,
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

    fn refused(lock: Result<Lock, LockError>) -> bool {
        lock.is_err_and(|error| error.to_string().contains("another process is writing there"))
    }

    #[test]
    fn one_is_alone_and_parts_share() {
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("out");
        fs::create_dir(&out).unwrap();
        let alone = Lock::of_folder(&out).unwrap();
        assert!(refused(Lock::of_folder(&out)) && refused(Lock::of_shared_folder(&out)));
        drop(alone);
        let first = Lock::of_shared_folder(&out).unwrap();
        let second = Lock::of_shared_folder(&out).unwrap();
        assert!(refused(Lock::of_folder(&out)));
        drop(first);
        assert!(refused(Lock::of_folder(&out)));
        drop(second);
        assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
        fs::remove_dir(&out).unwrap();
        drop(Lock::of_folder(&out).unwrap());
        assert!(!out.exists(), "nothing was written to it");
        fs::create_dir(&out).unwrap();
        // What a killed process left is no obstacle.
        fs::write(out.join(NAME), "").unwrap();
        drop(Lock::of_folder(&out).unwrap());
        assert_eq!(fs::read_dir(&out).unwrap().count(), 0);
    }

    #[test]
    fn what_cannot_be_made_or_written_is_named() {
        let file = tempfile::NamedTempFile::new().unwrap();
        for folder in [file.path().to_owned(), file.path().join("sub")] {
            let error = Lock::of_folder(&folder).unwrap_err().to_string();
            assert!(error.contains(&format!("{}: cannot be", folder.display())), "{error}");
        }
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
