//! The caller's side of the control API.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::Full;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shipway_pipeline::route::Route;
use shipway_pipeline::traffic::InFlight;

use crate::control::api::{
    Cut, Deleted, HandOver, HandedOver, Health, Held, HoldFor, Listen, Probed, Put, Refusal,
    Status, Target,
};
use crate::control::certificate::{CheckTls, Reloaded};
use crate::control::dial::Dial;
use crate::control::maintenance::{Maintain, Maintained};
use crate::control::way::Way;
use crate::probe::Question;

/// How long a call may take. A cut of thousands of connections or a slow disk stay far below.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long a hand-over may take: the new process may be silent for 20 s three times.
const HAND_OVER: Duration = Duration::from_secs(90);

/// Between two looks whether a proxy has started.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A way to a running proxy. A client outlives restarts of the proxy.
#[derive(Debug, Clone)]
pub struct Client {
    way: Way,
}

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The proxy refused; nothing has changed.
    #[error("the proxy refused")]
    Refused(#[source] Refusal),
    /// No proxy runs there. Nothing has changed.
    #[error("no proxy is running at `{place}`")]
    NotRunning {
        /// Its control socket, or what people call the place.
        place: String,
    },
    /// The connection failed; whether the call had its effect is not known. All calls are safe to
    /// repeat.
    #[error("the call to the proxy at `{place}` failed")]
    Io {
        /// Its control socket, or what people call the place.
        place: String,
        /// What went wrong.
        #[source]
        source: io::Error,
    },
}

// === impl Client ===

impl Client {
    /// A client of the proxy whose control socket is at `socket`. It need not run yet.
    pub fn new(socket: impl Into<PathBuf>) -> Self {
        Self {
            way: Way::socket(socket.into()),
        }
    }

    /// A client of a proxy that is reached by a way of its own, such as one on another host.
    pub fn dialling(dial: Arc<dyn Dial>) -> Self {
        Self {
            way: Way::dialled(dial),
        }
    }

    /// Waits until a proxy answers at `socket`, for `deadline` at most.
    ///
    /// # Errors
    /// None answered in time: the last attempt's error.
    pub async fn wait_ready(
        socket: impl AsRef<Path>,
        deadline: Duration,
    ) -> Result<(Self, Health), Error> {
        let client = Self::new(socket.as_ref());
        let health = client.ready(deadline).await?;
        Ok((client, health))
    }

    /// Waits until the proxy answers, for `deadline` at most.
    ///
    /// # Errors
    /// It did not answer in time: the last attempt's error.
    pub async fn ready(&self, deadline: Duration) -> Result<Health, Error> {
        let give_up = Instant::now() + deadline;
        loop {
            match self.health().await {
                Ok(health) => return Ok(health),
                Err(error) if Instant::now() >= give_up => return Err(error),
                Err(_) => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    }

    /// Puts a route in place of the present one. When this returns, the route is on disk and no
    /// new request is claimed by the one before.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn put_route(&self, route: &Route) -> Result<Put, Error> {
        self.call(Method::PUT, "/v1/route", Some(route)).await
    }

    /// Removes a route; its address is left if no other route has it.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn delete_route(&self, target: &Target) -> Result<Deleted, Error> {
        self.call(Method::DELETE, "/v1/route", Some(target)).await
    }

