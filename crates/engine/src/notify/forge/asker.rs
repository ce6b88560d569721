//! Asks an API of JSON documents.

use reqwest::{Client, Method, Url};
use serde_json::Value;
use shipway_pipeline::notify::retry::{Attempt, Verdict};
use shipway_pipeline::notify::{Forge, ForgeKind};
use shipway_pipeline::time::Timestamp;

use crate::notify::http;

/// A list of deployments is far below.
const LONGEST: usize = 4 << 20;

/// Whom the API is asked for, and what with.
pub(super) struct Asker<'a> {
    client: &'a Client,
    forge: &'a Forge,
    token: &'a str,
    now: Timestamp,
}

/// An answer, or what is to be made of there being none.
pub(super) type Answer = Result<Value, Attempt>;

// === impl Asker ===

impl<'a> Asker<'a> {
    pub(super) fn try_new(
        client: &'a Client,
        forge: &'a Forge,
        token: &'a str,
        now: Timestamp,
    ) -> Result<Self, String> {
        // The token goes along with each call.
        http::check_url(&forge.api, false)?;
        Ok(Self {
            client,
            forge,
            token,
            now,
        })
    }

    pub(super) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Answer {
        self.ask(Method::GET, path, query, None).await
    }

    pub(super) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.ask(Method::POST, path, &[], Some(body)).await
    }

    pub(super) async fn put(&self, path: &str, body: &Value) -> Answer {
        self.ask(Method::PUT, path, &[], Some(body)).await
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let refused = |told: String| Attempt {
            verdict: Verdict::Refused,
            told,
        };
        let url = format!("{}/{path}", self.forge.api.trim_end_matches('/'));
        let url = Url::parse_with_params(&url, query);
        let mut url = url.map_err(|_| refused("the `api` of the forge is no URL".to_owned()))?;
        if query.is_empty() {
            url.set_query(None);
        }
        let mut request = self.client.request(method, url);
        request = match self.forge.forge {
            ForgeKind::GitHub => request
                .bearer_auth(self.token)
                .header("accept", "application/vnd.github+json")
                .header("x-github-api-version", "2022-11-28"),
            ForgeKind::GitLab => request.header("private-token", self.token),
        };
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let response = request.send().await.map_err(|error| Attempt {
            verdict: Verdict::Later { after: None },
            told: http::chain(&error.without_url()),
        })?;
        let (attempt, body) = http::answered(response, self.now, LONGEST).await;
        if attempt.verdict != Verdict::Accepted {
            return Err(attempt);
        }
        serde_json::from_slice(&body)
            .map_err(|_| refused("the forge answered with something else than JSON".to_owned()))
    }
}
