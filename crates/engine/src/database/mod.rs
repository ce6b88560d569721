//! An environment's database, and how its own programs are run.
//!
//! ```text
//!  Engine::database ─► Database ─┬─► Server ──► pg_dump, pg_restore, psql, …
//!                                │     │  in its container (`docker exec -i`), or of this host
//!                                │     └──► query: rows; Session: a connection that is held
//!                                └─► an SQLite file
//! ```
//!
//! No shell is involved, and no password stands on a command line.

mod error;
mod psql;
mod room;
mod server;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use shipway_pipeline::colour::Slot;
use shipway_pipeline::database::{self, Place};
use shipway_pipeline::id::InstanceId;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::workload::Workload;
use shipway_runtime::ColourKey;

pub use error::DatabaseError;
pub use psql::{Row, Session};
pub(crate) use room::free_bytes;
pub use server::Server;
pub(crate) use server::failed;

use crate::executor::Engine;
use crate::project::Project;
use server::Access;

/// Where distributions put PostgreSQL's programs, beside `PATH`.
const PROGRAMS: &str = "/usr/lib/postgresql";

/// An environment's database.
#[derive(Debug, Clone)]
pub enum Database {
    /// One of a PostgreSQL server's databases.
    Postgres(Server),
    /// An SQLite file, be it there or not.
    Sqlite(PathBuf),
}

/// What is known of the databases of a project's environments before anything is asked.
#[derive(Debug, Clone, Default)]
pub struct Databases {
    project: Option<Arc<Project>>,
}

// === impl Databases ===

impl Databases {
    /// Those of a project.
    #[must_use]
    pub fn of_project(project: &Project) -> Self {
        Self {
            project: Some(Arc::new(project.clone())),
        }
    }

    /// The project whose they are.
    pub(crate) fn project(&self) -> Result<&Project, DatabaseError> {
        self.project.as_deref().ok_or(DatabaseError::NoProject)
    }
}

impl Engine {
    /// The database of an environment, as what is live there uses it.
    ///
    /// # Errors
    /// Nothing is live, nothing is known to be its database, or its URL cannot be used.
    pub fn database(&self, environment: &EnvironmentName) -> Result<Database, DatabaseError> {
        let project = self.databases.project()?;
        let live = self.live(project, environment)?;
        let live = live.ok_or_else(|| DatabaseError::NothingLive(environment.clone()))?;
        self.database_of(environment, &live.workload)
    }

    /// The database of an environment, as a workload uses it. Nothing is asked of it yet.
    ///
    /// # Errors
    /// Nothing is known to be its database, or its URL cannot be used.
    pub fn database_of(
        &self,
        environment: &EnvironmentName,
        workload: &Workload,
    ) -> Result<Database, DatabaseError> {
        let project = self.databases.project()?;
        let environment = project.environment(environment.as_str())?;
        let route = project.route_key(environment);
        match database::locate(environment.database.as_ref(), workload)? {
            Place::Service {
                service,
                user,
                name,
                password,
            } => Ok(Database::Postgres(Server::new(
                Access::Instance {
                    runtime: Arc::clone(&self.runtime),
                    key: ColourKey {
                        route,
                        slot: Slot::Shared,
                    },
                    instance: InstanceId { service, number: 1 },
                },
                [
                    ("PGUSER", Some(user.into_bytes())),
                    ("PGPASSWORD", password.map(|one| one.expose().to_vec())),
                ],
                name,
            ))),
            Place::Url { variable } => {
                let variables = project.variables(environment)?;
                let url = variables.get(&variable).filter(|url| !url.is_empty());
                let url = url.ok_or_else(|| DatabaseError::Unset(variable.clone()))?;
                Ok(Database::Postgres(of_url(&variable, &url)?))
            }
            Place::Sqlite { volume, file } => {
                let volume = self.runtime.volume_directory(&route, &volume);
                let volume = volume.ok_or(DatabaseError::NoVolumes)?;
                Ok(Database::Sqlite(volume.join(file)))
            }
        }
    }
}

// === impl Database ===

impl Database {
    /// The PostgreSQL server's database that it is.
    ///
    /// # Errors
    /// It is an SQLite file.
    pub fn postgres(self) -> Result<Server, DatabaseError> {
        match self {
            Self::Postgres(server) => Ok(server),
            Self::Sqlite(path) => Err(DatabaseError::NotPostgres(path)),
        }
    }
}

/// The database that a URL names, reached by this host's programs.
pub(crate) fn of_url(variable: &str, url: &str) -> Result<Server, DatabaseError> {
    let mut said = database::parse_url(url).map_err(|source| DatabaseError::Url {
        variable: variable.to_owned(),
        source,
    })?;
    let mut name = String::new();
    said.retain(|(key, value)| {
        let is_name = *key == "PGDATABASE";
        if is_name {
            name = String::from_utf8_lossy(value.expose()).into_owned();
        }
        !is_name
    });
    let said = said.into_iter();
    Ok(Server::new(
        Access::Host {
            programs: newest(Path::new(PROGRAMS)),
        },
        said.map(|(key, value)| (key, Some(value.expose().to_vec()))),
        name,
    ))
}

/// The newest version's programs: a newer `pg_dump` reads an older server, and none the reverse.
fn newest(versions: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(versions).ok()?;
    let found = entries.filter_map(|entry| {
        let path = entry.ok()?.path();
        let version: u32 = path.file_name()?.to_str()?.parse().ok()?;
        let programs = path.join("bin");
        programs
            .join("pg_dump")
            .exists()
            .then_some((version, programs))
    });
    found.max().map(|(_, programs)| programs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_programs_are_used() {
        let place = tempfile::tempdir().unwrap();
        assert_eq!(newest(place.path()), None);
        for version in ["9", "15", "17"] {
            let programs = place.path().join(version).join("bin");
            std::fs::create_dir_all(&programs).unwrap();
            if version != "17" {
                std::fs::write(programs.join("pg_dump"), "").unwrap();
            }
        }
        assert_eq!(newest(place.path()), Some(place.path().join("15/bin")));
    }

    #[test]
    fn a_password_is_never_shown() {
        let server = of_url("URL", "postgres://me:secret@h/shop").unwrap();
        assert_eq!(server.name(), "shop");
        assert!(!format!("{server:?}").contains("secret"));
        let refused = of_url("URL", "mysql://me:secret@h/shop").unwrap_err();
        assert!(!format!("{refused:?}{refused}").contains("secret"));
    }
}
