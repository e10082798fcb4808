//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, IntoInnerError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::{NamedTempFile, TempPath};
use thiserror::Error;

/// Why a file could not be written: `out/ranks.json: cannot be written: Permission denied`.
#[derive(Debug, Error)]
#[error("{}: cannot be written: {error}", path.display())]
#[non_exhaustive]
pub struct WriteError {
    /// The path as it was given.
    pub path: PathBuf,
    /// What failed.
    pub error: io::Error,
}

/// Writes a file beside its target and renames it into place once all of it is on the disk.
///
/// If `write` or anything after it fails, what was at `path` before is still there, and nothing
/// else. A link is followed: the file that it points to is replaced. The new file may be read by
/// those whom the user's umask allows to.
///
/// # Errors
///
/// If `write` fails, the directory does not exist or cannot be written to, the disk is full, or
/// something else than a file is at `path`.
pub fn write_atomically<T>(
    path: impl AsRef<Path>,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<T>,
) -> Result<T, WriteError> {
    let path = path.as_ref();
    replace(path, write).map_err(|error| WriteError { path: path.to_owned(), error })
}

fn replace<T>(
    path: &Path,
    write: impl FnOnce(&mut BufWriter<File>) -> io::Result<T>,
) -> io::Result<T> {
    let mut new = NewFile::beside(path)?;
    let outcome = write(&mut new.writer)?;
    new.put_in_place()?;
    Ok(outcome)
}

/// A file that is not in its place yet.
struct NewFile {
    target: PathBuf,
    temporary: TempPath,
    writer: BufWriter<File>,
}

impl NewFile {
    fn beside(path: &Path) -> io::Result<Self> {
        let target = target(path)?;
        let directory = directory(&target);
        remove_abandoned(directory);
        let (file, temporary) = temporary_file(directory)?.into_parts();
        // Says to others that somebody writes it; not every file system can.
        let _ = file.try_lock();
        Ok(NewFile { target, temporary, writer: BufWriter::new(file) })
    }

    fn put_in_place(self) -> io::Result<()> {
        let file = self.writer.into_inner().map_err(IntoInnerError::into_error)?;
        file.sync_all()?;
        self.temporary.persist(&self.target)?;
        sync_directory(directory(&self.target));
        Ok(())
    }
}

fn directory(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// The file to replace: what a link points to, and never a directory, a pipe or a device.
fn target(path: &Path) -> io::Result<PathBuf> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(found) if !found.is_file() => Err(io::Error::other("it is not a regular file")),
        Ok(_) => fs::canonicalize(path),
        Err(_) if path.file_name().is_none() => Err(io::Error::other("it is not a file name")),
        Err(_) => Ok(path.to_owned()),
    }
}

/// What the names of files begin and end with that are not whole.
const PREFIX: &str = ".rankproof-";
const SUFFIX: &str = ".tmp";

/// So long a new file may stand without a lock.
const NEW: Duration = Duration::from_secs(60);

/// Removes what programs left that were killed while they wrote: of a program that lives the file
/// is locked. What cannot be removed stays, and does no harm.
fn remove_abandoned(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let is_temporary =
            name.to_str().is_some_and(|name| name.starts_with(PREFIX) && name.ends_with(SUFFIX));
        if is_temporary && is_abandoned(&entry.path()).unwrap_or(false) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn is_abandoned(path: &Path) -> io::Result<bool> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    let age = metadata.modified()?.elapsed().unwrap_or_default();
    Ok(metadata.is_file() && age > NEW && file.try_lock().is_ok())
}

fn temporary_file(directory: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX).suffix(SUFFIX);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Less the umask, as for any new file.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    // The error of tempfile itself names the temporary path, which means nothing to the user.
    builder.tempfile_in(directory).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => io::Error::new(error.kind(), "its directory does not exist"),
        kind => kind.into(),
    })
}

/// Makes the renaming last through a power cut, where directories can be synchronised.
fn sync_directory(directory: &Path) {
    // The file is in place and whole either way, so a failure here is not one of writing.
    let _ = File::open(directory).and_then(|directory| directory.sync_all());
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::time::SystemTime;

    use super::*;

    fn entries(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn replaces_the_whole_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.json");
        fs::write(&path, "a long text that was here before").unwrap();
        let outcome = write_atomically(&path, |out| out.write_all(b"{}").map(|()| 7)).unwrap();
        assert_eq!(outcome, 7);
        assert_eq!(fs::read(&path).unwrap(), b"{}");
        assert_eq!(entries(directory.path()), ["out.json"]);
    }

    #[test]
    fn what_a_killed_program_left_is_removed_and_what_another_writes_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let old = |name: &str| {
            let file = File::create(directory.path().join(name)).unwrap();
            file.set_modified(SystemTime::now() - 2 * NEW).unwrap();
            file
        };
        drop(old(".rankproof-left.tmp"));
        drop(old(".other-left.tmp"));
        let written = old(".rankproof-written.tmp");
        written.lock().unwrap();
        File::create(directory.path().join(".rankproof-new.tmp")).unwrap();
        write_atomically(directory.path().join("out.json"), |out| out.write_all(b"{}")).unwrap();
        let expected =
            [".other-left.tmp", ".rankproof-new.tmp", ".rankproof-written.tmp", "out.json"];
        assert_eq!(entries(directory.path()), expected);
    }

    #[test]
    fn failure_and_panic_leave_the_old_file_and_nothing_else() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("out.json");
        fs::write(&path, "old").unwrap();
        let error = write_atomically(&path, |out| {
            out.write_all(b"half of the new")?;
            Err::<(), _>(io::Error::other("the disk is full"))
        });
        let message = error.unwrap_err().to_string();
        assert_eq!(message, format!("{}: cannot be written: the disk is full", path.display()));
        let panicked = std::panic::catch_unwind(|| {
            write_atomically(&path, |_| -> io::Result<()> { panic!("on purpose") })
        });
        assert!(panicked.is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(entries(directory.path()), ["out.json"]);
    }

    #[test]
    fn what_cannot_be_a_file_is_refused_by_name() {
        let directory = tempfile::tempdir().unwrap();
        let refused = |path: &Path| {
            let message = write_atomically(path, |_| Ok(())).unwrap_err().to_string();
            assert!(message.starts_with(&format!("{}: ", path.display())), "{message}");
            message
        };
        let nowhere = refused(&directory.path().join("no/out.json"));
        assert!(nowhere.ends_with("cannot be written: its directory does not exist"), "{nowhere}");
        assert!(refused(directory.path()).contains("is a directory"));
        assert!(refused(Path::new("")).ends_with("it is not a file name"));
        assert!(entries(directory.path()).is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn special_files_stay_and_links_are_followed() {
        use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
        use std::os::unix::net::UnixListener;

        let directory = tempfile::tempdir().unwrap();
        // Stands for devices: a regression of this code run by root would replace a real one.
        let socket = directory.path().join("socket");
        let _listener = UnixListener::bind(&socket).unwrap();
        let error = write_atomically(&socket, |_| Ok(())).unwrap_err().to_string();
        assert!(error.ends_with("socket: cannot be written: it is not a regular file"), "{error}");
        assert!(fs::metadata(&socket).unwrap().file_type().is_socket());

        let (file, link) = (directory.path().join("file"), directory.path().join("link"));
        fs::write(&file, "old").unwrap();
        symlink("file", &link).unwrap();
        write_atomically(&link, |out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());

        // The same permissions as a file created in the ordinary way.
        let ordinary = directory.path().join("ordinary");
        fs::write(&ordinary, "").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&file), mode(&ordinary));
    }
}
