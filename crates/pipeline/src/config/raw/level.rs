//! How serious findings are, by code.

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use shipway_compose::diagnostic::Code;

use super::super::tree::Placed;

/// How serious findings are, by code.
pub(in crate::config) type Levels = IndexMap<Placed<String>, Level>;

/// How serious a finding is.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(in crate::config) enum Level {
    /// Nothing is deployed with it.
    Error,
    /// It is told, and nothing else happens.
    Warning,
    /// It is not told.
    Off,
}

/// The codes whose level can be changed, for editors.
pub(super) fn codes() -> Value {
    let codes = Code::ALL.iter().filter(|code| !code.is_fatal());
    let codes: Vec<&str> = codes.map(|code| code.as_str()).collect();
    serde_json::json!({ "enum": codes })
}
