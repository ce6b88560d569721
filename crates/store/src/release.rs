//! Releases, and the workloads that they run in an environment.

use rusqlite::{Connection, OptionalExtension, params};
use serde::de::DeserializeOwned;
use shipway_pipeline::digest::Digest;
use shipway_pipeline::id::ReleaseId;
use shipway_pipeline::release::Release;
use shipway_pipeline::workload::Workload;

use crate::error::Error;
use crate::store::Store;

impl Store {
    /// Records a release that was built. The same release again changes nothing, but that it is no
    /// longer pruned: who built it first stays.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn put_release(&self, release: &Release) -> Result<(), Error> {
        let document = serde_json::to_string(release).map_err(Error::document("release"))?;
        self.write("record a release", |transaction| {
            transaction
                .execute(
                    "INSERT INTO releases (id, document, created) VALUES (?1, ?2, ?3)
                     ON CONFLICT (id) DO NOTHING",
                    params![release.id.as_str(), document, release.created.0 as i64],
                )
                .map_err(Error::database("record a release"))?;
            // What was built is there again.
            transaction
                .execute(
                    "DELETE FROM pruned WHERE release = ?1",
                    [release.id.as_str()],
                )
                .map_err(Error::database("record a release"))?;
            Ok(())
        })
    }

    /// A release by its id.
    ///
    /// # Errors
    /// The record cannot be read.
    pub fn release(&self, id: &ReleaseId) -> Result<Option<Release>, Error> {
        read(&self.read(), id)
    }

    /// The newest releases first.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn releases(&self, limit: usize) -> Result<Vec<Release>, Error> {
        let connection = self.read();
        let mut statement = connection
            .prepare(NEWEST)
            .map_err(Error::database("list releases"))?;
        let rows = statement
            .query_map([limit as i64], |row| row.get::<_, String>(0))
            .map_err(Error::database("list releases"))?;
        rows.map(|row| {
            let text = row.map_err(Error::database("list releases"))?;
            serde_json::from_str(&text).map_err(Error::document("release"))
        })
        .collect()
    }

    /// Records what a release runs somewhere; named by its content.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn put_workload(&self, workload: &Workload) -> Result<Digest, Error> {
        let digest = workload.digest();
        let document = serde_json::to_string(workload).map_err(Error::document("workload"))?;
        self.write("record a workload", |transaction| {
            transaction
                .execute(
                    "INSERT INTO workloads (digest, document) VALUES (?1, ?2)
                     ON CONFLICT (digest) DO NOTHING",
                    params![digest.hex(), document],
                )
                .map_err(Error::database("record a workload"))?;
            Ok(())
        })?;
        Ok(digest)
    }

    /// A workload by its digest.
    ///
    /// # Errors
    /// The record cannot be read.
    pub fn workload(&self, digest: &Digest) -> Result<Option<Workload>, Error> {
        let query = "SELECT document FROM workloads WHERE digest = ?1";
        document(&self.read(), "workload", query, digest.hex())
    }
}

/// The statement for a release.
pub(crate) const OF_ONE: &str = "SELECT document FROM releases WHERE id = ?1";

/// The statement for the newest releases.
pub(crate) const NEWEST: &str = "SELECT document FROM releases ORDER BY created DESC, id LIMIT ?1";

pub(crate) fn read(connection: &Connection, id: &ReleaseId) -> Result<Option<Release>, Error> {
    document(connection, "release", OF_ONE, id.as_str())
}

fn document<T: DeserializeOwned>(
    connection: &Connection,
    what: &'static str,
    query: &str,
    key: &str,
) -> Result<Option<T>, Error> {
    const ACTION: &str = "read a record";
    let text: Option<String> = connection
        .prepare_cached(query)
        .map_err(Error::database(ACTION))?
        .query_row([key], |row| row.get(0))
        .optional()
        .map_err(Error::database(ACTION))?;
    text.map(|text| serde_json::from_str(&text).map_err(Error::document(what)))
        .transpose()
}
