//! Where everything stands in the state directory.
//!
//! ```text
//! artifacts/<key>/tree               what steps and instances see; read-only
//! artifacts/<key>/artifact.json      written last: the build is complete
//! artifacts/by-digest/<digest>       link to ../<key>
//! cache/<key>/<output>               output of a cached step
//! run/<project>/<environment>/<slot>/epoch
//! run/<project>/<environment>/<slot>/.stopping/<service>-<n>   it was told to stop, or is about to be
//! run/<project>/<environment>/<slot>/files/<deployment>/   secrets and configs of containers
//! run/<project>/<environment>/<slot>/<service>-<n>/{files/,spec.json,status.json,lock,log*}
//! logs/<project>/<environment>/<slot>/<service>-<n>/<millis>-<deployment>.log
//! volumes/<project>/<environment>/<name>
//! ```

use std::io;
use std::path::{Path, PathBuf};

use shipway_pipeline::id::InstanceId;
use shipway_pipeline::route::RouteKey;

use super::files;
use crate::{ColourKey, Error};

/// How the name of what is not complete begins.
const STAGED: &str = ".new-";

/// The state directory's paths.
#[derive(Debug, Clone)]
pub(crate) struct Layout {
    state: PathBuf,
}

// === impl Layout ===

impl Layout {
    /// The layout of a directory, which is made if it is missing.
    pub(crate) fn of_directory(state: &Path) -> Result<Self, Error> {
        let resolve = || -> io::Result<_> {
            shipway_durable::make_directory(state)?;
            // Instances and steps keep paths for longer than a relative one or a link holds.
            state.canonicalize()
        };
        let state = resolve().map_err(files::failed("use the state directory", state))?;
        Ok(Self { state })
    }

    pub(crate) fn artifacts(&self) -> PathBuf {
        self.state.join("artifacts")
    }

    pub(crate) fn artifact(&self, key: &str) -> PathBuf {
        self.artifacts().join(key)
    }

    pub(crate) fn by_digest(&self, digest: &str) -> PathBuf {
        self.artifacts().join("by-digest").join(digest)
    }

    pub(crate) fn cache(&self) -> PathBuf {
        self.state.join("cache")
    }

    pub(crate) fn volumes(&self, route: &RouteKey) -> PathBuf {
        below(&self.state.join("volumes"), route)
    }

    pub(crate) fn slot(&self, key: &ColourKey) -> PathBuf {
        below(&self.state.join("run"), &key.route).join(key.slot.as_str())
    }

    pub(crate) fn instance(&self, key: &ColourKey, id: &InstanceId) -> PathBuf {
        self.slot(key).join(id.to_string())
    }

    /// Where an instance's directory is put together before it has its name.
    pub(crate) fn staged_instance(&self, key: &ColourKey, id: &InstanceId) -> PathBuf {
        self.slot(key).join(format!("{STAGED}{id}"))
    }

    /// The instance whose directory is put together under this name.
    pub(crate) fn staged_id(name: &str) -> Option<InstanceId> {
        name.strip_prefix(STAGED)?.parse().ok()
    }

    /// Held by whoever waits for a check in a container.
    pub(crate) fn check_lock(&self, name: &str) -> PathBuf {
        self.state.join("locks").join(format!("{name}.lock"))
    }

    /// Locks of operations outlast the instance directories they guard.
    pub(crate) fn operation_lock(&self, key: &ColourKey, name: &str) -> PathBuf {
        self.slot(key).join(".locks").join(name)
    }

    /// There while an instance is being stopped.
    pub(crate) fn stopping(&self, key: &ColourKey, id: &InstanceId) -> PathBuf {
        self.slot(key).join(".stopping").join(id.to_string())
    }

    pub(crate) fn old_logs(&self, key: &ColourKey, id: &InstanceId) -> PathBuf {
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