    /// All routes.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn routes(&self) -> Result<Vec<Route>, Error> {
        self.get("/v1/routes").await
    }

    /// What happens on the routes.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn status(&self) -> Result<Status, Error> {
        self.get("/v1/status").await
    }

    /// Lets new requests of a route wait until it is resumed, or the time is over.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn hold(&self, hold: &HoldFor) -> Result<Held, Error> {
        self.call(Method::POST, "/v1/hold", Some(hold)).await
    }

    /// Lets the waiting requests of a route go to its present backends.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn resume(&self, target: &Target) -> Result<Held, Error> {
        self.call(Method::POST, "/v1/resume", Some(target)).await
    }

    /// Closes a route for maintenance, or opens it again. When this returns, it is on disk and no
    /// new request sees what was before.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn maintain(&self, maintain: &Maintain) -> Result<Maintained, Error> {
        self.call(Method::POST, "/v1/maintenance", Some(maintain))
            .await
    }

    /// Ends what a drained deployment still has in hand; what that was.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn cut(&self, cut: &Cut) -> Result<InFlight, Error> {
        self.call(Method::POST, "/v1/cut", Some(cut)).await
    }

    /// Asks an instance, from where the proxy is.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn probe(&self, question: &Question) -> Result<Probed, Error> {
        let patience = PATIENCE + question.timeout;
        self.call_within(patience, Method::POST, "/v1/probe", Some(question))
            .await
    }

    /// Asks whether the proxy could listen on an address.
    ///
    /// # Errors
    /// See [`Error`]; that it could not is a refusal.
    pub async fn try_listen(&self, listen: &Listen) -> Result<(), Error> {
        self.call(Method::POST, "/v1/listen", Some(listen)).await
    }

    /// Asks whether the proxy could use a certificate.
    ///
    /// # Errors
    /// See [`Error`]; that it could not is a refusal.
    pub async fn check_tls(&self, check: &CheckTls) -> Result<(), Error> {
        self.call(Method::POST, "/v1/certificate", Some(check))
            .await
    }

    /// Reads the certificates that have changed on the disk, without waiting for the next look.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn reload(&self) -> Result<Vec<Reloaded>, Error> {
        self.call(Method::POST, "/v1/reload", None::<&()>).await
    }

    /// Lets a new process take over, which is started from a program. When this returns, the new
    /// one answers, and the old one finishes what it has in hand.
    ///
    /// # Errors
    /// See [`Error`]; that none took over is a refusal, and the present process goes on.
    pub async fn hand_over(&self, wish: &HandOver) -> Result<HandedOver, Error> {
        let call = self.call_within(HAND_OVER, Method::POST, "/v1/hand-over", Some(wish));
        call.await
    }

    /// That the proxy runs, and how.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn health(&self) -> Result<Health, Error> {
        self.get("/v1/health").await
    }

    /// All counts in Prometheus' text format.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn metrics(&self) -> Result<String, Error> {
        let (_, body) = self
            .exchange(Method::GET, "/v1/metrics", None::<&()>)
            .await?;
        String::from_utf8(body.to_vec()).map_err(|error| self.failed(io::Error::other(error)))
    }

    /// Asks the proxy to finish what it has in hand and to end.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn shutdown(&self) -> Result<(), Error> {
        self.exchange(Method::POST, "/v1/shutdown", None::<&()>)
            .await
            .map(|_| ())
    }

    async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.call(Method::GET, path, None::<&()>).await
    }

    pub(super) async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, Error> {
        self.call_within(PATIENCE, method, path, body).await
    }

    async fn call_within<T: DeserializeOwned>(
        &self,
        patience: Duration,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, Error> {
        let (_, body) = self.exchange_within(patience, method, path, body).await?;
        serde_json::from_slice(&body).map_err(|error| self.failed(error.into()))
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<(StatusCode, Bytes), Error> {
        self.exchange_within(PATIENCE, method, path, body).await
    }

    async fn exchange_within(
        &self,
        patience: Duration,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<(StatusCode, Bytes), Error> {
        let body = body
            .map(serde_json::to_vec)
            .transpose()
            .map_err(|error| self.failed(error.into()))?
            .unwrap_or_default();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(http::header::HOST, "proxy")
            .body(Full::new(Bytes::from(body)))
            .map_err(|error| self.failed(io::Error::other(error)))?;
        let (status, body) = match tokio::time::timeout(patience, self.way.send(request)).await {
            Ok(answer) => answer.map_err(|error| self.not_sent(error))?,
            Err(_elapsed) => return Err(self.failed(io::ErrorKind::TimedOut.into())),
        };
        if status.is_success() {
            return Ok((status, body));
        }
        match serde_json::from_slice(&body) {
            Ok(refusal) => Err(Error::Refused(refusal)),
            Err(_) => {
                let text = String::from_utf8_lossy(&body);
                let error = io::Error::other(format!("status {status}: {text}"));
                Err(self.failed(error))
            }
        }
    }

    fn not_sent(&self, error: io::Error) -> Error {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Error::NotRunning {
                place: self.way.place(),
            },
            _ => self.failed(error),
        }
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::Io {
            place: self.way.place(),
            source,
        }
    }
}
