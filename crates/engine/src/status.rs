//! What is live where, since when, how healthy, and what is next.

use serde::{Deserialize, Serialize};
use shipway_pipeline::colour::Slot;
use shipway_pipeline::config::Environment;
use shipway_pipeline::id::{DeploymentId, InstanceId};
use shipway_pipeline::name::{EnvironmentName, ServiceName};
use shipway_pipeline::plan::Occupant;
use shipway_pipeline::release::Release;
use shipway_pipeline::role::Role;
use shipway_pipeline::route::RouteKey;
use shipway_pipeline::time::Timestamp;
use shipway_proxy::probe::Question;
use shipway_runtime::{ColourKey, HealthStatus, Instance, State};
use shipway_store::Frozen;

use crate::executor::Engine;
use crate::project::Project;

/// An environment as it is now.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct EnvironmentStatus {
    /// Which.
    pub name: EnvironmentName,
    /// Where requests come in.
    pub url: String,
    /// What has the traffic.
    pub live: Option<Occupant>,
    /// Its release.
    pub release: Option<Release>,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Whether it finished its bake.
    pub stable: bool,
    /// Its instances; none where what runs them does not answer.
    pub instances: Vec<InstanceStatus>,
    /// Why what runs them does not answer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub trouble: Option<String>,
    /// Whether the proxy sends requests to it.
    pub routed: Routed,
    /// The deployment that is under way or was interrupted.
    pub deployment: Option<UnderWay>,
    /// Set when a rollback failed.
    pub frozen: Option<Frozen>,
    /// The command that comes next, where one is obvious.
    pub next: Option<String>,
}

/// What the proxy says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Routed {
    /// Requests go to what is live.
    Live,
    /// Requests go to something else, or nowhere.
    Elsewhere,
    /// The proxy does not run.
    NoProxy,
}

/// An instance as it is now.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InstanceStatus {
    /// Which.
    pub id: InstanceId,
    /// Whether it runs and answers its health question.
    pub healthy: bool,
    /// What it last said, or how it ended.
    pub detail: String,
    /// How often it was started again.
    pub restarts: u32,
    /// Where it listens.
    pub address: Option<std::net::SocketAddr>,
    /// Since when it runs.
    pub since: Option<Timestamp>,
}

/// A deployment that is not over.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct UnderWay {
    /// Which.
    pub id: DeploymentId,
    /// Where it stands.
    pub state: String,
    /// Who carries it out; `None` when nobody does and `resume` is needed.
    pub holder: Option<String>,
}

impl Engine {
    /// Observes an environment. Changes nothing, starts nothing.
    ///
    /// # Errors
    /// The store cannot be asked, or the runtime gives no list although it answers.
    pub async fn status(
        &self,
        project: &Project,
        environment: &Environment,
    ) -> Result<EnvironmentStatus, StatusError> {
        let record = self.store.environment(&environment.name)?;
        let key = RouteKey {
            project: project.config.project.clone(),
            environment: environment.name.clone(),
        };
        let release = match &record.live {
            Some(live) => self.store.release(&live.release)?,
            None => None,
        };
        let (mut instances, mut trouble) = (Vec::new(), None);
        if let Some(live) = &record.live {
            let routed = routed_service(project);
            match self.instances(&key, live, environment, routed).await {
                Ok(found) => instances = found,
                // What is recorded is worth telling, and so are the other environments.
                Err(error) => match self.runtime.trouble(&key).await {
                    Some(reason) => trouble = Some(reason),
                    None => return Err(error),
                },
            }
        }
        let deployment = self.under_way(&environment.name)?;
        let stable = record.live.is_some() && record.live == record.stable;
        Ok(EnvironmentStatus {
            url: url(environment),
            routed: self.routed(&key, record.live.as_ref()).await,
            next: next(project, environment, &deployment, record.live.is_some()),
            name: environment.name.clone(),
            live: record.live,
            release,
            since: record.live_since,
            stable,
            instances,
            trouble,
            deployment,
            frozen: record.frozen,
        })
    }

    async fn instances(
        &self,
        key: &RouteKey,
        live: &Occupant,
        environment: &Environment,
        routed: Option<&ServiceName>,
    ) -> Result<Vec<InstanceStatus>, StatusError> {
        let found = self
            .runtime
            .list(&ColourKey {
                route: key.clone(),
                slot: live.colour.into(),
            })
            .await?;
        let looked = found
            .into_iter()
            .filter(|instance| instance.deployment == live.deployment)
            .map(|instance| self.look(key, instance, environment, routed));
        Ok(futures_util::future::join_all(looked).await)
    }

    /// The instances of a slot, of whatever deployment: what both colours share, for example.
    ///
    /// # Errors
    /// The runtime cannot be asked.
    pub async fn instances_of(
        &self,
        project: &Project,
        environment: &Environment,
        slot: Slot,
    ) -> Result<Vec<InstanceStatus>, StatusError> {
        let route = RouteKey {
            project: project.config.project.clone(),
            environment: environment.name.clone(),
        };
        let key = ColourKey { route, slot };
        let found = self.runtime.list(&key).await?;
        let routed = routed_service(project);
        let looked = found
            .into_iter()
            .map(|instance| self.look(&key.route, instance, environment, routed));
        Ok(futures_util::future::join_all(looked).await)
    }

