//! The control side's state: every change of the table goes through here, one at a time.

mod elders;
mod estate;
mod listening;
mod maintenance;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use http::HeaderValue;
use shipway_pipeline::id::{Epoch, Generation, InstanceId};
use shipway_pipeline::route::{Acceptance, Backend, Route, RouteKey};
use shipway_pipeline::traffic::InFlight;

use crate::control::{Cut, Deleted, Held, HoldFor, Put, Refusal, Reloaded, Target};
use crate::hold::Hold;
use crate::options::Paths;
use crate::quota::{Meter, Quota, Refused};
use crate::registry::elders::Elders;
use crate::registry::listening::Bound;
use crate::state::{self, Removed, State};
use crate::sticky::{self, Sticky};
use crate::table::{Entry, Table, check_pattern};
use crate::tally::{Counted, Owner, Tally};
use crate::tls::Keyring;
use crate::worker::{Handle, Shared, WorkerOrder};

/// Deployments of a route whose counts are kept after they left it: those that a judgement or an
/// operator may still ask about.
const KEPT: usize = 8;

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
            paths,
            shared,
            workers,
            holds: BTreeMap::new(),
            tallies: BTreeMap::new(),
            meters: BTreeMap::new(),
            sticky_key: None,
            keyring: Keyring::new(),
            bound: BTreeMap::new(),
            unbound: BTreeMap::new(),
            elders: Elders::default(),
        };
        registry.swap();
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

    /// The certificates of the routes.
    pub(crate) fn keyring(&self) -> &Keyring {
        &self.keyring
    }

    /// Reads certificates that have changed on the disk.
    pub(crate) fn reload_changed(&mut self) {
        if self.keyring.read_changed(&self.state.routes) {
            self.keyring.publish(&self.state.routes);
        }
    }

    /// Does it now, and tells what came of it.
    pub(crate) fn reload(&mut self) -> Vec<Reloaded> {
        self.reload_changed();
        if let Some(access) = &self.shared.access {
            access.reopen();
        }
        self.reloaded()
    }

    /// Lets all waiting requests go, as nobody would resume them any more.
    pub(crate) fn resume_all(&self) {
        for hold in self.holds.values() {
            hold.resume();
        }
    }

    /// What other routes have, no further one can have.
    fn check_beside(&self, route: &Route) -> Result<(), Refusal> {
        let table = self.shared.table.load();
        if let Some((address, holder)) = table.find_mismatch(route) {
            return Err(Refusal::Invalid {
                reason: format!(
                    "{address} is for HTTP and for HTTPS, of {} and {holder}: give each an address \
                     of its own",
                    route.key
                ),
            });
        }
        if let Some(dispute) = table.find_dispute(route) {
            return Err(Refusal::Certificate {
                reason: format!(
                    "{} has another certificate for `{}`: give both the same files",
                    dispute.holder, dispute.host
                ),
            });
        }
        match table.find_clash(route) {
            None => Ok(()),
            Some(clash) => Err(Refusal::Host {
                host: clash.host,
                path: clash.path,
                holder: clash.holder,
            }),
        }
    }

    /// Takes the certificate that a route is to have. One that it has already never stands in the
    /// way of a switch: what is wrong with it, the status tells.
    fn admit(&mut self, route: &Route) -> Result<(), Refusal> {
        let Some(tls) = &route.tls else { return Ok(()) };
        let mut present = self.state.routes.iter();
        let is_kept = |it: &Route| {
            it.key == route.key && it.tls.as_ref() == Some(tls) && it.hosts == route.hosts
        };
        if present.any(is_kept) {
            return Ok(());
        }
        let admitted = self.keyring.admit(tls, &route.hosts);
        admitted.map_err(|error| Refusal::Certificate {
            reason: error.to_string(),
        })
    }

    /// A route that is not there may be put by whoever holds the lease, with a generation behind
    /// that of the one removed.
    fn accepts_anew(&self, route: &Route) -> Result<Acceptance, Refusal> {
        if let Some(removed) = self.state.removed.iter().find(|it| it.key == route.key) {
            check_epoch(route.epoch, removed.epoch)?;
            // A later holder of the lease counts anew: it knows nothing of the route before.
            if route.epoch == removed.epoch && route.generation <= removed.generation {
                return Err(Refusal::Generation {
                    offered: route.generation,
                    current: removed.generation,
                });
            }
        }
        Ok(Acceptance::Replaces)
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

    /// Makes the present state the table that workers read.
    fn swap(&mut self) {
        self.keyring.publish(&self.state.routes);
        let workers = self.workers.len();
        let present = self.shared.table.load_full();
        let mut entries = BTreeMap::new();
        for route in &self.state.routes {
            // A route that stays keeps its entry, so that its requests see no change.
            let before = present.entries.get(&route.key);
            let closed = self.closed(&route.key, before.and_then(|it| it.closed.as_ref()));
            let stays = |it: &&Arc<Entry>| {
                let is_as_closed = match (&it.closed, &closed) {
                    (None, None) => true,
                    (Some(one), Some(other)) => Arc::ptr_eq(one, other),
                    (Some(_), None) | (None, Some(_)) => false,
                };
                it.route == *route && is_as_closed
            };
            if let Some(entry) = before.filter(stays) {
                entries.insert(route.key.clone(), Arc::clone(entry));
                continue;
            }
            let quota = quota(
                &mut self.meters,
                route,
                before.and_then(|it| it.quota.as_ref()),
            );
            let hold = self.holds.entry(route.key.clone()).or_default();
            let tallies = route.backends.iter().map(|backend| {
                let owner = Owner {
                    route: route.key.clone(),
                    colour: backend.colour,
                    deployment: backend.deployment,
                };
                let instance = backend.instance.clone();
                let of_owner = self.tallies.entry(owner.clone()).or_default();
                let tally = of_owner.entry(instance.clone());
                Arc::clone(tally.or_insert_with(|| Arc::new(Tally::new(owner, instance, workers))))
            });
            let entry = Entry {
                tallies: tallies.collect(),
                hold: Arc::clone(hold),
                closed,
                quota,
                sticky: Sticky::of(route, || {
                    *self
                        .sticky_key
                        .get_or_insert_with(|| sticky::key(&self.paths.sticky_key()))
                }),
                hsts: hsts(route),
                route: route.clone(),
            };
            entries.insert(route.key.clone(), Arc::new(entry));
        }
        self.meters.retain(|key, _| entries.contains_key(key));
        self.shared.table.store(Arc::new(Table::build(entries)));
        self.forget_old();
        let routes = &self.state.routes;
        self.elders.forget(|owner| is_present(routes, owner));
    }

    /// Drops the counts of deployments that are long gone.
    fn forget_old(&mut self) {
        let is_idle = |tally: &Arc<Tally>| tally.totals().in_flight.total() == 0;
        let gone = self.tallies.iter().filter(|(owner, tallies)| {
            !is_present(&self.state.routes, owner) && tallies.values().all(is_idle)
        });
        for owner in beyond_kept(gone.map(|(owner, _)| owner)) {
            self.tallies.remove(&owner);
        }
    }
}

