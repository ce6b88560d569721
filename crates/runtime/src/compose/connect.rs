//! Shared containers on the networks of the colours.

use bollard::Docker;
use bollard::models::{EndpointSettings, NetworkConnectRequest};
use shipway_compose::yaml::{Mapping, Node};
use shipway_pipeline::colour::{Colour, Slot};

use super::engine::{failed, is_conflict};
use super::list::{self, Member};
use super::network::{complete_name, is_external};
use super::runtime::ComposeRuntime;
use super::{name, network};
use crate::{ColourKey, Error};

/// The colours that an environment can have.
const COLOURS: [Colour; 2] = [Colour::Blue, Colour::Green];

/// Makes the networks of both colours, and connects to them the shared containers that run.
///
/// Safe to repeat; a crash leaves some of them connected. It is done again before each start of a
/// colour, so that a shared container which somebody made anew is found on the networks again.
pub(super) async fn connect_shared(
    runtime: &ComposeRuntime,
    key: &ColourKey,
    document: &Node,
) -> Result<(), Error> {
    let docker = runtime.docker()?;
    let own = own_networks(document);
    for colour in COLOURS {
        let of_colour = ColourKey {
            route: key.route.clone(),
            slot: colour.into(),
        };
        for (_, complete, definition) in &own {
            let name = name::network(complete, colour);
            network::ensure(docker, &of_colour, &name, definition).await?;
        }
    }
    let shared = ColourKey {
        route: key.route.clone(),
        slot: Slot::Shared,
    };
    for member in list::members(runtime, &shared).await? {
        connect(docker, document, &own, &member).await?;
    }
    Ok(())
}

/// The networks of the document that are the environment's own: key, complete name, definition.
fn own_networks(document: &Node) -> Vec<(&str, &str, &Node)> {
    let networks = document.get("networks").and_then(Node::as_map);
    networks
        .into_iter()
        .flat_map(Mapping::iter)
        .filter(|(_, definition)| !is_external(definition))
        .map(|(key, definition)| (key, complete_name(key, definition), definition))
        .collect()
}

/// Connects a container to the colours' counterparts of each network that its service is on.
async fn connect(
    docker: &Docker,
    document: &Node,
    own: &[(&str, &str, &Node)],
    member: &Member,
) -> Result<(), Error> {
    let (id, container) = (&member.identity.id, &member.container);
    let Some(container_id) = container.id.as_deref() else {
        return Ok(());
    };
    let is_on = |name: &str| {
        let networks = container.network_settings.as_ref()?.networks.as_ref()?;
        Some(networks.contains_key(name))
    };
    let service = id.service.as_str();
    for (key, complete, _) in own {
        let Some(membership) = document.at(&["services", service, "networks", key]) else {
            continue;
        };
        for colour in COLOURS {
            let name = name::network(complete, colour);
            if is_on(&name) != Some(true) {
                let request = request(container_id, service, membership);
                match docker.connect_network(&name, request).await {
                    Ok(()) => {}
                    // It is on it since.
                    Err(error) if is_conflict(&error) => {}
                    Err(error) => {
                        return Err(failed(format!("connect `{id}` to the network `{name}`"))(
                            error,
                        ));
                    }
                }
            }
        }
    }
    Ok(())
}

/// On the network the container answers to its service's name and to its own aliases there.
fn request(container: &str, service: &str, membership: &Node) -> NetworkConnectRequest {
    let aliases = membership.get("aliases").and_then(Node::as_sequence);
    let own = aliases.unwrap_or_default().iter().filter_map(Node::as_str);
    NetworkConnectRequest {
        container: container.to_owned(),
        endpoint_config: Some(EndpointSettings {
            aliases: Some(
                std::iter::once(service)
                    .chain(own)
                    .map(str::to_owned)
                    .collect(),
            ),
            ..EndpointSettings::default()
        }),
    }
}
