//! What every call passes: who calls, may they, how often; and what of it is recorded.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Request};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use http::{HeaderMap, Method, StatusCode, header};
use shipway_engine::clock::now;
use shipway_pipeline::push::printable;
use shipway_store::Audit;

use crate::caller::{Caller, Peer};
use crate::metrics::Call;
use crate::problem::{self, Problem};
use crate::shared::{Shared, State};

/// A call that takes longer is given up. Streams begin within it and last as long as they like.
const PATIENCE: Duration = Duration::from_secs(30);

/// What the framework says of a call that it cannot read.
const LONGEST_REFUSAL: usize = 4096;

/// Health says nothing, so it needs no token.
const HEALTH: &str = "/healthz";

/// Webhooks need none either: they are signed.
const HOOKS: &str = "/v1/hooks/";

/// The outermost: counts, gives up on what takes too long, and tells all refusals in one form.
pub(super) async fn watch(shared: State, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().to_string();
    let path = request.extensions().get::<MatchedPath>();
    let route = path.map_or_else(|| "other".to_owned(), |path| path.as_str().to_owned());
    let answered = tokio::time::timeout(PATIENCE, next.run(request)).await;
    let response = match answered {
        Ok(response) => in_one_form(response).await,
        Err(_) => {
            Problem::new(StatusCode::REQUEST_TIMEOUT, "the call took too long").into_response()
        }
    };
    let (status, took) = (response.status().as_u16(), began.elapsed());
    tracing::debug!(method, route, status, ?took, "answered");
    let call = Call {
        method,
        route,
        status,
    };
    shared.metrics.count(call, took);
    response
}

/// Finds out who calls, and refuses what nobody may do.
pub(super) async fn admit(shared: State, mut request: Request, next: Next) -> Response {
    if request.uri().path() == HEALTH {
        return next.run(request).await;
    }
    let is_safe = matches!(*request.method(), Method::GET | Method::HEAD);
    let doing = format!("{} {}", request.method(), printable(request.uri().path()));
    let peer = request.extensions().get::<Peer>().copied();
    let Some(peer) = peer else {
        return Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "nobody calls").into_response();
    };
    if request.uri().path().starts_with(HOOKS) {
        let response = next.run(request).await;
        return if response.status().is_client_error() {
            refused(&shared, peer, doing, response).await
        } else {
            response
        };
    }
    let caller = match identify(&shared, peer, request.headers().clone(), is_safe).await {
        Ok(caller) => caller,
        Err(problem) if problem.status == StatusCode::UNAUTHORIZED => {
            return refused(&shared, peer, doing, problem.into_response()).await;
        }
        Err(problem) => return problem.into_response(),
    };
    let who = caller.name.clone();
    request.extensions_mut().insert(caller);
    let response = next.run(request).await;
    if !is_safe {
        record(&shared, who, doing, response.status()).await;
    }
    response
}

async fn identify(
    shared: &Shared,
    peer: Peer,
    headers: HeaderMap,
    is_safe: bool,
) -> Result<Caller, Problem> {
    if !is_safe {
        check_origin(&headers)?;
    }
    let caller = shared
        .ask(move |store| Caller::identify(store, peer, &headers, now()))
        .await?;
    if let Some(token) = caller.token {
        let mut calls = shared.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls
            .take(token, Instant::now())
            .map_err(Problem::too_often)?;
    }
    Ok(caller)
}

/// No cookies are taken, so no browser can be made to call for somebody; and what a page of
/// another place could send by itself is refused all the same.
fn check_origin(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.contains_key(header::ORIGIN) {
        let told = "calls of web pages that change something are not taken";
        return Err(Problem::new(StatusCode::FORBIDDEN, told));
    }
    let media = headers.get(header::CONTENT_TYPE);
    let media = media.and_then(|value| value.to_str().ok());
    let media = media.and_then(|value| value.split(';').next());
    if media.is_some_and(|media| media.trim().eq_ignore_ascii_case("application/json")) {
        return Ok(());
    }
    let told = "the call needs a JSON body";
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, told)
        .hint("send `Content-Type: application/json`"))
}

/// Records who was refused, unless there are so many that nobody would read it.
async fn refused(shared: &Shared, peer: Peer, doing: String, response: Response) -> Response {
    if let Some(address) = peer.counted() {
        let taken = shared
            .failures
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(address, Instant::now());
        if let Err(wait) = taken {
            return Problem::too_often(wait).into_response();
        }
    }
    record(shared, peer.describe(), doing, response.status()).await;
    response
}

/// Writes the audit trail: who called what, and what the answer was.
async fn record(shared: &Shared, who: String, doing: String, status: StatusCode) {
    let written = shared.ask(move |store| {
        let audit = Audit {
            actor: &who,
            action: &doing,
            environment: None,
            subject: status.as_str(),
        };
        Ok(store.audit(&audit, now())?)
    });
    if let Err(problem) = written.await {
        tracing::error!(
            detail = problem.detail,
            "the audit trail could not be written"
        );
    }
}

/// What the framework refuses by itself is told as all refusals are.
async fn in_one_form(response: Response) -> Response {
    let status = response.status();
    let is_failure = status.is_client_error() || status.is_server_error();
    let media = response.headers().get(header::CONTENT_TYPE);
    if !is_failure || media.is_some_and(|media| media == problem::MEDIA_TYPE) {
        return response;
    }
    let (_, body): (_, Body) = response.into_parts();
    let text = to_bytes(body, LONGEST_REFUSAL).await.unwrap_or_default();
    Problem::new(status, String::from_utf8_lossy(&text)).into_response()
}
