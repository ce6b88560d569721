//! What is live where, since when, how healthy, and what is next.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use serde::{Deserialize, Serialize};
use shipway_pipeline::colour::Slot;
use shipway_pipeline::config::Environment;
use shipway_pipeline::id::{DeploymentId, InstanceId};
use shipway_pipeline::name::{EnvironmentName, ServiceName};
use shipway_pipeline::plan::Occupant;
use shipway_pipeline::release::Release;
use shipway_pipeline::role::Role;
use shipway_pipeline::route::{Maintenance, RouteKey, Tls};
use shipway_pipeline::time::Timestamp;
use shipway_proxy::probe::Question;
use shipway_runtime::{ColourKey, HealthStatus, Instance, State};
use shipway_store::{Frozen, Holder, Overview, Summary};

use crate::certificates::Trouble;
use crate::ending::Ending;
use crate::executor::Engine;
use crate::project::Project;

/// So many environments are looked at beside each other: more connections would only wait for the
/// same engine.
const AT_ONCE: usize = 16;

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
    /// That it is closed to visitors.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub maintenance: Option<Maintenance>,
    /// What is wrong with the certificates that its hosts are reached with.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub certificates: Vec<Trouble>,
    /// The deployment that is under way or was interrupted.
    pub deployment: Option<UnderWay>,
    /// Set when a rollback failed.
    pub frozen: Option<Frozen>,
    /// Why it is on its way out.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ending: Option<Ending>,
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
        let name = &environment.name;
        let known = self.store.branch_environments()?;
        let ending = Ending::of(&self.store, &project.config, &known, name)?;
        let record = self.store.overview(name)?;
        self.look_at(project, environment, record, ending).await
    }

    /// Observes environments beside each other: what is on record of them is of one moment, and one
    /// that takes long to answer holds up none of the others.
    ///
    /// # Errors
    /// The store cannot be asked, or a runtime gives no list although it answers.
    pub async fn statuses(
        &self,
        project: &Project,
        environments: &[&Environment],
    ) -> Result<Vec<EnvironmentStatus>, StatusError> {
        let names = environments.iter().map(|environment| &environment.name);
        let records = self.store.overviews(names)?;
        let known = self.store.branch_environments()?;
        let mut looks = Vec::new();
        for (environment, record) in environments.iter().zip(records) {
            let ending = Ending::of(&self.store, &project.config, &known, &environment.name)?;
            looks.push(self.look_at(project, environment, record, ending));
        }
        stream::iter(looks).buffered(AT_ONCE).try_collect().await
    }

    async fn look_at(
        &self,
        project: &Project,
        environment: &Environment,
        record: Overview,
        ending: Option<Ending>,
    ) -> Result<EnvironmentStatus, StatusError> {
        let Overview {
            environment: stand,
            release,
            unfinished,
            holder,
        } = record;
        let key = RouteKey {
            project: project.config.project.clone(),
            environment: environment.name.clone(),
        };
        let (mut instances, mut trouble) = (Vec::new(), None);
        if let Some(live) = &stand.live {
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
        let tls = environment.route.tls.as_ref().map(Tls::from);
        let deployment = unfinished.map(|one| self.under_way(&one, holder));
        let stable = stand.live.is_some() && stand.live == stand.stable;
        Ok(EnvironmentStatus {
            url: url(environment),
            routed: self.routed(&key, stand.live.as_ref()).await,
            // A proxy that does not answer is told of already.
            maintenance: self.router.maintenance(&key).await.unwrap_or_default(),
            certificates: self.certificates(&key, tls.as_ref()).await,
            next: match &ending {
                Some(_) => Some(format!("shipway down {} --volumes", environment.name)),
                None => next(project, environment, &deployment, stand.live.is_some()),
            },
            name: environment.name.clone(),
            live: stand.live,
            release,
            since: stand.live_since,
            stable,
            instances,
            trouble,
            deployment,
            frozen: stand.frozen,
            ending,
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

    fn under_way(&self, deployment: &Summary, holder: Option<Holder>) -> UnderWay {
        // Where the lock cannot be asked, nobody is told to take it.
        let is_held = self.store.is_held(&deployment.environment).unwrap_or(true);
        UnderWay {
            id: deployment.id,
            state: deployment.state.to_owned(),
            holder: holder.filter(|_| is_held).map(|holder| holder.owner),
        }
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
    let path = route.rules.paths.first().filter(|path| !path.is_root());
    let path = path.map_or_else(String::new, ToString::to_string);
    match (scheme, port) {
        ("http", 80) | ("https", 443) => format!("{scheme}://{host}{path}/"),
        _ => format!("{scheme}://{host}:{port}{path}/"),
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
