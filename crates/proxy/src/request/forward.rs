//! Sends a request to an instance and brings back the answer.
//!
//! What may be sent again, and when: a request of which nothing was sent, or
//! which came to a connection that the instance had closed, to any instance; a
//! request without effect (GET, HEAD, OPTIONS without a body) once, when a *used*
//! connection ended before a byte of the answer. All else may have had an effect
//! and is answered 502.
//!
//! What is sent again goes by the table as it is then: an instance that is being
//! drained gets nothing from another, and one that came meanwhile is as good as
//! those that were there.

use std::error::Error;
use std::rc::Rc;
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, header};
use hyper::body::{Body, Incoming};

use crate::access::Trace;
use crate::body::{RequestBody, ResponseBody, TooLarge};
use crate::claim::Claim;
use crate::request::refuse::Refusal;
use crate::request::{headers, prefix};
use crate::session::Session;
use crate::sticky::Wish;
use crate::upstream::{Lease, Outgoing, Reuse, SendError, Upstream};
use crate::view::RouteView;
use crate::worker::{Unreached, Worker};

/// New connections to one instance for a request: the first one may be closed just before it comes,
/// where the machine has too much work and the instance closes what is idle for a moment.
const NEW_CONNECTIONS: usize = 2;

/// A request on its way, with what was tried.
struct Journey<'a> {
    worker: &'a Rc<Worker>,
    session: &'a Rc<Session>,
    /// The route as it was when an instance was last picked.
    route: Rc<RouteView>,
    started: Instant,
    is_upgrade: bool,
    /// Whether it may be sent again although it was sent.
    is_safe: bool,
    was_replayed: bool,
    /// Who is not to be asked again.
    tried: Vec<Rc<Upstream>>,
    trace: Option<&'a mut Trace>,
    stay: Stay,
}

/// Where a client of a sticky route wants to stay.
#[derive(Debug, Clone, Copy, Default)]
struct Stay {
    wish: Option<Wish>,
    /// Whether its cookie is to come by TLS only.
    is_secure: bool,
}

/// What came of one instance.
enum Attempt {
    Answered(Response<()>, Box<Lease>),
    /// Nothing was sent, or nobody saw it: another one can have it.
    Next,
    /// It was sent on a used connection and has no effect: another one can have it as well.
    Replay,
    Lost(Refusal),
}

pub(crate) async fn forward(
    worker: &Rc<Worker>,
    session: &Rc<Session>,
    route: &Rc<RouteView>,
    mut request: Request<Incoming>,
    started: Instant,
    trace: Option<&mut Trace>,
) -> Result<Response<ResponseBody>, Refusal> {
    let has_body = !request.body().is_end_stream();
    let is_upgrade = headers::to_instance(&mut request, &session.peer, has_body);
    if route.entry.route.rules.strip_prefix {
        prefix::strip(&mut request, &route.entry.route.rules);
    }
    let is_safe = !has_body
        && !is_upgrade
        && matches!(
            *request.method(),
            Method::GET | Method::HEAD | Method::OPTIONS
        );
    let stay = route
        .entry
        .sticky
        .as_ref()
        .map_or_else(Stay::default, |sticky| {
            let scheme = request.headers().get("x-forwarded-proto");
            Stay {
                wish: sticky.wish(request.headers()),
                // By now only a trusted peer has said it.
                is_secure: session.peer.is_secure || scheme.is_some_and(|scheme| scheme == "https"),
            }
        });
    let counter = trace.as_ref().map(|trace| trace.received());
    let journey = Journey {
        worker,
        session,
        route: Rc::clone(route),
        started,
        is_upgrade,
        is_safe,
        was_replayed: false,
        tried: Vec::new(),
        trace,
        stay,
    };
    let most = route.entry.quota.as_ref().and_then(|quota| quota.body());
    let request = request.map(|incoming| RequestBody::new(incoming, session, most, counter));
    journey.go(Outgoing::new(request, &session.peer)).await
}

// === impl Journey ===

