//! One connection to an instance, driven by whoever has it.
//!
//! There is no task of its own for it: the client's task sends and reads when
//! it waits for the response and its body, so that an event on the upstream
//! socket wakes the task that writes the answer, with no hop between tasks.
//! While it is idle in the pool nobody polls it but the sweep.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bytes::{Bytes, BytesMut};
use http::{Response, StatusCode};
use hyper::body::Frame;
use rustix::net::RecvFlags;
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use super::answer::{Answer, Search};
use super::decoder::{Decoder, Malformed, Part};
use super::outgoing::Outgoing;
use crate::room::Place;

/// How much is read at once at first: most answers fit.
const READ: usize = 8 * 1024;
/// How much is read at once where that much comes.
const MOST: usize = 128 * 1024;

/// A request that comes this soon comes at once to any server.
const PROMPT: Duration = Duration::from_millis(10);

/// A connection, and the right to send the next request on it.
#[derive(Debug)]
pub(crate) struct Lease {
    stream: TcpStream,
    place: Place,
    /// What has come and was not handed on.
    read: BytesMut,
    /// How much is read at once.
    most: usize,
    body: Decoder,
    /// The rest of a request that is answered already.
    upload: Option<Outgoing>,
    is_kept: bool,
    /// Responses it has given.
    pub(crate) served: u32,
    /// When the last of them had ended, as far as we know: it may have waited to be read.
    pub(crate) idle_since: Instant,
    /// When the last request was sent at the earliest, or the connection was asked for: the
    /// instance has not been idle for longer.
    pub(crate) asked_at: Instant,
    /// How long it had been idle when it was last seen open.
    pub(crate) seen_open: Duration,
}

/// Why no response came.
#[derive(Debug)]
pub(crate) enum SendError {
    /// Nothing of the request was sent, or it came when the instance had closed the connection.
    Unsent,
    /// The connection ended or failed. Whether the request was seen is not known.
    Broken {
        /// Whether any byte came back.
        answered: bool,
        error: io::Error,
    },
    /// Its time was over.
    Late,
}

/// An upgrade's connection: the socket, what was read too far, and its place among the others.
pub(crate) struct Opened {
    pub(crate) stream: TcpStream,
    pub(crate) read: Bytes,
    pub(crate) place: Place,
}

// === impl Lease ===

