//! The task of a client connection with HTTP/2, and the tasks of its streams.
//!
//! Each stream has a session and a task of its own: what wakes it is its
//! instance or its client, and when it is cut its task is dropped, which resets
//! the stream and leaves the connection alone.

use std::cell::Cell;
use std::convert::Infallible;
use std::future::Future;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Instant;

use http::header::{CONNECTION, CONTENT_LENGTH};
use http::{HeaderValue, Method, Request, Response};
use hyper::body::{Body, Incoming};
use hyper::rt::Executor;
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;

use crate::body::ResponseBody;
use crate::request;
use crate::session::{Order, Session};
use crate::wire::{ClientIo, Stream};
use crate::worker::Worker;
use crate::worker::connection::Enlisted;

/// What a client may send on one stream before an instance takes it: at 50 ms to the client,
/// 5 MB a second.
const STREAM_WINDOW: u32 = 256 * 1024;

/// The same on all streams of a connection together: eight that are not taken stop the others.
const CONNECTION_WINDOW: u32 = 2 * 1024 * 1024;

/// What waits to be sent on one stream, beside the piece that came from the instance last.
const SEND_BUFFER: usize = 64 * 1024;

/// How many requests may be taken back before they were looked at; then the connection ends with
/// `ENHANCE_YOUR_CALM`. Those that were looked at are counted by the session.
const TAKEN_BACK_AT_ONCE: usize = 20;

/// How many streams may be reset for what is wrong with them; then the connection ends as well.
const BROKEN: usize = 100;

/// Spawns the tasks of streams.
#[derive(Clone, Default)]
struct Streams {
    /// The session of the stream whose task comes next: it is made just before.
    next: Rc<Cell<Option<Enlisted>>>,
}

/// Speaks HTTP/2 on a stream of bytes until it ends.
pub(super) async fn serve(
    worker: &Rc<Worker>,
    session: &Rc<Session>,
    stream: impl Stream + 'static,
) {
    session.speak_http2(Instant::now());
    let io = TokioIo::new(ClientIo::new(stream, Rc::clone(session)));
    let streams = Streams::default();
    let next = Rc::clone(&streams.next);
    let (of_worker, parent) = (Rc::clone(worker), Rc::clone(session));
    let service = service_fn(move |request| {
        let stream = parent.open_stream(Instant::now());
        of_worker.enlist(&stream);
        next.set(Some(Enlisted(Rc::clone(&of_worker), Rc::clone(&stream))));
        answer(Rc::clone(&of_worker), stream, request)
    });
    let limits = &worker.limits;
    let mut connection = pin!(
        Builder::new(streams)
            .max_concurrent_streams(limits.streams)
            .max_header_list_size(limits.header_bytes.try_into().unwrap_or(u32::MAX))
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_send_buf_size(SEND_BUFFER)
            .max_pending_accept_reset_streams(TAKEN_BACK_AT_ONCE)
            .max_local_error_reset_streams(BROKEN)
            .serve_connection(io, service)
    );
    let mut is_closing = false;
    let ended = std::future::poll_fn(|cx| {
        session.register(cx.waker());
        match session.order() {
            Order::GoOn => {}
            Order::Kill => return Poll::Ready(Ok(())),
            Order::Close if is_closing => {}
            Order::Close => {
                is_closing = true;
                connection.as_mut().graceful_shutdown();
            }
        }
        connection.as_mut().poll(cx)
    });
    if let Err(error) = ended.await {
        tracing::trace!(%error, "a client connection ended");
    }
}

async fn answer(
    worker: Rc<Worker>,
    stream: Rc<Session>,
    request: Request<Incoming>,
) -> Result<Response<ResponseBody>, Infallible> {
    let is_head = request.method() == Method::HEAD;
    let mut response = request::serve(worker, stream, request).await?;
    // What ends a connection of HTTP/1 ends only its stream here.
    response.headers_mut().remove(CONNECTION);
    if is_head && let Some(length) = response.body().size_hint().exact() {
        // A word of our own; an instance gives no body anyway.
        if !response.body().is_end_stream() {
            let headers = response.headers_mut();
            headers.insert(CONTENT_LENGTH, HeaderValue::from(length));
            *response.body_mut() = ResponseBody::Empty;
        }
    }
    Ok(response)
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + 'static,
{
    fn execute(&self, future: F) {
        let enlisted = self.next.take();
        tokio::task::spawn_local(async move {
            let Some(Enlisted(_, session)) = &enlisted else {
                return future.await;
            };
            let mut future = pin!(future);
            std::future::poll_fn(|cx| {
                session.register(cx.waker());
                match session.order() {
                    // The connection says that it ends; its streams go on.
                    Order::GoOn | Order::Close => future.as_mut().poll(cx),
                    Order::Kill => Poll::Ready(()),
                }
            })
            .await;
        });
    }
}
