//! Releases whose artifacts were removed.

use std::collections::BTreeMap;

use rusqlite::params;
use serde::Serialize;
use shipway_pipeline::id::ReleaseId;
use shipway_pipeline::time::Timestamp;

use crate::error::Error;
use crate::store::Store;

/// When a release's artifacts were removed, and by whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pruned {
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: String,
}

impl Store {
    /// Records that a release's artifacts are being removed. It is said before the first of them
    /// goes: a removal that was interrupted leaves nothing that is taken for whole.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn put_pruned(&self, release: &ReleaseId, pruned: &Pruned) -> Result<(), Error> {
        const ACTION: &str = "record that a release was pruned";
        self.write(ACTION, |transaction| {
            transaction
                .execute(
                    "INSERT INTO pruned (release, at, by) VALUES (?1, ?2, ?3)
                     ON CONFLICT (release) DO NOTHING",
                    params![release.as_str(), pruned.at.0 as i64, pruned.by],
                )
                .map_err(Error::database(ACTION))?;
            Ok(())
        })
    }

    /// The releases whose artifacts were removed and not built again.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn pruned(&self) -> Result<BTreeMap<ReleaseId, Pruned>, Error> {
        const ACTION: &str = "read what was pruned";
        let connection = self.read();
        let mut statement = connection
            .prepare("SELECT release, at, by FROM pruned")
            .map_err(Error::database(ACTION))?;
        let rows = statement
            .query_map([], |row| {
                let pruned = Pruned {
                    at: Timestamp(row.get::<_, i64>(1)? as u64),
                    by: row.get(2)?,
                };
                Ok((row.get::<_, String>(0)?, pruned))
            })
            .map_err(Error::database(ACTION))?;
        let mut all = BTreeMap::new();
        for row in rows {
            let (release, pruned) = row.map_err(Error::database(ACTION))?;
            // An id was valid when it was written.
            if let Ok(release) = release.parse() {
                all.insert(release, pruned);
            }
        }
        Ok(all)
    }
}
