//! What people and pushes want, and what becomes of it.

mod document;

use axum::Json;
use axum::extract::{self, Path};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_engine::clock::now;
use shipway_pipeline::access::Action;
use shipway_pipeline::digest::Digest;
use shipway_pipeline::id::RequestId;
use shipway_pipeline::promotion::Lane;
use shipway_pipeline::push::printable;
use shipway_pipeline::request::{NotAllowed, Origin, Request as Record, Standing, WrongState};
use shipway_store::{Act, Listed, NewRequest, RequestPage, Store};

pub(crate) use document::Nothing;
pub use document::{Consent, Needs, Page, Refusal, Request, Wanted, Whole, Wish, WishedLane};

use super::names;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::shared::{Shared, State};

/// Which requests.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    /// Only those of this environment.
    pub environment: Option<String>,
    /// At most this many; 50 where not given, 200 at most.
    pub limit: Option<usize>,
    /// Only those before this one: `next` of the page before.
    pub before: Option<String>,
    /// Only those that are not over.
    #[serde(default)]
    pub open: bool,
    /// With all that is on record of each.
    #[serde(default)]
    pub records: bool,
}

/// A page of requests.
pub(super) async fn list(
    shared: State,
    caller: Caller,
    extract::Query(query): extract::Query<Query>,
) -> Result<Json<Page>, Problem> {
    caller.check(Action::View, None)?;
    let environment = names::only(&shared, &caller, query.environment.as_deref()).await?;
    let before = query.before.as_deref().map(id).transpose()?;
    let limit = names::page(query.limit);
    let page = RequestPage {
        environment,
        before,
        limit,
        is_open: query.open,
    };
    let asked = shared.ask(move |store| {
        let found = store.listed_requests(&page)?;
        let is_last = found.len() < limit;
        let next = found.last().filter(|_| !is_last);
        let next = next.map(|one| one.request.id.to_string());
        let is_seen = |one: &Listed| caller.sees(&one.request.environment);
        let seen: Vec<Listed> = found.into_iter().filter(is_seen).collect();
        let records = if query.records {
            records(store, &seen)?
        } else {
            Vec::new()
        };
        Ok(Page {
            requests: seen.into_iter().map(Request::listed).collect(),
            records,
            next,
        })
    });
    Ok(Json(asked.await?))
}

/// The records of what a page tells. Plans are long, so they are read only where they are asked for.
fn records(store: &Store, seen: &[Listed]) -> Result<Vec<Record>, Problem> {
    let mut all = Vec::new();
    for one in seen {
        all.extend(store.request(one.request.id)?);
    }
    Ok(all)
}

/// One request.
pub(super) async fn one(
    shared: State,
    caller: Caller,
    Path(text): Path<String>,
) -> Result<Json<Request>, Problem> {
    let found = find(&shared, &caller, Action::View, &text).await?;
    Ok(Json(Request::of(&found)))
}

/// Everything about one request.
pub(super) async fn whole(
    shared: State,
    caller: Caller,
    Path(text): Path<String>,
) -> Result<Json<Whole>, Problem> {
    let request = find(&shared, &caller, Action::View, &text).await?;
    let project = shared.current_project().await?;
    let environment = project.config.environments.get(&request.environment);
    let rules = environment.and_then(|one| one.policy.approvals(request.lane));
    let agreed = request.agreement.as_ref();
    let release = agreed.map(|agreement| agreement.release.clone());
    let release = shared.ask(move |store| {
        Ok(match release {
            Some(release) => store.release(&release)?,
            None => None,
        })
    });
    Ok(Json(Whole {
        release: release.await?,
        needs: rules.map(|rules| Needs {
            missing: match request.standing(&rules) {
                Standing::Missing(missing) => missing,
                Standing::Complete => 0,
            },
            groups: rules.groups,
        }),
        request,
    }))
}

/// Makes a request; the queue does the rest.
pub(super) async fn create(
    shared: State,
    caller: Caller,
    Json(wish): Json<Wish>,
) -> Result<(StatusCode, Json<Request>), Problem> {
    let project = shared.current_project().await?;
    let lane = Lane::from(wish.lane);
    let action = match lane {
        Lane::Regular | Lane::Hotfix => Action::Deploy,
        Lane::BreakGlass => Action::Approve,
    };
    let environment = names::environment(&project, &caller, action, &wish.environment)?;
    let reason = wish
        .reason
        .map(|text| printable_reason(&text))
        .transpose()?;
    if lane.needs_reason() && reason.is_none() {
        return Err(unprocessable(format!("`{}` needs a reason", lane.as_str())));
    }
    let new = NewRequest {
        environment: environment.name.clone(),
        want: wish.want.read()?,
        lane,
        by: caller.name,
        reason,
        origin: Origin::Person,
    };
    let made = shared.ask(move |store| Ok(store.create_request(new, now())?));
    let made = made.await?;
    shared.claim(made.id);
    Ok((StatusCode::CREATED, Json(Request::of(&made))))
}

