//! What goes over the socket of a process that another one took over from.

use http::Method;
use serde::{Deserialize, Serialize};
use shipway_pipeline::id::InstanceId;
use shipway_pipeline::route::{Route, RouteKey};

use crate::control::client::{Client, Error};
use crate::state::{Removed, Shut};
use crate::tally::{Counted, Owner, Totals};

/// The table that an elder is to route by.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Follow {
    pub(crate) routes: Vec<Route>,
    pub(crate) removed: Vec<Removed>,
    #[serde(default)]
    pub(crate) shut: Vec<Shut>,
}

/// What an elder has in hand, and what it has counted.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Part {
    /// Its clients' connections.
    pub(crate) connections: u64,
    /// Whether it has finished, and only waits for its last counts to be heard.
    pub(crate) is_over: bool,
    /// By route, the requests that wait while it is held.
    pub(crate) waiting: Vec<(RouteKey, u64)>,
    pub(crate) counts: Counts,
}

/// What was counted, as a list.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Counts(Vec<(Owner, InstanceId, Totals)>);

// === impl Counts ===

impl Counts {
    pub(crate) fn of(counted: &Counted) -> Self {
        let all = counted.0.iter().flat_map(|(owner, instances)| {
            let of_owner = instances.iter();
            of_owner.map(|(instance, totals)| (owner.clone(), instance.clone(), totals.clone()))
        });
        Self(all.collect())
    }

    pub(crate) fn counted(&self) -> Counted {
        let mut counted = Counted::default();
        for (owner, instance, totals) in &self.0 {
            counted.add(owner, instance, totals);
        }
        counted
    }
}

// === impl Client ===

impl Client {
    /// Brings an elder to a table. When this returns, it claims no request by another one.
    pub(crate) async fn follow(&self, follow: &Follow) -> Result<(), Error> {
        self.call(Method::PUT, "/v1/follow", Some(follow)).await
    }

    /// What an elder has in hand.
    pub(crate) async fn part(&self) -> Result<Part, Error> {
        self.call(Method::GET, "/v1/part", None::<&()>).await
    }
}
