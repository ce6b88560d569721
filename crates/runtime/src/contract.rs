//! The contract between the engine and whatever runs a release.

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use shipway_compose::model::Service;
use shipway_pipeline::adoption::Neighbour;
use shipway_pipeline::colour::Slot;
use shipway_pipeline::id::{DeploymentId, Epoch, InstanceId, ReleaseId};
use shipway_pipeline::name::ServiceName;
use shipway_pipeline::route::RouteKey;
use shipway_pipeline::secret::SecretValue;
use shipway_pipeline::time::Timestamp;
use shipway_pipeline::workload::{FileKey, Model};
use tokio::sync::mpsc::UnboundedSender;

use crate::registry::Refusal;

/// Starts, lists and stops the instances of a slot, builds what they run, runs one-off tasks.
///
/// A crash of the caller in mid-call leaves what each method's docs say;
/// calling again with the same arguments completes it.
#[async_trait]
pub trait Runtime: Send + Sync {
    /// Builds the artifact of a commit, or finds the one that an earlier build made.
    ///
    /// A crash leaves an unfinished directory or image that no later call takes for finished.
    ///
    /// # Errors
    /// [`Error::Build`] with the failing step and its last lines.
    async fn build(&self, request: &BuildRequest, output: Output<'_>) -> Result<Artifact, Error>;

    /// Whether the artifact is here, whole, and ready to start.
    ///
    /// # Errors
    /// The runtime cannot be asked.
    async fn has_artifact(&self, artifact: &Artifact) -> Result<bool, Error>;

    /// Gets what is not here of an artifact from the registry that has it, and returns whether all
    /// of it is here now.
    ///
    /// A crash leaves parts of it, which the next call does not get again.
    ///
    /// # Errors
    /// The runtime cannot be asked, or the registry refuses.
    async fn fetch_artifact(&self, artifact: &Artifact) -> Result<bool, Error>;

    /// Names images in their registry, given as `repository@digest`: the same content under one
    /// more tag, without moving it.
    ///
    /// A crash leaves some of them named.
    ///
    /// # Errors
    /// The registry does not answer, refuses, or has no such image.
    async fn tag_images(&self, images: &[String], tag: &str) -> Result<(), Error>;

    /// How many bytes of this machine these parts of an artifact take, what others share counted
    /// as well.
    ///
    /// # Errors
    /// The runtime cannot be asked.
    async fn weigh(&self, artifact: &Artifact) -> Result<u64, Error>;

    /// How many bytes removing these parts of an artifact gives back: what others share stays.
    ///
    /// # Errors
    /// The runtime cannot be asked.
    async fn reclaimable(&self, artifact: &Artifact) -> Result<u64, Error>;

    /// Removes these parts of an artifact, from here and from the registry that has them. Parts
    /// that are in use stay, parts that are gone are no error.
    ///
    /// A crash leaves some of them.
    ///
    /// # Errors
    /// The runtime cannot be asked, or something cannot be removed.
    async fn remove_artifact(&self, artifact: &Artifact) -> Result<Vec<Left>, Error>;

    /// Makes instances 1 to `replicas` of each service of the slot run, and leaves others alone.
    ///
    /// Returns when each was started; it does not wait for health. An instance that runs already
    /// for the same deployment is left alone; one of another deployment under the same name is
    /// stopped first. A crash leaves some of them started.
    ///
    /// # Errors
    /// An instance cannot be started at all (program missing, no port free).
    async fn start(&self, spec: &ColourSpec) -> Result<(), Error>;

    /// Everything that exists in the slot, running or not, of whatever deployment.
    ///
    /// # Errors
    /// The runtime cannot be asked.
    async fn list(&self, key: &ColourKey) -> Result<Vec<Instance>, Error>;

    /// Stops and removes instances of the slot: all of them, or those named.
    ///
    /// Each gets its stop signal and its grace period. One that is gone already is no error.
    /// A crash leaves some of them stopped.
    ///
    /// # Errors
    /// An instance does not go even when killed.
    async fn stop(
        &self,
        key: &ColourKey,
        only: Option<&[InstanceId]>,
    ) -> Result<Vec<Stopped>, Error>;

    /// Runs a command once with a service's artifact, environment and volumes, to its end.
    ///
    /// A crash ends the task as well; whether its work was done is for the task to tell.
    ///
    /// # Errors
    /// It cannot be started, or passed its deadline and was killed.
    async fn run_task(&self, task: &TaskSpec, output: Output<'_>) -> Result<Exit, Error>;

    /// The last lines that an instance wrote, oldest first.
    ///
    /// # Errors
    /// The log cannot be read.
    async fn logs(
        &self,
        key: &ColourKey,
        instance: &InstanceId,
        lines: usize,
    ) -> Result<Vec<String>, Error>;

    /// Whether what runs the instances answers, where it is anything that could fail to.
    async fn is_reachable(&self) -> bool {
        true
    }

    /// The containers of a Compose project that somebody else started, running or not.
    ///
    /// # Errors
    /// The runtime cannot be asked.
    async fn neighbours(&self, _project: &str) -> Result<Vec<Neighbour>, Error> {
        Ok(Vec::new())
    }

    /// The Compose projects that somebody else started from a directory and that run.
    ///
    /// # Errors
    /// The runtime cannot be asked.
    async fn projects_of(&self, _directory: &Path) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    /// Takes the host's ports away from containers that somebody else started. They go on running
    /// without a network, so that nothing but [`Runtime::give_back`] is needed to have them as
    /// they were. A crash leaves some of them without.
    ///
    /// # Errors
    /// The runtime has no containers, or one does not let go.
    async fn take_over(&self, _foreign: &Foreign) -> Result<(), Error> {
        Err(no_containers())
    }

    /// Stops containers that somebody else started, each with its stop signal and grace period,
    /// and keeps them; nothing starts them again by itself. A crash leaves some of them running.
    ///
    /// # Errors
    /// The runtime has no containers, or one does not end even when killed.
    async fn retire(&self, _foreign: &Foreign) -> Result<Vec<StopHow>, Error> {
        Err(no_containers())
    }

    /// Makes containers run as they did before they were taken over or retired. What was neither
    /// is left alone. A crash leaves some of them given back.
    ///
    /// # Errors
    /// The runtime has no containers, or one cannot be started or connected.
    async fn give_back(&self, _foreign: &Foreign) -> Result<(), Error> {
        Err(no_containers())
    }

    /// Stops shared instances and keeps them aside: nothing starts them, and others can be started
    /// in their places. A crash leaves some of them aside.
    ///
    /// # Errors
    /// The runtime has no containers, or one does not end even when killed.
    async fn set_aside(
        &self,
        _key: &ColourKey,
        _epoch: Epoch,
        _only: &[InstanceId],
    ) -> Result<Vec<StopHow>, Error> {
        Err(no_containers())
    }

    /// Makes instances that are aside run as they did before, and removes what has their places.
    /// A crash leaves some of them aside.
    ///
    /// # Errors
    /// The runtime has no containers, or one cannot be started.
    async fn bring_back(
        &self,
        _key: &ColourKey,
        _epoch: Epoch,
        _only: &[InstanceId],
    ) -> Result<(), Error> {
        Err(no_containers())
    }

    /// Removes instances that are aside; their volumes stay. A crash leaves some of them.
    ///
    /// # Errors
    /// The runtime has no containers, or one cannot be removed.
    async fn discard(
        &self,
        _key: &ColourKey,
        _epoch: Epoch,
        _only: &[InstanceId],
    ) -> Result<(), Error> {
        Err(no_containers())
    }

    /// What is odd in a slot and no instance's state tells.
    ///
    /// # Errors
    /// The runtime cannot be asked.
    async fn find_oddities(&self, _key: &ColourKey, _model: &Model) -> Result<Oddities, Error> {
        Ok(Oddities::default())
    }
}

/// What is odd in a slot and no instance's state tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Oddities {
    /// Networks that instances ought to be on and are not.
    pub detached: BTreeMap<InstanceId, Vec<String>>,
    /// Containers that somebody else put among ours, by their names.
    pub strangers: Vec<String>,
}

fn no_containers() -> Error {
    Error::Start {
        instance: "the services".to_owned(),
        reason: "they are processes, and this is about containers".to_owned(),
    }
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

/// Where lines of a running build or task go.
pub type Output<'a> = &'a UnboundedSender<Line>;

/// One line that a build or task wrote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The line without its end.
    pub text: String,
    /// Written to the error stream.
    pub is_error: bool,
}

/// What to build an artifact from.
#[derive(Debug, Clone)]
pub struct BuildRequest {
    /// The git repository: a work tree or a bare one.
    pub repository: PathBuf,
    /// Where the project stands inside the repository; empty for its root.
    pub subdirectory: PathBuf,
    /// Full commit id.
    pub commit: String,
    /// The services whose build definitions count.
    pub services: Vec<Service>,
    /// Where they come from, for runtimes that run containers.
    pub model: Option<Model>,
    /// What the artifact says of where it comes from.
    pub origin: Origin,
    /// Where images are pushed to: the service's name is put behind it. `None` keeps them here.
    pub registry: Option<String>,
    /// What images are built for; empty for the engine's own platform.
    pub platforms: Vec<String>,
    /// The values of variables that build secrets are taken from.
    pub secrets: BTreeMap<String, String>,
    /// How long all steps together may take.
    pub deadline: Duration,
}

/// Where a commit comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// When the commit was made.
    pub committed: Timestamp,
    /// The repository's address, without credentials.
    pub source: Option<String>,
    /// What people call the commit: its tag, or the nearest one.
    pub version: Option<String>,
}

