//! Whose turn it is where no daemon has a queue: those who carry requests of pushes out agree on it
//! by the records alone.

use std::time::Duration;

use shipway_engine::clock::now;
use shipway_pipeline::id::RequestId;
use shipway_pipeline::request::{self, End, Origin, Request, State};
use shipway_store::{Act, Store};

use crate::error::{CliError, Kind, Result};

/// Between two looks: a deployment takes longer than this matters.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// On whose behalf requests are passed over.
const ITSELF: &str = "shipway";

/// Waits until a request has its turn; gives it where it does not come to that, because a newer push
/// took its place or somebody ended it.
pub(crate) async fn wait(store: &Store, id: RequestId) -> Result<Option<Request>> {
    loop {
        let found = store.request(id)?.ok_or_else(|| {
            let told = format!("request {id} is gone");
            CliError::new(Kind::Failed, told)
        })?;
        if found.state != State::Queued {
            return Ok(Some(found));
        }
        let turn = request::decide(&in_line(store, id)?, usize::MAX);
        for (older, newer) in turn.superseded {
            supersede(store, older, newer)?;
        }
        if turn.start.contains(&id) {
            return Ok(None);
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

/// The requests that have a say in whose turn it is: pushes that wait, and what somebody who is
/// alive carries out.
fn in_line(store: &Store, id: RequestId) -> Result<Vec<Request>> {
    let mut line = Vec::new();
    for request in store.open_requests()? {
        let is_push = matches!(request.origin, Origin::Push { .. });
        let counts = match request.state {
            State::Queued => request.id == id || is_push && request.agreement.is_none(),
            State::Running { .. } => store.is_carried(request.id)?,
            State::Waiting { .. } | State::Ended { .. } => false,
        };
        if counts {
            line.push(request);
        }
    }
    Ok(line)
}

fn supersede(store: &Store, older: RequestId, newer: RequestId) -> Result<()> {
    let act = Act {
        by: ITSELF,
        verb: "supersede",
        now: now(),
    };
    let end = |request: &mut Request| {
        // One that began meanwhile goes on.
        if request.state == State::Queued {
            request.end(End::Superseded { newer }, act.now)?;
        }
        Ok::<_, CliError>(())
    };
    store.change_request(older, act, end)?;
    Ok(())
}
