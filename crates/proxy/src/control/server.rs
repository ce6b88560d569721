//! The proxy's side of the control API.

use std::convert::Infallible;
use std::ffi::OsString;
use std::future::Future;
use std::io;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::request::Parts;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Mutex, MutexGuard, Notify};

use crate::control::api::{Health, Probed, Refusal};
use crate::control::callers::Callers;
use crate::control::certificate::CheckTls;
use crate::control::handing::Handing;
use crate::control::{metrics, relay};
use crate::files::{self, PAUSE};
use crate::handover::Keys;
use crate::options::{Options, Paths};
use crate::probe;
use crate::registry::Registry;
use crate::tls;

/// A route with ten thousand instances fits in.
const LARGEST_BODY: usize = 4 << 20;

/// Answers the control API.
#[derive(Debug)]
pub(crate) struct Server {
    pub(super) registry: Mutex<Registry>,
    pub(super) paths: Paths,
    /// How this program is started once more.
    pub(super) arguments: Vec<OsString>,
    /// How long a process that takes over may be silent.
    pub(super) patience: Duration,
    workers: usize,
    started: Instant,
    shutdown: Notify,
    callers: Callers,
    pub(super) handing: Handing,
}

/// The way by which a call came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    /// The control socket.
    Everybody,
    /// An elder's socket, for the process that took over.
    Successor,
}

type Answer = Response<Full<Bytes>>;

// === impl Server ===

impl Server {
    pub(crate) fn new(options: &Options, registry: Registry, keys: Keys) -> Rc<Self> {
        Rc::new(Self {
            registry: Mutex::new(registry),
            paths: options.paths(),
            arguments: options.arguments.clone(),
            patience: options.limits.take_over,
            workers: options.worker_count(),
            started: Instant::now(),
            shutdown: Notify::new(),
            callers: Callers::default(),
            handing: Handing::new(keys),
        })
    }

    /// Takes calls for as long as it is polled.
    pub(crate) async fn listen(self: &Rc<Self>, listener: &UnixListener, door: Door) -> io::Error {
        loop {
            match listener.accept().await {
                Ok((stream, _)) => {
                    tokio::task::spawn_local(serve(Rc::clone(self), door, stream));
                }
                Err(error) if files::are_out(&error) => {
                    tracing::debug!(%error, "no call could be taken");
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error) => return error,
            }
        }
    }

    /// Waits until somebody asks for the end.
    pub(crate) fn wanted_down(&self) -> impl Future<Output = ()> {
        self.shutdown.notified()
    }

    /// Waits until nobody is connected to call.
    pub(crate) async fn callers_are_gone(&self) {
        self.callers.are_gone().await;
    }

    /// Tries again what could not be bound.
    pub(crate) async fn bind_missing(&self) {
        self.registry.lock().await.bind_missing().await;
    }

    /// Reads certificates that have changed.
    pub(crate) async fn reload_changed(&self) {
        self.registry.lock().await.reload_changed();
    }

    /// Serves certificates that were issued, and asks for those that are due.
    pub(crate) async fn keep_certificates(&self) {
        self.registry.lock().await.keep_certificates();
    }

    /// Reads certificates that have changed, and opens the access log anew.
    pub(crate) async fn reload(&self) {
        self.registry.lock().await.reload();
    }

    /// Lets all waiting requests go.
    pub(crate) async fn resume_all(&self) {
        self.registry.lock().await.resume_all();
    }

    /// Asks the processes that finish what they have in hand how they are.
    pub(crate) async fn look_at_elders(&self) {
        self.registry.lock().await.look_at_elders().await;
    }

    /// Lets go of all addresses, so that they are free as soon as the workers leave them.
    pub(crate) async fn leave_everywhere(&self) {
        self.registry.lock().await.leave_everywhere();
    }

    /// Asks them to end.
    pub(crate) async fn end_elders(&self) {
        self.registry.lock().await.end_elders().await;
    }

