//! All runtimes as one: what a release was made for runs it, whatever ran the release before.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use shipway_pipeline::adoption::Neighbour;
use shipway_pipeline::host::EngineHost;
use shipway_pipeline::id::{Epoch, InstanceId};
use shipway_pipeline::name::EnvironmentName;
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
/// moves an environment from one runtime to the other. Containers of an environment are on this
/// host's engine, or on the one that it names.
#[derive(Debug, Clone)]
pub struct Runtimes {
    process: ProcessRuntime,
    compose: ComposeRuntime,
    elsewhere: BTreeMap<EnvironmentName, ComposeRuntime>,
}

// === impl Runtimes ===

impl Runtimes {
    /// Makes one runtime of both. They must be of the same state directory.
    #[must_use]
    pub fn new(process: ProcessRuntime, compose: ComposeRuntime) -> Self {
        Self {
            process,
            compose,
            elsewhere: BTreeMap::new(),
        }
    }

    /// With an environment whose containers run on another host's engine. Environments of one host
    /// share the way to it.
    #[must_use]
    pub fn with_host(mut self, environment: EnvironmentName, host: &EngineHost) -> Self {
        let known = self.elsewhere.values();
        let known = known.clone().find(|one| one.place() == Some(host));
        let runtime = known
            .cloned()
            .unwrap_or_else(|| self.compose.at(host.clone()));
        self.elsewhere.insert(environment, runtime);
        self
    }

    /// The one that runs processes of this host.
    #[must_use]
    pub fn process(&self) -> &ProcessRuntime {
        &self.process
    }

    /// The one that runs containers of this host.
    #[must_use]
    pub fn compose(&self) -> &ComposeRuntime {
        &self.compose
    }

    /// The one that runs an environment's containers.
    #[must_use]
    pub fn compose_of(&self, environment: &EnvironmentName) -> &ComposeRuntime {
        self.elsewhere.get(environment).unwrap_or(&self.compose)
    }

    fn of(&self, at: &RouteKey, is_for_containers: bool) -> &dyn Runtime {
        if is_for_containers {
            self.compose_of(&at.environment)
        } else {
            &self.process
        }
    }

    fn of_form(&self, form: Form) -> &dyn Runtime {
        match form {
            Form::Directory => &self.process,
            Form::Image => &self.compose,
        }
    }

    /// The engines of all hosts, this one's first.
    fn engines(&self) -> impl Iterator<Item = &ComposeRuntime> {
        std::iter::once(&self.compose).chain(self.elsewhere.values())
    }

