//! What a release runs in one environment: the services of its Compose files,
//! each with its role and its complete environment.

mod file;
mod model;
mod problem;
mod resolve;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use shipway_compose::model::Service;

use crate::digest::Digest;
use crate::name::ServiceName;
use crate::plan::Sizes;
use crate::role::Role;
use crate::secret::{SecretName, Version};

pub use file::{Content, File, FileKey, FileKind};
pub use model::Model;
pub use problem::Problem;
pub use resolve::{Files, ReadFile, resolve};

/// Version of the stored form.
pub const VERSION: u16 = 1;

/// What a release runs in one environment. Holds secrets: it is stored, never printed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Workload {
    /// [`VERSION`] at the time of its making.
    pub version: u16,
    /// The services that are run.
    pub members: Vec<Member>,
    /// The service that takes the requests.
    pub routed: ServiceName,
    /// Services of the files that the runtime cannot run.
    pub left_out: Vec<ServiceName>,
    /// What containers are made from; `None` where services run as processes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<Model>,
    /// The secrets and configs that its services read as files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<File>,
}

/// A service and its role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// Its name.
    pub name: ServiceName,
    /// What it is to a deployment.
    pub role: Role,
    /// As its Compose files define it, with a complete environment.
    pub service: Service,
}

// === impl Workload ===

impl Workload {
    /// Names what it holds.
    pub fn digest(&self) -> Digest {
        let text = serde_json::to_vec(self).expect("a workload has only text keys");
        Digest::of(&text)
    }

    /// By service whose image is built, the digest of its build definition.
    pub fn builds(&self) -> BTreeMap<ServiceName, Digest> {
        self.model.as_ref().map(Model::builds).unwrap_or_default()
    }

    /// A service's role.
    pub fn role(&self, service: &ServiceName) -> Option<Role> {
        self.members
            .iter()
            .find(|member| member.name == *service)
            .map(|member| member.role)
    }

    /// How many instances of each service that a colour has of its own.
    pub fn coloured_sizes(&self) -> Sizes {
        self.sizes(Role::is_coloured)
    }

    /// How many instances of each service that both colours share.
    pub fn shared_sizes(&self) -> Sizes {
        self.sizes(|role| !role.is_coloured())
    }

    /// The secrets of the store that it reads, each with the version that it was made with.
    pub fn secrets(&self) -> BTreeMap<&SecretName, Version> {
        let files = self.files.iter();
        let stored = files.filter_map(|file| match &file.content {
            Content::Store { secret, version } => Some((secret, *version)),
            Content::Text(_) | Content::Bytes(_) => None,
        });
        stored.collect()
    }

    fn sizes(&self, wanted: impl Fn(Role) -> bool) -> Sizes {
        self.members
            .iter()
            .filter(|member| wanted(member.role) && member.service.replicas > 0)
            .map(|member| (member.name.clone(), member.service.replicas))
            .collect()
    }

    /// The longest that any instance may take to stop.
    pub fn longest_grace(&self) -> Duration {
        self.members
            .iter()
            .map(|member| member.service.stop_grace_period)
            .max()
            .unwrap_or_default()
    }
}