/// The built thing: what [`ColourSpec`] starts. Immutable, named by its content.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Artifact {
    /// What the digests are of.
    pub form: Form,
    /// Content digest by service, `sha256:` and 64 hexadecimal digits; where an image is in a
    /// registry, `repository@` stands before it.
    pub digests: BTreeMap<String, String>,
    /// What images are built for.
    #[serde(default)]
    pub platforms: Vec<String>,
}

/// A part of an artifact that was not removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Left {
    /// Its digest or place.
    pub part: String,
    /// Why.
    pub reason: String,
}

/// What an artifact is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Directories, for processes.
    Directory,
    /// Images, for containers.
    Image,
}

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
    /// Their health checks are run by the runtime and reported in [`Instance::health`].
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
    /// Killed after this long.
    pub deadline: Duration,
}

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

/// Why a runtime could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A build step failed.
    #[error("build step `{step}` failed: {reason}")]
    Build {
        /// The step's command.
        step: String,
        /// Exit code, deadline, or why it could not be run.
        reason: String,
        /// Its last lines.
        last_lines: Vec<String>,
    },
    /// A registry did not do what it was asked.
    #[error("cannot {action}")]
    Registry {
        /// What was attempted, with the image.
        action: String,
        /// Why not.
        #[source]
        source: Refusal,
    },
    /// A service cannot be run by this runtime.
    #[error("service `{service}` cannot be run as a process: {reason}")]
    NotRunnable {
        /// The service.
        service: String,
        /// What is missing.
        reason: String,
    },
    /// An instance could not be started.
    #[error("cannot start `{instance}`: {reason}")]
    Start {
        /// Which one.
        instance: String,
        /// Why.
        reason: String,
    },
    /// Something passed its deadline and was killed.
    #[error("{what} did not end within {after:?} and was killed")]
    Deadline {
        /// What.
        what: String,
        /// The deadline.
        after: Duration,
    },
    /// A file, socket or process call failed.
    #[error("cannot {action}")]
    Io {
        /// What was attempted, with the path.
        action: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// What somebody can do about it, where that is known.
    #[must_use]
    pub fn way_out(&self) -> Option<String> {
        match self {
            Self::Registry { source, .. } => Some(source.way_out()),
            Self::Build { .. }
            | Self::NotRunnable { .. }
            | Self::Start { .. }
            | Self::Deadline { .. }
            | Self::Io { .. } => None,
        }
    }
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

impl fmt::Display for ColourKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.route, self.slot)
    }
}