    async fn answer(
        self: &Rc<Self>,
        door: Door,
        parts: Parts,
        body: Bytes,
    ) -> Result<Answer, Refusal> {
        let path = parts.uri.path();
        match (door, &parts.method, path) {
            (Door::Successor, ..) => return self.answer_successor(&parts, &body).await,
            (Door::Everybody, &Method::POST, "/v1/probe") => {
                // An instance may take its time, and others must not wait for it.
                return json(&match probe::ask(&read(&body)?).await {
                    Ok(answer) => Probed::Answered(answer),
                    Err(reason) => Probed::Silent(reason),
                });
            }
            (Door::Everybody, &Method::POST, "/v1/hand-over") if !self.has_handed_over() => {
                return json(&self.hand_over(read(&body)?).await?);
            }
            (Door::Everybody, ..) => {}
        }
        let registry = self.registry.lock().await;
        if self.has_handed_over() {
            drop(registry);
            return relay::relay(&self.paths, &parts, body).await;
        }
        self.answer_everybody(registry, &parts, &body).await
    }

    async fn answer_everybody(
        &self,
        mut registry: MutexGuard<'_, Registry>,
        parts: &Parts,
        body: &[u8],
    ) -> Result<Answer, Refusal> {
        match (&parts.method, parts.uri.path()) {
            (&Method::PUT, "/v1/route") => json(&registry.put(read(body)?).await?),
            (&Method::DELETE, "/v1/route") => json(&registry.delete(&read(body)?).await?),
            (&Method::GET, "/v1/routes") => json(registry.routes()),
            (&Method::GET, "/v1/status") => {
                registry.look_at_elders().await;
                json(&registry.status())
            }
            (&Method::POST, "/v1/hold") => json(&registry.hold(&read(body)?).await?),
            (&Method::POST, "/v1/resume") => json(&registry.resume(&read(body)?).await?),
            (&Method::POST, "/v1/maintenance") => json(&registry.maintain(read(body)?).await?),
            (&Method::POST, "/v1/cut") => json(&registry.cut(&read(body)?).await?),
            (&Method::POST, "/v1/listen") => json(&registry.try_listen(&read(body)?)?),
            (&Method::POST, "/v1/certificate") => {
                let CheckTls { tls, hosts } = read(body)?;
                let checked = tls::check_certificate(&tls, &hosts);
                json(&checked.map_err(|reason| Refusal::Certificate { reason })?)
            }
            (&Method::POST, "/v1/reload") => json(&registry.reload()),
            (&Method::GET, "/v1/health") => json(&self.health(&registry)),
            (&Method::GET, "/v1/metrics" | "/metrics") => {
                registry.look_at_elders().await;
                Ok(text(metrics::render(&registry)))
            }
            (&Method::POST, "/v1/shutdown") => self.end(),
            _ => Err(no_such_call(parts)),
        }
    }

    /// What the process that took over asks of an elder.
    async fn answer_successor(&self, parts: &Parts, body: &[u8]) -> Result<Answer, Refusal> {
        let mut registry = self.registry.lock().await;
        match (&parts.method, parts.uri.path()) {
            (&Method::PUT, "/v1/follow") => {
                registry.follow(read(body)?).await;
                json(&())
            }
            (&Method::GET, "/v1/part") => json(&registry.part(self.handing.is_over()).await),
            (&Method::POST, "/v1/hold") => json(&registry.hold(&read(body)?).await?),
            (&Method::POST, "/v1/resume") => json(&registry.resume(&read(body)?).await?),
            (&Method::POST, "/v1/cut") => json(&registry.cut(&read(body)?).await?),
            (&Method::POST, "/v1/shutdown") => self.end(),
            _ => Err(no_such_call(parts)),
        }
    }

    fn end(&self) -> Result<Answer, Refusal> {
        self.shutdown.notify_one();
        json(&())
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

fn no_such_call(parts: &Parts) -> Refusal {
    Refusal::Invalid {
        reason: format!("there is no call `{} {}`", parts.method, parts.uri.path()),
    }
}

async fn serve(server: Rc<Server>, door: Door, stream: UnixStream) {
    let called = Rc::clone(&server);
    let _caller = called.callers.connect();
    let service = hyper::service::service_fn(move |request| {
        let server = Rc::clone(&server);
        async move {
            let answer = call(server, door, request).await.or_else(|refusal| {
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
async fn call(
    server: Rc<Server>,
    door: Door,
    request: Request<Incoming>,
) -> Result<Answer, Refusal> {
    let (parts, body) = request.into_parts();
    let body = Limited::new(body, LARGEST_BODY).collect().await;
    let body = body
        .map_err(|error| Refusal::Invalid {
            reason: format!("the body could not be read: {error}"),
        })?
        .to_bytes();
    let carried_out =
        tokio::task::spawn_local(async move { server.answer(door, parts, body).await }).await;
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
