//! The table that follows from the routes.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::HeaderValue;
use shipway_pipeline::route::{Route, RouteKey};

use crate::quota::{Meter, Quota};
use crate::registry::Registry;
use crate::sticky::{self, Sticky};
use crate::table::{Entry, Table};
use crate::tally::{Owner, Tally};

/// Deployments of a route whose counts are kept after they left it: those that a judgement or an
/// operator may still ask about.
const KEPT: usize = 8;

impl Registry {
    /// Makes the present state the table that workers read.
    pub(super) fn swap(&mut self) {
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
        self.forget_old(&present);
        let routes = &self.state.routes;
        self.elders.forget(|owner| is_present(routes, owner));
    }

    /// Drops the counts of deployments that are long gone: not those of the table `before`, as a
    /// worker may be about to claim a request by that.
    fn forget_old(&mut self, before: &Table) {
        let is_idle = |tally: &Arc<Tally>| tally.totals().in_flight.total() == 0;
        let was_routed = |owner: &Owner| {
            let entry = before.entries.get(&owner.route);
            entry.is_some_and(|entry| entry.tallies.iter().any(|it| it.owner == *owner))
        };
        let gone = self.tallies.iter().filter(|(owner, tallies)| {
            !is_present(&self.state.routes, owner)
                && !was_routed(owner)
                && tallies.values().all(is_idle)
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
pub(super) fn beyond_kept<'a>(gone: impl Iterator<Item = &'a Owner>) -> Vec<Owner> {
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

fn has_backend(route: &Route, owner: &Owner) -> bool {
    let mut backends = route.backends.iter();
    backends.any(|it| it.colour == owner.colour && it.deployment == owner.deployment)
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

#[cfg(test)]
mod tests;
