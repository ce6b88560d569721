//! Why there is no backup, or it is not good.

use std::io;
use std::path::{Path, PathBuf};

use shipway_pipeline::backup::Difference;
use shipway_pipeline::id::BackupId;
use shipway_pipeline::name::EnvironmentName;
use shipway_store::KeyringError;

use crate::database::DatabaseError;
use crate::secrets::SecretError;

/// Why there is no backup, or it is not good.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is none of that number.
    #[error("`{environment}` has no backup {id}")]
    Unknown {
        /// Where.
        environment: EnvironmentName,
        /// What was asked for.
        id: BackupId,
    },
    /// A file cannot be written or read.
    #[error("cannot {action} `{}`", path.display())]
    File {
        /// What was attempted.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// There is less room than it needs.
    #[error("{what} needs about {} MB, and {} MB are free on `{place}`", needed / MEGABYTE + 1, free / MEGABYTE)]
    NoRoom {
        /// What would be written.
        what: &'static str,
        /// Where.
        place: String,
        /// How many bytes it needs.
        needed: u64,
        /// How many bytes are free.
        free: u64,
    },
    /// What is on disk is not what was written.
    #[error("backup {id} is damaged: {reason}")]
    Damaged {
        /// Which.
        id: BackupId,
        /// What is wrong with it.
        reason: String,
    },
    /// What was restored is not what was saved.
    #[error("backup {id} was restored, and holds something else than the database did: {}", told(.differences))]
    Differs {
        /// Which.
        id: BackupId,
        /// What differs.
        differences: Vec<Difference>,
    },
    /// A bucket cannot be used.
    #[error("cannot {action} `{place}`")]
    Bucket {
        /// What was attempted.
        action: &'static str,
        /// The bucket, or what in it.
        place: String,
        /// Why not.
        #[source]
        source: Box<object_store::Error>,
    },
    /// Nothing lets one into the bucket.
    #[error("neither a variable nor a secret `{variable}` is set, which lets one into `{place}`")]
    NoKey {
        /// The bucket.
        place: String,
        /// Its name.
        variable: &'static str,
    },
    /// A backup of another kind of database.
    #[error("backup {0} is of another kind of database")]
    OtherKind(BackupId),
    /// It is encrypted, and cannot be read.
    #[error("cannot decrypt backup {id}")]
    Sealed {
        /// Which.
        id: BackupId,
        /// Why not.
        #[source]
        source: KeyringError,
    },
    /// It is to be encrypted, and cannot be.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
    /// A secret cannot be read.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// The database cannot be asked.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The SQLite file cannot be used.
    #[error("cannot {action} `{}`", path.display())]
    Sqlite {
        /// What was attempted.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: shipway_store::sqlite::Error,
    },
    /// The store refused.
    #[error(transparent)]
    Store(#[from] shipway_store::Error),
}

impl BackupError {
    pub(super) fn file(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::File {
            action,
            path,
            source,
        }
    }

    /// Whether there is no room for it.
    #[must_use]
    pub fn is_full(&self) -> bool {
        match self {
            Self::NoRoom { .. } => true,
            Self::File { source, .. } => matches!(
                source.kind(),
                io::ErrorKind::StorageFull
                    | io::ErrorKind::QuotaExceeded
                    | io::ErrorKind::FileTooLarge
            ),
            _ => false,
        }
    }
}

/// Sizes are told in these.
const MEGABYTE: u64 = 1_000_000;

/// So many differences are told; more help nobody.
const TOLD: usize = 5;

fn told(differences: &[Difference]) -> String {
    let mut told: Vec<String> = differences
        .iter()
        .take(TOLD)
        .map(ToString::to_string)
        .collect();
    if differences.len() > TOLD {
        told.push(format!("and {} more", differences.len() - TOLD));
    }
    told.join("; ")
}
