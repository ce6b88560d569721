//! What holds for one environment.

use std::time::Duration;

use serde::Serialize;
use shipway_compose::diagnostic::Levels;

use super::database::{Backup, Database};
use super::judgement::{Bake, Drain, Health, Timeouts};
use super::migrations::Migrations;
use super::quantity;
use super::route::RouteConfig;
use crate::host::EngineHost;
use crate::name::{EnvironmentName, GateName};
use crate::promotion::{Policy, is_one};
use crate::strategy::Strategy;

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
