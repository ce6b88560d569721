//! Shared containers that are kept aside while new ones are made in their place.
//!
//! A container that is aside has another name, does not run, and nothing starts it. Brought back,
//! it is the very one that it was.

use bollard::Docker;
use bollard::models::ContainerInspectResponse;
use bollard::query_parameters::RenameContainerOptionsBuilder;
use shipway_pipeline::id::{Epoch, InstanceId};

use super::before::{Notes, restore, stop};
use super::engine::failed;
use super::list::{Member, everything, members};
use super::neighbour::name;
use super::runtime::ComposeRuntime;
use super::stop::{end, remove};
use crate::state::epoch;
use crate::{ColourKey, Error, StopHow};

/// What a container's name ends with while it is aside.
const ASIDE: &str = ".aside";

/// Whether a container is kept aside.
pub(super) fn is_aside(container: &ContainerInspectResponse) -> bool {
    name(container).is_some_and(|name| name.ends_with(ASIDE))
}

/// Stops containers and puts them aside; one that is aside already stays so.
pub(super) async fn set_aside(
    runtime: &ComposeRuntime,
    key: &ColourKey,
    epoch: Epoch,
    only: &[InstanceId],
) -> Result<Vec<StopHow>, Error> {
    epoch::raise(&runtime.layout, key, epoch).await?;
    let docker = runtime.docker()?;
    let found = members(runtime, key).await?.into_iter();
    let containers: Vec<ContainerInspectResponse> = found
        .filter(|one| only.contains(&one.identity.id))
        .map(|one| one.container)
        .collect();
    let mut notes = Notes::read(&runtime.layout, &key.route)?;
    let stopped = stop(docker, &mut notes, &containers).await?;
    for container in &containers {
        let plain = name(container).unwrap_or_default();
        rename(docker, plain, &format!("{plain}{ASIDE}")).await?;
    }
    Ok(stopped)
}

/// Makes containers that were put aside run as they did before; what is in their place goes.
pub(super) async fn bring_back(
    runtime: &ComposeRuntime,
    key: &ColourKey,
    epoch: Epoch,
    only: &[InstanceId],
) -> Result<(), Error> {
    epoch::raise(&runtime.layout, key, epoch).await?;
    let docker = runtime.docker()?;
    let mut notes = Notes::read(&runtime.layout, &key.route)?;
    let all = everything(runtime, key).await?;
    for member in all.iter().filter(|one| only.contains(&one.identity.id)) {
        if notes.of(&member.container).is_none() {
            continue;
        }
        if is_aside(&member.container) {
            make_way(docker, key, &all, member).await?;
            let aside = name(&member.container).unwrap_or_default();
            rename(docker, aside, aside.trim_end_matches(ASIDE)).await?;
        }
        restore(docker, &mut notes, &member.container).await?;
    }
    Ok(())
}

/// Removes containers that are aside. Their volumes stay.
pub(super) async fn discard(
    runtime: &ComposeRuntime,
    key: &ColourKey,
    epoch: Epoch,
    only: &[InstanceId],
) -> Result<(), Error> {
    epoch::raise(&runtime.layout, key, epoch).await?;
    let mut notes = Notes::read(&runtime.layout, &key.route)?;
    let all = everything(runtime, key).await?.into_iter();
    for member in all.filter(|one| only.contains(&one.identity.id) && is_aside(&one.container)) {
        let id = member.container.id.as_deref().unwrap_or_default();
        remove(runtime.docker()?, id, false).await?;
        notes.forget(&member.container)?;
    }
    Ok(())
}

/// Removes what has the place of a container that is aside.
async fn make_way(
    docker: &Docker,
    key: &ColourKey,
    all: &[Member],
    aside: &Member,
) -> Result<(), Error> {
    let is_in_its_place =
        |one: &&Member| one.identity.id == aside.identity.id && !is_aside(&one.container);
    for one in all.iter().filter(is_in_its_place) {
        let id = one.container.id.as_deref().unwrap_or_default();
        end(docker, id, key.slot).await?;
    }
    Ok(())
}

async fn rename(docker: &Docker, from: &str, to: &str) -> Result<(), Error> {
    let options = RenameContainerOptionsBuilder::new().name(to).build();
    let renamed = docker.rename_container(from, options).await;
    renamed.map_err(failed(format!("rename `{from}` to `{to}`")))
}
