//! What is live where.

use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};
use serde::{Deserialize, Serialize};
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::plan::Occupant;
use shipway_pipeline::time::Timestamp;

use crate::error::Error;
use crate::lease::Lease;
use crate::store::Store;

/// What is live in an environment.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Environment {
    /// What has the traffic.
    pub live: Option<Occupant>,
    /// Since when.
    pub live_since: Option<Timestamp>,
    /// The last release that finished its bake.
    pub stable: Option<Occupant>,
    /// Set when a rollback failed: nothing is deployed until somebody has looked.
    pub frozen: Option<Frozen>,
}

/// Why an environment is frozen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Frozen {
    /// Since when.
    pub since: Timestamp,
    /// Why.
    pub reason: String,
}

impl Store {
    /// What is live in an environment; nothing where nobody deployed yet.
    ///
    /// # Errors
    /// The record cannot be read.
    pub fn environment(&self, name: &EnvironmentName) -> Result<Environment, Error> {
        read(&self.read(), name)
    }

    /// The environments that anything was ever live in.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn environments(&self) -> Result<Vec<EnvironmentName>, Error> {
        const ACTION: &str = "list environments";
        let connection = self.read();
        let mut statement = connection
            .prepare("SELECT name FROM environments ORDER BY name")
            .map_err(Error::database(ACTION))?;
        let names = statement
            .query_map([], |row| row.get::<_, String>(0))
            .map_err(Error::database(ACTION))?;
        let mut all = Vec::new();
        for name in names {
            // A name was valid when it was written.
            all.extend(name.map_err(Error::database(ACTION))?.parse());
        }
        Ok(all)
    }

    /// Takes the freeze off an environment.
    ///
    /// # Errors
    /// The lease is deposed or the record cannot be written.
    pub fn thaw(&self, lease: &Lease) -> Result<(), Error> {
        self.write("thaw an environment", |transaction| {
            lease.check(transaction)?;
            set(transaction, lease.environment(), "frozen", None)
        })
    }
}

/// The statement for what is live in an environment.
pub(crate) const OF_ONE: &str =
    "SELECT live, live_since, stable, frozen FROM environments WHERE name = ?1";

pub(crate) fn read(connection: &Connection, name: &EnvironmentName) -> Result<Environment, Error> {
    const ACTION: &str = "read an environment";
    let row = connection
        .prepare_cached(OF_ONE)
        .map_err(Error::database(ACTION))?
        .query_row([name.as_str()], Columns::read)
        .optional()
        .map_err(Error::database(ACTION))?;
    row.map_or_else(|| Ok(Environment::default()), Columns::parse)
}

/// The row as it is stored.
struct Columns {
    live: Option<String>,
    live_since: Option<i64>,
    stable: Option<String>,
    frozen: Option<String>,
}

impl Columns {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            live: row.get(0)?,
            live_since: row.get(1)?,
            stable: row.get(2)?,
            frozen: row.get(3)?,
        })
    }

    fn parse(self) -> Result<Environment, Error> {
        fn document<T: serde::de::DeserializeOwned>(
            text: Option<String>,
        ) -> Result<Option<T>, Error> {
            text.map(|text| serde_json::from_str(&text).map_err(Error::document("environment")))
                .transpose()
        }
        Ok(Environment {
            live: document(self.live)?,
            live_since: self.live_since.map(|millis| Timestamp(millis as u64)),
            stable: document(self.stable)?,
            frozen: document(self.frozen)?,
        })
    }
}

pub(crate) fn set_live(
    transaction: &Transaction<'_>,
    name: &EnvironmentName,
    live: Option<&Occupant>,
    now: Timestamp,
) -> Result<(), Error> {
    let document = json(live)?;
    // The time stays when a repeated step says again what is so already.
    transaction
        .execute(
            "INSERT INTO environments (name, live, live_since) VALUES (?1, ?2, ?3)
             ON CONFLICT (name) DO UPDATE SET
                live_since = CASE WHEN live IS ?2 THEN live_since ELSE ?3 END,
                live = ?2",
            params![name.as_str(), document, now.0 as i64],
        )
        .map_err(Error::database("record what is live"))?;
    Ok(())
}

pub(crate) fn set_stable(
    transaction: &Transaction<'_>,
    name: &EnvironmentName,
    stable: &Occupant,
) -> Result<(), Error> {
    set(transaction, name, "stable", json(Some(stable))?)
}

pub(crate) fn freeze(
    transaction: &Transaction<'_>,
    name: &EnvironmentName,
    frozen: &Frozen,
) -> Result<(), Error> {
    set(transaction, name, "frozen", json(Some(frozen))?)
}

fn set(
    transaction: &Transaction<'_>,
    name: &EnvironmentName,
    column: &'static str,
    value: Option<String>,
) -> Result<(), Error> {
    transaction
        .execute(
            &format!(
                "INSERT INTO environments (name, {column}) VALUES (?1, ?2)
                 ON CONFLICT (name) DO UPDATE SET {column} = ?2"
            ),
            params![name.as_str(), value],
        )
        .map_err(Error::database("record an environment"))?;
    Ok(())
}

fn json<T: Serialize>(value: Option<&T>) -> Result<Option<String>, Error> {
    value
        .map(|value| serde_json::to_string(value).map_err(Error::document("environment")))
        .transpose()
}
