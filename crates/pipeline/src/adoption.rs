//! A Compose project that runs already, and what its first deployment makes of it.
//!
//! What holds data is kept as it is. What the release brings anew is replaced: it goes on
//! answering until the switch, and is stopped when the release is stable.

use std::collections::BTreeSet;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::name::ServiceName;
use crate::workload::Workload;

/// A container of a Compose project that somebody else started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbour {
    /// The container's name.
    pub container: String,
    /// Its service.
    pub service: String,
    /// Whether it runs.
    pub running: bool,
    /// Its image, as it was asked for.
    pub image: String,
    /// Where the host takes connections for it.
    pub published: BTreeSet<SocketAddr>,
    /// The named volumes that it has mounted.
    pub volumes: BTreeSet<String>,
}

/// What a first deployment makes of a Compose project that runs already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Adoption {
    /// The project.
    pub project: String,
    /// Containers that are kept as they are: neither made anew nor restarted.
    pub kept: Vec<Neighbour>,
    /// Containers that the release replaces: stopped after the switch, not removed.
    pub replaced: Vec<Neighbour>,
    /// Containers of services that the files do not have: left alone.
    pub ignored: Vec<Neighbour>,
    /// Services whose host port the proxy takes over.
    pub yields: BTreeSet<ServiceName>,
}

/// Decides what becomes of each container of a project.
///
/// A service that is not in the files is left alone, unless it holds the address on which the
/// proxy is to listen: then the proxy is there in its place.
pub fn plan_adoption(
    project: &str,
    found: &[Neighbour],
    workload: &Workload,
    listen: SocketAddr,
) -> Adoption {
    let mut adoption = Adoption {
        project: project.to_owned(),
        kept: Vec::new(),
        replaced: Vec::new(),
        ignored: Vec::new(),
        yields: BTreeSet::new(),
    };
    for one in found {
        let name = one.service.parse::<ServiceName>().ok();
        let role = name.as_ref().and_then(|name| workload.role(name));
        let yields = one.running && one.published.iter().any(|&held| collides(held, listen));
        let list = match role {
            Some(role) if !role.is_coloured() => &mut adoption.kept,
            Some(_) => &mut adoption.replaced,
            None if yields => &mut adoption.replaced,
            None => &mut adoption.ignored,
        };
        list.push(one.clone());
        let is_replaced = role.is_none_or(crate::role::Role::is_coloured);
        adoption
            .yields
            .extend(name.filter(|_| yields && is_replaced));
    }
    adoption
}

/// Whether two listeners cannot both be there.
fn collides(one: SocketAddr, other: SocketAddr) -> bool {
    let is_any = |address: SocketAddr| address.ip().is_unspecified();
    one.port() == other.port() && (one.ip() == other.ip() || is_any(one) || is_any(other))
}

// === impl Adoption ===

impl Adoption {
    /// The services whose containers are replaced.
    pub fn replaced_services(&self) -> BTreeSet<ServiceName> {
        let names = self.replaced.iter().filter(|one| one.running);
        names.filter_map(|one| one.service.parse().ok()).collect()
    }

    /// The container that keeps its place and holds the address all the same.
    pub fn obstacle(&self, listen: SocketAddr) -> Option<&Neighbour> {
        let holds = |one: &&Neighbour| one.published.iter().any(|&held| collides(held, listen));
        self.kept.iter().filter(|one| one.running).find(holds)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures;
    use crate::role::Role;

    fn neighbour(service: &str, published: &[&str]) -> Neighbour {
        Neighbour {
            container: format!("shop-{service}-1"),
            service: service.to_owned(),
            running: true,
            image: service.to_owned(),
            published: published.iter().map(|one| one.parse().unwrap()).collect(),
            volumes: BTreeSet::new(),
        }
    }

    fn adopt(found: &[Neighbour]) -> Adoption {
        let mut workload = fixtures::workload(1);
        let mut db = workload.members[0].clone();
        (db.name, db.role) = ("db".parse().unwrap(), Role::Stateful);
        workload.members.push(db);
        plan_adoption("shop", found, &workload, "0.0.0.0:80".parse().unwrap())
    }

    fn names(all: &[Neighbour]) -> Vec<&str> {
        all.iter().map(|one| one.service.as_str()).collect()
    }

    #[test]
    fn data_is_kept_and_the_application_replaced() {
        let web = neighbour("web", &["127.0.0.1:80"]);
        let found = [web, neighbour("worker", &[]), neighbour("db", &[])];
        let adoption = adopt(&found);
        assert_eq!(names(&adoption.kept), ["db"]);
        assert_eq!(names(&adoption.replaced), ["web", "worker"]);
        let yields: Vec<&str> = adoption.yields.iter().map(ServiceName::as_str).collect();
        assert_eq!(yields, ["web"]);
    }

    #[test]
    fn what_the_files_lack_is_left_alone_unless_it_holds_the_address() {
        let nginx = neighbour("nginx", &["[::]:80"]);
        let adoption = adopt(&[nginx, neighbour("grafana", &["0.0.0.0:3000"])]);
        assert_eq!(names(&adoption.replaced), ["nginx"]);
        assert_eq!(names(&adoption.ignored), ["grafana"]);
    }

    #[test]
    fn a_kept_container_with_the_address_is_in_the_way() {
        let adoption = adopt(&[neighbour("db", &["0.0.0.0:80"])]);
        assert!(adoption.yields.is_empty());
        let obstacle = adoption.obstacle("127.0.0.1:80".parse().unwrap());
        assert_eq!(obstacle.map(|one| one.service.as_str()), Some("db"));
        assert_eq!(adoption.obstacle("127.0.0.1:81".parse().unwrap()), None);
    }
}
