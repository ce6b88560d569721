//! The routing table as one immutable value.
//!
//! The registry builds a new [`Table`] for every change and swaps it in; each
//! worker reads the present one for each request. Nothing in it changes after
//! that, except what the [`Hold`] and the tallies count.

mod host;
mod paths;
mod reading;
mod sites;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, LazyLock};

use http::HeaderValue;
use shipway_pipeline::route::{PathPrefix, Route, RouteKey, shared_place};

use crate::closed::Closed;
use crate::hold::Hold;
use crate::quota::Quota;
use crate::sticky::Sticky;
use crate::tally::Tally;

pub(crate) use host::check_pattern;
pub(crate) use sites::{Missing, Sites};

/// All routes of the proxy.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) entries: BTreeMap<RouteKey, Arc<Entry>>,
    /// Which route answers for what.
    pub(crate) sites: Sites<Arc<Entry>>,
}

/// A route with what is kept about it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) route: Route,
    pub(crate) hold: Arc<Hold>,
    /// Its answer to everything while it is closed for maintenance.
    pub(crate) closed: Option<Arc<Closed>>,
    /// What it bears; `None` for a route without limits.
    pub(crate) quota: Option<Arc<Quota>>,
    /// One for each of the route's backends, in their order; shared within a deployment.
    pub(crate) tallies: Vec<Arc<Tally>>,
    /// How its clients stay; `None` where they do not.
    pub(crate) sticky: Option<Sticky>,
    /// For how long browsers shall come by HTTPS only, as they are told it.
    pub(crate) hsts: Option<HeaderValue>,
}

/// Two routes answer for the same place on the same address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Clash {
    /// The host; `None` when both are for any host.
    pub(crate) host: Option<String>,
    /// The path there; `None` for all of it.
    pub(crate) path: Option<String>,
    /// The route that had it first.
    pub(crate) holder: RouteKey,
}

/// Two routes have different certificates for a host on one address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Dispute {
    pub(crate) host: String,
    /// The route that had it first.
    pub(crate) holder: RouteKey,
}

/// What a route without paths answers for: the whole of its hosts.
static WHOLE: LazyLock<[PathPrefix; 1]> =
    LazyLock::new(|| ["/".parse().expect("it is a path prefix")]);

// === impl Table ===

impl Table {
    /// The table of these entries.
    pub(crate) fn build(entries: BTreeMap<RouteKey, Arc<Entry>>) -> Self {
        let mut sites = Sites::default();
        // Those without backends first: where two name a place, the one that can answer has it.
        let (empty, answering): (Vec<_>, Vec<_>) = entries
            .values()
            .partition(|entry| entry.route.backends.is_empty());
        for entry in empty.into_iter().chain(answering) {
            let (hosts, paths) = entry.route.place();
            let paths = if paths.is_empty() { &*WHOLE } else { paths };
            for address in entry.route.addresses() {
                sites.insert(address, hosts, paths, entry);
            }
        }
        Self { entries, sites }
    }

    /// Looks for another route that answers for one of the places of `route`. One without
    /// backends takes nothing from anybody: it must always be possible to route to nothing.
    pub(crate) fn find_clash(&self, route: &Route) -> Option<Clash> {
        if route.backends.is_empty() {
            return None;
        }
        let has_address = |entry: &&Arc<Entry>| {
            let mut addresses = entry.route.addresses();
            addresses.any(|one| route.addresses().any(|other| one == other))
        };
        for entry in self.others(route).filter(has_address) {
            if let Some(place) = shared_place(route.place(), entry.route.place()) {
                return Some(Clash {
                    host: place.host.map(str::to_owned),
                    path: Some(place.path)
                        .filter(|path| *path != "/")
                        .map(str::to_owned),
                    holder: entry.route.key.clone(),
                });
            }
        }
        None
    }

    /// Looks for another route for which an address of `route` is the other of HTTP and HTTPS.
    pub(crate) fn find_mismatch(&self, route: &Route) -> Option<(SocketAddr, RouteKey)> {
        let secure = |route: &Route| route.tls.as_ref().map(|tls| tls.listen);
        self.others(route).find_map(|entry| {
            let other = &entry.route;
            let taken = Some(route.listen).filter(|_| secure(other) == Some(route.listen));
            let taken = taken.or_else(|| secure(route).filter(|address| *address == other.listen));
            Some((taken?, other.key.clone()))
        })
    }

    /// Looks for another route that has another certificate for one of the hosts of `route`. One
    /// without backends takes nothing from anybody.
    pub(crate) fn find_dispute(&self, route: &Route) -> Option<Dispute> {
        let tls = route.tls.as_ref()?;
        if route.backends.is_empty() {
            return None;
        }
        self.others(route).find_map(|entry| {
            let theirs = entry.route.tls.as_ref()?;
            let is_same = theirs.certificate.is_shared_with(&tls.certificate);
            if theirs.listen != tls.listen || is_same || entry.route.backends.is_empty() {
                return None;
            }
            let mut hosts = route.hosts.iter();
            let host = hosts.find(|host| entry.route.hosts.contains(host))?;
            Some(Dispute {
                host: host.clone(),
                holder: entry.route.key.clone(),
            })
        })
    }

    fn others(&self, route: &Route) -> impl Iterator<Item = &Arc<Entry>> {
        let entries = self.entries.values();
        entries.filter(|entry| entry.route.key != route.key)
    }
}
