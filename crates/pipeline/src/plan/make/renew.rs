//! Making a shared service anew: a step of its own, with its downtime.

use super::super::alone::Alone;
use super::super::{Action, Kind, Note, Occupant, Plan, Revert, Severity, Sizes, Stage, Step};
use super::steps::{MARGIN, instances, quick};
use crate::config::{Config, Environment};
use crate::id::DeploymentId;
use crate::name::ServiceName;
use crate::pending::Pending;
use crate::workload::Workload;

/// What is known before a shared service is made anew.
#[derive(Debug, Clone, Copy)]
pub struct RenewalFacts<'a> {
    /// The deployment to plan.
    pub deployment: DeploymentId,
    /// The project's configuration.
    pub config: &'a Config,
    /// The environment.
    pub environment: &'a Environment,
    /// What is live, whose files say how the service is to be.
    pub live: &'a Occupant,
    /// What it runs.
    pub workload: &'a Workload,
    /// The service.
    pub service: &'a ServiceName,
    /// What differs, where anything does.
    pub pending: Option<&'a Pending>,
}

/// Plans to make a shared service as the files of the live release say.
///
/// The old container is kept aside until the new one is healthy, so the way back is the very same
/// container.
pub fn make_renewal(facts: &RenewalFacts<'_>) -> Plan {
    let environment = facts.environment;
    let size = facts.workload.shared_sizes().get(facts.service).copied();
    let sizes = Sizes::from([(facts.service.clone(), size.unwrap_or(1))]);
    let only = instances(facts.service, 1..=size.unwrap_or(1));
    let slow = |stage, action, deadline| Step {
        stage,
        action,
        deadline,
        makes_live: None,
        resizes: None,
    };
    let grace = facts.workload.longest_grace() + MARGIN;
    let aside = Action::SetAside { only: only.clone() };
    let start = Action::StartShared { sizes };
    let steps = vec![
        quick(Stage::Preparing, Action::CheckArtifact),
        quick(Stage::Switching, Action::Hold),
        slow(Stage::Switching, aside, grace),
        slow(Stage::Switching, start, environment.health.deadline),
        quick(Stage::Switching, Action::Resume),
        quick(Stage::Finalising, Action::Discard { only: only.clone() }),
    ];
    let back = Action::BringBack { only };
    let alone = Alone {
        deployment: facts.deployment,
        config: facts.config,
        environment: facts.environment,
        live: facts.live,
        workload: facts.workload,
    };
    Plan {
        revert: Revert {
            touched_from: 1,
            untouched: vec![quick(Stage::RollingBack, Action::Resume)],
            touched: vec![
                slow(Stage::RollingBack, back, grace),
                quick(Stage::RollingBack, Action::Resume),
            ],
        },
        notes: notes(facts),
        ..alone.plan(Kind::Renew, steps)
    }
}

fn notes(facts: &RenewalFacts<'_>) -> Vec<Note> {
    let service = facts.service;
    let differs = match facts.pending {
        Some(pending) => Note {
            severity: Severity::Info,
            text: pending.describe(),
        },
        None => Note {
            severity: Severity::Warning,
            text: format!("`{service}` runs as the files say: it is only made anew"),
        },
    };
    let downtime = Note {
        severity: Severity::Warning,
        text: format!(
            "nothing has `{service}` from when it is stopped until the new one is healthy: new requests wait at \
             the proxy, each for 30 s at most; requests in hand, workers and the other services see it go"
        ),
    };
    let kept = Note {
        severity: Severity::Info,
        text: "volumes stay; the old container is kept until the new one is healthy, and is brought back if \
               it does not become so"
            .to_owned(),
    };
    vec![differs, downtime, kept]
}
