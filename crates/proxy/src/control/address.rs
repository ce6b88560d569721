//! Paths of unix sockets that are longer than the system's addresses.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};

/// The shortest limit of a socket's path among the systems we run on, with its end.
const LONGEST: usize = 103;

/// A path that fits into a socket's address, for as long as it is kept.
#[derive(Debug)]
pub struct Address {
    path: PathBuf,
    /// The directory, which the short path leads through.
    _dir: Option<File>,
}

// === impl Address ===

impl Address {
    /// The socket at `path`, by way of its opened directory if the path is too long.
    ///
    /// # Errors
    /// The directory cannot be opened.
    pub fn of(path: &Path) -> io::Result<Self> {
        let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(io::ErrorKind::InvalidInput.into());
        };
        if path.as_os_str().len() <= LONGEST {
            return Ok(Self {
                path: path.to_owned(),
                _dir: None,
            });
        }
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let dir = File::from(rustix::fs::open(dir, flags, Mode::empty())?);
        let path = PathBuf::from(format!("/proc/self/fd/{}", dir.as_raw_fd())).join(name);
        Ok(Self {
            path,
            _dir: Some(dir),
        })
    }

    /// The path to bind or to connect to.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;

    #[test]
    fn a_socket_can_be_deep_down() {
        let dir = tempfile::tempdir().unwrap();
        let deep = dir.path().join("a-long-name".repeat(20));
        std::fs::create_dir(&deep).unwrap();
        for path in [dir.path().join("s"), deep.join("s")] {
            let _listener = UnixListener::bind(Address::of(&path).unwrap().path()).unwrap();
            assert!(path.exists());
            UnixStream::connect(Address::of(&path).unwrap().path()).unwrap();
        }
        let missing = Address::of(&deep.join("missing").join("s")).unwrap_err();
        assert_eq!(missing.kind(), io::ErrorKind::NotFound);
    }
}
