//! What was found of a project.

use shipway_pipeline::role::Role;

use super::layout::Files;
use super::stage::Stage;

/// What was found of a project: all that goes into its `shipway.yml`.
#[derive(Debug, Clone)]
pub(super) struct Found {
    /// The project's name.
    pub(super) project: String,
    /// The services, in the order of the Compose files.
    pub(super) services: Vec<Guess>,
    /// How the database is migrated.
    pub(super) migrate: Option<Migrate>,
    /// All four.
    pub(super) environments: Vec<Environment>,
    /// What nobody can tell from files, for the user to see to.
    pub(super) unknown: Vec<String>,
}

/// What a service is taken for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Guess {
    pub(super) name: String,
    pub(super) role: Role,
    /// Where the routed service listens.
    pub(super) port: Option<u16>,
    /// Why.
    pub(super) why: String,
    /// What else there is to know about it, a line each.
    pub(super) notes: Vec<String>,
}

/// How the database is migrated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Migrate {
    pub(super) service: String,
    pub(super) command: String,
    /// Why.
    pub(super) why: String,
}

/// What was found of an environment.
#[derive(Debug, Clone)]
pub(super) struct Environment {
    pub(super) stage: Stage,
    pub(super) files: Files,
    /// Files of variables; none where it is `.env`.
    pub(super) env_files: Vec<String>,
    /// Variables that must be set.
    pub(super) required: Vec<String>,
    pub(super) health: Health,
}

/// How the routed service shows that it is healthy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Health {
    /// It answers here; with the place where that was found.
    Path(String, String),
    /// The Compose file has a check that asks for no path.
    Compose,
    /// Nobody says.
    Unknown,
}
