//! What stands around an environment before a deployment of it is planned.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use shipway_pipeline::adoption::plan_adoption;
use shipway_pipeline::colour::Slot;
use shipway_pipeline::drift::{Deviation, Recorded, Seen, find_drift};
use shipway_pipeline::id::InstanceId;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::pending::{Pending, find_pending};
use shipway_pipeline::plan::{Around, Occupant};
use shipway_pipeline::release::Release;
use shipway_pipeline::role::Role;
use shipway_pipeline::route::{RouteKey, Tls};
use shipway_pipeline::workload::Workload;
use shipway_runtime::{ColourKey, Instance, Oddities, State};

use crate::certificates::Trouble;
use crate::deploy::{DeployError, Request};
use crate::executor::Engine;
use crate::migrations::{Examined, Subject, Why};
use crate::status::Routed;

/// What stands around an environment. Only looked at, and planned by.
#[derive(Debug, Clone, Default)]
pub struct Surroundings {
    /// What a plan takes notice of.
    pub around: Around,
    /// What is not as recorded.
    pub drift: Vec<Deviation>,
    /// Whether what is asked for is what is recorded as live.
    pub is_deployed: bool,
    /// The migrations, looked at; none where nothing is known of any.
    pub migrations: Option<Arc<Examined>>,
    /// What is wrong with certificates, where nothing is to be done by which it would be told.
    pub certificates: Vec<Trouble>,
}

/// Why a Compose project cannot be adopted, or must go on being so.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Nothing is there.
    #[error(
        "`{environment}` adopts the Compose project `{project}`, and no container of it is here"
    )]
    Nothing {
        /// Where.
        environment: EnvironmentName,
        /// What was to be adopted.
        project: String,
    },
    /// The environment has containers and volumes of its own by now.
    #[error(
        "`{environment}` is deployed already, and adopts a Compose project only with its first deployment"
    )]
    TooLate {
        /// Where.
        environment: EnvironmentName,
    },
    /// The volumes are the adopted project's.
    #[error(
        "`{environment}` adopted the Compose project `{project}`, and its volumes have that name"
    )]
    Forgotten {
        /// Where.
        environment: EnvironmentName,
        /// What was adopted.
        project: String,
    },
}

impl Engine {
    /// Looks around an environment. Changes nothing.
    ///
    /// # Errors
    /// The runtime cannot be asked, or what is asked to be adopted cannot be.
    pub async fn observe(&self, request: &Request<'_>) -> Result<Surroundings, DeployError> {
        let seen = self.observe_runtime(request).await?;
        let mut seen = self.with_migrations(request, seen).await?;
        if seen.is_settled() {
            let key = request.project.route_key(request.environment);
            let tls = request.environment.route.tls.as_ref().map(Tls::from);
            seen.certificates = self.certificates(&key, tls.as_ref()).await;
        }
        Ok(seen)
    }

    /// The same, with what becomes of the database's migrations.
    async fn with_migrations(
        &self,
        request: &Request<'_>,
        mut seen: Surroundings,
    ) -> Result<Surroundings, DeployError> {
        // What it finds applied now says nothing of the database that takes its place.
        if request.incoming.is_some() {
            return Ok(seen);
        }
        let live = self.store.environment(&request.environment.name)?.live;
        let subject = Subject {
            project: request.project,
            environment: request.environment,
            workload: &request.workload,
            commit: &request.release.commit,
            kind: request.kind,
        };
        seen.migrations = self.examine(&subject, live.as_ref()).await?;
        let examined = seen.migrations.as_ref().filter(|one| one.why == Why::Run);
        seen.around.migrations = examined.map(|examined| examined.outlook.clone());
        Ok(seen)
    }

    async fn observe_runtime(&self, request: &Request<'_>) -> Result<Surroundings, DeployError> {
        let key = request.project.route_key(request.environment);
        self.check_reachable(&key).await?;
        let record = self.store.environment(&request.environment.name)?;
        self.check_adopted(request, record.live.as_ref())?;
        let Some(live) = &record.live else {
            return Ok(Surroundings {
                around: self.around_nothing(request).await?,
                ..Surroundings::default()
            });
        };
        let shared = ColourKey {
            route: key.clone(),
            slot: Slot::Shared,
        };
        let found = self.runtime.list(&shared).await?;
        Ok(Surroundings {
            around: Around {
                pending: self.pending(&found, &request.workload, &request.release)?,
                upkeep: self.upkeep(request)?,
                ..Around::default()
            },
            drift: self.drift(&key, live, &found).await?,
            migrations: None,
            certificates: Vec::new(),
            is_deployed: request.incoming.is_none()
                && record.frozen.is_none()
                && self.is_deployed(request, live)?,
        })
    }

