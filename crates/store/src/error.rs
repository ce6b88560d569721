//! What can go wrong.

use std::path::PathBuf;

use shipway_pipeline::id::{Epoch, RequestId};

/// Why a state directory could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory could not be made.
    #[error("cannot make the state directory `{}`", path.display())]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// The database was written by a newer Shipway.
    #[error("`{}` has schema {found}, this shipway knows up to {known}", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: u32,
        /// What this program knows.
        known: u32,
    },
    /// The database could not be opened or brought up to date.
    #[error("cannot open `{}`", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: rusqlite::Error,
    },
}

/// Why a record could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database refused.
    #[error("cannot {action}")]
    Database {
        /// What was attempted.
        action: &'static str,
        /// Why not.
        #[source]
        source: rusqlite::Error,
    },
    /// A stored document cannot be read.
    #[error("cannot read the stored {what}")]
    Document {
        /// Which.
        what: &'static str,
        /// Why not.
        #[source]
        source: serde_json::Error,
    },
    /// There is no such request.
    #[error("there is no request {0}")]
    NoRequest(RequestId),
    /// The lease under which this was to be written is no longer the newest.
    #[error("epoch {held} is deposed: another engine holds the environment at epoch {current}")]
    Deposed {
        /// The writer's.
        held: Epoch,
        /// The present holder's.
        current: Epoch,
    },
}

impl Error {
    pub(crate) fn database(action: &'static str) -> impl FnOnce(rusqlite::Error) -> Self {
        move |source| Self::Database { action, source }
    }

    pub(crate) fn document(what: &'static str) -> impl FnOnce(serde_json::Error) -> Self {
        move |source| Self::Document { what, source }
    }
}
