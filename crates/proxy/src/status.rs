//! What the registry says of its routes.

use std::collections::BTreeMap;

use shipway_pipeline::route::RouteKey;

use crate::control::{DeploymentStatus, RouteStatus, Status};
use crate::registry::{Registry, is_routed};
use crate::tally::Tally;

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
        for tally in self.tallies() {
            let key = &tally.owner.route;
            let route = routes.entry(key.clone()).or_insert_with(|| RouteStatus {
                key: key.clone(),
                routed: None,
                held: self.held(key),
                deployments: Vec::new(),
            });
            route.deployments.push(self.deployment(tally));
        }
        Status {
            routes: routes.into_values().collect(),
        }
    }

    fn deployment(&self, tally: &Tally) -> DeploymentStatus {
        let totals = tally.totals();
        let owner = &tally.owner;
        let mut routes = self.routes().iter();
        DeploymentStatus {
            colour: owner.colour,
            deployment: owner.deployment,
            routed: routes.any(|route| route.key == owner.route && is_routed(route, owner)),
            in_flight: totals.in_flight,
            counters: totals.counters,
            connect_errors: totals.connect_errors,
            retries: totals.retries,
            upgrades: totals.upgrades,
            abandoned: totals.abandoned,
        }
    }
}
