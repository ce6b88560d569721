//! What is told of a fact, from the records that it is about.

use shipway_pipeline::deployment::State;
use shipway_pipeline::name::ProjectName;
use shipway_pipeline::notify::{About, Event, Notice};
use shipway_pipeline::request::{Request, State as Standing};
use shipway_store::{Deployment, Error, FactRecord, Store};

/// What is told of a fact; nothing where its records are gone.
pub(super) fn of(
    store: &Store,
    project: &ProjectName,
    told: &FactRecord,
) -> Result<Option<Notice>, Error> {
    let place = (project, &told.fact.environment);
    let new = |by: &str| Notice::new(told.fact.event, place, by, told.at);
    match &told.fact.about {
        About::Deployment { id } => {
            let Some(deployment) = store.deployment(*id)? else {
                return Ok(None);
            };
            let notice = of_deployment(new(&deployment.requested_by), &deployment);
            let id = &deployment.plan.target.release;
            let notice = notice.with_release(id, store.release(id)?.as_ref());
            let request = deployment.request.map(|id| store.request(id)).transpose()?;
            Ok(Some(because(notice, request.flatten().as_ref())))
        }
        About::Request { id } => {
            let Some(request) = store.request(*id)? else {
                return Ok(None);
            };
            let notice = of_request(new(&request.by), &request);
            Ok(Some(match &request.agreement {
                Some(agreement) => {
                    let release = store.release(&agreement.release)?;
                    notice.with_release(&agreement.release, release.as_ref())
                }
                None => notice,
            }))
        }
        About::Backup { chore, by, reason } => Ok(Some(Notice {
            chore: Some(*chore),
            reason: Some(reason.clone()),
            command: format!("shipway backup list {}", told.fact.environment),
            ..new(by)
        })),
    }
}

fn of_deployment(notice: Notice, deployment: &Deployment) -> Notice {
    let mut notice = Notice {
        deployment: Some(deployment.id),
        request: deployment.request,
        kind: Some(deployment.plan.kind),
        command: format!("shipway show {}", deployment.id),
        ..notice
    };
    // A deployment that began may be over by the time at which its beginning is told.
    if notice.event == Event::Started {
        return notice;
    }
    if let State::Finished { cause, .. } = &deployment.state {
        notice.millis = Some(deployment.changed.since(deployment.created).as_millis() as u64);
        notice = notice.with_cause(cause.as_ref());
    }
    notice
}

/// Where nothing went wrong, why it was wanted is the reason.
fn because(mut notice: Notice, request: Option<&Request>) -> Notice {
    if matches!(notice.event, Event::Started | Event::Deployed) && notice.reason.is_none() {
        notice.reason = request.and_then(|request| request.reason.clone());
    }
    notice
}

fn of_request(notice: Notice, request: &Request) -> Notice {
    let id = request.id;
    let reason = match (notice.event, &request.state) {
        (Event::ApprovalWanted, _) => request.reason.clone(),
        (Event::Approved, _) => {
            let people: Vec<&str> = request
                .approvals
                .iter()
                .map(|one| one.by.as_str())
                .collect();
            Some(format!("approved by {}", people.join(", ")))
        }
        (_, Standing::Ended { end, .. }) => Some(format!("{id} {end}")),
        _ => None,
    };
    let verb = if notice.event == Event::ApprovalWanted {
        "approve"
    } else {
        "show"
    };
    Notice {
        request: Some(id),
        reason,
        command: format!("shipway {verb} {id}"),
        ..notice
    }
}
