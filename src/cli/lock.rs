//! The lock of what a command writes to.

use std::path::Path;

use crate::file::Lock;
use crate::part::Part;

/// Of a folder, which is made if it is not there. Parts of a run share it; all else is alone in it.
pub fn lock_folder(folder: &Path, part: Option<Part>) -> anyhow::Result<Lock> {
    let lock = match part {
        Some(_) => Lock::of_shared_folder(folder)?,
        None => Lock::of_folder(folder)?,
    };
    Ok(told(lock))
}

/// Of a file that is to be written.
pub fn lock_file(path: &Path) -> anyhow::Result<Lock> {
    Ok(told(Lock::of_file(path)?))
}

/// Says so where a file system has no locks.
fn told(lock: Lock) -> Lock {
    if let Some(missing) = lock.missing() {
        eprintln!("note: {missing}");
    }
    lock
}
