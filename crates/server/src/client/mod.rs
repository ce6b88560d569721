//! The client of the API, for commands that are about a daemon elsewhere.
//!
//! It sends and reads the very documents that the daemon answers with.

mod address;
mod error;
mod follow;

use std::time::Duration;

use reqwest::{Certificate, Method, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use shipway_engine::status::EnvironmentStatus;
use shipway_pipeline::id::{DeploymentId, RequestId};
use shipway_pipeline::name::EnvironmentName;

pub use crate::api::deployments::{Deployment, Page as Deployments, Recorded};
pub use crate::api::environments::Environment;
pub use crate::api::requests::{
    Consent, Needs, Page as Requests, Refusal, Request, Wanted, Whole, Wish, WishedLane,
};
pub use crate::problem::Problem;
pub use error::ClientError;
pub use follow::{Follow, Told};

use crate::api::health::Health;
use crate::api::requests::Nothing;

/// For a connection to come about.
const CONNECTING: Duration = Duration::from_secs(10);

/// For an answer that is no stream; the daemon gives up on what takes it longer than half a minute.
const ANSWERING: Duration = Duration::from_secs(40);

/// A client of one daemon.
pub struct Client {
    http: reqwest::Client,
    server: String,
    token: String,
}

// === impl Client ===

impl Client {
    /// Finds the daemon at this address, and makes sure that both mean the same by what they say.
    /// It is believed by the authorities of the machine, or by those in this PEM text alone.
    ///
    /// # Errors
    /// The address or the authority is none, nobody answers, or the daemon is another version.
    pub async fn connect(
        server: &str,
        token: String,
        authority: Option<&[u8]>,
    ) -> Result<Self, ClientError> {
        let server = address::check(server)?;
        // One that was installed before is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut http = reqwest::Client::builder()
            .connect_timeout(CONNECTING)
            .redirect(reqwest::redirect::Policy::none());
        if server.starts_with("http:") {
            // A proxy would be told the token.
            http = http.no_proxy();
        }
        if let Some(pem) = authority {
            http = http.tls_certs_only(authorities(pem)?);
        }
        let client = Self {
            http: http
                .build()
                .map_err(|error| ClientError::unreachable(&server, &error))?,
            server,
            token,
        };
        let health: Health = client.get("/healthz").await?;
        let ours = env!("CARGO_PKG_VERSION");
        if health.version == ours {
            Ok(client)
        } else {
            Err(ClientError::Version {
                server: client.server,
                theirs: health.version,
                ours: ours.to_owned(),
            })
        }
    }

    /// What is live in an environment, and what it asks for.
    ///
    /// # Errors
    /// The daemon refuses, or does not answer.
    pub async fn environment(&self, name: &EnvironmentName) -> Result<Environment, ClientError> {
        let path = format!("/v1/environments/{}", escaped(name));
        self.get(&path).await
    }

    /// What runs at this moment.
    ///
    /// # Errors
    /// The daemon refuses, or does not answer.
    pub async fn status(
        &self,
        environment: Option<&EnvironmentName>,
    ) -> Result<Vec<EnvironmentStatus>, ClientError> {
        let only = environment.map(|name| format!("?environment={}", escaped(name)));
        self.get(&format!("/v1/status{}", only.unwrap_or_default()))
            .await
    }

    /// A page of deployments, the newest first, with their records.
    ///
    /// # Errors
    /// The daemon refuses, or does not answer.
    pub async fn deployments(
        &self,
        environment: Option<&EnvironmentName>,
        limit: usize,
    ) -> Result<Deployments, ClientError> {
        let mut path = format!("/v1/deployments?records=true&limit={limit}");
        if let Some(name) = environment {
            path.push_str(&format!("&environment={}", escaped(name)));
        }
        self.get(&path).await
    }

    /// A deployment as it is recorded.
    ///
    /// # Errors
    /// The daemon refuses, or does not answer.
    pub async fn deployment(&self, id: DeploymentId) -> Result<Recorded, ClientError> {
        self.get(&format!("/v1/deployments/{id}/record")).await
    }

    /// A page of requests, the newest first, with their records.
    ///
    /// # Errors
    /// The daemon refuses, or does not answer.
    pub async fn requests(
        &self,
        environment: Option<&EnvironmentName>,
        is_open: bool,
        before: Option<RequestId>,
        limit: usize,
    ) -> Result<Requests, ClientError> {
        let mut path = format!("/v1/requests?records=true&limit={limit}&open={is_open}");
        if let Some(name) = environment {
            path.push_str(&format!("&environment={}", escaped(name)));
        }
        if let Some(before) = before {
            path.push_str(&format!("&before={before}"));
        }
        self.get(&path).await
    }

    /// Everything about a request.
    ///
    /// # Errors
    /// The daemon refuses, or does not answer.
    pub async fn request(&self, id: RequestId) -> Result<Whole, ClientError> {
        self.get(&format!("/v1/requests/{id}/record")).await
    }

    /// Asks for a deployment.
    ///
    /// # Errors
    /// The daemon refuses, or does not answer.
    pub async fn ask(&self, wish: &Wish) -> Result<Request, ClientError> {
        self.post("/v1/requests", wish).await
    }

    /// Consents to what a request would do.
    ///
    /// # Errors
    /// The daemon refuses, or does not answer.
    pub async fn approve(&self, id: RequestId, consent: &Consent) -> Result<Request, ClientError> {
        self.post(&format!("/v1/requests/{id}/approve"), consent)
            .await
    }

    /// Refuses what a request would do.
    ///
    /// # Errors
    /// The daemon refuses, or does not answer.
    pub async fn reject(&self, id: RequestId, refusal: &Refusal) -> Result<Request, ClientError> {
        self.post(&format!("/v1/requests/{id}/reject"), refusal)
            .await
    }

    /// Takes a request back.
    ///
    /// # Errors
    /// The daemon refuses, or does not answer.
    pub async fn cancel(&self, id: RequestId) -> Result<Request, ClientError> {
        self.post(&format!("/v1/requests/{id}/cancel"), &Nothing {})
            .await
    }

    /// Follows a request until it is over, or waits for people.
    pub fn follow(&self, id: RequestId) -> Follow<'_> {
        Follow::new(self, id)
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        let request = self.call(Method::GET, path).timeout(ANSWERING);
        self.read(self.send(request).await?).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<T, ClientError> {
        let body = serde_json::to_vec(body).map_err(|error| self.garbled(error))?;
        let request = self.call(Method::POST, path).timeout(ANSWERING);
        let request = request
            .header("content-type", "application/json")
            .body(body);
        self.read(self.send(request).await?).await
    }

    fn call(&self, method: Method, path: &str) -> RequestBuilder {
        let address = format!("{}{path}", self.server);
        self.http.request(method, address).bearer_auth(&self.token)
    }

    /// Sends a call; what the daemon refuses is an error.
    async fn send(&self, request: RequestBuilder) -> Result<Response, ClientError> {
        let answer = request.send().await;
        let answer = answer.map_err(|error| ClientError::unreachable(&self.server, &error))?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let body = answer.bytes().await.unwrap_or_default();
        Err(match serde_json::from_slice(&body) {
            Ok(problem) => ClientError::Refused(problem),
            Err(_) => ClientError::Garbled {
                server: self.server.clone(),
                reason: format!("it answers with status {status}, and is no Shipway daemon"),
            },
        })
    }

    async fn read<T: DeserializeOwned>(&self, answer: Response) -> Result<T, ClientError> {
        let body = answer.bytes().await;
        let body = body.map_err(|error| ClientError::unreachable(&self.server, &error))?;
        serde_json::from_slice(&body).map_err(|error| self.garbled(error))
    }

    fn garbled(&self, error: serde_json::Error) -> ClientError {
        ClientError::Garbled {
            server: self.server.clone(),
            reason: error.to_string(),
        }
    }
}

fn authorities(pem: &[u8]) -> Result<Vec<Certificate>, ClientError> {
    let all = Certificate::from_pem_bundle(pem);
    let all = all.map_err(|error| ClientError::Authority(error.to_string()))?;
    if all.is_empty() {
        return Err(ClientError::Authority("the file holds none".to_owned()));
    }
    Ok(all)
}

/// A name has one letter that means something in an address.
fn escaped(name: &EnvironmentName) -> String {
    name.as_str().replace('/', "%2F")
}
