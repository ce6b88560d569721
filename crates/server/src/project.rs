//! `shipway.yml` as it is now, with the environments that branches have. Read again only when the
//! file changed.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use shipway_engine::project::{FILE, Project, ProjectError};
use shipway_pipeline::branch::BranchEnvironment;

/// The project's file, as it was read last.
#[derive(Debug)]
pub(crate) struct ProjectFile {
    directory: PathBuf,
    read: Mutex<Option<Read>>,
}

#[derive(Debug)]
struct Read {
    stamp: Stamp,
    branches: Vec<BranchEnvironment>,
    project: Arc<Project>,
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

    /// The project as its file says now, with these environments of branches.
    ///
    /// # Errors
    /// The file is gone or not valid.
    pub(crate) fn get(
        &self,
        branches: Vec<BranchEnvironment>,
    ) -> Result<Arc<Project>, ProjectError> {
        let metadata = std::fs::metadata(self.directory.join(FILE)).ok();
        let stamp = metadata.map_or((None, 0), |it| (it.modified().ok(), it.len()));
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*read
            && known.stamp == stamp
            && known.branches == branches
        {
            return Ok(Arc::clone(&known.project));
        }
        let mut project = Project::find(&self.directory)?;
        project.config.open_branches(&branches);
        let project = Arc::new(project);
        *read = Some(Read {
            stamp,
            branches,
            project: Arc::clone(&project),
        });
        Ok(project)
    }
}
