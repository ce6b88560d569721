//! Ways to a control socket that is not on this machine.

use std::fmt::Debug;
use std::io;

use async_trait::async_trait;
use tokio::io::{AsyncRead, AsyncWrite};

/// Makes connections to a control socket, wherever it is.
#[async_trait]
pub trait Dial: Debug + Send + Sync {
    /// A new connection.
    ///
    /// # Errors
    /// [`io::ErrorKind::NotFound`] or [`io::ErrorKind::ConnectionRefused`] where no proxy runs.
    async fn dial(&self) -> io::Result<Box<dyn Stream>>;

    /// What people call the place.
    fn place(&self) -> String;
}

/// Bytes in both directions.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}
