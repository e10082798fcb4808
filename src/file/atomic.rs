//! Files that appear whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, IntoInnerError};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
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
    let target = target(path)?;
    let directory = match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let (file, temporary) = temporary_file(directory)?.into_parts();
    let mut writer = BufWriter::new(file);
    let outcome = write(&mut writer)?;
    writer.into_inner().map_err(IntoInnerError::into_error)?.sync_all()?;
    temporary.persist(&target)?;
    sync_directory(directory);
    Ok(outcome)
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

fn temporary_file(directory: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".rankproof-").suffix(".tmp");
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
