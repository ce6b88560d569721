//! What was deployed.

use axum::Json;
use axum::extract::{self, Path};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use shipway_pipeline::access::Action;
use shipway_pipeline::deployment::State as Stand;
use shipway_pipeline::id::DeploymentId;
use shipway_pipeline::journal::Record as Entry;
use shipway_pipeline::push::printable;
use shipway_pipeline::release::Release;
use shipway_store::{Deployment as Record, Store, Summary};

use super::names;
use crate::caller::Caller;
use crate::problem::Problem;
use crate::shared::State;

/// Which deployments.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    /// Only those of this environment.
    pub environment: Option<String>,
    /// At most this many; 50 where not given, 200 at most.
    pub limit: Option<usize>,
    /// Only those that were made before this one: `next` of the page before.
    pub before: Option<String>,
    /// With all that is on record of each.
    #[serde(default)]
    pub records: bool,
}

/// Deployments, the newest first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Page {
    /// The deployments.
    pub deployments: Vec<Deployment>,
    /// The records of the same, where they are asked for.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    #[schemars(with = "Vec<Value>")]
    pub records: Vec<Record>,
    /// `before` of the next page, where there may be one.
    pub next: Option<String>,
}

/// A deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deployment {
    /// Its id.
    pub id: String,
    /// Where.
    pub environment: String,
    /// What kind: a deployment, a promotion, a rollback, and so on.
    pub kind: String,
    /// The release that is to be live.
    pub release: String,
    /// The release's commit, in short.
    pub commit: Option<String>,
    /// The release that was live before.
    pub previous: Option<String>,
    /// Where it stands.
    pub state: String,
    /// How it ended.
    pub outcome: Option<String>,
    /// Who asked for it.
    pub requested_by: String,
    /// When it was made.
    pub created: u64,
    /// When its state last changed.
    pub changed: u64,
}

/// A deployment with all that is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Detail {
    /// What the lists tell.
    #[serde(flatten)]
    pub deployment: Deployment,
    /// Why it ended so.
    pub cause: Option<Value>,
    /// What it does.
    pub plan: Value,
    /// What happened, in order.
    pub journal: Vec<Value>,
}

/// A deployment as it is recorded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Recorded {
    /// The record.
    #[schemars(with = "Value")]
    pub deployment: Record,
    /// What happened, in order.
    #[schemars(with = "Vec<Value>")]
    pub journal: Vec<Entry>,
}

/// A page of deployments.
pub(super) async fn list(
    shared: State,
    caller: Caller,
    extract::Query(query): extract::Query<Query>,
) -> Result<Json<Page>, Problem> {
    caller.check(Action::View, None)?;
    let environment = names::only(&shared, &caller, query.environment.as_deref()).await?;
    let before = query.before.as_deref().map(id).transpose()?;
    let limit = names::page(query.limit);
    let asked = shared.ask(move |store| {
        let found = store.summaries(environment.as_ref(), before, limit)?;
        let is_last = found.len() < limit;
        let next = found.last().filter(|_| !is_last);
        let next = next.map(|one| one.id.to_string());
        let is_seen = |one: &Summary| caller.sees(&one.environment);
        let seen: Vec<Summary> = found.into_iter().filter(is_seen).collect();
        let records = if query.records {
            records(store, &seen)?
        } else {
            Vec::new()
        };
        Ok(Page {
            deployments: seen.into_iter().map(Deployment::from).collect(),
            records,
            next,
        })
    });
    Ok(Json(asked.await?))
}

/// The records of what a page tells. Plans are long, so they are read only where they are asked for.
fn records(store: &Store, seen: &[Summary]) -> Result<Vec<Record>, Problem> {
    let mut all = Vec::new();
    for one in seen {
        all.extend(store.deployment(one.id)?);
    }
    Ok(all)
}

/// One deployment.
pub(super) async fn one(
    shared: State,
    caller: Caller,
    Path(text): Path<String>,
) -> Result<Json<Detail>, Problem> {
    let id = id(&text)?;
    let asked = shared.ask(move |store| {
        let missing = || Problem::not_found(format!("there is no deployment `{id}`"));
        let summary = store.summary(id)?.ok_or_else(missing)?;
        caller.check(Action::View, Some(&summary.environment))?;
        let record = store.deployment(id)?.ok_or_else(missing)?;
        let journal = store.journal(id)?;
        Detail::of(summary.into(), &record, &journal).map_err(|error| Problem::inside(&error))
    });
    Ok(Json(asked.await?))
}

/// The record of one deployment.
pub(super) async fn recorded(
    shared: State,
    caller: Caller,
    Path(text): Path<String>,
) -> Result<Json<Recorded>, Problem> {
    let id = id(&text)?;
    let asked = shared.ask(move |store| {
        let missing = || Problem::not_found(format!("there is no deployment `{id}`"));
        let deployment = store.deployment(id)?.ok_or_else(missing)?;
        caller.check(Action::View, Some(&deployment.plan.environment))?;
        let journal = store.journal(id)?;
        Ok(Recorded {
            deployment,
            journal,
        })
    });
    Ok(Json(asked.await?))
}

fn id(text: &str) -> Result<DeploymentId, Problem> {
    text.parse()
        .map_err(|_| Problem::not_found(format!("`{}` is no deployment", printable(text))))
}

// === impl Deployment, Detail ===

impl From<Summary> for Deployment {
    fn from(one: Summary) -> Self {
        let commit = one.commit.as_deref();
        Self {
            id: one.id.to_string(),
            environment: one.environment.to_string(),
            kind: one.kind.as_str().to_owned(),
            release: one.release.to_string(),
            commit: commit.map(|commit| Release::shorten(commit).to_owned()),
            previous: one.previous.map(|release| release.to_string()),
            state: one.state.to_owned(),
            outcome: one.outcome.map(|outcome| outcome.as_str().to_owned()),
            requested_by: one.requested_by,
            created: one.created.0,
            changed: one.changed.0,
        }
    }
}

impl Detail {
    fn of(deployment: Deployment, record: &Record, journal: &[Entry]) -> serde_json::Result<Self> {
        let cause = match &record.state {
            Stand::Finished { cause, .. } => cause.as_ref(),
            Stand::Queued
            | Stand::Advancing { .. }
            | Stand::Baking { .. }
            | Stand::Reverting { .. } => None,
        };
        Ok(Self {
            deployment,
            cause: cause.map(serde_json::to_value).transpose()?,
            plan: serde_json::to_value(&record.plan)?,
            journal: journal
                .iter()
                .map(serde_json::to_value)
                .collect::<Result<_, _>>()?,
        })
    }
}
