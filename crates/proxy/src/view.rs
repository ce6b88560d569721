//! The routing table as one worker sees it.
//!
//! A worker keeps connections, loads and health of its own for each instance,
//! so it needs none of them to be shared or locked. When the table has changed
//! since the last request, the view is built anew; what a worker knows of an
//! instance that stays is kept.

use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::Arc;

use shipway_pipeline::id::InstanceId;
use shipway_pipeline::route::RouteKey;

use crate::options::Limits;
use crate::sticky::Wish;
use crate::table::{Entry, Missing, Sites, Table};
use crate::tally::Owner;
use crate::upstream::{Choice, Upstream};

/// The table, and each route with this worker's side of it.
#[derive(Debug)]
pub(crate) struct View {
    table: Arc<Table>,
    routes: BTreeMap<RouteKey, Rc<RouteView>>,
    sites: Sites<Rc<RouteView>>,
}

/// A route with this worker's side of its instances.
#[derive(Debug)]
pub(crate) struct RouteView {
    pub(crate) entry: Arc<Entry>,
    pub(crate) choices: Vec<Choice>,
}

/// All instances a worker knows.
pub(crate) type Upstreams = HashMap<UpstreamKey, Rc<Upstream>>;

/// What makes an instance the same over a change of the table.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct UpstreamKey {
    owner: String,
    instance: InstanceId,
    address: SocketAddr,
}

// === impl View ===

impl View {
    pub(crate) fn build(
        table: Arc<Table>,
        known: &mut Upstreams,
        worker: usize,
        limits: &Arc<Limits>,
    ) -> Self {
        let mut present = Upstreams::new();
        let routes: BTreeMap<_, _> = table
            .entries
            .iter()
            .map(|(key, entry)| {
                let choices = choices(entry, known, &mut present, worker, limits);
                let entry = Arc::clone(entry);
                (key.clone(), Rc::new(RouteView { entry, choices }))
            })
            .collect();
        for (key, gone) in known.iter() {
            if !present.contains_key(key) {
                // Requests in hand keep theirs; the idle ones are of no use any more.
                gone.close_idle();
            }
        }
        *known = present;
        let view_of = |entry: &Arc<Entry>| Rc::clone(&routes[&entry.route.key]);
        let sites = table.sites.map(view_of);
        Self {
            table,
            routes,
            sites,
        }
    }

    pub(crate) fn is_of(&self, table: &Arc<Table>) -> bool {
        Arc::ptr_eq(&self.table, table)
    }

    /// The route of this name.
    pub(crate) fn route(&self, key: &RouteKey) -> Option<&Rc<RouteView>> {
        self.routes.get(key)
    }

    /// The route that answers for a path of a host on an address.
    pub(crate) fn find(
        &self,
        listen: SocketAddr,
        host: &str,
        path: &str,
    ) -> Result<Rc<RouteView>, Missing> {
        let found = self.sites.find(listen, host, path, Rc::ptr_eq)?;
        Ok(Rc::clone(found))
    }
}

// === impl RouteView ===

impl RouteView {
    /// Where an instance is among the choices.
    pub(crate) fn place_of(&self, upstream: &Rc<Upstream>) -> Option<usize> {
        let mut choices = self.choices.iter();
        choices.position(|choice| Rc::ptr_eq(&choice.upstream, upstream))
    }

    /// Whether new requests go to an instance.
    pub(crate) fn sends_to(&self, upstream: &Rc<Upstream>) -> bool {
        let place = self.place_of(upstream);
        place.is_some_and(|index| self.choices[index].weight > 0)
    }

    /// The wish of a client that was made of the route as it was before.
    pub(crate) fn wish_of(&self, wish: Wish, before: &Self) -> Option<Wish> {
        let (Wish::Instance(index) | Wish::Beside(index)) = wish;
        let wanted = &before.choices.get(index)?.upstream;
        match self.place_of(wanted) {
            Some(index) if matches!(wish, Wish::Instance(_)) => Some(Wish::Instance(index)),
            _ => {
                let is_beside = |choice: &Choice| choice.upstream.tally.is_beside(&wanted.tally);
                self.choices.iter().position(is_beside).map(Wish::Beside)
            }
        }
    }
}

fn choices(
    entry: &Entry,
    known: &Upstreams,
    present: &mut Upstreams,
    worker: usize,
    limits: &Arc<Limits>,
) -> Vec<Choice> {
    let backends = entry.route.backends.iter().zip(&entry.tallies);
    backends
        .map(|(backend, tally)| {
            let key = UpstreamKey {
                owner: owner_key(&tally.owner),
                instance: backend.instance.clone(),
                address: backend.address,
            };
            let upstream = present
                .entry(key)
                .or_insert_with_key(|key| match known.get(key) {
                    Some(upstream) if Arc::ptr_eq(&upstream.tally, tally) => Rc::clone(upstream),
                    _ => Rc::new(Upstream::new(
                        Arc::clone(tally),
                        worker,
                        backend.address,
                        Arc::clone(limits),
                    )),
                });
            Choice {
                upstream: Rc::clone(upstream),
                weight: backend.weight,
            }
        })
        .collect()
}

fn owner_key(owner: &Owner) -> String {
    format!("{} {} {}", owner.route, owner.colour, owner.deployment)
}
