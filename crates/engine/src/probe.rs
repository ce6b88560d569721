//! Asks an instance for its health, from outside, as the proxy would reach it.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// More of an answer than this is not evidence but noise.
const BODY_LIMIT: usize = 16 * 1024;
/// What of a body is shown.
const SHOWN: usize = 300;

/// What an instance answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    body: String,
}

/// One question.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) address: SocketAddr,
    pub(crate) path: &'a str,
    pub(crate) host: &'a str,
    pub(crate) timeout: Duration,
}

impl Answer {
    /// Whether it says that the instance is healthy: any 2xx.
    pub(crate) fn is_healthy(&self) -> bool {
        self.status.is_success()
    }

    /// The answer in one line of evidence.
    pub(crate) fn describe(&self) -> String {
        let body: String = self
            .body
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .chars()
            .take(SHOWN)
            .collect();
        format!("{} {body}", self.status).trim_end().to_owned()
    }
}

/// Asks; `Err` says in one line why there was no answer.
pub(crate) async fn ask(question: Question<'_>) -> Result<Answer, String> {
    match tokio::time::timeout(question.timeout, exchange(question)).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("no answer within {:?}", question.timeout)),
    }
}

async fn exchange(question: Question<'_>) -> Result<Answer, String> {
    let stream = TcpStream::connect(question.address)
        .await
        .map_err(|error| format!("cannot connect to {}: {error}", question.address))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    let request = Request::get(question.path)
        .header(header::HOST, question.host)
        .header(header::USER_AGENT, "shipway-probe")
        // A site that redirects plain HTTP would answer the probe with a redirect.
        .header("x-forwarded-proto", "https")
        .header(header::CONNECTION, "close")
        .body(Empty::<Bytes>::new())
        .map_err(|error| error.to_string())?;
    let answer = async {
        let response = sender
            .send_request(request)
            .await
            .map_err(|error| format!("no answer: {error}"))?;
        let status = response.status();
        let body = Limited::new(response.into_body(), BODY_LIMIT)
            .collect()
            .await
            .map(|collected| String::from_utf8_lossy(&collected.to_bytes()).into_owned())
            .unwrap_or_default();
        Ok(Answer { status, body })
    };
    let driver = async {
        // How the connection ends is told by the answer's side.
        let _ = connection.await;
        std::future::pending::<()>().await;
    };
    tokio::select! {
        answer = answer => answer,
        () = driver => Err("the connection ended".to_owned()),
    }
}
