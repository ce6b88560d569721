//! The secrets of environments: each value encrypted, under a version of its own.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, Row, params};
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::secret::{SecretName, Version};
use shipway_pipeline::time::Timestamp;

use crate::error::Error;
use crate::store::Store;

/// A value to be kept.
#[derive(Debug, Clone)]
pub struct NewSecret<'a> {
    /// Where it belongs.
    pub environment: &'a EnvironmentName,
    /// Which secret.
    pub name: &'a SecretName,
    /// The value, encrypted.
    pub ciphertext: &'a [u8],
    /// For whom.
    pub recipient: &'a str,
    /// By whom.
    pub created_by: &'a str,
}

/// What is known of a value, apart from itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretRecord {
    /// Which secret.
    pub name: SecretName,
    /// Which of its values.
    pub version: Version,
    /// When it was set.
    pub created: Timestamp,
    /// By whom.
    pub created_by: String,
}

impl Store {
    /// Keeps a value as the newest version of a secret. Older ones stay.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn put_secret(&self, new: &NewSecret<'_>, now: Timestamp) -> Result<Version, Error> {
        const ACTION: &str = "keep a secret";
        let key = params![new.environment.as_str(), new.name.as_str()];
        self.write(ACTION, |transaction| {
            let newest: u32 = transaction
                .query_row(
                    "SELECT coalesce(max(version), 0) FROM secrets WHERE environment = ?1 AND name = ?2",
                    key,
                    |row| row.get(0),
                )
                .map_err(Error::database(ACTION))?;
            let version = Version(newest + 1);
            transaction
                .execute(
                    "INSERT INTO secrets
                        (environment, name, version, ciphertext, recipient, created, created_by)
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                    params![
                        new.environment.as_str(),
                        new.name.as_str(),
                        version.0,
                        new.ciphertext,
                        new.recipient,
                        now.0 as i64,
                        new.created_by,
                    ],
                )
                .map_err(Error::database(ACTION))?;
            Ok(version)
        })
    }

    /// The values that an environment has, apart from themselves; by name, the newest first.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn secrets(&self, environment: &EnvironmentName) -> Result<Vec<SecretRecord>, Error> {
        const ACTION: &str = "list secrets";
        let connection = self.read();
        let mut statement = connection
            .prepare(
                "SELECT name, version, created, created_by FROM secrets
                 WHERE environment = ?1 AND ciphertext IS NOT NULL
                 ORDER BY name, version DESC",
            )
            .map_err(Error::database(ACTION))?;
        let rows = statement
            .query_map([environment.as_str()], columns)
            .map_err(Error::database(ACTION))?;
        let mut found = Vec::new();
        for row in rows {
            let (name, version, created, created_by) = row.map_err(Error::database(ACTION))?;
            // What this program did not write is none of its secrets.
            if let Ok(name) = name.parse() {
                found.push(SecretRecord {
                    name,
                    version: Version(version),
                    created: Timestamp(created as u64),
                    created_by,
                });
            }
        }
        Ok(found)
    }

    /// The newest version of each secret, by environment.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn newest_secrets(&self) -> Result<BTreeMap<String, BTreeMap<SecretName, Version>>, Error> {
        const ACTION: &str = "list secrets";
        let connection = self.read();
        let mut statement = connection
            .prepare(
                "SELECT environment, name, max(version) FROM secrets
                 WHERE ciphertext IS NOT NULL GROUP BY environment, name",
            )
            .map_err(Error::database(ACTION))?;
        let rows = statement
            .query_map([], |row| {
                Ok((
                    row.get::<_, String>(0)?,
                    row.get::<_, String>(1)?,
                    row.get(2)?,
                ))
            })
            .map_err(Error::database(ACTION))?;
        let mut newest: BTreeMap<String, BTreeMap<SecretName, Version>> = BTreeMap::new();
        for row in rows {
            let (environment, name, version) = row.map_err(Error::database(ACTION))?;
            if let Ok(name) = name.parse() {
                newest
                    .entry(environment)
                    .or_default()
                    .insert(name, Version(version));
            }
        }
        Ok(newest)
    }

    /// A value, encrypted; nothing where there is none or it was removed.
    ///
    /// # Errors
    /// The record cannot be read.
    pub fn secret(
        &self,
        environment: &EnvironmentName,
        name: &SecretName,
        version: Version,
    ) -> Result<Option<Vec<u8>>, Error> {
        let found = self.read().query_row(
            "SELECT ciphertext FROM secrets WHERE environment = ?1 AND name = ?2 AND version = ?3",
            params![environment.as_str(), name.as_str(), version.0],
            |row| row.get(0),
        );
        let found: Option<Option<Vec<u8>>> =
            found.optional().map_err(Error::database("read a secret"))?;
        Ok(found.flatten())
    }

    /// For whom the newest value of any environment was encrypted; nothing where there is none.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn secrets_recipient(&self) -> Result<Option<String>, Error> {
        let found = self.read().query_row(
            "SELECT recipient FROM secrets WHERE ciphertext IS NOT NULL
             ORDER BY created DESC, version DESC LIMIT 1",
            [],
            |row| row.get(0),
        );
        found.optional().map_err(Error::database("read a secret"))
    }

    /// Removes all values of a secret and returns how many there were. Their numbers are never
    /// given again, so that nothing which names one can get another value.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn remove_secret(
        &self,
        environment: &EnvironmentName,
        name: &SecretName,
    ) -> Result<usize, Error> {
        const ACTION: &str = "remove a secret";
        self.write(ACTION, |transaction| {
            transaction
                .execute(
                    "UPDATE secrets SET ciphertext = NULL
                     WHERE environment = ?1 AND name = ?2 AND ciphertext IS NOT NULL",
                    params![environment.as_str(), name.as_str()],
                )
                .map_err(Error::database(ACTION))
        })
    }
}

type Columns = (String, u32, i64, String);

fn columns(row: &Row<'_>) -> rusqlite::Result<Columns> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
}
