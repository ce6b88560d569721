//! What the registry says of its routes.

use std::collections::BTreeMap;

use jiff::Timestamp;
use shipway_pipeline::id::InstanceId;
use shipway_pipeline::route::{Certificate, Route, RouteKey};

use crate::control::{
    DeploymentStatus, InstanceStatus, Issued, Reloaded, RouteStatus, Status, TlsStatus,
};
use crate::registry::{Registry, routed};
use crate::tally::{Owner, Totals};

// === impl Registry ===

impl Registry {
    pub(crate) fn status(&self) -> Status {
        let mut routes: BTreeMap<RouteKey, RouteStatus> = self
            .routes()
            .iter()
            .map(|route| {
                let status = RouteStatus {
                    key: route.key.clone(),
                    routed: Some((route.epoch, route.generation)),
                    held: self.held(&route.key),
                    tls: self.tls_status(route),
                    maintenance: self.maintenance(&route.key).cloned(),
                    deployments: Vec::new(),
                };
                (route.key.clone(), status)
            })
            .collect();
        for (owner, instances) in &self.counted().0 {
            let key = &owner.route;
            let route = routes.entry(key.clone()).or_insert_with(|| RouteStatus {
                key: key.clone(),
                routed: None,
                held: self.held(key),
                tls: None,
                maintenance: None,
                deployments: Vec::new(),
            });
            route.deployments.push(self.deployment(owner, instances));
        }
        Status {
            routes: routes.into_values().collect(),
            finishing: self.finishing(),
        }
    }

    /// How each route with a certificate is reached by HTTPS.
    pub(crate) fn reloaded(&self) -> Vec<Reloaded> {
        let routes = self.routes().iter();
        routes
            .filter_map(|route| {
                Some(Reloaded {
                    key: route.key.clone(),
                    tls: self.tls_status(route)?,
                })
            })
            .collect()
    }

    fn tls_status(&self, route: &Route) -> Option<TlsStatus> {
        let tls = route.tls.as_ref()?;
        let kept = self.keyring().kept(route)?;
        Some(TlsStatus {
            listen: tls.listen,
            certificate: match &tls.certificate {
                Certificate::Files { certificate, .. } => Some(certificate.clone()),
                Certificate::Acme { .. } => None,
            },
            authority: tls.certificate.acme().map(|acme| acme.directory.clone()),
            names: kept.names,
            ends: kept.ends.map(|(_, day)| day),
            ends_soon: kept.ends_soon,
            problem: kept.problem,
            issued: self.issued(route),
        })
    }

    fn issued(&self, route: &Route) -> Vec<Issued> {
        let told = self.told(route).into_iter();
        let issued = told.map(|(place, told, issued)| {
            let (ends, issuer) = issued.unzip();
            Issued {
                host: place.host().to_owned(),
                issuer,
                ends: ends.and_then(moment),
                is_asked_for: told.is_asked_for,
                problem: told.problem,
                next: told.next.and_then(moment),
            }
        });
        issued.collect()
    }

    fn deployment(
        &self,
        owner: &Owner,
        counted: &BTreeMap<InstanceId, Totals>,
    ) -> DeploymentStatus {
        let mut totals = Totals::default();
        let mut instances = Vec::new();
        for (instance, part) in counted {
            totals.add(part);
            instances.push(InstanceStatus {
                instance: instance.clone(),
                in_flight: part.in_flight,
            });
        }
        let mut routes = self.routes().iter();
        DeploymentStatus {
            colour: owner.colour,
            deployment: owner.deployment,
            routed: routes.any(|it| it.key == owner.route && routed(it, owner).next().is_some()),
            in_flight: totals.in_flight,
            instances,
            counters: totals.counters,
            connect_errors: totals.connect_errors,
            retries: totals.retries,
            upgrades: totals.upgrades,
            abandoned: totals.abandoned,
        }
    }
}

fn moment(second: i64) -> Option<Timestamp> {
    Timestamp::from_second(second).ok()
}
