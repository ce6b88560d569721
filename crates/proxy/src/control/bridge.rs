//! Standard input and output as a connection to the control socket: the far end of a way that
//! runs a command over there.

use std::io;

use tokio::io::{stdin, stdout};
use tokio::net::UnixStream;

use crate::control::Address;
use crate::options::Paths;

/// Carries bytes between the standard streams and the control socket, until either ends.
///
/// # Errors
/// No proxy runs there, or the connection broke.
pub async fn bridge(paths: &Paths) -> io::Result<()> {
    let path = paths.control();
    let address = Address::of(&path)?;
    let (mut from, mut to) = UnixStream::connect(address.path()).await?.into_split();
    let (mut input, mut output) = (stdin(), stdout());
    tokio::select! {
        sent = tokio::io::copy(&mut input, &mut to) => sent,
        received = tokio::io::copy(&mut from, &mut output) => received,
    }
    .map(drop)
}
