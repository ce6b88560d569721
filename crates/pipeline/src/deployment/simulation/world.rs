//! The runtime and the proxy: what calls do to them, and what must never be so.

use std::collections::{BTreeMap, BTreeSet};

use crate::id::{Epoch, Generation, InstanceId};
use crate::plan::{Plan, Side, Sizes};
use crate::route::{Backend, Route};

/// As long as the proxy lets requests wait.
const HOLD: u64 = 30_000;

pub(super) type Key = (bool, InstanceId);

/// What an engine asks of the runtime or the proxy.
#[derive(Debug, Clone)]
pub(super) enum Call {
    Start(Key),
    Stop(Key),
    /// Whether these are healthy.
    Look(Vec<Key>),
    GetRoute,
    Put(Box<Route>),
    Hold,
    Resume,
    /// Cuts what is open at instances that are no longer routed.
    Cut(Vec<Key>),
    /// Something beside the point: an artifact, an address, a task.
    Other,
}

#[derive(Debug, Clone)]
pub(super) enum Answer {
    Done,
    Healthy(bool),
    Route(Option<Box<Route>>),
    Refused,
}

#[derive(Debug, Clone)]
struct Instance {
    healthy_at: u64,
    /// Whether somebody was told that it is healthy.
    seen: bool,
}

#[derive(Debug)]
pub(super) struct World<'a> {
    plan: &'a Plan,
    running: BTreeMap<Key, Instance>,
    pub(super) route: Option<Route>,
    held_until: Option<u64>,
    /// Never healthy: the target.
    pub(super) broken: bool,
    pub(super) violations: Vec<String>,
    /// Whether some release answers at all times.
    always_answers: bool,
}

// === impl Call ===

impl Call {
    /// Whether the proxy is asked: another process, where a call goes on when its caller is gone.
    pub(super) fn is_of_proxy(&self) -> bool {
        match self {
            Self::GetRoute | Self::Put(_) | Self::Hold | Self::Resume | Self::Cut(_) => true,
            Self::Start(_) | Self::Stop(_) | Self::Look(_) | Self::Other => false,
        }
    }
}

// === impl World ===

pub(super) fn instances(sizes: &Sizes) -> impl Iterator<Item = InstanceId> + '_ {
    sizes.iter().flat_map(|(service, size)| {
        (1..=*size).map(|number| InstanceId {
            service: service.clone(),
            number,
        })
    })
}

pub(super) fn keys(side: Side, ids: impl IntoIterator<Item = InstanceId>) -> Vec<Key> {
    ids.into_iter()
        .map(|id| (side == Side::Target, id))
        .collect()
}

/// The backends of a side's instances.
pub(super) fn backends(plan: &Plan, side: Side, ids: &[InstanceId]) -> Vec<Backend> {
    let Some(occupant) = plan.occupant(side) else {
        return Vec::new();
    };
    let backend = |id: &InstanceId| Backend {
        colour: occupant.colour,
        deployment: occupant.deployment,
        instance: id.clone(),
        address: ([127, 0, 0, 1], 8000 + id.number as u16).into(),
        weight: 1,
    };
    ids.iter().map(backend).collect()
}

impl<'a> World<'a> {
    pub(super) fn before(plan: &'a Plan, strategy: &str, broken: bool) -> Self {
        let mut world = Self {
            plan,
            running: BTreeMap::new(),
            route: None,
            held_until: None,
            broken,
            violations: Vec::new(),
            always_answers: strategy != "recreate" && plan.previous.is_some(),
        };
        if let Some(previous) = &plan.previous {
            for key in keys(Side::Previous, instances(&previous.sizes)) {
                let healthy = Instance {
                    healthy_at: 0,
                    seen: true,
                };
                world.running.insert(key, healthy);
            }
            let routed: Vec<InstanceId> = instances(&previous.sizes)
                .filter(|id| id.service == plan.route.service)
                .collect();
            world.route = Some(Route {
                key: plan.route_key(),
                epoch: Epoch(1),
                generation: Generation(1),
                listen: plan.route.listen,
                hosts: plan.route.hosts.clone(),
                tls: plan.route.tls.clone(),
                rules: plan.route.rules.clone(),
                backends: backends(plan, Side::Previous, &routed),
            });
        }
        world
    }

