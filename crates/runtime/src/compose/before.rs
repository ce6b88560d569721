//! How containers were before something was done to them, written down first; and back to it.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::path::PathBuf;
use std::slice;

use bollard::Docker;
use bollard::models::{
    ContainerInspectResponse, ContainerUpdateBody, EndpointSettings, NetworkConnectRequest,
    RestartPolicy, RestartPolicyNameEnum,
};
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use shipway_pipeline::colour::Slot;
use shipway_pipeline::route::RouteKey;

use super::engine::{failed, is_conflict, is_unchanged};
use super::list;
use super::neighbour::{is_alive, name};
use crate::state::files;
use crate::state::layout::Layout;
use crate::{ColourKey, Error, StopHow};

const FILE: &str = "before.json";

/// What the engine reports of a process that was killed.
const KILLED: i64 = 128 + 9;

/// How a container was.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Before {
    pub(super) running: bool,
    pub(super) restart: Option<RestartPolicy>,
    /// Its networks, with what it is called there.
    pub(super) networks: BTreeMap<String, EndpointSettings>,
    /// Whether somebody was about to stop it, and nobody has seen that it has ended: it may run,
    /// and not for long.
    #[serde(default)]
    stopping: bool,
}

/// How containers were, by the engine's ids.
#[derive(Debug)]
pub(super) struct Notes {
    path: PathBuf,
    known: BTreeMap<String, Before>,
}

// === impl Notes ===

impl Notes {
    pub(super) fn read(layout: &Layout, route: &RouteKey) -> Result<Self, Error> {
        let shared = ColourKey {
            route: route.clone(),
            slot: Slot::Shared,
        };
        let directory = layout.slot(&shared);
        let path = directory.join(FILE);
        shipway_durable::make_directory(&directory).map_err(files::failed("make", &directory))?;
        let known = match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .map_err(|error| files::failed("understand", &path)(error.into()))?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
            Err(error) => return Err(files::failed("read", &path)(error)),
        };
        Ok(Self { path, known })
    }

    /// How a container was, if anything was done to it.
    pub(super) fn of(&self, container: &ContainerInspectResponse) -> Option<&Before> {
        self.known.get(container.id.as_deref()?)
    }

    /// Writes down how containers are, those that are known already left as they were.
    pub(super) fn keep(&mut self, containers: &[ContainerInspectResponse]) -> Result<(), Error> {
        self.note(containers, |_| {})
    }

    /// Forgets a container that is as it was, or gone.
    pub(super) fn forget(&mut self, container: &ContainerInspectResponse) -> Result<(), Error> {
        if let Some(id) = &container.id {
            self.known.remove(id);
        }
        self.write()
    }

    /// Writes down whether containers are being stopped, and how they were before that.
    fn stopping(
        &mut self,
        containers: &[ContainerInspectResponse],
        stopping: bool,
    ) -> Result<(), Error> {
        self.note(containers, |before| before.stopping = stopping)
    }

    fn note(
        &mut self,
        containers: &[ContainerInspectResponse],
        what: impl Fn(&mut Before),
    ) -> Result<(), Error> {
        for container in containers {
            if let Some(id) = &container.id {
                let known = self.known.entry(id.clone());
                what(known.or_insert_with(|| before(container)));
            }
        }
        self.write()
    }

    fn write(&self) -> Result<(), Error> {
        serde_json::to_vec_pretty(&self.known)
            .map_err(io::Error::from)
            .and_then(|text| shipway_durable::replace(&self.path, &text))
            .map_err(files::failed("write", &self.path))
    }
}

/// The networks that a container is on.
pub(super) fn networks(
    container: &ContainerInspectResponse,
) -> Option<&HashMap<String, EndpointSettings>> {
    container.network_settings.as_ref()?.networks.as_ref()
}

fn before(container: &ContainerInspectResponse) -> Before {
    let networks = networks(container).into_iter().flatten();
    Before {
        running: is_alive(container),
        restart: container
            .host_config
            .as_ref()
            .and_then(|host| host.restart_policy.clone()),
        networks: networks
            .map(|(name, endpoint)| (name.clone(), asked_for(endpoint)))
            .collect(),
        stopping: false,
    }
}

