//! A request from its head to its answer.

mod admit;
mod bounds;
mod challenge;
mod client;
mod forward;
pub(crate) mod forwarded;
pub(crate) mod headers;
mod multiplexed;
mod prefix;
mod redirect;
mod refuse;
mod turn;

use std::convert::Infallible;
use std::rc::Rc;
use std::time::Instant;

use http::{HeaderValue, Request, Response, StatusCode, Version, header};
use hyper::body::{Body, Incoming};

use crate::access::Trace;
use crate::body::ResponseBody;
use crate::compress::Compression;
use crate::hold;
use crate::session::Session;
use crate::view::RouteView;
use crate::worker::Worker;

use refuse::Refusal;

/// Answers a request; the service that hyper calls.
pub(crate) async fn serve(
    worker: Rc<Worker>,
    session: Rc<Session>,
    mut request: Request<Incoming>,
) -> Result<Response<ResponseBody>, Infallible> {
    let mut trace = worker.log().map(|log| {
        let client = client::address(request.headers(), &session.peer, worker.trusted());
        Trace::begin(log, &session.peer, client, &mut request, || {
            worker.random.bits()
        })
    });
    let mut response = match answer(&worker, &session, request, trace.as_deref_mut()).await {
        Ok(response) => response,
        Err(refusal) => {
            session.finish(Instant::now());
            refusal.response()
        }
    };
    if worker.is_crowded() {
        session.leave_soon();
    }
    // An upgraded connection is no longer HTTP's to close.
    if session.is_closing() && response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(header::CONNECTION, close);
    }
    if let Some(mut trace) = trace {
        trace.leaves_with(response.status());
        response.body_mut().follow(trace);
    }
    Ok(response)
}

async fn answer(
    worker: &Rc<Worker>,
    session: &Rc<Session>,
    mut request: Request<Incoming>,
    mut trace: Option<&mut Trace>,
) -> Result<Response<ResponseBody>, Refusal> {
    let started = Instant::now();
    session.begin(started, !request.body().is_end_stream())?;
    turn::after_others().await;
    if request.version() == Version::HTTP_2 {
        multiplexed::to_http1(&mut request, &session.peer)?;
    }
    let host = admit::check(&mut request, session.peer.scheme())?;
    let host = host.to_str().map_err(|_| Refusal::BadHost)?;
    let file = worker
        .answers()
        .file(request.method(), host, request.uri().path());
    if let Some(file) = file {
        session.finish(Instant::now());
        return Ok(challenge::response(file));
    }
    let route = find(worker, session, host, &request)?;
    if let Some(trace) = trace.as_deref_mut() {
        trace.routed(&route.entry);
    }
    if let Some(tls) = &route.entry.route.tls
        && redirect::is_due(tls, &session.peer, request.headers())
    {
        let location = redirect::location(tls, host, request.uri()).ok_or(Refusal::BadHost)?;
        session.finish(Instant::now());
        return Ok(redirect::response(request.method(), location));
    }
    if let Some(closed) = &route.entry.closed {
        let client = || client::address(request.headers(), &session.peer, worker.trusted());
        if !closed.lets_in(client) {
            session.finish(Instant::now());
            return Ok(closed.response());
        }
    }
    let place = match &route.entry.quota {
        Some(quota) => bounds::admit(worker, session, quota, &request)?,
        None => None,
    };
    let (route, started) = match route.entry.hold.is_held() {
        true => released(worker, session, &route, host, &request).await?,
        false => (route, started),
    };
    let compression = route.entry.route.rules.compress;
    let compression = compression.then(|| Compression::of(&request));
    let mut response = forward::forward(worker, session, &route, request, started, trace).await?;
    if let Some(compression) = compression {
        compression.apply(&mut response, &worker.compressing);
    }
    if let Some(place) = place {
        response.body_mut().keep(place);
    }
    if session.peer.is_secure
        && let Some(hsts) = &route.entry.hsts
    {
        // An application that says it itself knows better.
        let headers = response.headers_mut();
        let entry = headers.entry(header::STRICT_TRANSPORT_SECURITY);
        entry.or_insert_with(|| hsts.clone());
    }
    Ok(response)
}

/// The route that answers for a request by the table as it is now.
fn find(
    worker: &Worker,
    session: &Session,
    host: &str,
    request: &Request<Incoming>,
) -> Result<Rc<RouteView>, Refusal> {
    let path = request.uri().path();
    Ok(worker.view().find(session.listen, host, path)?)
}

/// Waits until a route is released. What was held goes to whom the table names then, and its wait
/// is not the instance's.
async fn released(
    worker: &Worker,
    session: &Session,
    route: &RouteView,
    host: &str,
    request: &Request<Incoming>,
) -> Result<(Rc<RouteView>, Instant), Refusal> {
    let limits = &worker.limits;
    let passed = route.entry.hold.pass(limits.held_requests, limits.hold);
    match passed.await {
        Ok(()) => {}
        Err(hold::Refused::Full | hold::Refused::TimedOut) => return Err(Refusal::Held),
    }
    let route = find(worker, session, host, request)?;
    let started = Instant::now();
    session.await_head(started);
    Ok((route, started))
}

/// Whether a request would be passed on, as far as its head tells.
#[cfg(test)]
pub(crate) fn is_admitted<B>(request: &mut Request<B>, session: &Session) -> bool {
    admit::check(request, session.peer.scheme()).is_ok()
}
