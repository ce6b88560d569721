//! What the store and the locks say of the requests that are not over.

use std::collections::BTreeMap;

use shipway_pipeline::id::RequestId;
use shipway_pipeline::request::{Origin, Request, State};
use shipway_pipeline::time::Timestamp;
use shipway_store::{Act, Error, Revision, Store};

use super::ITSELF;
use super::turns::is_somebodys;
use crate::problem::Problem;

/// What was found.
pub(super) struct Survey {
    /// The requests that are not over.
    pub(super) open: Vec<Request>,
    /// Those of them that nobody carries out.
    pub(super) free: Vec<RequestId>,
    /// Those that a process which is not our child carries out.
    pub(super) held: Vec<RequestId>,
    /// The state of the database that this is true of.
    pub(super) revision: Revision,
}

/// What was found last, as far as it tells whether to look again.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) revision: Revision,
    pub(super) held: Vec<RequestId>,
    /// When time alone makes a difference.
    pub(super) until: Option<Timestamp>,
}

// === impl Seen ===

impl Seen {
    /// Whether a survey would find the same. Five hundred requests that wait for their turn cost
    /// nothing until something happens.
    pub(super) fn is_still_so(&self, store: &Store, now: Timestamp) -> Result<bool, Problem> {
        if self.until.is_some_and(|until| now >= until) || store.revision()? != self.revision {
            return Ok(false);
        }
        for id in &self.held {
            // Whoever dies writes nothing.
            if !is_carried(store, *id)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// Looks at the open requests; `known` are those that are ours to carry out, with whether a child
/// does.
pub(super) fn survey(
    store: &Store,
    known: &BTreeMap<RequestId, bool>,
    now: Timestamp,
) -> Result<Survey, Problem> {
    // Asked first: what changes while we look is looked at again.
    let revision = store.revision()?;
    let mut open = store.open_requests()?;
    for request in &mut open {
        if is_late(request, now) {
            let act = Act {
                by: ITSELF,
                verb: "expire",
                now,
            };
            let expire = |request: &mut Request| Ok::<_, Error>(request.expire(now));
            (*request, _) = store.change_request(request.id, act, expire)?;
        }
    }
    open.retain(|request| !request.is_over());
    let (mut free, mut held) = (Vec::new(), Vec::new());
    for request in &open {
        let ours = known.get(&request.id);
        if ours == Some(&true) {
            continue;
        }
        let is_asked = match request.state {
            State::Running { .. } => true,
            // Pushes that wait are nobody's but ours. Whose command is about to take the lock is
            // not to find it taken by whoever only asks.
            State::Queued => {
                request.origin == Origin::Person && (ours.is_some() || !is_somebodys(request, now))
            }
            State::Waiting { .. } | State::Ended { .. } => continue,
        };
        if is_asked && is_carried(store, request.id)? {
            held.push(request.id);
        } else {
            free.push(request.id);
        }
    }
    Ok(Survey {
        open,
        free,
        held,
        revision,
    })
}

fn is_carried(store: &Store, id: RequestId) -> Result<bool, Problem> {
    let carried = store.is_carried(id);
    carried.map_err(|error| Problem::inside(&error))
}

fn is_late(request: &Request, now: Timestamp) -> bool {
    matches!(request.state, State::Waiting { expires } if now >= expires)
}
