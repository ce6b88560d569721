//! Files of migrations in a work tree.

use std::fs;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::retry_on_intr;
use shipway_migrations::File;

use crate::error::{CliError, Kind, Result};

/// Folders that hold other people's code, or none.
const SKIPPED: &[&str] = &[
    "node_modules",
    "site-packages",
    "target",
    "venv",
    "__pycache__",
];

/// Nobody nests folders deeper; a loop of mounts could.
const DEEPEST: usize = 40;

/// What was found so far.
#[derive(Default)]
struct Found {
    files: Vec<File>,
    /// What stands in the file that is read, kept for the room that it has.
    bytes: Vec<u8>,
}

/// Reads the migrations below a folder, or those that the paths name. Their paths are relative
/// to the folder.
pub(super) fn read(start: &Path, paths: &[String]) -> Result<Vec<File>> {
    let mut found = Found::default();
    if paths.is_empty() {
        found.walk(start, "", false, 0)?;
    }
    for path in paths {
        let full = start.join(path);
        let shown = path.trim_start_matches("./").trim_end_matches('/');
        let shown = if shown == "." { "" } else { shown };
        if full.is_dir() {
            found.walk(&full, shown, true, 0)?;
        } else {
            found
                .read(CWD, &full, shown.to_owned())
                .map_err(|error| cannot(&full, &error))?;
        }
    }
    let mut files = found.files;
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files.dedup_by(|one, other| one.path == other.path);
    Ok(files)
}

// === impl Found ===

impl Found {
    /// `counts`: whether scripts in the folder are migrations, as it was named by somebody, or it or
    /// one around it is called so.
    fn walk(&mut self, folder: &Path, shown: &str, counts: bool, depth: usize) -> Result<()> {
        let entries = fs::read_dir(folder).map_err(|error| cannot(folder, &error))?;
        let mut migrations = Vec::new();
        for entry in entries {
            let entry = entry.map_err(|error| cannot(folder, &error))?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let kind = entry.file_type().map_err(|error| cannot(folder, &error))?;
            if kind.is_dir() {
                let is_skipped = name.starts_with('.')
                    || SKIPPED.contains(&name.as_str())
                    || entry.path().join("pyvenv.cfg").exists();
                if !is_skipped && depth < DEEPEST {
                    let counts = counts || File::is_folder(&name);
                    self.walk(&entry.path(), &within(shown, &name), counts, depth + 1)?;
                }
            } else if kind.is_file() && counts && File::is_script(&name) {
                migrations.push(name);
            }
        }
        if migrations.is_empty() {
            return Ok(());
        }
        // By their names in it: the system need not find the folder again for each of thousands.
        let opened = fs::File::open(folder).map_err(|error| cannot(folder, &error))?;
        for name in migrations {
            self.read(opened.as_fd(), Path::new(&name), within(shown, &name))
                .map_err(|error| cannot(&folder.join(name), &error))?;
        }
        Ok(())
    }

    fn read(&mut self, folder: BorrowedFd<'_>, name: &Path, shown: String) -> io::Result<()> {
        let flags = OFlags::RDONLY | OFlags::CLOEXEC;
        let file = retry_on_intr(|| openat(folder, name, flags, Mode::empty()))?;
        self.bytes.clear();
        // Through `take`, which has no size to ask the system for: it fits into the room that the
        // files before it made.
        fs::File::from(file)
            .take(u64::MAX)
            .read_to_end(&mut self.bytes)?;
        self.files.push(File::decode(shown, &self.bytes));
        Ok(())
    }
}

fn within(folder: &str, name: &str) -> String {
    match folder {
        "" => name.to_owned(),
        folder => [folder, "/", name].concat(),
    }
}

fn cannot(path: &Path, error: &io::Error) -> CliError {
    CliError::new(
        Kind::Failed,
        format!("cannot read `{}`: {error}", path.display()),
    )
}
