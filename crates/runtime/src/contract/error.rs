//! Why a runtime could not do what it was asked.

use std::time::Duration;

use crate::registry::Refusal;

/// Why a runtime could not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A build step failed.
    #[error("build step `{step}` failed: {reason}")]
    Build {
        /// The step's command.
        step: String,
        /// Exit code, deadline, or why it could not be run.
        reason: String,
        /// Its last lines.
        last_lines: Vec<String>,
    },
    /// A registry did not do what it was asked.
    #[error("cannot {action}")]
    Registry {
        /// What was attempted, with the image.
        action: String,
        /// Why not.
        #[source]
        source: Refusal,
    },
    /// A service cannot be run by this runtime.
    #[error("service `{service}` cannot be run as a process: {reason}")]
    NotRunnable {
        /// The service.
        service: String,
        /// What is missing.
        reason: String,
    },
    /// An instance could not be started.
    #[error("cannot start `{instance}`: {reason}")]
    Start {
        /// Which one.
        instance: String,
        /// Why.
        reason: String,
    },
    /// Something passed its deadline and was killed.
    #[error("{what} did not end within {after:?} and was killed")]
    Deadline {
        /// What.
        what: String,
        /// The deadline.
        after: Duration,
    },
    /// The container engine has no addresses left for another network.
    #[error("the engine has no addresses for another network: {said}")]
    Addresses {
        /// Its own words.
        said: String,
        /// How many networks it has, where it told.
        networks: Option<usize>,
    },
    /// A file, socket or process call failed.
    #[error("cannot {action}")]
    Io {
        /// What was attempted, with the path.
        action: String,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// What somebody can do about it, where that is known.
    #[must_use]
    pub fn way_out(&self) -> Option<String> {
        match self {
            Self::Registry { source, .. } => Some(source.way_out()),
            Self::Addresses { networks, .. } => Some(address_way_out(*networks)),
            Self::Build { .. }
            | Self::NotRunnable { .. }
            | Self::Start { .. }
            | Self::Deadline { .. }
            | Self::Io { .. } => None,
        }
    }
}

fn address_way_out(networks: Option<usize>) -> String {
    let count = networks.map_or_else(String::new, |count| format!("it has {count} networks: "));
    format!(
        "{count}`docker network prune` removes those that nothing uses, and more \
         `default-address-pools` in the engine's `daemon.json` make room for others"
    )
}
