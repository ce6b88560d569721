//! The files that Compose files name, from where the Compose files are.

use std::io;
use std::path::Path;

use shipway_compose::Files;
use shipway_pipeline::workload::ReadFile;

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

    /// A file's content; nothing for what is no file. Why it cannot be read is told in words.
    pub(super) fn bytes(&self, path: &str) -> ReadFile {
        if let Source::Commit(repository, commit) = self.source
            && let Some(below) = self.below(path)
            && let Ok(Some(bytes)) = repository.bytes(commit, below)
        {
            return Ok(Some(bytes));
        }
        let metadata = std::fs::metadata(path).map_err(|error| error.to_string())?;
        if !metadata.is_file() {
            return Ok(None);
        }
        let bytes = std::fs::read(path).map_err(|error| error.to_string())?;
        Ok(Some(bytes))
    }

    fn below<'p>(&self, path: &'p str) -> Option<&'p str> {
        let below = Path::new(path).strip_prefix(self.directory).ok()?;
        below.to_str()
    }
}

impl Files for ProjectFiles<'_> {
    fn read(&mut self, path: &str) -> io::Result<String> {
        if let Source::Commit(repository, commit) = self.source
            && let Some(below) = self.below(path)
            && let Ok(text) = repository.file(commit, below)
        {
            return Ok(text);
        }
        // Files with secrets are often not committed.
        std::fs::read_to_string(path)
    }
}
