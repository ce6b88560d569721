//! One connection: HTTP/1.1 over whatever carries it.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tower::ServiceExt as _;

use crate::caller::Peer;

/// A client that is slower than this at its request's head only holds a connection.
const HEAD: Duration = Duration::from_secs(15);

/// Heads hold a token and little else.
const LARGEST_HEAD: usize = 16 * 1024;

/// Answers the requests of one connection until it ends, or the daemon is to end and the request
/// in hand is answered.
pub(crate) async fn serve<S>(
    stream: S,
    peer: Peer,
    router: Arc<Router>,
    mut closing: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request: Request<Incoming>| {
        let mut request = request.map(Body::new);
        request.extensions_mut().insert(peer);
        Router::clone(&router).oneshot(request)
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(LARGEST_HEAD)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    // What it gives back holds a lock, which no other thread may take over.
    let closed = async move { closing.wait_for(|is_closing| *is_closing).await.is_ok() };
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        _ = closed => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a connection broke");
    }
}
