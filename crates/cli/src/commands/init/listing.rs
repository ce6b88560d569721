//! What a project's folder holds, as far as it can tell something.

use std::collections::BTreeMap;
use std::io;

use shipway_compose::Files;

/// The files of a project, by their path below its folder, parted by `/`.
#[derive(Debug, Clone, Default)]
pub(super) struct Listing {
    /// The folder's name.
    pub(super) folder: String,
    /// Texts by path.
    pub(super) files: BTreeMap<String, String>,
}

/// Where the project's folder stands for the loader, which needs an absolute path.
pub(super) const DIRECTORY: &str = "/project";

// === impl Listing ===

impl Listing {
    pub(super) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    /// Files of this name, the ones nearest to the top first.
    pub(super) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let mut found: Vec<(&str, &str)> = self
            .files
            .iter()
            .filter(|(path, _)| split(path).1 == name)
            .map(|(path, text)| (path.as_str(), text.as_str()))
            .collect();
        found.sort_by_key(|(path, _)| depth(path));
        found.into_iter()
    }
}

/// A path's folder, empty at the top, and its file name.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// How many folders a path is below the top.
pub(super) fn depth(path: &str) -> usize {
    path.matches('/').count()
}

/// Answers the loader from a listing.
pub(super) struct FromListing<'a> {
    pub(super) listing: &'a Listing,
}

impl Files for FromListing<'_> {
    fn read(&mut self, path: &str) -> io::Result<String> {
        let below = path
            .strip_prefix(DIRECTORY)
            .map(|it| it.trim_start_matches('/'));
        match below.and_then(|below| self.listing.text(below)) {
            Some(text) => Ok(text.to_owned()),
            None if path.ends_with(".yml") || path.ends_with(".yaml") => {
                Err(io::ErrorKind::NotFound.into())
            }
            // A missing file of variables hides no service; `validate` tells of it.
            None => Ok(String::new()),
        }
    }
}
