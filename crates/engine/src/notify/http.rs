//! Channels that are reached by HTTP: what is asked, and what the answer means.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url};
use serde_json::Value;
use shipway_pipeline::notify::is_loopback;
use shipway_pipeline::notify::retry::{Attempt, Verdict, classify};
use shipway_pipeline::time::Timestamp;

/// Whoever does not take a connection by then is not there.
const CONNECTING: Duration = Duration::from_secs(5);

/// Of an answer, so much is told and the rest is not read.
const ANSWER: usize = 300;

/// What is posted.
pub(super) struct Post {
    pub(super) url: Url,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Vec<u8>,
}

// === impl Post ===

impl Post {
    /// A JSON document for a URL that nobody else may read on its way.
    ///
    /// `is_plain_allowed`: the URL is no secret, and what is sent is signed.
    pub(super) fn new(url: &str, body: &Value, is_plain_allowed: bool) -> Result<Self, String> {
        Ok(Self {
            url: check_url(url, is_plain_allowed)?,
            headers: Vec::new(),
            body: body.to_string().into_bytes(),
        })
    }

    /// With a header.
    pub(super) fn with(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Posts it once.
    pub(super) async fn send(self, client: &Client, now: Timestamp) -> Attempt {
        let mut request = client
            .post(self.url)
            .header(CONTENT_TYPE, "application/json")
            .body(self.body);
        for (name, value) in self.headers {
            request = request.header(name, value);
        }
        match request.send().await {
            Ok(response) => answered(response, now, ANSWER).await.0,
            Err(error) => Attempt {
                verdict: Verdict::Later { after: None },
                // The URL may be the secret.
                told: chain(&error.without_url()),
            },
        }
    }
}

/// A URL that what is sent to is read by nobody else, or may be.
pub(super) fn check_url(url: &str, is_plain_allowed: bool) -> Result<Url, String> {
    let url: Url = url.parse().map_err(|_| "its URL is none".to_owned())?;
    let is_here = url.host_str().is_some_and(is_loopback);
    match url.scheme() {
        "https" => Ok(url),
        "http" if is_plain_allowed || is_here => Ok(url),
        _ => Err("its URL does not begin with `https://`".to_owned()),
    }
}

/// What channels are asked with.
pub(super) fn client() -> Result<Client, String> {
    // Another part of the program may have chosen one already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .connect_timeout(CONNECTING)
        .redirect(reqwest::redirect::Policy::none())
        .user_agent(concat!("shipway/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| chain(&error))
}

/// What an answer means, and its body up to a length.
pub(super) async fn answered(
    mut response: Response,
    now: Timestamp,
    longest: usize,
) -> (Attempt, Vec<u8>) {
    let status = response.status();
    let header = |name: &str| {
        let value = response.headers().get(name)?;
        value.to_str().ok().map(str::to_owned)
    };
    let after = header(RETRY_AFTER.as_str());
    // GitHub says so where others say 429.
    let is_limited = status == StatusCode::FORBIDDEN
        && (after.is_some() || header("x-ratelimit-remaining").as_deref() == Some("0"));
    let code = if is_limited { 429 } else { status.as_u16() };
    let verdict = classify(code, after.as_deref(), now);
    let mut body = Vec::new();
    // An answer that breaks off is one all the same.
    while let Ok(Some(part)) = response.chunk().await {
        body.extend_from_slice(&part);
        if body.len() > longest {
            break;
        }
    }
    body.truncate(longest);
    let text = String::from_utf8_lossy(&body[..body.len().min(ANSWER)]);
    let words: Vec<&str> = text.split_whitespace().collect();
    let told = match words.join(" ") {
        text if text.is_empty() => status.to_string(),
        text => format!("{status}: {text}"),
    };
    (Attempt { verdict, told }, body)
}

/// An error with its causes.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        if !told.contains(&text) {
            told.push_str(": ");
            told.push_str(&text);
        }
        source = cause.source();
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_url_is_not_sent_where_others_can_read_it() {
        let post = |url, is_plain_allowed| Post::new(url, &Value::Null, is_plain_allowed);
        assert!(post("https://hooks.example.org/T0", false).is_ok());
        assert!(post("http://127.0.0.1:8000/T0", false).is_ok());
        assert!(post("http://monitor.example.org/", true).is_ok());
        for other in [
            "http://hooks.example.org/T0",
            "ftp://a/b",
            "hooks.example.org",
        ] {
            let told = post(other, false).err().unwrap();
            assert!(!told.contains("hooks"), "{told}");
        }
    }
}
