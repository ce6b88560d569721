//! A backup as a database again: a new one, beside those that are there.

use shipway_pipeline::backup::{Backup, Difference, Postgres, compare};

use super::super::{BackupError, Source};
use super::dump::begin;
use super::facts::{contents, drop_statement};
use super::program::feed;
use crate::database::{DatabaseError, Server};

/// Restores a backup into a database of its own, which is made anew, and compares what it holds
/// with what was saved.
///
/// A crash leaves a part of that database; the next call begins with removing it.
pub(in super::super) async fn restore_into(
    server: &Server,
    name: &str,
    backup: &Backup,
    postgres: &Postgres,
    source: Source,
) -> Result<Vec<Difference>, BackupError> {
    let maintenance = server.maintenance();
    maintenance.query(&drop_statement(name)).await?;
    maintenance.query(&postgres.create(name)).await?;
    let restored = server.named(name);
    let arguments = [
        "--exit-on-error".to_owned(),
        "--single-transaction".to_owned(),
        "--no-password".to_owned(),
        format!("--dbname={name}"),
    ];
    feed(&restored, "pg_restore", &arguments, source).await?;
    for statement in postgres.apply(name) {
        maintenance.query(&statement).await?;
    }
    // Without it the first requests are planned by nothing.
    restored.query("ANALYZE").await?;
    let mut session = begin(&restored).await?;
    let found = contents(&mut session).await?;
    session.end().await?;
    Ok(compare(&backup.contents, &found))
}

/// Removes a database, with whoever is connected to it. None of that name is no error.
pub(in super::super) async fn drop_database(
    server: &Server,
    name: &str,
) -> Result<(), DatabaseError> {
    server.maintenance().query(&drop_statement(name)).await?;
    Ok(())
}