    /// Gets images that no registry has from whichever engine has them.
    async fn carry(
        &self,
        to: &ComposeRuntime,
        artifact: &Artifact,
        output: Output<'_>,
    ) -> Result<bool, Error> {
        for from in self.engines().filter(|one| one.place() != to.place()) {
            if to.carry_from(from, artifact, output).await? {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

impl Runtimes {
    /// Removes images from the engines of other hosts. One that does not answer keeps them.
    async fn remove_elsewhere(&self, artifact: &Artifact) -> Vec<Left> {
        let mut left = Vec::new();
        for runtime in self.elsewhere.values() {
            match runtime.remove_images(artifact).await {
                Ok(kept) => left.extend(kept),
                Err(error) => left.extend(runtime.place().map(|host| Left {
                    part: format!("the images at `{host}`"),
                    reason: error.to_string(),
                })),
            }
        }
        left
    }

    /// The runtime in which an instance is.
    async fn holding(&self, key: &ColourKey, id: &InstanceId) -> Result<&dyn Operate, Error> {
        let compose = self.compose_of(&key.route.environment);
        let containers = compose.list(key).await?;
        Ok(if containers.iter().any(|one| one.id == *id) {
            compose
        } else {
            &self.process
        })
    }
}

#[async_trait]
impl Operate for Runtimes {
    async fn run(&self, name: &str, colour: &ColourSpec) -> Result<Exit, Error> {
        if colour.model.is_some() {
            let compose = self.compose_of(&colour.key.route.environment);
            compose.run(name, colour).await
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
        let compose = self.compose_of(&key.route.environment);
        used.extend(compose.usage(key).await?);
        Ok(used)
    }

    async fn remove_volumes(&self, route: &RouteKey) -> Result<Vec<String>, Error> {
        let mut removed = self.process.remove_volumes(route).await?;
        let compose = self.compose_of(&route.environment);
        removed.extend(compose.remove_volumes(route).await?);
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
        if request.model.is_none() {
            return self.process.build(request, output).await;
        }
        let compose = self.compose_of(&request.at.environment);
        // Images are built where the sources are, unless there is no engine.
        if compose.place().is_some() && self.compose.ping().await.is_ok() {
            return self.compose.build(request, output).await;
        }
        compose.build(request, output).await
    }

    async fn has_artifact(&self, artifact: &Artifact) -> Result<bool, Error> {
        self.of_form(artifact.form).has_artifact(artifact).await
    }

    async fn fetch_artifact(
        &self,
        at: &RouteKey,
        artifact: &Artifact,
        output: Output<'_>,
    ) -> Result<bool, Error> {
        let runtime = self.of(at, artifact.form == Form::Image);
        if runtime.fetch_artifact(at, artifact, output).await? {
            return Ok(true);
        }
        match artifact.form {
            Form::Directory => Ok(false),
            Form::Image => {
                let compose = self.compose_of(&at.environment);
                self.carry(compose, artifact, output).await
            }
        }
    }

    async fn tag_images(&self, images: &[String], tag: &str) -> Result<(), Error> {
        self.compose.tag_images(images, tag).await
    }

    async fn weigh(&self, artifact: &Artifact) -> Result<u64, Error> {
        self.of_form(artifact.form).weigh(artifact).await
    }

    async fn reclaimable(&self, artifact: &Artifact) -> Result<u64, Error> {
        self.of_form(artifact.form).reclaimable(artifact).await
    }

    async fn remove_artifact(&self, artifact: &Artifact) -> Result<Vec<Left>, Error> {
        let mut left = self
            .of_form(artifact.form)
            .remove_artifact(artifact)
            .await?;
        if artifact.form == Form::Image {
            left.extend(self.remove_elsewhere(artifact).await);
        }
        Ok(left)
    }

    async fn start(&self, spec: &ColourSpec) -> Result<(), Error> {
        let runtime = self.of(&spec.key.route, spec.model.is_some());
        runtime.start(spec).await
    }

    async fn list(&self, key: &ColourKey) -> Result<Vec<Instance>, Error> {
        let mut found = self.process.list(key).await?;
        let compose = self.compose_of(&key.route.environment);
        found.extend(compose.list(key).await?);
        Ok(found)
    }

    async fn stop(
        &self,
        key: &ColourKey,
        only: Option<&[InstanceId]>,
    ) -> Result<Vec<Stopped>, Error> {
        let compose = self.compose_of(&key.route.environment);
        let (processes, containers) =
            tokio::join!(self.process.stop(key, only), compose.stop(key, only));
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
        let runtime = self.of(&task.colour.key.route, task.colour.model.is_some());
        runtime.run_task(task, output).await
    }

    async fn logs(
        &self,
        key: &ColourKey,
        instance: &InstanceId,
        lines: usize,
    ) -> Result<Vec<String>, Error> {
        let containers = self.compose_of(&key.route.environment).list(key).await?;
        let is_container = containers.iter().any(|one| one.id == *instance);
        let runtime = self.of(&key.route, is_container);
        runtime.logs(key, instance, lines).await
    }

    async fn trouble(&self, at: &RouteKey) -> Option<String> {
        self.compose_of(&at.environment).trouble(at).await
    }

    fn host(&self, at: &RouteKey) -> Option<&EngineHost> {
        self.compose_of(&at.environment).place()
    }

    async fn neighbours(&self, at: &RouteKey, project: &str) -> Result<Vec<Neighbour>, Error> {
        let compose = self.compose_of(&at.environment);
        compose.neighbours(at, project).await
    }

    async fn projects_of(&self, at: &RouteKey, directory: &Path) -> Result<Vec<String>, Error> {
        let compose = self.compose_of(&at.environment);
        compose.projects_of(at, directory).await
    }

    async fn take_over(&self, foreign: &Foreign) -> Result<(), Error> {
        let compose = self.compose_of(&foreign.route.environment);
        compose.take_over(foreign).await
    }

    async fn retire(&self, foreign: &Foreign) -> Result<Vec<StopHow>, Error> {
        let compose = self.compose_of(&foreign.route.environment);
        compose.retire(foreign).await
    }

    async fn give_back(&self, foreign: &Foreign) -> Result<(), Error> {
        let compose = self.compose_of(&foreign.route.environment);
        compose.give_back(foreign).await
    }
    async fn set_aside(
        &self,
        key: &ColourKey,
        epoch: Epoch,
        only: &[InstanceId],
    ) -> Result<Vec<StopHow>, Error> {
        let compose = self.compose_of(&key.route.environment);
        compose.set_aside(key, epoch, only).await
    }

    async fn bring_back(
        &self,
        key: &ColourKey,
        epoch: Epoch,
        only: &[InstanceId],
    ) -> Result<(), Error> {
        let compose = self.compose_of(&key.route.environment);
        compose.bring_back(key, epoch, only).await
    }

    async fn discard(
        &self,
        key: &ColourKey,
        epoch: Epoch,
        only: &[InstanceId],
    ) -> Result<(), Error> {
        let compose = self.compose_of(&key.route.environment);
        compose.discard(key, epoch, only).await
    }

    async fn program_in(
        &self,
        key: &ColourKey,
        instance: &InstanceId,
        program: &Program,
    ) -> Result<Command, Error> {
        let compose = self.compose_of(&key.route.environment);
        compose.program_in(key, instance, program).await
    }

    fn volume_directory(&self, route: &RouteKey, volume: &str) -> Option<PathBuf> {
        self.process.volume_directory(route, volume)
    }

    async fn find_oddities(&self, key: &ColourKey, model: &Model) -> Result<Oddities, Error> {
        let compose = self.compose_of(&key.route.environment);
        compose.find_oddities(key, model).await
    }
}
