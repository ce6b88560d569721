//! How a client's calls get to the control socket.
//!
//! Over the socket itself each call makes a connection of its own. A way to another host costs a
//! command over there for each connection, so these are kept for the calls that follow.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use tokio::net::UnixStream;

use crate::control::address::Address;
use crate::control::dial::Dial;

type Call = Request<Full<Bytes>>;
type Answer = (StatusCode, Bytes);

/// How calls get to a control socket.
#[derive(Debug, Clone)]
pub(super) enum Way {
    Socket(PathBuf),
    Dialled(Arc<Dialled>),
}

/// A way that keeps its connections.
#[derive(Debug)]
pub(super) struct Dialled {
    dial: Arc<dyn Dial>,
    idle: Mutex<Vec<SendRequest<Full<Bytes>>>>,
}

// === impl Way ===

impl Way {
    pub(super) fn socket(path: PathBuf) -> Self {
        Self::Socket(path)
    }

    pub(super) fn dialled(dial: Arc<dyn Dial>) -> Self {
        Self::Dialled(Arc::new(Dialled {
            dial,
            idle: Mutex::default(),
        }))
    }

    pub(super) fn place(&self) -> String {
        match self {
            Self::Socket(path) => path.display().to_string(),
            Self::Dialled(dialled) => dialled.dial.place(),
        }
    }

    /// Sends a call, and waits for its answer.
    pub(super) async fn send(&self, call: Call) -> io::Result<Answer> {
        match self {
            Self::Socket(path) => {
                let address = Address::of(path)?;
                let stream = UnixStream::connect(address.path()).await?;
                once(stream, call).await.map_err(io::Error::other)
            }
            Self::Dialled(dialled) => dialled.send(call).await,
        }
    }
}

async fn once(stream: UnixStream, call: Call) -> hyper::Result<Answer> {
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await?;
    let exchange = async move { exchange(&mut sender, call).await };
    // The connection ends after the exchange, or with it.
    let (answer, _) = tokio::join!(exchange, connection);
    answer
}

async fn exchange(sender: &mut SendRequest<Full<Bytes>>, call: Call) -> hyper::Result<Answer> {
    let response = sender.send_request(call).await?;
    let status = response.status();
    let body = response.into_body().collect().await?.to_bytes();
    Ok((status, body))
}

// === impl Dialled ===

impl Dialled {
    async fn send(&self, call: Call) -> io::Result<Answer> {
        // One that broke since its last call: all calls are safe to repeat.
        while let Some(mut kept) = self.take() {
            if kept.ready().await.is_err() {
                continue;
            }
            if let Ok(answer) = exchange(&mut kept, call.clone()).await {
                self.keep(kept);
                return Ok(answer);
            }
        }
        let stream = self.dial.dial().await?;
        let made = handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = made.map_err(io::Error::other)?;
        tokio::spawn(connection);
        let answer = exchange(&mut sender, call).await;
        let answer = answer.map_err(|error| io::Error::other(reason(&error)))?;
        self.keep(sender);
        Ok(answer)
    }

    fn take(&self) -> Option<SendRequest<Full<Bytes>>> {
        self.idle
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
    }

    fn keep(&self, sender: SendRequest<Full<Bytes>>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(sender);
    }
}

/// The way's own words, where there are some.
fn reason(error: &hyper::Error) -> String {
    let source = std::error::Error::source(error);
    source.map_or_else(|| error.to_string(), ToString::to_string)
}
