//! What Compose files do not say.

use std::collections::{BTreeMap, BTreeSet};

use crate::yaml::Span;

/// What Compose files do not say about an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Context<'a> {
    /// How serious the environment is.
    pub stage: Stage,
    /// What services are to a deployment; a service without a role is judged by its file alone.
    pub roles: BTreeMap<&'a str, Role>,
    /// The port that the routed service listens on; it is never published by an instance.
    pub routed_port: Option<u16>,
    /// Whether the routed service is asked for its health over HTTP.
    pub is_probed: bool,
    /// The host port that the environment's requests come in at.
    pub listen: Option<u16>,
    /// The project directory, absolute.
    pub directory: &'a str,
    /// Where the environment's own files of variables set a variable.
    pub variables: BTreeMap<String, Span>,
    /// What files of examples, such as `.env.example`, set variables to.
    pub examples: BTreeMap<String, BTreeSet<String>>,
    /// The sources that are in the repository.
    pub committed: BTreeSet<u16>,
}

/// What a service is to a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Takes the requests; each colour has its own instances.
    Routed,
    /// Each colour has its own instances.
    Coloured,
    /// Keeps data, and is shared by both colours.
    Stateful,
    /// Shared by both colours.
    Shared,
}

/// How serious an environment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// On somebody's own machine: reloading source and known passwords are right.
    Development,
    /// Thrown away after the tests: data in memory is right.
    Testing,
    /// Everything else, staging included, because it shall be like production.
    Production,
}

// === impl Role ===

impl Role {
    /// Returns whether two releases of the service run side by side during a switch.
    #[must_use]
    pub fn is_coloured(self) -> bool {
        match self {
            Self::Routed | Self::Coloured => true,
            Self::Stateful | Self::Shared => false,
        }
    }
}

// === impl Stage ===

impl Stage {
    /// Judges an environment by its name: its first word, or all of it.
    #[must_use]
    pub fn of(environment: &str) -> Self {
        let first = environment.split(['-', '_', '.', '/']).next();
        match first.unwrap_or_default() {
            "dev" | "develop" | "development" | "local" => Self::Development,
            "test" | "tests" | "testing" | "ci" | "qa" => Self::Testing,
            _ => Self::Production,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_says_how_serious_an_environment_is() {
        for (name, stage) in [
            ("development", Stage::Development),
            ("dev-anna", Stage::Development),
            ("development/cart", Stage::Development),
            ("testing", Stage::Testing),
            ("ci", Stage::Testing),
            ("staging", Stage::Production),
            ("production", Stage::Production),
            ("devices", Stage::Production),
            ("eu-test", Stage::Production),
        ] {
            assert_eq!(Stage::of(name), stage, "{name}");
        }
    }
}
