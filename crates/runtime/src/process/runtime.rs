//! The process runtime: one method per call of the contract, each in a module of its own.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use shipway_pipeline::id::InstanceId;
use shipway_pipeline::route::RouteKey;

use super::launcher::Launcher;
use super::log::Limits;
use super::{artifact, attach, build, follow, list, start, stop, task, usage};
use crate::state::files;
use crate::state::layout::Layout;
use crate::{
    Artifact, BuildRequest, ColourKey, ColourSpec, Error, Exit, Instance, Left, Operate, Output,
    Runtime, Stopped, TaskSpec, Usage,
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
}

#[async_trait]
impl Runtime for ProcessRuntime {
    async fn build(&self, request: &BuildRequest, output: Output<'_>) -> Result<Artifact, Error> {
        build::build(self, request, output).await
    }

    async fn has_artifact(&self, artifact: &Artifact) -> Result<bool, Error> {
        artifact::is_here(&self.layout, artifact)
    }

    async fn fetch_artifact(
        &self,
        _at: &RouteKey,
        artifact: &Artifact,
        _output: Output<'_>,
    ) -> Result<bool, Error> {
        // Directories are in no registry.
        self.has_artifact(artifact).await
    }

    async fn tag_images(&self, _images: &[String], _tag: &str) -> Result<(), Error> {
        Ok(())
    }

    async fn weigh(&self, artifact: &Artifact) -> Result<u64, Error> {
        artifact::weigh(&self.layout, artifact)
    }

    async fn reclaimable(&self, artifact: &Artifact) -> Result<u64, Error> {
        self.weigh(artifact).await
    }

    async fn remove_artifact(&self, artifact: &Artifact) -> Result<Vec<Left>, Error> {
        // The caller knows that no instance runs from it.
        artifact::remove(&self.layout, artifact).await?;
        Ok(Vec::new())
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

    fn volume_directory(&self, route: &RouteKey, volume: &str) -> Option<PathBuf> {
        Some(self.layout.volumes(route).join(volume))
    }
}

#[async_trait]
impl Operate for ProcessRuntime {
    async fn run(&self, name: &str, colour: &ColourSpec) -> Result<Exit, Error> {
        attach::run(self, name, colour).await
    }

    async fn exec(
        &self,
        key: &ColourKey,
        instance: &InstanceId,
        command: &[String],
    ) -> Result<Exit, Error> {
        attach::exec(self, key, instance, command).await
    }

    async fn usage(&self, key: &ColourKey) -> Result<Vec<Usage>, Error> {
        usage::usage(&self.layout, key)
    }

    async fn remove_volumes(&self, route: &RouteKey) -> Result<Vec<String>, Error> {
        let directory = self.layout.volumes(route);
        let names = files::names_in(&directory).map_err(files::failed("list", &directory))?;
        files::remove_tree(&directory).map_err(files::failed("remove", &directory))?;
        Ok(names)
    }

    async fn follow(
        &self,
        key: &ColourKey,
        instance: &InstanceId,
        lines: usize,
        output: Output<'_>,
    ) -> Result<(), Error> {
        follow::follow(&self.layout, key, instance, lines, output).await
    }
}
