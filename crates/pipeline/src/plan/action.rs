//! What the steps of a plan do, as data.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Incoming, Side, Sizes, millis};
use crate::config::{Bake, Environment};
use crate::id::{BackupId, InstanceId};
use crate::migration::Run;
use crate::name::ServiceName;

/// What a step does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "do")]
pub enum Action {
    /// Checks that the release's artifacts are here and whole; what is in a registry and not
    /// here is pulled.
    CheckArtifact,
    /// Gives the release's images a tag in their registry, by digest and without moving them.
    TagArtifact {
        /// The tag.
        tag: String,
    },
    /// Checks that the proxy listens, or can listen, where requests come in.
    CheckAddress,
    /// Removes what dead deployments left in the target's colour.
    ClearColour,
    /// Starts the shared services that are not running.
    StartShared {
        /// How many of each.
        sizes: Sizes,
    },
    /// Takes the proxy's address away from services of the project that is adopted: they go on
    /// running, and nobody reaches them any more.
    TakeOver {
        /// Whose.
        services: Vec<ServiceName>,
    },
    /// Stops services of the project that is adopted, and keeps their containers.
    Retire {
        /// Whose.
        services: Vec<ServiceName>,
    },
    /// Makes services of the project that is adopted run as they did before.
    GiveBack {
        /// Whose.
        services: Vec<ServiceName>,
        /// The proxy leaves its address to them.
        address: bool,
    },
    /// Stops shared instances and keeps them aside, so that new ones can have their places.
    SetAside {
        /// Which.
        only: Vec<InstanceId>,
    },
    /// Makes the shared instances that are aside run again, in place of the new ones.
    BringBack {
        /// Which.
        only: Vec<InstanceId>,
    },
    /// Removes what is aside. Its volumes stay.
    Discard {
        /// Which.
        only: Vec<InstanceId>,
    },
    /// Reads a backup to its end.
    CheckBackup {
        /// Which.
        backup: BackupId,
    },
    /// Saves the database.
    BackUp,
    /// Restores a backup into a new database, and compares what it holds with what was saved.
    RestoreBackup {
        /// Which.
        backup: BackupId,
    },
    /// Puts another database in the place of the one that is used, which is kept aside.
    SwapDatabase {
        /// Which.
        incoming: Incoming,
    },
    /// Takes it out again, and the old one has its place.
    SwapDatabaseBack {
        /// Which.
        incoming: Incoming,
    },
    /// Removes the database that was restored.
    DropRestored,
    /// Runs the migration command once, with the target's artifact.
    Migrate {
        /// Whose environment it runs in.
        service: ServiceName,
        /// Program and arguments.
        command: Vec<String>,
        /// How it is run, where its migrations are known; a command like any other where not.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        run: Option<Box<Run>>,
    },
    /// Starts instances 1 to n of each service.
    Start {
        /// Whose.
        side: Side,
        /// How many of each.
        sizes: Sizes,
    },
    /// Waits until every started instance was healthy for long enough.
    AwaitHealthy {
        /// Whose.
        side: Side,
        /// How many of each.
        sizes: Sizes,
        /// Which of them; all where not given.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        only: Option<Vec<InstanceId>>,
        /// For how long without a break.
        #[serde(with = "millis")]
        healthy_for: Duration,
    },
    /// Asks each routed instance of the target for these paths.
    Smoke {
        /// The paths.
        paths: Vec<String>,
    },
    /// Lets new requests wait at the proxy.
    Hold,
    /// Gives the waiting requests to whatever is routed.
    Resume,
    /// Sends requests to exactly these instances, in one change of the proxy's table.
    Route {
        /// The target's.
        target: Vec<InstanceId>,
        /// The previous release's.
        previous: Vec<InstanceId>,
    },
    /// Judges the target by its traffic and its instances.
    Bake {
        /// By which limits.
        limits: BakeLimits,
    },
    /// Records the target as the release that a rollback returns to.
    MarkStable,
    /// Waits until instances that are no longer routed have answered what they have in hand.
    Drain {
        /// Whose.
        side: Side,
        /// Which; all where not given.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        only: Option<Vec<InstanceId>>,
        /// For requests with an end in sight.
        #[serde(with = "millis")]
        timeout: Duration,
        /// For event streams and upgraded connections.
        #[serde(with = "millis")]
        streaming: Duration,
    },
    /// Stops instances, each with its stop signal and grace period.
    Stop {
        /// Whose.
        side: Side,
        /// Which; all where not given.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        only: Option<Vec<InstanceId>>,
    },
    /// Stops what both colours share. Volumes stay.
    StopShared,
    /// Routes to the instances that the live release is recorded with, then drains and stops what
    /// runs of these services beyond them.
    Settle {
        /// Which services.
        services: Vec<ServiceName>,
        /// For requests with an end in sight.
        #[serde(with = "millis")]
        timeout: Duration,
        /// For event streams and upgraded connections.
        #[serde(with = "millis")]
        streaming: Duration,
    },
}

/// By which limits a bake judges. [`Bake`] in its stored form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BakeLimits {
    /// How long.
    #[serde(with = "millis")]
    pub duration: Duration,
    /// Between two looks.
    #[serde(with = "millis")]
    pub interval: Duration,
    /// Fewer requests give no verdict on rates.
    pub min_requests: u64,
    /// Share of errors that is too much.
    pub max_error_rate: f64,
    /// New p95 over old p95 that is too much.
    pub max_latency_ratio: f64,
    /// Latencies below this are never too much.
    #[serde(with = "millis")]
    pub latency_floor: Duration,
    /// Too little traffic: decide by probes rather than go back.
    pub probes_decide: bool,
}

// === impl BakeLimits ===

impl BakeLimits {
    pub(crate) fn of(environment: &Environment) -> Self {
        let Bake {
            duration,
            interval,
            min_requests,
            max_error_rate,
            max_latency_ratio,
            latency_floor,
            on_inconclusive,
        } = environment.bake;
        Self {
            duration,
            interval,
            min_requests,
            max_error_rate,
            max_latency_ratio,
            latency_floor,
            probes_decide: on_inconclusive == crate::config::OnInconclusive::Probe,
        }
    }
}
