//! A file that is replaced as a whole.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use crate::step::{self, File};

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// Its permissions.
    pub mode: u32,
    /// Somebody else than this user; only root can give a file away.
    pub uid: Option<u32>,
    /// Another group than this user's.
    pub gid: Option<u32>,
}

/// Writes a file for this user only. Readers see the old or the new content and never a part,
/// whatever is killed; when this returns, the new one outlasts a loss of power.
///
/// What was killed in the middle leaves a file of a name of its own ([`temporary_of`]), which the
/// next one takes over. Of two who write at once, one waits for the other.
///
/// # Errors
/// It could not be written: then it is the old one, or the new one if only its name could not be
/// synced.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    replace_as(path, content, Access::PRIVATE)
}

/// As [`replace`], for others to read as well.
///
/// # Errors
/// As [`replace`].
pub fn replace_as(path: &Path, content: &[u8], access: Access) -> io::Result<()> {
    let staged = stage(path, content, access)?;
    staged.sync()?;
    publish(&temporary_of(path), path)
}

/// As [`replace`], but for the loss of power: after one, the file is the old one, the new one, or
/// broken. For what speaks of processes, which are gone then, and can be told from garbage.
///
/// # Errors
/// It could not be written.
pub fn replace_unsynced(path: &Path, content: &[u8]) -> io::Result<()> {
    let _staged = stage(path, content, Access::PRIVATE)?;
    crate::crash_point::pass("a file is written and has no name yet");
    step::rename(&temporary_of(path), path)
}

/// Makes a link lead elsewhere, as [`replace`] does with a file.
///
/// # Errors
/// It could not be made.
pub fn replace_link(path: &Path, leads_to: &Path) -> io::Result<()> {
    let temporary = temporary_of(path);
    // A link cannot be locked. The lock goes with the file, at the end.
    let directory = fs::File::open(directory_of(path))?;
    directory.lock()?;
    step::remove(&temporary)?;
    step::make_link(leads_to, &temporary)?;
    publish(&temporary, path)
}

/// Gives what is whole and on disk its name, for good.
///
/// # Errors
/// It could not be renamed, or the name not be synced.
pub fn publish(from: &Path, to: &Path) -> io::Result<()> {
    step::rename(from, to)?;
    step::sync_directory(directory_of(to))
}

/// What a file is called while it is written.
#[must_use]
pub fn temporary_of(path: &Path) -> PathBuf {
    let mut name = std::ffi::OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".new");
    path.with_file_name(name)
}

/// Removes from a directory what writers left there that were killed, and nothing that somebody
/// writes; no directory is no error.
///
/// # Errors
/// It cannot be read, or something not be removed.
pub fn remove_leftovers(directory: &Path) -> io::Result<()> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let (path, name) = entry.map(|entry| (entry.path(), entry.file_name()))?;
        let name = name.as_encoded_bytes();
        if !(name.starts_with(b".") && name.ends_with(b".new")) {
            continue;
        }
        let file = match fs::File::open(&path) {
            // Its writer has given it its name since.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            file => file?,
        };
        if file.metadata()?.is_file() && file.try_lock().is_ok() {
            step::remove(&path)?;
        }
    }
    Ok(())
}

pub(crate) fn directory_of(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn stage(path: &Path, content: &[u8], access: Access) -> io::Result<File> {
    let mut file = File::take(&temporary_of(path))?;
    file.write_all(content)?;
    if access != Access::PRIVATE {
        file.allow(access.mode, access.uid, access.gid)?;
    }
    Ok(file)
}

// === impl Access ===

impl Access {
    /// This user's alone.
    pub const PRIVATE: Self = Self {
        mode: 0o600,
        uid: None,
        gid: None,
    };
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_is_written_is_private_unless_it_is_not_to_be() {
        let home = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let path = home.path().join("spec.json");
        replace(&path, b"{}").unwrap();
        assert_eq!(mode(&path), 0o600);
        let access = Access {
            mode: 0o755,
            ..Access::PRIVATE
        };
        replace_as(&path, b"#!/bin/sh", access).unwrap();
        assert_eq!(mode(&path), 0o755);
        assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1);
    }

    #[test]
    fn what_a_killed_writer_left_is_taken_over() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("epoch");
        fs::write(temporary_of(&path), "much longer than what comes").unwrap();
        replace(&path, b"7").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"7");
        assert!(!temporary_of(&path).exists());
    }

    #[test]
    fn what_a_killed_writer_left_is_removed_and_what_another_writes_is_not() {
        let home = tempfile::tempdir().unwrap();
        let [left, written] = ["left", "written"].map(|name| home.path().join(name));
        fs::write(temporary_of(&left), "").unwrap();
        let _writing = stage(&written, b"7", Access::PRIVATE).unwrap();
        remove_leftovers(home.path()).unwrap();
        assert!(!temporary_of(&left).exists() && temporary_of(&written).exists());
        remove_leftovers(&left).unwrap();
    }

    #[test]
    fn of_those_who_write_at_once_each_is_whole() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("table");
        replace(&path, &[0; 4096]).unwrap();
        std::thread::scope(|scope| {
            for writer in 1..=4_u8 {
                let path = &path;
                scope.spawn(move || {
                    for _ in 0..25 {
                        replace_unsynced(path, &[writer; 4096]).unwrap();
                        let found = fs::read(path).unwrap();
                        assert!(found.len() == 4096 && found.iter().all(|it| *it == found[0]));
                    }
                });
            }
        });
        assert!(!temporary_of(&path).exists());
    }

    #[test]
    fn a_link_is_replaced() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("newest");
        for target in ["one", "two"] {
            replace_link(&path, Path::new(target)).unwrap();
            assert_eq!(fs::read_link(&path).unwrap(), Path::new(target));
        }
    }
}
