//! Plans that are about what is live alone: no other release takes its place.

use super::{Kind, Occupant, Plan, Revert, RoutePlan, Step, VERSION};
use crate::config::{Config, Environment};
use crate::id::DeploymentId;
use crate::workload::Workload;

/// What such a plan is about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Alone<'a> {
    pub(super) deployment: DeploymentId,
    pub(super) config: &'a Config,
    pub(super) environment: &'a Environment,
    pub(super) live: &'a Occupant,
    pub(super) workload: &'a Workload,
}

// === impl Alone ===

impl Alone<'_> {
    /// A plan of these steps with nothing to go back to.
    pub(super) fn plan(&self, kind: Kind, steps: Vec<Step>) -> Plan {
        let environment = self.environment;
        Plan {
            version: VERSION,
            deployment: self.deployment,
            kind,
            project: self.config.project.clone(),
            environment: environment.name.clone(),
            strategy: environment.strategy,
            target: self.live.clone(),
            previous: None,
            route: RoutePlan {
                listen: environment.route.listen,
                hosts: environment.route.hosts.clone(),
                tls: environment.route.tls.as_ref().map(Into::into),
                rules: environment.route.rules.clone(),
                service: self.workload.routed.clone(),
            },
            probe: None,
            adoption: None,
            migrations: None,
            revert: Revert {
                touched_from: steps.len(),
                untouched: Vec::new(),
                touched: Vec::new(),
            },
            steps,
            notes: Vec::new(),
        }
    }
}
