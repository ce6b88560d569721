//! `shipway.yml` as it is written: the one source of its schema and its reference.
//!
//! What these types say of themselves is what editors, `shipway config --defaults` and the
//! reference page show: doc comments are the meaning of a key, `default` is what holds without
//! it (`x-default` in words, where it follows from something else), `examples` are shown where
//! there is no default. These types never leave the module above.

mod backup;
mod branch;
mod database;
mod environment;
mod forge;
mod gate;
mod level;
mod migrations;
mod notifications;
mod policy;
mod route;
mod sections;
mod text;
mod tls;

use indexmap::IndexMap;
use schemars::JsonSchema;
use serde::Deserialize;
use serde::de::IgnoredAny;

pub(super) use backup::{Backup, S3};
pub(super) use branch::{PerBranch, WhenFull};
pub(super) use database::Database;
pub(super) use environment::{Confirm, Environment, RuntimeKind, Trigger};
pub(super) use forge::Forge;
pub(super) use gate::{Gate, GatePlace, Reports, SarifLevel, Waiver};
pub(super) use level::{Level, Levels};
pub(super) use migrations::{Migrations, Overrides, RuleSeverity, Rules, Tool};
pub(super) use notifications::{Channel, ChannelKind};
pub(super) use policy::{Approvals, Freeze, Policy};
pub(super) use route::{Limits, Route, Sticky};
pub(super) use sections::{Bake, Drain, Health, OnInconclusive, Registry, Timeouts};
pub(super) use text::{
    AddressText, BranchName, DurationText, HostText, Listen, Moment, Name, OneOrMany, PathText,
    PlatformText, PrefixText, RangeText, RateText, RatioText, RecipientText, RepositoryText,
    SizeText, VariableText, Version, VolumeFile, Words,
};
pub(super) use tls::{Acme, Tls};

use super::default;
use super::render_duration;
use super::tree::Placed;
use crate::role::Role;
use level::codes;

/// How Shipway takes a Docker Compose application from a git push to production.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "shipway.yml")]
pub(super) struct Config {
    /// The version of this file's format.
    #[schemars(with = "Option<Version>", extend("default" = 1))]
    #[expect(
        dead_code,
        reason = "the schema says which versions there are; there is one"
    )]
    pub(super) version: Option<IgnoredAny>,
    /// The project's name.
    ///
    /// Processes, networks and volumes are named after it.
    #[schemars(extend("examples" = ["shop"]))]
    pub(super) project: Placed<Name>,
    /// What each Compose service is to a deployment.
    ///
    /// A service that is not named here has the role of its image, as far as that is well known.
    pub(super) services: Option<IndexMap<Placed<Name>, Service>>,
    /// How the database schema is brought up to date, once, before a release starts.
    pub(super) migrate: Option<Migrate>,
    /// The application's database: what is migrated, backed up and restored.
    ///
    /// An environment's own `database` is used in place of it.
    pub(super) database: Option<Database>,
    /// How migrations are looked at before a deployment, and run by it.
    pub(super) migrations: Option<Migrations>,
    /// Backups of the database: where they are kept, how many, when one is made.
    ///
    /// An environment's own `backup` is used in place of it.
    pub(super) backup: Option<Backup>,
    /// Where images are pushed to when they are built, and pulled from where they run.
    ///
    /// Without it, images stay in the engine that built them.
    pub(super) registry: Option<Registry>,
    /// The platforms that images are built for; `build.platforms` of a Compose service wins.
    ///
    /// More than one needs a `registry`.
    #[schemars(extend(
        "x-default" = "the platform of the engine that builds",
        "examples" = [["linux/amd64", "linux/arm64"]]
    ))]
    pub(super) platforms: Option<Placed<Vec<Placed<PlatformText>>>>,
    /// Named checks that a commit must pass before it is deployed.
    ///
    /// The `gates` of an environment say which of them it asks for.
    #[schemars(extend("default" = {}))]
    pub(super) gates: Option<IndexMap<Placed<Name>, Gate>>,
    /// People by the groups that they belong to; the `approvals` of an environment name groups.
    ///
    /// A person is who a token was made for or, without a server, who is logged in.
    #[schemars(extend("default" = {}, "examples" = [{"managers": ["anna", "ben"]}]))]
    pub(super) groups: Option<IndexMap<Placed<Name>, Vec<Placed<String>>>>,
    /// Who is told what happens: channels by their names.
    #[schemars(extend("default" = {}))]
    pub(super) notifications: Option<IndexMap<Placed<Name>, Channel>>,
    /// The forge that holds the repository, where it is to show deployments beside commits.
    pub(super) forge: Option<Forge>,
    /// How serious findings of `shipway validate` are, by code; `shipway explain` lists the codes.
    #[schemars(extend("default" = {}, "propertyNames" = codes()))]
    pub(super) diagnostics: Option<Levels>,
    /// The environments, in the order in which a release passes them.
    #[schemars(extend("minProperties" = 1))]
    pub(super) environments: Placed<IndexMap<Placed<Name>, Environment>>,
}

/// What a Compose service is to a deployment.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Service {
    /// What the service is to a deployment.
    #[schemars(extend("examples" = ["web"]))]
    pub(super) role: Role,
    /// The port it listens on inside its container.
    #[schemars(range(min = 1), extend("examples" = [8000]))]
    pub(super) port: Option<u16>,
}

/// The one-off task that migrates the database.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Migrate {
    /// The service whose artifact, environment and volumes it runs with.
    #[schemars(extend("examples" = ["web"]))]
    pub(super) service: Placed<Name>,
    /// Program and arguments: one line, split as a shell splits words, or a list of words.
    #[schemars(extend("examples" = ["python manage.py migrate --noinput"]))]
    pub(super) command: Placed<Words>,
    /// Killed after this long.
    #[schemars(extend("default" = render_duration(default::MIGRATE_TIMEOUT)))]
    pub(super) timeout: Option<Placed<DurationText>>,
}
