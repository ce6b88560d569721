//! What a database says of its migrations.

use std::collections::BTreeSet;
use std::time::Duration;

use shipway_migrations::Key;
use shipway_pipeline::migration::Leaves;

use crate::database::{DatabaseError, Row, Server};

/// A server that does not answer by then is taken for one that cannot be asked.
const PATIENCE: Duration = Duration::from_secs(15);

/// What a database says of its migrations.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Applied {
    /// The migrations, in the order in which they were applied.
    pub keys: Vec<Key>,
    /// The server's major version.
    pub version: u32,
}

/// An index that PostgreSQL began to build and did not finish.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct InvalidIndex {
    /// Its name.
    pub name: String,
    /// The table's name.
    pub table: String,
}

/// Asks a database which migrations Django has recorded in it; none where it has no such record.
pub(crate) async fn read(server: &Server) -> Result<Applied, DatabaseError> {
    in_time(async {
        let mut session = server.session().await?;
        let about =
            "SELECT current_setting('server_version_num'), to_regclass('django_migrations')";
        let rows = session.query(about).await?;
        let value = |column: usize| rows.first().and_then(|row| row.get(column));
        let version = value(0).and_then(|number| number.parse::<u32>().ok());
        let has_record = value(1).is_some_and(|name| !name.is_empty());
        let keys = if has_record {
            let all = "SELECT app, name FROM django_migrations ORDER BY id";
            session.query(all).await?
        } else {
            Vec::new()
        };
        session.end().await?;
        Ok(Applied {
            keys: keys.into_iter().filter_map(key).collect(),
            version: version.unwrap_or_default() / 10_000,
        })
    })
    .await
}

/// The indexes that are there and not used, because their making failed.
pub(crate) async fn invalid_indexes(
    server: &Server,
) -> Result<BTreeSet<InvalidIndex>, DatabaseError> {
    let invalid = "SELECT i.relname, t.relname FROM pg_index x \
                   JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid \
                   WHERE NOT x.indisvalid AND x.indexrelid NOT IN \
                   (SELECT index_relid FROM pg_stat_progress_create_index)";
    let rows = in_time(server.query(invalid)).await?;
    let indexes = rows.into_iter().filter_map(|row| {
        let [name, table] = <[String; 2]>::try_from(row).ok()?;
        Some(InvalidIndex { name, table })
    });
    Ok(indexes.collect())
}

fn key(row: Row) -> Option<Key> {
    let [app, name] = <[String; 2]>::try_from(row).ok()?;
    Some(Key { app, name })
}

async fn in_time<T>(
    work: impl Future<Output = Result<T, DatabaseError>>,
) -> Result<T, DatabaseError> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(done) => done,
        Err(_) => Err(DatabaseError::Failed {
            program: "psql".to_owned(),
            reason: format!("no answer within {} s", PATIENCE.as_secs()),
        }),
    }
}

// === impl Applied ===

impl Applied {
    /// The migrations without their order.
    #[must_use]
    pub fn set(&self) -> BTreeSet<Key> {
        self.keys.iter().cloned().collect()
    }

    /// The migration of each app that was applied last.
    #[must_use]
    pub fn leaves(&self) -> Leaves {
        let keys = self.keys.iter();
        keys.map(|key| (key.app.clone(), key.name.clone()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_leaf_of_an_app_is_what_came_last() {
        let key = |app: &str, name: &str| Key {
            app: app.to_owned(),
            name: name.to_owned(),
        };
        let applied = Applied {
            keys: vec![
                key("shop", "0001"),
                key("auth", "0001"),
                key("shop", "0002"),
            ],
            version: 15,
        };
        let leaves = applied.leaves();
        assert_eq!(leaves["shop"], "0002");
        assert_eq!(leaves["auth"], "0001");
    }
}
