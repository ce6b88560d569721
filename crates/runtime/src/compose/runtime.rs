//! The Compose runtime: one method per call of the contract, each in a module of its own.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use bollard::Docker;
use shipway_pipeline::adoption::Neighbour;
use shipway_pipeline::colour::Slot;
use shipway_pipeline::host::EngineHost;
use shipway_pipeline::id::{Epoch, InstanceId};
use shipway_pipeline::route::RouteKey;
use shipway_pipeline::workload::Model;
use tokio::process::Command;

use super::access::{Access, connect};
use super::cli::Cli;
use super::engine::failed;
use super::start::PROJECT_FILE;
use super::{
    addresses, adopt, aside, attach, build, carry, fetch, files, image, layers, list, neighbour,
    oddities, program, remove, start, stop, task, usage, volume,
};
use crate::state::layout::Layout;
use crate::{
    Artifact, BuildRequest, ColourKey, ColourSpec, Error, Exit, Foreign, Instance, Left, Oddities,
    Operate, Output, Program, Runtime, StopHow, Stopped, TaskSpec, Usage,
};

/// Runs services as containers of a Docker Engine. Cheap to clone.
#[derive(Debug, Clone)]
pub struct ComposeRuntime {
    pub(super) layout: Layout,
    cli: Cli,
    access: Arc<Access>,
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
            access: Arc::new(Access::here(host)),
        })
    }

    /// The same with another host's engine, which is not asked yet.
    #[must_use]
    pub fn at(&self, host: EngineHost) -> Self {
        Self {
            access: Arc::new(Access::elsewhere(host)),
            ..self.clone()
        }
    }

    /// Gets what is missing of an artifact from another engine, and returns whether all of it is
    /// here now.
    ///
    /// A crash leaves parts of it, which the next call does not get again.
    ///
    /// # Errors
    /// This engine cannot be asked, or the images cannot be loaded into it.
    pub async fn carry_from(
        &self,
        other: &Self,
        artifact: &Artifact,
        output: Output<'_>,
    ) -> Result<bool, Error> {
        carry::carry(other, self, artifact, output).await
    }

    /// Removes images from the engine, and leaves their registry alone.
    ///
    /// # Errors
    /// The engine does not answer, or one cannot be removed.
    pub async fn remove_images(&self, artifact: &Artifact) -> Result<Vec<Left>, Error> {
        remove::remove_images(self.docker()?, artifact).await
    }

    /// Where the engine is; none for this host's own.
    #[must_use]
    pub fn place(&self) -> Option<&EngineHost> {
        self.access.host()
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
    pub(super) fn address(&self) -> Result<&str, Error> {
        self.access.address()
    }

    /// The engine's client.
    pub(super) fn docker(&self) -> Result<&Docker, Error> {
        self.access.docker()
    }

    /// Docker Compose, for the same engine.
    pub(super) fn cli(&self) -> Result<Cli, Error> {
        let cli = self.cli.clone();
        Ok(match self.access.host() {
            Some(_) => cli.with_variable("DOCKER_HOST", self.access.address()?),
            None => cli,
        })
    }
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

    async fn fetch_artifact(
        &self,
        _at: &RouteKey,
        artifact: &Artifact,
        _output: Output<'_>,
    ) -> Result<bool, Error> {
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
        match start::start(self, spec).await {
            Err(error) => Err(addresses::explain(self, error).await),
            Ok(()) => Ok(()),
        }
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
        match task::run(self, task, output).await {
            Err(error) => Err(addresses::explain(self, error).await),
            Ok(exit) => Ok(exit),
        }
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

    async fn trouble(&self, _at: &RouteKey) -> Option<String> {
        // Nobody needed it yet, and nobody may.
        if self.access.host().is_none() && self.access.opened().is_none() {
            return None;
        }
        let error = self.ping().await.err()?;
        let source = std::error::Error::source(&error).map(ToString::to_string);
        Some(source.unwrap_or_else(|| error.to_string()))
    }

    fn host(&self, _at: &RouteKey) -> Option<&EngineHost> {
        self.access.host()
    }

    async fn neighbours(&self, _at: &RouteKey, project: &str) -> Result<Vec<Neighbour>, Error> {
        neighbour::neighbours(self.docker()?, project).await
    }

    async fn projects_of(&self, _at: &RouteKey, directory: &Path) -> Result<Vec<String>, Error> {
        // A directory of another host that has the same name is not meant.
        if self.access.host().is_some() {
            return Ok(Vec::new());
        }
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
