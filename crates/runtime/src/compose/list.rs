//! What exists in a slot, and what it wrote.

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::models::ContainerInspectResponse;
use bollard::query_parameters::{ListContainersOptionsBuilder, LogsOptionsBuilder};
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use shipway_pipeline::colour::Slot;
use shipway_pipeline::id::InstanceId;

use super::aside::is_aside;
use super::engine::{failed, is_missing};
use super::instance::{Identity, identity, instance};
use super::runtime::ComposeRuntime;
use super::{adopt, label, name};
use crate::lines::Splitter;
use crate::{ColourKey, Error, Instance, Line, Output};

/// The instances of a slot, running or not.
pub(super) async fn list(
    runtime: &ComposeRuntime,
    key: &ColourKey,
) -> Result<Vec<Instance>, Error> {
    let members = members(runtime, key).await?.into_iter();
    Ok(members
        .filter_map(|member| instance(&member.container, member.identity))
        .collect())
}

/// A container that is an instance of a slot.
pub(super) struct Member {
    pub(super) identity: Identity,
    pub(super) container: ContainerInspectResponse,
}

/// The containers that are instances of a slot, by their names: those that were made for it, and
/// those that were adopted.
pub(super) async fn members(
    runtime: &ComposeRuntime,
    key: &ColourKey,
) -> Result<Vec<Member>, Error> {
    let mut members = everything(runtime, key).await?;
    members.retain(|one| !is_aside(&one.container));
    // Of two by one name, the one that was made: its maker knew that the other was gone.
    members.sort_by(|a, b| a.identity.id.cmp(&b.identity.id));
    members.dedup_by(|later, first| later.identity.id == first.identity.id);
    Ok(members)
}

/// The same with what is kept aside.
pub(super) async fn everything(
    runtime: &ComposeRuntime,
    key: &ColourKey,
) -> Result<Vec<Member>, Error> {
    let made = containers(runtime.docker()?, key, label::INSTANCE).await?;
    let mut members: Vec<Member> = made
        .into_iter()
        .filter_map(|container| {
            Some(Member {
                identity: identity(&container)?,
                container,
            })
        })
        .collect();
    if key.slot == Slot::Shared {
        members.extend(adopt::members(runtime, key).await?);
    }
    Ok(members)
}

/// What the engine calls the container of an instance.
pub(super) async fn container_of(
    runtime: &ComposeRuntime,
    key: &ColourKey,
    instance: &InstanceId,
) -> Result<String, Error> {
    if key.slot == Slot::Shared
        && let Some(record) = adopt::record(&runtime.layout, key)?
        && record.has(&instance.service)
    {
        let members = members(runtime, key).await?;
        let mut found = members
            .into_iter()
            .filter(|one| one.identity.id == *instance);
        if let Some(id) = found.next().and_then(|one| one.container.id) {
            return Ok(id);
        }
    }
    Ok(name::container(key, instance))
}

/// The containers of a slot that have a label, as they are.
pub(super) async fn containers(
    docker: &Docker,
    key: &ColourKey,
    having: &str,
) -> Result<Vec<ContainerInspectResponse>, Error> {
    let filters = label::filter(key, having);
    let options = ListContainersOptionsBuilder::new()
        .all(true)
        .filters(&filters);
    let found = docker
        .list_containers(Some(options.build()))
        .await
        .map_err(failed(format!("list the containers of {key}")))?;
    let ids = found.into_iter().filter_map(|container| container.id);
    let inspected = join_all(ids.map(|id| async move { inspect(docker, &id).await })).await;
    inspected
        .into_iter()
        .filter_map(Result::transpose)
        .collect()
}

/// A container as it is; none where there is none.
pub(super) async fn inspect(
    docker: &Docker,
    name: &str,
) -> Result<Option<ContainerInspectResponse>, Error> {
    match docker.inspect_container(name, None).await {
        Ok(container) => Ok(Some(container)),
        // It went since it was listed.
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(failed(format!("inspect the container `{name}`"))(error)),
    }
}

/// The last lines that an instance wrote.
pub(super) async fn logs(
    runtime: &ComposeRuntime,
    key: &ColourKey,
    instance: &InstanceId,
    lines: usize,
) -> Result<Vec<String>, Error> {
    let docker = runtime.docker()?;
    let name = container_of(runtime, key, instance).await?;
    let options = LogsOptionsBuilder::new()
        .stdout(true)
        .stderr(true)
        .tail(&lines.to_string());
    let mut stream = std::pin::pin!(docker.logs(&name, Some(options.build())));
    let (mut out, mut err) = (Splitter::default(), Splitter::default());
    let mut read = Vec::new();
    while let Some(part) = stream.next().await {
        match part {
            Ok(LogOutput::StdErr { message }) => read.extend(err.push(&message)),
            Ok(part) => read.extend(out.push(&part.into_bytes())),
            Err(error) if is_missing(&error) => return Ok(Vec::new()),
            Err(error) => return Err(failed(format!("read the log of `{name}`"))(error)),
        }
    }
    read.extend(out.finish());
    read.extend(err.finish());
    Ok(read)
}

/// Tells the last lines that an instance wrote, and then each new one until it ends.
pub(super) async fn follow(
    runtime: &ComposeRuntime,
    key: &ColourKey,
    instance: &InstanceId,
    lines: usize,
    output: Output<'_>,
) -> Result<(), Error> {
    let docker = runtime.docker()?;
    let name = container_of(runtime, key, instance).await?;
    let options = LogsOptionsBuilder::new()
        .stdout(true)
        .stderr(true)
        .follow(true)
        .tail(&lines.to_string());
    let mut stream = std::pin::pin!(docker.logs(&name, Some(options.build())));
    let mut splitters = [Splitter::default(), Splitter::default()];
    while let Some(part) = stream.next().await {
        let part = match part {
            Ok(part) => part,
            Err(error) if is_missing(&error) => return Ok(()),
            Err(error) => return Err(failed(format!("read the log of `{name}`"))(error)),
        };
        let is_error = matches!(part, LogOutput::StdErr { .. });
        for text in splitters[usize::from(is_error)].push(&part.into_bytes()) {
            if output.send(Line { text, is_error }).is_err() {
                return Ok(());
            }
        }
    }
    for (splitter, is_error) in splitters.iter_mut().zip([false, true]) {
        if let Some(text) = splitter.finish() {
            // Whoever listened may be gone: so is the instance.
            let _ = output.send(Line { text, is_error });
        }
    }
    Ok(())
}
