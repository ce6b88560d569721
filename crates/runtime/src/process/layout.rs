//! Where everything stands in the state directory.
//!
//! ```text
//! artifacts/<key>/tree               what steps and instances see; read-only
//! artifacts/<key>/artifact.json      written last: the build is complete
//! artifacts/by-digest/<digest>       link to ../<key>
//! cache/<key>/<output>               output of a cached step
//! run/<project>/<environment>/<slot>/epoch
//! run/<project>/<environment>/<slot>/<service>-<n>/{spec.json,status.json,lock,log*}
//! logs/<project>/<environment>/<slot>/<service>-<n>/<millis>-<deployment>.log
//! volumes/<project>/<environment>/<name>
//! ```

use std::path::{Path, PathBuf};

use shipway_pipeline::id::InstanceId;
use shipway_pipeline::route::RouteKey;

use crate::ColourKey;

/// The state directory's paths.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    state: PathBuf,
}

// === impl Layout ===

impl Layout {
    pub(super) fn new(state: PathBuf) -> Self {
        Self { state }
    }

    pub(super) fn artifacts(&self) -> PathBuf {
        self.state.join("artifacts")
    }

    pub(super) fn artifact(&self, key: &str) -> PathBuf {
        self.artifacts().join(key)
    }

    pub(super) fn by_digest(&self, digest: &str) -> PathBuf {
        self.artifacts().join("by-digest").join(digest)
    }

    pub(super) fn cache(&self) -> PathBuf {
        self.state.join("cache")
    }

    pub(super) fn volumes(&self, route: &RouteKey) -> PathBuf {
        below(&self.state.join("volumes"), route)
    }

    pub(super) fn slot(&self, key: &ColourKey) -> PathBuf {
        below(&self.state.join("run"), &key.route).join(key.slot.as_str())
    }

    pub(super) fn instance(&self, key: &ColourKey, id: &InstanceId) -> PathBuf {
        self.slot(key).join(id.to_string())
    }

    /// Locks of operations outlast the instance directories they guard.
    pub(super) fn operation_lock(&self, key: &ColourKey, name: &str) -> PathBuf {
        self.slot(key).join(".locks").join(name)
    }

    pub(super) fn old_logs(&self, key: &ColourKey, id: &InstanceId) -> PathBuf {
        below(&self.state.join("logs"), &key.route)
            .join(key.slot.as_str())
            .join(id.to_string())
    }
}

fn below(directory: &Path, route: &RouteKey) -> PathBuf {
    directory
        .join(route.project.as_str())
        .join(route.environment.as_str())
}
