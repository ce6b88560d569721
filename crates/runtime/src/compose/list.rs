//! What exists in a slot, and what it wrote.

use bollard::Docker;
use bollard::container::LogOutput;
use bollard::models::ContainerInspectResponse;
use bollard::query_parameters::{ListContainersOptionsBuilder, LogsOptionsBuilder};
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use shipway_pipeline::id::InstanceId;

use super::engine::{failed, is_missing};
use super::instance::instance;
use super::{label, name};
use crate::lines::Splitter;
use crate::{ColourKey, Error, Instance, Line, Output};

/// The instances of a slot, running or not.
pub(super) async fn list(docker: &Docker, key: &ColourKey) -> Result<Vec<Instance>, Error> {
    let containers = containers(docker, key, label::INSTANCE).await?;
    let mut instances: Vec<Instance> = containers.iter().filter_map(instance).collect();
    instances.sort_by(|a, b| a.id.cmp(&b.id));
    Ok(instances)
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
    docker: &Docker,
    key: &ColourKey,
    instance: &InstanceId,
    lines: usize,
) -> Result<Vec<String>, Error> {
    let name = name::container(key, instance);
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
    docker: &Docker,
    key: &ColourKey,
    instance: &InstanceId,
    lines: usize,
    output: Output<'_>,
) -> Result<(), Error> {
    let name = name::container(key, instance);
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
