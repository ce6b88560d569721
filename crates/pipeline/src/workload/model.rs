//! What containers are made from.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use shipway_compose::model::{MountKind, Project, Service};
use shipway_compose::transform::{self, Dependencies};
use shipway_compose::yaml::{Limits, Mapping, Node, parse, render};

use super::{Member, Problem};
use crate::digest::Digest;
use crate::host::EngineHost;
use crate::name::ServiceName;

/// Keys of a build definition that say how it is made, not what.
const WITHOUT_EFFECT: [&str; 7] = [
    "cache_from",
    "cache_to",
    "no_cache",
    "pull",
    "secrets",
    "ssh",
    "tags",
];

/// What containers are made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// The canonical Compose document, as YAML. Holds secrets.
    pub document: String,
    /// The project's directory: its paths are below.
    pub directory: String,
    /// The ports on which services take connections, by service.
    pub listens: BTreeMap<String, u16>,
    /// The host whose engine runs them; none for this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<EngineHost>,
    /// The Compose project whose shared containers are kept as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopt: Option<String>,
}

impl Model {
    /// Makes the model of some services of a project.
    pub(super) fn of(
        project: &Project,
        directory: &str,
        members: &[Member],
        listens: BTreeMap<String, u16>,
    ) -> Self {
        let names: BTreeSet<String> = members
            .iter()
            .map(|member| member.name.to_string())
            .collect();
        let mut document = project.tree.clone();
        transform::select(&mut document, &names, Dependencies::Strip);
        Self {
            document: render(&document),
            directory: directory.to_owned(),
            listens,
            host: None,
            adopt: None,
        }
    }

    /// By service that is built, the digest of what its image depends on besides the sources.
    pub(super) fn builds(&self) -> BTreeMap<ServiceName, Digest> {
        let Ok(document) = parse(&self.document, 0, Limits::default()) else {
            return BTreeMap::new();
        };
        let services = document.get("services").and_then(Node::as_map);
        services
            .into_iter()
            .flat_map(Mapping::iter)
            .filter_map(|(name, service)| {
                let mut build = service.get("build")?.clone();
                if let Some(build) = build.as_map_mut() {
                    build.retain(|key, _| !WITHOUT_EFFECT.contains(&key));
                }
                // The same in another checkout.
                let text = render(&build).replace(&self.directory, "");
                Some((name.parse().ok()?, Digest::of(text.as_bytes())))
            })
            .collect()
    }
}

/// The port on which the routed service takes connections: the one that was configured, or the
/// only one that its files name.
pub(super) fn port(
    configured: Option<u16>,
    service: &Service,
    project: &Project,
) -> Result<u16, Problem> {
    if let Some(port) = configured {
        return Ok(port);
    }
    let exposed = project
        .tree
        .at(&["services", &service.name, "expose"])
        .and_then(Node::as_sequence)
        .unwrap_or_default()
        .iter()
        .filter_map(|port| port.as_str()?.parse().ok());
    let ports: BTreeSet<u16> = service
        .ports
        .iter()
        .map(|port| port.target)
        .chain(exposed)
        .collect();
    let mut ports = ports.into_iter();
    match (ports.next(), ports.next()) {
        (Some(port), None) => Ok(port),
        _ => Err(Problem::NoPort {
            service: service.name.clone(),
        }),
    }
}

/// Mounts of the project's own files, which are not on another host.
pub(super) fn local_mounts(directory: &str, members: &[Member]) -> Vec<Problem> {
    let below = format!("{}/", directory.trim_end_matches('/'));
    let of_member = |member: &Member| {
        let mounts = member.service.mounts.iter();
        let sources = mounts
            .filter(|mount| mount.kind == MountKind::Bind)
            .filter_map(|mount| mount.source.clone());
        let local = sources.filter(|source| source == directory || source.starts_with(&below));
        let problem = |source: String| Problem::LocalMount {
            service: member.name.clone(),
            path: source.strip_prefix(&below).unwrap_or(".").to_owned(),
        };
        local.map(problem).collect::<Vec<_>>()
    };
    members.iter().flat_map(of_member).collect()
}

/// What two colours of these services could not both have, or no engine gives them.
pub(super) fn problems(
    project: &Project,
    members: &[Member],
    routed: &ServiceName,
) -> Vec<Problem> {
    let coloured = members
        .iter()
        .filter(|member| member.role.is_coloured() && member.name != *routed);
    coloured
        .filter_map(|member| {
            let (port, _) = transform::published(&project.tree, member.name.as_str()).next()?;
            Some(Problem::PublishedPort {
                service: member.name.clone(),
                port: port.to_owned(),
            })
        })
        .collect()
}
