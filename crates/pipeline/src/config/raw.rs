//! `shipway.yml` as it is written. These types never leave the module.

use indexmap::IndexMap;
use serde::Deserialize;
use serde_saphyr::Spanned;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Config {
    #[serde(default)]
    pub(super) version: Option<Spanned<u32>>,
    pub(super) project: Spanned<String>,
    #[serde(default)]
    pub(super) services: IndexMap<Spanned<String>, Service>,
    #[serde(default)]
    pub(super) migrate: Option<Migrate>,
    pub(super) environments: Spanned<IndexMap<Spanned<String>, Environment>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    pub(super) role: crate::role::Role,
    pub(super) port: Option<u16>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Migrate {
    pub(super) service: Spanned<String>,
    pub(super) command: Spanned<Words>,
    pub(super) timeout: Option<Spanned<String>>,
}

/// A command: one line, split as a shell splits words, or a list of words.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Words {
    Line(String),
    List(Vec<String>),
}

/// One text or a list of them.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Trigger {
    Push,
    Manual,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RuntimeKind {
    Process,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Confirm {
    None,
    Yes,
    Name,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum OnInconclusive {
    Probe,
    RollBack,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Environment {
    pub(super) trigger: Option<Trigger>,
    pub(super) branches: Option<Spanned<OneOrMany>>,
    pub(super) from: Option<Spanned<String>>,
    pub(super) strategy: Option<crate::strategy::Strategy>,
    pub(super) compose: Option<Spanned<OneOrMany>>,
    #[serde(default)]
    pub(super) env_files: Option<OneOrMany>,
    #[serde(default)]
    pub(super) required: Vec<Spanned<String>>,
    pub(super) runtime: Option<RuntimeKind>,
    pub(super) confirm: Option<Confirm>,
    pub(super) route: Route,
    #[serde(default)]
    pub(super) health: Health,
    #[serde(default)]
    pub(super) bake: Bake,
    #[serde(default)]
    pub(super) drain: Drain,
    #[serde(default)]
    pub(super) timeouts: Timeouts,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Route {
    pub(super) listen: Spanned<String>,
    pub(super) host: Option<Spanned<OneOrMany>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Health {
    pub(super) path: Option<Spanned<String>>,
    pub(super) host: Option<String>,
    pub(super) interval: Option<Spanned<String>>,
    pub(super) timeout: Option<Spanned<String>>,
    pub(super) healthy_for: Option<Spanned<String>>,
    pub(super) deadline: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) smoke: Vec<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bake {
    pub(super) duration: Option<Spanned<String>>,
    pub(super) interval: Option<Spanned<String>>,
    pub(super) min_requests: Option<u64>,
    pub(super) max_error_rate: Option<Spanned<String>>,
    pub(super) max_latency_ratio: Option<Spanned<f64>>,
    pub(super) latency_floor: Option<Spanned<String>>,
    pub(super) on_inconclusive: Option<OnInconclusive>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Drain {
    pub(super) timeout: Option<Spanned<String>>,
    pub(super) streaming: Option<Spanned<String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Timeouts {
    pub(super) build: Option<Spanned<String>>,
    pub(super) start: Option<Spanned<String>>,
    pub(super) switch: Option<Spanned<String>>,
}
