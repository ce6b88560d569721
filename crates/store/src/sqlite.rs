//! SQLite files of applications: copied while they are in use, checked, counted.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};
use shipway_pipeline::backup::{Contents, Sequence, identifier};

/// Applications hold the file for as long as a transaction takes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// Between two attempts to read a file that somebody is writing to.
const PAUSE: Duration = Duration::from_millis(20);

/// Why a file could not be used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// SQLite refuses.
    #[error(transparent)]
    Sqlite(#[from] rusqlite::Error),
    /// Something is wrong inside.
    #[error("it is damaged: {0}")]
    Damaged(String),
    /// Somebody wrote to it all the time.
    #[error("it was locked for {BUSY_TIMEOUT:?}")]
    Locked,
}

/// The version of SQLite that does all this.
#[must_use]
pub fn version() -> String {
    rusqlite::version().to_owned()
}

/// Copies a database as it is at one moment, whoever reads and writes it meanwhile.
///
/// # Errors
/// There is none, or it cannot be read or the copy not be written.
pub fn copy(from: &Path, to: &Path) -> Result<(), Error> {
    let source = open(from)?;
    let mut target = Connection::open(to)?;
    let backup = Backup::new(&source, &mut target)?;
    let attempts = BUSY_TIMEOUT.as_millis() / PAUSE.as_millis();
    for _ in 0..attempts {
        // All pages in one step, which is one read transaction: in parts, the copy would begin
        // anew with each write of somebody else.
        match backup.step(-1)? {
            StepResult::Done => return Ok(()),
            _ => std::thread::sleep(PAUSE),
        }
    }
    Err(Error::Locked)
}

/// Writes what stands in the log into the file itself, so that the file alone is the database.
/// Nobody may have it open.
///
/// # Errors
/// Somebody has it open, or it cannot be written.
pub fn settle(path: &Path) -> Result<(), Error> {
    let connection = open(path)?;
    let busy: i64 =
        connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy == 0 {
        Ok(())
    } else {
        Err(Error::Locked)
    }
}

/// Reads all of a database and says what it holds.
///
/// # Errors
/// It is none, or damaged.
pub fn contents(path: &Path) -> Result<Contents, Error> {
    let connection = open(path)?;
    let verdict: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0))?;
    if verdict != "ok" {
        return Err(Error::Damaged(verdict));
    }
    let names = strings(
        &connection,
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
    )?;
    let mut tables = BTreeMap::new();
    for (name, _) in names {
        let sql = format!("SELECT count(*) FROM {}", identifier(&name));
        let count: i64 = connection.query_row(&sql, [], |row| row.get(0))?;
        tables.insert(name, count as u64);
    }
    let mut sequences = BTreeMap::new();
    if has_table(&connection, "sqlite_sequence")? {
        for (name, at) in strings(&connection, "SELECT name, seq FROM sqlite_sequence")? {
            let at = at.parse().unwrap_or_default();
            let (before, after) = (at, at);
            sequences.insert(name, Sequence { before, after });
        }
    }
    let mut migrations = BTreeMap::new();
    if tables.contains_key("django_migrations") {
        let sql = "SELECT app, name FROM django_migrations ORDER BY id";
        // Of each application the last one stays.
        migrations.extend(strings(&connection, sql)?);
    }
    Ok(Contents {
        tables,
        sequences,
        migrations,
    })
}

/// Never makes a file that is not there.
fn open(path: &Path) -> Result<Connection, Error> {
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    connection.busy_timeout(BUSY_TIMEOUT)?;
    Ok(connection)
}

fn has_table(connection: &Connection, name: &str) -> Result<bool, Error> {
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name = ?1";
    let count: i64 = connection.query_row(sql, [name], |row| row.get(0))?;
    Ok(count > 0)
}

/// The first two columns of an answer as texts.
fn strings(connection: &Connection, sql: &str) -> Result<Vec<(String, String)>, Error> {
    let mut statement = connection.prepare(sql)?;
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        let text = |index| -> rusqlite::Result<String> {
            let value: rusqlite::types::Value = row.get(index)?;
            Ok(match value {
                rusqlite::types::Value::Integer(number) => number.to_string(),
                rusqlite::types::Value::Text(text) => text,
                _ => String::new(),
            })
        };
        let second = if columns > 1 { text(1)? } else { String::new() };
        Ok((text(0)?, second))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_is_of_one_moment_while_somebody_writes() {
        let home = tempfile::tempdir().unwrap();
        let [from, to] = ["app.sqlite", "copy.sqlite"].map(|name| home.path().join(name));
        let writer = Connection::open(&from).unwrap();
        writer
            .execute_batch(
                "PRAGMA journal_mode = WAL;
                 CREATE TABLE a (id INTEGER PRIMARY KEY AUTOINCREMENT);
                 CREATE TABLE b (id INTEGER PRIMARY KEY);
                 CREATE TABLE django_migrations (id INTEGER PRIMARY KEY, app TEXT, name TEXT);
                 INSERT INTO django_migrations (app, name) VALUES ('shop', '0001'), ('shop', '0002')",
            )
            .unwrap();
        let is_over = std::sync::atomic::AtomicBool::new(false);
        let is_over = &is_over;
        std::thread::scope(|scope| {
            scope.spawn(move || {
                while !is_over.load(std::sync::atomic::Ordering::Relaxed) {
                    let both =
                        "BEGIN; INSERT INTO a DEFAULT VALUES; INSERT INTO b DEFAULT VALUES; COMMIT";
                    writer.execute_batch(both).unwrap();
                }
            });
            for _ in 0..20 {
                let _ = std::fs::remove_file(&to);
                copy(&from, &to).unwrap();
                let found = contents(&to).unwrap();
                assert_eq!(found.tables["a"], found.tables["b"]);
                assert_eq!(found.migrations["shop"], "0002");
            }
            is_over.store(true, std::sync::atomic::Ordering::Relaxed);
        });
    }

    #[test]
    fn what_is_no_database_is_told_and_not_made() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("none.sqlite");
        assert!(copy(&path, &home.path().join("copy")).is_err());
        assert!(!path.exists());
        std::fs::write(
            &path,
            b"no database at all, and long enough to be one".repeat(40),
        )
        .unwrap();
        assert!(contents(&path).is_err());
    }
}
