//! The typed model of a merged and interpolated Compose application.
//!
//! Short and long syntaxes are one here. What this model does not name is not
//! lost: [`Project::tree`] is the whole merged document, unknown keys included,
//! and is what is rendered for an engine.

use std::time::Duration;

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

use crate::process::Process;
use crate::yaml::{Node, Span};

/// A Compose application: several files merged into one.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// The top-level `name`, if the files give one.
    pub name: Option<String>,
    /// Services in the order in which the files first name them.
    pub services: IndexMap<String, Service>,
    /// Top-level `volumes`.
    pub volumes: IndexMap<String, Volume>,
    /// The whole merged document; `networks`, `secrets` and `configs` are only here.
    pub tree: Node,
}

/// One service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// `labels`.
    pub labels: IndexMap<String, String>,
    /// `x-shipway.process`: how the service runs as a host process.
    pub process: Option<Process>,
}

/// How an image is built.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Build {
    /// `context`, as written.
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
