//! A request as it goes over the wire.
//!
//! The head is written down once. It stays until the request is answered, so that a request
//! without a body can go out again by the same bytes, and one of which nothing was sent can go
//! to another instance with its body untouched.

use std::io::{self, IoSlice, Write};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes};
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, FORWARDED, HOST, HeaderName, TE, TRAILER,
    TRANSFER_ENCODING,
};
use http::{HeaderMap, Method, Request};
use hyper::body::{Body, Frame};
use tokio::io::AsyncWrite;

use crate::body::RequestBody;
use crate::request::forwarded::{self, line};
use crate::session::Peer;

/// Enough for most heads.
const HEAD: usize = 1024;

/// What any network carries in one piece (the least that IPv6 has to, without its headers and TCP's):
/// of more, an instance may have seen a whole head before it closed.
const SEGMENT: usize = 1220;

/// A chunk's length in hexadecimal, and CRLF.
const CHUNK_LINE: usize = 18;

/// A request on its way to an instance.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    head: Vec<u8>,
    /// How much of the head has been sent.
    sent: usize,
    /// What went out with the beginning of the head, as long as nothing else has; `None` where it
    /// cannot be taken back.
    beside_head: Option<Bytes>,
    coding: Coding,
    body: RequestBody,
    /// What is sent next, behind the head.
    line: ChunkLine,
    data: Bytes,
    /// What follows the data.
    tail: &'static [u8],
    is_ended: bool,
    /// The body broke off. What gives it says so once, and then that it has ended.
    is_broken: bool,
    /// Whether its answer has no body, whatever it says.
    pub(super) is_head: bool,
}

/// How the instance knows where the body ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    /// So many bytes are still to come.
    Length(u64),
    Chunked,
}

impl Default for Coding {
    fn default() -> Self {
        Self::Length(0)
    }
}

/// The line before a chunk.
#[derive(Debug, Default)]
struct ChunkLine {
    bytes: [u8; CHUNK_LINE],
    from: usize,
    to: usize,
}

// === impl Outgoing ===

impl Outgoing {
    /// Writes a request down, with what tells of the client.
    pub(crate) fn new(request: Request<RequestBody>, peer: &Peer) -> Self {
        let (parts, body) = request.into_parts();
        let mut head = Vec::with_capacity(HEAD);
        let target = parts.uri.path_and_query().map_or("/", |it| it.as_str());
        for part in [parts.method.as_str(), " ", target, " HTTP/1.1\r\n"] {
            head.extend_from_slice(part.as_bytes());
        }
        for (name, value) in &parts.headers {
            if *name != CONTENT_LENGTH && *name != TRANSFER_ENCODING {
                line(&mut head, name, value.as_bytes());
            }
        }
        forwarded::write(&mut head, &parts.headers, peer);
        let length = length(&parts.headers, &body);
        match length {
            // An empty body is no news where none is expected.
            Some(0) if !expects_body(&parts.method) => {}
            // Writing to memory cannot fail.
            Some(length) => drop(write!(head, "content-length: {length}\r\n")),
            None => head.extend_from_slice(b"transfer-encoding: chunked\r\n"),
        }
        head.extend_from_slice(b"\r\n");
        Self {
            head,
            sent: 0,
            beside_head: None,
            coding: length.map_or(Coding::Chunked, Coding::Length),
            is_ended: length == Some(0),
            is_broken: false,
            body,
            line: ChunkLine::default(),
            data: Bytes::new(),
            tail: b"",
            is_head: parts.method == Method::HEAD,
        }
    }

    /// Whether any of it may have reached somebody.
    pub(super) fn has_begun(&self) -> bool {
        self.sent > 0
    }

    /// Whether its body broke off, so that nobody can have all of it.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Whether all of it was sent.
    pub(super) fn is_sent(&self) -> bool {
        self.is_ended && !self.has_pending()
    }

    /// Starts again from its beginning; for a request without a body.
    pub(crate) fn rewind(&mut self) {
        self.sent = 0;
    }

    /// Takes back what was sent, where that was one piece: whoever has seen nothing of that has seen
    /// nothing at all.
    pub(super) fn take_back(&mut self) {
        let Some(data) = self.beside_head.take() else {
            return;
        };
        if !data.is_empty() {
            self.data = data;
        }
        self.rewind();
    }

