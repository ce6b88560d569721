//! `shipway.yml`: from text to what holds for each environment.
//!
//! ```text
//! text ──► tree ──► compared with the schema ──► raw (serde) ──► validate ──► Config
//!
//!                    raw ──► schema ──► reference, annotated defaults
//! ```

mod default;
mod error;
mod migrations;
mod quantity;
mod raw;
pub mod reference;
mod schema;
mod tls;
mod tree;
mod validate;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use indexmap::IndexMap;
use serde::Serialize;
use shipway_compose::diagnostic::Levels;

pub use migrations::{Migrations, Tool};
pub(crate) use quantity::serialize_duration;
pub use quantity::{parse_duration, parse_ratio, render_duration};
pub use schema::{schema, schema_text};
pub use tls::Tls;
pub use tree::{Refused, from_node};
pub use validate::parse;

use crate::backup::{Keep, Schedule};
use crate::branch::{self, BranchEnvironment};
use crate::gate::Gate;
use crate::host::EngineHost;
use crate::name::{ChannelName, EnvironmentName, GateName, ProjectName, ServiceName};
use crate::notify::Channel;
use crate::promotion::{Policy, is_one};
use crate::role::Role;
use crate::route::{PathPrefix, Rules};
use crate::strategy::Strategy;

/// A valid `shipway.yml`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Config {
    /// The project's name.
    pub project: ProjectName,
    /// What each Compose service is to a deployment, as far as the file says.
    pub services: BTreeMap<ServiceName, ServiceConfig>,
    /// How the database schema is brought up to date before a release starts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub migrate: Option<Migrate>,
    /// Where images are pushed to; `None` where they stay in the engine.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry: Option<Registry>,
    /// What images are built for; empty for the engine's own platform.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub platforms: Vec<String>,
    /// Named checks that a commit must pass before it is deployed.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub gates: IndexMap<GateName, Gate>,
    /// Who is told what happens.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub notifications: IndexMap<ChannelName, Channel>,
    /// How serious findings are, as far as the file says.
    #[serde(skip_serializing_if = "Levels::is_empty")]
    pub diagnostics: Levels,
    /// The environments in the order of the file, and those of branches once they are opened.
    pub environments: IndexMap<EnvironmentName, Environment>,
    /// What environments of branches are made of, in the order of the file. Nothing is deployed to
    /// a template itself.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub templates: IndexMap<EnvironmentName, Environment>,
    /// Environments of branches whose template is gone. Nothing is deployed to them.
    #[serde(skip_serializing_if = "IndexMap::is_empty")]
    pub leftovers: IndexMap<EnvironmentName, Environment>,
}

impl Config {
    /// Makes the paths of certificates and keys those of the folder that holds the file, so that
    /// they mean the same to whoever reads them.
    pub fn locate(&mut self, folder: &Path) {
        let all = self.environments.values_mut();
        for environment in all.chain(self.templates.values_mut()) {
            if let Some(tls) = &mut environment.route.tls {
                tls.locate(folder);
            }
        }
    }

    /// Adds the environments that branches have. One whose template is gone is a leftover.
    pub fn open_branches(&mut self, known: &[BranchEnvironment]) {
        for one in known {
            if let Some(template) = self.templates.get(&one.template) {
                let opened = branch::open(template, one);
                self.environments.insert(one.name.clone(), opened);
            } else if let Some(leftover) = branch::leftover(&self.project, one) {
                self.leftovers.insert(one.name.clone(), leftover);
            }
        }
    }

    /// The environments in which something may be live: those that are deployed to, and leftovers.
    pub fn present(&self) -> impl Iterator<Item = &Environment> {
        self.environments.values().chain(self.leftovers.values())
    }
}

/// What a Compose service is to a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ServiceConfig {
    /// Its role.
    pub role: Role,
    /// The port it listens on inside its container.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
}

