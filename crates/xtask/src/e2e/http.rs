//! One request, one answer.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

const WAITING: Duration = Duration::from_secs(10);

/// A server as the proxy in front of it asks it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Server {
    pub(super) address: SocketAddr,
    /// The name that people call it by.
    pub(super) host: &'static str,
}

/// What it answered.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

// === impl Server ===

impl Server {
    pub(super) fn get(&self, path: &str) -> Result<Answer> {
        self.send("GET", path, None)
    }

    pub(super) fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.send("POST", path, Some(&body.to_string()))
    }

    fn send(&self, method: &str, path: &str, body: Option<&str>) -> Result<Answer> {
        let ask = || -> Result<Answer> {
            let mut stream = TcpStream::connect_timeout(&self.address, WAITING)?;
            stream.set_read_timeout(Some(WAITING))?;
            stream.write_all(render(method, path, self.host, body).as_bytes())?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer)?;
            parse(&answer)
        };
        ask().with_context(|| format!("{method} http://{}{path}", self.address))
    }
}

// === impl Answer ===

impl Answer {
    /// Its JSON, if it has the status that it should have.
    pub(super) fn json(&self, status: u16) -> Result<Value> {
        ensure!(
            self.status == status,
            "{} instead of {status}: {}",
            self.status,
            self.body
        );
        serde_json::from_str(&self.body).with_context(|| format!("no JSON: {}", self.body))
    }
}

/// The older version, in which an answer ends with its connection.
fn render(method: &str, path: &str, host: &str, body: Option<&str>) -> String {
    let body = body.map_or_else(String::new, |body| {
        format!(
            "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        )
    });
    let head = format!("{method} {path} HTTP/1.0\r\nHost: {host}\r\nX-Forwarded-Proto: https\r\n");
    if body.is_empty() {
        return format!("{head}\r\n");
    }
    format!("{head}{body}")
}

fn parse(text: &str) -> Result<Answer> {
    let (head, body) = text.split_once("\r\n\r\n").context("no whole answer")?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .with_context(|| format!("no status in {head:?}"))?;
    Ok(Answer {
        status,
        body: body.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_what_a_proxy_that_ends_tls_sends() {
        assert_eq!(
            render("GET", "/health/", "shop.example", None),
            "GET /health/ HTTP/1.0\r\nHost: shop.example\r\nX-Forwarded-Proto: https\r\n\r\n"
        );
        let post = render("POST", "/", "shop.example", Some("{}"));
        assert!(post.ends_with("Content-Length: 2\r\n\r\n{}"), "{post}");
    }

    #[test]
    fn an_answer_of_another_status_tells_what_it_said() {
        let answer = parse("HTTP/1.1 503 No\r\nA: b\r\n\r\n{\"status\": \"degraded\"}").unwrap();
        let error = answer.json(200).unwrap_err().to_string();
        assert_eq!(error, "503 instead of 200: {\"status\": \"degraded\"}");
        assert_eq!(answer.json(503).unwrap()["status"], "degraded");
        assert!(parse("HTTP/1.1 200 OK\r\n").is_err());
    }
}
