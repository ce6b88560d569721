//! The Compose runtime: one method per call of the contract, each in a module of its own.

use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use bollard::Docker;
use shipway_pipeline::colour::Slot;
use shipway_pipeline::id::InstanceId;
use shipway_pipeline::route::RouteKey;

use super::cli::Cli;
use super::engine::failed;
use super::start::PROJECT_FILE;
use super::{
    attach, build, fetch, files, image, layers, list, remove, start, stop, task, usage, volume,
};
use crate::state::layout::Layout;
use crate::{
    Artifact, BuildRequest, ColourKey, ColourSpec, Error, Exit, Instance, Left, Operate, Output,
    Runtime, StopHow, Stopped, TaskSpec, Usage,
};

/// A call may last as long as a container's grace period; the engine that calls has deadlines.
const PATIENCE: u64 = 3_600;

/// Runs services as containers of a Docker Engine. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ComposeRuntime {
    pub(super) layout: Layout,
    pub(super) cli: Cli,
    host: String,
    /// Made when it is first needed: a project without containers needs no engine.
    docker: Arc<OnceLock<Docker>>,
}

// === impl ComposeRuntime ===

impl ComposeRuntime {
    /// The runtime of a state directory, with the engine at an address as in `DOCKER_HOST`. It is
    /// not asked yet.
    ///
    /// # Errors
    /// The directory cannot be made, or its path resolved.
    pub fn try_new(state: &Path, host: impl Into<String>, cli: Cli) -> Result<Self, Error> {
        Ok(Self {
            layout: Layout::of_directory(state)?,
            cli,
            host: host.into(),
            docker: Arc::default(),
        })
    }

    /// Whether an engine answers.
    ///
    /// # Errors
    /// It does not, and why.
    pub async fn ping(&self) -> Result<(), Error> {
        let answer = self.docker()?.ping().await;
        answer.map(drop).map_err(failed("reach the Docker Engine"))
    }

    /// Whether anything was ever started in the slot, be it a task that left secrets alone. Where
    /// nothing was, no engine is needed to say that nothing runs.
    pub(crate) fn has_used(&self, key: &ColourKey) -> bool {
        let slot = self.layout.slot(key);
        slot.join(PROJECT_FILE).exists() || slot.join(files::FOLDER).exists()
    }

    /// The engine's client.
    pub(super) fn docker(&self) -> Result<&Docker, Error> {
        if let Some(docker) = self.docker.get() {
            return Ok(docker);
        }
        let action = format!("reach the Docker Engine at `{}`", self.host);
        if !self.host.starts_with("unix://") {
            return Err(Error::Io {
                action,
                source: io::Error::new(
                    io::ErrorKind::Unsupported,
                    "only an engine of this host, at `unix://…`, can be used",
                ),
            });
        }
        let docker = Docker::connect_with_unix(&self.host, PATIENCE, bollard::API_DEFAULT_VERSION)
            .map_err(failed(action))?;
        Ok(self.docker.get_or_init(|| docker))
    }
}

#[async_trait]
impl Runtime for ComposeRuntime {
    async fn build(&self, request: &BuildRequest, output: Output<'_>) -> Result<Artifact, Error> {
        build::build(self, request, output).await
    }

    async fn has_artifact(&self, artifact: &Artifact) -> Result<bool, Error> {
        image::are_here(self.docker()?, artifact).await
    }

    async fn fetch_artifact(&self, artifact: &Artifact) -> Result<bool, Error> {
        fetch::fetch(self.docker()?, artifact).await
    }

    async fn tag_images(&self, images: &[String], tag: &str) -> Result<(), Error> {
        fetch::tag(images, tag).await
    }

    async fn weigh(&self, artifact: &Artifact) -> Result<u64, Error> {
        remove::weigh(self.docker()?, artifact).await
    }

    async fn reclaimable(&self, artifact: &Artifact) -> Result<u64, Error> {
        layers::reclaimable(self.docker()?, artifact).await
    }

    async fn remove_artifact(&self, artifact: &Artifact) -> Result<Vec<Left>, Error> {
        remove::remove(self.docker()?, artifact).await
    }

    async fn start(&self, spec: &ColourSpec) -> Result<(), Error> {
        start::start(self, spec).await
    }

    async fn list(&self, key: &ColourKey) -> Result<Vec<Instance>, Error> {
        if !self.has_used(key) {
            return Ok(Vec::new());
        }
        list::list(self.docker()?, key).await
    }

    async fn stop(
        &self,
        key: &ColourKey,
        only: Option<&[InstanceId]>,
    ) -> Result<Vec<Stopped>, Error> {
        if !self.has_used(key) {
            let gone = only.unwrap_or_default().iter().map(|id| Stopped {
                id: id.clone(),
                how: StopHow::WasGone,
            });
            return Ok(gone.collect());
        }
        let docker = self.docker()?;
        let stopped = stop::stop(docker, key, only).await?;
        files::sweep(self, docker, key).await?;
        Ok(stopped)
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
        if !self.has_used(key) {
            return Ok(Vec::new());
        }
        list::logs(self.docker()?, key, instance, lines).await
    }
}

#[async_trait]
impl Operate for ComposeRuntime {
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
        if !self.has_used(key) {
            return Ok(Vec::new());
        }
        usage::usage(self.docker()?, key).await
    }

    async fn remove_volumes(&self, route: &RouteKey) -> Result<Vec<String>, Error> {
        let shared = ColourKey {
            route: route.clone(),
            slot: Slot::Shared,
        };
        let colours = [Slot::Blue, Slot::Green].map(|slot| ColourKey {
            route: route.clone(),
            slot,
        });
        // Where nothing was ever started no engine is needed to say that there is none.
        if !colours
            .iter()
            .chain([&shared])
            .any(|key| self.has_used(key))
        {
            return Ok(Vec::new());
        }
        volume::remove(self.docker()?, &shared).await
    }

    async fn follow(
        &self,
        key: &ColourKey,
        instance: &InstanceId,
        lines: usize,
        output: Output<'_>,
    ) -> Result<(), Error> {
        list::follow(self.docker()?, key, instance, lines, output).await
    }
}
