//! Set-ups that tests of several kinds have in common.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::task::JoinSet;

use crate::played::*;
use crate::support::*;

/// Looks again and again until it is so.
pub(crate) async fn until(mut is_so: impl AsyncFnMut() -> bool) {
    let looking = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    let waited = tokio::time::timeout(PATIENCE, looking).await;
    waited.expect("waited in vain");
}

/// A proxy that routes everything on an address to one instance.
pub(crate) async fn proxy_of(instance: SocketAddr) -> (Proxy, SocketAddr) {
    let proxy = Proxy::start().await;
    let listen = routed(&proxy, instance).await;
    (proxy, listen)
}

/// An address at which a proxy routes everything to one instance.
pub(crate) async fn routed(proxy: &Proxy, instance: SocketAddr) -> SocketAddr {
    let listen = free_address();
    let backends = vec![backend(1, "web-1", instance)];
    proxy.route(listen, backends).await;
    listen
}

/// An instance that notes the path of each request, and answers with its body.
pub(crate) async fn noting(seen: &Seen) -> SocketAddr {
    let seen = seen.clone();
    instance(move |mut wire, _| {
        let seen = seen.clone();
        async move {
            loop {
                let request = wire.read_request().await?;
                seen.note(request.path());
                wire.answer("v1", &request.body).await?;
            }
        }
    })
    .await
}

/// Clients that ask on and on.
pub(crate) struct Clients {
    counter: Counter,
    tasks: JoinSet<Vec<String>>,
}

/// What clients share with the test.
#[derive(Clone, Default)]
pub(crate) struct Counter {
    asked: Arc<AtomicU64>,
    is_over: Arc<AtomicBool>,
}

impl Counter {
    pub(crate) fn count(&self) {
        self.asked.fetch_add(1, Ordering::SeqCst);
    }

    fn asked(&self) -> u64 {
        self.asked.load(Ordering::SeqCst)
    }

    pub(crate) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }
}

impl Clients {
    /// Starts so many; each is told its number, counts what it asks until it is over, and returns
    /// what was not answered as it should be.
    pub(crate) fn start<F>(count: usize, client: impl Fn(usize, Counter) -> F) -> Self
    where
        F: Future<Output = Vec<String>> + Send + 'static,
    {
        let counter = Counter::default();
        let mut tasks = JoinSet::new();
        for number in 0..count {
            tasks.spawn(client(number, counter.clone()));
        }
        Self { counter, tasks }
    }

    /// Waits until so many more were asked.
    pub(crate) async fn go_on(&mut self, more: u64) {
        let Self { counter, tasks } = self;
        let enough = counter.asked() + more;
        until(async || {
            assert!(tasks.try_join_next().is_none(), "a client ended");
            counter.asked() >= enough
        })
        .await;
    }

    /// Lets them end; how many they asked, after a look at what was not answered.
    pub(crate) async fn end_well(self) -> u64 {
        self.counter.is_over.store(true, Ordering::SeqCst);
        let failed: Vec<String> = self.tasks.join_all().await.concat();
        assert_eq!(failed, [""; 0]);
        self.counter.asked()
    }
}
