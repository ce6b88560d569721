//! Webhooks of git servers. They need no token: the secret that they share signs what they say.

use std::sync::Arc;

use axum::Json;
use axum::body::Bytes;
use axum::extract::FromRequest as _;
use axum::extract::{Path, Request};
use http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_engine::clock::now;
use shipway_engine::git::Repository;
use shipway_engine::trigger;
use shipway_pipeline::push::Push;
use shipway_pipeline::trigger::{Decision, Reason, decide};

use crate::hook::{self, Event, HookSecret, Provider, Refused};
use crate::problem::Problem;
use crate::shared::{Shared, State};

/// What became of a delivery.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Taken {
    /// `accepted`, `ignored` or `replayed`.
    pub verdict: String,
    /// Why it sets nothing going, or less than it might.
    pub reason: Option<String>,
    /// The requests that came of it.
    pub requests: Vec<String>,
}

/// Takes a delivery.
pub(super) async fn take(
    shared: State,
    Path(name): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Result<(StatusCode, Json<Taken>), Problem> {
    let taken = deliver(&shared, &name, &headers, request).await;
    let verdict = match &taken {
        Ok(taken) => taken.verdict.as_str(),
        Err(problem) if problem.status == 401 => "unsigned",
        Err(_) => "refused",
    };
    shared.metrics.hook(verdict);
    let taken = taken?;
    let status = if taken.requests.is_empty() {
        StatusCode::OK
    } else {
        StatusCode::ACCEPTED
    };
    Ok((status, Json(taken)))
}

async fn deliver(
    shared: &Arc<Shared>,
    name: &str,
    headers: &HeaderMap,
    request: Request,
) -> Result<Taken, Problem> {
    let provider = Provider::of(name).ok_or_else(|| {
        Problem::not_found("there are no webhooks of such a server")
            .hint("it is one of `github`, `gitlab` and `gitea`, which is Forgejo as well")
    })?;
    let secret = secret_of(shared, provider).await?;
    // A body can be 25 MiB: only so many are in memory at once, and the others wait.
    let _place = shared.bodies.acquire().await;
    let body = Bytes::from_request(request, &())
        .await
        .map_err(|refused| Problem::new(refused.status(), refused.body_text()))?;
    let push = match hook::read(provider, headers, &body, &secret, now()).map_err(Problem::from)? {
        Event::Other(event) => return Ok(Taken::nothing(format!("`{event}` sets nothing going"))),
        Event::Push(push) => push,
    };
    let marks = hook::marks(provider, headers, &body);
    drop(body);
    let project = shared.current_project().await?;
    let is_ours = is_ours(&project.directory, &push).await;
    let decision = if is_ours {
        let known = shared.ask(|store| Ok(store.branch_environments()?));
        decide(&project.config, &known.await?, &push)
    } else {
        Decision::Nothing(Reason::OtherRepository)
    };
    tracing::info!(
        hook = provider.as_str(),
        reference = %push.reference,
        by = push.by,
        ?decision,
        "push"
    );
    if let Decision::Nothing(reason) = decision {
        return Ok(Taken::nothing(reason.to_string()));
    }
    let left_out = left_out(&decision);
    let made = shared.ask(move |store| {
        let pushed = trigger::pushed(&decision, &push.by, now());
        Ok(store.create_requests_once(&marks, pushed, now())?)
    });
    let Some(made) = made.await? else {
        return Ok(Taken {
            verdict: "replayed".to_owned(),
            reason: Some("this delivery was taken before".to_owned()),
            requests: Vec::new(),
        });
    };
    shared.nudge.notify_one();
    Ok(Taken {
        verdict: "accepted".to_owned(),
        reason: left_out,
        requests: made.iter().map(|request| request.id.to_string()).collect(),
    })
}

/// The secret that the server signs with: given at the start, or kept by the project.
async fn secret_of(shared: &Arc<Shared>, provider: Provider) -> Result<HookSecret, Problem> {
    if let Some(secret) = shared.hooks.get(&provider) {
        return Ok(secret.clone());
    }
    let project = shared.current_project().await?;
    let find = Arc::clone(&shared.find_hook_secret);
    let found = tokio::task::spawn_blocking(move || find(&project, provider));
    let found = found.await.map_err(|error| Problem::inside(&error))?;
    let found = found.map_err(|reason| {
        // Why not is for whoever runs the daemon, not for whoever calls.
        tracing::error!(hook = provider.as_str(), reason, "no webhook is taken");
        Problem::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "the secret of these webhooks cannot be read",
        )
    })?;
    let variable = provider.variable();
    found.ok_or_else(|| {
        Problem::not_found("webhooks of that server are not taken here").hint(format!(
            "`shipway secrets set ENVIRONMENT {variable}` stores their secret, or set the variable \
             {variable} where `shipway serve` runs"
        ))
    })
}

/// Why a push does not go everywhere that takes its branch.
fn left_out(decision: &Decision) -> Option<String> {
    let Decision::Deploy { refused, .. } = decision else {
        return None;
    };
    let told: Vec<String> = refused.iter().map(ToString::to_string).collect();
    (!told.is_empty()).then(|| told.join("; "))
}

/// Whether a push is to the project's own repository. An organisation's webhook tells of all.
async fn is_ours(directory: &std::path::Path, push: &Push) -> bool {
    let directory = directory.to_owned();
    let source = tokio::task::spawn_blocking(move || {
        Repository::find(&directory).and_then(|repository| repository.source())
    });
    match source.await {
        Ok(Ok(Some(source))) => push.is_of(&source),
        // Nothing says where it comes from, so nothing can be fetched either.
        _ => true,
    }
}

impl Taken {
    fn nothing(reason: String) -> Self {
        Self {
            verdict: "ignored".to_owned(),
            reason: Some(reason),
            requests: Vec::new(),
        }
    }
}

impl From<Refused> for Problem {
    fn from(refused: Refused) -> Self {
        let status = match refused {
            Refused::Signature | Refused::Stale => StatusCode::UNAUTHORIZED,
            Refused::Payload(_) => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self::new(status, refused.to_string())
    }
}
