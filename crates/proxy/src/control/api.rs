//! What goes over the control socket.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use shipway_pipeline::colour::Colour;
use shipway_pipeline::id::{DeploymentId, Epoch, Generation, InstanceId};
use shipway_pipeline::route::{Maintenance, Place, Refused, RouteKey};
use shipway_pipeline::traffic::{Counters, InFlight};

use crate::control::certificate::TlsStatus;
use crate::probe::Answer;

/// What a `PUT` of a route did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Put {
    /// The generation that is routed now.
    pub generation: Generation,
    /// Whether anything changed; a repeated call changes nothing.
    pub changed: bool,
}

/// The route that a call is about, and the lease holder that makes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// The route.
    pub key: RouteKey,
    /// The caller's epoch; refused if it is lower than the route's.
    pub epoch: Epoch,
}

/// What a `DELETE` of a route did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deleted {
    /// Whether there was one.
    pub changed: bool,
}

/// Lets the new requests of a route wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldFor {
    /// The route.
    pub key: RouteKey,
    /// The caller's epoch; refused if it is lower than the route's.
    pub epoch: Epoch,
    /// For how long at most, in milliseconds; capped by the proxy's limit. Then the route resumes
    /// by itself.
    pub milliseconds: u64,
}

/// How a route is held.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// For how many more milliseconds; 0 when it is not.
    pub milliseconds: u64,
    /// Requests that wait.
    pub waiting: u64,
}

/// Ends what a drained deployment still has in hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cut {
    /// The route.
    pub key: RouteKey,
    /// The caller's epoch; refused if it is lower than the route's.
    pub epoch: Epoch,
    /// The deployment's colour.
    pub colour: Colour,
    /// The deployment.
    pub deployment: DeploymentId,
    /// Only these of its instances; all where not given. Refused while the route still sends
    /// requests to one of them.
    #[serde(default)]
    pub only: Option<Vec<InstanceId>>,
}

/// What is routed and what happens on it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// By route.
    pub routes: Vec<RouteStatus>,
    /// The processes that were taken over from and still finish what they have in hand, which is
    /// in the counts of the routes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub finishing: Vec<Finishing>,
}

/// A process that another one took over from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finishing {
    /// Its number.
    pub pid: u32,
    /// Clients' connections that it has, also idle ones.
    pub connections: u64,
}

/// Lets a new process take over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandOver {
    /// The program that it runs.
    pub program: PathBuf,
    /// Its arguments; the present process's own where not given.
    #[serde(default)]
    pub arguments: Option<Vec<String>>,
}

/// That a new process took over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HandedOver {
    /// The new process.
    pub pid: u32,
    /// The version of its program.
    pub version: String,
    /// The old process, which finishes what it has in hand.
    pub finishing: u32,
}

/// What happens on a route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteStatus {
    /// The route.
    pub key: RouteKey,
    /// Its epoch and generation; `None` for one that is removed and still has requests in hand.
    pub routed: Option<(Epoch, Generation)>,
    /// Whether it is held.
    pub held: Held,
    /// How it is reached by HTTPS; `None` where it is not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tls: Option<TlsStatus>,
    /// That it is closed for maintenance; `None` where it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub maintenance: Option<Maintenance>,
    /// By colour and deployment, also those no longer routed.
    pub deployments: Vec<DeploymentStatus>,
}

/// What happens on a deployment's instances through one route.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeploymentStatus {
    /// Its colour.
    pub colour: Colour,
    /// The deployment.
    pub deployment: DeploymentId,
    /// Whether the route sends new requests to it.
    pub routed: bool,
    /// What it has in hand.
    pub in_flight: InFlight,
    /// The same by instance.
    pub instances: Vec<InstanceStatus>,
    /// What it answered since the proxy started.
    pub counters: Counters,
    /// Connections to its instances that could not be made.
    pub connect_errors: u64,
    /// Requests that went to another instance or connection instead.
    pub retries: u64,
    /// Connections that were upgraded.
    pub upgrades: u64,
    /// Requests whose client left before the answer.
    pub abandoned: u64,
}

/// What one instance has in hand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstanceStatus {
    /// The instance.
    pub instance: InstanceId,
    /// What it has in hand, also after it left the route.
    pub in_flight: InFlight,
}

