//! The shared containers that are kept as they are.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use bollard::Docker;
use bollard::models::ContainerInspectResponse;
use serde::{Deserialize, Serialize};
use shipway_pipeline::colour::Slot;
use shipway_pipeline::id::{DeploymentId, InstanceId, ReleaseId};
use shipway_pipeline::name::ServiceName;

use super::super::engine::{failed, is_unchanged};
use super::super::instance::Identity;
use super::super::label;
use super::super::list::{self, Member};
use super::super::neighbour::{containers, is_alive, service};
use super::super::runtime::ComposeRuntime;
use crate::state::files;
use crate::state::layout::Layout;
use crate::{ColourKey, ColourSpec, Error};

/// Says in the shared slot's directory what was adopted.
pub(in super::super) const RECORD: &str = "adopted.json";

/// What was adopted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct Record {
    project: String,
    /// The services whose containers are kept.
    services: BTreeSet<ServiceName>,
    /// Who adopted them, and whose files they were compared with then.
    release: ReleaseId,
    deployment: DeploymentId,
}

// === impl Record ===

impl Record {
    /// The Compose project.
    pub(in super::super) fn project(&self) -> &str {
        &self.project
    }

    /// Whether a service's containers were adopted.
    pub(in super::super) fn has(&self, service: &ServiceName) -> bool {
        self.services.contains(service)
    }
}

/// What the environment adopted, if anything.
pub(in super::super) fn record(layout: &Layout, key: &ColourKey) -> Result<Option<Record>, Error> {
    let path = layout.slot(key).join(RECORD);
    match std::fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text)
            .map(Some)
            .map_err(|error| files::failed("understand", &path)(error.into())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(files::failed("read", &path)(error)),
    }
}

/// The adopted containers of the shared slot.
pub(in super::super) async fn members(
    runtime: &ComposeRuntime,
    key: &ColourKey,
) -> Result<Vec<Member>, Error> {
    let Some(record) = record(&runtime.layout, key)? else {
        return Ok(Vec::new());
    };
    let found = containers(runtime.docker()?, &record.project).await?;
    let mut of_service: BTreeMap<ServiceName, Vec<ContainerInspectResponse>> = BTreeMap::new();
    for container in found {
        let name = service(&container).and_then(|name| name.parse::<ServiceName>().ok());
        if let Some(name) = name.filter(|name| record.has(name)) {
            of_service.entry(name).or_default().push(container);
        }
    }
    Ok(of_service
        .into_iter()
        .flat_map(|(service, containers)| numbered(&record, &service, containers))
        .collect())
}

/// Numbers a service's containers from 1, in the order of Docker Compose's own numbers.
fn numbered(
    record: &Record,
    service: &ServiceName,
    mut containers: Vec<ContainerInspectResponse>,
) -> Vec<Member> {
    containers.sort_by_key(number);
    let identity = |number| Identity {
        id: InstanceId {
            service: service.clone(),
            number,
        },
        release: record.release.clone(),
        deployment: record.deployment,
    };
    (1..)
        .zip(containers)
        .map(|(number, container)| Member {
            identity: identity(number),
            container,
        })
        .collect()
}

fn number(container: &ContainerInspectResponse) -> Option<u32> {
    let labels = container.config.as_ref()?.labels.as_ref()?;
    labels.get(label::COMPOSE_NUMBER)?.parse().ok()
}

/// What is left to be made of a spec: of the shared services, those that have no containers. What
/// has and does not run is started as it is.
pub(in super::super) async fn without_existing(
    runtime: &ComposeRuntime,
    spec: &ColourSpec,
) -> Result<ColourSpec, Error> {
    let mut left = spec.clone();
    if spec.key.slot != Slot::Shared {
        return Ok(left);
    }
    if let Some(project) = spec.model.as_ref().and_then(|model| model.adopt.as_ref()) {
        adopt(runtime, spec, project).await?;
    }
    let docker = runtime.docker()?;
    let existing = list::members(runtime, &spec.key).await?;
    for member in spec
        .services
        .iter()
        .flat_map(|service| of(&existing, &service.name))
    {
        if !is_alive(&member.container) {
            start(docker, member).await?;
        }
    }
    let adopted = record(&runtime.layout, &spec.key)?;
    left.services.retain(|service| {
        let name = service.name.parse().ok();
        let is_adopted = adopted
            .as_ref()
            .zip(name)
            .is_some_and(|(all, name)| all.has(&name));
        let count = of(&existing, &service.name).count();
        // However many of an adopted service there are: they are as they were.
        count == 0 || (!is_adopted && count < service.replicas as usize)
    });
    Ok(left)
}

fn of<'m>(all: &'m [Member], service: &'m str) -> impl Iterator<Item = &'m Member> {
    all.iter()
        .filter(move |one| one.identity.id.service.as_str() == service)
}

/// Records the shared services of the project that have containers, unless that was done.
async fn adopt(runtime: &ComposeRuntime, spec: &ColourSpec, project: &str) -> Result<(), Error> {
    if record(&runtime.layout, &spec.key)?.is_some() {
        return Ok(());
    }
    let found = containers(runtime.docker()?, project).await?;
    let has_container = |name: &str| found.iter().any(|one| service(one) == Some(name));
    let services = spec.services.iter().map(|service| service.name.as_str());
    let record = Record {
        project: project.to_owned(),
        services: services
            .filter(|name| has_container(name))
            .filter_map(|name| name.parse().ok())
            .collect(),
        release: spec.release.clone(),
        deployment: spec.deployment,
    };
    let directory = runtime.layout.slot(&spec.key);
    let path = directory.join(RECORD);
    let text = serde_json::to_vec_pretty(&record).map_err(io::Error::from);
    shipway_durable::make_directory(&directory)
        .and(text)
        .and_then(|text| shipway_durable::replace(&path, &text))
        .map_err(files::failed("write", &path))
}

async fn start(docker: &Docker, member: &Member) -> Result<(), Error> {
    let Some(id) = member.container.id.as_deref() else {
        return Ok(());
    };
    match docker.start_container(id, None).await {
        Ok(()) => Ok(()),
        Err(error) if is_unchanged(&error) => Ok(()),
        Err(error) => Err(failed(format!("start `{}` again", member.identity.id))(
            error,
        )),
    }
}
