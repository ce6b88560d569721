//! What backups there are.

use rusqlite::{OptionalExtension as _, params};
use shipway_pipeline::backup::Backup;
use shipway_pipeline::id::BackupId;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::time::Timestamp;

use crate::error::Error;
use crate::store::Store;

impl Store {
    /// Gives the next backup its number, which no other one gets, whatever becomes of it.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn next_backup(
        &self,
        environment: &EnvironmentName,
        now: Timestamp,
    ) -> Result<BackupId, Error> {
        const ACTION: &str = "number a backup";
        self.write(ACTION, |transaction| {
            transaction
                .execute(
                    "INSERT INTO backups (environment, created) VALUES (?1, ?2)",
                    params![environment.as_str(), now.0 as i64],
                )
                .map_err(Error::database(ACTION))?;
            Ok(BackupId(transaction.last_insert_rowid() as u64))
        })
    }

    /// Records a backup that is whole, or what was found out about one.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn put_backup(&self, backup: &Backup) -> Result<(), Error> {
        const ACTION: &str = "record a backup";
        let document = serde_json::to_string(backup).map_err(Error::document("backup"))?;
        self.write(ACTION, |transaction| {
            transaction
                .execute(
                    "INSERT INTO backups (id, environment, created, document)
                     VALUES (?1, ?2, ?3, ?4)
                     ON CONFLICT (id) DO UPDATE SET document = excluded.document",
                    params![
                        backup.id.0 as i64,
                        backup.environment.as_str(),
                        backup.created.0 as i64,
                        document
                    ],
                )
                .map_err(Error::database(ACTION))?;
            Ok(())
        })
    }

    /// Forgets a backup. Its number is not given again.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn remove_backup(&self, backup: BackupId) -> Result<(), Error> {
        const ACTION: &str = "forget a backup";
        self.write(ACTION, |transaction| {
            transaction
                .execute(
                    "UPDATE backups SET document = NULL WHERE id = ?1",
                    [backup.0 as i64],
                )
                .map_err(Error::database(ACTION))?;
            Ok(())
        })
    }

    /// A backup by its number.
    ///
    /// # Errors
    /// The record cannot be read.
    pub fn backup(&self, backup: BackupId) -> Result<Option<Backup>, Error> {
        const ACTION: &str = "read a backup's record";
        let document: Option<Option<String>> = self
            .read()
            .query_row(
                "SELECT document FROM backups WHERE id = ?1",
                [backup.0 as i64],
                |row| row.get(0),
            )
            .optional()
            .map_err(Error::database(ACTION))?;
        let document = document.flatten();
        document.map(|document| parse(&document)).transpose()
    }

    /// Whether a backup has this number, or had it.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn has_backup_number(&self, backup: BackupId) -> Result<bool, Error> {
        const ACTION: &str = "look for a backup's number";
        self.read()
            .query_row(
                "SELECT EXISTS (SELECT 1 FROM backups WHERE id = ?1)",
                [backup.0 as i64],
                |row| row.get(0),
            )
            .map_err(Error::database(ACTION))
    }

    /// All backups of an environment, the newest first.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn backups(&self, environment: &EnvironmentName) -> Result<Vec<Backup>, Error> {
        const ACTION: &str = "read the records of backups";
        let connection = self.read();
        let mut statement = connection
            .prepare(
                "SELECT document FROM backups
                 WHERE environment = ?1 AND document IS NOT NULL ORDER BY id DESC",
            )
            .map_err(Error::database(ACTION))?;
        let rows = statement
            .query_map([environment.as_str()], |row| row.get::<_, String>(0))
            .map_err(Error::database(ACTION))?;
        rows.map(|row| parse(&row.map_err(Error::database(ACTION))?))
            .collect()
    }
}

fn parse(document: &str) -> Result<Backup, Error> {
    serde_json::from_str(document).map_err(Error::document("backup"))
}
