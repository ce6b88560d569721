//! The proxies of all hosts as one: each environment's own is asked.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use async_trait::async_trait;
use shipway_pipeline::colour::Colour;
use shipway_pipeline::id::{DeploymentId, Epoch, InstanceId};
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::route::{Maintenance, Route, RouteKey, Tls};
use shipway_pipeline::traffic::InFlight;
use shipway_proxy::control::{Closure, TlsStatus};
use shipway_proxy::probe::{Answer, Question};

use super::proxy::ProxyRouter;
use super::router::{Router, RouterError, Traffic};

/// This machine's proxy, and those of environments on other hosts.
#[derive(Debug)]
pub struct Routers {
    here: ProxyRouter,
    elsewhere: BTreeMap<EnvironmentName, ProxyRouter>,
}

// === impl Routers ===

impl Routers {
    /// The proxy of this machine, for all environments.
    #[must_use]
    pub fn new(here: ProxyRouter) -> Self {
        Self {
            here,
            elsewhere: BTreeMap::new(),
        }
    }

    /// With an environment whose proxy is on another host.
    #[must_use]
    pub fn with(mut self, environment: EnvironmentName, router: ProxyRouter) -> Self {
        self.elsewhere.insert(environment, router);
        self
    }

    fn of(&self, key: &RouteKey) -> &ProxyRouter {
        self.elsewhere.get(&key.environment).unwrap_or(&self.here)
    }
}

#[async_trait]
impl Router for Routers {
    async fn route(&self, key: &RouteKey) -> Result<Option<Route>, RouterError> {
        self.of(key).route(key).await
    }

    async fn put(&self, route: &Route) -> Result<(), RouterError> {
        self.of(&route.key).put(route).await
    }

    async fn remove(&self, key: &RouteKey, epoch: Epoch) -> Result<(), RouterError> {
        self.of(key).remove(key, epoch).await
    }

    async fn routes_at(
        &self,
        key: &RouteKey,
        address: SocketAddr,
    ) -> Result<Option<Vec<Route>>, RouterError> {
        self.of(key).routes_at(key, address).await
    }

    async fn try_listen(&self, key: &RouteKey, address: SocketAddr) -> Result<(), String> {
        self.of(key).try_listen(key, address).await
    }

    async fn check_tls(&self, key: &RouteKey, tls: &Tls, hosts: &[String]) -> Result<(), String> {
        self.of(key).check_tls(key, tls, hosts).await
    }

    async fn ask(&self, key: &RouteKey, question: &Question) -> Result<Answer, String> {
        self.of(key).ask(key, question).await
    }

    async fn traffic(&self, key: &RouteKey) -> Result<Vec<Traffic>, RouterError> {
        self.of(key).traffic(key).await
    }

    async fn maintain(
        &self,
        key: &RouteKey,
        closure: Option<Closure>,
    ) -> Result<bool, RouterError> {
        self.of(key).maintain(key, closure).await
    }

    async fn maintenance(&self, key: &RouteKey) -> Result<Option<Maintenance>, RouterError> {
        self.of(key).maintenance(key).await
    }

    async fn tls(&self, key: &RouteKey) -> Result<Option<TlsStatus>, RouterError> {
        self.of(key).tls(key).await
    }

    async fn hold(&self, key: &RouteKey, epoch: Epoch) -> Result<(), RouterError> {
        self.of(key).hold(key, epoch).await
    }

    async fn resume(&self, key: &RouteKey, epoch: Epoch) -> Result<(), RouterError> {
        self.of(key).resume(key, epoch).await
    }

    async fn cut(
        &self,
        key: &RouteKey,
        epoch: Epoch,
        colour: Colour,
        deployment: DeploymentId,
        only: Option<&[InstanceId]>,
    ) -> Result<InFlight, RouterError> {
        self.of(key).cut(key, epoch, colour, deployment, only).await
    }
}
