//! The client's side of the wire, below HTTP.

pub(crate) mod frames;
pub(crate) mod framing;
mod io;
pub(crate) mod opening;
mod stream;

pub(crate) use framing::Violation;
pub(crate) use io::ClientIo;
pub(crate) use stream::Stream;
