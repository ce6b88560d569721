//! Containers of a Compose project that somebody else started.

use std::collections::{BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;

use bollard::Docker;
use bollard::models::{ContainerInspectResponse, ContainerSummary, PortMap};
use bollard::query_parameters::ListContainersOptionsBuilder;
use futures_util::future::try_join_all;
use shipway_pipeline::adoption::Neighbour;

use super::engine::failed;
use super::{label, list};
use crate::Error;

/// The containers of a project, but for ours and for those of `docker compose run`.
pub(super) async fn neighbours(docker: &Docker, project: &str) -> Result<Vec<Neighbour>, Error> {
    let found = containers(docker, project).await?;
    let mut neighbours: Vec<Neighbour> = found.iter().filter_map(neighbour).collect();
    neighbours.sort_by(|a, b| a.container.cmp(&b.container));
    Ok(neighbours)
}

/// The same as the engine has them.
pub(super) async fn containers(
    docker: &Docker,
    project: &str,
) -> Result<Vec<ContainerInspectResponse>, Error> {
    let found = summaries(docker, label::COMPOSE_PROJECT, project, true).await?;
    let theirs = found.into_iter().filter_map(|one| one.id);
    let inspected = theirs.map(|id| async move { list::inspect(docker, &id).await });
    Ok(try_join_all(inspected)
        .await?
        .into_iter()
        .flatten()
        .collect())
}

/// The projects that run from a directory.
pub(super) async fn projects_of(docker: &Docker, directory: &Path) -> Result<Vec<String>, Error> {
    let directory = directory.to_string_lossy();
    let found = summaries(docker, label::COMPOSE_DIRECTORY, &directory, false).await?;
    let project = |one: ContainerSummary| one.labels?.remove(label::COMPOSE_PROJECT);
    let projects: BTreeSet<String> = found.into_iter().filter_map(project).collect();
    Ok(projects.into_iter().collect())
}

/// The containers with this label, but for ours and for those of `docker compose run`.
async fn summaries(
    docker: &Docker,
    name: &str,
    value: &str,
    all: bool,
) -> Result<Vec<ContainerSummary>, Error> {
    let filters = HashMap::from([("label".to_owned(), vec![format!("{name}={value}")])]);
    let options = ListContainersOptionsBuilder::new()
        .all(all)
        .filters(&filters);
    let mut found = docker
        .list_containers(Some(options.build()))
        .await
        .map_err(failed(format!("list the containers of `{value}`")))?;
    found.retain(|one| {
        one.labels.as_ref().is_some_and(|labels| {
            let is_one_off = labels.get(label::COMPOSE_ONE_OFF);
            is_one_off.is_none_or(|it| it != "True") && !labels.contains_key(label::PROJECT)
        })
    });
    Ok(found)
}

/// The service of a container of Docker Compose.
pub(super) fn service(container: &ContainerInspectResponse) -> Option<&str> {
    let labels = container.config.as_ref()?.labels.as_ref()?;
    labels.get(label::COMPOSE_SERVICE).map(String::as_str)
}

/// Whether a container runs, or is about to again.
pub(super) fn is_alive(container: &ContainerInspectResponse) -> bool {
    let state = container.state.as_ref();
    state.is_some_and(|state| state.running == Some(true) || state.restarting == Some(true))
}

/// A container's name as people write it.
pub(super) fn name(container: &ContainerInspectResponse) -> Option<&str> {
    Some(container.name.as_deref()?.trim_start_matches('/'))
}

fn neighbour(container: &ContainerInspectResponse) -> Option<Neighbour> {
    let volumes = container.mounts.iter().flatten().filter_map(|mount| {
        let is_volume = mount.typ.as_deref() == Some("volume");
        mount.name.clone().filter(|_| is_volume)
    });
    Some(Neighbour {
        container: name(container)?.to_owned(),
        service: service(container)?.to_owned(),
        running: is_alive(container),
        image: container.config.as_ref()?.image.clone().unwrap_or_default(),
        published: published(container),
        volumes: volumes.collect(),
    })
}

/// What the container asked for, which it has for as long as it is on a network, and what it got.
fn published(container: &ContainerInspectResponse) -> BTreeSet<SocketAddr> {
    let asked = container
        .host_config
        .as_ref()
        .and_then(|host| host.port_bindings.as_ref());
    let got = container
        .network_settings
        .as_ref()
        .and_then(|network| network.ports.as_ref());
    [asked, got]
        .into_iter()
        .flatten()
        .flat_map(addresses)
        .collect()
}

fn addresses(ports: &PortMap) -> impl Iterator<Item = SocketAddr> + '_ {
    ports.values().flatten().flatten().filter_map(|binding| {
        let port: u16 = binding.host_port.as_deref()?.parse().ok()?;
        let ip = binding.host_ip.as_deref().unwrap_or_default();
        let ip = ip.parse().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        (port != 0).then_some(SocketAddr::new(ip, port))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_that_the_engine_chose_are_told_as_it_chose_them() {
        let container: ContainerInspectResponse = serde_json::from_value(serde_json::json!({
            "Name": "/shop-web-1",
            "Config": { "Image": "shop", "Labels": { "com.docker.compose.service": "web" } },
            "State": { "Running": true },
            "HostConfig": { "PortBindings": {
                "8000/tcp": [{ "HostIp": "", "HostPort": "80" }],
                "9000/tcp": [{ "HostIp": "127.0.0.1", "HostPort": "" }],
            } },
            "NetworkSettings": { "Ports": {
                "9000/tcp": [{ "HostIp": "127.0.0.1", "HostPort": "49153" }],
                "9001/tcp": null,
            } },
            "Mounts": [
                { "Type": "volume", "Name": "shop_data" },
                { "Type": "bind", "Source": "/srv" },
            ],
        }))
        .unwrap();
        let found = neighbour(&container).unwrap();
        let published: Vec<String> = found.published.iter().map(ToString::to_string).collect();
        assert_eq!(published, ["0.0.0.0:80", "127.0.0.1:49153"]);
        assert_eq!(found.volumes, ["shop_data".to_owned()].into());
        assert!(found.running && found.container == "shop-web-1");
    }
}
