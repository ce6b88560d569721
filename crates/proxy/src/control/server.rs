//! The proxy's side of the control API.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::rc::Rc;
use std::time::Instant;

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Mutex, Notify};

use crate::control::api::{Health, Probed, Refusal};
use crate::control::certificate::CheckTls;
use crate::control::metrics;
use crate::probe;
use crate::registry::Registry;
use crate::tls;

/// A route with ten thousand instances fits in.
const LARGEST_BODY: usize = 4 << 20;

/// Answers the control API.
#[derive(Debug)]
pub(crate) struct Server {
    registry: Mutex<Registry>,
    workers: usize,
    started: Instant,
    shutdown: Notify,
}

type Answer = Response<Full<Bytes>>;

// === impl Server ===

impl Server {
    pub(crate) fn new(registry: Registry, workers: usize) -> Rc<Self> {
        Rc::new(Self {
            registry: Mutex::new(registry),
            workers,
            started: Instant::now(),
            shutdown: Notify::new(),
        })
    }

    /// Takes calls for as long as it is polled.
    pub(crate) async fn listen(self: &Rc<Self>, listener: &UnixListener) -> io::Error {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    tokio::task::spawn_local(serve(Rc::clone(self), stream));
                }
                Err(error) => return error,
            }
        }
    }

    /// Waits until somebody asks for the end.
    pub(crate) fn wanted_down(&self) -> impl Future<Output = ()> {
        self.shutdown.notified()
    }

    /// Tries again what could not be bound.
    pub(crate) async fn bind_missing(&self) {
        self.registry.lock().await.bind_missing().await;
    }

    /// Reads certificates that have changed.
    pub(crate) async fn reload_changed(&self) {
        self.registry.lock().await.reload_changed();
    }

    /// Lets all waiting requests go.
    pub(crate) async fn resume_all(&self) {
        self.registry.lock().await.resume_all();
    }

    async fn answer(&self, parts: Parts, body: &[u8]) -> Result<Answer, Refusal> {
        let path = parts.uri.path();
        if (&parts.method, path) == (&Method::POST, "/v1/probe") {
            // An instance may take its time, and others must not wait for it.
            return json(&match probe::ask(&read(body)?).await {
                Ok(answer) => Probed::Answered(answer),
                Err(reason) => Probed::Silent(reason),
            });
        }
        let mut registry = self.registry.lock().await;
        match (&parts.method, path) {
            (&Method::PUT, "/v1/route") => json(&registry.put(read(body)?).await?),
            (&Method::DELETE, "/v1/route") => json(&registry.delete(&read(body)?).await?),
            (&Method::GET, "/v1/routes") => json(registry.routes()),
            (&Method::GET, "/v1/status") => json(&registry.status()),
            (&Method::POST, "/v1/hold") => json(&registry.hold(&read(body)?)?),
            (&Method::POST, "/v1/resume") => json(&registry.resume(&read(body)?)?),
            (&Method::POST, "/v1/cut") => json(&registry.cut(&read(body)?).await?),
            (&Method::POST, "/v1/listen") => json(&registry.try_listen(&read(body)?)?),
            (&Method::POST, "/v1/certificate") => {
                let CheckTls { tls, hosts } = read(body)?;
                let checked = tls::check_certificate(&tls, &hosts);
                json(&checked.map_err(|reason| Refusal::Certificate { reason })?)
            }
            (&Method::POST, "/v1/reload") => json(&registry.reload()),
            (&Method::GET, "/v1/health") => json(&self.health(&registry)),
            (&Method::GET, "/v1/metrics" | "/metrics") => Ok(text(metrics::render(&registry))),
            (&Method::POST, "/v1/shutdown") => {
                self.shutdown.notify_one();
                json(&())
            }
            _ => Err(Refusal::Invalid {
                reason: format!("there is no call `{} {path}`", parts.method),
            }),
        }
    }

    fn health(&self, registry: &Registry) -> Health {
        Health {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: std::process::id(),
            uptime_milliseconds: self.started.elapsed().as_millis() as u64,
            workers: self.workers,
            listening: registry.listening(),
            unbound: registry.unbound(),
        }
    }
}

async fn serve(server: Rc<Server>, stream: UnixStream) {
    let service = hyper::service::service_fn(move |request| {
        let server = Rc::clone(&server);
        async move {
            let answer = call(server, request).await.or_else(|refusal| {
                let mut answer = json(&refusal)?;
                *answer.status_mut() = refusal.status();
                Ok::<_, Refusal>(answer)
            });
            Ok::<_, Infallible>(answer.unwrap_or_else(|_| broken()))
        }
    });
    let served = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .serve_connection(TokioIo::new(stream), service);
    if let Err(error) = served.await {
        tracing::debug!(%error, "a control connection broke");
    }
}

/// Reads a call whole, then carries it out to its end, even if the caller leaves meanwhile.
async fn call(server: Rc<Server>, request: Request<Incoming>) -> Result<Answer, Refusal> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, LARGEST_BODY).collect().await;
    let body = body
        .map_err(|error| Refusal::Invalid {
            reason: format!("the body could not be read: {error}"),
        })?
        .to_bytes();
    let carried_out =
        tokio::task::spawn_local(async move { server.answer(parts, &body).await }).await;
    carried_out.unwrap_or_else(|error| {
        Err(Refusal::State {
            reason: format!("the call broke off: {error}"),
        })
    })
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::Invalid {
        reason: format!("the body could not be understood: {error}"),
    })
}

fn broken() -> Answer {
    let mut answer = Answer::default();
    *answer.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
    answer
}

fn json(value: &(impl Serialize + ?Sized)) -> Result<Answer, Refusal> {
    let bytes = serde_json::to_vec(value).map_err(|error| Refusal::State {
        reason: format!("the answer could not be written: {error}"),
    })?;
    Ok(typed("application/json", bytes.into()))
}

fn text(text: String) -> Answer {
    typed("text/plain; version=0.0.4", text.into())
}

fn typed(kind: &'static str, bytes: Bytes) -> Answer {
    let mut answer = Response::new(Full::new(bytes));
    let kind = http::HeaderValue::from_static(kind);
    answer.headers_mut().insert(header::CONTENT_TYPE, kind);
    answer
}
