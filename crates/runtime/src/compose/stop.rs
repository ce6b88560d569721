//! Stops and removes instances.

use bollard::Docker;
use bollard::models::ContainerInspectResponse;
use bollard::query_parameters::RemoveContainerOptionsBuilder;
use futures_util::future::join_all;
use shipway_pipeline::colour::Slot;
use shipway_pipeline::id::InstanceId;

use super::engine::{failed, is_conflict, is_missing, is_unchanged};
use super::runtime::ComposeRuntime;
use super::{label, list};
use crate::state::{files, stopping};
use crate::{ColourKey, Error, StopHow, Stopped};

/// What a shell reports of a process that was killed, and the engine as well.
const KILLED: i64 = 128 + 9;

/// Stops the instances named, or all of them, each at the same time as the others.
pub(super) async fn stop(
    runtime: &ComposeRuntime,
    key: &ColourKey,
    only: Option<&[InstanceId]>,
) -> Result<Vec<Stopped>, Error> {
    let ids = match only {
        Some(ids) => ids.to_vec(),
        None => ids(runtime.docker()?, key).await?,
    };
    let stops = ids.into_iter().map(|id| async move {
        let how = stop_one(runtime, key, &id).await?;
        Ok(Stopped { id, how })
    });
    let stopped = join_all(stops).await.into_iter().collect();
    let slot = runtime.layout.slot(key);
    shipway_durable::remove_leftovers(&slot).map_err(files::failed("clean up", &slot))?;
    stopped
}

/// Finishes what somebody began and did not see the end of, for each of these.
pub(super) async fn finish(
    runtime: &ComposeRuntime,
    key: &ColourKey,
    ids: impl Iterator<Item = InstanceId>,
) -> Result<(), Error> {
    for id in ids {
        if stopping::is_under_way(&runtime.layout, key, &id)? {
            stop_one(runtime, key, &id).await?;
        }
    }
    Ok(())
}

async fn stop_one(
    runtime: &ComposeRuntime,
    key: &ColourKey,
    id: &InstanceId,
) -> Result<StopHow, Error> {
    let container = list::container_of(runtime, key, id).await?;
    stopping::begin(&runtime.layout, key, id)?;
    let how = end(runtime.docker()?, &container, key.slot).await?;
    stopping::done(&runtime.layout, key, id)?;
    Ok(how)
}

async fn ids(docker: &Docker, key: &ColourKey) -> Result<Vec<InstanceId>, Error> {
    let containers = list::containers(docker, key, label::INSTANCE).await?;
    let id = |container: &ContainerInspectResponse| {
        let labels = container.config.as_ref()?.labels.as_ref()?;
        labels.get(label::INSTANCE)?.parse().ok()
    };
    Ok(containers.iter().filter_map(id).collect())
}

/// Stops a container with its own signal and grace period, and removes it.
///
/// Volumes without a name go with a colour's container: the next one cannot find them anyway. A
/// shared container's stay.
pub(super) async fn end(docker: &Docker, name: &str, slot: Slot) -> Result<StopHow, Error> {
    let was_running = match docker.stop_container(name, None).await {
        Ok(()) => true,
        Err(error) if is_unchanged(&error) => false,
        Err(error) if is_missing(&error) => return Ok(StopHow::WasGone),
        Err(error) => return Err(failed(format!("stop `{name}`"))(error)),
    };
    let after = list::inspect(docker, name).await?;
    let code = after.and_then(|container| container.state?.exit_code);
    remove(docker, name, slot != Slot::Shared).await?;
    Ok(match (was_running, code) {
        (false, _) => StopHow::WasGone,
        (true, Some(KILLED)) => StopHow::Killed,
        (true, _) => StopHow::Gracefully,
    })
}

/// Removes a container that does not run; one that is gone, or being removed, is no error.
pub(super) async fn remove(docker: &Docker, name: &str, volumes: bool) -> Result<(), Error> {
    let options = RemoveContainerOptionsBuilder::new().v(volumes).force(true);
    match docker.remove_container(name, Some(options.build())).await {
        Ok(()) => Ok(()),
        Err(error) if is_missing(&error) || is_conflict(&error) => Ok(()),
        Err(error) => Err(failed(format!("remove `{name}`"))(error)),
    }
}
