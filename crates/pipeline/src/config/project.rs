//! What holds for a whole project.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use indexmap::IndexMap;
use serde::Serialize;
use shipway_compose::diagnostic::Levels;

use super::environment::Environment;
use super::quantity;
use crate::branch::{self, BranchEnvironment};
use crate::gate::Gate;
use crate::name::{ChannelName, EnvironmentName, GateName, ProjectName, ServiceName};
use crate::notify::Channel;
use crate::role::Role;

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