/// The one-off task that migrates the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Migrate {
    /// The service whose artifact, environment and volumes it runs with.
    pub service: ServiceName,
    /// Program and arguments.
    pub command: Vec<String>,
    /// Killed after this long.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub timeout: Duration,
}

/// Where images are pushed to, and pulled from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Registry {
    /// The registry's address and a path; each service's name is put behind it.
    pub repository: String,
}

/// One environment with every default filled in.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Environment {
    /// Its name.
    pub name: EnvironmentName,
    /// What starts a deployment.
    pub trigger: Trigger,
    /// Branch patterns whose pushes are deployed, with `trigger: push`.
    pub branches: Vec<String>,
    /// Each of these branches has an environment of its own, of which this is the template.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub per_branch: Option<PerBranch>,
    /// The environment whose live release is promoted here.
    pub from: Option<EnvironmentName>,
    /// How a release replaces another.
    pub strategy: Strategy,
    /// Compose files, merged in this order.
    pub compose: Vec<String>,
    /// Active Compose profiles.
    pub profiles: Vec<String>,
    /// Files with variables for interpolation, later ones win.
    pub env_files: Vec<String>,
    /// Variables that must be set and not empty.
    pub required: Vec<String>,
    /// The gates that a release must have passed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<GateName>,
    /// What else it asks of a release before it takes it.
    pub policy: Policy,
    /// What runs the services; where not given, the Compose files decide.
    pub runtime: Option<RuntimeKind>,
    /// The host whose engine runs the containers; this one where not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<EngineHost>,
    /// The Compose project that ran before the first deployment, and that it takes over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub adopt: Option<String>,
    /// The application's database; where not given, the services decide.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub database: Option<Database>,
    /// How its migrations are looked at and run.
    pub migrations: Migrations,
    /// Backups of it.
    pub backup: Backup,
    /// What a person must say before a deployment starts.
    pub confirm: Confirm,
    /// How serious findings are, as far as the file says; the project's levels are among them.
    #[serde(skip_serializing_if = "Levels::is_empty")]
    pub diagnostics: Levels,
    /// Where requests come in.
    pub route: RouteConfig,
    /// How an instance shows that it is healthy.
    pub health: Health,
    /// How a release is judged after the switch.
    pub bake: Bake,
    /// How the old colour ends.
    pub drain: Drain,
    /// How long each part of a deployment may take.
    pub timeouts: Timeouts,
}

impl Environment {
    /// Whether a push to this branch is deployed here.
    pub fn takes_branch(&self, branch: &str) -> bool {
        self.trigger == Trigger::Push && is_one(branch, &self.branches)
    }
}

/// How many environments of branches there are, and for how long.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PerBranch {
    /// How many at once.
    pub limit: u32,
    /// One to which nothing was deployed for so long is removed by the daemon.
    #[serde(
        skip_serializing_if = "Option::is_none",
        serialize_with = "quantity::serialize_optional_duration"
    )]
    pub max_age: Option<Duration>,
    /// What a further branch does.
    pub when_full: WhenFull,
}

/// What becomes of a branch that is pushed when there are as many environments as there may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenFull {
    /// It gets none.
    Refuse,
    /// It takes the place of the one that nothing was deployed to for the longest time.
    RemoveOldest,
}

/// What an application's database is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Database {
    /// PostgreSQL in a container.
    Service {
        /// Whose; the one service with an image of PostgreSQL where not given.
        #[serde(skip_serializing_if = "Option::is_none")]
        service: Option<ServiceName>,
        /// Who it is asked as; as the service says where not given.
        #[serde(skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        /// Which of the server's databases; as the service says where not given.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// PostgreSQL elsewhere.
    Url {
        /// The variable that holds its URL.
        variable: String,
    },
    /// An SQLite file.
    Sqlite {
        /// The volume that holds it.
        volume: String,
        /// Its path in the volume.
        file: String,
    },
}

