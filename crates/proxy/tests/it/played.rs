//! Instances that a test plays.

use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio::task::{AbortHandle, JoinSet};

use crate::support::Wire;

/// Runs an instance: `serve` gets each connection with its number.
pub(crate) async fn instance<F>(
    serve: impl Fn(Wire, usize) -> F + Send + Sync + 'static,
) -> SocketAddr
where
    F: Future<Output = Option<()>> + Send + 'static,
{
    mortal_instance(serve).await.0
}

/// An instance that can be stopped: its listener and all connections go with the task.
pub(crate) async fn mortal_instance<F>(
    serve: impl Fn(Wire, usize) -> F + Send + Sync + 'static,
) -> (SocketAddr, AbortHandle)
where
    F: Future<Output = Option<()>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task = tokio::spawn(async move {
        let mut connections = JoinSet::new();
        for number in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            connections.spawn(serve(Wire::new(stream), number));
            while connections.try_join_next().is_some() {}
        }
    });
    (address, task.abort_handle())
}

/// An instance that answers every request with its name and the request's body.
pub(crate) async fn echo(name: &'static str) -> SocketAddr {
    instance(move |mut wire, _| async move {
        loop {
            let request = wire.read_request().await?;
            wire.answer(name, &request.body).await?;
        }
    })
    .await
}

/// An instance that answers with the head of the request it got.
pub(crate) async fn mirror() -> SocketAddr {
    instance(|mut wire, _| async move {
        loop {
            let request = wire.read_request().await?;
            wire.answer("mirror", request.head.as_bytes()).await?;
        }
    })
    .await
}

/// Counts how often each key was seen.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen(Arc<std::sync::Mutex<HashMap<String, u32>>>);

impl Seen {
    pub(crate) fn note(&self, key: &str) {
        *self.0.lock().unwrap().entry(key.to_owned()).or_default() += 1;
    }

    pub(crate) fn count(&self, key: &str) -> u32 {
        self.0.lock().unwrap().get(key).copied().unwrap_or_default()
    }

    pub(crate) fn repeated(&self) -> Vec<String> {
        let seen = self.0.lock().unwrap();
        let repeated = seen.iter().filter(|(_, count)| **count > 1);
        repeated.map(|(key, _)| key.clone()).collect()
    }
}
