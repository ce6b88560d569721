//! What is worth telling, recorded in the transaction that makes it so.

use rusqlite::{OptionalExtension as _, Row, Transaction, params};
use shipway_pipeline::name::ChannelName;
use shipway_pipeline::notify::{Fact, Notice};
use shipway_pipeline::time::Timestamp;

use crate::error::Error;
use crate::message;
use crate::store::Store;

/// A fact as it is recorded.
#[derive(Debug, Clone, PartialEq)]
pub struct FactRecord {
    /// Its number.
    pub id: u64,
    /// When it was one.
    pub at: Timestamp,
    /// What it says.
    pub fact: Fact,
}

/// As many facts are remembered by their marks, and as many messages: those of months.
const REMEMBERED: i64 = 20_000;

impl Store {
    /// Records something that nothing else is recorded of. What has the same mark is told once.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn tell(&self, fact: &Fact, now: Timestamp) -> Result<(), Error> {
        self.write("record what is to be told", |transaction| {
            record(transaction, fact, now)
        })
    }

    /// The facts that nobody has addressed to channels yet, the oldest first.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn unaddressed_facts(&self, limit: usize) -> Result<Vec<FactRecord>, Error> {
        const ACTION: &str = "read what is to be told";
        let connection = self.read();
        let mut statement = connection
            .prepare_cached(
                "SELECT id, at, document FROM facts
                 WHERE addressed IS NULL ORDER BY id LIMIT ?1",
            )
            .map_err(Error::database(ACTION))?;
        let rows = statement
            .query_map([limit as i64], columns)
            .map_err(Error::database(ACTION))?;
        rows.map(|row| {
            let (id, at, document) = row.map_err(Error::database(ACTION))?;
            Ok(FactRecord {
                id: id as u64,
                at: Timestamp(at as u64),
                fact: serde_json::from_str(&document).map_err(Error::document("fact"))?,
            })
        })
        .collect()
    }

    /// Makes the messages of a fact, one for each channel; none where it was addressed already.
    ///
    /// # Errors
    /// The records cannot be written.
    pub fn address_fact(
        &self,
        fact: &FactRecord,
        channels: &[&ChannelName],
        notice: Option<&Notice>,
        now: Timestamp,
    ) -> Result<(), Error> {
        const ACTION: &str = "address what is to be told";
        self.write(ACTION, |transaction| {
            let is_ours = transaction
                .execute(
                    "UPDATE facts SET addressed = ?2 WHERE id = ?1 AND addressed IS NULL",
                    params![fact.id as i64, now.0 as i64],
                )
                .map_err(Error::database(ACTION))?;
            if is_ours == 0 {
                return Ok(());
            }
            for channel in channels {
                if let Some(notice) = notice {
                    message::create(transaction, (&fact.fact.mark, channel), notice, now)?;
                }
            }
            forget(transaction)
        })
    }
}

/// Records a fact within a transaction that also writes what it tells of.
pub(crate) fn record(
    transaction: &Transaction<'_>,
    fact: &Fact,
    now: Timestamp,
) -> Result<(), Error> {
    let document = serde_json::to_string(fact).map_err(Error::document("fact"))?;
    transaction
        .execute(
            "INSERT OR IGNORE INTO facts (mark, at, document) VALUES (?1, ?2, ?3)",
            params![fact.mark, now.0 as i64, document],
        )
        .map_err(Error::database("record what is to be told"))?;
    Ok(())
}

/// Whether something waits to be addressed.
pub(crate) fn is_waiting(connection: &rusqlite::Connection) -> Result<bool, Error> {
    let found: Option<i64> = connection
        .query_row(
            "SELECT id FROM facts WHERE addressed IS NULL LIMIT 1",
            [],
            |row| row.get(0),
        )
        .optional()
        .map_err(Error::database("read what is to be told"))?;
    Ok(found.is_some())
}

/// Takes the oldest away; what still waits is never among them.
fn forget(transaction: &Transaction<'_>) -> Result<(), Error> {
    for sql in [
        "DELETE FROM facts WHERE id <= (SELECT max(id) FROM facts) - ?1 AND addressed IS NOT NULL",
        "DELETE FROM messages WHERE id <= (SELECT max(id) FROM messages) - ?1 AND due IS NULL",
    ] {
        transaction
            .execute(sql, [REMEMBERED])
            .map_err(Error::database("forget what was told"))?;
    }
    Ok(())
}

fn columns(row: &Row<'_>) -> rusqlite::Result<(i64, i64, String)> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}
