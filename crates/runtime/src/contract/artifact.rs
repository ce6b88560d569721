//! What is built, and from what.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use shipway_compose::model::Service;
use shipway_pipeline::route::RouteKey;
use shipway_pipeline::time::Timestamp;
use shipway_pipeline::workload::Model;

/// What to build an artifact from.
#[derive(Debug, Clone)]
pub struct BuildRequest {
    /// For which environment: it is built here where that can be done, else where that is.
    pub at: RouteKey,
    /// The git repository: a work tree or a bare one.
    pub repository: PathBuf,
    /// Where the project stands inside the repository; empty for its root.
    pub subdirectory: PathBuf,
    /// Full commit id.
    pub commit: String,
    /// The services whose build definitions count.
    pub services: Vec<Service>,
    /// Where they come from, for runtimes that run containers.
    pub model: Option<Model>,
    /// What the artifact says of where it comes from.
    pub origin: Origin,
    /// Where images are pushed to: the service's name is put behind it. `None` keeps them here.
    pub registry: Option<String>,
    /// What images are built for; empty for the engine's own platform.
    pub platforms: Vec<String>,
    /// The values of variables that build secrets are taken from.
    pub secrets: BTreeMap<String, String>,
    /// How long all steps together may take.
    pub deadline: Duration,
}

/// Where a commit comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Origin {
    /// When the commit was made.
    pub committed: Timestamp,
    /// The repository's address, without credentials.
    pub source: Option<String>,
    /// What people call the commit: its tag, or the nearest one.
    pub version: Option<String>,
}

/// The built thing: what [`ColourSpec`](super::ColourSpec) starts. Immutable, named by its content.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Artifact {
    /// What the digests are of.
    pub form: Form,
    /// Content digest by service, `sha256:` and 64 hexadecimal digits; where an image is in a
    /// registry, `repository@` stands before it.
    pub digests: BTreeMap<String, String>,
    /// What images are built for.
    #[serde(default)]
    pub platforms: Vec<String>,
}

/// A part of an artifact that was not removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Left {
    /// Its digest or place.
    pub part: String,
    /// Why.
    pub reason: String,
}

/// What an artifact is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Form {
    /// Directories, for processes.
    Directory,
    /// Images, for containers.
    Image,
}
