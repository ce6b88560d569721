//! A process that another one took over from: finishes what it has in hand.
//!
//! Its answers tell clients that the connection ends, so each client comes to the new process
//! with its next request. A connection that is idle is left alone until clients would not use it
//! any more: closed earlier, a request could be on its way.

use std::rc::Rc;
use std::time::Duration;

use crate::control::{Door, Server};
use crate::options::Limits;
use crate::run::until_empty;
use crate::signals::Signals;
use crate::worker::{Handle, WorkerOrder};

/// How long the last counts wait to be heard: the process that took over looks four times a
/// second, and if it has gone nobody does.
const HEARD: Duration = Duration::from_secs(2);

/// Goes on until nothing is left, the time is over, or somebody asks for the end.
pub(crate) async fn finish(
    server: &Rc<Server>,
    workers: &[Handle],
    limits: &Limits,
    signals: &mut Signals,
    is_told_to_end: bool,
) {
    let Some(door) = server.take_door() else {
        return;
    };
    let finished = async {
        if !is_told_to_end {
            tokio::select! {
                () = until_empty(workers, limits.elder) => {}
                () = server.wanted_down() => {}
                () = signals.end() => {}
            }
        }
        for worker in workers {
            worker.order(WorkerOrder::Finish).await;
        }
        until_empty(workers, limits.shutdown).await;
        server.finished();
        tokio::select! {
            () = server.wanted_down() => {}
            () = tokio::time::sleep(HEARD) => {}
        }
    };
    tokio::select! {
        error = server.listen(&door, Door::Successor) => {
            tracing::error!(%error, "the process that took over cannot be heard any more");
        }
        () = finished => {}
    }
    // Who asked just before has the answer, unless they only stay connected.
    let _ = tokio::time::timeout(HEARD, server.callers_are_gone()).await;
}
