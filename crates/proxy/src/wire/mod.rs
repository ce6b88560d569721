//! The client's side of the wire, below HTTP.

pub(crate) mod framing;
mod io;

pub(crate) use framing::Violation;
pub(crate) use io::ClientIo;
