//! What the registry says of its routes.

use std::collections::BTreeMap;
use std::sync::Arc;

use shipway_pipeline::id::InstanceId;
use shipway_pipeline::route::RouteKey;

use crate::control::{DeploymentStatus, InstanceStatus, RouteStatus, Status};
use crate::registry::{Registry, routed};
use crate::tally::{Owner, Tally, Totals};

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
                    deployments: Vec::new(),
                };
                (route.key.clone(), status)
            })
            .collect();
        for (owner, tallies) in self.tallies() {
            let key = &owner.route;
            let route = routes.entry(key.clone()).or_insert_with(|| RouteStatus {
                key: key.clone(),
                routed: None,
                held: self.held(key),
                deployments: Vec::new(),
            });
            route.deployments.push(self.deployment(owner, tallies));
        }
        Status {
            routes: routes.into_values().collect(),
        }
    }

    fn deployment(
        &self,
        owner: &Owner,
        tallies: &BTreeMap<InstanceId, Arc<Tally>>,
    ) -> DeploymentStatus {
        let mut totals = Totals::default();
        let mut instances = Vec::new();
        for tally in tallies.values() {
            let part = tally.totals();
            totals.add(&part);
            instances.push(InstanceStatus {
                instance: tally.instance.clone(),
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
