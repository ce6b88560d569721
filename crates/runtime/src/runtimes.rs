//! All runtimes as one: what a release was made for runs it, whatever ran the release before.

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use shipway_pipeline::adoption::Neighbour;
use shipway_pipeline::id::{Epoch, InstanceId};
use shipway_pipeline::route::RouteKey;
use shipway_pipeline::workload::Model;
use tokio::process::Command;

use crate::compose::ComposeRuntime;
use crate::process::ProcessRuntime;
use crate::{
    Artifact, BuildRequest, ColourKey, ColourSpec, Error, Exit, Foreign, Form, Instance, Left,
    Oddities, Operate, Output, Program, Runtime, StopHow, Stopped, TaskSpec, Usage,
};

/// Processes and containers side by side.
///
/// A spec with a model is for containers. A slot may hold both, for the time of a deployment that
/// moves an environment from one runtime to the other.
#[derive(Debug, Clone)]
pub struct Runtimes {
    process: ProcessRuntime,
    compose: ComposeRuntime,
}

// === impl Runtimes ===

impl Runtimes {
    /// Makes one runtime of both. They must be of the same state directory.
    #[must_use]
    pub fn new(process: ProcessRuntime, compose: ComposeRuntime) -> Self {
        Self { process, compose }
    }

    /// The one that runs containers.
    #[must_use]
    pub fn compose(&self) -> &ComposeRuntime {
        &self.compose
    }

    fn of(&self, is_for_containers: bool) -> &dyn Runtime {
        if is_for_containers {
            &self.compose
        } else {
            &self.process
        }
    }
}

impl Runtimes {
    /// The runtime in which an instance is.
    async fn holding(&self, key: &ColourKey, id: &InstanceId) -> Result<&dyn Operate, Error> {
        let containers = self.compose.list(key).await?;
        Ok(if containers.iter().any(|one| one.id == *id) {
            &self.compose
        } else {
            &self.process
        })
    }
}

#[async_trait]
impl Operate for Runtimes {
    async fn run(&self, name: &str, colour: &ColourSpec) -> Result<Exit, Error> {
        if colour.model.is_some() {
            self.compose.run(name, colour).await
        } else {
            self.process.run(name, colour).await
        }
    }

    async fn exec(
        &self,
        key: &ColourKey,
        instance: &InstanceId,
        command: &[String],
    ) -> Result<Exit, Error> {
        let runtime = self.holding(key, instance).await?;
        runtime.exec(key, instance, command).await
    }

    async fn usage(&self, key: &ColourKey) -> Result<Vec<Usage>, Error> {
        let mut used = self.process.usage(key).await?;
        used.extend(self.compose.usage(key).await?);
        Ok(used)
    }

    async fn remove_volumes(&self, route: &RouteKey) -> Result<Vec<String>, Error> {
        let mut removed = self.process.remove_volumes(route).await?;
        removed.extend(self.compose.remove_volumes(route).await?);
        Ok(removed)
    }

    async fn follow(
        &self,
        key: &ColourKey,
        instance: &InstanceId,
        lines: usize,
        output: Output<'_>,
    ) -> Result<(), Error> {
        let runtime = self.holding(key, instance).await?;
        runtime.follow(key, instance, lines, output).await
    }
}

#[async_trait]
impl Runtime for Runtimes {
    async fn build(&self, request: &BuildRequest, output: Output<'_>) -> Result<Artifact, Error> {
        self.of(request.model.is_some())
            .build(request, output)
            .await
    }

    async fn has_artifact(&self, artifact: &Artifact) -> Result<bool, Error> {
        self.of(artifact.form == Form::Image)
            .has_artifact(artifact)
            .await
    }

    async fn fetch_artifact(&self, artifact: &Artifact) -> Result<bool, Error> {
        self.of(artifact.form == Form::Image)
            .fetch_artifact(artifact)
            .await
    }

    async fn tag_images(&self, images: &[String], tag: &str) -> Result<(), Error> {
        self.compose.tag_images(images, tag).await
    }

