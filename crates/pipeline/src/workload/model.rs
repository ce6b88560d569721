//! What containers are made from.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use shipway_compose::model::{Project, Service};
use shipway_compose::transform::{self, Dependencies};
use shipway_compose::yaml::{Node, render};

use super::{Member, Problem};
use crate::name::ServiceName;

/// What containers are made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// The canonical Compose document, as YAML. Holds secrets.
    pub document: String,
    /// The project's directory: its paths are below.
    pub directory: String,
    /// The ports on which services take connections, by service.
    pub listens: BTreeMap<String, u16>,
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
        }
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
