//! The task of one client connection.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;
use std::time::Instant;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::Service;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::body::ResponseBody;
use crate::request;
use crate::session::{Order, Session};
use crate::wire::opening::{Version, open};
use crate::wire::{ClientIo, Stream};
use crate::worker::{Worker, multiplex, tunnel};

/// Takes the session off the worker's list, however its task ends.
pub(super) struct Enlisted(pub(super) Rc<Worker>, pub(super) Rc<Session>);

impl Drop for Enlisted {
    fn drop(&mut self) {
        let now = Instant::now();
        self.0.discharge(&self.1);
        self.1.finish(now);
        self.1.close_stream(now);
    }
}

/// Serves a client's connection without TLS to its end.
pub(crate) async fn serve(worker: Rc<Worker>, session: Rc<Session>, stream: TcpStream) {
    let _enlisted = Enlisted(Rc::clone(&worker), Rc::clone(&session));
    match within(&session, open(&session, stream)).await {
        Some(Ok(Some((Version::One, stream)))) => serve_http1(&worker, &session, stream).await,
        Some(Ok(Some((Version::Two, stream)))) => {
            // In a box, so that the many others do not carry the room for it.
            Box::pin(multiplex::serve(&worker, &session, stream)).await;
        }
        Some(Ok(None)) | None => {}
        Some(Err(error)) => tracing::trace!(%error, "a client connection ended at once"),
    }
}

/// Runs until the session is told to end; before HTTP there is nothing in hand that could be lost.
pub(super) async fn within<T>(session: &Session, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    std::future::poll_fn(|cx| {
        session.register(cx.waker());
        match session.order() {
            Order::GoOn => work.as_mut().poll(cx).map(Some),
            Order::Close | Order::Kill => Poll::Ready(None),
        }
    })
    .await
}

/// Speaks HTTP/1 on a stream until it ends.
pub(super) async fn serve_http1(
    worker: &Rc<Worker>,
    session: &Rc<Session>,
    stream: impl Stream + 'static,
) {
    let io = TokioIo::new(ClientIo::new(stream, Rc::clone(session)));
    let mut connection = Builder::new()
        .max_header_size(worker.limits.header_bytes)
        // The session keeps the time.
        .header_read_timeout(None)
        .serve_connection(io, service(worker, session));
    let mut is_closing = false;
    let ended = std::future::poll_fn(|cx| {
        session.register(cx.waker());
        match session.order() {
            Order::GoOn => {}
            Order::Kill => return Poll::Ready(None),
            Order::Close if is_closing => {}
            Order::Close => {
                is_closing = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
        }
        Pin::new(&mut connection).poll(cx).map(Some)
    })
    .await;
    match ended {
        None => return,
        Some(Err(error)) => {
            tracing::trace!(%error, "a client connection ended");
            return;
        }
        Some(Ok(())) => {}
    }
    if let Some(lease) = session.take_upgrade() {
        let parts = connection.into_parts();
        let client = parts.io.into_inner();
        tunnel::run(session, client, parts.read_buf, lease).await;
        return;
    }
    // hyper takes an upgrade that was refused for one that was made: it returns without having
    // flushed the refusal and shut the connection down. Asked again, it does.
    let shutdown = std::future::poll_fn(|cx| match session.order() {
        Order::Kill => Poll::Ready(Ok(())),
        Order::GoOn | Order::Close => Pin::new(&mut connection).poll(cx),
    });
    if let Err(error) = shutdown.await {
        tracing::trace!(%error, "a client connection was not shut down");
    }
}

fn service(
    worker: &Rc<Worker>,
    session: &Rc<Session>,
) -> impl Service<
    Request<Incoming>,
    Response = Response<ResponseBody>,
    Error = Infallible,
    Future = impl Future<Output = Result<Response<ResponseBody>, Infallible>>,
> {
    let (worker, session) = (Rc::clone(worker), Rc::clone(session));
    hyper::service::service_fn(move |request| {
        request::serve(Rc::clone(&worker), Rc::clone(&session), request)
    })
}