impl Lease {
    pub(crate) async fn connect(address: SocketAddr, place: Place) -> io::Result<Box<Self>> {
        let asked_at = Instant::now();
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Box::new(Self {
            stream,
            place,
            read: BytesMut::new(),
            most: READ,
            body: Decoder::Done,
            upload: None,
            is_kept: true,
            served: 0,
            idle_since: Instant::now(),
            asked_at,
            seen_open: Duration::ZERO,
        }))
    }

    /// Sends a request and waits for the response head; `is_late` is asked at every wake-up.
    pub(crate) async fn send(
        &mut self,
        request: &mut Outgoing,
        is_late: impl Fn() -> bool,
    ) -> Result<Response<()>, SendError> {
        if !self.settle() {
            return Err(SendError::Unsent);
        }
        self.most = READ;
        let mut search = Search::default();
        let mut answered = false;
        let mut is_refused = false;
        let answer = std::future::poll_fn(|cx| {
            let sent = request.poll_send(&mut self.stream, cx);
            is_refused |= matches!(&sent, Poll::Ready(Err(error)) if is_refusal(error));
            // An instance may have answered before it stopped to listen.
            let answer = self.poll_answer(&mut search, request.is_head, &mut answered, cx);
            match (answer, sent) {
                (Poll::Ready(answer), _) => Poll::Ready(answer.map_err(Some)),
                (Poll::Pending, Poll::Ready(Err(error))) => Poll::Ready(Err(Some(error))),
                (Poll::Pending, _) if is_late() => Poll::Ready(Err(None)),
                (Poll::Pending, _) => Poll::Pending,
            }
        })
        .await;
        let answer = answer.map_err(|error| {
            let Some(error) = error else {
                return SendError::Late;
            };
            if !answered && (is_refused || self.is_refused()) {
                request.take_back();
            }
            // Nobody else can send what the client did not.
            if !request.has_begun() && !request.is_broken() {
                return SendError::Unsent;
            }
            SendError::Broken { answered, error }
        })?;
        self.body = answer.body;
        self.is_kept = answer.is_kept;
        if !request.is_sent() {
            self.upload = Some(std::mem::take(request));
        }
        let mut response = Response::new(());
        *response.status_mut() = answer.status;
        *response.headers_mut() = answer.headers;
        Ok(response)
    }

    /// Whether the other side refused what was sent on a connection that it had closed: where that
    /// was one piece, nobody has seen it.
    fn is_refused(&self) -> bool {
        let error = self.stream.take_error();
        error.is_ok_and(|error| error.is_some_and(|error| is_refusal(&error)))
    }

    fn poll_answer(
        &mut self,
        search: &mut Search,
        is_head: bool,
        answered: &mut bool,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<Answer>> {
        loop {
            while let Some(head) = search.head(&mut self.read).map_err(malformed)? {
                let answer = Answer::parse(&head, is_head).map_err(malformed)?;
                let is_final = !answer.status.is_informational()
                    || answer.status == StatusCode::SWITCHING_PROTOCOLS;
                if is_final {
                    return Poll::Ready(Ok(answer));
                }
            }
            match self.poll_read(cx) {
                Poll::Ready(Ok(0)) => {
                    return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
                }
                Poll::Ready(Ok(_)) => *answered = true,
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return Poll::Pending,
            }
        }
    }

    /// The next part of the response's body; `None` at its end.
    pub(crate) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        if let Some(upload) = &mut self.upload
            && let Poll::Ready(sent) = upload.poll_send(&mut self.stream, cx)
        {
            // An answer may be whole although the request was never taken to its end.
            self.is_kept &= sent.is_ok();
            self.upload = None;
        }
        loop {
            match self.body.decode(&mut self.read) {
                Ok(Part::Data(data)) => return Poll::Ready(Some(Ok(Frame::data(data)))),
                Ok(Part::Trailers(trailers)) => {
                    return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
                }
                Ok(Part::End) => return Poll::Ready(None),
                Ok(Part::Nothing) => {}
                Err(error) => return Poll::Ready(Some(Err(malformed(error)))),
            }
            match std::task::ready!(self.poll_read(cx)) {
                Ok(0) if self.body.may_end() => {
                    self.body = Decoder::Done;
                    return Poll::Ready(None);
                }
                Ok(0) => {
                    let error = io::ErrorKind::UnexpectedEof.into();
                    return Poll::Ready(Some(Err(error)));
                }
                Ok(_) => {}
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
    }

    /// How long the rest of the body is, where that is known.
    pub(crate) fn length(&self) -> Option<u64> {
        match self.body {
            Decoder::Done => Some(0),
            Decoder::Length(left) => Some(left),
            Decoder::Chunked(_) | Decoder::Close => None,
        }
    }

    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let room = self.read.capacity() - self.read.len();
        if room < self.most / 2 {
            // Room is made once something is there for it: what waits holds none, and the same
            // room, still in the processor's cache, is used for one answer after another.
            std::task::ready!(self.stream.poll_read_ready(cx))?;
            self.read.reserve(self.most);
        }
        let room = self.read.capacity() - self.read.len();
        let polled = pin!(self.stream.read_buf(&mut self.read)).poll(cx);
        if matches!(polled, Poll::Ready(Ok(count)) if count == room) {
            self.most = (self.most * 2).min(MOST);
        }
        polled
    }

    /// Whether the next request can be sent: the last exchange is over in both directions and the
    /// connection is open as far as the runtime knows.
    pub(crate) fn settle(&mut self) -> bool {
        let is_over = self.is_kept
            && self.body == Decoder::Done
            && self.upload.is_none()
            && self.read.is_empty();
        // Asks the kernel only where something has come.
        let is_open = |error: io::Error| error.kind() == io::ErrorKind::WouldBlock;
        is_over && self.stream.try_read(&mut [0]).is_err_and(is_open)
    }

    /// Whether the kernel says that it is open, with nothing to read.
    ///
    /// The runtime learns of a close only when it next asks for events; this is the last look
    /// before a request that must not be lost.
    pub(crate) fn is_quiet(&self) -> bool {
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        matches!(
            rustix::net::recv(&self.stream, &mut [0_u8; 1], flags),
            Err(rustix::io::Errno::WOULDBLOCK)
        )
    }

    /// Whether a new connection is still open: where this thread had to wait for a processor since
    /// it was made, the instance may have closed it as idle.
    pub(crate) fn is_still_open(&self, now: Instant) -> bool {
        self.idle_at_most(now) < PROMPT || self.is_quiet()
    }

    /// Gives room back that it needs only while it is in use.
    pub(crate) fn rest(&mut self) {
        if self.read.is_empty() {
            self.read = BytesMut::new();
        }
    }

    /// How long it has been idle at least.
    pub(crate) fn idle(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.idle_since)
    }

    /// How long the instance may have taken it for idle: a worker that had to wait for a processor
    /// reads an answer long after it was given.
    pub(crate) fn idle_at_most(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.asked_at)
    }

    /// Takes the connection out of HTTP after a 101.
    pub(crate) fn into_opened(self: Box<Self>) -> Opened {
        Opened {
            stream: self.stream,
            read: self.read.freeze(),
            place: self.place,
        }
    }
}

/// Linux says "broken pipe" of a connection whose end had come when it was reset, and a reset follows
/// an end only where something came in for a socket that nobody has any more. One that is reset while
/// it is open, as when an instance ends with a request unread, is said to be "reset".
fn is_refusal(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::BrokenPipe
}

fn malformed(error: Malformed) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
