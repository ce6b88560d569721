//! Makes releases: build once, and the same commit is the same release for ever.

use shipway_compose::model::Service;
use shipway_pipeline::config::Environment;
use shipway_pipeline::id::ReleaseId;
use shipway_pipeline::release::{self, Release};
use shipway_runtime::{BuildRequest, Line, Origin};
use tokio::sync::mpsc;

use crate::clock::now;
use crate::event::Kind;
use crate::executor::Engine;
use crate::git::Repository;
use crate::project::{Project, Resolved};

/// Why a release could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ReleaseError {
    /// The build failed.
    #[error("the build failed")]
    Build(#[source] shipway_runtime::Error),
    /// git does not know the commit.
    #[error(transparent)]
    Git(#[from] crate::git::GitError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] shipway_store::Error),
    /// No release of that id.
    #[error("there is no release `{0}`")]
    Unknown(String),
}

impl Engine {
    /// The release of a commit, built unless it was built before.
    ///
    /// # Errors
    /// The commit is unknown or does not build.
    pub async fn release_of_commit(
        &self,
        project: &Project,
        environment: &Environment,
        repository: &Repository,
        commit: &str,
        resolved: &Resolved,
    ) -> Result<Release, ReleaseError> {
        let commit = repository.commit(commit)?;
        let registry = project.config.registry.as_ref();
        let services: Vec<Service> = resolved
            .workload
            .members
            .iter()
            .map(|member| member.service.clone())
            .collect();
        let request = BuildRequest {
            at: project.route_key(environment),
            repository: repository.root.clone(),
            subdirectory: repository.subdirectory.clone(),
            commit: commit.id.clone(),
            services,
            model: resolved.workload.model.clone(),
            origin: Origin {
                committed: commit.committed,
                source: repository.source()?,
                version: repository.version(&commit.id)?,
            },
            registry: registry.map(|registry| registry.repository.clone()),
            platforms: project.config.platforms.clone(),
            secrets: resolved.secrets.clone(),
            deadline: environment.timeouts.build,
        };
        let (sender, receiver) = mpsc::unbounded_channel();
        let build = async {
            let artifact = self.runtime.build(&request, &sender).await;
            drop(sender);
            artifact
        };
        let (artifact, ()) = tokio::join!(build, self.tell_build(receiver));
        let artifact = artifact.map_err(ReleaseError::Build)?;
        let artifacts = artifact.digests;
        let release = Release {
            id: release::identify(&project.config.project, &commit.id, &artifacts),
            project: project.config.project.clone(),
            commit: commit.id,
            subject: commit.subject,
            branch: repository.branch()?,
            artifacts,
            builds: resolved.workload.builds(),
            platforms: artifact.platforms,
            created: now(),
            created_by: self.actor.clone(),
        };
        self.store.put_release(&release)?;
        self.recorded(&release.id)
    }

    /// A release by its id or the beginning of it.
    ///
    /// # Errors
    /// None or several begin so.
    pub fn release_by_name(&self, name: &str) -> Result<Release, ReleaseError> {
        if let Ok(id) = name.parse::<ReleaseId>() {
            return self.recorded(&id);
        }
        let mut found = self
            .store
            .releases(usize::MAX >> 1)?
            .into_iter()
            .filter(|release| release.id.as_str().starts_with(name));
        match (found.next(), found.next()) {
            (Some(release), None) if name.len() >= 4 => Ok(release),
            _ => Err(ReleaseError::Unknown(name.to_owned())),
        }
    }

    fn recorded(&self, id: &ReleaseId) -> Result<Release, ReleaseError> {
        self.store
            .release(id)?
            .ok_or_else(|| ReleaseError::Unknown(id.to_string()))
    }

    async fn tell_build(&self, mut lines: mpsc::UnboundedReceiver<Line>) {
        while let Some(line) = lines.recv().await {
            self.reporter.tell(Kind::Building { line: line.text });
        }
    }
}
