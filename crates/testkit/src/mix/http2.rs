//! A client with HTTP/2: streams of one connection, several at once.

use std::net::Ipv4Addr;

use bytes::{Bytes, BytesMut};
use h2::client::SendRequest;
use http::Request;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use super::Shared;
use super::clients::REST;
use crate::wait::PATIENCE;

pub(super) const NAME: &str = "HTTP/2 streams";
/// Streams at once, every other one of which uploads.
const STREAMS: usize = 8;
/// What an upload has: within a stream's window, so that it needs no one to wait for room.
const UPLOAD: usize = 32 << 10;
/// Nobody is told so often that a connection ends.
const TRIES: usize = 10;

/// Why there is no whole, right answer.
enum Failure {
    /// The other side ends the connection and has said that it did not take the request.
    NotTaken,
    Wrong(String),
}

/// Asks until it is told to stop.
pub(super) fn work(shared: &Shared) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime can be had");
    runtime.block_on(async {
        let mut kept = None;
        while !shared.is_stopping() {
            let outcome = tokio::time::timeout(PATIENCE, turn(shared.port, &mut kept)).await;
            let outcome = outcome.unwrap_or_else(|_| Err("no answer came".to_owned()));
            if outcome.is_err() {
                kept = None;
            }
            shared.count(NAME, outcome);
            tokio::time::sleep(REST).await;
        }
    });
}

/// One turn: how many answers were right, or what was wrong.
async fn turn(port: u16, kept: &mut Option<SendRequest<Bytes>>) -> Result<u64, String> {
    let mut left: Vec<bool> = (0..STREAMS).map(|number| number % 2 == 1).collect();
    for _ in 0..TRIES {
        let send = match kept {
            Some(send) => send.clone(),
            None => kept.insert(connect(port).await?).clone(),
        };
        let mut streams = JoinSet::new();
        for is_upload in left.drain(..) {
            let send = send.clone();
            streams.spawn(async move { (is_upload, exchange(send, is_upload).await) });
        }
        while let Some(ended) = streams.join_next().await {
            match ended.map_err(|error| error.to_string())? {
                (_, Ok(())) => {}
                (is_upload, Err(Failure::NotTaken)) => left.push(is_upload),
                (_, Err(Failure::Wrong(reason))) => return Err(reason),
            }
        }
        if left.is_empty() {
            return Ok(STREAMS as u64);
        }
        *kept = None;
    }
    Err(format!("{} of {STREAMS} are never taken", left.len()))
}

async fn connect(port: u16) -> Result<SendRequest<Bytes>, String> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await;
    let stream = stream.map_err(|error| error.to_string())?;
    let _ = stream.set_nodelay(true);
    let (send, connection) = h2::client::handshake(stream)
        .await
        .map_err(|error| error.to_string())?;
    // How it ends shows in its streams.
    tokio::spawn(async move { drop(connection.await) });
    Ok(send)
}

async fn exchange(send: SendRequest<Bytes>, is_upload: bool) -> Result<(), Failure> {
    // Where it is over already, nothing was sent.
    let mut send = send.ready().await.map_err(|_| Failure::NotTaken)?;
    let (method, path) = if is_upload {
        ("PUT", "/sink")
    } else {
        ("GET", "/")
    };
    let mut request = Request::builder()
        .method(method)
        .uri(format!("http://localhost{path}"));
    if is_upload {
        request = request.header("content-length", UPLOAD);
    }
    let request = request
        .body(())
        .map_err(|error| Failure::Wrong(error.to_string()))?;
    let sent = send.send_request(request, !is_upload);
    let (response, mut body) = sent.map_err(|_| Failure::NotTaken)?;
    if is_upload {
        body.send_data(vec![b'x'; UPLOAD].into(), true)?;
    }
    let (head, mut body) = response.await?.into_parts();
    let mut text = BytesMut::new();
    while let Some(piece) = body.data().await {
        let piece = piece?;
        body.flow_control().release_capacity(piece.len())?;
        text.extend_from_slice(&piece);
    }
    let status = head.status.as_u16();
    let expected = if is_upload {
        status == 201 && text == UPLOAD.to_string()
    } else {
        status == 200 && !text.is_empty()
    };
    if expected {
        Ok(())
    } else {
        let reason = format!("{method} {path}: {status}, {text:?}");
        Err(Failure::Wrong(reason))
    }
}

// === impl Failure ===

impl From<h2::Error> for Failure {
    fn from(error: h2::Error) -> Self {
        if error.is_go_away() && error.is_remote() {
            Self::NotTaken
        } else {
            Self::Wrong(error.to_string())
        }
    }
}
