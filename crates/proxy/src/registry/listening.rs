//! Where the routes are listened for.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};

use shipway_pipeline::route::Route;

use crate::control::{Listen, Refusal, Unbound};
use crate::listen;
use crate::registry::Registry;
use crate::worker::WorkerOrder;

/// An address at which the workers listen.
#[derive(Debug)]
pub(super) struct Bound {
    /// Whether it is for HTTPS.
    is_secure: bool,
    /// The workers' sockets once more, to be handed over to the next proxy.
    pub(super) sockets: Vec<TcpListener>,
}

/// Sockets at an address, for each worker.
pub(super) type Sockets = Vec<Vec<TcpListener>>;

impl Registry {
    /// Where the routes are to be listened for, and whether that is for HTTPS.
    pub(super) fn wanted(&self) -> BTreeMap<SocketAddr, bool> {
        let routes = self.state.routes.iter();
        routes
            .flat_map(|route| {
                let secure = route.tls.as_ref().map(|tls| (tls.listen, true));
                std::iter::once((route.listen, false)).chain(secure)
            })
            .collect()
    }

    /// Tries again what could not be bound at the start.
    pub(crate) async fn bind_missing(&mut self) {
        let missing: Vec<_> = self.unbound.keys().copied().collect();
        for address in missing {
            self.try_bind(address).await;
        }
    }

    /// Whether it could listen on an address; nothing changes.
    pub(crate) fn try_listen(&self, listen: &Listen) -> Result<(), Refusal> {
        let address = listen.address;
        if self.bound.contains_key(&address) {
            return Ok(());
        }
        let bound = listen::bind(address, 1).map(drop);
        bound.map_err(|error| refusal(address, &error))
    }

    pub(crate) fn listening(&self) -> Vec<SocketAddr> {
        self.bound.keys().copied().collect()
    }

    pub(crate) fn unbound(&self) -> Vec<Unbound> {
        let unbound = self.unbound.iter();
        unbound
            .map(|(&address, reason)| Unbound {
                address,
                reason: reason.clone(),
            })
            .collect()
    }

    /// Waits until no worker claims by the old table, then leaves addresses without routes, and
    /// those that are for HTTPS now and were for HTTP, or the other way round.
    pub(super) async fn settle(&mut self) {
        for worker in &self.workers {
            worker.order(WorkerOrder::Pass).await;
        }
        let wanted = self.wanted();
        self.unbound
            .retain(|address, _| wanted.contains_key(address));
        let unused: Vec<SocketAddr> = self
            .bound
            .iter()
            .filter(|(address, bound)| wanted.get(address) != Some(&bound.is_secure))
            .map(|(address, _)| *address)
            .collect();
        for address in unused {
            // Ours first: a worker takes whoever waits, and then nobody may come any more.
            self.bound.remove(&address);
            for worker in &self.workers {
                worker.order(|done| WorkerOrder::Leave(address, done)).await;
            }
            if wanted.contains_key(&address) {
                self.try_bind(address).await;
            }
        }
    }

    /// Opens listeners where a route is listened for and nobody does yet.
    pub(super) fn open_missing(
        &self,
        route: &Route,
    ) -> Result<Vec<(SocketAddr, Sockets)>, Refusal> {
        let missing = route
            .addresses()
            .filter(|address| !self.bound.contains_key(address));
        missing
            .map(|address| {
                let opened = listen::bind(address, self.workers.len());
                let opened = opened.map_err(|error| refusal(address, &error))?;
                Ok((address, one_each(opened)))
            })
            .collect()
    }

    pub(super) async fn listen(&mut self, address: SocketAddr, dealt: Sockets) {
        let site = self.keyring.site(address);
        let mut sockets = Vec::new();
        for (worker, listeners) in self.workers.iter().zip(dealt) {
            // One that cannot be had twice cannot be handed over, which is told then.
            sockets.extend(listeners.iter().filter_map(|it| it.try_clone().ok()));
            let site = site.clone();
            worker
                .order(|done| WorkerOrder::Listen(address, listeners, site, done))
                .await;
        }
        self.unbound.remove(&address);
        let is_secure = site.is_some();
        self.bound.insert(address, Bound { is_secure, sockets });
    }

    /// Lets go of all sockets but the workers' own.
    pub(crate) fn leave_everywhere(&mut self) {
        self.bound.clear();
        self.unbound.clear();
    }

    /// Listens where the routes are listened for: with what the proxy before it handed over, and
    /// with sockets of its own elsewhere.
    pub(crate) async fn listen_everywhere(
        &mut self,
        mut inherited: BTreeMap<SocketAddr, Vec<TcpListener>>,
    ) {
        for address in self.wanted().into_keys() {
            let Some(sockets) = inherited.remove(&address) else {
                self.try_bind(address).await;
                continue;
            };
            match listen::deal(address, sockets, self.workers.len()) {
                Ok(dealt) => self.listen(address, dealt).await,
                Err(error) => self.note_unbound(address, &error),
            }
        }
    }

    pub(super) async fn try_bind(&mut self, address: SocketAddr) {
        match listen::bind(address, self.workers.len()) {
            Ok(listeners) => self.listen(address, one_each(listeners)).await,
            Err(error) => self.note_unbound(address, &error),
        }
    }

    fn note_unbound(&mut self, address: SocketAddr, error: &std::io::Error) {
        let reason = error.to_string();
        if self.unbound.insert(address, reason).is_none() {
            tracing::error!(%address, %error, "cannot listen; trying again");
        }
    }
}

fn one_each(listeners: Vec<TcpListener>) -> Sockets {
    listeners.into_iter().map(|it| vec![it]).collect()
}

fn refusal(address: SocketAddr, error: &std::io::Error) -> Refusal {
    Refusal::Listen {
        address,
        reason: error.to_string(),
    }
}
