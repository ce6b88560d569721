//! Directories whose names outlast a loss of power.

use std::io::{self, ErrorKind};
use std::path::Path;

use crate::replace::directory_of;
use crate::step::{make_one_directory, sync_directory};

/// Makes a directory and its parents, for this user only; the names of those that were missing are
/// on disk when this returns.
///
/// # Errors
/// One cannot be made or synced.
pub fn make_directory(path: &Path) -> io::Result<()> {
    if make(path)? {
        sync_directory(directory_of(path))?;
    }
    Ok(())
}

/// As [`make_directory`], for what nobody misses after a loss of power.
///
/// # Errors
/// One cannot be made.
pub fn make_directory_unsynced(path: &Path) -> io::Result<()> {
    match make_one_directory(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make_directory_unsynced(parent_of(path, error)?)?;
            make_one_directory(path).map(drop)
        }
        made => made.map(drop),
    }
}

/// Makes it, its parents durably. Whether it was missing.
fn make(path: &Path) -> io::Result<bool> {
    match make_one_directory(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            make_directory(parent_of(path, error)?)?;
            make_one_directory(path)
        }
        made => made,
    }
}

/// The directory to be made first; the error where there is none.
fn parent_of(path: &Path, error: io::Error) -> io::Result<&Path> {
    let parent = directory_of(path);
    if parent == path {
        Err(error)
    } else {
        Ok(parent)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn what_is_missing_is_made_for_this_user_alone() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("run/shop/blue");
        make_directory(&path).unwrap();
        make_directory(&path).unwrap();
        for path in [&path, path.parent().unwrap()] {
            let mode = path.metadata().unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        let file = home.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert!(make_directory(&file).is_err());
        assert!(make_directory(&file.join("below")).is_err());
    }
}