    /// Carries a call out. `startup` is how long an instance takes to become healthy.
    pub(super) fn apply(&mut self, call: &Call, now: u64, startup: u64) -> Answer {
        let answer = match call {
            Call::Start(key) => self.start(key, now, startup),
            Call::Stop(key) => self.stop(key),
            Call::Look(wanted) => self.look(wanted, now),
            Call::GetRoute => Answer::Route(self.route.clone().map(Box::new)),
            Call::Put(route) => self.put(route),
            Call::Hold => {
                self.held_until = Some(now + HOLD);
                Answer::Done
            }
            Call::Resume => {
                self.held_until = None;
                Answer::Done
            }
            Call::Cut(keys) if keys.iter().any(|key| self.routed().contains(key)) => {
                Answer::Refused
            }
            Call::Cut(_) | Call::Other => Answer::Done,
        };
        self.check(call);
        answer
    }

    fn start(&mut self, key: &Key, now: u64, startup: u64) -> Answer {
        let is_double = key.1.service.as_str() == "beat"
            && self
                .running
                .keys()
                .any(|other| other != key && other.1.service == key.1.service);
        if is_double {
            self.violations.push("two singletons are alive".to_owned());
        }
        let never = self.broken && key.0;
        self.running.entry(key.clone()).or_insert(Instance {
            healthy_at: if never { u64::MAX } else { now + startup },
            seen: false,
        });
        Answer::Done
    }

    fn stop(&mut self, key: &Key) -> Answer {
        if self.running.remove(key).is_some() && self.routed().contains(key) {
            self.violations
                .push(format!("{} was stopped while it was routed", key.1));
        }
        Answer::Done
    }

    fn look(&mut self, wanted: &[Key], now: u64) -> Answer {
        let healthy = wanted.iter().all(|key| {
            let instance = self.running.get(key);
            instance.is_some_and(|instance| instance.healthy_at <= now)
        });
        if healthy {
            for key in wanted {
                if let Some(instance) = self.running.get_mut(key) {
                    instance.seen = true;
                }
            }
        }
        Answer::Healthy(healthy)
    }

    fn put(&mut self, route: &Route) -> Answer {
        // Exactly what the proxy decides by.
        let accepted = match &self.route {
            Some(current) => current.accepts(route).is_ok(),
            None => true,
        };
        if accepted {
            self.route = Some(route.clone());
            Answer::Done
        } else {
            Answer::Refused
        }
    }

    /// What must hold after each call.
    fn check(&mut self, call: &Call) {
        let routed = self.routed();
        for key in &routed {
            match self.running.get(key) {
                None => self.violations.push(format!(
                    "{} is routed and does not run, after {call:?}",
                    key.1
                )),
                Some(instance) if !instance.seen => self
                    .violations
                    .push(format!("{} is routed and was not seen healthy", key.1)),
                Some(_) => {}
            }
        }
        if self.always_answers && routed.is_empty() {
            self.violations
                .push(format!("nobody answers, after {call:?}"));
        }
    }

    pub(super) fn routed(&self) -> BTreeSet<Key> {
        let target = self.plan.target.deployment;
        let backends = self.route.iter().flat_map(|route| &route.backends);
        backends
            .map(|backend| (backend.deployment == target, backend.instance.clone()))
            .collect()
    }

    pub(super) fn is_held(&self, now: u64) -> bool {
        self.held_until.is_some_and(|until| now < until)
    }

    pub(super) fn running(&self) -> impl Iterator<Item = &Key> {
        self.running.keys()
    }

    /// Whether it is as it was before the deployment, leaving aside what of the target still runs
    /// unrouted.
    pub(super) fn is_old(&self) -> bool {
        let sizes = self.plan.previous.as_ref().map(|previous| &previous.sizes);
        let all = keys(Side::Previous, sizes.into_iter().flat_map(instances));
        let routed = all
            .iter()
            .filter(|key| key.1.service == self.plan.route.service);
        self.routed() == routed.cloned().collect()
            && all.iter().all(|key| self.running.contains_key(key))
    }

    /// Whether the target has taken the place of what was before.
    pub(super) fn is_new(&self) -> bool {
        let all = keys(Side::Target, instances(&self.plan.target.sizes));
        let routed = all
            .iter()
            .filter(|key| key.1.service == self.plan.route.service);
        self.routed() == routed.cloned().collect()
            && all.iter().all(|key| self.running.contains_key(key))
    }
}
