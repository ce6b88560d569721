//! What there is in the world.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::net::SocketAddr;
use std::time::Duration;

use shipway_pipeline::colour::{Colour, Slot};
use shipway_pipeline::id::{DeploymentId, Epoch, InstanceId, ReleaseId};
use shipway_pipeline::route::{Route, RouteKey};
use shipway_pipeline::traffic::{Counters, InFlight};
use shipway_runtime::{ColourKey, Exit, Health, HealthStatus, Instance, State as InstanceState};
use tokio::time::Instant;

use super::call::Call;

/// From its start until an instance says that it is healthy.
const WARM_UP: Duration = Duration::from_millis(40);

/// What is wrong with a release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ailment {
    /// The runtime cannot start it.
    CannotStart,
    /// Its instances end at once, from this number on.
    EndsAtOnce(u32),
    /// Its instances never become healthy, from this number on.
    NeverHealthy(u32),
    /// Its migration ends with exit code 1.
    MigrationFails,
}

/// An instance of the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Which.
    pub id: InstanceId,
    /// The release it runs.
    pub release: ReleaseId,
    /// The deployment that started it.
    pub deployment: DeploymentId,
    /// Where it listens.
    pub address: SocketAddr,
    /// How it ended by itself, if it did.
    pub ended: Option<Exit>,
    pub(super) health: Option<HealthStatus>,
    pub(super) restarts: u32,
    pub(super) started: Instant,
}

/// What one deployment's instances answered.
#[derive(Debug, Clone, Default)]
pub(super) struct Answered {
    pub(super) release: Option<ReleaseId>,
    pub(super) counters: Counters,
    pub(super) in_flight: BTreeMap<InstanceId, InFlight>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct State {
    pub(super) slots: HashMap<ColourKey, BTreeMap<InstanceId, Member>>,
    pub(super) routes: HashMap<RouteKey, Route>,
    pub(super) held: HashSet<RouteKey>,
    pub(super) answered: HashMap<RouteKey, BTreeMap<(DeploymentId, Colour), Answered>>,
    /// What a release answers between two looks.
    pub(super) answers: HashMap<ReleaseId, Counters>,
    /// The highest epoch that acted on a slot, as the runtime keeps it.
    pub(super) epochs: HashMap<ColourKey, Epoch>,
    /// The highest epoch that acted anywhere.
    pub(super) highest: HashMap<RouteKey, Epoch>,
    pub(super) ailments: HashMap<ReleaseId, Ailment>,
    pub(super) singletons: BTreeSet<String>,
    pub(super) serving: HashSet<RouteKey>,
    pub(super) migrated: Vec<ReleaseId>,
    pub(super) calls: Vec<Call>,
    pub(super) violations: Vec<String>,
    ports: u16,
}

// === impl Member ===

impl Member {
    pub(super) fn is_alive(&self) -> bool {
        self.ended.is_none()
    }

    pub(super) fn health(&self) -> HealthStatus {
        self.health.unwrap_or_else(|| {
            if self.started.elapsed() >= WARM_UP {
                HealthStatus::Healthy
            } else {
                HealthStatus::Starting
            }
        })
    }

    pub(super) fn observe(&self) -> Instance {
        let state = match self.ended {
            Some(exit) => InstanceState::Exited {
                exit,
                at: shipway_pipeline::time::Timestamp(0),
            },
            None => InstanceState::Running {
                since: shipway_pipeline::time::Timestamp(0),
                pid: u32::from(self.address.port()),
            },
        };
        Instance {
            id: self.id.clone(),
            release: self.release.clone(),
            deployment: self.deployment,
            address: Some(self.address),
            state,
            health: Some(Health {
                status: self.health(),
                last_output: "as the world says".to_owned(),
            }),
            restarts: self.restarts,
            artifact: None,
        }
    }
}

// === impl State ===

impl State {
    /// Starts an instance, whatever was there under its name.
    pub(super) fn start(
        &mut self,
        key: &ColourKey,
        id: &InstanceId,
        release: &ReleaseId,
        deployment: DeploymentId,
    ) {
        let ailment = self
            .ailments
            .get(release)
            .filter(|_| key.slot != Slot::Shared);
        let ended = matches!(ailment, Some(Ailment::EndsAtOnce(from)) if id.number >= *from);
        let sick = matches!(ailment, Some(Ailment::NeverHealthy(from)) if id.number >= *from);
        self.ports += 1;
        let member = Member {
            id: id.clone(),
            release: release.clone(),
            deployment,
            address: SocketAddr::from(([127, 0, 0, 1], 20_000 + self.ports)),
            ended: ended.then_some(Exit::Code(3)),
            health: sick.then_some(HealthStatus::Unhealthy),
            restarts: 0,
            started: Instant::now(),
        };
        self.slots
            .entry(key.clone())
            .or_default()
            .insert(id.clone(), member);
    }

    pub(super) fn member(&self, key: &ColourKey, id: &InstanceId) -> Option<&Member> {
        self.slots.get(key)?.get(id)
    }

    /// Takes note of who acts on a slot; a deposed one is refused with a reason.
    pub(super) fn raise(&mut self, key: &ColourKey, epoch: Epoch) -> Result<(), String> {
        let highest = self.epochs.entry(key.clone()).or_default();
        if epoch < *highest {
            return Err(format!("epoch {epoch} is older than epoch {highest}"));
        }
        *highest = epoch;
        self.accept(&key.route, epoch);
        Ok(())
    }

    /// Takes note of an effect under a lease, wherever it was.
    pub(super) fn accept(&mut self, key: &RouteKey, epoch: Epoch) {
        let highest = self.highest.entry(key.clone()).or_default();
        if epoch < *highest {
            self.violations.push(format!(
                "an effect under epoch {epoch} was done after one under epoch {highest}"
            ));
        }
        *highest = epoch.max(*highest);
    }

    /// What every routed release answers until somebody looks again.
    pub(super) fn answer(&mut self, key: &RouteKey) {
        let Some(route) = self.routes.get(key) else {
            return;
        };
        let all = self.answered.entry(key.clone()).or_default();
        for ((deployment, _), answered) in all {
            let is_routed = route
                .backends
                .iter()
                .any(|backend| backend.deployment == *deployment);
            let more = answered
                .release
                .as_ref()
                .and_then(|release| self.answers.get(release));
            if let (true, Some(more)) = (is_routed, more) {
                add(&mut answered.counters, more);
            }
        }
    }
}

fn add(counters: &mut Counters, more: &Counters) {
    for (total, part) in counters.by_class.iter_mut().zip(&more.by_class) {
        *total += part;
    }
    counters.failed += more.failed;
    for (total, part) in counters.latency.iter_mut().zip(&more.latency) {
        *total += part;
    }
}
