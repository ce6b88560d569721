//! The HTTP API: its operations, and what is made of their list: the router and the document.

pub(crate) mod deployments;
pub(crate) mod environments;
mod events;
mod guard;
pub(crate) mod health;
mod hooks;
mod names;
mod openapi;
mod operation;
pub(crate) mod requests;

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};
use http::StatusCode;

pub use openapi::openapi;

use crate::problem::Problem;
use crate::shared::Shared;
use operation::Operation;

/// Everything that can be called. The document is made of the same list, so neither can have what
/// the other lacks.
fn operations() -> Vec<Operation> {
    let mut all = of_what_is();
    all.extend(of_requests());
    all.push(of_hooks());
    all
}

fn of_what_is() -> Vec<Operation> {
    let text = "text/plain";
    vec![
        Operation::new("/healthz", "health", get(health::health))
            .summary("Whether the daemon works; needs no token")
            .open()
            .answers::<health::Health>(),
        Operation::new("/metrics", "metrics", get(health::metrics))
            .summary("What the daemon counts of itself, in Prometheus' text format")
            .answers_media(text),
        Operation::new(
            "/v1/environments",
            "listEnvironments",
            get(environments::list),
        )
        .summary("What is live where; what runs as it was seen last")
        .answers::<Vec<environments::Environment>>(),
        Operation::new(
            "/v1/environments/{environment}",
            "getEnvironment",
            get(environments::one),
        )
        .summary("What is live in an environment")
        .answers::<environments::Environment>(),
        Operation::new("/v1/status", "status", get(environments::status))
            .summary(
                "What runs in the environments at this moment, as `shipway status --json` tells it",
            )
            .query::<environments::Query>()
            .answers::<Vec<serde_json::Value>>(),
        Operation::new("/v1/deployments", "listDeployments", get(deployments::list))
            .summary("Deployments, the newest first")
            .query::<deployments::Query>()
            .answers::<deployments::Page>(),
        Operation::new(
            "/v1/deployments/{id}",
            "getDeployment",
            get(deployments::one),
        )
        .summary("A deployment with its plan and its journal")
        .answers::<deployments::Detail>(),
        Operation::new(
            "/v1/deployments/{id}/record",
            "getDeploymentRecord",
            get(deployments::recorded),
        )
        .summary("A deployment as it is recorded")
        .answers::<deployments::Recorded>(),
    ]
}

fn of_requests() -> Vec<Operation> {
    vec![
        Operation::new("/v1/requests", "listRequests", get(requests::list))
            .summary("Requests, the newest first")
            .query::<requests::Query>()
            .answers::<requests::Page>(),
        Operation::new("/v1/requests", "createRequest", post(requests::create))
            .summary("Ask for a deployment, a promotion or a rollback")
            .takes::<requests::Wish>(201)
            .answers::<requests::Request>(),
        Operation::new("/v1/requests/{id}", "getRequest", get(requests::one))
            .summary("A request as it stands")
            .answers::<requests::Request>(),
        Operation::new(
            "/v1/requests/{id}/record",
            "getRequestRecord",
            get(requests::whole),
        )
        .summary("Everything about a request: its plan, the release, whose consent it needs")
        .answers::<requests::Whole>(),
        Operation::new(
            "/v1/requests/{id}/approve",
            "approveRequest",
            post(requests::approve),
        )
        .summary("Consent to what a request would do")
        .takes::<requests::Consent>(200)
        .answers::<requests::Request>(),
        Operation::new(
            "/v1/requests/{id}/reject",
            "rejectRequest",
            post(requests::reject),
        )
        .summary("Refuse what a request would do, which ends it")
        .takes::<requests::Refusal>(200)
        .answers::<requests::Request>(),
        Operation::new(
            "/v1/requests/{id}/cancel",
            "cancelRequest",
            post(requests::cancel),
        )
        .summary("Take a request back that is not being carried out")
        .takes::<requests::Nothing>(200)
        .answers::<requests::Request>(),
        Operation::new(
            "/v1/requests/{id}/events",
            "followRequest",
            get(events::follow),
        )
        .summary("What happens to a request, until it is over or waits for people")
        .answers_media("text/event-stream"),
    ]
}

fn of_hooks() -> Operation {
    Operation::new(
        "/v1/hooks/{server}",
        "takeHook",
        post(hooks::take).layer(DefaultBodyLimit::max(LARGEST_HOOK)),
    )
    .summary("A webhook of `github`, `gitlab` or `gitea` (Forgejo too), signed by its secret")
    .open()
    .takes_anything(202)
    .answers::<hooks::Taken>()
}

/// GitHub sends no larger payloads, and the others smaller ones.
const LARGEST_HOOK: usize = 25 * 1024 * 1024;

/// What a person or a program has to say fits in easily.
const LARGEST: usize = 64 * 1024;

/// Answers all calls.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    let mut router = Router::new();
    for operation in operations() {
        router = router.route(operation.path, operation.handler);
    }
    router
        .fallback(async || Problem::not_found("there is no such call"))
        .method_not_allowed_fallback(async || {
            Problem::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "the call knows no such method",
            )
        })
        .layer(DefaultBodyLimit::max(LARGEST))
        .layer(from_fn_with_state(Arc::clone(&shared), guard::admit))
        .layer(from_fn_with_state(Arc::clone(&shared), guard::watch))
        .with_state(shared)
}
