//! The planner: facts in, plan out.

mod adopt;
mod migrate;
mod notes;
mod renew;
mod revert;
mod steps;
mod strategies;
mod upkeep;

pub use migrate::data_loss;
pub(super) use notes::probe;
pub use renew::{RenewalFacts, make_renewal};
pub(super) use steps::{MARGIN, instances, quick};

use super::size::carry_over;
use super::{Action, Kind, Occupant, Plan, Revert, RoutePlan, Side, Sizes, Upkeep, VERSION};
use crate::adoption::Adoption;
use crate::config::{Config, Environment};
use crate::id::DeploymentId;
use crate::migration::Outlook;
use crate::name::ServiceName;
use crate::pending::Pending;
use crate::release::Release;
use crate::role::Role;
use crate::strategy::Strategy;
use crate::workload::Workload;

/// What is known before a deployment is planned.
#[derive(Debug, Clone, Copy)]
pub struct Facts<'a> {
    /// The deployment to plan.
    pub deployment: DeploymentId,
    /// Why it is made.
    pub kind: Kind,
    /// The project's configuration.
    pub config: &'a Config,
    /// The environment.
    pub environment: &'a Environment,
    /// The release that shall be live.
    pub release: &'a Release,
    /// What it runs here.
    pub workload: &'a Workload,
    /// What is live now.
    pub live: Option<&'a Occupant>,
    /// What stands around it.
    pub around: &'a Around,
}

/// What stands around a release that is to be deployed.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Around {
    /// What becomes of a Compose project that runs already; none where nothing is adopted.
    pub adoption: Option<Adoption>,
    /// Compose projects that run from the project's directory and are not adopted.
    pub beside: Vec<String>,
    /// Shared services that run otherwise than the files say.
    pub pending: Vec<Pending>,
    /// What becomes of the database's migrations; none where they are not looked at.
    pub migrations: Option<Outlook>,
    /// What is done to the database besides migrating it.
    pub upkeep: Upkeep,
}

/// Plans a deployment.
pub fn make(facts: &Facts<'_>) -> Plan {
    let draft = Draft::new(facts);
    // Of two databases only one can be written to: nothing runs while they change places.
    let strategy = match draft.incoming() {
        Some(_) => Strategy::Recreate,
        None => facts.environment.strategy,
    };
    let (mut steps, revert) = match (strategy, facts.live) {
        (_, None) => (draft.first(), draft.revert_first()),
        (Strategy::BlueGreen, Some(_)) => (draft.blue_green(), draft.revert_to_previous()),
        (Strategy::Rolling, Some(previous)) => {
            (draft.rolling(previous), draft.revert_to_previous())
        }
        (Strategy::Recreate, Some(_)) => (draft.recreate(), draft.revert_to_previous()),
    };
    steps.extend(draft.contract());
    steps.extend(draft.tag_environment());
    let touched_from = steps
        .iter()
        .position(|step| touches(&step.action))
        .unwrap_or(steps.len());
    let mut untouched = vec![revert::stop_target(facts.workload)];
    untouched.extend(draft.drop_restored());
    Plan {
        version: VERSION,
        deployment: facts.deployment,
        kind: facts.kind,
        project: facts.config.project.clone(),
        environment: facts.environment.name.clone(),
        strategy,
        route: RoutePlan {
            listen: facts.environment.route.listen,
            hosts: facts.environment.route.hosts.clone(),
            tls: facts.environment.route.tls.as_ref().map(Into::into),
            rules: facts.environment.route.rules.clone(),
            service: facts.workload.routed.clone(),
        },
        probe: probe(facts.environment),
        notes: draft.notes(),
        adoption: facts.around.adoption.clone(),
        migrations: facts.around.migrations.clone(),
        target: draft.target,
        previous: facts.live.cloned(),
        steps,
        revert: Revert {
            touched_from,
            untouched,
            touched: revert,
        },
    }
}

/// The same plan for a deployment of another number, which is given only with its record.
pub fn renumber(mut plan: Plan, deployment: DeploymentId) -> Plan {
    plan.deployment = deployment;
    // What is live is of the deployment that made it so, however many instances it has, and what is
    // made anew beside it is none of its deployments.
    if !matches!(
        plan.kind,
        Kind::Scale | Kind::Down | Kind::Renew | Kind::Migrate
    ) {
        plan.target.deployment = deployment;
    }
    plan
}

/// Whether an action can be felt by the traffic or the old release.
pub(super) fn touches(action: &Action) -> bool {
    match action {
        Action::Hold
        | Action::Route { .. }
        | Action::Settle { .. }
        | Action::StopShared
        | Action::TakeOver { .. }
        | Action::Retire { .. }
        | Action::GiveBack { .. }
        | Action::SetAside { .. }
        | Action::BringBack { .. }
        | Action::SwapDatabase { .. }
        | Action::SwapDatabaseBack { .. } => true,
        Action::Stop { side, .. } | Action::Drain { side, .. } => *side == Side::Previous,
        Action::CheckArtifact
        | Action::TagArtifact { .. }
        | Action::CheckAddress
        | Action::ClearColour
        | Action::StartShared { .. }
        | Action::Migrate { .. }
        | Action::Start { .. }
        | Action::AwaitHealthy { .. }
        | Action::Smoke { .. }
        | Action::Resume
        | Action::Bake { .. }
        | Action::Discard { .. }
        | Action::CheckBackup { .. }
        | Action::BackUp
        | Action::RestoreBackup { .. }
        | Action::DropRestored
        | Action::MarkStable => false,
    }
}

/// What the strategies share.
struct Draft<'a> {
    facts: &'a Facts<'a>,
    target: Occupant,
    /// The target's sizes without singletons, which start at the switch.
    replaceable: Sizes,
    singletons: Sizes,
}

impl<'a> Draft<'a> {
    fn new(facts: &'a Facts<'a>) -> Self {
        let (all, scaled) = carry_over(facts.kind, facts.workload, facts.live);
        let is_singleton =
            |service: &ServiceName| facts.workload.role(service) == Some(Role::Singleton);
        let (singletons, replaceable): (Sizes, Sizes) = all
            .clone()
            .into_iter()
            .partition(|(service, _)| is_singleton(service));
        Self {
            target: Occupant {
                release: facts.release.id.clone(),
                deployment: facts.deployment,
                colour: facts
                    .live
                    .map_or(crate::colour::Colour::Blue, |live| live.colour.other()),
                workload: facts.workload.digest(),
                sizes: all,
                scaled,
            },
            facts,
            replaceable,
            singletons,
        }
    }
}

#[cfg(test)]
mod tests;
