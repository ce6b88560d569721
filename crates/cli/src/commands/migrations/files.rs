//! Files of migrations in a work tree.

use std::fs;
use std::path::Path;

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

/// Reads the migrations below a folder, or those that the paths name. Their paths are relative
/// to the folder.
pub(super) fn read(start: &Path, paths: &[String]) -> Result<Vec<File>> {
    let mut files = Vec::new();
    if paths.is_empty() {
        walk(start, "", false, 0, &mut files)?;
    }
    for path in paths {
        let full = start.join(path);
        let shown = path.trim_start_matches("./").trim_end_matches('/');
        let shown = if shown == "." { "" } else { shown };
        if full.is_dir() {
            walk(&full, shown, true, 0, &mut files)?;
        } else {
            files.push(one(&full, shown)?);
        }
    }
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files.dedup_by(|one, other| one.path == other.path);
    Ok(files)
}

/// `is_named`: somebody named the folder, so files of SQL in it count whatever it is called.
fn walk(
    folder: &Path,
    shown: &str,
    is_named: bool,
    depth: usize,
    files: &mut Vec<File>,
) -> Result<()> {
    let entries = fs::read_dir(folder).map_err(|error| cannot(folder, &error))?;
    for entry in entries {
        let entry = entry.map_err(|error| cannot(folder, &error))?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let path = match shown {
            "" => name.clone(),
            shown => format!("{shown}/{name}"),
        };
        let kind = entry.file_type().map_err(|error| cannot(folder, &error))?;
        if kind.is_dir() {
            let is_skipped = name.starts_with('.')
                || SKIPPED.contains(&name.as_str())
                || entry.path().join("pyvenv.cfg").exists();
            if !is_skipped && depth < DEEPEST {
                walk(&entry.path(), &path, is_named, depth + 1, files)?;
            }
        } else if kind.is_file()
            && (File::is_migration(&path) || is_named && File::is_script(&name))
        {
            files.push(one(&entry.path(), &path)?);
        }
    }
    Ok(())
}

fn one(path: &Path, shown: &str) -> Result<File> {
    let bytes = fs::read(path).map_err(|error| cannot(path, &error))?;
    Ok(File::decode(shown, &bytes))
}

fn cannot(path: &Path, error: &std::io::Error) -> CliError {
    CliError::new(
        Kind::Failed,
        format!("cannot read `{}`: {error}", path.display()),
    )
}
