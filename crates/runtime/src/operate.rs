//! The contract between an operator's commands and whatever runs a release: to look at what
//! runs, and to run something beside it.

use std::time::Duration;

use async_trait::async_trait;
use shipway_pipeline::id::InstanceId;
use shipway_pipeline::route::RouteKey;
use tokio::time::Instant;

use crate::{ColourKey, ColourSpec, Error, Exit, Output};

/// Runs commands at the caller's own standard streams, follows logs, measures.
///
/// Nothing here changes what is live, so none of it needs a lease.
#[async_trait]
pub trait Operate: Send + Sync {
    /// Runs a command once with a service's artifact, environment, volumes and networks, at the
    /// caller's standard streams. `colour` holds just that service, with the command in place of
    /// its own; `name` is unlike that of any other.
    ///
    /// SIGTERM is passed on, as is SIGINT where no terminal sends it to both. A caller that is
    /// killed takes a process along; a container ends when its work does, and is removed then.
    ///
    /// # Errors
    /// It cannot be started.
    async fn run(&self, name: &str, colour: &ColourSpec) -> Result<Exit, Error>;

    /// Runs a command in an instance, at the caller's standard streams: with its environment, in
    /// its directory.
    ///
    /// # Errors
    /// The instance does not run, or the command cannot be started.
    async fn exec(
        &self,
        key: &ColourKey,
        instance: &InstanceId,
        command: &[String],
    ) -> Result<Exit, Error>;

    /// What each instance of a slot that runs has used since it was started.
    ///
    /// # Errors
    /// The runtime cannot be asked.
    async fn usage(&self, key: &ColourKey) -> Result<Vec<Usage>, Error>;

    /// Removes the named volumes that were made for an environment, with all that is in them.
    /// Nothing of the environment may run. Those that somebody else made are left alone.
    ///
    /// # Errors
    /// One cannot be removed.
    async fn remove_volumes(&self, route: &RouteKey) -> Result<Vec<String>, Error>;

    /// Tells the last lines that an instance wrote, and then each that it writes, until it ends.
    ///
    /// # Errors
    /// The log cannot be read.
    async fn follow(
        &self,
        key: &ColourKey,
        instance: &InstanceId,
        lines: usize,
        output: Output<'_>,
    ) -> Result<(), Error>;
}

/// What an instance has used. Two of them make a rate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Which.
    pub id: InstanceId,
    /// When it was measured.
    pub at: Instant,
    /// Processor time since its start, of all its processes.
    pub cpu: Duration,
    /// Memory in bytes that would be free without it.
    pub memory: u64,
    /// What it may use at most; `None` where nothing limits it.
    pub memory_limit: Option<u64>,
    /// Bytes received and sent; `None` where it shares the host's network.
    pub network: Option<(u64, u64)>,
}
