//! One proxy per directory.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use crate::options::Paths;

/// A proxy that just ended, or a process it was about to start, may hold the lock for a moment.
const PATIENCE: Duration = Duration::from_millis(500);

/// Between two attempts.
const AGAIN: Duration = Duration::from_millis(10);

/// Why a directory could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another proxy runs there.
    #[error("another proxy is running in `{0}`")]
    Taken(PathBuf),
    /// The directory could not be made or its lock not opened.
    #[error("could not take the directory `{path}`")]
    Io {
        /// The directory.
        path: PathBuf,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
}

/// The directory, taken until it is dropped or the process ends, however it ends.
#[derive(Debug)]
pub(crate) struct Lock(File);

// === impl Lock ===

impl Lock {
    /// One that a process before this one took, and handed over.
    pub(crate) fn held(file: File) -> Self {
        Self(file)
    }
}

impl From<Lock> for OwnedFd {
    fn from(lock: Lock) -> Self {
        lock.0.into()
    }
}

/// Makes the directory where it is missing and takes it.
pub(crate) fn take(paths: &Paths) -> Result<Lock, Error> {
    let failed = |source| Error::Io {
        path: paths.dir().to_owned(),
        source,
    };
    shipway_durable::make_directory(paths.dir()).map_err(failed)?;
    // The directory guards the control socket, so one that was there before is closed too.
    fs::set_permissions(paths.dir(), fs::Permissions::from_mode(0o700)).map_err(failed)?;
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(paths.lock())
        .map_err(failed)?;
    let give_up = Instant::now() + PATIENCE;
    loop {
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => return Ok(Lock(file)),
            Err(Errno::WOULDBLOCK) if Instant::now() < give_up => thread::sleep(AGAIN),
            Err(Errno::WOULDBLOCK) => return Err(Error::Taken(paths.dir().to_owned())),
            Err(errno) => return Err(failed(errno.into())),
        }
    }
}
