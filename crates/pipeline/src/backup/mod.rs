//! Backups: what is known of each, which are kept, and whether what came of one is what went in.

mod chore;
mod compare;
#[cfg(test)]
mod fixtures;
mod keep;
mod postgres;
mod predict;
mod schedule;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{BackupId, DeploymentId, ReleaseId};
use crate::name::{EnvironmentName, ProjectName};
use crate::time::Timestamp;

pub use chore::Chore;
pub use compare::{Contents, Difference, Sequence, compare};
pub use keep::{Keep, Kept, decide_kept};
pub use postgres::{Grant, Postgres, Setting, identifier, literal};
pub use predict::{Prediction, fresh, predict};
pub use schedule::{InvalidSchedule, Schedule};

/// Version of the stored form.
pub const VERSION: u16 = 1;

/// What is known of a backup. It is stored, and stands beside the backup as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backup {
    /// [`VERSION`] at the time of its making.
    pub version: u16,
    /// Which.
    pub id: BackupId,
    /// Whose.
    pub project: ProjectName,
    /// Of which environment's database.
    pub environment: EnvironmentName,
    /// Why it was made.
    pub reason: Reason,
    /// On whose behalf.
    pub by: String,
    /// When it was begun. It holds what was committed at a moment right after it.
    pub created: Timestamp,
    /// How long it took.
    pub millis: u64,
    /// The release that was live.
    pub release: Option<ReleaseId>,
    /// The directory that it was written to.
    pub directory: String,
    /// What was written, the backup itself first.
    pub files: Vec<File>,
    /// Whom its files are encrypted for; empty where they are not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<String>,
    /// What the database is.
    pub source: Source,
    /// What it held.
    pub contents: Contents,
    /// Where else its files are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uploaded: Option<Uploaded>,
    /// When it was last read to its end and found whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<Timestamp>,
    /// When it was last restored and found to hold what it held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proven: Option<Timestamp>,
}

/// A copy of a backup in a bucket, which was read back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Uploaded {
    /// The bucket and the folder in it, such as `s3://backups/shop/production`.
    pub to: String,
    /// When.
    pub at: Timestamp,
}

/// A file of a backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Its name in the backup's directory.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
    /// The SHA-256 of what is on disk.
    pub sha256: String,
}

/// Why a backup was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "why")]
pub enum Reason {
    /// Somebody asked for it.
    Asked,
    /// Its time had come.
    Scheduled,
    /// A deployment was about to begin.
    BeforeDeployment {
        /// Which.
        deployment: DeploymentId,
    },
    /// Another backup was about to be restored.
    BeforeRestore {
        /// By which deployment.
        deployment: DeploymentId,
    },
}

/// What a backup is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Source {
    /// A database of a PostgreSQL server.
    Postgres(Box<Postgres>),
    /// An SQLite file.
    Sqlite {
        /// The version of SQLite that copied it.
        version: String,
        /// How many bytes it had.
        bytes: u64,
    },
}

// === impl Backup ===

impl Backup {
    /// All of its files together, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.files.iter().map(|file| file.size).sum()
    }

    /// How many bytes the database had.
    #[must_use]
    pub fn source_bytes(&self) -> u64 {
        match &self.source {
            Source::Postgres(postgres) => postgres.bytes,
            Source::Sqlite { bytes, .. } => *bytes,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Asked => f.write_str("asked for"),
            Self::Scheduled => f.write_str("scheduled"),
            Self::BeforeDeployment { deployment } => write!(f, "before {deployment}"),
            Self::BeforeRestore { deployment } => write!(f, "before the restore {deployment}"),
        }
    }
}
