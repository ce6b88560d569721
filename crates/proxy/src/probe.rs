//! Asks an instance for its health, from outside, as the proxy would reach it.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::client::conn::http1;
use hyper::{Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize};
use tokio::net::TcpStream;

/// More of an answer than this is not evidence but noise.
const BODY_LIMIT: usize = 16 * 1024;
/// What of a body is shown.
const SHOWN: usize = 300;

/// What an instance answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The beginning of the body.
    pub body: String,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// Whom it goes to.
    pub address: SocketAddr,
    /// What is asked for.
    pub path: String,
    /// The `Host` header.
    pub host: String,
    /// For the answer.
    pub timeout: Duration,
}

impl Answer {
    /// Whether it says that the instance is healthy: any 2xx.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether it says that there is such a page: any 2xx or 3xx.
    #[must_use]
    pub fn is_page(&self) -> bool {
        (200..400).contains(&self.status)
    }

    /// The status in words.
    #[must_use]
    pub fn status_text(&self) -> String {
        let status = StatusCode::from_u16(self.status);
        status.map_or_else(|_| self.status.to_string(), |status| status.to_string())
    }

    /// The answer in one line of evidence.
    #[must_use]
    pub fn describe(&self) -> String {
        let body: String = self
            .body
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ")
            .chars()
            .take(SHOWN)
            .collect();
        format!("{} {body}", self.status_text())
            .trim_end()
            .to_owned()
    }
}

/// Asks.
///
/// # Errors
/// There was no answer; says in one line why.
pub async fn ask(question: &Question) -> Result<Answer, String> {
    match tokio::time::timeout(question.timeout, exchange(question)).await {
        Ok(answer) => answer,
        Err(_) => Err(format!("no answer within {:?}", question.timeout)),
    }
}

async fn exchange(question: &Question) -> Result<Answer, String> {
    let stream = TcpStream::connect(question.address)
        .await
        .map_err(|error| format!("cannot connect to {}: {error}", question.address))?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(|error| error.to_string())?;
    let request = Request::get(&question.path)
        .header(header::HOST, &question.host)
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
        let status = response.status().as_u16();
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
