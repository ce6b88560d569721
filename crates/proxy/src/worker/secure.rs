//! The task of one client connection with TLS.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use rustls::server::Acceptor;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use crate::acme::Answers;
use crate::session::Session;
use crate::tls::{HTTP2, Site};
use crate::wire::opening::Opened;
use crate::worker::connection::{Enlisted, serve_http1, within};
use crate::worker::{Worker, multiplex};

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
    let shaking = shake_hands(stream, &site, worker.answers());
    let stream = match within(&session, shaking).await {
        Some(Ok(Some(stream))) => stream,
        // An authority has seen what it came for.
        Some(Ok(None)) => return,
        Some(Err(error)) => {
            tracing::trace!(%error, "a handshake failed");
            return;
        }
        None => return,
    };
    // Only what speaks is of use from here on.
    drop(site);
    session.shook_hands(Instant::now());
    if stream.get_ref().1.alpn_protocol() == Some(HTTP2) {
        Box::pin(multiplex::serve(&worker, &session, stream)).await;
    } else {
        serve_http1(&worker, &session, Opened::new(stream)).await;
    }
}

/// Shakes hands; nothing is left to be said to an authority that looks whose the host is.
async fn shake_hands(
    stream: TcpStream,
    site: &Site,
    answers: &Answers,
) -> io::Result<Option<TlsStream<TcpStream>>> {
    let mut hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
    let client = hello.client_hello();
    let name = client.server_name();
    let challenge = name
        .zip(client.alpn())
        .and_then(|(name, protocols)| answers.handshake(name, protocols));
    if let Some(config) = challenge {
        let mut stream = hello.into_stream(config).await?;
        stream.shutdown().await?;
        return Ok(None);
    }
    let config = name.and_then(|name| site.find(name));
    let Some(config) = config else {
        hello.io.write_all(&UNRECOGNIZED_NAME).await?;
        hello.io.shutdown().await?;
        return Err(io::Error::other("no certificate is for the name"));
    };
    hello.into_stream(config).await.map(Some)
}
