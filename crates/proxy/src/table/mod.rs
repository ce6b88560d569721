//! The routing table as one immutable value.
//!
//! The registry builds a new [`Table`] for every change and swaps it in; each
//! worker reads the present one for each request. Nothing in it changes after
//! that, except what the [`Hold`] and the tallies count.

mod host;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use shipway_pipeline::route::{Route, RouteKey, shared_host};

use crate::hold::Hold;
use crate::tally::Tally;

pub(crate) use host::{Hosts, check_pattern};

/// All routes of the proxy.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub(crate) entries: BTreeMap<RouteKey, Arc<Entry>>,
    /// By listen address: which route answers for which host.
    pub(crate) sites: BTreeMap<SocketAddr, Hosts<Arc<Entry>>>,
}

/// A route with what is kept about it.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) route: Route,
    pub(crate) hold: Arc<Hold>,
    /// One for each of the route's backends, in their order; shared within a deployment.
    pub(crate) tallies: Vec<Arc<Tally>>,
}

/// Two routes answer for the same host on the same address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Clash {
    /// The host; `None` when both are for any host.
    pub(crate) host: Option<String>,
    /// The route that had it first.
    pub(crate) holder: RouteKey,
}

// === impl Table ===

impl Table {
    /// The table of these entries.
    pub(crate) fn build(entries: BTreeMap<RouteKey, Arc<Entry>>) -> Self {
        let mut sites: BTreeMap<SocketAddr, Hosts<Arc<Entry>>> = BTreeMap::new();
        // Those without backends first: where two name a host, the one that can answer has it.
        let (empty, answering): (Vec<_>, Vec<_>) = entries
            .values()
            .partition(|entry| entry.route.backends.is_empty());
        for entry in empty.into_iter().chain(answering) {
            let hosts = sites.entry(entry.route.listen).or_default();
            hosts.insert(&entry.route.hosts, Arc::clone(entry));
        }
        Self { entries, sites }
    }

    /// Looks for another route that answers for one of the hosts of `route`. One without
    /// backends takes nothing from anybody: it must always be possible to route to nothing.
    pub(crate) fn find_clash(&self, route: &Route) -> Option<Clash> {
        if route.backends.is_empty() {
            return None;
        }
        let others = self
            .entries
            .values()
            .filter(|entry| entry.route.key != route.key && entry.route.listen == route.listen);
        for entry in others {
            if let Some(host) = shared_host(&route.hosts, &entry.route.hosts) {
                return Some(Clash {
                    host: host.map(str::to_owned),
                    holder: entry.route.key.clone(),
                });
            }
        }
        None
    }
}
