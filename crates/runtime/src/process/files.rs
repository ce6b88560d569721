//! The files of secrets and configs that a process asks for.
//!
//! They stand in the directory of the instance and go with it; those of a task, in one of its own.

use std::io;
use std::path::{Path, PathBuf};

use shipway_compose::model::Service;
use shipway_pipeline::workload::{FileKey, FileKind};

use crate::FileContents;
use crate::state::files;
use crate::state::lock;
use crate::state::secret_file::{self, Access};

/// Below an instance's directory.
pub(super) const FOLDER: &str = "files";

/// What the directories of tasks begin with.
const TASK: &str = ".task-";

/// Held by a task for as long as it runs.
const LOCK: &str = "lock";

/// The process runs as the same user.
const ACCESS: Access = Access {
    mode: 0o400,
    uid: None,
    gid: None,
};

/// Where a file is in a directory.
pub(super) fn path(directory: &Path, kind: FileKind, name: &str) -> PathBuf {
    directory.join(format!("{kind}-{name}"))
}

/// Writes the files that a service asks for.
pub(super) fn write(
    directory: &Path,
    service: &Service,
    contents: &FileContents,
) -> io::Result<()> {
    for key in asked(service) {
        if let Some(value) = contents.get(&key) {
            secret_file::write(&path(directory, key.kind, &key.name), value, ACCESS)?;
        }
    }
    Ok(())
}

/// A file that a service asks for and nobody provides.
pub(super) fn missing(service: &Service, contents: &FileContents) -> Option<FileKey> {
    asked(service)
        .into_iter()
        .find(|key| !contents.contains_key(key))
}

fn asked(service: &Service) -> Vec<FileKey> {
    let Some(process) = &service.process else {
        return Vec::new();
    };
    let of = |kind, names: std::collections::BTreeSet<String>| {
        names.into_iter().map(move |name| FileKey { kind, name })
    };
    of(FileKind::Secret, process.secrets())
        .chain(of(FileKind::Config, process.configs()))
        .collect()
}

/// The files of a task, removed with this value.
#[derive(Debug)]
pub(super) struct Temporary {
    path: PathBuf,
    _lock: Option<lock::Guard>,
}

// === impl Temporary ===

impl Temporary {
    /// Writes the files of a task below the slot's directory, and removes what tasks left there
    /// that were killed.
    pub(super) fn write(
        slot: &Path,
        task: &str,
        service: &Service,
        contents: &FileContents,
    ) -> io::Result<Self> {
        remove_left_over(slot)?;
        let path = slot.join(format!("{TASK}{task}"));
        if asked(service).is_empty() {
            return Ok(Self { path, _lock: None });
        }
        files::remove_tree(&path)?;
        let lock = lock::try_exclusive(&path.join(LOCK))?;
        write(&path, service, contents)?;
        Ok(Self { path, _lock: lock })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What cannot be removed now, the next task removes.
        let _ = files::remove_tree(&self.path);
    }
}

fn remove_left_over(slot: &Path) -> io::Result<()> {
    for name in files::names_in(slot)? {
        let path = slot.join(&name);
        if name.starts_with(TASK) && !lock::is_held(&path.join(LOCK))? {
            files::remove_tree(&path)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn what_a_killed_task_left_is_removed_and_what_one_holds_is_not() {
        let slot = tempfile::tempdir().unwrap();
        let left = slot.path().join(".task-d1-migrate");
        let held = slot.path().join(".task-d2-run");
        let other = slot.path().join("web-1");
        for path in [&left, &held, &other] {
            fs::create_dir(path).unwrap();
        }
        fs::write(left.join(LOCK), "").unwrap();
        let lock = lock::try_exclusive(&held.join(LOCK)).unwrap();
        remove_left_over(slot.path()).unwrap();
        assert!(!left.exists() && held.exists() && other.exists());
        drop(lock);
        remove_left_over(slot.path()).unwrap();
        assert!(!held.exists() && other.exists());
    }
}
