//! `spec.json`: what a supervisor is to run. Written once, before it starts.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use shipway_compose::model::Service;
use shipway_pipeline::colour::Slot;
use shipway_pipeline::id::{DeploymentId, Epoch, InstanceId, ReleaseId};

use super::launch::{self, Context, Launch};
use super::launcher::Launcher;
use super::log::Limits;
use super::port;

/// Raised when a supervisor could misread what an earlier version wrote.
///
/// Supervisors read their own version only: starter and supervisor are one binary.
pub(super) const VERSION: u32 = 1;

const FILE: &str = "spec.json";

/// All that a supervisor needs to know. Holds the environment, secrets included.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Spec {
    #[serde(flatten)]
    pub(super) header: Header,
    pub(super) slot: Slot,
    pub(super) launcher: Launcher,
    /// The caller's variables that every service gets.
    pub(super) base: BTreeMap<String, String>,
    /// The artifact's directory.
    pub(super) artifact: PathBuf,
    /// Where the environment's volumes are.
    pub(super) volumes: PathBuf,
    /// Where the files of its secrets and configs are.
    pub(super) files: PathBuf,
    /// Where the search for a port begins.
    pub(super) port_hint: u64,
    pub(super) log: Limits,
    pub(super) service: Service,
}

/// The part that every later version of this crate must be able to read.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Header {
    pub(super) version: u32,
    pub(super) id: InstanceId,
    pub(super) release: ReleaseId,
    pub(super) deployment: DeploymentId,
    pub(super) epoch: Epoch,
    /// Unlike that of any other start; see [`launch::RUN_VARIABLE`].
    pub(super) run: String,
    pub(super) stop_grace_period: Duration,
}

// === impl Spec ===

impl Spec {
    pub(super) fn write(&self, directory: &Path) -> io::Result<()> {
        // Unlike the status it must be readable after the machine lost power, or nobody could tell
        // what stands in the slot.
        shipway_durable::replace(&directory.join(FILE), &serde_json::to_vec_pretty(self)?)
    }

    pub(super) fn read(directory: &Path) -> io::Result<Self> {
        let spec: Self = serde_json::from_slice(&fs::read(directory.join(FILE))?)?;
        if spec.header.version == VERSION {
            Ok(spec)
        } else {
            let text = format!("its version is {}, not {VERSION}", spec.header.version);
            Err(io::Error::other(text))
        }
    }

    /// Claims the port that the service gets or insists on.
    pub(super) fn claim_port(&self) -> Result<port::Claim, String> {
        match launch::fixed_port(&self.service) {
            Some(fixed) => {
                port::Claim::of(fixed).map_err(|error| format!("port {fixed} is not free: {error}"))
            }
            None => port::Claim::any(self.port_hint).map_err(|error| error.to_string()),
        }
    }

    /// What is executed when the instance has this port.
    pub(super) fn resolve(&self, port: u16) -> Result<Launch, String> {
        let context = Context {
            base: &self.base,
            artifact: &self.artifact,
            volumes: &self.volumes,
            files: &self.files,
            port,
            release: &self.header.release,
            slot: self.slot,
            deployment: self.header.deployment,
            name: &self.header.id.to_string(),
            run: &self.header.run,
        };
        launch::resolve(&self.service, &context)
    }
}

// === impl Header ===

impl Header {
    pub(super) fn read(directory: &Path) -> io::Result<Self> {
        Ok(serde_json::from_slice(&fs::read(directory.join(FILE))?)?)
    }
}