    async fn weigh(&self, artifact: &Artifact) -> Result<u64, Error> {
        self.of(artifact.form == Form::Image).weigh(artifact).await
    }

    async fn reclaimable(&self, artifact: &Artifact) -> Result<u64, Error> {
        self.of(artifact.form == Form::Image)
            .reclaimable(artifact)
            .await
    }

    async fn remove_artifact(&self, artifact: &Artifact) -> Result<Vec<Left>, Error> {
        self.of(artifact.form == Form::Image)
            .remove_artifact(artifact)
            .await
    }

    async fn start(&self, spec: &ColourSpec) -> Result<(), Error> {
        self.of(spec.model.is_some()).start(spec).await
    }

    async fn list(&self, key: &ColourKey) -> Result<Vec<Instance>, Error> {
        let mut found = self.process.list(key).await?;
        found.extend(self.compose.list(key).await?);
        Ok(found)
    }

    async fn stop(
        &self,
        key: &ColourKey,
        only: Option<&[InstanceId]>,
    ) -> Result<Vec<Stopped>, Error> {
        let (processes, containers) =
            tokio::join!(self.process.stop(key, only), self.compose.stop(key, only));
        let mut stopped = containers?;
        for one in processes? {
            match stopped.iter_mut().find(|known| known.id == one.id) {
                // It was in one of them, if in any.
                Some(known) if known.how == StopHow::WasGone => *known = one,
                Some(_) => {}
                None => stopped.push(one),
            }
        }
        Ok(stopped)
    }

    async fn run_task(&self, task: &TaskSpec, output: Output<'_>) -> Result<Exit, Error> {
        self.of(task.colour.model.is_some())
            .run_task(task, output)
            .await
    }

    async fn logs(
        &self,
        key: &ColourKey,
        instance: &InstanceId,
        lines: usize,
    ) -> Result<Vec<String>, Error> {
        let containers = self.compose.list(key).await?;
        let is_container = containers.iter().any(|one| one.id == *instance);
        self.of(is_container).logs(key, instance, lines).await
    }
    async fn is_reachable(&self) -> bool {
        self.compose.is_reachable().await
    }

    async fn neighbours(&self, project: &str) -> Result<Vec<Neighbour>, Error> {
        self.compose.neighbours(project).await
    }

    async fn projects_of(&self, directory: &Path) -> Result<Vec<String>, Error> {
        self.compose.projects_of(directory).await
    }

    async fn take_over(&self, foreign: &Foreign) -> Result<(), Error> {
        self.compose.take_over(foreign).await
    }

    async fn retire(&self, foreign: &Foreign) -> Result<Vec<StopHow>, Error> {
        self.compose.retire(foreign).await
    }

    async fn give_back(&self, foreign: &Foreign) -> Result<(), Error> {
        self.compose.give_back(foreign).await
    }
    async fn set_aside(
        &self,
        key: &ColourKey,
        epoch: Epoch,
        only: &[InstanceId],
    ) -> Result<Vec<StopHow>, Error> {
        self.compose.set_aside(key, epoch, only).await
    }

    async fn bring_back(
        &self,
        key: &ColourKey,
        epoch: Epoch,
        only: &[InstanceId],
    ) -> Result<(), Error> {
        self.compose.bring_back(key, epoch, only).await
    }

    async fn discard(
        &self,
        key: &ColourKey,
        epoch: Epoch,
        only: &[InstanceId],
    ) -> Result<(), Error> {
        self.compose.discard(key, epoch, only).await
    }

    async fn program_in(
        &self,
        key: &ColourKey,
        instance: &InstanceId,
        program: &Program,
    ) -> Result<Command, Error> {
        self.compose.program_in(key, instance, program).await
    }

    fn volume_directory(&self, route: &RouteKey, volume: &str) -> Option<PathBuf> {
        self.process.volume_directory(route, volume)
    }

    async fn find_oddities(&self, key: &ColourKey, model: &Model) -> Result<Oddities, Error> {
        self.compose.find_oddities(key, model).await
    }
}
