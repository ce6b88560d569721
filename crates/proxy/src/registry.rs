//! The control side's state: every change of the table goes through here, one at a time.

mod acceptance;
mod building;
mod certificates;
mod elders;
mod estate;
mod listening;
mod maintenance;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use shipway_pipeline::id::{Epoch, InstanceId};
use shipway_pipeline::route::{Acceptance, Backend, Route, RouteKey};
use shipway_pipeline::traffic::InFlight;

use crate::acme::Keeper;
use crate::control::{Cut, Deleted, Held, HoldFor, Put, Refusal, Target};
use crate::files::Files;
use crate::hold::Hold;
use crate::options::Paths;
use crate::quota::{Meter, Refused};
use crate::registry::acceptance::{check, check_epoch};
use crate::registry::elders::Elders;
use crate::registry::listening::Bound;
use crate::state::{self, Removed, State};
use crate::sticky;
use crate::tally::{Counted, Owner, Tally};
use crate::tls::Keyring;
use crate::worker::{Handle, Shared, WorkerOrder};

pub(crate) use estate::Estate;

/// The routes with everything that belongs to them.
#[derive(Debug)]
pub(crate) struct Registry {
    paths: Paths,
    shared: Arc<Shared>,
    workers: Vec<Handle>,
    state: State,
    holds: BTreeMap<RouteKey, Arc<Hold>>,
    tallies: BTreeMap<Owner, BTreeMap<InstanceId, Arc<Tally>>>,
    meters: BTreeMap<RouteKey, Arc<Meter>>,
    /// Read, or made, when a route first needs it.
    sticky_key: Option<sticky::Key>,
    keyring: Keyring,
    /// Sees to it that certificates are issued and renewed.
    keeper: Keeper,
    /// Where the workers listen.
    bound: BTreeMap<SocketAddr, Bound>,
    unbound: BTreeMap<SocketAddr, String>,
    elders: Elders,
}

// === impl Registry ===

impl Registry {
    /// Routes what was routed when the last proxy ended, as soon as it listens.
    pub(crate) fn restore(
        paths: Paths,
        shared: Arc<Shared>,
        workers: Vec<Handle>,
    ) -> Result<Self, state::Error> {
        let mut registry = Self {
            state: state::load(&paths)?,
            keyring: Keyring::new(paths.dir()),
            keeper: Keeper::new(paths.dir(), &shared.answers, shared.limits.issue_again),
            paths,
            shared,
            workers,
            holds: BTreeMap::new(),
            tallies: BTreeMap::new(),
            meters: BTreeMap::new(),
            sticky_key: None,
            bound: BTreeMap::new(),
            unbound: BTreeMap::new(),
            elders: Elders::default(),
        };
        registry.swap();
        registry.keeper.prepare(&registry.state.routes);
        Ok(registry)
    }

    pub(crate) async fn put(&mut self, route: Route) -> Result<Put, Refusal> {
        check(&route)?;
        let present = self.state.routes.iter().find(|it| it.key == route.key);
        let acceptance = match present {
            Some(present) => present.accepts(&route)?,
            None => self.accepts_anew(&route)?,
        };
        let raises_epoch = present.is_some_and(|present| route.epoch > present.epoch);
        if acceptance == Acceptance::Repeats && !raises_epoch {
            self.bind_missing().await;
            return Ok(Put {
                generation: route.generation,
                changed: false,
            });
        }
        self.check_beside(&route)?;
        self.admit(&route)?;
        let generation = route.generation;
        let listeners = self.open_missing(&route)?;
        let mut next = self.state.clone();
        next.routes.retain(|it| it.key != route.key);
        next.removed.retain(|it| it.key != route.key);
        next.routes.push(route);
        self.save(next)?;
        self.swap();
        for (address, listeners) in listeners {
            self.listen(address, listeners).await;
        }
        self.settle().await;
        self.lead_elders().await;
        Ok(Put {
            generation,
            changed: acceptance == Acceptance::Replaces,
        })
    }

    pub(crate) async fn delete(&mut self, target: &Target) -> Result<Deleted, Refusal> {
        let Some(route) = self.state.routes.iter().find(|it| it.key == target.key) else {
            if let Some(removed) = self.state.removed.iter().find(|it| it.key == target.key) {
                check_epoch(target.epoch, removed.epoch)?;
            }
            return Ok(Deleted { changed: false });
        };
        check_epoch(target.epoch, route.epoch)?;
        let removed = Removed {
            key: target.key.clone(),
            epoch: target.epoch,
            generation: route.generation,
        };
        let mut next = self.state.clone();
        next.routes.retain(|it| it.key != target.key);
        next.removed.retain(|it| it.key != target.key);
        next.removed.push(removed);
        next.shut.retain(|it| it.key != target.key);
        self.save(next)?;
        if let Some(hold) = self.holds.remove(&target.key) {
            hold.resume();
        }
        self.swap();
        self.settle().await;
        self.lead_elders().await;
        Ok(Deleted { changed: true })
    }