    /// Sends what can be sent; ready when all is.
    pub(crate) fn poll_send(
        &mut self,
        to: &mut (impl AsyncWrite + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        loop {
            // The head goes out with the beginning of the body where that is there already.
            let needs_more = !self.is_ended && self.data.is_empty() && self.tail.is_empty();
            let has_more = if needs_more {
                // A body that broke off must never look like one that ended.
                let polled = self.poll_body(cx);
                self.is_broken |= matches!(polled, Poll::Ready(Err(_)));
                polled?.is_ready()
            } else {
                true
            };
            if self.has_pending() {
                ready!(self.poll_write(to, cx))?;
            } else if self.is_ended {
                return Poll::Ready(Ok(()));
            } else if !has_more {
                return Poll::Pending;
            }
        }
    }

    /// Takes the next part of the body.
    fn poll_body(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_broken {
            return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
        }
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        let frame = frame.transpose()?;
        match frame.map(Frame::into_data) {
            Some(Ok(data)) => self.take(data)?,
            Some(Err(trailers)) => {
                if let Ok(trailers) = trailers.into_trailers() {
                    self.end(Some(&trailers))?;
                }
            }
            None => self.end(None)?,
        }
        Poll::Ready(Ok(()))
    }

    fn take(&mut self, data: Bytes) -> io::Result<()> {
        if data.is_empty() {
            return Ok(());
        }
        // There is room for one part.
        self.beside_head.take_if(|beside| !beside.is_empty());
        match &mut self.coding {
            Coding::Length(left) => {
                *left = left
                    .checked_sub(data.len() as u64)
                    .ok_or_else(|| io::Error::other("the body is longer than was said"))?;
                self.is_ended = *left == 0;
            }
            Coding::Chunked => {
                self.line = ChunkLine::of(data.len());
                self.tail = b"\r\n";
            }
        }
        self.data = data;
        Ok(())
    }

    fn end(&mut self, trailers: Option<&HeaderMap>) -> io::Result<()> {
        self.is_ended = true;
        match self.coding {
            Coding::Length(0) => {}
            Coding::Length(_) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Coding::Chunked => match trailers {
                None => self.tail = b"0\r\n\r\n",
                Some(trailers) => {
                    let mut last = b"0\r\n".to_vec();
                    for (name, value) in trailers {
                        if is_trailer(name) {
                            line(&mut last, name, value.as_bytes());
                        }
                    }
                    self.data = last.into();
                    self.tail = b"\r\n";
                }
            },
        }
        Ok(())
    }

    fn has_pending(&self) -> bool {
        self.sent < self.head.len()
            || !self.line.rest().is_empty()
            || !self.data.is_empty()
            || !self.tail.is_empty()
    }

    fn poll_write(
        &mut self,
        to: &mut (impl AsyncWrite + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        let head = &self.head[self.sent..];
        let to = Pin::new(to);
        let is_head_only =
            self.line.rest().is_empty() && self.data.is_empty() && self.tail.is_empty();
        let mut count = ready!(if is_head_only {
            to.poll_write(cx, head)
        } else {
            let parts = [head, self.line.rest(), &self.data, self.tail].map(IoSlice::new);
            to.poll_write_vectored(cx, &parts)
        })?;
        if count == 0 {
            return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
        }
        let is_first = self.sent == 0;
        let is_one_piece = count <= SEGMENT && self.coding != Coding::Chunked;
        let is_kept = is_first && (is_head_only || is_one_piece);
        self.beside_head = is_kept.then(|| self.data.clone());
        let mut off = |most: usize| {
            let taken = most.min(count);
            count -= taken;
            taken
        };
        self.sent += off(self.head.len() - self.sent);
        self.line.from += off(self.line.rest().len());
        self.data.advance(off(self.data.len()));
        self.tail = &self.tail[off(self.tail.len())..];
        Poll::Ready(Ok(()))
    }
}

/// The length of a body where it is known. What a client said was checked when it was read.
fn length(headers: &HeaderMap, body: &RequestBody) -> Option<u64> {
    if body.is_end_stream() {
        return Some(0);
    }
    let said = headers.get(CONTENT_LENGTH)?;
    said.to_str().ok()?.parse().ok()
}

/// Whether a request of this kind says that it has no body.
fn expects_body(method: &Method) -> bool {
    !matches!(
        *method,
        Method::GET | Method::HEAD | Method::DELETE | Method::OPTIONS | Method::TRACE
    )
}

/// Whether a field may come behind a body: none that frames the message, and none that the proxy
/// answers for, as there are servers that take trailers for headers.
fn is_trailer(name: &HeaderName) -> bool {
    let framing = [
        AUTHORIZATION,
        CONNECTION,
        CONTENT_LENGTH,
        FORWARDED,
        HOST,
        TE,
        TRAILER,
        TRANSFER_ENCODING,
    ];
    let plain = name.as_str().replace('_', "-");
    !framing.contains(name) && !plain.starts_with("x-forwarded-") && plain != "x-real-ip"
}

// === impl ChunkLine ===

impl ChunkLine {
    fn of(length: usize) -> Self {
        let mut line = Self::default();
        let mut rest = &mut line.bytes[..];
        // A length has at most 16 digits.
        let _ = write!(rest, "{length:x}\r\n");
        line.to = CHUNK_LINE - rest.len();
        line
    }

    fn rest(&self) -> &[u8] {
        &self.bytes[self.from..self.to]
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::task::Waker;

    use super::*;

    fn sent(method: &str, headers: &[(&'static str, &'static str)]) -> String {
        let mut request = Request::builder().method(method).uri("/a?b");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let peer = Peer {
            is_trusted: true,
            ..Peer::at(IpAddr::from([192, 0, 2, 1]))
        };
        let request = request.body(RequestBody::Empty).unwrap();
        let mut outgoing = Outgoing::new(request, &peer);
        let mut wire = Vec::new();
        let mut cx = Context::from_waker(Waker::noop());
        assert!(!outgoing.has_begun());
        assert!(outgoing.poll_send(&mut wire, &mut cx).is_ready());
        assert!(outgoing.has_begun() && outgoing.is_sent());
        outgoing.rewind();
        let mut again = Vec::new();
        assert!(outgoing.poll_send(&mut again, &mut cx).is_ready());
        assert_eq!(wire, again);
        String::from_utf8(wire).unwrap()
    }

    #[test]
    fn a_request_without_a_body_is_its_head() {
        assert_eq!(
            sent("GET", &[("host", "shop"), ("x-a", "1"), ("x-a", "2")]),
            "GET /a?b HTTP/1.1\r\nhost: shop\r\nx-a: 1\r\nx-a: 2\r\n\r\n"
        );
    }

    /// A request of which `data` has come from the client.
    fn with_data(data: &'static str, is_ended: bool) -> Outgoing {
        Outgoing {
            head: b"POST / HTTP/1.1\r\n\r\n".to_vec(),
            data: data.into(),
            is_ended,
            ..Outgoing::default()
        }
    }

    fn send(outgoing: &mut Outgoing) -> Vec<u8> {
        let mut wire = Vec::new();
        let mut cx = Context::from_waker(Waker::noop());
        let _ = outgoing.poll_write(&mut wire, &mut cx);
        wire
    }

    #[test]
    fn one_piece_can_be_taken_back() {
        let mut outgoing = with_data("body", true);
        let first = send(&mut outgoing);
        assert!(outgoing.is_sent());
        outgoing.take_back();
        assert!(!outgoing.has_begun());
        assert_eq!(send(&mut outgoing), first);
    }

    #[test]
    fn a_head_that_went_alone_can_be_taken_back_with_its_body_still_to_come() {
        for coding in [Coding::Length(4), Coding::Chunked] {
            let mut outgoing = with_data("", false);
            outgoing.coding = coding;
            send(&mut outgoing);
            outgoing.take("body".into()).unwrap();
            outgoing.take_back();
            assert!(!outgoing.has_begun());
            let wire = String::from_utf8(send(&mut outgoing)).unwrap();
            assert!(wire.starts_with("POST") && wire.contains("body"), "{wire}");
        }
    }

    #[test]
    fn what_went_in_several_pieces_cannot_be_taken_back() {
        let mut outgoing = with_data("", false);
        outgoing.coding = Coding::Length(4);
        send(&mut outgoing);
        outgoing.take("body".into()).unwrap();
        send(&mut outgoing);
        outgoing.take_back();
        assert!(outgoing.has_begun());
        let mut outgoing = with_data("bo", false);
        outgoing.coding = Coding::Length(2);
        send(&mut outgoing);
        outgoing.take("dy".into()).unwrap();
        outgoing.take_back();
        assert!(outgoing.has_begun());
    }

    #[test]
    fn a_body_that_goes_in_several_segments_cannot_be_taken_back() {
        for (length, can) in [(SEGMENT - 20, true), (SEGMENT, false)] {
            let mut outgoing = with_data("", true);
            outgoing.data = vec![b'x'; length].into();
            send(&mut outgoing);
            outgoing.take_back();
            assert_eq!(outgoing.has_begun(), !can, "{length}");
        }
    }

    #[test]
    fn a_length_is_said_once_and_where_one_is_expected() {
        assert_eq!(
            sent("POST", &[("content-length", "0"), ("content-length", "0")]),
            "POST /a?b HTTP/1.1\r\ncontent-length: 0\r\n\r\n"
        );
        assert_eq!(sent("DELETE", &[]), "DELETE /a?b HTTP/1.1\r\n\r\n");
        assert_eq!(
            sent("PUT", &[("transfer-encoding", "gzip")]),
            "PUT /a?b HTTP/1.1\r\ncontent-length: 0\r\n\r\n"
        );
    }

    #[test]
    fn a_chunk_has_its_length_before_it() {
        assert_eq!(ChunkLine::of(255).rest(), b"ff\r\n");
        assert_eq!(ChunkLine::of(usize::MAX).rest(), b"ffffffffffffffff\r\n");
    }

    #[test]
    fn trailers_frame_nothing_and_name_no_client() {
        let allowed = |name: &'static str| is_trailer(&HeaderName::from_static(name));
        assert!(allowed("x-checksum"));
        for name in [
            "content-length",
            "x-real-ip",
            "x_forwarded_for",
            "x-forwarded-proto",
        ] {
            assert!(!allowed(name), "{name}");
        }
    }
}
