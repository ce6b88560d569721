//! One environment as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::tree::Placed;
use super::level::codes;
use super::{
    Backup, Bake, BranchName, Database, Drain, Health, HostText, Levels, Name, OneOrMany,
    Overrides, PerBranch, Policy, Route, Timeouts,
};
use crate::strategy::Strategy;

/// Where a release runs, and how it gets there.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Environment {
    /// What starts a deployment.
    #[schemars(extend("x-default" = "`push` where `branches` is given, else `manual`"))]
    pub(in crate::config) trigger: Option<Trigger>,
    /// Branches whose pushes are deployed: names or patterns such as `feature/*`.
    #[schemars(extend("x-default" = "none", "examples" = ["main"]))]
    pub(in crate::config) branches: Option<Placed<OneOrMany<BranchName>>>,
    /// Each of these branches has an environment of its own, of which this one is the template.
    ///
    /// A push opens it as `<this name>/<branch>`, and the end of the branch removes it with its
    /// volumes. `{branch}` in `route.host` stands for the branch.
    pub(in crate::config) per_branch: Option<Placed<PerBranch>>,
    /// The environment whose live release is promoted here; nothing else gets in.
    #[schemars(extend("x-default" = "any release", "examples" = ["staging"]))]
    pub(in crate::config) from: Option<Placed<Name>>,
    /// How a release replaces another.
    #[schemars(extend("default" = Strategy::BlueGreen.as_str()))]
    pub(in crate::config) strategy: Option<Strategy>,
    /// Compose files, each over the ones before.
    #[schemars(extend("x-default" = "`docker-compose.yml` and `docker-compose.<environment>.yml`", "examples" = [["docker-compose.yml", "docker-compose.production.yml"]]))]
    pub(in crate::config) compose: Option<Placed<OneOrMany<String>>>,
    /// Compose profiles that are active: services of other profiles do not run.
    #[schemars(extend("default" = []))]
    pub(in crate::config) profiles: Option<OneOrMany<String>>,
    /// Files with variables for the Compose files; later ones win, and the shell's own variables
    /// over all of them.
    #[schemars(extend("x-default" = "`.env`, if there is one", "examples" = [".env.production"]))]
    pub(in crate::config) env_files: Option<OneOrMany<String>>,
    /// Variables that must be set and not empty.
    #[schemars(extend("default" = []))]
    pub(in crate::config) required: Option<Vec<String>>,
    /// The gates that a release must have passed. Those that it has not are run first.
    #[schemars(extend("x-default" = "all of them where nothing is promoted `from`, else none", "examples" = [["lint", "tests"]]))]
    pub(in crate::config) gates: Option<Vec<Placed<Name>>>,
    /// What else is asked of a release before it is taken.
    pub(in crate::config) policy: Option<Policy>,
    /// What runs the services.
    #[schemars(extend("x-default" = "`process` where the routed service has `x-shipway.process`, else `compose`"))]
    pub(in crate::config) runtime: Option<RuntimeKind>,
    /// The host whose Docker Engine runs the containers: `ssh://user@host:port` goes there by ssh,
    /// `unix:///path` is another socket of this one. The proxy runs there as well, and `route.listen`
    /// is an address of that host.
    #[schemars(extend("x-default" = "this host", "examples" = ["ssh://deploy@shop.example.org"]))]
    pub(in crate::config) host: Option<Placed<HostText>>,
    /// The Compose project that runs here already, as `docker compose ls` names it. The first
    /// deployment keeps its databases and volumes as they are and replaces its application. Stays
    /// afterwards: volumes and networks go on having its name.
    #[schemars(extend("x-default" = "nothing runs yet", "examples" = ["shop"]))]
    pub(in crate::config) adopt: Option<Placed<String>>,
    /// The application's database here, in place of the project's.
    pub(in crate::config) database: Option<Database>,
    /// How migrations are looked at and run here, over what the project says.
    pub(in crate::config) migrations: Option<Overrides>,
    /// Backups here, in place of the project's.
    pub(in crate::config) backup: Option<Backup>,
    /// What a person must say before a deployment starts.
    #[schemars(extend("x-default" = "`name` for `production`, else `yes` where deployments are started by hand, else `none`"))]
    pub(in crate::config) confirm: Option<Confirm>,
    /// How serious findings of `shipway validate` are, by code, over those of the
    /// whole project; `shipway explain` lists the codes.
    #[schemars(extend("default" = {}, "propertyNames" = codes()))]
    pub(in crate::config) diagnostics: Option<Levels>,
    /// Where requests come in.
    pub(in crate::config) route: Route,
    /// How an instance of the routed service shows that it is healthy.
    pub(in crate::config) health: Option<Health>,
    /// How a release is judged after the switch, while the old one is kept warm.
    pub(in crate::config) bake: Option<Bake>,
    /// How the old release ends.
    pub(in crate::config) drain: Option<Drain>,
    /// How long each part of a deployment may take.
    pub(in crate::config) timeouts: Option<Timeouts>,
}

/// What starts a deployment.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(in crate::config) enum Trigger {
    /// A push to one of `branches`.
    Push,
    /// Somebody's command.
    Manual,
}

/// What runs the services.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(in crate::config) enum RuntimeKind {
    /// Processes of the host, by `x-shipway.process` of the Compose files; needs no container
    /// engine.
    Process,
    /// Containers of a Docker Engine, by Docker Compose.
    Compose,
}

/// What a person must say before a deployment starts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(in crate::config) enum Confirm {
    /// Nothing.
    None,
    /// Yes.
    Yes,
    /// The environment's name.
    Name,
}
