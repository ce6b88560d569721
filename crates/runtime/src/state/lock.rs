//! File locks that the kernel releases when their holder dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use super::files;

/// Between two attempts to take a lock that another process holds: short beside what it guards,
/// long beside an attempt.
const RETRY: Duration = Duration::from_millis(10);

/// A lock that is released when this value is dropped.
#[derive(Debug)]
pub(crate) struct Guard(File);

impl Drop for Guard {
    /// Closing the file is not enough: a process that another thread forks has a copy of it until
    /// it executes its program.
    fn drop(&mut self) {
        // An unlock that fails is made up for by the file's end.
        let _ = self.0.unlock();
    }
}

/// Takes the lock, if nobody holds it.
pub(crate) fn try_exclusive(path: &Path) -> io::Result<Option<Guard>> {
    Ok(try_lock_file(path)?.map(Guard))
}

/// As [`try_exclusive`], for a file that is passed on: it stays locked until its last copy is
/// closed.
pub(crate) fn try_lock_file(path: &Path) -> io::Result<Option<File>> {
    if let Some(parent) = path.parent() {
        files::create_private_directory(parent)?;
    }
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)?;
    match file.try_lock() {
        Ok(()) => Ok(Some(file)),
        Err(TryLockError::WouldBlock) => Ok(None),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Takes the lock when its present holder is done.
pub(crate) async fn exclusive(path: &Path) -> io::Result<Guard> {
    loop {
        if let Some(guard) = try_exclusive(path)? {
            return Ok(guard);
        }
        tokio::time::sleep(RETRY).await;
    }
}

/// Whether somebody holds the lock exclusively.
///
/// The test takes a shared lock for a moment, so that two tests do not see each other.
pub(crate) fn is_held(path: &Path) -> io::Result<bool> {
    let file = match File::open(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        file => file?,
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}
