//! The typed model of a merged and interpolated Compose application.
//!
//! Short and long syntaxes are one here. What this model does not name is not
//! lost: [`Project::tree`] is the whole canonical document, unknown keys
//! included, and is what is rendered for an engine.
//!
//! Paths of the tree are absolute. Paths of the typed model that lie below the
//! project's directory start with `./`, so that what is stored of a service
//! does not depend on where the project is checked out.

use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::process::Process;
use crate::yaml::{Node, Span};

/// A Compose application: several files merged into one.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// The project's name: the caller's, the files' or the directory's.
    pub name: String,
    /// Active services in the order in which the files first name them.
    pub services: IndexMap<String, Service>,
    /// Services that no active profile names.
    pub disabled: IndexMap<String, Service>,
    /// Volumes that active services use.
    pub volumes: IndexMap<String, Volume>,
    /// Networks that active services use.
    pub networks: IndexMap<String, Network>,
    /// Secrets that active services use.
    pub secrets: IndexMap<String, FileObject>,
    /// Configs that active services use.
    pub configs: IndexMap<String, FileObject>,
    /// What the files define and no service uses, active or not.
    pub unused: Vec<Unused>,
    /// The canonical document: in value what `docker compose config` prints,
    /// before that doubles every `$`.
    pub tree: Node,
}

/// One service. The default has neither a name nor an instance.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// The service's key.
    pub name: String,
    /// Where the key stands in the file that named it last.
    #[serde(skip)]
    pub span: Span,
    /// `image`.
    pub image: Option<String>,
    /// `build`.
    pub build: Option<Build>,
    /// `command`, split into words. Compose runs it without a shell.
    pub command: Option<Vec<String>>,
    /// `entrypoint`, split into words.
    pub entrypoint: Option<Vec<String>>,
    /// `environment` over `env_file`; `None` passes the variable of the caller's environment on.
    pub environment: IndexMap<String, Option<String>>,
    /// `ports`.
    pub ports: Vec<Port>,
    /// `volumes`, then `tmpfs`.
    pub mounts: Vec<Mount>,
    /// `healthcheck`; `None` where there is none or it is disabled.
    pub healthcheck: Option<Healthcheck>,
    /// `depends_on`, by service.
    pub depends_on: IndexMap<String, Dependency>,
    /// When to start the service again: `deploy.restart_policy` over `restart`.
    pub restart: Restart,
    /// `deploy.replicas` or `scale`; 1 where neither is given.
    pub replicas: u32,
    /// `stop_signal`, `SIGTERM` where not given.
    pub stop_signal: String,
    /// `stop_grace_period`, 10 s where not given.
    pub stop_grace_period: Duration,
    /// `working_dir`.
    pub working_dir: Option<String>,
    /// `profiles`.
    pub profiles: Vec<String>,
    /// `labels` over `label_file`.
    pub labels: IndexMap<String, String>,
    /// `networks`, by name; empty with a `network_mode`.
    #[serde(default)]
    pub networks: IndexMap<String, NetworkUse>,
    /// `network_mode`.
    #[serde(default)]
    pub network_mode: Option<String>,
    /// `secrets`.
    #[serde(default)]
    pub secrets: Vec<FileUse>,
    /// `configs`.
    #[serde(default)]
    pub configs: Vec<FileUse>,
    /// `deploy.resources.limits`, or the older keys of the service.
    #[serde(default)]
    pub limits: Resources,
    /// `deploy.resources.reservations`, or the older keys of the service.
    #[serde(default)]
    pub reservations: Resources,
    /// `container_name`.
    #[serde(default)]
    pub container_name: Option<String>,
    /// `user`.
    #[serde(default)]
    pub user: Option<String>,
    /// `platform`.
    #[serde(default)]
    pub platform: Option<String>,
    /// `links`.
    #[serde(default)]
    pub links: Vec<String>,
    /// `extra_hosts`, as `HOST=ADDRESS`.
    #[serde(default)]
    pub extra_hosts: Vec<String>,
    /// `x-shipway.process`: how the service runs as a host process.
    pub process: Option<Process>,
}

/// How an image is built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// `context`: a directory, or where else the sources are.
    pub context: String,
    /// `dockerfile`.
    pub dockerfile: Option<String>,
    /// `target`.
    pub target: Option<String>,
    /// `args`.
    pub args: IndexMap<String, Option<String>>,
}

