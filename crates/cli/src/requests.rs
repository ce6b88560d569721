//! What the commands about requests share.

use shipway_engine::clock::now;
use shipway_pipeline::id::RequestId;
use shipway_pipeline::promotion::Approvals;
use shipway_pipeline::request::{NotAllowed, Request, State, WrongState};
use shipway_store::Act;

use crate::context::Context;
use crate::error::{CliError, Kind, Result};

/// On whose behalf requests end by themselves.
const ITSELF: &str = "shipway";

/// A request by its number, as it stands now.
pub(crate) fn find(context: &Context, name: &str) -> Result<Request> {
    let id: RequestId = name.parse().map_err(CliError::usage)?;
    expire(context)?;
    let found = context.engine.store.request(id)?;
    found.ok_or_else(|| {
        let told = format!("there is no request {id}");
        CliError::usage(told).hint("`shipway requests --all` lists them")
    })
}

/// Who has to approve it, by the rules of now.
pub(crate) fn rules(context: &Context, request: &Request) -> Result<Option<Approvals>> {
    let environment = context.project.environment(request.environment.as_str())?;
    Ok(environment.policy.approvals(request.lane))
}

/// Ends the requests that were not approved in time.
pub(crate) fn expire(context: &Context) -> Result<()> {
    let store = &context.engine.store;
    let now = now();
    let is_late =
        |request: &Request| matches!(request.state, State::Waiting { expires } if now >= expires);
    let open = store.open_requests()?;
    for request in open.iter().filter(|request| is_late(request)) {
        let act = Act {
            by: ITSELF,
            verb: "expire",
            now,
        };
        let end = |request: &mut Request| Ok::<_, CliError>(request.expire(now));
        store.change_request(request.id, act, end)?;
    }
    Ok(())
}

/// Changes a request on behalf of whoever calls.
pub(crate) fn change<T>(
    context: &Context,
    request: &Request,
    verb: &str,
    change: impl FnOnce(&mut Request, &str) -> Result<T>,
) -> Result<(Request, T)> {
    let engine = &context.engine;
    let by = engine.actor.as_str();
    let act = Act {
        by,
        verb,
        now: now(),
    };
    let changed = engine
        .store
        .change_request(request.id, act, |request| change(request, by));
    if let Err(error) = &changed {
        audit_refusal(context, request, verb, error)?;
    }
    changed
}

/// That somebody tried what is not theirs stays on record.
fn audit_refusal(context: &Context, request: &Request, verb: &str, error: &CliError) -> Result<()> {
    let engine = &context.engine;
    let audit = shipway_store::Audit {
        actor: &engine.actor,
        action: &format!("{verb} refused"),
        environment: Some(&request.environment),
        subject: &format!("{}: {}", request.id, error.message()),
    };
    Ok(engine.store.audit(&audit, now())?)
}

impl From<WrongState> for CliError {
    fn from(error: WrongState) -> Self {
        let hint = format!("`shipway show {}` tells its story", error.request);
        Self::of(Kind::NotAllowed, &error).hint(hint)
    }
}

impl From<NotAllowed> for CliError {
    fn from(error: NotAllowed) -> Self {
        match error {
            NotAllowed::State(error) => error.into(),
            NotAllowed::Expired | NotAllowed::OtherPlan => {
                Self::of(Kind::Waiting, &error).hint("ask for it again")
            }
            NotAllowed::Own(_) => Self::of(Kind::NotAllowed, &error)
                .hint("`shipway cancel` takes one's own request back"),
            NotAllowed::Stranger { .. } => Self::of(Kind::NotAllowed, &error)
                .hint("`groups` in shipway.yml says who is in them"),
            NotAllowed::Twice(_) => Self::of(Kind::NotAllowed, &error),
        }
    }
}
