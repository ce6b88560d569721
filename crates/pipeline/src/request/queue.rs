//! Whose turn it is.

use std::collections::BTreeSet;

use super::{Origin, Request, State};
use crate::id::RequestId;
use crate::name::EnvironmentName;

/// What is to be done with the requests that are not over.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Turn {
    /// Those whose place a newer one takes, and which.
    pub superseded: Vec<(RequestId, RequestId)>,
    /// Those to carry out now.
    pub start: Vec<RequestId>,
}

/// Whose turn it is, of all requests that are not over, in the order of their numbers.
///
/// Each environment has one at a time, and all of them together at most `parallel`. Of the
/// pushes that wait for an environment only the newest counts: nobody wants to see yesterday's
/// commit go live before today's. What people asked for by themselves is never superseded.
pub fn decide(open: &[Request], parallel: usize) -> Turn {
    let mut turn = Turn::default();
    let running = open
        .iter()
        .filter(|request| matches!(request.state, State::Running { .. }));
    let mut busy: BTreeSet<&EnvironmentName> =
        running.map(|request| &request.environment).collect();
    let mut places = parallel.saturating_sub(busy.len());
    for request in open.iter().filter(|request| request.state == State::Queued) {
        if let Some(newer) = newer(request, open) {
            turn.superseded.push((request.id, newer));
            continue;
        }
        if places > 0 && busy.insert(&request.environment) {
            turn.start.push(request.id);
            places -= 1;
        }
    }
    turn
}

/// The newest push to the same environment, if this is an older one that waits.
fn newer(request: &Request, open: &[Request]) -> Option<RequestId> {
    let is_push = |one: &Request| matches!(one.origin, Origin::Push { .. });
    let is_newer = |other: &&Request| {
        other.id > request.id
            && other.environment == request.environment
            && other.state == State::Queued
            && is_push(other)
    };
    let newest = open.iter().filter(is_newer).map(|other| other.id).max();
    // One that people consented to is no push any more that may be passed over.
    newest.filter(|_| is_push(request) && request.agreement.is_none())
}
