//! A client with HTTP/2 for tests.

use std::net::SocketAddr;

use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{RecvStream, SendStream};
use http::{HeaderMap, Method, Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::support::PATIENCE;

/// One connection, of which clones share the streams.
#[derive(Clone)]
pub(super) struct Http2 {
    pub(super) send: SendRequest<Bytes>,
}

/// The task of a connection: what it ended with.
pub(super) type Ended = JoinHandle<Result<(), h2::Error>>;

/// A whole answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) head: Response<()>,
    pub(super) body: Vec<u8>,
    pub(super) trailers: Option<HeaderMap>,
}

impl Http2 {
    pub(super) async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self::over(stream).await.0
    }

    pub(super) async fn over(
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> (Self, Ended) {
        let (send, connection) = h2::client::handshake(stream).await.unwrap();
        (Self { send }, tokio::spawn(connection))
    }

    /// Begins a request; its body is sent by the caller, unless it has none.
    pub(super) async fn begin(
        &self,
        request: Request<()>,
        is_whole: bool,
    ) -> Result<(ResponseFuture, SendStream<Bytes>), h2::Error> {
        let mut send = self.send.clone().ready().await?;
        send.send_request(request, is_whole)
    }

    pub(super) async fn ask(&self, request: Request<()>, body: &[u8]) -> Result<Answer, h2::Error> {
        let (response, mut send) = self.begin(request, body.is_empty()).await?;
        if !body.is_empty() {
            send.send_data(Bytes::copy_from_slice(body), true)?;
        }
        whole(response).await
    }

    pub(super) async fn get(&self, path: &str) -> Result<Answer, h2::Error> {
        self.ask(get(path), b"").await
    }
}

impl Answer {
    pub(super) fn status(&self) -> u16 {
        self.head.status().as_u16()
    }

    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let value = self.head.headers().get(name)?;
        Some(value.to_str().unwrap())
    }
}

pub(super) fn get(path: &str) -> Request<()> {
    request(Method::GET, path)
}

pub(super) fn request(method: Method, path: &str) -> Request<()> {
    Request::builder()
        .method(method)
        .uri(format!("http://shop{path}"))
        .body(())
        .unwrap()
}

/// Reads an answer to its end.
pub(super) async fn whole(response: ResponseFuture) -> Result<Answer, h2::Error> {
    let reading = async {
        let (head, mut body) = response.await?.into_parts();
        let mut read = vec![];
        while let Some(piece) = more(&mut body).await? {
            read.extend_from_slice(&piece);
        }
        Ok(Answer {
            head: Response::from_parts(head, ()),
            body: read,
            trailers: body.trailers().await?,
        })
    };
    let answer = tokio::time::timeout(PATIENCE, reading).await;
    answer.expect("no answer came")
}

/// The next piece of a body, which the other side may then replace.
pub(super) async fn more(body: &mut RecvStream) -> Result<Option<Bytes>, h2::Error> {
    let piece = tokio::time::timeout(PATIENCE, body.data()).await;
    let Some(piece) = piece.expect("nothing came").transpose()? else {
        return Ok(None);
    };
    body.flow_control().release_capacity(piece.len())?;
    Ok(Some(piece))
}
