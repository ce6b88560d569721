//! The right to change an environment.
//!
//! Two locks, one for each danger. A `flock` per environment is given back by
//! the kernel when its holder dies, so nobody breaks a lock by hand. The lease
//! row's epoch grows with each holder, and every write is conditional on it:
//! a holder that was suspended and wakes up late is refused.

use std::io;
use std::path::PathBuf;

use rusqlite::{Connection, OptionalExtension, Transaction, params};
use shipway_pipeline::id::Epoch;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::time::Timestamp;

use crate::error::Error;
use crate::lock::FileLock;
use crate::store::Store;

/// The right to change an environment, until it is dropped.
#[derive(Debug)]
pub struct Lease {
    environment: EnvironmentName,
    epoch: Epoch,
    _lock: FileLock,
}

/// Who holds an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Holder {
    /// User, host and process, as the holder gave it.
    pub owner: String,
    /// Since when.
    pub taken: Timestamp,
}

/// Why a lease could not be taken.
#[derive(Debug, thiserror::Error)]
pub enum TakeError {
    /// Somebody else has it.
    #[error("environment `{environment}` is held by {}", holder.as_ref().map_or("another process", |holder| holder.owner.as_str()))]
    Held {
        /// The environment.
        environment: EnvironmentName,
        /// Who, as far as is known.
        holder: Option<Holder>,
    },
    /// The lock file cannot be used.
    #[error("cannot lock environment `{environment}`")]
    Lock {
        /// The environment.
        environment: EnvironmentName,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The store refused.
    #[error(transparent)]
    Store(#[from] Error),
}

impl Store {
    /// Takes the right to change an environment.
    ///
    /// A holder that died has given it back already.
    ///
    /// # Errors
    /// [`TakeError::Held`] says who has it.
    pub fn take_lease(
        &self,
        environment: &EnvironmentName,
        owner: &str,
        now: Timestamp,
    ) -> Result<Lease, TakeError> {
        let lock =
            FileLock::try_take(&self.lock_path(environment)).map_err(|source| TakeError::Lock {
                environment: environment.clone(),
                source,
            })?;
        let Some(lock) = lock else {
            return Err(TakeError::Held {
                environment: environment.clone(),
                holder: self.holder(environment)?,
            });
        };
        let epoch = self.write("take a lease", |transaction| {
            transaction
                .query_row(
                    "INSERT INTO leases (environment, epoch, owner, taken)
                     VALUES (?1, 1, ?2, ?3)
                     ON CONFLICT (environment) DO UPDATE SET
                        epoch = epoch + 1, owner = ?2, taken = ?3
                     RETURNING epoch",
                    params![environment.as_str(), owner, now.0 as i64],
                    |row| row.get::<_, i64>(0),
                )
                .map_err(Error::database("take a lease"))
        })?;
        Ok(Lease {
            environment: environment.clone(),
            epoch: Epoch(epoch as u64),
            _lock: lock,
        })
    }

    /// Who took an environment last and has not given it back.
    ///
    /// # Errors
    /// The row cannot be read.
    pub fn holder(&self, environment: &EnvironmentName) -> Result<Option<Holder>, Error> {
        holder(&self.read(), environment)
    }

    /// Whether some process holds an environment at this moment.
    ///
    /// # Errors
    /// The lock file cannot be used.
    pub fn is_held(&self, environment: &EnvironmentName) -> io::Result<bool> {
        Ok(FileLock::try_take(&self.lock_path(environment))?.is_none())
    }

    fn lock_path(&self, environment: &EnvironmentName) -> PathBuf {
        self.directory()
            .join("locks")
            .join(format!("{environment}.lock"))
    }

    /// Gives an environment back.
    ///
    /// # Errors
    /// The row cannot be written; the environment is free all the same.
    pub fn release_lease(&self, lease: Lease) -> Result<(), Error> {
        self.write("give a lease back", |transaction| {
            transaction
                .execute(
                    "UPDATE leases SET owner = NULL WHERE environment = ?1 AND epoch = ?2",
                    params![lease.environment.as_str(), lease.epoch.0 as i64],
                )
                .map_err(Error::database("give a lease back"))
        })?;
        drop(lease);
        Ok(())
    }
}

/// The statement for who has an environment.
pub(crate) const HOLDER: &str =
    "SELECT owner, taken FROM leases WHERE environment = ?1 AND owner IS NOT NULL";

pub(crate) fn holder(
    connection: &Connection,
    environment: &EnvironmentName,
) -> Result<Option<Holder>, Error> {
    const ACTION: &str = "read a lease";
    connection
        .prepare_cached(HOLDER)
        .map_err(Error::database(ACTION))?
        .query_row([environment.as_str()], |row| {
            Ok(Holder {
                owner: row.get(0)?,
                taken: Timestamp(row.get::<_, i64>(1)? as u64),
            })
        })
        .optional()
        .map_err(Error::database(ACTION))
}

impl Lease {
    /// The environment.
    pub fn environment(&self) -> &EnvironmentName {
        &self.environment
    }

    /// The epoch.
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Refuses the transaction unless this lease is the newest.
    pub(crate) fn check(&self, transaction: &Transaction<'_>) -> Result<(), Error> {
        let current: i64 = transaction
            .query_row(
                "SELECT epoch FROM leases WHERE environment = ?1",
                [self.environment.as_str()],
                |row| row.get(0),
            )
            .map_err(Error::database("check a lease"))?;
        if current as u64 == self.epoch.0 {
            Ok(())
        } else {
            Err(Error::Deposed {
                held: self.epoch,
                current: Epoch(current as u64),
            })
        }
    }
}