    /// Looks again at what a plan is made by, once nobody else can change the environment. What
    /// was only to be told stays as it was told.
    pub(crate) async fn observe_again(
        &self,
        request: &Request<'_>,
    ) -> Result<Surroundings, DeployError> {
        let record = self.store.environment(&request.environment.name)?;
        self.check_adopted(request, record.live.as_ref())?;
        let mut seen = request.surroundings.clone();
        seen.around = match record.live {
            None => self.around_nothing(request).await?,
            Some(_) => Around {
                pending: seen.around.pending,
                upkeep: seen.around.upkeep,
                ..Around::default()
            },
        };
        self.with_migrations(request, seen).await
    }

    /// Whether the same is live already, recorded as it would be now.
    fn is_deployed(&self, request: &Request<'_>, live: &Occupant) -> Result<bool, DeployError> {
        let environment = request.environment;
        if self.store.unfinished(&environment.name)?.is_some() {
            return Ok(false);
        }
        let recorded = self.store.deployment(live.deployment)?;
        let is_same_route = recorded.is_some_and(|recorded| {
            let route = recorded.plan.route;
            let wanted = &environment.route;
            route.listen == wanted.listen
                && route.hosts == wanted.hosts
                && route.tls == wanted.tls.as_ref().map(Into::into)
                && route.rules == wanted.rules
        });
        Ok(is_same_route
            && live.release == request.release.id
            && live.workload == request.workload.digest())
    }

    /// What a first deployment finds.
    async fn around_nothing(&self, request: &Request<'_>) -> Result<Around, DeployError> {
        let mut around = Around::default();
        let Some(model) = &request.workload.model else {
            return Ok(around);
        };
        let environment = request.environment;
        let key = request.project.route_key(environment);
        let Some(project) = &model.adopt else {
            let found = self.runtime.projects_of(&key, &request.project.directory);
            around.beside = found.await?;
            around.beside.retain(|name| !request.project.adopts(name));
            return Ok(around);
        };
        let found = self.runtime.neighbours(&key, project).await?;
        if found.is_empty() {
            return Err(DeployError::Adoption(Refused::Nothing {
                environment: environment.name.clone(),
                project: project.clone(),
            }));
        }
        let listen = environment.route.listen;
        around.adoption = Some(plan_adoption(project, &found, &request.workload, listen));
        Ok(around)
    }

    /// The shared services that run otherwise than a workload says.
    pub(crate) fn pending(
        &self,
        shared: &[Instance],
        workload: &Workload,
        release: &Release,
    ) -> Result<Vec<Pending>, DeployError> {
        let mut pending: Vec<Pending> = Vec::new();
        for instance in shared {
            let service = &instance.id.service;
            if pending.iter().any(|one| one.service == *service) {
                continue;
            }
            let Some(started) = self.store.deployment(instance.deployment)? else {
                continue;
            };
            let Some(before) = self.store.workload(&started.plan.target.workload)? else {
                continue;
            };
            let pinned = release.artifacts.get(service.as_str());
            let is_same = pinned
                .zip(instance.artifact.as_ref())
                .is_none_or(|(a, b)| a == b);
            pending.extend(find_pending(service, &before, workload, is_same));
        }
        Ok(pending)
    }

    /// Whether the proxy sends requests to where the instances are: one that was started again by
    /// the engine may have another address.
    async fn is_at_hand(
        &self,
        key: &RouteKey,
        live: &Occupant,
        addresses: &BTreeMap<InstanceId, SocketAddr>,
    ) -> bool {
        let Ok(Some(recorded)) = self.store.deployment(live.deployment) else {
            return true;
        };
        let listen = recorded.plan.route.listen;
        let Ok(Some(routes)) = self.router.routes_at(key, listen).await else {
            return true;
        };
        let routed = routes.into_iter().filter(|route| route.key == *key);
        let mut backends = routed.flat_map(|route| route.backends);
        backends.all(|backend| {
            let address = addresses.get(&backend.instance);
            address.is_none_or(|address| *address == backend.address)
        })
    }

