//! The HTTP API: its operations, and what is made of their list: the router and the document.

mod deployments;
mod environments;
mod guard;
mod health;
mod names;
mod openapi;
mod operation;

use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::get;
use http::StatusCode;

pub use openapi::openapi;

use crate::problem::Problem;
use crate::shared::Shared;
use operation::Operation;

/// Everything that can be called. The document is made of the same list, so neither can have what
/// the other lacks.
fn operations() -> Vec<Operation> {
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
    ]
}

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
        .layer(from_fn_with_state(Arc::clone(&shared), guard::admit))
        .layer(from_fn_with_state(Arc::clone(&shared), guard::watch))
        .with_state(shared)
}
