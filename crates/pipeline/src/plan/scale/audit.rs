//! Rules that any plan of more or fewer instances must keep.

use std::collections::BTreeSet;

use crate::id::InstanceId;
use crate::plan::{Action, Note, Plan, Severity};

/// Checks a plan that scales; a [`Severity::Fatal`] note means that it must not be carried out.
pub(in crate::plan) fn audit(plan: &Plan) -> Vec<Note> {
    let mut broken = Vec::new();
    if !is_about_what_is_live(plan) {
        broken.push("the plan would change more than the number of instances");
    }
    if !routes_only_what_is_healthy(plan) {
        broken.push("traffic would reach an instance that was not seen healthy");
    }
    if !stops_only_what_is_not_routed(plan) {
        broken.push("an instance would be stopped while it is routed");
    }
    let note = |text: &str| Note {
        severity: Severity::Fatal,
        text: text.to_owned(),
    };
    broken.into_iter().map(note).collect()
}

fn is_about_what_is_live(plan: &Plan) -> bool {
    plan.previous.as_ref().is_some_and(|live| {
        live.deployment == plan.target.deployment
            && live.release == plan.target.release
            && live.colour == plan.target.colour
            && live.workload == plan.target.workload
    })
}

/// Every routed instance was live before or waited for; there always is one.
fn routes_only_what_is_healthy(plan: &Plan) -> bool {
    let live = plan.previous.iter().flat_map(|live| &live.sizes);
    let mut known: BTreeSet<InstanceId> = live
        .flat_map(|(service, size)| crate::plan::make::instances(service, 1..=*size))
        .collect();
    plan.steps.iter().all(|step| match &step.action {
        Action::AwaitHealthy {
            only: Some(only), ..
        } => {
            known.extend(only.iter().cloned());
            true
        }
        Action::Route { target, previous } => {
            !target.is_empty()
                && previous.is_empty()
                && target.iter().all(|instance| known.contains(instance))
        }
        _ => true,
    })
}

/// What is stopped was taken out of the route by the last change of it.
fn stops_only_what_is_not_routed(plan: &Plan) -> bool {
    let mut routed: Option<&[InstanceId]> = None;
    plan.steps.iter().all(|step| match &step.action {
        Action::Route { target, .. } => {
            routed = Some(target);
            true
        }
        Action::Stop { only, .. } => only.as_ref().is_some_and(|only| {
            only.iter().all(|instance| {
                instance.service != plan.route.service
                    || routed.is_some_and(|routed| !routed.contains(instance))
            })
        }),
        _ => true,
    })
}
