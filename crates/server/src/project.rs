//! `shipway.yml` as it is now, read again only when the file changed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use shipway_engine::project::{FILE, Project, ProjectError};

/// The project's file, as it was read last.
#[derive(Debug)]
pub(crate) struct ProjectFile {
    directory: PathBuf,
    read: Mutex<Option<(Stamp, Arc<Project>)>>,
}

/// What tells one content of a file from another without reading it.
type Stamp = (Option<SystemTime>, u64);

// === impl ProjectFile ===

impl ProjectFile {
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self {
            directory,
            read: Mutex::default(),
        }
    }

    /// The project's folder.
    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// The project as its file says now.
    ///
    /// # Errors
    /// The file is gone or not valid.
    pub(crate) fn get(&self) -> Result<Arc<Project>, ProjectError> {
        let metadata = std::fs::metadata(self.directory.join(FILE)).ok();
        let stamp = metadata.map_or((None, 0), |it| (it.modified().ok(), it.len()));
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((known, project)) = &*read
            && *known == stamp
        {
            return Ok(Arc::clone(project));
        }
        let project = Arc::new(Project::find(&self.directory)?);
        *read = Some((stamp, Arc::clone(&project)));
        Ok(project)
    }
}
