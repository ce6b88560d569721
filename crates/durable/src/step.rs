//! What is done to a disk, one step at a time.

use std::fs::{self, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::os::unix::fs::{PermissionsExt as _, fchown, symlink};
use std::path::{Path, PathBuf};

use crate::crash_point::pass_at;
#[cfg(debug_assertions)]
use crate::power::{Step, record_step};

/// A file that is being written.
#[derive(Debug)]
pub struct File {
    file: fs::File,
    path: PathBuf,
}

// === impl File ===

impl File {
    /// Makes a file that is not there yet, for this user only.
    ///
    /// # Errors
    /// It is there, or cannot be made.
    pub fn create_new(path: &Path) -> io::Result<Self> {
        pass_at("a file is about to be made", path);
        let mut options = OpenOptions::new();
        let file = options
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(path)?;
        #[cfg(debug_assertions)]
        record_step(|| Step::Make(path.to_owned()));
        Ok(Self {
            file,
            path: path.to_owned(),
        })
    }

    /// Makes a file, or takes one over that a killed writer left, and keeps other writers out until
    /// this value is dropped or the file has another name.
    pub(crate) fn take(path: &Path) -> io::Result<Self> {
        pass_at("a file is about to be made", path);
        loop {
            let mut options = OpenOptions::new();
            let options = options.write(true).create(true).truncate(false).mode(0o600);
            let file = options.open(path)?;
            file.lock()?;
            // Whoever had the lock has renamed it meanwhile: this is a file in use.
            if !is_at(&file, path)? {
                continue;
            }
            file.set_len(0)?;
            file.set_permissions(Permissions::from_mode(0o600))?;
            #[cfg(debug_assertions)]
            record_step(|| Step::Make(path.to_owned()));
            return Ok(Self {
                file,
                path: path.to_owned(),
            });
        }
    }

    /// Gives it to those who may read it, whatever the umask says.
    pub(crate) fn allow(&self, mode: u32, uid: Option<u32>, gid: Option<u32>) -> io::Result<()> {
        if uid.is_some() || gid.is_some() {
            fchown(&self.file, uid, gid)?;
        }
        self.file.set_permissions(Permissions::from_mode(mode))
    }

    /// Waits until what was written is on disk. Its name may not be: see [`sync_directory`].
    ///
    /// # Errors
    /// It could not be written; what is on disk is not known.
    pub fn sync(&self) -> io::Result<()> {
        pass_at("a file is written and not synced", &self.path);
        self.file.sync_all()?;
        #[cfg(debug_assertions)]
        record_step(|| Step::Sync(self.path.clone()));
        pass_at("a file is synced", &self.path);
        Ok(())
    }
}

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        #[cfg(debug_assertions)]
        record_step(|| Step::Append(self.path.clone(), bytes[..count].to_vec()));
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Renames a file or directory; both names are in the directories that hold them, and neither is on
/// disk before [`sync_directory`].
///
/// # Errors
/// As [`std::fs::rename`].
pub fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to)?;
    #[cfg(debug_assertions)]
    record_step(|| Step::Rename(from.to_owned(), to.to_owned()));
    pass_at("a file has its name, which is not synced yet", to);
    Ok(())
}

/// Gives a file a second name, which is not on disk before [`sync_directory`].
///
/// # Errors
/// As [`std::fs::hard_link`]; above all, the name is taken.
pub fn hard_link(from: &Path, to: &Path) -> io::Result<()> {
    fs::hard_link(from, to)?;
    #[cfg(debug_assertions)]
    record_step(|| Step::Link(from.to_owned(), to.to_owned()));
    pass_at("a file has another name, which is not synced yet", to);
    Ok(())
}

/// Removes a file; what is not there is no error.
///
/// # Errors
/// As [`std::fs::remove_file`].
pub fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        removed => removed?,
    }
    #[cfg(debug_assertions)]
    record_step(|| Step::Remove(path.to_owned()));
    pass_at("a file is removed, which is not synced yet", path);
    Ok(())
}

/// Waits until the names in a directory are on disk.
///
/// # Errors
/// It is none, or cannot be synced.
pub fn sync_directory(path: &Path) -> io::Result<()> {
    fs::File::open(path)?.sync_all()?;
    #[cfg(debug_assertions)]
    record_step(|| Step::SyncDirectory(path.to_owned()));
    pass_at("a directory is synced", path);
    Ok(())
}

/// Makes one directory for this user only. Whether it was not there.
pub(crate) fn make_one_directory(path: &Path) -> io::Result<bool> {
    match fs::DirBuilder::new().mode(0o700).create(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists && path.is_dir() => Ok(false),
        Err(error) => Err(error),
        Ok(()) => {
            #[cfg(debug_assertions)]
            record_step(|| Step::MakeDirectory(path.to_owned()));
            pass_at("a directory is made, which is not synced yet", path);
            Ok(true)
        }
    }
}

/// Makes a link, whatever it leads to.
pub(crate) fn make_link(leads_to: &Path, path: &Path) -> io::Result<()> {
    symlink(leads_to, path)?;
    #[cfg(debug_assertions)]
    record_step(|| Step::MakeLink(leads_to.to_owned(), path.to_owned()));
    Ok(())
}

fn is_at(file: &fs::File, path: &Path) -> io::Result<bool> {
    let opened = file.metadata()?;
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        named => Ok(named.map(|named| (named.dev(), named.ino()) == (opened.dev(), opened.ino()))?),
    }
}