/// Consents to what a request would do.
pub(super) async fn approve(
    shared: State,
    caller: Caller,
    Path(text): Path<String>,
    Json(consent): Json<Consent>,
) -> Result<Json<Request>, Problem> {
    let record = find(&shared, &caller, Action::Approve, &text).await?;
    let seen = consent.plan.map(|text| text.parse::<Digest>());
    let seen = seen.transpose();
    let seen = seen.map_err(|_| unprocessable("`plan` is no digest".to_owned()))?;
    let rules = rules(&shared, &record).await?;
    change(&shared, &record, caller, "approve", move |request, by| {
        let approved = request.approve(&rules, by, seen.as_ref(), now());
        approved.map(drop).map_err(Problem::from)
    })
    .await
}

/// Refuses what a request would do, which ends it.
pub(super) async fn reject(
    shared: State,
    caller: Caller,
    Path(text): Path<String>,
    Json(refusal): Json<Refusal>,
) -> Result<Json<Request>, Problem> {
    let record = find(&shared, &caller, Action::Approve, &text).await?;
    let reason = refusal
        .reason
        .map(|text| printable_reason(&text))
        .transpose()?;
    let rules = rules(&shared, &record).await?;
    change(&shared, &record, caller, "reject", move |request, by| {
        Ok(request.reject(&rules, by, reason, now())?)
    })
    .await
}

/// Takes a request back that is not being carried out.
pub(super) async fn cancel(
    shared: State,
    caller: Caller,
    Path(text): Path<String>,
    Json(Nothing {}): Json<Nothing>,
) -> Result<Json<Request>, Problem> {
    let record = find(&shared, &caller, Action::Deploy, &text).await?;
    change(&shared, &record, caller, "cancel", |request, by| {
        request.cancel(by, now()).map_err(Problem::from)
    })
    .await
}

/// A request that the caller may do something with.
pub(super) async fn find(
    shared: &Shared,
    caller: &Caller,
    action: Action,
    text: &str,
) -> Result<Record, Problem> {
    let id = id(text)?;
    let found = shared.ask(move |store| Ok(store.request(id)?)).await?;
    let found = found.ok_or_else(|| Problem::not_found(format!("there is no request `{id}`")))?;
    caller.check(action, Some(&found.environment))?;
    Ok(found)
}

async fn change(
    shared: &Shared,
    record: &Record,
    caller: Caller,
    verb: &'static str,
    change: impl FnOnce(&mut Record, &str) -> Result<(), Problem> + Send + 'static,
) -> Result<Json<Request>, Problem> {
    let id = record.id;
    let changed = shared.ask(move |store: &Store| {
        let act = Act {
            by: &caller.name,
            verb,
            now: now(),
        };
        let (request, ()) =
            store.change_request(id, act, |request| change(request, &caller.name))?;
        Ok(request)
    });
    let changed = changed.await?;
    shared.nudge.notify_one();
    Ok(Json(Request::of(&changed)))
}

/// Who has to approve it, by the rules of now.
async fn rules(
    shared: &Shared,
    record: &Record,
) -> Result<shipway_pipeline::promotion::Approvals, Problem> {
    let project = shared.current_project().await?;
    let environment = project.config.environments.get(&record.environment);
    let rules = environment.and_then(|environment| environment.policy.approvals(record.lane));
    rules.ok_or_else(|| {
        let told = format!("request {} needs no approval", record.id);
        Problem::new(StatusCode::CONFLICT, told)
    })
}

fn id(text: &str) -> Result<RequestId, Problem> {
    text.parse()
        .map_err(|_| Problem::not_found(format!("`{}` is no request", printable(text))))
}

fn unprocessable(detail: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail)
}

/// What people write ends up in records and terminals.
fn printable_reason(text: &str) -> Result<String, Problem> {
    let text = text.trim();
    if text.is_empty() || text.len() > 1000 || text.chars().any(char::is_control) {
        return Err(unprocessable(
            "a reason has 1 to 1000 letters, on one line".to_owned(),
        ));
    }
    Ok(text.to_owned())
}

impl From<NotAllowed> for Problem {
    fn from(error: NotAllowed) -> Self {
        let status = match &error {
            NotAllowed::Own(_) | NotAllowed::Stranger { .. } => StatusCode::FORBIDDEN,
            NotAllowed::State(_) | NotAllowed::Twice(_) => StatusCode::CONFLICT,
            NotAllowed::Expired => StatusCode::GONE,
            NotAllowed::OtherPlan => StatusCode::PRECONDITION_FAILED,
        };
        Self::new(status, error.to_string())
    }
}

impl From<WrongState> for Problem {
    fn from(error: WrongState) -> Self {
        Self::new(StatusCode::CONFLICT, error.to_string())
    }
}
