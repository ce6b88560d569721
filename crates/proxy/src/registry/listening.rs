//! Where the routes are listened for.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};

use shipway_pipeline::route::Route;

use crate::control::{Listen, Refusal, Unbound};
use crate::listen;
use crate::registry::Registry;
use crate::worker::WorkerOrder;

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
            .filter(|(address, kind)| wanted.get(address) != Some(kind))
            .map(|(address, _)| *address)
            .collect();
        for address in unused {
            for worker in &self.workers {
                worker.order(|done| WorkerOrder::Leave(address, done)).await;
            }
            self.bound.remove(&address);
            if wanted.contains_key(&address) {
                self.try_bind(address).await;
            }
        }
    }

    /// Opens listeners where a route is listened for and nobody does yet.
    pub(super) fn open_missing(
        &self,
        route: &Route,
    ) -> Result<Vec<(SocketAddr, Vec<TcpListener>)>, Refusal> {
        let missing = route
            .addresses()
            .filter(|address| !self.bound.contains_key(address));
        missing
            .map(|address| {
                let opened = listen::bind(address, self.workers.len());
                let listeners = opened.map_err(|error| refusal(address, &error))?;
                Ok((address, listeners))
            })
            .collect()
    }

    pub(super) async fn listen(&mut self, address: SocketAddr, listeners: Vec<TcpListener>) {
        let site = self.keyring.site(address);
        for (worker, listener) in self.workers.iter().zip(listeners) {
            let site = site.clone();
            worker
                .order(|done| WorkerOrder::Listen(address, listener, site, done))
                .await;
        }
        self.unbound.remove(&address);
        self.bound.insert(address, site.is_some());
    }

    pub(super) async fn try_bind(&mut self, address: SocketAddr) {
        match listen::bind(address, self.workers.len()) {
            Ok(listeners) => self.listen(address, listeners).await,
            Err(error) => {
                let reason = error.to_string();
                if self.unbound.insert(address, reason).is_none() {
                    tracing::error!(%address, %error, "cannot listen; trying again");
                }
            }
        }
    }
}

fn refusal(address: SocketAddr, error: &std::io::Error) -> Refusal {
    Refusal::Listen {
        address,
        reason: error.to_string(),
    }
}
