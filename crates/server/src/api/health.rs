//! Whether the daemon works, and what it counts of itself.

use axum::Json;
use http::header;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use shipway_pipeline::access::Action;

use crate::caller::Caller;
use crate::metrics::{Page, resident_bytes};
use crate::problem::Problem;
use crate::shared::State;

/// That the daemon works.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Health {
    /// Its version.
    pub version: String,
    /// For how many seconds it has been running.
    pub uptime_seconds: u64,
}

/// Works where the store answers.
pub(super) async fn health(shared: State) -> Result<Json<Health>, Problem> {
    shared.ask(|store| Ok(store.next_deployment()?)).await?;
    Ok(Json(Health {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        uptime_seconds: shared.started.elapsed().as_secs(),
    }))
}

/// What the daemon counts, for those who may look.
pub(super) async fn metrics(
    shared: State,
    caller: Caller,
) -> Result<([(header::HeaderName, &'static str); 1], String), Problem> {
    caller.check(Action::View, None)?;
    let open = shared.ask(|store| Ok(store.count_open_requests()?)).await?;
    let mut page = Page::default();
    shared.metrics.render(&mut page);
    page.family(
        "shipway_requests",
        "gauge",
        "Requests that are not over, by their state.",
    );
    for state in ["queued", "running", "waiting"] {
        let count = open.get(state).copied().unwrap_or_default();
        page.sample("shipway_requests", &format!("state=\"{state}\""), count);
    }
    page.family(
        "shipway_uptime_seconds",
        "gauge",
        "For how long the daemon has been running.",
    );
    page.sample(
        "shipway_uptime_seconds",
        "",
        shared.started.elapsed().as_secs(),
    );
    page.family(
        "process_resident_memory_bytes",
        "gauge",
        "The daemon's memory.",
    );
    page.sample("process_resident_memory_bytes", "", resident_bytes());
    let media = "text/plain; version=0.0.4; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, media)], page.finish()))
}