    /// What is not as recorded.
    async fn drift(
        &self,
        route: &RouteKey,
        live: &Occupant,
        shared: &[Instance],
    ) -> Result<Vec<Deviation>, DeployError> {
        let (workload, release) = (
            self.store.workload(&live.workload)?,
            self.store.release(&live.release)?,
        );
        let (Some(workload), Some(release)) = (workload, release) else {
            return Ok(Vec::new());
        };
        let (mut seen, mut strangers) = (Vec::new(), Vec::new());
        let mut addresses = BTreeMap::new();
        for slot in [Slot::Shared, Slot::Blue, Slot::Green] {
            let key = ColourKey {
                route: route.clone(),
                slot,
            };
            let found = match slot {
                Slot::Shared => shared.to_vec(),
                Slot::Blue | Slot::Green => self.runtime.list(&key).await?,
            };
            let oddities = match &workload.model {
                Some(model) => self.runtime.find_oddities(&key, model).await?,
                None => Oddities::default(),
            };
            if slot == Slot::from(live.colour) {
                let known = found.iter();
                addresses.extend(known.filter_map(|one| Some((one.id.clone(), one.address?))));
            }
            let is_tool = |one: &Seen| workload.role(&one.id.service) == Some(Role::Tool);
            seen.extend(found.into_iter().map(|one| {
                let mut seen = see(slot, one, &oddities);
                // Whether a tool runs is nobody's business.
                seen.ended = seen.ended.take().filter(|_| !is_tool(&seen));
                seen
            }));
            strangers.extend(oddities.strangers);
        }
        let mut drift = find_drift(
            &Recorded {
                live,
                shared: &workload.shared_sizes(),
                artifacts: &release.artifacts,
            },
            &seen,
        );
        drift.extend(
            strangers
                .into_iter()
                .map(|container| Deviation::Stranger { container }),
        );
        drift.extend(match self.routed(route, Some(live)).await {
            Routed::Live if self.is_at_hand(route, live, &addresses).await => None,
            Routed::Live | Routed::Elsewhere => Some(Deviation::Misrouted),
            Routed::NoProxy => Some(Deviation::NoProxy),
        });
        Ok(drift)
    }

    /// What was adopted once stays so: the names of volumes hang on it.
    fn check_adopted(
        &self,
        request: &Request<'_>,
        live: Option<&Occupant>,
    ) -> Result<(), DeployError> {
        let Some(live) = live else { return Ok(()) };
        let environment = request.environment.name.clone();
        let model = |workload: &shipway_pipeline::workload::Workload| workload.model.clone();
        let Some(before) = self
            .store
            .workload(&live.workload)?
            .as_ref()
            .and_then(model)
        else {
            return Ok(());
        };
        let now = request
            .workload
            .model
            .as_ref()
            .and_then(|now| now.adopt.as_ref());
        match (before.adopt, now) {
            (Some(project), now) if now != Some(&project) => {
                Err(DeployError::Adoption(Refused::Forgotten {
                    environment,
                    project,
                }))
            }
            (None, Some(_)) => Err(DeployError::Adoption(Refused::TooLate { environment })),
            (Some(_), _) | (None, None) => Ok(()),
        }
    }
}

impl Surroundings {
    /// Whether a deployment would change nothing.
    pub fn is_settled(&self) -> bool {
        self.is_deployed && self.drift.is_empty()
    }
}

fn see(slot: Slot, instance: Instance, oddities: &Oddities) -> Seen {
    let detached = oddities.detached.get(&instance.id);
    Seen {
        slot,
        deployment: instance.deployment,
        ended: match &instance.state {
            State::Starting | State::Running { .. } => None,
            State::Restarting { exit } => Some(format!("{exit}, starting again")),
            State::Exited { exit, .. } => Some(exit.to_string()),
        },
        artifact: instance.artifact,
        detached: detached.cloned().unwrap_or_default(),
        id: instance.id,
    }
}
