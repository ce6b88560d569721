//! What carries HTTP: a TCP connection, or TLS over one.

use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// A client's connection, whatever its bytes are wrapped in.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Unpin {
    /// Whether its end is more than the connection's: TLS tells it from one that was cut.
    const SAYS_ITS_END: bool;

    /// The connection itself.
    fn socket(&self) -> SockRef<'_>;
}

impl Stream for TcpStream {
    const SAYS_ITS_END: bool = false;

    fn socket(&self) -> SockRef<'_> {
        SockRef::from(self)
    }
}

impl Stream for TlsStream<TcpStream> {
    const SAYS_ITS_END: bool = true;

    fn socket(&self) -> SockRef<'_> {
        SockRef::from(self.get_ref().0)
    }
}
