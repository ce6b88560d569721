//! What a difference means for what runs.

use serde::Serialize;

/// What a difference means for what runs, from least to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// What runs stays as it is.
    None,
    /// How the next deployment goes, not what it runs.
    NextDeployment,
    /// Instances are started or stopped; none is replaced.
    Scale,
    /// The same instance has to read something anew.
    Restart,
    /// The instance has to be replaced.
    Recreate,
}

/// What a difference in a key of a service means.
///
/// Compose replaces a container when the hash of its service differs, and leaves `build`,
/// `pull_policy`, `scale` and the number of replicas out of the hash. Which services are active
/// says nothing about one that is.
///
/// ```
/// use shipway_pipeline::difference::{Effect, of_key};
/// assert_eq!(of_key(&["build", "target"]), Effect::None);
/// assert_eq!(of_key(&["deploy", "replicas"]), Effect::Scale);
/// assert_eq!(of_key(&["environment", "DEBUG"]), Effect::Recreate);
/// ```
pub fn of_key(path: &[&str]) -> Effect {
    match path {
        ["build" | "pull_policy" | "profiles" | "develop", ..] => Effect::None,
        ["scale"] | ["deploy", "replicas"] => Effect::Scale,
        // How a host process is made; what it runs is below the other keys.
        ["x-shipway", "process", "build", ..] => Effect::None,
        ["x-shipway", ..] => Effect::Recreate,
        [key, ..] if key.starts_with("x-") => Effect::None,
        _ => Effect::Recreate,
    }
}

/// What a difference in a top-level volume, network, secret or config means for its users.
pub(super) fn of_resource(kind: &str) -> Effect {
    match kind {
        // Compose sees neither: the files are mounted, and read when the process starts.
        "secrets" | "configs" => Effect::Restart,
        "volumes" | "networks" => Effect::Recreate,
        _ => Effect::None,
    }
}
