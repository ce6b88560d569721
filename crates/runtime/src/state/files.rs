//! Private directories, and the removal of read-only trees.

use std::fs::{self, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use shipway_durable::crash_point;

use crate::Error;

/// What `st_blocks` counts in, whatever the file system's own blocks are.
const BLOCK: u64 = 512;

/// Says what was attempted on which path.
pub(crate) fn failed(action: &str, path: &Path) -> impl FnOnce(io::Error) -> Error {
    let action = format!("{action} `{}`", path.display());
    |source| Error::Io { action, source }
}

/// Makes a directory and its parents, for this user only. A loss of power may take it away: what
/// shall outlast one is in a directory of [`shipway_durable::make_directory`].
pub(crate) fn create_private_directory(path: &Path) -> io::Result<()> {
    shipway_durable::make_directory_unsynced(path)
}

/// Removes a file or tree, read-only directories included; what is not there is no error.
pub(crate) fn remove_tree(path: &Path) -> io::Result<()> {
    crash_point::pass("a tree is about to be removed");
    match remove_once(path) {
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            make_directories_writable(path)?;
            remove_once(path)
        }
        result => result,
    }
}

fn remove_once(path: &Path) -> io::Result<()> {
    let result = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match result {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn make_directories_writable(path: &Path) -> io::Result<()> {
    if !fs::symlink_metadata(path)?.is_dir() {
        return Ok(());
    }
    fs::set_permissions(path, Permissions::from_mode(0o700))?;
    for entry in fs::read_dir(path)? {
        make_directories_writable(&entry?.path())?;
    }
    Ok(())
}

/// How many bytes the files of a tree take on the disk.
pub(crate) fn weigh(path: &Path) -> io::Result<u64> {
    let metadata = fs::symlink_metadata(path)?;
    let mut bytes = metadata.blocks() * BLOCK;
    if metadata.is_dir() {
        for entry in fs::read_dir(path)? {
            bytes += weigh(&entry?.path())?;
        }
    }
    Ok(bytes)
}

/// The names in a directory; none where there is no directory.
pub(crate) fn names_in(directory: &Path) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    for entry in entries {
        // A name that is no UTF-8 is none of ours.
        if let Ok(name) = entry?.file_name().into_string() {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_read_only_tree_is_removed_and_a_missing_one_is_no_error() {
        let home = tempfile::tempdir().unwrap();
        let tree = home.path().join("tree");
        fs::create_dir_all(tree.join("below")).unwrap();
        fs::write(tree.join("below/file"), "x").unwrap();
        for directory in [tree.join("below"), tree.clone()] {
            fs::set_permissions(directory, Permissions::from_mode(0o500)).unwrap();
        }
        remove_tree(&tree).unwrap();
        assert!(!tree.exists());
        remove_tree(&tree).unwrap();
    }
}
