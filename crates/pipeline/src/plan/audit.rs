//! A second look at every plan: rules that any plan must keep, whoever made it.

use super::database::is_replaced_in_peace;
use super::scale::audit as audit_scale;
use crate::migration::Turn;

use super::{Action, Kind, Note, Plan, Severity, Side};

/// Checks a plan; a [`Severity::Fatal`] note means that it must not be carried out.
pub fn audit(plan: &Plan) -> Vec<Note> {
    if plan.kind == Kind::Scale {
        return audit_scale(plan);
    }
    let mut notes = Vec::new();
    let mut fatal = |text: &str| {
        notes.push(Note {
            severity: Severity::Fatal,
            text: text.to_owned(),
        });
    };
    if plan
        .previous
        .as_ref()
        .is_some_and(|previous| previous.colour == plan.target.colour)
    {
        fatal("the target and the live release share a colour");
    }
    if plan.kind == Kind::Down && !unroutes_first(plan) {
        fatal("an instance would be stopped while it is routed");
    }
    if !routes_only_what_is_healthy(plan) {
        fatal("traffic would reach an instance that was not seen healthy");
    }
    if !contracts_last(plan) {
        fatal("a migration would take away what running code needs");
    }
    if !stops_only_what_is_not_routed(plan) {
        fatal("an instance would be stopped while it is routed");
    }
    if !is_replaced_in_peace(plan) {
        fatal("a database would be replaced while something could write to it");
    }
    if !reverts_to_full_size(plan) {
        fatal("a rollback would not bring the old release back at full size");
    }
    notes
}

/// Every routed target instance is covered by an earlier wait for health.
fn routes_only_what_is_healthy(plan: &Plan) -> bool {
    let mut healthy = super::Sizes::new();
    plan.steps.iter().all(|step| match &step.action {
        Action::AwaitHealthy {
            side: Side::Target,
            sizes,
            ..
        } => {
            healthy.extend(sizes.clone());
            true
        }
        Action::Route { target, .. } => target.iter().all(|instance| {
            healthy
                .get(&instance.service)
                .is_some_and(|size| instance.number <= *size)
        }),
        _ => true,
    })
}

/// What takes something away comes after the old release was stopped and the new one found good.
fn contracts_last(plan: &Plan) -> bool {
    let (mut is_stopped, mut is_stable) = (plan.previous.is_none(), false);
    plan.steps.iter().all(|step| match &step.action {
        Action::Stop {
            side: Side::Previous,
            only: None,
        } => {
            is_stopped = true;
            true
        }
        Action::MarkStable => {
            is_stable = true;
            true
        }
        Action::Migrate { run: Some(run), .. } => {
            run.turn != Turn::Contract || is_stopped && (is_stable || plan.kind == Kind::Migrate)
        }
        _ => true,
    })
}

/// What ends an environment routes to nobody before it stops anybody.
fn unroutes_first(plan: &Plan) -> bool {
    let mut is_unrouted = false;
    plan.steps.iter().all(|step| match &step.action {
        Action::Route { target, previous } => {
            is_unrouted = target.is_empty() && previous.is_empty();
            true
        }
        Action::Drain { .. } | Action::Stop { .. } | Action::StopShared => is_unrouted,
        _ => true,
    })
}

/// No instance of the previous release is stopped while requests may reach it.
fn stops_only_what_is_not_routed(plan: &Plan) -> bool {
    let service = &plan.route.service;
    let mut routed: Vec<_> = plan
        .previous
        .iter()
        .flat_map(|previous| 1..=previous.sizes.get(service).copied().unwrap_or(0))
        .collect();
    plan.steps.iter().all(|step| match &step.action {
        Action::Route { previous, .. } => {
            routed = previous.iter().map(|instance| instance.number).collect();
            true
        }
        Action::Stop {
            side: Side::Previous,
            only,
        } => match only {
            None => routed.is_empty(),
            Some(only) => only
                .iter()
                .filter(|instance| instance.service == *service)
                .all(|instance| !routed.contains(&instance.number)),
        },
        _ => true,
    })
}

/// The way back waits for every old instance before it routes to them.
fn reverts_to_full_size(plan: &Plan) -> bool {
    let Some(previous) = &plan.previous else {
        return true;
    };
    let wanted = previous
        .sizes
        .get(&plan.route.service)
        .copied()
        .unwrap_or(0);
    let goes_back = plan
        .revert
        .touched
        .iter()
        .any(|step| matches!(step.action, Action::SwapDatabaseBack { .. }));
    let mut awaited = 0;
    plan.revert.touched.iter().all(|step| match &step.action {
        Action::AwaitHealthy {
            side: Side::Previous,
            sizes,
            ..
        } => {
            awaited = sizes.get(&plan.route.service).copied().unwrap_or(0);
            true
        }
        // Where the database goes back as well, nobody has the traffic until it has.
        Action::Route { target, previous } if target.is_empty() && previous.is_empty() => {
            awaited == 0 && goes_back
        }
        Action::Route { previous, .. } => awaited == wanted && previous.len() as u32 == wanted,
        _ => true,
    })
}
