//! Backups by their schedule: a child makes and proves those that are due, and outlives the daemon.
//!
//! Whether one is due the child finds out, under a lock, as whatever cron calls does: two at once
//! make one backup.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use crate::options::Carrier;
use crate::queue::{OK, last_words};
use crate::shared::Shared;

/// A schedule knows minutes.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// After each fault it waits twice as long, and no longer than this: a nightly backup is to be made
/// in the night all the same.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// Has what is due made until the daemon is to end. A child that is at work then goes on.
pub(crate) async fn run(shared: Arc<Shared>, carrier: Carrier) {
    let mut closing = shared.closing.clone();
    let closed = async move { closing.wait_for(|is_closing| *is_closing).await.is_ok() };
    let mut closed = std::pin::pin!(closed);
    let mut faults = 0;
    loop {
        let round = async {
            match look(&shared, &carrier).await {
                Ok(()) => faults = 0,
                Err(detail) => {
                    faults += 1;
                    tracing::error!(detail, "backups");
                }
            }
            tokio::time::sleep(pause(faults)).await;
        };
        tokio::select! {
            _ = closed.as_mut() => return,
            () = round => {}
        }
    }
}

/// Has a child do what is due, where an environment asks for something.
async fn look(shared: &Shared, carrier: &Carrier) -> Result<(), String> {
    // A file that is not valid is told to whoever uses it.
    let Ok(project) = shared.current_project().await else {
        return Ok(());
    };
    let mut environments = project.config.environments.values();
    if !environments.any(|environment| environment.backup.has_chores()) {
        return Ok(());
    }
    let child = shared.runs.spawn_backups(carrier);
    let mut child = child.map_err(|error| format!("it could not be started: {error}"))?;
    let status = child.wait().await.map_err(|error| error.to_string())?;
    let (told, complained) = shared.runs.backups();
    tell(&told);
    match status.code() {
        // Killed: that is no fault of its own.
        None | Some(OK) => Ok(()),
        Some(code) => Err(last_words(&complained, code)),
    }
}

/// Logs what a child did.
fn tell(path: &Path) {
    let text = std::fs::read(path).unwrap_or_default();
    // One that was killed wrote nothing, or the half of it.
    let documents: Vec<Value> = serde_json::from_slice(&text).unwrap_or_default();
    for document in documents {
        let due = &document["due"];
        let id = |name: &str| due[name]["id"].as_str();
        let count = |name: &str| due[name].as_array().map_or(0, Vec::len);
        let (made, proven) = (id("made"), id("proven"));
        let (copied, removed) = (count("copied"), count("removed"));
        if made.is_some() || proven.is_some() || copied + removed > 0 {
            let environment = document["environment"].as_str();
            tracing::info!(environment, made, proven, copied, removed, "backups");
        }
    }
}

/// How long to wait after so many faults in a row.
fn pause(faults: u32) -> Duration {
    LONGEST.min(LOOK_AGAIN * 2_u32.saturating_pow(faults.min(10)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_again_and_again_is_tried_less_often() {
        let pauses = [0, 1, 2, 5, 100].map(|faults| pause(faults).as_secs());
        assert_eq!(pauses, [30, 60, 120, 900, 900]);
    }
}
