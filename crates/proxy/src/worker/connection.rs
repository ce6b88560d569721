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
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::body::ResponseBody;
use crate::request;
use crate::session::{Order, Session};
use crate::wire::opening::{Opened, Version, open};
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

/// How far a connection has come with HTTP/1.
enum Stretch {
    /// Nothing of HTTP is in hand, and nothing to be expected soon.
    Rests,
    Ended(hyper::Result<()>),
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

/// Runs until the session is told to end at once.
async fn unless_killed<T>(session: &Session, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    std::future::poll_fn(|cx| {
        session.register(cx.waker());
        match session.order() {
            Order::GoOn | Order::Close => work.as_mut().poll(cx).map(Some),
            Order::Kill => Poll::Ready(None),
        }
    })
    .await
}

/// Speaks HTTP/1 on a stream until it ends.
///
/// hyper keeps some ten KiB for a connection, whatever it does. So a client that has nothing to
/// ask for a while is taken from it, and given to it again with the next bytes.
pub(super) async fn serve_http1<S: Stream + 'static>(
    worker: &Rc<Worker>,
    session: &Rc<Session>,
    mut stream: Opened<S>,
) {
    loop {
        match within(session, stream.wait()).await {
            Some(Ok(true)) => {}
            Some(Ok(false)) | None => break,
            Some(Err(error)) => {
                tracing::trace!(%error, "a client connection ended while it was idle");
                return;
            }
        }
        // In a box, so that whoever rests does not carry the room for it.
        stream = match Box::pin(speak_http1(worker, session, stream)).await {
            Some(rests) => rests,
            None => return,
        };
    }
    session.linger(Instant::now());
    if let Some(Err(error)) = unless_killed(session, stream.shutdown()).await {
        tracing::trace!(%error, "a client connection was not shut down");
    }
}

/// Speaks HTTP/1 until the stream has ended, or the session rests; then the stream again.
async fn speak_http1<S: Stream + 'static>(
    worker: &Rc<Worker>,
    session: &Rc<Session>,
    stream: Opened<S>,
) -> Option<Opened<S>> {
    let io = TokioIo::new(ClientIo::new(stream, Rc::clone(session)));
    let mut connection = Builder::new()
        .max_header_size(worker.limits.header_bytes)
        // The session keeps the time.
        .header_read_timeout(None)
        .serve_connection(io, service(worker, session));
    let mut is_closing = false;
    let stretch = unless_killed(
        session,
        std::future::poll_fn(|cx| {
            if session.order() == Order::Close && !is_closing {
                is_closing = true;
                Pin::new(&mut connection).graceful_shutdown();
            }
            match Pin::new(&mut connection).poll(cx) {
                Poll::Ready(ended) => Poll::Ready(Stretch::Ended(ended)),
                Poll::Pending if !is_closing && session.may_rest() => Poll::Ready(Stretch::Rests),
                Poll::Pending => Poll::Pending,
            }
        }),
    );
    match stretch.await? {
        Stretch::Rests => return Some(connection.into_parts().io.into_inner().into_stream()),
        Stretch::Ended(Ok(())) => {}
        Stretch::Ended(Err(error)) => {
            tracing::trace!(%error, "a client connection ended");
            return None;
        }
    }
    if let Some(lease) = session.take_upgrade() {
        let parts = connection.into_parts();
        let client = parts.io.into_inner();
        tunnel::run(session, client, parts.read_buf, lease).await;
        return None;
    }
    // hyper takes an upgrade that was refused for one that was made: it returns without having
    // flushed the refusal and shut the connection down. Asked again, it does.
    let shutdown = unless_killed(session, &mut connection).await;
    if let Some(Err(error)) = shutdown {
        tracing::trace!(%error, "a client connection was not shut down");
    }
    None
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

#[cfg(test)]
mod tests;
