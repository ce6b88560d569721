//! The process runtime: one method per call of the contract, each in a module of its own.

use std::path::Path;

use async_trait::async_trait;
use shipway_pipeline::id::InstanceId;

use super::launcher::Launcher;
use super::log::Limits;
use super::{artifact, build, list, start, stop, task};
use crate::state::layout::Layout;
use crate::{
    Artifact, BuildRequest, ColourKey, ColourSpec, Error, Exit, Instance, Output, Runtime, Stopped,
    TaskSpec,
};

/// Runs services as processes of this host and user. Cheap to clone.
///
/// Needs a Tokio runtime with I/O and time enabled.
#[derive(Debug, Clone)]
pub struct ProcessRuntime {
    pub(super) layout: Layout,
    pub(super) launcher: Launcher,
    pub(super) log_limits: Limits,
}

// === impl ProcessRuntime ===

impl ProcessRuntime {
    /// The runtime of a state directory, which is made if it is missing.
    ///
    /// # Errors
    /// The directory cannot be made, or its path resolved.
    pub fn try_new(state: &Path, launcher: Launcher) -> Result<Self, Error> {
        Ok(Self {
            layout: Layout::of_directory(state)?,
            launcher,
            log_limits: Limits::DEFAULT,
        })
    }

    /// Keeps more or less of what instances write than [`Limits::DEFAULT`].
    #[must_use]
    pub fn with_log_limits(mut self, limits: Limits) -> Self {
        self.log_limits = limits;
        self
    }

    /// Removes what an artifact's services run from; one that is not there is no error.
    ///
    /// The caller knows that no instance runs from it. A crash leaves it incomplete, which
    /// [`Runtime::has_artifact`] tells.
    ///
    /// # Errors
    /// Something cannot be removed.
    pub async fn remove_artifact(&self, artifact: &Artifact) -> Result<(), Error> {
        artifact::remove(&self.layout, artifact).await
    }
}

#[async_trait]
impl Runtime for ProcessRuntime {
    async fn build(&self, request: &BuildRequest, output: Output<'_>) -> Result<Artifact, Error> {
        build::build(self, request, output).await
    }

    async fn has_artifact(&self, artifact: &Artifact) -> Result<bool, Error> {
        artifact::is_here(&self.layout, artifact)
    }

    async fn start(&self, spec: &ColourSpec) -> Result<(), Error> {
        start::start(self, spec).await
    }

    async fn list(&self, key: &ColourKey) -> Result<Vec<Instance>, Error> {
        list::list(&self.layout, key).await
    }

    async fn stop(
        &self,
        key: &ColourKey,
        only: Option<&[InstanceId]>,
    ) -> Result<Vec<Stopped>, Error> {
        stop::stop(&self.layout, key, only).await
    }

    async fn run_task(&self, task: &TaskSpec, output: Output<'_>) -> Result<Exit, Error> {
        task::run(self, task, output).await
    }

    async fn logs(
        &self,
        key: &ColourKey,
        instance: &InstanceId,
        lines: usize,
    ) -> Result<Vec<String>, Error> {
        list::logs(&self.layout, key, instance, lines)
    }
}
