//! The application's database as it is written.

use schemars::JsonSchema;
use serde::Deserialize;

use super::super::tree::Placed;
use super::{Name, VariableText, VolumeFile};

/// The application's database: what is migrated, backed up and restored.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct Database {
    /// The service that is its PostgreSQL server, in a container. Its own programs are used.
    #[schemars(extend("x-default" = "the one `stateful` service with an image of PostgreSQL", "examples" = ["db"]))]
    pub(in crate::config) service: Option<Placed<Name>>,
    /// Who it is asked as, with `service`.
    #[schemars(extend("x-default" = "`POSTGRES_USER` of the service", "examples" = ["shop"]))]
    pub(in crate::config) user: Option<Placed<String>>,
    /// Which of the server's databases it is, with `service`.
    #[schemars(extend("x-default" = "`POSTGRES_DB` of the service", "examples" = ["shop"]))]
    pub(in crate::config) name: Option<Placed<String>>,
    /// In place of `service`: the variable with the URL of a PostgreSQL server elsewhere. The
    /// programs of this host are used, which must not be older than the server.
    #[schemars(extend("x-default" = "a service is used", "examples" = ["${DATABASE_URL}"]))]
    pub(in crate::config) url: Option<Placed<VariableText>>,
    /// In place of `service`, where services run as processes: an SQLite file, as a volume and a
    /// path in it.
    #[schemars(extend("x-default" = "a service is used", "examples" = ["data/db.sqlite3"]))]
    pub(in crate::config) sqlite: Option<Placed<VolumeFile>>,
}
