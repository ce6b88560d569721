//! How migrations are looked at and run, as it is written.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::super::tree::Placed;
use super::super::{default, render_duration};
use super::{DurationText, OneOrMany};

/// How migrations are looked at before a deployment, and run by it.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Migrations {
    /// What they are written for.
    #[schemars(extend("x-default" = "`django` where the `migrate` command runs `manage.py` or `django-admin`, else `none`", "examples" = ["django"]))]
    pub(in crate::config) tool: Option<Tool>,
    /// The folders that they are in, below the project's.
    #[schemars(extend("x-default" = "every folder with `migration` in its name", "examples" = ["db/migrations"]))]
    pub(in crate::config) paths: Option<OneOrMany<String>>,
    /// The major version of the PostgreSQL server.
    #[schemars(range(min = 10), extend("x-default" = "what the server says; 14 where it cannot be asked", "examples" = [17]))]
    pub(in crate::config) postgres: Option<u32>,
    /// A statement that waits longer for a lock gives up, so that nobody waits behind it for long.
    #[schemars(extend("default" = render_duration(default::LOCK_TIMEOUT)))]
    pub(in crate::config) lock_timeout: Option<Placed<DurationText>>,
    /// A statement that runs longer is ended by the server.
    #[schemars(extend("x-default" = "the `timeout` of `migrate`", "examples" = ["5m"]))]
    pub(in crate::config) statement_timeout: Option<Placed<DurationText>>,
    /// How often a migration is tried again that did not get a lock.
    #[schemars(extend("default" = default::MIGRATION_RETRIES))]
    pub(in crate::config) retries: Option<u32>,
    /// How serious findings are, by rule; `shipway explain RULE` tells what a rule is about.
    #[schemars(extend("default" = {}, "propertyNames" = names()))]
    pub(in crate::config) rules: Option<Rules>,
}

/// How migrations are looked at and run in one environment.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Overrides {
    /// The major version of the PostgreSQL server.
    #[schemars(range(min = 10), extend("x-default" = "as the project says", "examples" = [17]))]
    pub(in crate::config) postgres: Option<u32>,
    /// A statement that waits longer for a lock gives up.
    #[schemars(extend("x-default" = "as the project says", "examples" = ["1s"]))]
    pub(in crate::config) lock_timeout: Option<Placed<DurationText>>,
    /// A statement that runs longer is ended by the server.
    #[schemars(extend("x-default" = "as the project says", "examples" = ["5m"]))]
    pub(in crate::config) statement_timeout: Option<Placed<DurationText>>,
    /// How often a migration is tried again that did not get a lock.
    #[schemars(extend("x-default" = "as the project says", "examples" = [5]))]
    pub(in crate::config) retries: Option<u32>,
    /// How serious findings are, by rule, over what the project says.
    #[schemars(extend("default" = {}, "propertyNames" = names()))]
    pub(in crate::config) rules: Option<Rules>,
}

/// How serious findings are, by rule.
pub(in crate::config) type Rules = IndexMap<Placed<String>, RuleSeverity>;

/// What migrations are written for.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(in crate::config) enum Tool {
    /// Django.
    Django,
    /// Files of SQL, whoever runs them.
    Sql,
    /// They are not looked at.
    None,
}

/// How serious a finding is.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(in crate::config) enum RuleSeverity {
    /// Nothing is deployed with it.
    Error,
    /// It is told, and nothing else happens.
    Warning,
    /// It is told where somebody asks for more.
    Info,
    /// It is not told.
    Off,
}

/// The rules' names, for editors.
fn names() -> Value {
    let names: Vec<&str> = shipway_migrations::rules()
        .iter()
        .map(|rule| rule.id)
        .collect();
    serde_json::json!({ "enum": names })
}
