//! Whether a request is within what its route bears.

use std::time::Instant;

use http::Request;
use hyper::body::Body;

use crate::quota::{Excess, Place, Quota};
use crate::request::client;
use crate::request::refuse::Refusal;
use crate::session::Session;
use crate::worker::Worker;

/// Admits a request, or tells what it is beyond.
pub(super) fn admit<B: Body>(
    worker: &Worker,
    session: &Session,
    quota: &Quota,
    request: &Request<B>,
) -> Result<Option<Place>, Refusal> {
    let seated = session.with_seats(|seats| quota.seat(&session.peer, seats));
    let length = request.body().size_hint().lower();
    let client = || client::address(request.headers(), &session.peer, worker.trusted());
    let admitted = seated.and_then(|()| quota.admit(length, client, Instant::now()));
    admitted.map_err(|excess| match excess {
        Excess::Crowded => Refusal::Crowded,
        Excess::TooEarly(wait) => Refusal::TooEarly(wait),
        Excess::TooLarge => Refusal::TooLarge,
        Excess::TooMany => {
            session.leave_soon();
            Refusal::TooManyConnections
        }
    })
}
