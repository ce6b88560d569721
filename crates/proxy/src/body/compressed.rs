//! A body from an instance that is coded on its way.

use std::io;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::HeaderMap;
use hyper::body::Frame;

use super::InstanceBody;
use crate::access::Trace;
use crate::compress::Encoder;
use crate::quota::Place;

/// How much is coded at a time, a millisecond's work or two, before others have their turn.
const TURN: usize = 64 << 10;

/// A body from an instance, coded as it comes. What has come is sent on when the instance makes a
/// pause.
#[derive(Debug)]
pub(crate) struct CompressedBody {
    plain: InstanceBody,
    /// `None` when all has been coded.
    encoder: Option<Encoder>,
    /// Whether the encoder has something that was not handed on.
    is_full: bool,
    /// What was coded in this turn.
    worked: usize,
    /// Whether what was handed on is to be written before the instance's failure is told, which
    /// makes hyper drop what it has not written yet.
    is_last: bool,
    /// What comes behind the body.
    trailers: Option<HeaderMap>,
    /// Where what is sent is counted, and written down when it is over.
    trace: Option<Box<Trace>>,
}

// === impl CompressedBody ===

impl CompressedBody {
    pub(super) fn new(plain: InstanceBody, encoder: Encoder) -> Self {
        Self {
            plain,
            encoder: Some(encoder),
            is_full: false,
            worked: 0,
            is_last: false,
            trailers: None,
            trace: None,
        }
    }

    /// Keeps a place until the instance has sent all.
    pub(super) fn keep(&mut self, place: Place) {
        self.plain.place = Some(place);
    }

    pub(super) fn follow(&mut self, trace: Box<Trace>) {
        self.trace = Some(trace);
    }

    pub(super) fn is_over(&self) -> bool {
        self.encoder.is_none() && self.trailers.is_none()
    }

    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let polled = self.poll_coded(cx);
        if let Some(trace) = &mut self.trace
            && let Poll::Ready(Some(Ok(frame))) = &polled
        {
            trace.sent(frame.data_ref().map_or(0, Bytes::len) as u64);
        }
        if self.is_over()
            && let Some(mut trace) = self.trace.take()
        {
            trace.completed();
        }
        polled
    }

    fn poll_coded(&mut self, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        loop {
            let Some(encoder) = &mut self.encoder else {
                let trailers = self.trailers.take();
                return Poll::Ready(trailers.map(|trailers| Ok(Frame::trailers(trailers))));
            };
            if self.worked >= TURN || self.is_last {
                self.worked = 0;
                self.is_last = false;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let coded = match self.plain.poll_frame(cx) {
                Poll::Pending => {
                    self.worked = 0;
                    if !self.is_full {
                        return Poll::Pending;
                    }
                    self.is_full = false;
                    self.is_last = self.plain.broken.is_some();
                    encoder.flush()
                }
                Poll::Ready(Some(Err(error))) => return Poll::Ready(Some(Err(error))),
                Poll::Ready(None) => self.finish(),
                Poll::Ready(Some(Ok(frame))) => self.code(frame),
            };
            match coded {
                Ok(coded) if coded.is_empty() => {}
                Ok(coded) => return Poll::Ready(Some(Ok(Frame::data(coded)))),
                Err(error) => return Poll::Ready(Some(Err(error))),
            }
        }
    }

    /// Codes what has come. The last of it ends the request, so the end of the answer comes along.
    fn code(&mut self, frame: Frame<Bytes>) -> io::Result<Bytes> {
        let Some(encoder) = &mut self.encoder else {
            return Ok(Bytes::new());
        };
        match frame.into_data() {
            Ok(data) => {
                encoder.write(&data)?;
                self.is_full = true;
                self.worked += data.len();
            }
            Err(frame) => {
                self.trailers = frame.into_trailers().ok();
                return self.finish();
            }
        }
        if self.plain.is_over() {
            return self.finish();
        }
        Ok(encoder.take())
    }

    fn finish(&mut self) -> io::Result<Bytes> {
        self.encoder
            .take()
            .map_or(Ok(Bytes::new()), Encoder::finish)
    }
}
