//! The Compose runtime: one method per call of the contract, each in a module of its own.

use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use bollard::Docker;
use shipway_pipeline::adoption::Neighbour;
use shipway_pipeline::colour::Slot;
use shipway_pipeline::id::{Epoch, InstanceId};
use shipway_pipeline::route::RouteKey;
use shipway_pipeline::workload::Model;
use tokio::process::Command;

use super::cli::Cli;
use super::engine::failed;
use super::start::PROJECT_FILE;
use super::{
    adopt, aside, attach, build, fetch, files, image, layers, list, neighbour, oddities, program,
    remove, start, stop, task, usage, volume,
};
use crate::state::layout::Layout;
use crate::{
    Artifact, BuildRequest, ColourKey, ColourSpec, Error, Exit, Foreign, Instance, Left, Oddities,
    Operate, Output, Program, Runtime, StopHow, Stopped, TaskSpec, Usage,
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
        [PROJECT_FILE, adopt::RECORD, files::FOLDER]
            .iter()
            .any(|name| slot.join(name).exists())
    }

    /// Where the engine listens, as in `DOCKER_HOST`.
    pub(super) fn host(&self) -> &str {
        &self.host
    }

    /// The engine's client.
    pub(super) fn docker(&self) -> Result<&Docker, Error> {
        if let Some(docker) = self.docker.get() {
            return Ok(docker);
        }
        let docker = connect(&self.host)?;
        Ok(self.docker.get_or_init(|| docker))
    }
}

/// The client of an engine, which is not asked yet.
fn connect(host: &str) -> Result<Docker, Error> {
    let action = format!("reach the Docker Engine at `{host}`");
    if !host.starts_with("unix://") {
        return Err(Error::Io {
            action,
            source: io::Error::new(
                io::ErrorKind::Unsupported,
                "only an engine of this host, at `unix://…`, can be used",
            ),
        });
    }
    Docker::connect_with_unix(host, PATIENCE, bollard::API_DEFAULT_VERSION).map_err(failed(action))
}

/// The Compose projects that somebody started from a directory on an engine, and that run.
///
/// # Errors
/// The engine does not answer.
pub async fn running_projects(host: &str, directory: &Path) -> Result<Vec<String>, Error> {
    neighbour::projects_of(&connect(host)?, directory).await
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
        list::list(self, key).await
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
        let stopped = stop::stop(self, key, only).await?;
        files::sweep(self, self.docker()?, key).await?;
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
        list::logs(self, key, instance, lines).await
    }

    async fn is_reachable(&self) -> bool {
        match self.docker.get() {
            Some(docker) => docker.ping().await.is_ok(),
            // Nobody needed it yet.
            None => true,
        }
    }

    async fn neighbours(&self, project: &str) -> Result<Vec<Neighbour>, Error> {
        neighbour::neighbours(self.docker()?, project).await
    }

    async fn projects_of(&self, directory: &Path) -> Result<Vec<String>, Error> {
        neighbour::projects_of(self.docker()?, directory).await
    }

    async fn take_over(&self, foreign: &Foreign) -> Result<(), Error> {
        adopt::take_over(self, foreign).await
    }

    async fn retire(&self, foreign: &Foreign) -> Result<Vec<StopHow>, Error> {
        adopt::retire(self, foreign).await
    }

    async fn give_back(&self, foreign: &Foreign) -> Result<(), Error> {
        adopt::give_back(self, foreign).await
    }
    async fn set_aside(
        &self,
        key: &ColourKey,
        epoch: Epoch,
        only: &[InstanceId],
    ) -> Result<Vec<StopHow>, Error> {
        aside::set_aside(self, key, epoch, only).await
    }

    async fn bring_back(
        &self,
        key: &ColourKey,
        epoch: Epoch,
        only: &[InstanceId],
    ) -> Result<(), Error> {
        aside::bring_back(self, key, epoch, only).await
    }

    async fn discard(
        &self,
        key: &ColourKey,
        epoch: Epoch,
        only: &[InstanceId],
    ) -> Result<(), Error> {
        aside::discard(self, key, epoch, only).await
    }

    async fn program_in(
        &self,
        key: &ColourKey,
        instance: &InstanceId,
        program: &Program,
    ) -> Result<Command, Error> {
        program::command(self, key, instance, program).await
    }

    async fn find_oddities(&self, key: &ColourKey, model: &Model) -> Result<Oddities, Error> {
        oddities::find(self, key, model).await
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
        list::follow(self, key, instance, lines, output).await
    }
}
