//! One connection to an instance, driven by whoever has it.
//!
//! There is no task of its own for it: the client's task polls the connection
//! when it waits for the response and its body, so that an event on the
//! upstream socket wakes the task that writes the answer, with no hop between
//! tasks. While it is idle in the pool nobody polls it but the sweep.

use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper_util::rt::TokioIo;

use crate::body::RequestBody;
use crate::upstream::socket::{Io, Socket};

/// A connection, and the right to send the next request on it.
#[derive(Debug)]
pub(crate) struct Lease {
    sender: SendRequest<RequestBody>,
    connection: Option<Connection<TokioIo<Io>, RequestBody>>,
    socket: Rc<Socket>,
    /// Responses it has given.
    pub(crate) served: u32,
    /// When the last of them ended.
    pub(crate) idle_since: Instant,
    /// How long it had been idle when it was last seen open.
    pub(crate) seen_open: Duration,
}

/// Why no response came.
#[derive(Debug)]
pub(crate) enum SendError {
    /// Nothing of the request was sent; here it is again.
    Unsent(Box<Request<RequestBody>>),
    /// The connection ended or failed. Whether the request was seen is not known.
    Broken {
        /// Whether any byte came back.
        answered: bool,
        error: hyper::Error,
    },
    /// Its time was over.
    Late,
}

/// The two halves of an upgrade's connection: the socket and what was read too far.
pub(crate) struct Opened {
    pub(crate) io: Io,
    pub(crate) read: Bytes,
}

// === impl Lease ===

impl Lease {
    pub(crate) async fn open(socket: Rc<Socket>) -> hyper::Result<Box<Self>> {
        let io = TokioIo::new(Io::new(&socket));
        let (sender, connection) = Builder::new().handshake(io).await?;
        Ok(Box::new(Self {
            sender,
            connection: Some(connection),
            socket,
            served: 0,
            idle_since: Instant::now(),
            seen_open: Duration::ZERO,
        }))
    }

    /// Sends a request and waits for the response head; `is_late` is asked at every wake-up.
    pub(crate) async fn send(
        &mut self,
        request: Request<RequestBody>,
        is_late: impl Fn() -> bool,
    ) -> Result<Response<Incoming>, SendError> {
        self.socket.expect_answer();
        let mut response = pin!(self.sender.try_send_request(request));
        let connection = &mut self.connection;
        let socket = &self.socket;
        std::future::poll_fn(|cx| {
            let ended = drive(connection, cx);
            let mut polled = response.as_mut().poll(cx);
            if polled.is_pending() && ended {
                // What the connection still had for us comes out when it is dropped.
                *connection = None;
                polled = response.as_mut().poll(cx);
            }
            match polled {
                Poll::Ready(Ok(response)) => Poll::Ready(Ok(response)),
                Poll::Ready(Err(mut error)) => Poll::Ready(Err(match error.take_message() {
                    Some(request) => SendError::Unsent(Box::new(request)),
                    None => SendError::Broken {
                        answered: socket.has_received(),
                        error: error.into_error(),
                    },
                })),
                Poll::Pending if is_late() => Poll::Ready(Err(SendError::Late)),
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }

    /// Lets the connection read and write what it can.
    pub(crate) fn drive(&mut self, cx: &mut Context<'_>) {
        if drive(&mut self.connection, cx) {
            self.connection = None;
        }
    }

    /// Whether the next request can be sent: the last exchange is over in both directions and the
    /// connection is open as far as the runtime knows.
    pub(crate) fn settle(&mut self) -> bool {
        self.drive(&mut Context::from_waker(Waker::noop()));
        self.connection.is_some() && self.sender.is_ready()
    }

    /// Whether the kernel says that it is open, with nothing to read.
    pub(crate) fn is_quiet(&self) -> bool {
        self.socket.is_quiet()
    }

    pub(crate) fn idle(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.idle_since)
    }

    /// Takes the connection out of HTTP after a 101.
    pub(crate) async fn into_opened(mut self: Box<Self>) -> Option<Opened> {
        let mut connection = self.connection.take()?;
        std::future::poll_fn(|cx| connection.poll_without_shutdown(cx))
            .await
            .ok()?;
        let parts = connection.into_parts();
        Some(Opened {
            io: parts.io.into_inner(),
            read: parts.read_buf,
        })
    }
}

/// Polls the connection; true when it has ended.
fn drive(
    connection: &mut Option<Connection<TokioIo<Io>, RequestBody>>,
    cx: &mut Context<'_>,
) -> bool {
    match connection {
        Some(connection) => Pin::new(connection).poll(cx).is_ready(),
        None => true,
    }
}
