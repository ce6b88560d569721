//! The files that Compose files name, from where the Compose files are.

use std::io;
use std::path::{Path, PathBuf};

use shipway_compose::Files;

use super::Source;

/// Reads files of a project, as a commit or the work tree has them.
pub(super) struct ProjectFiles<'a> {
    directory: &'a Path,
    source: Source<'a>,
}

impl<'a> ProjectFiles<'a> {
    pub(super) fn new(directory: &'a Path, source: Source<'a>) -> Self {
        Self { directory, source }
    }
}

impl Files for ProjectFiles<'_> {
    fn read(&mut self, path: &str) -> io::Result<String> {
        let path = PathBuf::from(path);
        if let Source::Commit(repository, commit) = self.source
            && let Some(below) = path
                .strip_prefix(self.directory)
                .ok()
                .and_then(Path::to_str)
            && let Ok(text) = repository.file(commit, below)
        {
            return Ok(text);
        }
        // Files with secrets are often not committed.
        std::fs::read_to_string(path)
    }
}
