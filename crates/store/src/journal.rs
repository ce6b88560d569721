//! Journals: what deployments were about to do, and what came of it.

use rusqlite::{Transaction, params};
use shipway_pipeline::id::{DeploymentId, Epoch};
use shipway_pipeline::journal::{Entry, Record};
use shipway_pipeline::time::Timestamp;

use crate::error::Error;
use crate::store::Store;

impl Store {
    /// A deployment's journal from the beginning.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn journal(&self, id: DeploymentId) -> Result<Vec<Record>, Error> {
        const ACTION: &str = "read a journal";
        let connection = self.read();
        let mut statement = connection
            .prepare(
                "SELECT sequence, at, epoch, entry FROM journal
                 WHERE deployment = ?1 ORDER BY sequence",
            )
            .map_err(Error::database(ACTION))?;
        let rows = statement
            .query_map([id.0 as i64], |row| {
                Ok((
                    row.get::<_, i64>(0)?,
                    row.get::<_, i64>(1)?,
                    row.get::<_, i64>(2)?,
                    row.get::<_, String>(3)?,
                ))
            })
            .map_err(Error::database(ACTION))?;
        rows.map(|row| {
            let (sequence, at, epoch, entry) = row.map_err(Error::database(ACTION))?;
            Ok(Record {
                sequence: sequence as u64,
                at: Timestamp(at as u64),
                epoch: Epoch(epoch as u64),
                entry: serde_json::from_str(&entry).map_err(Error::document("journal entry"))?,
            })
        })
        .collect()
    }
}

/// Adds an entry within a transaction that also writes what follows from it.
pub(crate) fn append(
    transaction: &Transaction<'_>,
    id: DeploymentId,
    epoch: Epoch,
    now: Timestamp,
    entry: &Entry,
) -> Result<Record, Error> {
    let document = serde_json::to_string(entry).map_err(Error::document("journal entry"))?;
    let sequence: i64 = transaction
        .query_row(
            "INSERT INTO journal (deployment, sequence, at, epoch, entry)
             VALUES (?1, (SELECT coalesce(max(sequence), 0) + 1 FROM journal WHERE deployment = ?1),
                     ?2, ?3, ?4)
             RETURNING sequence",
            params![id.0 as i64, now.0 as i64, epoch.0 as i64, document],
            |row| row.get(0),
        )
        .map_err(Error::database("write the journal"))?;
    Ok(Record {
        sequence: sequence as u64,
        at: now,
        epoch,
        entry: entry.clone(),
    })
}
