//! Calls that reach a process that another one took over from.
//!
//! Somebody may have connected just before, or keep a connection. Such a call is carried on to
//! the process that serves now, so that nobody who changes the table hears of a hand-over.

use bytes::Bytes;
use http::request::Parts;
use http::{Request, Response, header};
use http_body_util::Full;

use crate::control::api::Refusal;
use crate::control::way::Way;
use crate::options::Paths;

/// Has a call answered by whoever has the control socket now.
pub(super) async fn relay(
    paths: &Paths,
    parts: &Parts,
    body: Bytes,
) -> Result<Response<Full<Bytes>>, Refusal> {
    let broken = |reason: String| Refusal::State {
        reason: format!("another process took over, and does not answer: {reason}"),
    };
    let call = Request::builder()
        .method(parts.method.clone())
        .uri(parts.uri.clone())
        .header(header::HOST, "proxy")
        .body(Full::new(body))
        .map_err(|error| broken(error.to_string()))?;
    let sent = Way::socket(paths.control()).send(call).await;
    let (status, body) = sent.map_err(|error| broken(error.to_string()))?;
    let mut answer = Response::new(Full::new(body));
    *answer.status_mut() = status;
    Ok(answer)
}
