//! A client's socket as hyper sees it.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use socket2::TcpKeepalive;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::session::Session;
use crate::wire::Stream;

/// How much is read and thrown away from a client that still sends when it was refused.
const LINGER_BYTES: usize = 1 << 20;

/// A client's socket that tells its session what passes.
#[derive(Debug)]
pub(crate) struct ClientIo<S> {
    stream: S,
    session: Rc<Session>,
    closing: Closing,
}

/// How far the close has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Closing {
    Open,
    /// Our side is shut; so many bytes may still come before we hang up.
    Lingering(usize),
    Shut,
}

// === impl ClientIo ===

impl<S: Stream> ClientIo<S> {
    pub(crate) fn new(stream: S, session: Rc<Session>) -> Self {
        Self {
            stream,
            session,
            closing: Closing::Open,
        }
    }

    /// The socket itself.
    pub(crate) fn into_stream(self) -> S {
        self.stream
    }

    /// Lets the kernel find out whether the client is still there.
    pub(crate) fn probe(&self, probes: &TcpKeepalive) -> io::Result<()> {
        self.stream.socket().set_tcp_keepalive(probes)
    }

    /// Reads on for a while after a refusal: closing with unread bytes in the socket would reset
    /// the connection, and the client would lose the answer it is about to read.
    fn poll_linger(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut scratch = [0_u8; 4096];
        while let Closing::Lingering(left) = self.closing {
            let mut buffer = ReadBuf::new(&mut scratch);
            let read = ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer));
            let count = buffer.filled().len();
            self.closing = if read.is_err() || count == 0 || count > left {
                Closing::Shut
            } else {
                Closing::Lingering(left - count)
            };
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: Stream> AsyncRead for ClientIo<S> {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let polled = Pin::new(&mut this.stream).poll_read(cx, buffer);
        let read = &buffer.filled()[before..];
        if !read.is_empty() {
            this.session.saw_bytes(read);
        }
        polled
    }
}

impl<S: Stream> AsyncWrite for ClientIo<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.session.saw_write(polled.is_pending());
        polled
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        this.session.saw_write(polled.is_pending());
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.stream).poll_flush(cx);
        this.session.saw_flush(polled.is_pending());
        polled
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.closing == Closing::Open {
            let is_over = this.session.is_between_requests();
            // What is closed at once is ended by that, unless TLS has a last word.
            if !is_over || S::SAYS_ITS_END {
                ready!(Pin::new(&mut this.stream).poll_shutdown(cx))?;
            }
            this.closing = if is_over {
                Closing::Shut
            } else {
                this.session.linger(Instant::now());
                Closing::Lingering(LINGER_BYTES)
            };
        }
        this.poll_linger(cx)
    }
}
