//! What runs, and how it ended.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;

use serde::{Deserialize, Serialize};
use shipway_pipeline::id::{DeploymentId, InstanceId, ReleaseId};
use shipway_pipeline::time::Timestamp;

/// An instance as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instance {
    /// Which one.
    pub id: InstanceId,
    /// The release it runs.
    pub release: ReleaseId,
    /// The deployment that started it.
    pub deployment: DeploymentId,
    /// Where it takes connections, once known.
    pub address: Option<SocketAddr>,
    /// Running, exited, waiting for a restart.
    pub state: State,
    /// By the service's own health check; `None` where it has none.
    pub health: Option<Health>,
    /// How often it was started again after an exit.
    pub restarts: u32,
    /// The digest of what it runs, in an artifact's form; where the runtime can tell.
    pub artifact: Option<String>,
}

/// Whether an instance runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "is")]
pub enum State {
    /// Its process is being made.
    Starting,
    /// It runs.
    Running {
        /// Since the last start.
        since: Timestamp,
        /// The main process.
        pid: u32,
    },
    /// It ended and will be started again.
    Restarting {
        /// How it ended.
        exit: Exit,
    },
    /// It ended for good.
    Exited {
        /// How it ended.
        exit: Exit,
        /// When.
        at: Timestamp,
    },
}

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Exit {
    /// With this code.
    Code(i32),
    /// By this signal.
    Signal(i32),
    /// It never ran: the program was missing or may not be executed.
    NotStarted,
    /// Killed for want of memory.
    OutOfMemory,
}

/// What the service's own health check last said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// The verdict by interval, retries and start period.
    pub status: HealthStatus,
    /// Output of the last check, shortened.
    pub last_output: String,
}

/// A health check's verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HealthStatus {
    /// No verdict yet.
    Starting,
    /// The last check passed.
    Healthy,
    /// Too many checks in a row failed.
    Unhealthy,
}

/// An instance that was stopped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stopped {
    /// Which one.
    pub id: InstanceId,
    /// How.
    pub how: StopHow,
}

/// How an instance came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StopHow {
    /// It went by itself within its grace period.
    Gracefully,
    /// It was killed when its grace period was over.
    Killed,
    /// It had ended before.
    WasGone,
}

/// What is odd in a slot and no instance's state tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Oddities {
    /// Networks that instances ought to be on and are not.
    pub detached: BTreeMap<InstanceId, Vec<String>>,
    /// Containers that somebody else put among ours, by their names.
    pub strangers: Vec<String>,
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
            Self::NotStarted => f.write_str("could not be started"),
            Self::OutOfMemory => f.write_str("out of memory"),
        }
    }
}