/// An address that the proxy may be asked to listen on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Listen {
    /// The address.
    pub address: SocketAddr,
}

/// What came of asking an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Probed {
    /// It answered.
    Answered(Answer),
    /// It did not, and why.
    Silent(String),
}

/// That the proxy runs, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Health {
    /// The version of the program.
    pub version: String,
    /// Its process.
    pub pid: u32,
    /// How long it has been running, in milliseconds.
    pub uptime_milliseconds: u64,
    /// Its worker threads.
    pub workers: usize,
    /// Where it listens.
    pub listening: Vec<SocketAddr>,
    /// Where it should listen but cannot, after a restart; it goes on trying.
    pub unbound: Vec<Unbound>,
}

/// An address of a route at which the proxy cannot listen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unbound {
    /// The address.
    pub address: SocketAddr,
    /// Why.
    pub reason: String,
}

/// Why a call was refused. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Refusal {
    /// The caller no longer holds the lease.
    #[error("epoch {offered} is older than epoch {current}: another deployment took over")]
    Epoch {
        /// The caller's.
        offered: Epoch,
        /// The route's.
        current: Epoch,
    },
    /// The route is older than what is routed, or differs under the same number.
    #[error("generation {offered} does not follow generation {current}")]
    Generation {
        /// The offered route's.
        offered: Generation,
        /// The present route's.
        current: Generation,
    },
    /// Another route answers for the same place on the address.
    #[error("{} is answered by {holder} on that address already", place(.host.as_deref(), .path.as_deref()))]
    Host {
        /// The host; `None` for any.
        host: Option<String>,
        /// The path there; `None` for all of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        path: Option<String>,
        /// The other route.
        holder: RouteKey,
    },
    /// The proxy cannot listen there.
    #[error("could not listen on {address}: {reason}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        reason: String,
    },
    /// The call makes no sense.
    #[error("{reason}")]
    Invalid {
        /// What is wrong.
        reason: String,
    },
    /// There is no such route or deployment.
    #[error("{key} is not routed here")]
    Unknown {
        /// The route.
        key: RouteKey,
    },
    /// The deployment still takes requests.
    #[error("{deployment} ({colour}) of {key} is still routed")]
    StillRouted {
        /// The route.
        key: RouteKey,
        /// The deployment's colour.
        colour: Colour,
        /// The deployment.
        deployment: DeploymentId,
    },
    /// The route's certificate cannot be used.
    #[error("{reason}")]
    Certificate {
        /// What is wrong with it, and the way out.
        reason: String,
    },
    /// No new process took over; the present one goes on.
    #[error("{reason}")]
    HandOver {
        /// Why not.
        reason: String,
    },
    /// The table could not be kept on disk.
    #[error("the routing table could not be kept: {reason}")]
    State {
        /// What went wrong.
        reason: String,
    },
}

fn place<'a>(host: Option<&'a str>, path: Option<&'a str>) -> Place<'a> {
    Place {
        host,
        path: path.unwrap_or("/"),
    }
}

// === impl Refusal ===

impl Refusal {
    pub(crate) fn status(&self) -> http::StatusCode {
        match self {
            Self::Epoch { .. }
            | Self::Generation { .. }
            | Self::Host { .. }
            | Self::Listen { .. }
            | Self::HandOver { .. }
            | Self::StillRouted { .. } => http::StatusCode::CONFLICT,
            Self::Invalid { .. } | Self::Certificate { .. } => {
                http::StatusCode::UNPROCESSABLE_ENTITY
            }
            Self::Unknown { .. } => http::StatusCode::NOT_FOUND,
            Self::State { .. } => http::StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// The refusal in the domain's words, if it has some for it.
    pub fn refused(&self) -> Option<Refused> {
        match *self {
            Self::Epoch { offered, current } => Some(Refused::Epoch { offered, current }),
            Self::Generation { offered, current } => Some(Refused::Generation { offered, current }),
            Self::Host { .. }
            | Self::Listen { .. }
            | Self::Invalid { .. }
            | Self::Certificate { .. }
            | Self::Unknown { .. }
            | Self::StillRouted { .. }
            | Self::HandOver { .. }
            | Self::State { .. } => None,
        }
    }
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Epoch { offered, current } => Self::Epoch { offered, current },
            Refused::Generation { offered, current } => Self::Generation { offered, current },
        }
    }
}
