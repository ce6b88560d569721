//! The application's database, and its backups.

use std::time::Duration;

use serde::Serialize;

use super::quantity;
use crate::backup::{Keep, Schedule};
use crate::name::ServiceName;

/// What an application's database is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Database {
    /// PostgreSQL in a container.
    Service {
        /// Whose; the one service with an image of PostgreSQL where not given.
        #[serde(skip_serializing_if = "Option::is_none")]
        service: Option<ServiceName>,
        /// Who it is asked as; as the service says where not given.
        #[serde(skip_serializing_if = "Option::is_none")]
        user: Option<String>,
        /// Which of the server's databases; as the service says where not given.
        #[serde(skip_serializing_if = "Option::is_none")]
        name: Option<String>,
    },
    /// PostgreSQL elsewhere.
    Url {
        /// The variable that holds its URL.
        variable: String,
    },
    /// An SQLite file.
    Sqlite {
        /// The volume that holds it.
        volume: String,
        /// Its path in the volume.
        file: String,
    },
}

/// Backups of a database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Backup {
    /// Where they are kept, relative to `shipway.yml`; in the state directory where not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub directory: Option<String>,
    /// One is made before each deployment that could change the database.
    pub before_deploy: bool,
    /// One that is younger is fresh enough before a deployment.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub fresh: Duration,
    /// A backup or a restore that takes longer has failed.
    #[serde(serialize_with = "quantity::serialize_duration")]
    pub timeout: Duration,
    /// They are encrypted.
    pub encrypt: bool,
    /// For whom; for one's own identity where nobody is named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<String>,
    /// When they are made by themselves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub schedule: Option<Schedule>,
    /// When one is restored and compared by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prove: Option<Schedule>,
    /// Where they are copied to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3: Option<S3>,
    /// How many are kept.
    pub keep: Keep,
}

impl Backup {
    /// Whether there is something that is done for them by itself.
    #[must_use]
    pub fn has_chores(&self) -> bool {
        self.schedule.is_some() || self.prove.is_some() || self.s3.is_some()
    }
}

/// A bucket of a store that speaks S3.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct S3 {
    /// Its name.
    pub bucket: String,
    /// A folder in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<String>,
    /// Where the store is; Amazon's where not given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub endpoint: Option<String>,
    /// The store's region.
    pub region: String,
}
