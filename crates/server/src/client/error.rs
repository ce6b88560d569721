//! Why a daemon elsewhere did not do what it was asked for.

use std::error::Error as _;

use super::Problem;

/// Why a daemon elsewhere did not do what it was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Its address is none.
    #[error("`{address}` is no address of a daemon: {why}")]
    Address {
        /// What was given.
        address: String,
        /// What is wrong with it.
        why: String,
    },
    /// What it is to be believed by is no certificate.
    #[error("no certificate authority can be read: {0}")]
    Authority(String),
    /// Nobody answers.
    #[error("`{server}` does not answer: {reason}")]
    Unreachable {
        /// Where.
        server: String,
        /// Why not.
        reason: String,
    },
    /// It is another version.
    #[error("the daemon at `{server}` is version {theirs}, and this is {ours}")]
    Version {
        /// Where.
        server: String,
        /// The daemon's.
        theirs: String,
        /// Ours.
        ours: String,
    },
    /// It answers something else than was asked for.
    #[error("the answer of `{server}` cannot be read: {reason}")]
    Garbled {
        /// Where.
        server: String,
        /// Why not.
        reason: String,
    },
    /// It refuses.
    #[error("{}", .0.detail)]
    Refused(Problem),
}

// === impl ClientError ===

impl ClientError {
    pub(super) fn unreachable(server: &str, error: &reqwest::Error) -> Self {
        // The innermost cause is what went wrong; those around it say that something did.
        let mut reason = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            reason = cause.to_string();
            source = cause.source();
        }
        Self::Unreachable {
            server: server.to_owned(),
            reason,
        }
    }

    /// Whether the same call may go well a moment later.
    pub(super) fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. })
    }
}
