//! Plans of more or fewer instances of what is live.
//!
//! Instances come one by one: each is started, awaited and routed before the next. They go one by
//! one: each is taken out of the route, drained and stopped. After each, the size that the
//! release has by then is recorded, so wherever it ends, what is routed is what is recorded; the
//! way back only removes what is not.

mod audit;
mod refusal;
mod steps;

use std::collections::BTreeSet;

pub(super) use audit::audit;
pub use refusal::Refusal;

use super::alone::Alone;
use super::make::probe;
use super::size::{self, Scaled};
use super::{Kind, Occupant, Plan, Revert, Sizes};
use crate::config::{Config, Environment};
use crate::id::{DeploymentId, InstanceId};
use crate::name::ServiceName;
use crate::workload::Workload;

/// What is known before instances are added or removed.
#[derive(Debug, Clone, Copy)]
pub struct ScaleFacts<'a> {
    /// The deployment to plan.
    pub deployment: DeploymentId,
    /// The project's configuration.
    pub config: &'a Config,
    /// The environment.
    pub environment: &'a Environment,
    /// What is live.
    pub live: &'a Occupant,
    /// What it runs.
    pub workload: &'a Workload,
    /// Its instances that run.
    pub running: &'a BTreeSet<InstanceId>,
    /// How many of each service there shall be; others stay as they are.
    pub wanted: &'a Sizes,
}

/// Plans the change; `None` where nothing would change.
///
/// # Errors
/// A service cannot have that many instances.
pub fn scale(facts: &ScaleFacts<'_>) -> Result<Option<Plan>, Refusal> {
    for (service, wanted) in facts.wanted {
        refusal::check(facts, service, *wanted)?;
    }
    let target = facts
        .wanted
        .iter()
        .fold(facts.live.clone(), |occupant, (service, wanted)| {
            resized(facts, &occupant, service, *wanted)
        });
    let steps = steps::steps(facts);
    if steps.is_empty() {
        return Ok(None);
    }
    let alone = Alone {
        deployment: facts.deployment,
        config: facts.config,
        environment: facts.environment,
        live: facts.live,
        workload: facts.workload,
    };
    Ok(Some(Plan {
        target,
        previous: Some(facts.live.clone()),
        probe: probe(facts.environment),
        revert: Revert {
            // What is healthy stays: there is nothing to go back to at any time.
            touched_from: steps.len() + 1,
            untouched: vec![steps::settle(facts)],
            touched: Vec::new(),
        },
        ..alone.plan(Kind::Scale, steps)
    }))
}

/// An occupant with another number of instances of a service.
fn resized(
    facts: &ScaleFacts<'_>,
    occupant: &Occupant,
    service: &ServiceName,
    size: u32,
) -> Occupant {
    let mut occupant = occupant.clone();
    size::set(&mut occupant.sizes, service, size);
    let file = facts
        .workload
        .members
        .iter()
        .find(|member| member.name == *service)
        .map_or(0, |member| member.service.replicas);
    if size == file {
        occupant.scaled.remove(service);
    } else {
        occupant
            .scaled
            .insert(service.clone(), Scaled { size, file });
    }
    occupant
}

#[cfg(test)]
mod tests;