/// Backups of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Backup {
    /// Where they are kept, relative to `shipway.yml`; in the state directory where not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// One is made before each deployment that could change the database.
    pub before_deploy: bool,
    /// One that is younger is fresh enough before a deployment.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub fresh: Duration,
    /// A backup or a restore that takes longer has failed.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub timeout: Duration,
    /// They are encrypted.
    pub encrypt: bool,
    /// For whom; for one's own identity where nobody is named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<String>,
    /// When they are made by themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// When one is restored and compared by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prove: Option<Schedule>,
    /// Where they are copied to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3: Option<S3>,
    /// How many are kept.
    pub keep: Keep,
}

impl Backup {
    /// Whether there is something that is done for them by itself.
    #[must_use]
    pub fn has_chores(&self) -> bool {
        self.schedule.is_some() || self.prove.is_some() || self.s3.is_some()
    }
}

/// A bucket of a store that speaks S3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct S3 {
    /// Its name.
    pub bucket: String,
    /// A folder in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Where the store is; Amazon's where not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The store's region.
    pub region: String,
}

/// What starts a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// A push to one of the branches.
    Push,
    /// Somebody's command.
    Manual,
}

/// What runs the services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RuntimeKind {
    /// Host processes; needs no container engine.
    Process,
    /// Containers of a Docker Engine, by Docker Compose.
    Compose,
}

/// What a person must say before a deployment starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Confirm {
    /// Nothing.
    None,
    /// Yes.
    Yes,
    /// The environment's name.
    Name,
}

/// Where requests come in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RouteConfig {
    /// Where the proxy listens.
    pub listen: SocketAddr,
    /// Host names; empty takes every host.
    pub hosts: Vec<String>,
    /// How the hosts are reached by HTTPS; `None` where they are not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<Tls>,
    /// What is done with requests beside handing them on.
    #[serde(flatten)]
    pub rules: Rules,
}

impl RouteConfig {
    /// What it answers for on each of its addresses: hosts, and paths of them.
    pub fn place(&self) -> (&[String], &[PathPrefix]) {
        (&self.hosts, &self.rules.paths)
    }
}

/// How an instance of the routed service shows that it is healthy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Health {
    /// Asked with GET; `None` leaves the judgement to the Compose health check.
    pub path: Option<String>,
    /// `Host` header of the question; the first routed host where not given.
    pub host: Option<String>,
    /// Between two questions.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub interval: Duration,
    /// For one answer.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub timeout: Duration,
    /// How long an instance must have been healthy without a break.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub healthy_for: Duration,
    /// Every instance must be healthy by then.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub deadline: Duration,
    /// Paths that every new instance must answer with 2xx or 3xx before the switch.
    pub smoke: Vec<String>,
}

/// How a release is judged after the switch, while the old one is kept warm.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bake {
    /// How long; 0 judges nothing.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub duration: Duration,
    /// Between two looks.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub interval: Duration,
    /// Fewer requests than this give no verdict on rates.
    pub min_requests: u64,
    /// Share of errors (5xx and unanswered) that is too much, from 0 to 1.
    pub max_error_rate: f64,
    /// The new p95 latency over the old one's that is too much.
    pub max_latency_ratio: f64,
    /// Latencies below this are never too much.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub latency_floor: Duration,
    /// What to do when there was too little traffic for a verdict.
    pub on_inconclusive: OnInconclusive,
}

/// What to do when a bake ends without a verdict.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnInconclusive {
    /// Ask the instances themselves: each must answer its health question throughout.
    Probe,
    /// Go back.
    RollBack,
}

/// How the old colour ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Drain {
    /// For requests with an end in sight.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub timeout: Duration,
    /// For event streams and upgraded connections, which have none.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub streaming: Duration,
}

/// How long each part of a deployment may take.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Timeouts {
    /// Building the artifact.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub build: Duration,
    /// Starting the processes, without becoming healthy.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub start: Duration,
    /// One change of the route.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub switch: Duration,
}
