//! What is to run, and where.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use shipway_compose::model::Service;
use shipway_pipeline::colour::Slot;
use shipway_pipeline::id::{DeploymentId, Epoch, ReleaseId};
use shipway_pipeline::name::ServiceName;
use shipway_pipeline::route::RouteKey;
use shipway_pipeline::secret::SecretValue;
use shipway_pipeline::workload::{FileKey, Model};

use super::Artifact;

/// Which slot of which environment.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ColourKey {
    /// The environment.
    pub route: RouteKey,
    /// The slot.
    pub slot: Slot,
}

/// What is to run in a slot.
#[derive(Debug, Clone)]
pub struct ColourSpec {
    /// Which slot.
    pub key: ColourKey,
    /// The release, for labels and the variable `RELEASE`.
    pub release: ReleaseId,
    /// The deployment that starts it.
    pub deployment: DeploymentId,
    /// Its lease's epoch.
    pub epoch: Epoch,
    /// What to start.
    pub artifact: Artifact,
    /// The services, each with its complete environment (every value given) and its replicas.
    /// Their health checks are run by the runtime and reported in [`Instance::health`](super::Instance::health).
    pub services: Vec<Service>,
    /// Where they come from, for runtimes that run containers.
    pub model: Option<Model>,
    /// What the services read as files. Kept on disk for as long as something of the deployment
    /// exists in the slot, for nobody else to read.
    pub files: FileContents,
}

/// What secrets and configs hold.
pub type FileContents = BTreeMap<FileKey, SecretValue>;

/// A command to run once.
#[derive(Debug, Clone)]
pub struct TaskSpec {
    /// Deterministic name, for labels and logs.
    pub name: String,
    /// As for the colour whose service it borrows: `services` holds just that service, with the
    /// task's command in place of its own.
    pub colour: ColourSpec,
    /// Variables over those of the service.
    pub variables: BTreeMap<String, String>,
    /// Killed after this long.
    pub deadline: Duration,
}

/// Containers of a Compose project that somebody else started.
#[derive(Debug, Clone)]
pub struct Foreign {
    /// Which environment takes them over.
    pub route: RouteKey,
    /// Its lease's epoch.
    pub epoch: Epoch,
    /// The Compose project.
    pub project: String,
    /// Which of its services.
    pub services: Vec<ServiceName>,
}

impl fmt::Display for ColourKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.route, self.slot)
    }
}
