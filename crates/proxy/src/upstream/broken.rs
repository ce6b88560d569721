//! A body that breaks off before anything of its request was sent.
//!
//! What gives a body says once that it broke off, and then that it has ended. The next connection
//! that is tried must not take that for the end of the body.

use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

use super::{Lease, Outgoing, SendError};
use crate::body::{RequestBody, ResponseBody};
use crate::options::Limits;
use crate::room::Room;
use crate::session::{Peer, Session};

/// An instance that takes nothing yet.
struct Full;

impl AsyncWrite for Full {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Pending
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Pending
    }
}

fn peer() -> Peer {
    Peer::at(IpAddr::from([192, 0, 2, 1]))
}

/// A request of a client that sends this and leaves, after its body broke off while nobody took
/// anything of it.
async fn broken(bytes: &str) -> Outgoing {
    let (mut client, server) = tokio::io::duplex(4096);
    client.write_all(bytes.as_bytes()).await.unwrap();
    drop(client);
    let session = Session::new(
        ([127, 0, 0, 1], 80).into(),
        peer(),
        Arc::new(Limits::default()),
        Instant::now(),
    );
    let found = Rc::new(RefCell::new(None));
    let (session, found_by) = (&session, &found);
    let service = service_fn(move |request: Request<Incoming>| async move {
        let request = request.map(|body| RequestBody::new(body, session, None, None));
        let mut outgoing = Outgoing::new(request, &peer());
        let sent = std::future::poll_fn(|cx| outgoing.poll_send(&mut Full, cx)).await;
        assert!(sent.is_err(), "it broke off");
        *found_by.borrow_mut() = Some(outgoing);
        Ok::<_, Infallible>(Response::new(ResponseBody::Empty))
    });
    // How it ends is the client's loss.
    let _ = Builder::new()
        .serve_connection(TokioIo::new(server), service)
        .await;
    let outgoing = found.borrow_mut().take();
    outgoing.unwrap()
}

/// Sends it to an instance, which must not get anything of it; how that ended.
async fn send(outgoing: &mut Outgoing) -> SendError {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let place = Room::new("instances", 1).enter();
    let (lease, accepted) = tokio::join!(Lease::connect(address, place), listener.accept());
    let (mut lease, mut instance) = (lease.unwrap(), accepted.unwrap().0);
    let error = tokio::select! {
        sent = lease.send(outgoing, || false) => sent.unwrap_err(),
        got = instance.read_u8() => panic!("the instance got {got:?}"),
    };
    drop(lease);
    let mut got = String::new();
    instance.read_to_string(&mut got).await.unwrap();
    assert_eq!(got, "");
    error
}

#[tokio::test]
async fn it_stays_broken_on_whatever_connection_is_tried() {
    let chunked = "POST / HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n";
    let with_length = "POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 5\r\n\r\n";
    for bytes in [
        format!("{chunked}5\r\n"),
        format!("{chunked}x\r\n"),
        with_length.to_owned(),
    ] {
        let mut outgoing = broken(&bytes).await;
        assert!(!outgoing.has_begun(), "{bytes:?}");
        assert!(outgoing.is_broken() && !outgoing.is_sent(), "{bytes:?}");
        for _ in 0..2 {
            let error = send(&mut outgoing).await;
            // So nobody else is asked.
            assert!(matches!(error, SendError::Broken { .. }), "{error:?}");
        }
    }
}
