//! Removes what runs of requests and gates wrote and nobody needs any more.

use std::sync::Arc;
use std::time::Duration;

use shipway_engine::clock::now;
use shipway_engine::sweep::sweep;

use crate::problem::Problem;
use crate::shared::Shared;

/// What is kept for weeks may stay for another hour.
const LOOK_AGAIN: Duration = Duration::from_secs(60 * 60);

/// Looks until the daemon is to end.
pub(crate) async fn run(shared: Arc<Shared>) {
    let mut closing = shared.closing.clone();
    loop {
        let swept =
            shared.ask(|store| sweep(store, now()).map_err(|error| Problem::inside(&error)));
        match swept.await {
            Ok(0) => {}
            Ok(files) => tracing::info!(files, "logs that were kept for long enough are removed"),
            Err(problem) => tracing::warn!(detail = problem.detail, "old logs stay"),
        }
        tokio::select! {
            _ = closing.wait_for(|is_closing| *is_closing) => return,
            () = tokio::time::sleep(LOOK_AGAIN) => {}
        }
    }
}
