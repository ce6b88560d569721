//! What is live where.

use axum::Json;
use axum::extract::{self, Path};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_engine::ending::Ending;
use shipway_engine::status::{EnvironmentStatus, Routed};
use shipway_pipeline::access::Action;
use shipway_pipeline::config::{self, Confirm, Trigger};
use shipway_pipeline::time::Timestamp;
use shipway_store::Overview;

use super::names;
use crate::caller::Caller;
use crate::observed;
use crate::problem::Problem;
use crate::shared::State;

/// Which environments.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    /// Only this one.
    pub environment: Option<String>,
}

/// An environment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Environment {
    /// Its name.
    pub name: String,
    /// Whether a push to one of its branches is deployed.
    pub is_pushed_to: bool,
    /// The branches.
    pub branches: Vec<String>,
    /// The environment whose live release is promoted here.
    pub from: Option<String>,
    /// What a person must say before a deployment starts: `none`, `yes` or the environment's `name`.
    pub confirm: String,
    /// What has the traffic.
    pub live: Option<Live>,
    /// Why nothing is deployed until somebody has looked.
    pub frozen: Option<String>,
    /// The deployment that is under way, or was interrupted.
    pub deployment: Option<UnderWay>,
    /// Why it is on its way out: what holds up its removal, or that its template is gone.
    pub ending: Option<String>,
    /// What runs, as it was seen last; nothing where nobody has looked yet.
    pub seen: Option<Seen>,
}

/// What has the traffic.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Live {
    /// The release.
    pub release: String,
    /// Its commit.
    pub commit: String,
    /// The first line of the commit's message.
    pub subject: String,
    /// The deployment that made it live.
    pub deployment: String,
    /// Since when.
    pub since: u64,
    /// Whether it finished its bake.
    pub is_stable: bool,
}

/// A deployment that is not over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnderWay {
    /// Its id.
    pub id: String,
    /// Where it stands.
    pub state: String,
}

/// What runs, as it was seen last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Seen {
    /// When.
    pub at: u64,
    /// Whether requests go to what is live, and every instance is healthy.
    pub is_well: bool,
    /// The instances.
    pub instances: Vec<Instance>,
    /// Why what runs them does not answer.
    pub trouble: Option<String>,
}

/// An instance, as it was seen last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Instance {
    /// Which.
    pub id: String,
    /// Whether it runs and answers its health question.
    pub is_healthy: bool,
    /// What it last said, or how it ended.
    pub detail: String,
    /// How often it was started again.
    pub restarts: u32,
}

/// What is live in all environments that the caller sees.
pub(super) async fn list(shared: State, caller: Caller) -> Result<Json<Vec<Environment>>, Problem> {
    caller.check(Action::View, None)?;
    let project = shared.current_project().await?;
    let (at, seen) = shared.seen.get();
    let asked = shared.ask(move |store| {
        let visible = project
            .config
            .present()
            .filter(|environment| caller.sees(&environment.name));
        let visible: Vec<&config::Environment> = visible.collect();
        let records = store.overviews(visible.iter().map(|environment| &environment.name))?;
        let known = store.branch_environments()?;
        let mut all = Vec::new();
        for (environment, record) in visible.into_iter().zip(records) {
            let seen = at.zip(observed::of(&seen, &environment.name));
            let ending = Ending::of(store, &project.config, &known, &environment.name)?;
            all.push(describe(environment, record, ending, seen));
        }
        Ok(all)
    });
    Ok(Json(asked.await?))
}

/// What runs at this moment. Unlike the lists, this waits for whatever runs it.
pub(super) async fn status(
    shared: State,
    caller: Caller,
    extract::Query(query): extract::Query<Query>,
) -> Result<Json<Vec<EnvironmentStatus>>, Problem> {
    caller.check(Action::View, None)?;
    let only = names::only(&shared, &caller, query.environment.as_deref()).await?;
    let seen = shared.seen.look_now().await.map_err(|reason| {
        let told = format!("the environments could not be looked at: {reason}");
        Problem::new(StatusCode::SERVICE_UNAVAILABLE, told)
    })?;
    let wanted = |one: &&EnvironmentStatus| {
        caller.sees(&one.name) && only.as_ref().is_none_or(|name| *name == one.name)
    };
    Ok(Json(seen.iter().filter(wanted).cloned().collect()))
}

/// What is live in one.
pub(super) async fn one(
    shared: State,
    caller: Caller,
    Path(name): Path<String>,
) -> Result<Json<Environment>, Problem> {
    let project = shared.current_project().await?;
    let (at, seen) = shared.seen.get();
    let asked = shared.ask(move |store| {
        let environment = names::environment(&project, &caller, Action::View, &name)?;
        let record = store.overview(&environment.name)?;
        let seen = at.zip(observed::of(&seen, &environment.name));
        let known = store.branch_environments()?;
        let ending = Ending::of(store, &project.config, &known, &environment.name)?;
        Ok(describe(environment, record, ending, seen))
    });
    Ok(Json(asked.await?))
}

fn describe(
    environment: &config::Environment,
    record: Overview,
    ending: Option<Ending>,
    seen: Option<(Timestamp, &EnvironmentStatus)>,
) -> Environment {
    let Overview {
        environment: stand,
        release,
        unfinished,
        holder: _,
    } = record;
    let is_stable = stand.live == stand.stable;
    let live = stand.live.zip(release).map(|(live, release)| Live {
        release: live.release.to_string(),
        commit: release.commit,
        subject: release.subject,
        deployment: live.deployment.to_string(),
        since: stand.live_since.unwrap_or_default().0,
        is_stable,
    });
    let deployment = unfinished.map(|one| UnderWay {
        id: one.id.to_string(),
        state: one.state.to_owned(),
    });
    Environment {
        name: environment.name.to_string(),
        is_pushed_to: environment.trigger == Trigger::Push,
        branches: environment.branches.clone(),
        from: environment.from.as_ref().map(ToString::to_string),
        confirm: match environment.confirm {
            Confirm::None => "none",
            Confirm::Yes => "yes",
            Confirm::Name => "name",
        }
        .to_owned(),
        live,
        frozen: stand.frozen.map(|frozen| frozen.reason),
        deployment,
        ending: ending.map(|ending| ending.to_string()),
        seen: seen.map(|(at, status)| Seen::of(at, status)),
    }
}

impl Seen {
    fn of(at: Timestamp, status: &EnvironmentStatus) -> Self {
        let instances = status.instances.iter().map(|one| Instance {
            id: one.id.to_string(),
            is_healthy: one.healthy,
            detail: one.detail.clone(),
            restarts: one.restarts,
        });
        let instances: Vec<Instance> = instances.collect();
        Self {
            at: at.0,
            is_well: status.trouble.is_none()
                && status.routed == Routed::Live
                && instances.iter().all(|one| one.is_healthy),
            instances,
            trouble: status.trouble.clone(),
        }
    }
}
