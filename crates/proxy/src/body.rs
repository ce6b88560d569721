//! Bodies on their way through, frame by frame, never gathered.

mod compressed;

use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use crate::access::Trace;
use crate::claim::Claim;
use crate::compress::Encoder;
use crate::quota::Place;
use crate::session::Session;
use crate::upstream::{Lease, Upstream};

use compressed::CompressedBody;

/// A request body on its way to an instance.
#[derive(Debug, Default)]
pub(crate) enum RequestBody {
    #[default]
    Empty,
    Client {
        incoming: Incoming,
        session: Rc<Session>,
        /// How many more bytes it may have.
        left: u64,
        /// Where its bytes are counted, if they are.
        counter: Option<Rc<Cell<u64>>>,
    },
}

/// A request's body is longer than its route takes.
#[derive(Debug, thiserror::Error)]
#[error("the body is longer than is taken here")]
pub(crate) struct TooLarge;

/// A response body on its way to the client.
#[derive(Debug)]
pub(crate) enum ResponseBody {
    Empty,
    /// A word of our own.
    Text(Option<Bytes>),
    Instance(InstanceBody),
    Compressed(Box<CompressedBody>),
}

/// A body from an instance, with the connection it comes on. The request is in hand until this
/// ends or is dropped.
#[derive(Debug)]
pub(crate) struct InstanceBody {
    /// `None` when all has come.
    lease: Option<Box<Lease>>,
    upstream: Rc<Upstream>,
    session: Rc<Session>,
    /// Why the instance broke off, until what came before has been written.
    broken: Option<io::Error>,
    /// Given back when the body has ended.
    place: Option<Place>,
    /// Where it is written down when it is over.
    trace: Option<Box<Trace>>,
}

// === impl RequestBody ===

impl RequestBody {
    /// The body of a request, which may have `most` bytes.
    pub(crate) fn new(
        incoming: Incoming,
        session: &Rc<Session>,
        most: Option<u64>,
        counter: Option<Rc<Cell<u64>>>,
    ) -> Self {
        if incoming.is_end_stream() {
            Self::Empty
        } else {
            Self::Client {
                incoming,
                session: Rc::clone(session),
                left: most.unwrap_or(u64::MAX),
                counter,
            }
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let Self::Client {
            incoming,
            session,
            left,
            counter,
        } = self.get_mut()
        else {
            return Poll::Ready(None);
        };
        let mut polled = Pin::new(&mut *incoming)
            .poll_frame(cx)
            .map_err(io::Error::other);
        let is_data = matches!(&polled, Poll::Ready(Some(Ok(frame))) if frame.is_data());
        if polled.is_ready() && !is_data && session.has_unclear_body() {
            polled = Poll::Ready(Some(Err(io::ErrorKind::InvalidData.into())));
        }
        match &polled {
            Poll::Pending => session.upload_stalled(),
            Poll::Ready(Some(Ok(_))) if !incoming.is_end_stream() => session.upload_moved(),
            Poll::Ready(Some(Err(_))) => session.upload_broke(),
            Poll::Ready(_) => session.upload_done(),
        }
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let length = frame.data_ref().map_or(0, Bytes::len) as u64;
            if let Some(counter) = counter {
                counter.set(counter.get() + length);
            }
            match left.checked_sub(length) {
                Some(rest) => *left = rest,
                None => {
                    session.upload_done();
                    return Poll::Ready(Some(Err(io::Error::other(TooLarge))));
                }
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Client { incoming, .. } => incoming.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Client { incoming, .. } => incoming.size_hint(),
        }
    }
}

// === impl ResponseBody ===

impl ResponseBody {
    /// The body of a response that came on `lease`; one that is empty ends the request at once.
    pub(crate) fn new(lease: Box<Lease>, upstream: Rc<Upstream>, session: &Rc<Session>) -> Self {
        let is_empty = lease.length() == Some(0);
        let mut body = InstanceBody {
            lease: Some(lease),
            upstream,
            session: Rc::clone(session),
            broken: None,
            place: None,
            trace: None,
        };
        if is_empty {
            body.end();
            return Self::Empty;
        }
        Self::Instance(body)
    }
}

impl ResponseBody {
    /// Lets what an instance sends be coded on its way.
    pub(crate) fn compress(&mut self, encoder: Encoder) {
        *self = match std::mem::replace(self, Self::Empty) {
            Self::Instance(plain) => {
                Self::Compressed(Box::new(CompressedBody::new(plain, encoder)))
            }
            other => other,
        };
    }

