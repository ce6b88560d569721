//! The open database.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use crate::error::{Error, OpenError};
use crate::schema;

/// Writers of other processes are waited for this long; a transaction takes milliseconds.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// The database.
const FILE: &str = "shipway.db";

/// An open state directory.
pub struct Store {
    directory: PathBuf,
    connection: Mutex<Connection>,
}

impl Store {
    /// Opens the state in a directory, which is made where it is missing.
    ///
    /// # Errors
    /// The directory or the database cannot be used, or a newer Shipway wrote it.
    pub fn open(directory: &Path) -> Result<Self, OpenError> {
        let failed = |source| OpenError::Directory {
            path: directory.to_owned(),
            source,
        };
        // SQLite syncs what is in the directory, and not the directory's own name.
        shipway_durable::make_directory(directory).map_err(failed)?;
        std::fs::set_permissions(directory, Permissions::from_mode(0o700)).map_err(failed)?;
        let path = directory.join(FILE);
        let mut connection = connect(&path).map_err(|source| OpenError::Database {
            path: path.clone(),
            source,
        })?;
        let found = schema::version(&connection)
            .and_then(|found| {
                if found < schema::NEWEST {
                    schema::migrate(&mut connection)?;
                }
                Ok(found)
            })
            .map_err(|source| OpenError::Database {
                path: path.clone(),
                source,
            })?;
        if found > schema::NEWEST {
            return Err(OpenError::Newer {
                path,
                found,
                known: schema::NEWEST,
            });
        }
        Ok(Self {
            directory: directory.to_owned(),
            connection: Mutex::new(connection),
        })
    }

    /// Whether a directory holds a state already.
    pub fn exists(directory: &Path) -> bool {
        directory.join(FILE).exists()
    }

    /// The state directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) fn read(&self) -> MutexGuard<'_, Connection> {
        // A panic in the middle of a transaction rolls it back: the connection is still good.
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs one write transaction.
    pub(crate) fn write<T>(
        &self,
        action: &'static str,
        body: impl FnOnce(&Transaction<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let mut connection = self.read();
        let transaction = connection
            .transaction_with_behavior(TransactionBehavior::Immediate)
            .map_err(Error::database(action))?;
        let value = body(&transaction)?;
        transaction.commit().map_err(Error::database(action))?;
        Ok(value)
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    Ok(connection)
}
