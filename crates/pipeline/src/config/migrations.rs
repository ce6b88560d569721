//! How an environment's migrations are looked at and run.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Serialize, Serializer};
use shipway_migrations::Severity;

use super::quantity;

/// How an environment's migrations are looked at and run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Migrations {
    /// What they are written for.
    pub tool: Tool,
    /// The folders that they are in; empty for those with `migration` in their names.
    pub paths: Vec<String>,
    /// The major version of the server; `None` where the server itself says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postgres: Option<u32>,
    /// A statement that waits longer for a lock gives up.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub lock_timeout: Duration,
    /// A statement that runs longer is ended by the server.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub statement_timeout: Duration,
    /// How often a migration is tried again that did not get a lock.
    pub retries: u32,
    /// Severities other than the rules' own, by the rule's id.
    #[serde(serialize_with = "words")]
    pub rules: BTreeMap<String, Severity>,
}

/// What migrations are written for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Tool {
    /// Django.
    Django,
    /// Files of SQL, whoever runs them.
    Sql,
    /// They are not looked at.
    None,
}

fn words<S: Serializer>(
    rules: &BTreeMap<String, Severity>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    serializer.collect_map(
        rules
            .iter()
            .map(|(rule, severity)| (rule, severity.as_str())),
    )
}
