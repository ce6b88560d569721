//! The task of one client connection with TLS.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Poll;
use std::time::Instant;

use rustls::server::Acceptor;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use crate::session::{Order, Session};
use crate::tls::Site;
use crate::worker::Worker;
use crate::worker::connection::{Enlisted, serve_http1};

/// A fatal alert as TLS has it on the wire: no certificate is for the name that was asked for.
/// rustls would say "access denied" instead, which tells nobody what is wrong.
const UNRECOGNIZED_NAME: [u8; 7] = [21, 3, 3, 0, 2, 2, 112];

/// Serves a client's connection to its end, from the handshake on.
pub(crate) async fn serve(
    worker: Rc<Worker>,
    session: Rc<Session>,
    stream: TcpStream,
    site: Arc<Site>,
) {
    let _enlisted = Enlisted(Rc::clone(&worker), Rc::clone(&session));
    session.await_handshake(Instant::now());
    let stream = match within(&session, shake_hands(stream, &site)).await {
        Some(Ok(stream)) => stream,
        Some(Err(error)) => {
            tracing::trace!(%error, "a handshake failed");
            return;
        }
        None => return,
    };
    // Only what speaks is of use from here on.
    drop(site);
    session.shook_hands(Instant::now());
    serve_http1(&worker, &session, stream).await;
}

/// Runs until the session is told to end; a handshake has nothing in hand that could be lost.
async fn within<T>(session: &Session, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    std::future::poll_fn(|cx| {
        session.register(cx.waker());
        match session.order() {
            Order::GoOn => work.as_mut().poll(cx).map(Some),
            Order::Close | Order::Kill => Poll::Ready(None),
        }
    })
    .await
}

async fn shake_hands(stream: TcpStream, site: &Site) -> io::Result<TlsStream<TcpStream>> {
    let mut hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
    let hello_name = hello.client_hello();
    let config = hello_name.server_name().and_then(|name| site.find(name));
    let Some(config) = config else {
        hello.io.write_all(&UNRECOGNIZED_NAME).await?;
        hello.io.shutdown().await?;
        return Err(io::Error::other("no certificate is for the name"));
    };
    hello.into_stream(config).await
}