impl Journey<'_> {
    async fn go(mut self, mut request: Outgoing) -> Result<Response<ResponseBody>, Refusal> {
        let mut refusal = Refusal::NoInstance;
        let mut now = self.started;
        // An instance that is asked again only where there is no other.
        let mut again = None;
        while let Some(upstream) = self.pick(now).or_else(|| again.take()) {
            // The one before is not to blame for this request any more: it goes on.
            self.session.with_claim(Claim::moved);
            self.session.claim(Claim::new(&upstream));
            if let Some(trace) = &mut self.trace {
                trace.handed_to(&upstream.tally);
            }
            match self.attempt(&upstream, &mut request, now).await {
                Attempt::Answered(response, lease) => {
                    if let Some(trace) = &mut self.trace {
                        trace.answered(self.started.elapsed());
                    }
                    let mut response = self.answer(response, lease, &upstream)?;
                    self.stay_at(&upstream, &mut response);
                    return Ok(response);
                }
                Attempt::Lost(Refusal::TooLarge) => {
                    // Which says nothing of the instance.
                    self.session.with_claim(Claim::withdrawn);
                    if let Some(quota) = &self.route.entry.quota {
                        quota.found_too_large();
                    }
                    return Err(Refusal::TooLarge);
                }
                Attempt::Lost(Refusal::NoFile) => {
                    // It was not asked.
                    self.session.with_claim(Claim::withdrawn);
                    return Err(Refusal::NoFile);
                }
                // The instance is not to blame: the claim ends as one of a client that left.
                _ if self.session.has_broken_upload() => return Err(Refusal::BadBody),
                Attempt::Next => refusal = Refusal::Unreachable,
                Attempt::Replay => {
                    self.was_replayed = true;
                    request.rewind();
                    // Elsewhere if there is an elsewhere; what broke may be this instance.
                    again = Some(Rc::clone(&upstream));
                    refusal = Refusal::NoAnswer;
                }
                Attempt::Lost(refusal) => {
                    self.session.with_claim(Claim::failed);
                    return Err(refusal);
                }
            }
            self.follow_table();
            // One that let go of it may be drained and gone by now, unless it is routed.
            again.take_if(|it: &mut Rc<Upstream>| {
                !Rc::ptr_eq(it, &upstream) && !self.route.sends_to(it)
            });
            self.tried.push(upstream);
            now = Instant::now();
        }
        self.session.with_claim(Claim::failed);
        Err(refusal)
    }

    fn pick(&self, now: Instant) -> Option<Rc<Upstream>> {
        let (random, choices) = (&self.worker.random, &self.route.choices);
        let wished = self.stay.wish;
        let wished = wished.and_then(|wish| random.pick_for(wish, choices, &self.tried, now));
        let picked = wished.or_else(|| random.pick(choices, &self.tried, now))?;
        Some(Rc::clone(&choices[picked].upstream))
    }

    /// Lets a client of a sticky route come back to who answered, unless it does already.
    fn stay_at(&self, upstream: &Rc<Upstream>, response: &mut Response<ResponseBody>) {
        let Some(sticky) = &self.route.entry.sticky else {
            return;
        };
        // One that is no longer routed is nothing to come back to.
        let Some(index) = self.route.place_of(upstream) else {
            return;
        };
        if self.stay.wish == Some(Wish::Instance(index)) {
            return;
        }
        if let Some(cookie) = sticky.cookie(index, self.stay.is_secure) {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }

    /// Goes by the table as it is now.
    fn follow_table(&mut self) {
        let view = self.worker.view();
        let Some(present) = view.route(&self.route.entry.route.key) else {
            let all = self.route.choices.iter();
            self.tried.extend(all.map(|it| Rc::clone(&it.upstream)));
            return;
        };
        let wish = self.stay.wish;
        self.stay.wish = wish.and_then(|wish| present.wish_of(wish, &self.route));
        self.route = Rc::clone(present);
    }

    /// Tries one instance: on a used connection if the request allows, else on a new one.
    async fn attempt(&self, upstream: &Upstream, request: &mut Outgoing, now: Instant) -> Attempt {
        let reuse = if self.is_safe {
            Reuse::Any
        } else {
            Reuse::Proven
        };
        // What follows a replay goes on a new connection: it can only be lost once.
        if !self.was_replayed
            && let Some(lease) = upstream.reuse(reuse, now)
        {
            match self.attempt_used(upstream, lease, request, now).await {
                Attempt::Next => {}
                done => return done,
            }
        }
        for _ in 0..NEW_CONNECTIONS {
            let mut lease = match self.worker.reach(upstream).await {
                Ok(lease) => lease,
                Err(Unreached::Instance) => return Attempt::Next,
                Err(Unreached::Files) => return Attempt::Lost(Refusal::NoFile),
            };
            match self.send(&mut lease, request, now).await {
                Ok(response) => return Attempt::Answered(response, lease),
                Err(SendError::Unsent) => {}
                Err(error) => return Attempt::Lost(refusal(&error)),
            }
        }
        Attempt::Next
    }

    async fn attempt_used(
        &self,
        upstream: &Upstream,
        mut lease: Box<Lease>,
        request: &mut Outgoing,
        now: Instant,
    ) -> Attempt {
        let idle = lease.idle(now);
        let error = match self.send(&mut lease, request, now).await {
            Ok(response) => {
                upstream.saw_reuse(&lease, idle);
                return Attempt::Answered(response, lease);
            }
            Err(error) => error,
        };
        if let SendError::Unsent | SendError::Broken { .. } = error
            && !self.session.has_broken_upload()
            && !is_too_large(&error)
        {
            upstream.saw_close(lease.served, lease.seen_open, now);
        }
        match error {
            SendError::Unsent => Attempt::Next,
            SendError::Broken {
                answered: false, ..
            } if self.is_safe => Attempt::Replay,
            error => Attempt::Lost(refusal(&error)),
        }
    }

    async fn send(
        &self,
        lease: &mut Lease,
        request: &mut Outgoing,
        now: Instant,
    ) -> Result<Response<()>, SendError> {
        lease.asked_at = now;
        lease.send(request, || self.session.is_late()).await
    }

    fn answer(
        &self,
        response: Response<()>,
        lease: Box<Lease>,
        upstream: &Rc<Upstream>,
    ) -> Result<Response<ResponseBody>, Refusal> {
        let now = Instant::now();
        let latency = now.saturating_duration_since(self.started);
        let (mut parts, ()) = response.into_parts();
        let is_switched = parts.status == StatusCode::SWITCHING_PROTOCOLS;
        if is_switched && !self.is_upgrade {
            self.session.with_claim(Claim::failed);
            return Err(Refusal::NoAnswer);
        }
        if let Some(seconds) = headers::announced_timeout(&parts.headers) {
            upstream.announced(Duration::from_secs(seconds));
        }
        headers::to_client(&mut parts.headers, is_switched);
        parts.version = http::Version::HTTP_11;
        self.session.got_head(now);
        let body = if is_switched {
            self.session.with_claim(|claim| claim.upgraded(latency));
            self.session.set_upgrade(lease);
            ResponseBody::Empty
        } else {
            let has_length = lease.length().is_some();
            self.session.with_claim(|claim| {
                claim.answered(parts.status, latency);
                if !has_length {
                    claim.has_unknown_length(now, is_event_stream(&parts.headers));
                }
            });
            if self.is_upgrade {
                // What the client sends next may be meant for the other protocol.
                let close = HeaderValue::from_static("close");
                parts.headers.insert(header::CONNECTION, close);
            }
            ResponseBody::new(lease, Rc::clone(upstream), self.session)
        };
        Ok(Response::from_parts(parts, body))
    }
}

fn refusal(error: &SendError) -> Refusal {
    match error {
        SendError::Unsent => Refusal::Unreachable,
        SendError::Broken { .. } if is_too_large(error) => Refusal::TooLarge,
        SendError::Broken { error, .. } => {
            tracing::debug!(%error, "an instance gave no answer");
            Refusal::NoAnswer
        }
        SendError::Late => Refusal::Late,
    }
}

/// Whether it was we who broke off, because of the body's length.
fn is_too_large(error: &SendError) -> bool {
    let SendError::Broken { error, .. } = error else {
        return false;
    };
    error
        .get_ref()
        .is_some_and(<dyn Error + Send + Sync>::is::<TooLarge>)
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/event-stream"))
}
