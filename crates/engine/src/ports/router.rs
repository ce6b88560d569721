//! The proxy, as the engine sees it.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use async_trait::async_trait;
use shipway_pipeline::colour::Colour;
use shipway_pipeline::id::{DeploymentId, Epoch, InstanceId};
use shipway_pipeline::route::{Maintenance, Route, RouteKey, Tls};
use shipway_pipeline::traffic::{Counters, InFlight};
use shipway_proxy::check_certificate;
use shipway_proxy::control::{Closure, TlsStatus};
use shipway_proxy::probe::{self, Answer, Question};

/// Changes and observes the routes of a proxy.
#[async_trait]
pub trait Router: Send + Sync {
    /// The route that is in force; `None` where there is none or no proxy runs.
    ///
    /// # Errors
    /// The proxy runs and does not answer.
    async fn route(&self, key: &RouteKey) -> Result<Option<Route>, RouterError>;

    /// Puts a route in force. When this returns, no new request follows the old one, and the new
    /// one survives the proxy's death. A crash in mid-call leaves one or the other, whole.
    ///
    /// # Errors
    /// The route is refused, or the proxy cannot be had.
    async fn put(&self, route: &Route) -> Result<(), RouterError>;

    /// Removes a route; the proxy leaves its address if no other route has it. None is no error.
    ///
    /// # Errors
    /// The proxy refuses, or cannot be had.
    async fn remove(&self, key: &RouteKey, epoch: Epoch) -> Result<(), RouterError>;

    /// All routes on an address of the environment's proxy; `None` where it does not listen on it.
    ///
    /// # Errors
    /// The proxy runs and does not answer.
    async fn routes_at(
        &self,
        key: &RouteKey,
        address: SocketAddr,
    ) -> Result<Option<Vec<Route>>, RouterError>;

    /// Whether the environment's proxy could listen on an address, which it does not yet; `Err`
    /// says in one line why not.
    async fn try_listen(&self, _key: &RouteKey, address: SocketAddr) -> Result<(), String> {
        let bound = std::net::TcpListener::bind(address).map(drop);
        bound.map_err(|error| error.to_string())
    }

    /// Whether the environment's proxy could use a certificate for these hosts; `Err` says in one
    /// line why not, and the way out.
    async fn check_tls(&self, _key: &RouteKey, tls: &Tls, hosts: &[String]) -> Result<(), String> {
        check_certificate(tls, hosts)
    }

    /// Asks an instance, from where the environment's proxy is; `Err` says in one line why there
    /// was no answer.
    async fn ask(&self, _key: &RouteKey, question: &Question) -> Result<Answer, String> {
        probe::ask(question).await
    }

    /// What each deployment's instances answered and have in hand.
    ///
    /// # Errors
    /// The proxy does not answer.
    async fn traffic(&self, key: &RouteKey) -> Result<Vec<Traffic>, RouterError>;

    /// Lets new requests wait, within the proxy's limits.
    ///
    /// # Errors
    /// The proxy does not answer.
    async fn hold(&self, key: &RouteKey, epoch: Epoch) -> Result<(), RouterError>;

    /// Gives waiting requests to whatever is routed. Nothing held is no error.
    ///
    /// # Errors
    /// The proxy does not answer.
    async fn resume(&self, key: &RouteKey, epoch: Epoch) -> Result<(), RouterError>;

    /// Closes a route for maintenance, or opens it where nothing is given; whether that changed
    /// anything. It stays so over changes of the route, and over the proxy's death. A crash in
    /// mid-call leaves one or the other.
    ///
    /// # Errors
    /// There is no such route, or the proxy cannot be had.
    async fn maintain(
        &self,
        key: &RouteKey,
        _closure: Option<Closure>,
    ) -> Result<bool, RouterError> {
        Err(RouterError::Refused(format!("{key} cannot be closed here")))
    }

    /// How a route is closed; `None` where it is open, or no proxy runs.
    ///
    /// # Errors
    /// The proxy runs and does not answer.
    async fn maintenance(&self, _key: &RouteKey) -> Result<Option<Maintenance>, RouterError> {
        Ok(None)
    }

    /// How a route is reached by HTTPS; `None` where it is not, or no proxy runs.
    ///
    /// # Errors
    /// The proxy runs and does not answer.
    async fn tls(&self, _key: &RouteKey) -> Result<Option<TlsStatus>, RouterError> {
        Ok(None)
    }

    /// Closes what a deployment's unrouted instances still have in hand; says what that was.
    ///
    /// # Errors
    /// The proxy does not answer.
    async fn cut(
        &self,
        key: &RouteKey,
        epoch: Epoch,
        colour: Colour,
        deployment: DeploymentId,
        only: Option<&[InstanceId]>,
    ) -> Result<InFlight, RouterError>;
}

/// What the instances of one deployment answered and have in hand.
#[derive(Debug, Clone, PartialEq)]
pub struct Traffic {
    /// Their colour.
    pub colour: Colour,
    /// The deployment that started them.
    pub deployment: DeploymentId,
    /// Whether new requests go to any of them.
    pub routed: bool,
    /// What they answered.
    pub counters: Counters,
    /// What each has in hand.
    pub in_flight: BTreeMap<InstanceId, InFlight>,
}

/// Why the proxy did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum RouterError {
    /// It will not.
    #[error("the proxy refused: {0}")]
    Refused(String),
    /// It cannot be started or reached.
    #[error("the proxy cannot be reached: {0}")]
    Unreachable(String),
}