    pub(crate) async fn hold(&mut self, hold: &HoldFor) -> Result<Held, Refusal> {
        let gate = self.gate(&hold.key, hold.epoch)?;
        let most = self.shared.limits.hold;
        let time = Duration::from_millis(hold.milliseconds).min(most);
        gate.hold(Instant::now() + time);
        self.elders.hold(hold).await;
        Ok(self.held(&hold.key))
    }

    pub(crate) async fn resume(&mut self, target: &Target) -> Result<Held, Refusal> {
        self.gate(&target.key, target.epoch)?.resume();
        self.elders.resume(target).await;
        Ok(self.held(&target.key))
    }

    pub(crate) async fn cut(&mut self, cut: &Cut) -> Result<InFlight, Refusal> {
        let unknown = || Refusal::Unknown {
            key: cut.key.clone(),
        };
        let owner = Owner {
            route: cut.key.clone(),
            colour: cut.colour,
            deployment: cut.deployment,
        };
        if let Some(route) = self.state.routes.iter().find(|it| it.key == cut.key) {
            check_epoch(cut.epoch, route.epoch)?;
            let is_wanted =
                |it: &InstanceId| cut.only.as_ref().is_none_or(|only| only.contains(it));
            if routed(route, &owner).any(is_wanted) {
                return Err(Refusal::StillRouted {
                    key: cut.key.clone(),
                    colour: cut.colour,
                    deployment: cut.deployment,
                });
            }
        }
        let mut total = self.elders.cut(cut).await;
        let tallies = match self.tallies.get(&owner) {
            Some(tallies) => tallies,
            None if self.elders.know(&owner) => return Ok(total),
            None => return Err(unknown()),
        };
        let wanted = tallies.values().filter(|tally| {
            let mut only = cut.only.iter().flatten();
            cut.only.is_none() || only.any(|instance| *instance == tally.instance)
        });
        for tally in wanted {
            let part = self.cut_instance(tally).await;
            total.short += part.short;
            total.streaming += part.streaming;
            total.upgraded += part.upgraded;
        }
        Ok(total)
    }

    async fn cut_instance(&self, tally: &Arc<Tally>) -> InFlight {
        let mut total = InFlight::default();
        for worker in &self.workers {
            let part = worker
                .order(|done| WorkerOrder::Cut(Arc::clone(tally), done))
                .await
                .unwrap_or_default();
            total.short += part.short;
            total.streaming += part.streaming;
            total.upgraded += part.upgraded;
        }
        total
    }

    pub(crate) fn routes(&self) -> &[Route] {
        &self.state.routes
    }

    /// What this process counted, by deployment and then by instance.
    fn own_counts(&self) -> Counted {
        let mut counted = Counted::default();
        for tally in self.tallies.values().flat_map(BTreeMap::values) {
            counted.add(&tally.owner, &tally.instance, &tally.totals());
        }
        counted
    }

    /// The same with what the proxies before it counted that handed over to it.
    pub(crate) fn counted(&self) -> Counted {
        let mut counted = self.own_counts();
        self.elders.count_into(&mut counted);
        counted
    }

    pub(crate) fn held(&self, key: &RouteKey) -> Held {
        self.holds.get(key).map_or_else(Held::default, |hold| Held {
            milliseconds: hold
                .remaining(Instant::now())
                .map_or(0, |remaining| remaining.as_millis() as u64),
            waiting: hold.waiting() as u64 + self.elders.waiting(key),
        })
    }

    /// What the limits of each route have refused.
    pub(crate) fn refused(&self) -> impl Iterator<Item = (&RouteKey, Refused)> {
        let meters = self.meters.iter();
        meters.map(|(key, meter)| (key, meter.refused()))
    }

    /// Lines of the access log that were written and dropped, where there is one.
    pub(crate) fn logged(&self) -> Option<(u64, u64)> {
        self.shared.access.as_ref().map(|access| access.counts())
    }

    /// How many connections there are and may be.
    pub(crate) fn files(&self) -> &Files {
        &self.shared.files
    }

    /// Lets all waiting requests go, as nobody would resume them any more.
    pub(crate) fn resume_all(&self) {
        for hold in self.holds.values() {
            hold.resume();
        }
    }

    fn gate(&self, key: &RouteKey, epoch: Epoch) -> Result<&Hold, Refusal> {
        let unknown = || Refusal::Unknown { key: key.clone() };
        let route = self.state.routes.iter().find(|it| it.key == *key);
        check_epoch(epoch, route.ok_or_else(unknown)?.epoch)?;
        self.holds.get(key).map(|hold| &**hold).ok_or_else(unknown)
    }

    fn save(&mut self, next: State) -> Result<(), Refusal> {
        state::save(&self.paths, &next).map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            Refusal::State {
                reason: format!("{error}: {}", cause.unwrap_or_default()),
            }
        })?;
        self.state = next;
        Ok(())
    }
}

/// The deployment's instances that the route sends new requests to.
pub(crate) fn routed<'a>(
    route: &'a Route,
    owner: &'a Owner,
) -> impl Iterator<Item = &'a InstanceId> {
    let of_owner = |it: &&Backend| it.colour == owner.colour && it.deployment == owner.deployment;
    let backends = route.backends.iter().filter(of_owner);
    backends.filter(|it| it.weight > 0).map(|it| &it.instance)
}
