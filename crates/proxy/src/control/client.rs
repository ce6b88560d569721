//! The caller's side of the control API.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{Method, Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde::Serialize;
use serde::de::DeserializeOwned;
use shipway_pipeline::route::Route;
use shipway_pipeline::traffic::InFlight;
use tokio::net::UnixStream;

use crate::control::address::Address;
use crate::control::api::{Cut, Deleted, Health, Held, HoldFor, Put, Refusal, Status, Target};

/// How long a call may take. A cut of thousands of connections or a slow disk stay far below.
const PATIENCE: Duration = Duration::from_secs(30);

/// Between two looks whether a proxy has started.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A way to a running proxy. Each call makes a connection of its own, so a client outlives
/// restarts of the proxy.
#[derive(Debug, Clone)]
pub struct Client {
    socket: PathBuf,
}

/// Why a call has no result.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The proxy refused; nothing has changed.
    #[error("the proxy refused")]
    Refused(#[source] Refusal),
    /// No proxy runs there. Nothing has changed.
    #[error("no proxy is running at `{socket}`")]
    NotRunning {
        /// Its control socket.
        socket: PathBuf,
    },
    /// The connection failed; whether the call had its effect is not known. All calls are safe to
    /// repeat.
    #[error("the call to the proxy at `{socket}` failed")]
    Io {
        /// Its control socket.
        socket: PathBuf,
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
            socket: socket.into(),
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
        let give_up = Instant::now() + deadline;
        loop {
            match client.health().await {
                Ok(health) => return Ok((client, health)),
                Err(error) if Instant::now() >= give_up => return Err(error),
                Err(_) => tokio::time::sleep(LOOK_AGAIN).await,
            }
        }
    }

    /// The control socket.
    pub fn socket(&self) -> &Path {
        &self.socket
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

    /// Ends what a drained deployment still has in hand; what that was.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn cut(&self, cut: &Cut) -> Result<InFlight, Error> {
        self.call(Method::POST, "/v1/cut", Some(cut)).await
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

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<T, Error> {
        let (_, body) = self.exchange(method, path, body).await?;
        serde_json::from_slice(&body).map_err(|error| self.failed(error.into()))
    }

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<&impl Serialize>,
    ) -> Result<(StatusCode, Bytes), Error> {
        let stream = self.connect().await?;
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
        let (status, body) = match tokio::time::timeout(PATIENCE, send(stream, request)).await {
            Ok(answer) => answer.map_err(|error| self.failed(io::Error::other(error)))?,
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

    async fn connect(&self) -> Result<UnixStream, Error> {
        let connecting = async {
            let address = Address::of(&self.socket)?;
            UnixStream::connect(address.path()).await
        };
        connecting.await.map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => Error::NotRunning {
                socket: self.socket.clone(),
            },
            _ => self.failed(error),
        })
    }

    fn failed(&self, source: io::Error) -> Error {
        Error::Io {
            socket: self.socket.clone(),
            source,
        }
    }
}

async fn send(
    stream: UnixStream,
    request: Request<Full<Bytes>>,
) -> hyper::Result<(StatusCode, Bytes)> {
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let exchange = async move {
        let response = sender.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        Ok((status, body))
    };
    // The connection ends after the exchange, or with it.
    let (answer, _) = tokio::join!(exchange, connection);
    answer
}
