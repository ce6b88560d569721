//! What a client speaks without TLS: told by its first bytes.

use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use bytes::{Buf, Bytes};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::session::Session;
use crate::wire::Stream;
use crate::wire::frames::PREFACE;

/// How much is read at first: the whole of most requests.
const FIRST: usize = 4096;

/// Which version of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Version {
    /// HTTP/1.1 or 1.0.
    One,
    /// HTTP/2, by a client that knows beforehand that we speak it.
    Two,
}

/// A connection with what was read of it ahead.
#[derive(Debug)]
pub(crate) struct Opened<S> {
    early: Bytes,
    stream: S,
}

/// Waits for the first bytes; `None` from a client that leaves before.
pub(crate) async fn open<S: Stream>(
    session: &Session,
    mut stream: S,
) -> io::Result<Option<(Version, Opened<S>)>> {
    let mut read = Vec::new();
    let version = std::future::poll_fn(|cx| {
        loop {
            let is_first = read.is_empty();
            if ready!(poll_more(&mut stream, cx, &mut read))? == 0 {
                return Poll::Ready(io::Result::Ok(None));
            }
            let told = read.len().min(PREFACE.len());
            if read[..told] != PREFACE[..told] {
                return Poll::Ready(Ok(Some(Version::One)));
            }
            if told == PREFACE.len() {
                return Poll::Ready(Ok(Some(Version::Two)));
            }
            if is_first {
                session.began_to_speak(Instant::now());
            }
        }
    });
    let version = version.await?;
    Ok(version.map(|version| {
        let early = Bytes::from(read);
        (version, Opened { early, stream })
    }))
}

/// Reads what has come behind what was read already; how much.
fn poll_more(
    stream: &mut (impl AsyncRead + Unpin),
    cx: &mut Context<'_>,
    read: &mut Vec<u8>,
) -> Poll<io::Result<usize>> {
    // On the stack for as long as it is read into: idle connections hold none.
    let mut scratch = [MaybeUninit::uninit(); FIRST];
    let mut buffer = ReadBuf::uninit(&mut scratch);
    ready!(Pin::new(stream).poll_read(cx, &mut buffer))?;
    read.extend_from_slice(buffer.filled());
    Poll::Ready(Ok(buffer.filled().len()))
}

// === impl Opened ===

impl<S: Stream> Opened<S> {
    /// A connection of which nothing was read.
    pub(crate) fn new(stream: S) -> Self {
        let early = Bytes::new();
        Self { early, stream }
    }

    /// Waits for bytes where none are there, and holds nothing until they come; whether any came
    /// before the client left.
    pub(crate) async fn wait(&mut self) -> io::Result<bool> {
        if !self.early.is_empty() {
            return Ok(true);
        }
        let mut read = Vec::new();
        let more = std::future::poll_fn(|cx| poll_more(&mut self.stream, cx, &mut read)).await?;
        self.early = Bytes::from(read);
        Ok(more > 0)
    }
}

impl<S: Stream> Stream for Opened<S> {
    const SAYS_ITS_END: bool = S::SAYS_ITS_END;

    fn socket(&self) -> SockRef<'_> {
        self.stream.socket()
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Opened<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.early.is_empty() {
            return Pin::new(&mut this.stream).poll_read(cx, buffer);
        }
        let here = this.early.len().min(buffer.remaining());
        buffer.put_slice(&this.early[..here]);
        this.early.advance(here);
        if this.early.is_empty() {
            // A connection may last for long: what it began with is let go.
            this.early = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Opened<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
