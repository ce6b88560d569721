//! One proxy per directory.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::PathBuf;

use rustix::fs::{FlockOperation, flock};

use crate::options::Paths;

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
pub(crate) struct Lock(#[expect(dead_code, reason = "held, not read")] File);

/// Makes the directory where it is missing and takes it.
pub(crate) fn take(paths: &Paths) -> Result<Lock, Error> {
    let failed = |source| Error::Io {
        path: paths.dir().to_owned(),
        source,
    };
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(paths.dir())
        .map_err(failed)?;
    // The directory guards the control socket, so one that was there before is closed too.
    fs::set_permissions(paths.dir(), fs::Permissions::from_mode(0o700)).map_err(failed)?;
    let file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(paths.lock())
        .map_err(failed)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(Lock(file)),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(Error::Taken(paths.dir().to_owned())),
        Err(errno) => Err(failed(errno.into())),
    }
}