    /// Keeps a place until the body has ended; one that has ended, or never begins, gives it back
    /// at once.
    pub(crate) fn keep(&mut self, place: Place) {
        match self {
            Self::Instance(body) => body.place = Some(place),
            Self::Compressed(body) => body.keep(place),
            Self::Empty | Self::Text(_) => drop(place),
        }
    }

    /// Lets the request be written down when the body has ended.
    pub(crate) fn follow(&mut self, mut trace: Box<Trace>) {
        match self {
            Self::Instance(body) => {
                body.trace = Some(trace);
                return;
            }
            Self::Compressed(body) => {
                body.follow(trace);
                return;
            }
            Self::Text(Some(text)) if !trace.is_head() => trace.sent(text.len() as u64),
            Self::Text(_) | Self::Empty => {}
        }
        trace.completed();
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        match self.get_mut() {
            Self::Empty => Poll::Ready(None),
            Self::Text(text) => Poll::Ready(text.take().map(|text| Ok(Frame::data(text)))),
            Self::Instance(body) => body.poll_frame(cx),
            Self::Compressed(body) => body.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Empty => true,
            Self::Text(text) => text.is_none(),
            Self::Instance(body) => body.is_over(),
            Self::Compressed(body) => body.is_over(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Empty => SizeHint::with_exact(0),
            Self::Text(text) => {
                SizeHint::with_exact(text.as_ref().map_or(0, |text| text.len() as u64))
            }
            Self::Instance(body) => match body.length() {
                Some(length) => SizeHint::with_exact(length),
                None => SizeHint::new(),
            },
            Self::Compressed(_) => SizeHint::new(),
        }
    }
}

// === impl InstanceBody ===

impl InstanceBody {
    fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        if let Some(error) = self.broken.take() {
            return Poll::Ready(Some(Err(error)));
        }
        let Some(lease) = &mut self.lease else {
            return Poll::Ready(None);
        };
        let polled = lease.poll_frame(cx);
        let is_over = lease.length() == Some(0);
        self.session.asked_for_more(polled.is_pending());
        match polled {
            Poll::Ready(Some(Err(error))) => {
                self.session.with_claim(Claim::failed);
                // An error makes hyper drop what it has not flushed yet. So it comes with the
                // next poll, after a flush.
                self.broken = Some(error);
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            Poll::Ready(_) if is_over => {
                self.count(&polled);
                self.end();
            }
            Poll::Ready(_) => self.count(&polled),
            Poll::Pending => {}
        }
        polled
    }

    /// Whether all has come.
    fn is_over(&self) -> bool {
        self.lease.is_none()
    }

    fn count(&mut self, polled: &Poll<Option<Result<Frame<Bytes>, io::Error>>>) {
        if let Some(trace) = &mut self.trace
            && let Poll::Ready(Some(Ok(frame))) = polled
        {
            trace.sent(frame.data_ref().map_or(0, Bytes::len) as u64);
        }
    }

    /// How much is still to come, where that is known.
    fn length(&self) -> Option<u64> {
        self.lease.as_ref().map_or(Some(0), |lease| lease.length())
    }

    fn end(&mut self) {
        if let Some(lease) = self.lease.take() {
            let now = Instant::now();
            self.session.finish(now);
            self.upstream.give_back(lease, now);
            self.place = None;
            if let Some(mut trace) = self.trace.take() {
                trace.completed();
            }
        }
    }
}

impl Drop for InstanceBody {
    fn drop(&mut self) {
        // The client left, or the instance broke off: its connection cannot be used again.
        if self.lease.take().is_some() {
            self.session.finish(Instant::now());
        }
    }
}
