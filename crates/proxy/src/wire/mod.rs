//! The client's side of the wire, below HTTP.

pub(crate) mod framing;
mod io;
mod stream;

pub(crate) use framing::Violation;
pub(crate) use io::ClientIo;
pub(crate) use stream::Stream;
