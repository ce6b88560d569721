//! The containers that a release replaces: taken off their ports, stopped, given back.
//!
//! A container that is on no network has no host port, and gets it again with its first network.
//! So the address is free in a fraction of a second, the container goes on running, and the way
//! back is as short.

use bollard::Docker;
use bollard::models::{ContainerInspectResponse, NetworkDisconnectRequest};
use futures_util::future::try_join_all;
use shipway_pipeline::colour::Slot;

use super::super::before::{Notes, named, networks, restore, stop};
use super::super::engine::{failed, is_missing};
use super::super::neighbour::{containers, is_alive, service};
use super::super::runtime::ComposeRuntime;
use crate::state::epoch;
use crate::{ColourKey, Error, Foreign, StopHow};

/// Takes the host's ports away from containers, which go on running.
pub(in super::super) async fn take_over(
    runtime: &ComposeRuntime,
    foreign: &Foreign,
) -> Result<(), Error> {
    let docker = runtime.docker()?;
    let found = begin(runtime, foreign).await?;
    Notes::read(&runtime.layout, &foreign.route)?.keep(&found)?;
    let disconnects = found.iter().map(|one| disconnect(docker, one));
    try_join_all(disconnects).await.map(drop)
}

/// Stops containers, and sees to it that nothing starts them again.
pub(in super::super) async fn retire(
    runtime: &ComposeRuntime,
    foreign: &Foreign,
) -> Result<Vec<StopHow>, Error> {
    let docker = runtime.docker()?;
    let mut found = begin(runtime, foreign).await?;
    found.retain(is_alive);
    let mut notes = Notes::read(&runtime.layout, &foreign.route)?;
    stop(docker, &mut notes, &found).await
}

/// Makes containers run as they did before.
pub(in super::super) async fn give_back(
    runtime: &ComposeRuntime,
    foreign: &Foreign,
) -> Result<(), Error> {
    let docker = runtime.docker()?;
    let found = begin(runtime, foreign).await?;
    let mut notes = Notes::read(&runtime.layout, &foreign.route)?;
    for container in &found {
        restore(docker, &mut notes, container).await?;
    }
    Ok(())
}

/// The containers that are meant, unless somebody newer has the environment.
async fn begin(
    runtime: &ComposeRuntime,
    foreign: &Foreign,
) -> Result<Vec<ContainerInspectResponse>, Error> {
    let shared = ColourKey {
        route: foreign.route.clone(),
        slot: Slot::Shared,
    };
    epoch::raise(&runtime.layout, &shared, foreign.epoch).await?;
    let mut found = containers(runtime.docker()?, &foreign.project).await?;
    found.retain(|one| {
        let wanted = foreign.services.iter();
        service(one).is_some_and(|name| wanted.clone().any(|wanted| wanted.as_str() == name))
    });
    Ok(found)
}

async fn disconnect(docker: &Docker, container: &ContainerInspectResponse) -> Result<(), Error> {
    let (id, name) = named(container);
    for network in networks(container).into_iter().flat_map(|all| all.keys()) {
        let request = NetworkDisconnectRequest {
            container: id.to_owned(),
            force: Some(false),
        };
        match docker.disconnect_network(network, request).await {
            Ok(()) => {}
            // It is off it since.
            Err(error) if is_missing(&error) => {}
            Err(error) => {
                let action = format!("take `{name}` off the network `{network}`");
                return Err(failed(action)(error));
            }
        }
    }
    Ok(())
}
