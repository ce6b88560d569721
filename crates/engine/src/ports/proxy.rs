//! The router that is a `shipway proxy` process, started on demand.

mod launcher;
mod through;

use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use shipway_pipeline::colour::Colour;
use shipway_pipeline::id::{DeploymentId, Epoch, InstanceId};
use shipway_pipeline::route::{Maintenance, Route, RouteKey, Tls};
use shipway_pipeline::traffic::InFlight;
use shipway_proxy::control::{
    CheckTls, Client, Closure, Cut, Error, Health, HoldFor, Listen, Maintain, Probed, Refusal,
    RouteStatus, Target, TlsStatus,
};
use shipway_proxy::probe::{self, Answer, Question};
use shipway_proxy::{Paths, check_certificate};
use shipway_runtime::compose::ProxyContainer;

use super::router::{Router, RouterError, Traffic};

pub use launcher::ProxyLauncher;
pub use through::client_of;

/// A proxy is up in tens of milliseconds; a machine that is busy takes longer.
const START_DEADLINE: Duration = Duration::from_secs(20);
/// As long as the proxy allows: the executor resumes long before.
const HOLD: Duration = Duration::from_secs(30);

/// How often a call is made when the proxy ends in the middle of it: each time a new one is there.
const ATTEMPTS: u32 = 3;
/// A proxy that breaks off a call for its end is gone by then.
const ENDING: Duration = Duration::from_millis(50);

/// Talks to a proxy; starts it where it is needed and not running: that of a directory of this
/// machine as a detached process, that of another host as a container there.
#[derive(Debug)]
pub struct ProxyRouter {
    launcher: Launcher,
    client: Client,
}

#[derive(Debug)]
enum Launcher {
    Here(ProxyLauncher),
    There(ProxyContainer),
}

impl ProxyRouter {
    /// A router over the proxy that the launcher starts.
    pub fn new(launcher: ProxyLauncher) -> Self {
        let client = Client::new(Paths::new(&launcher.directory).control());
        Self {
            launcher: Launcher::Here(launcher),
            client,
        }
    }

    /// A router over the proxy of another host.
    pub fn elsewhere(container: ProxyContainer) -> Self {
        Self {
            client: client_of(&container),
            launcher: Launcher::There(container),
        }
    }

    /// The proxy's client, for those who only look.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Starts the proxy unless it runs.
    ///
    /// # Errors
    /// It does not come up.
    pub async fn ensure(&self) -> Result<(), RouterError> {
        if self.health().await?.is_some() {
            return Ok(());
        }
        self.launch().await?;
        // Two engines may start one at once: the second proxy finds the lock taken and ends.
        let ready = self.client.ready(START_DEADLINE).await;
        ready.map(drop).map_err(|error| {
            let log = match &self.launcher {
                Launcher::Here(launcher) => launcher.directory.join("proxy.log"),
                Launcher::There(_) => "docker logs shipway-proxy".into(),
            };
            RouterError::Unreachable(format!("{}; see `{}`", described(&error), log.display()))
        })
    }

    /// How the proxy is; `None` where none runs.
    async fn health(&self) -> Result<Option<Health>, RouterError> {
        let mut health = self.client.health().await;
        if matches!(health, Err(Error::Io { .. })) {
            tokio::time::sleep(ENDING).await;
            health = self.client.health().await;
        }
        match health {
            Ok(health) => Ok(Some(health)),
            Err(Error::NotRunning { .. }) => Ok(None),
            // Whether its container runs is for the engine to tell.
            Err(Error::Io { .. }) if matches!(self.launcher, Launcher::There(_)) => Ok(None),
            Err(error) => Err(told(&error)),
        }
    }

    async fn launch(&self) -> Result<(), RouterError> {
        let cannot =
            |reason: String| RouterError::Unreachable(format!("cannot start it: {reason}"));
        match &self.launcher {
            Launcher::Here(launcher) => {
                launcher.launch().map_err(|error| cannot(error.to_string()))
            }
            Launcher::There(container) => {
                let started = container.start().await;
                started.map_err(|error| cannot(described(&error)))
            }
        }
    }

    /// What is known of a route; nothing where no proxy runs, which is not started.
    async fn look(&self, key: &RouteKey) -> Result<Option<RouteStatus>, RouterError> {
        let status = match self.client.status().await {
            Ok(status) => status,
            Err(Error::NotRunning { .. }) => return Ok(None),
            Err(error) => return Err(told(&error)),
        };
        let mut routes = status.routes.into_iter();
        Ok(routes.find(|route| route.key == *key))
    }

    /// Calls the proxy, which is started where none runs or where it ends in the middle of the
    /// call: every call is safe to repeat, and its table is on disk.
    async fn call<T, F>(&self, call: impl Fn() -> F) -> Result<T, RouterError>
    where
        F: Future<Output = Result<T, Error>>,
    {
        let mut attempt = 1;
        loop {
            self.ensure().await?;
            match call().await {
                Err(Error::NotRunning { .. } | Error::Io { .. }) if attempt < ATTEMPTS => {
                    attempt += 1;
                }
                result => return result.map_err(|error| told(&error)),
            }
        }
    }
}

#[async_trait]
impl Router for ProxyRouter {
    async fn route(&self, key: &RouteKey) -> Result<Option<Route>, RouterError> {
        let routes = self.call(|| self.client.routes()).await?;
        Ok(routes.into_iter().find(|route| route.key == *key))
    }

    async fn put(&self, route: &Route) -> Result<(), RouterError> {
        self.call(|| self.client.put_route(route)).await?;
        Ok(())
    }