fn is_present(routes: &[Route], owner: &Owner) -> bool {
    routes
        .iter()
        .any(|route| route.key == owner.route && has_backend(route, owner))
}

/// Of deployments that are gone, those whose counts are kept no longer.
fn beyond_kept<'a>(gone: impl Iterator<Item = &'a Owner>) -> Vec<Owner> {
    let mut by_route: BTreeMap<RouteKey, Vec<Owner>> = BTreeMap::new();
    for owner in gone {
        let of_route = by_route.entry(owner.route.clone()).or_default();
        of_route.push(owner.clone());
    }
    by_route
        .into_values()
        .flat_map(|mut owners| {
            owners.sort_by_key(|owner| std::cmp::Reverse(owner.deployment));
            owners.into_iter().skip(KEPT)
        })
        .collect()
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

fn has_backend(route: &Route, owner: &Owner) -> bool {
    let mut backends = route.backends.iter();
    backends.any(|it| it.colour == owner.colour && it.deployment == owner.deployment)
}

fn check(route: &Route) -> Result<(), Refusal> {
    let invalid = |reason: String| Err(Refusal::Invalid { reason });
    for host in &route.hosts {
        if let Err(error) = check_pattern(host) {
            return invalid(error.to_string());
        }
    }
    if route.listen.port() == 0 {
        return invalid(format!("`{}` names no port", route.listen));
    }
    check_tls(route)?;
    if route.generation == Generation(0) && route.epoch == Epoch(0) {
        return invalid("a route without epoch and generation could not be replaced safely".into());
    }
    Ok(())
}

fn check_tls(route: &Route) -> Result<(), Refusal> {
    let Some(tls) = &route.tls else { return Ok(()) };
    let reason = if tls.listen.port() == 0 {
        format!("`{}` names no port", tls.listen)
    } else if tls.listen == route.listen {
        format!("`{}` cannot be for HTTP and for HTTPS", tls.listen)
    } else if route.hosts.is_empty() {
        "a route with a certificate names its hosts".to_owned()
    } else {
        return Ok(());
    };
    Err(Refusal::Invalid { reason })
}

/// The limits of a route: those it has already where they stay as they are, so that a switch
/// forgets nothing.
fn quota(
    meters: &mut BTreeMap<RouteKey, Arc<Meter>>,
    route: &Route,
    present: Option<&Arc<Quota>>,
) -> Option<Arc<Quota>> {
    let limits = &route.rules.limits;
    if limits.is_empty() {
        return None;
    }
    if let Some(present) = present.filter(|present| present.is_of(limits)) {
        return Some(Arc::clone(present));
    }
    let meter = meters.entry(route.key.clone()).or_default();
    Some(Arc::new(Quota::new(limits, meter)))
}

/// What browsers are told for a route.
fn hsts(route: &Route) -> Option<HeaderValue> {
    let seconds = route.tls.as_ref()?.hsts?;
    HeaderValue::try_from(format!("max-age={seconds}")).ok()
}

fn check_epoch(offered: Epoch, current: Epoch) -> Result<(), Refusal> {
    if offered < current {
        return Err(Refusal::Epoch { offered, current });
    }
    Ok(())
}
