//! A runtime without processes.

use std::collections::BTreeMap;

use async_trait::async_trait;
use shipway_pipeline::id::InstanceId;
use shipway_pipeline::route::RouteKey;
use shipway_runtime::{
    Artifact, BuildRequest, ColourKey, ColourSpec, Error, Exit, Form, Instance, Left, Line, Output,
    Runtime, StopHow, Stopped, TaskSpec,
};

use super::call::Call;
use super::check;
use super::fault::Moment;
use super::state::{Ailment, State};
use super::world::{Failed, World};

/// A [`Runtime`] whose instances live in a [`World`].
#[derive(Clone)]
pub struct FakeRuntime {
    world: World,
}

impl FakeRuntime {
    pub(super) fn new(world: World) -> Self {
        Self { world }
    }
}

#[async_trait]
impl Runtime for FakeRuntime {
    async fn build(&self, request: &BuildRequest, output: Output<'_>) -> Result<Artifact, Error> {
        let digests: BTreeMap<String, String> = request
            .services
            .iter()
            .map(|service| (service.name.clone(), format!("sha256:{}", request.commit)))
            .collect();
        // Nobody needs to listen.
        let _ = output.send(Line {
            text: format!("built {}", request.commit),
            is_error: false,
        });
        let built = self.world.perform(Call::Build, |_, _| ()).await;
        built.map_err(failed("build"))?;
        Ok(Artifact {
            form: Form::Directory,
            digests,
            platforms: Vec::new(),
        })
    }

    async fn has_artifact(&self, _artifact: &Artifact) -> Result<bool, Error> {
        let found = self.world.perform(Call::HasArtifact, |_, _| true).await;
        found.map_err(failed("look for an artifact"))
    }

    async fn fetch_artifact(
        &self,
        _at: &RouteKey,
        artifact: &Artifact,
        _output: Output<'_>,
    ) -> Result<bool, Error> {
        self.has_artifact(artifact).await
    }

    async fn tag_images(&self, images: &[String], tag: &str) -> Result<(), Error> {
        let call = Call::Tag {
            images: images.to_vec(),
            tag: tag.to_owned(),
        };
        let tagged = self.world.perform(call, |_, _| ()).await;
        tagged.map_err(failed("tag an artifact"))
    }

    async fn weigh(&self, artifact: &Artifact) -> Result<u64, Error> {
        Ok(artifact.digests.len() as u64)
    }

    async fn reclaimable(&self, artifact: &Artifact) -> Result<u64, Error> {
        self.weigh(artifact).await
    }

    async fn remove_artifact(&self, artifact: &Artifact) -> Result<Vec<Left>, Error> {
        let call = Call::Remove {
            parts: artifact.digests.values().cloned().collect(),
        };
        let removed = self.world.perform(call, |_, _| Vec::new()).await;
        removed.map_err(failed("remove an artifact"))
    }

    async fn start(&self, spec: &ColourSpec) -> Result<(), Error> {
        let instances = instances(spec);
        let call = Call::Start {
            key: spec.key.clone(),
            deployment: spec.deployment,
            epoch: spec.epoch,
            instances: instances.clone(),
        };
        let started = self
            .world
            .perform(call, |state, part| start(state, spec, &instances, part))
            .await;
        started.map_err(failed("start"))?
    }

    async fn list(&self, key: &ColourKey) -> Result<Vec<Instance>, Error> {
        let call = Call::List { key: key.clone() };
        let found = self.world.perform(call, |state, _| {
            let members = state.slots.get(key).into_iter().flatten();
            members.map(|(_, member)| member.observe()).collect()
        });
        found.await.map_err(failed("list"))
    }

    async fn stop(
        &self,
        key: &ColourKey,
        only: Option<&[InstanceId]>,
    ) -> Result<Vec<Stopped>, Error> {
        let call = Call::Stop {
            key: key.clone(),
            only: only.map(<[InstanceId]>::to_vec),
        };
        let stopped = self
            .world
            .perform(call, |state, part| stop(state, key, only, part))
            .await;
        stopped.map_err(failed("stop"))
    }

