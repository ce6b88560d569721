//! A socket to an instance that can be looked at while hyper has it.

use std::cell::{Cell, RefCell};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use rustix::net::RecvFlags;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// The connection itself, with what was seen of it.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: RefCell<TcpStream>,
    received: Cell<bool>,
}

/// What hyper reads from and writes to.
#[derive(Debug, Clone)]
pub(crate) struct Io(Rc<Socket>);

// === impl Socket ===

impl Socket {
    pub(crate) async fn connect(address: SocketAddr) -> io::Result<Rc<Self>> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Rc::new(Self {
            stream: RefCell::new(stream),
            received: Cell::new(false),
        }))
    }

    /// Forgets that anything was received: a new request goes out.
    pub(crate) fn expect_answer(&self) {
        self.received.set(false);
    }

    /// Whether anything came since [`expect_answer`](Self::expect_answer).
    pub(crate) fn has_received(&self) -> bool {
        self.received.get()
    }

    /// Asks the kernel whether the connection is open with nothing to read.
    ///
    /// The runtime learns of a close only when it next asks for events; this is the last look
    /// before a request that must not be lost.
    pub(crate) fn is_quiet(&self) -> bool {
        let stream = self.stream.borrow();
        let mut byte = [0_u8; 1];
        let flags = RecvFlags::PEEK | RecvFlags::DONTWAIT;
        matches!(
            rustix::net::recv(&*stream, &mut byte, flags),
            Err(rustix::io::Errno::WOULDBLOCK)
        )
    }
}

// === impl Io ===

impl Io {
    pub(crate) fn new(socket: &Rc<Socket>) -> Self {
        Self(Rc::clone(socket))
    }

    /// Lets the kernel find out whether the instance is still there.
    pub(crate) fn probe(&self, probes: &TcpKeepalive) -> io::Result<()> {
        SockRef::from(&*self.0.stream.borrow()).set_tcp_keepalive(probes)
    }
}

impl AsyncRead for Io {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut *self.0.stream.borrow_mut()).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.0.received.set(true);
        }
        polled
    }
}

impl AsyncWrite for Io {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.stream.borrow_mut()).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut *self.0.stream.borrow_mut()).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.stream.borrow_mut()).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.0.stream.borrow_mut()).poll_shutdown(cx)
    }
}