/// What was asked for of a connection, without what the engine chose.
fn asked_for(endpoint: &EndpointSettings) -> EndpointSettings {
    EndpointSettings {
        ipam_config: endpoint.ipam_config.clone(),
        links: endpoint.links.clone(),
        aliases: endpoint.aliases.clone(),
        driver_opts: endpoint.driver_opts.clone(),
        ..EndpointSettings::default()
    }
}

/// Stops containers, each at the same time as the others, and sees to it that nothing starts them
/// again. How they were is written down first, and that they are told to.
pub(super) async fn stop(
    docker: &Docker,
    notes: &mut Notes,
    containers: &[ContainerInspectResponse],
) -> Result<Vec<StopHow>, Error> {
    notes.stopping(containers, true)?;
    let stops = containers.iter().map(|one| stop_one(docker, one));
    let stopped = join_all(stops)
        .await
        .into_iter()
        .collect::<Result<_, _>>()?;
    notes.stopping(containers, false)?;
    Ok(stopped)
}

async fn stop_one(docker: &Docker, container: &ContainerInspectResponse) -> Result<StopHow, Error> {
    let (id, name) = named(container);
    // Otherwise `restart: always` brings it back with the engine's next start.
    let never = RestartPolicy {
        name: Some(RestartPolicyNameEnum::NO),
        ..RestartPolicy::default()
    };
    set_restart(docker, id, Some(never)).await?;
    match docker.stop_container(id, None).await {
        Ok(()) => {}
        Err(error) if is_unchanged(&error) => return Ok(StopHow::WasGone),
        Err(error) => return Err(failed(format!("stop `{name}`"))(error)),
    }
    let after = list::inspect(docker, id).await?;
    let code = after.and_then(|container| container.state?.exit_code);
    Ok(match code {
        Some(KILLED) => StopHow::Killed,
        _ => StopHow::Gracefully,
    })
}

/// Makes a container run as it did before something was done to it, if anything was.
pub(super) async fn restore(
    docker: &Docker,
    notes: &mut Notes,
    container: &ContainerInspectResponse,
) -> Result<(), Error> {
    let Some(before) = notes.of(container).cloned() else {
        return Ok(());
    };
    if before.stopping {
        stop(docker, notes, slice::from_ref(container)).await?;
    }
    let (id, name) = named(container);
    let is_on = |network: &str| networks(container).is_some_and(|all| all.contains_key(network));
    for (network, endpoint) in &before.networks {
        if is_on(network) {
            continue;
        }
        let request = NetworkConnectRequest {
            container: id.to_owned(),
            endpoint_config: Some(endpoint.clone()),
        };
        match docker.connect_network(network, request).await {
            Ok(()) => {}
            Err(error) if is_conflict(&error) => {}
            Err(error) => {
                let action = format!("connect `{name}` to the network `{network}` again");
                return Err(failed(action)(error));
            }
        }
    }
    set_restart(docker, id, before.restart.clone()).await?;
    if before.running {
        let started = docker.start_container(id, None).await;
        match started {
            Ok(()) => {}
            Err(error) if is_unchanged(&error) => {}
            Err(error) => return Err(failed(format!("start `{name}` again"))(error)),
        }
    }
    notes.forget(container)
}

async fn set_restart(
    docker: &Docker,
    id: &str,
    policy: Option<RestartPolicy>,
) -> Result<(), Error> {
    let update = ContainerUpdateBody {
        restart_policy: policy,
        ..ContainerUpdateBody::default()
    };
    let updated = docker.update_container(id, update).await;
    updated.map_err(failed(format!("change the restart policy of `{id}`")))
}

/// What the engine calls a container, and what people do.
pub(super) fn named(container: &ContainerInspectResponse) -> (&str, &str) {
    let id = container.id.as_deref().unwrap_or_default();
    (id, name(container).unwrap_or(id))
}