    async fn run_task(&self, task: &TaskSpec, output: Output<'_>) -> Result<Exit, Error> {
        let spec = &task.colour;
        let call = Call::RunTask {
            name: task.name.clone(),
            epoch: spec.epoch,
        };
        let _ = output.send(Line {
            text: format!("{} runs", task.name),
            is_error: false,
        });
        let ended = self
            .world
            .perform(call, |state, part| run_task(state, spec, part))
            .await;
        ended.map_err(failed("run a task"))?
    }

    async fn logs(
        &self,
        _key: &ColourKey,
        instance: &InstanceId,
        _lines: usize,
    ) -> Result<Vec<String>, Error> {
        let lines = self
            .world
            .perform(Call::Logs, |_, _| vec![format!("last words of {instance}")]);
        lines.await.map_err(failed("read a log"))
    }
}

fn start(
    state: &mut State,
    spec: &ColourSpec,
    instances: &[InstanceId],
    part: Moment,
) -> Result<(), Error> {
    let refuse = |reason: String| Error::Start {
        instance: spec.key.to_string(),
        reason,
    };
    state.raise(&spec.key, spec.epoch).map_err(refuse)?;
    if state.ailments.get(&spec.release) == Some(&Ailment::CannotStart) {
        return Err(refuse("the program is missing".to_owned()));
    }
    for id in &instances[..part.part(instances.len())] {
        let runs_already = state
            .member(&spec.key, id)
            .is_some_and(|member| member.deployment == spec.deployment && member.is_alive());
        if !runs_already {
            state.start(&spec.key, id, &spec.release, spec.deployment);
        }
    }
    Ok(())
}

fn stop(
    state: &mut State,
    key: &ColourKey,
    only: Option<&[InstanceId]>,
    part: Moment,
) -> Vec<Stopped> {
    let members = state.slots.get(key).into_iter().flatten();
    let mut ids: Vec<InstanceId> = members
        .map(|(id, _)| id.clone())
        .filter(|id| only.is_none_or(|only| only.contains(id)))
        .collect();
    ids.truncate(part.part(ids.len()));
    let broken = check::check_stop(state, key, &ids);
    state.violations.extend(broken);
    let members = state.slots.entry(key.clone()).or_default();
    ids.into_iter()
        .map(|id| {
            let was_alive = members.remove(&id).is_some_and(|member| member.is_alive());
            let how = if was_alive {
                StopHow::Gracefully
            } else {
                StopHow::WasGone
            };
            Stopped { id, how }
        })
        .collect()
}

fn run_task(state: &mut State, spec: &ColourSpec, part: Moment) -> Result<Exit, Error> {
    state
        .raise(&spec.key, spec.epoch)
        .map_err(|reason| Error::Start {
            instance: spec.key.to_string(),
            reason,
        })?;
    if !check::is_shared_ready(state, &spec.key.route) {
        state
            .violations
            .push("a task runs before the shared services are ready".to_owned());
    }
    if state.ailments.get(&spec.release) == Some(&Ailment::MigrationFails) {
        return Ok(Exit::Code(1));
    }
    if part == Moment::After {
        state.migrated.push(spec.release.clone());
    }
    Ok(Exit::Code(0))
}

fn instances(spec: &ColourSpec) -> Vec<InstanceId> {
    spec.services
        .iter()
        .flat_map(|service| {
            (1..=service.replicas).map(|number| InstanceId {
                service: service
                    .name
                    .parse()
                    .expect("the engine starts services whose names were checked"),
                number,
            })
        })
        .collect()
}

fn failed(action: &str) -> impl FnOnce(Failed) -> Error {
    move |Failed| Error::Io {
        action: action.to_owned(),
        source: std::io::Error::other("it was arranged to fail"),
    }
}
