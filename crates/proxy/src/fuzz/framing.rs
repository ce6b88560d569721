//! What hyper and we take of a stream of bytes must be what the strict reader takes.

use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;
use http::header::CONNECTION;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::corpus;
use super::random::{Random, run};
use super::strict::{Read, read};
use crate::body::RequestBody;
use crate::options::Limits;
use crate::request;
use crate::session::{Peer, Session};
use crate::wire::{ClientIo, Stream};

/// Each run of the tests tries so many.
const CASES: u64 = 4000;

/// What makes a difference where it stands.
const WORDS: &[&[u8]] = &[
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b" ",
    b"\t",
    b":",
    b": ",
    b";",
    b",",
    b"0\r\n\r\n",
    b"5\r\nabcde\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length: 0\r\n",
    b"Content-Length",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding",
    b"chunked",
    b"identity",
    b"Host: shop\r\n",
    b"Connection: close\r\n",
    b"Connection: keep-alive\r\n",
    b"Expect: 100-continue\r\n",
    b"Upgrade: websocket\r\n",
    b"HTTP/1.1",
    b"HTTP/1.0",
    b"GET /evil HTTP/1.1\r\nHost: shop\r\n\r\n",
    b"POST /first HTTP/1.1\r\n",
    b"\0",
    b"\x0b",
    b"\xff",
    b"0",
    b"ffffffff",
    b"18446744073709551615",
    b"X: y\r\n",
    b" X: y\r\n",
    b"_",
];

/// A client that sends these bytes in pieces, then ends, and reads nothing.
struct Client {
    bytes: Vec<u8>,
    at: usize,
    random: Random,
}

/// What was taken of a request.
#[derive(Debug, PartialEq, Eq)]
struct Taken {
    method: String,
    body: Vec<u8>,
}

#[test]
fn what_is_taken_is_what_can_be_read_in_one_way() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    let corpus: Vec<Vec<u8>> = corpus::cases()
        .into_iter()
        .map(|case| case.bytes)
        .filter(|bytes| bytes.len() < 4000)
        .collect();
    for bytes in &corpus {
        compare(&runtime, bytes, Random::of(0));
    }
    run(CASES, |random| {
        let bytes = mutated(&corpus, random);
        compare(&runtime, &bytes, Random::of(random.next()));
    });
}

fn compare(runtime: &tokio::runtime::Runtime, bytes: &[u8], random: Random) {
    let taken = runtime.block_on(served(bytes, random));
    let readable = readable(bytes);
    assert!(
        readable.starts_with(&taken),
        "taken: {taken:?}\nreadable: {readable:?}\nbytes: {:?}",
        bytes.escape_ascii().to_string()
    );
}

/// What the strict reader takes.
fn readable(mut bytes: &[u8]) -> Vec<Taken> {
    let mut requests = vec![];
    loop {
        // Empty lines before a request are skipped by every server.
        while let Some(rest) = bytes.strip_prefix(b"\r\n").or(bytes.strip_prefix(b"\n")) {
            bytes = rest;
        }
        let Read::Whole(request, length) = read(bytes) else {
            return requests;
        };
        requests.push(Taken {
            method: request.method,
            body: request.body,
        });
        bytes = &bytes[length..];
    }
}

/// What hyper and we take.
async fn served(bytes: &[u8], random: Random) -> Vec<Taken> {
    let peer = Peer::at(IpAddr::from([127, 0, 0, 1]));
    let limits = Arc::new(Limits::default());
    let session = Session::new(([127, 0, 0, 1], 80).into(), peer, limits, Instant::now());
    let client = Client {
        bytes: bytes.to_vec(),
        at: 0,
        random,
    };
    let io = TokioIo::new(ClientIo::new(client, Rc::clone(&session)));
    let taken = Rc::new(RefCell::new(vec![]));
    let noted = Rc::clone(&taken);
    let service = service_fn(move |request| take(Rc::clone(&session), request, Rc::clone(&noted)));
    // How it ends does not matter: what was taken before it does.
    let _ = Builder::new()
        .max_header_size(Limits::default().header_bytes)
        .header_read_timeout(None)
        .serve_connection(io, service)
        .await;
    taken.take()
}

async fn take(
    session: Rc<Session>,
    mut request: Request<Incoming>,
    taken: Rc<RefCell<Vec<Taken>>>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    let has_body = !request.body().is_end_stream();
    let is_admitted = session.begin(Instant::now(), has_body).is_ok()
        && request::is_admitted(&mut request, &session);
    let method = request.method().to_string();
    let body = if is_admitted {
        let body = RequestBody::new(request.into_body(), &session, None, None);
        body.collect().await.ok()
    } else {
        None
    };
    session.finish(Instant::now());
    let mut response = Response::new(Empty::new());
    if let Some(body) = body {
        let body = body.to_bytes().to_vec();
        taken.borrow_mut().push(Taken { method, body });
    } else {
        *response.status_mut() = StatusCode::BAD_REQUEST;
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    Ok(response)
}

/// One or two of the corpus, changed in some places.
fn mutated(corpus: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = random.pick(corpus).clone();
    if random.one_in(2) {
        let behind: &Vec<u8> = random.pick(corpus);
        bytes.extend_from_slice(behind);
    }
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(12)).min(bytes.len());
        match random.below(6) {
            0 => drop(bytes.drain(at..end)),
            1 => {
                let copied = bytes[at..end].to_vec();
                let to = random.below(bytes.len() + 1);
                bytes.splice(to..to, copied);
            }
            2 if at < bytes.len() => bytes[at] = random.next() as u8,
            3 => bytes.truncate(at),
            _ => {
                let word = random.pick(WORDS).to_vec();
                bytes.splice(at..at, word);
            }
        }
    }
    bytes
}

impl AsyncRead for Client {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.random.one_in(4) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let most = buffer.remaining().min(this.bytes.len() - this.at);
        let piece = most.min(1 + this.random.below(200));
        buffer.put_slice(&this.bytes[this.at..this.at + piece]);
        this.at += piece;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Client {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl Stream for Client {
    const SAYS_ITS_END: bool = false;

    fn socket(&self) -> SockRef<'_> {
        unreachable!("nothing is upgraded here")
    }
}
