//! A disk that is soon full.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rustix::process::geteuid;
use tempfile::TempDir;

/// A file system in memory, gone afterwards with what it holds.
pub struct SmallDisk {
    path: PathBuf,
    // The last field: it removes the directory.
    directory: Option<TempDir>,
}

impl SmallDisk {
    /// Mounts one of so many MiB; `None` for those who may not mount.
    ///
    /// # Panics
    /// Root cannot mount it.
    #[must_use]
    pub fn new(mebibytes: u64) -> Option<Self> {
        let directory = TempDir::with_prefix("shipway-disk-").expect("a directory");
        let mut disk = Self::at(directory.path(), mebibytes)?;
        disk.directory = Some(directory);
        Some(disk)
    }

    /// The same at a directory that is there.
    pub(crate) fn at(path: &Path, mebibytes: u64) -> Option<Self> {
        if !geteuid().is_root() {
            return None;
        }
        let size = format!("size={mebibytes}m,mode=0700");
        let status = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &size, "tmpfs"])
            .arg(path)
            .status();
        assert!(status.is_ok_and(|status| status.success()), "cannot mount");
        Some(Self {
            path: path.to_owned(),
            directory: None,
        })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: whoever still looks at it does not keep it.
        let _ = Command::new("umount")
            .arg("--lazy")
            .arg(&self.path)
            .stderr(Stdio::null())
            .status();
    }
}