    async fn remove(&self, key: &RouteKey, epoch: Epoch) -> Result<(), RouterError> {
        self.ensure().await?;
        let target = Target {
            key: key.clone(),
            epoch,
        };
        self.call(|| self.client.delete_route(&target)).await?;
        Ok(())
    }

    async fn routes_at(
        &self,
        _key: &RouteKey,
        address: SocketAddr,
    ) -> Result<Option<Vec<Route>>, RouterError> {
        // One that does not run is not started: whoever asks wants to know whether it listens.
        let health = self.health().await?;
        if !health.is_some_and(|health| health.listening.contains(&address)) {
            return Ok(None);
        }
        let mut routes = self.call(|| self.client.routes()).await?;
        routes.retain(|route| route.addresses().any(|it| it == address));
        Ok(Some(routes))
    }

    async fn try_listen(&self, _key: &RouteKey, address: SocketAddr) -> Result<(), String> {
        match self.launcher {
            Launcher::Here(_) => {
                let bound = std::net::TcpListener::bind(address).map(drop);
                bound.map_err(|error| error.to_string())
            }
            Launcher::There(_) => {
                let listen = Listen { address };
                let asked = self.call(|| self.client.try_listen(&listen));
                asked.await.map_err(|error| error.to_string())
            }
        }
    }

    async fn check_tls(&self, _key: &RouteKey, tls: &Tls, hosts: &[String]) -> Result<(), String> {
        // One that does not run yet is started by this user, who can read what it will.
        match self.health().await {
            Ok(None) => check_certificate(tls, hosts),
            Ok(Some(_)) => {
                let check = CheckTls {
                    tls: tls.clone(),
                    hosts: hosts.to_vec(),
                };
                let checked = self.call(|| self.client.check_tls(&check)).await;
                checked.map_err(|error| error.to_string())
            }
            Err(error) => Err(error.to_string()),
        }
    }

    async fn ask(&self, _key: &RouteKey, question: &Question) -> Result<Answer, String> {
        match self.launcher {
            Launcher::Here(_) => probe::ask(question).await,
            Launcher::There(_) => match self.call(|| self.client.probe(question)).await {
                Ok(Probed::Answered(answer)) => Ok(answer),
                Ok(Probed::Silent(reason)) => Err(reason),
                Err(error) => Err(error.to_string()),
            },
        }
    }

    async fn traffic(&self, key: &RouteKey) -> Result<Vec<Traffic>, RouterError> {
        let status = self.client.status().await.map_err(|error| told(&error))?;
        let deployments = status
            .routes
            .into_iter()
            .filter(|route| route.key == *key)
            .flat_map(|route| route.deployments);
        Ok(deployments
            .map(|one| Traffic {
                colour: one.colour,
                deployment: one.deployment,
                counters: one.counters,
                routed: one.routed,
                in_flight: one
                    .instances
                    .into_iter()
                    .map(|instance| (instance.instance, instance.in_flight))
                    .collect(),
            })
            .collect())
    }

    async fn maintain(
        &self,
        key: &RouteKey,
        closure: Option<Closure>,
    ) -> Result<bool, RouterError> {
        let maintain = Maintain {
            key: key.clone(),
            closure,
        };
        let maintained = self.call(|| self.client.maintain(&maintain)).await?;
        Ok(maintained.changed)
    }

    async fn maintenance(&self, key: &RouteKey) -> Result<Option<Maintenance>, RouterError> {
        let route = self.look(key).await?;
        Ok(route.and_then(|route| route.maintenance))
    }

    async fn tls(&self, key: &RouteKey) -> Result<Option<TlsStatus>, RouterError> {
        let route = self.look(key).await?;
        Ok(route.and_then(|route| route.tls))
    }

    async fn hold(&self, key: &RouteKey, epoch: Epoch) -> Result<(), RouterError> {
        let hold = HoldFor {
            key: key.clone(),
            epoch,
            milliseconds: HOLD.as_millis() as u64,
        };
        self.call(|| self.client.hold(&hold)).await?;
        Ok(())
    }

    async fn resume(&self, key: &RouteKey, epoch: Epoch) -> Result<(), RouterError> {
        let target = Target {
            key: key.clone(),
            epoch,
        };
        self.call(|| self.client.resume(&target)).await?;
        Ok(())
    }

    async fn cut(
        &self,
        key: &RouteKey,
        epoch: Epoch,
        colour: Colour,
        deployment: DeploymentId,
        only: Option<&[InstanceId]>,
    ) -> Result<InFlight, RouterError> {
        let cut = Cut {
            key: key.clone(),
            epoch,
            colour,
            deployment,
            only: only.map(<[InstanceId]>::to_vec),
        };
        self.call(|| async {
            match self.client.cut(&cut).await {
                // Whose instances never took a request has nothing to cut.
                Err(Error::Refused(Refusal::Unknown { .. })) => Ok(InFlight::default()),
                cut => cut,
            }
        })
        .await
    }
}

fn told(error: &Error) -> RouterError {
    match error {
        Error::Refused(refusal) => RouterError::Refused(refusal.to_string()),
        Error::NotRunning { .. } | Error::Io { .. } => unreachable(error),
    }
}

fn unreachable(error: &Error) -> RouterError {
    RouterError::Unreachable(described(error))
}

/// An error with its causes.
fn described(error: &dyn std::error::Error) -> String {
    let source = error.source();
    match source {
        Some(source) => format!("{error}: {}", described(source)),
        None => error.to_string(),
    }
}
