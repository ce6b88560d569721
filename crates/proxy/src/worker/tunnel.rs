//! Carries what is spoken after an upgrade, in both directions, until one side ends it.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use crate::session::{Order, Session};
use crate::upstream::{Lease, Opened};
use crate::wire::{ClientIo, Stream};

/// After that much silence the kernel asks whether the other side is there: below the five
/// minutes after which routers are seen to forget connections.
const SILENT: Duration = Duration::from_secs(60);

/// Between two such questions; after several without an answer the connection ends.
const PROBE: Duration = Duration::from_secs(15);

/// Runs until both sides have ended, one broke, or the session is told to end.
pub(crate) async fn run<S: Stream>(
    session: &Session,
    client: ClientIo<S>,
    early: Bytes,
    lease: Box<Lease>,
) {
    let mut carried = pin!(carry(client, early, lease));
    let ended = std::future::poll_fn(|cx| {
        session.register(cx.waker());
        match session.order() {
            // No response is left to tell the client in, so only an end at once ends a tunnel.
            Order::GoOn | Order::Close => carried.as_mut().poll(cx),
            Order::Kill => Poll::Ready(Ok(())),
        }
    })
    .await;
    if let Err(error) = ended {
        tracing::trace!(%error, "an upgraded connection broke");
    }
}

async fn carry<S: Stream>(
    mut client: ClientIo<S>,
    early: Bytes,
    lease: Box<Lease>,
) -> io::Result<()> {
    let Opened {
        mut stream,
        read,
        place: _place,
    } = lease.into_opened();
    // A peer that vanished without a word would hold up every drain.
    let probes = TcpKeepalive::new().with_time(SILENT).with_interval(PROBE);
    client.probe(&probes)?;
    SockRef::from(&stream).set_tcp_keepalive(&probes)?;
    // What either side sent right behind the upgrade was read with it.
    send(&mut stream, early).await?;
    send(&mut client, read).await?;
    tokio::io::copy_bidirectional(&mut client, &mut stream).await?;
    Ok(())
}

async fn send(to: &mut (impl AsyncWrite + Unpin), bytes: Bytes) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    to.write_all(&bytes).await?;
    to.flush().await
}