/// A port of the container and where it is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Port {
    /// Port inside of the container.
    pub target: u16,
    /// Host port or range, as written; `None` lets the engine choose.
    pub published: Option<String>,
    /// Host address.
    pub host_ip: Option<String>,
    /// `tcp` or `udp`.
    pub protocol: String,
}

/// A file system mounted into a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mount {
    /// Volume, bind or tmpfs.
    pub kind: MountKind,
    /// Volume name or host path; `None` for anonymous volumes and tmpfs.
    pub source: Option<String>,
    /// Path inside of the container.
    pub target: String,
    /// Mounted read-only.
    pub read_only: bool,
}

/// What is mounted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum MountKind {
    /// A named or anonymous volume.
    Volume,
    /// A path of the host.
    Bind,
    /// Memory.
    Tmpfs,
}

/// A top-level volume.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Volume {
    /// Made and kept by somebody else.
    pub external: bool,
    /// The name outside of the project.
    pub name: Option<String>,
}

/// A top-level network.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Network {
    /// Made and kept by somebody else.
    pub external: bool,
    /// The name outside of the project.
    pub name: Option<String>,
    /// Without a way to other networks.
    pub internal: bool,
}

/// A top-level secret or config.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FileObject {
    /// Made and kept by somebody else.
    pub external: bool,
    /// The name outside of the project.
    pub name: Option<String>,
    /// The file that holds it.
    pub file: Option<String>,
    /// The variable that holds it.
    pub environment: Option<String>,
    /// What it holds; only configs have it.
    pub content: Option<String>,
}

/// A definition that no service uses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unused {
    /// `volumes`, `networks`, `secrets` or `configs`.
    pub section: &'static str,
    /// Its key.
    pub name: String,
    /// Where the key stands.
    pub span: Span,
}

/// A network that a service joins.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct NetworkUse {
    /// Names besides the service's own.
    pub aliases: Vec<String>,
    /// A fixed address.
    pub ipv4_address: Option<String>,
    /// A fixed address.
    pub ipv6_address: Option<String>,
}

/// A secret or config that a service uses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileUse {
    /// Its key at the top level.
    pub source: String,
    /// Path inside of the container.
    pub target: Option<String>,
    /// Permissions.
    pub mode: Option<u32>,
}

/// Limits of a service, or what is kept free for it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Resources {
    /// Processors.
    pub cpus: Option<f32>,
    /// Bytes of memory.
    pub memory: Option<u64>,
    /// Processes.
    pub pids: Option<u64>,
}

/// A health check as Compose defines it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Healthcheck {
    /// What is run.
    pub test: HealthTest,
    /// Between two checks; 30 s where not given.
    pub interval: Duration,
    /// Of one check; 30 s where not given.
    pub timeout: Duration,
    /// Failures in a row that make the service unhealthy; 3 where not given.
    pub retries: u32,
    /// After the start, failures do not count for this long; 0 where not given.
    pub start_period: Duration,
}

/// The command of a health check.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum HealthTest {
    /// `CMD`: program and arguments.
    Command(Vec<String>),
    /// `CMD-SHELL`: a line for `/bin/sh -c`.
    Shell(String),
}

/// What a dependency must have reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dependency {
    /// The condition to wait for.
    pub condition: DependencyCondition,
    /// Whether the service fails when the dependency does.
    pub required: bool,
}

/// `depends_on.condition`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum DependencyCondition {
    /// `service_started`.
    Started,
    /// `service_healthy`.
    Healthy,
    /// `service_completed_successfully`.
    Completed,
}

/// When a stopped service is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Restart {
    /// On which exits.
    pub condition: RestartCondition,
    /// At most this many times in a row; `None` is without limit.
    pub max_attempts: Option<u32>,
    /// Wait before a restart; `None` leaves it to the runtime.
    pub delay: Option<Duration>,
}

/// On which exits a service is started again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum RestartCondition {
    /// Never (`no`, `none`): Compose's default.
    #[default]
    Never,
    /// When the exit code is not 0.
    OnFailure,
    /// Whatever the exit code (`always`, `unless-stopped`, `any`).
    Always,
}