    pub(crate) async fn routed(&self, key: &RouteKey, live: Option<&Occupant>) -> Routed {
        let Ok(traffic) = self.router.traffic(key).await else {
            return Routed::NoProxy;
        };
        match live {
            Some(live)
                if traffic
                    .iter()
                    .any(|one| one.routed && one.deployment == live.deployment) =>
            {
                Routed::Live
            }
            _ => Routed::Elsewhere,
        }
    }

    fn under_way(&self, name: &EnvironmentName) -> Result<Option<UnderWay>, StatusError> {
        let Some(deployment) = self.store.unfinished(name)? else {
            return Ok(None);
        };
        let is_held = self.store.is_held(name).unwrap_or(true);
        let holder = self.store.holder(name)?.filter(|_| is_held);
        Ok(Some(UnderWay {
            id: deployment.id,
            state: deployment.state.name(&deployment.plan).to_owned(),
            holder: holder.map(|holder| holder.owner),
        }))
    }
}

/// Why an environment could not be observed.
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// The store cannot be read.
    #[error(transparent)]
    Store(#[from] shipway_store::Error),
    /// The runtime cannot be asked.
    #[error(transparent)]
    Runtime(#[from] shipway_runtime::Error),
}

impl Engine {
    async fn look(
        &self,
        key: &RouteKey,
        instance: Instance,
        environment: &Environment,
        routed: Option<&ServiceName>,
    ) -> InstanceStatus {
        let (healthy, detail) = match &instance.state {
            State::Starting => (false, "starting".to_owned()),
            State::Restarting { exit } => (false, format!("ended ({exit}), starting again")),
            State::Exited { exit, .. } => (false, format!("ended: {exit}")),
            State::Running { .. } if routed == Some(&instance.id.service) => {
                self.ask(key, &instance, environment).await
            }
            State::Running { .. } => own_health(&instance),
        };
        let since = match instance.state {
            State::Running { since, .. } => Some(since),
            State::Starting | State::Restarting { .. } | State::Exited { .. } => None,
        };
        InstanceStatus {
            since,
            id: instance.id,
            healthy,
            detail,
            restarts: instance.restarts,
            address: instance.address,
        }
    }

    /// By the health question where the environment has one.
    async fn ask(
        &self,
        key: &RouteKey,
        instance: &Instance,
        environment: &Environment,
    ) -> (bool, String) {
        let (Some(path), Some(address)) = (&environment.health.path, instance.address) else {
            return own_health(instance);
        };
        let host = environment
            .health
            .host
            .as_deref()
            .or_else(|| named_host(environment));
        let question = Question {
            address,
            path: path.clone(),
            host: host.unwrap_or("localhost").to_owned(),
            timeout: environment.health.timeout,
        };
        match self.router.ask(key, &question).await {
            Ok(answer) if answer.is_healthy() => (true, "healthy".to_owned()),
            Ok(answer) => (false, answer.describe()),
            Err(reason) => (false, reason),
        }
    }
}

/// By the service's own health check where it has one.
fn own_health(instance: &Instance) -> (bool, String) {
    match &instance.health {
        None => (true, "running".to_owned()),
        Some(health) if health.status == HealthStatus::Healthy => (true, "healthy".to_owned()),
        Some(health) => (false, health.last_output.clone()),
    }
}

fn named_host(environment: &Environment) -> Option<&str> {
    let mut hosts = environment.route.hosts.iter().map(String::as_str);
    hosts.find(|host| !host.starts_with('*'))
}

fn url(environment: &Environment) -> String {
    let route = &environment.route;
    let host =
        named_host(environment).map_or_else(|| route.listen.ip().to_string(), ToOwned::to_owned);
    let (scheme, port) = match &route.tls {
        Some(tls) => ("https", tls.listen.port()),
        None => ("http", route.listen.port()),
    };
    match (scheme, port) {
        ("http", 80) | ("https", 443) => format!("{scheme}://{host}/"),
        _ => format!("{scheme}://{host}:{port}/"),
    }
}

fn routed_service(project: &Project) -> Option<&ServiceName> {
    let mut services = project.config.services.iter();
    services
        .find(|(_, service)| service.role == Role::Web)
        .map(|(name, _)| name)
}

fn next(
    project: &Project,
    environment: &Environment,
    deployment: &Option<UnderWay>,
    is_live: bool,
) -> Option<String> {
    let name = &environment.name;
    match deployment {
        Some(under_way) if under_way.holder.is_none() => Some(format!("shipway resume {name}")),
        Some(under_way) => Some(format!("shipway show {}", under_way.id)),
        None if is_live => project
            .config
            .environments
            .values()
            .find(|other| other.from.as_ref() == Some(name))
            .map(|other| format!("shipway promote {}", other.name)),
        None if environment.from.is_some() => Some(format!("shipway promote {name}")),
        None => Some(format!("shipway deploy {name}")),
    }
}
