//! Reads what may tell something about a project from the disk.

use std::fs;
use std::io;
use std::path::Path;

use super::listing::Listing;

/// Compose files and Django's are hardly ever deeper; a home directory is.
const DEPTH: usize = 4;
/// Stops the walk where somebody runs the command in the wrong folder.
const MOST_FOLDERS: usize = 2_000;
/// No file that people write is longer.
const LONGEST: u64 = 512 * 1024;

/// Folders that hold what others wrote.
const SKIPPED: [&str; 9] = [
    "node_modules",
    "venv",
    "env3",
    "vendor",
    "target",
    "dist",
    "build",
    "site-packages",
    "__pycache__",
];

/// Reads a folder as far as its files may matter.
pub(super) fn read(directory: &Path) -> io::Result<Listing> {
    let folder = directory.canonicalize()?;
    let mut listing = Listing {
        folder: folder
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default(),
        ..Listing::default()
    };
    let mut folders = vec![(folder, String::new(), 0)];
    let mut read = 0;
    while let Some((folder, below, depth)) = folders.pop() {
        read += 1;
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries.flatten() {
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let path = format!("{below}{name}");
            // Of the entry itself: a link to a folder could lead round in a circle.
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder {
                if depth < DEPTH && read + folders.len() < MOST_FOLDERS && is_walked(&name) {
                    folders.push((entry.path(), format!("{path}/"), depth + 1));
                }
            } else if matters(&name)
                && let Some(text) = text(&entry.path())
            {
                listing.files.insert(path, text);
            }
        }
    }
    Ok(listing)
}

fn is_walked(name: &str) -> bool {
    let is_hidden = name.starts_with('.') && !name.starts_with(".env");
    !is_hidden && !SKIPPED.contains(&name)
}

fn matters(name: &str) -> bool {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    matches!(ending, "yml" | "yaml" | "env")
        || name.starts_with(".env")
        || name.starts_with("Dockerfile")
        || ending == "Dockerfile"
        || matches!(name, "manage.py" | "urls.py")
}

fn text(path: &Path) -> Option<String> {
    let about = fs::metadata(path).ok()?;
    if !about.is_file() || about.len() > LONGEST {
        return None;
    }
    fs::read_to_string(path).ok()
}
