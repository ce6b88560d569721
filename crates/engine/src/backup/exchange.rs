//! A backup beside the database, one in the place of the other, and what is kept of it.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use serde::Serialize;
use shipway_durable::temporary_of;
use shipway_pipeline::backup::{self, Backup};
use shipway_pipeline::id::DeploymentId;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::plan::{Incoming, SWAP_BACK, kept_name, new_name};
use shipway_store::sqlite as file;

use super::{BackupError, Source, postgres, room, sqlite};
use crate::database::Database;
use crate::executor::Engine;

/// Requests wait at the proxy meanwhile, which they do for half a minute.
const PATIENCE: Duration = Duration::from_secs(20);

/// Shorter than the step's deadline, so that the server's own reason is what is told.
const PATIENCE_BACK: Duration = SWAP_BACK.saturating_sub(Duration::from_secs(10));

/// A database that stands beside the one that is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Aside {
    /// Its name, or its file's.
    pub name: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// The deployment that put it aside; `None` of one that was restored for nothing.
    pub by: Option<DeploymentId>,
}

impl Engine {
    /// The databases that stand beside an environment's, the newest last.
    ///
    /// # Errors
    /// The database cannot be asked.
    pub async fn databases_aside(
        &self,
        environment: &EnvironmentName,
    ) -> Result<Vec<Aside>, BackupError> {
        let (name, found) = match self.database(environment)? {
            Database::Postgres(server) => {
                let found = postgres::beginning_with(&server, server.name()).await?;
                (server.name().to_owned(), found)
            }
            Database::Sqlite(path) => (file_name(&path), sizes_beside(&path)?),
        };
        let mut all: Vec<Aside> = found
            .into_iter()
            .filter_map(|(found, bytes)| aside(&name, found, bytes))
            .collect();
        all.sort_by_key(|one| one.by);
        Ok(all)
    }

    /// Removes the databases that stand beside an environment's, with all that only they hold.
    ///
    /// # Errors
    /// One cannot be removed.
    pub async fn remove_databases_aside(
        &self,
        environment: &EnvironmentName,
        all: &[Aside],
    ) -> Result<(), BackupError> {
        let database = self.database(environment)?;
        for one in all {
            remove(&database, &one.name).await?;
        }
        Ok(())
    }

    /// Restores a backup beside the database, and compares what it holds with what was saved.
    pub(crate) async fn restore_beside(
        &self,
        environment: &EnvironmentName,
        saved: &Backup,
        deployment: DeploymentId,
    ) -> Result<(), BackupError> {
        let source = Source::open(saved, &self.keyring)?;
        let differences = match (&saved.source, self.database(environment)?) {
            (backup::Source::Postgres(facts), Database::Postgres(server)) => {
                room::check_server(&server, facts).await?;
                let name = new_name(server.name(), deployment);
                postgres::restore_into(&server, &name, saved, facts, source).await?
            }
            (backup::Source::Sqlite { bytes, .. }, Database::Sqlite(path)) => {
                room::check_folder(path.parent().unwrap_or(&path), *bytes)?;
                let name = new_name(&file_name(&path), deployment);
                let found = sqlite::write_to(&path.with_file_name(name), source).await?;
                backup::compare(&saved.contents, &found)
            }
            _ => return Err(BackupError::OtherKind(saved.id)),
        };
        if differences.is_empty() {
            return Ok(());
        }
        Err(BackupError::Differs {
            id: saved.id,
            differences,
        })
    }

    /// Puts what comes in into the place of the database, which is kept aside; or, on the way back,
    /// takes it out again. Nothing may run that uses either.
    pub(crate) async fn exchange_databases(
        &self,
        environment: &EnvironmentName,
        deployment: DeploymentId,
        incoming: Incoming,
        is_back: bool,
    ) -> Result<(), BackupError> {
        let names = |database: &str| {
            let pair = (
                incoming.name(database, deployment),
                kept_name(database, deployment),
            );
            if is_back { (pair.1, pair.0) } else { pair }
        };
        match self.database(environment)? {
            Database::Postgres(server) => {
                let (comes, goes) = names(server.name());
                let patience = if is_back { PATIENCE_BACK } else { PATIENCE };
                Ok(postgres::swap(&server, &comes, &goes, patience).await?)
            }
            Database::Sqlite(path) => {
                let (comes, goes) = names(&file_name(&path));
                exchange_files(&path, &comes, &goes)
            }
        }
    }

    /// Removes what a deployment restored and did not use.
    pub(crate) async fn drop_restored(
        &self,
        environment: &EnvironmentName,
        deployment: DeploymentId,
    ) -> Result<(), BackupError> {
        let database = self.database(environment)?;
        let name = match &database {
            Database::Postgres(server) => new_name(server.name(), deployment),
            Database::Sqlite(path) => new_name(&file_name(path), deployment),
        };
        remove(&database, &name).await
    }
}

/// Gives a file's name to another one, and the file another name: first a second name, so that
/// there is no moment without a file of that name. Done already, nothing is done.
fn exchange_files(path: &Path, comes: &str, goes: &str) -> Result<(), BackupError> {
    let [comes, goes] = [comes, goes].map(|name| path.with_file_name(name));
    let folder = path.parent().unwrap_or(path);
    let sync =
        || shipway_durable::sync_directory(folder).map_err(BackupError::file("sync", folder));
    match (comes.exists(), goes.exists()) {
        (false, true) => return Ok(()),
        (false, false) => {
            let error = io::Error::from(io::ErrorKind::NotFound);
            return Err(BackupError::file("use", &comes)(error));
        }
        (true, has_second_name) => {
            let settled = file::settle(path);
            settled.map_err(|source| BackupError::Sqlite {
                action: "settle",
                path: path.to_owned(),
                source,
            })?;
            if !has_second_name {
                let linked = shipway_durable::hard_link(path, &goes);
                linked.map_err(BackupError::file("name", &goes))?;
            }
            // Before the old one loses its first name, its second one must be on disk.
            sync()?;
            replace(path, &comes).map_err(BackupError::file("replace", path))?;
            sync()?;
            shipway_durable::remove(&comes).map_err(BackupError::file("rename", &comes))?;
        }
    }
    sync()
}

/// Gives a file another name beside its own, which another file may have.
fn replace(path: &Path, by: &Path) -> io::Result<()> {
    let beside = temporary_of(path);
    shipway_durable::remove(&beside)?;
    shipway_durable::hard_link(by, &beside)?;
    shipway_durable::rename(&beside, path)?;
    // Where both are the same file already, the rename does nothing.
    shipway_durable::remove(&beside)
}

async fn remove(database: &Database, name: &str) -> Result<(), BackupError> {
    match database {
        Database::Postgres(server) => Ok(postgres::drop_database(server, name).await?),
        Database::Sqlite(path) => {
            let path = path.with_file_name(name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    Err(BackupError::file("remove", &path)(error))
                }
                _ => Ok(()),
            }
        }
    }
}

/// What stands beside a database by its name; nothing of another database's.
fn aside(database: &str, name: String, bytes: u64) -> Option<Aside> {
    let rest = name.strip_prefix(database)?;
    let by = match rest.strip_prefix("_before_") {
        Some(deployment) => Some(deployment.parse().ok()?),
        None => {
            let restored: Result<DeploymentId, _> = rest.strip_prefix("_new_")?.parse();
            restored.ok().map(|_| None)?
        }
    };
    Some(Aside { name, bytes, by })
}

fn file_name(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().into_owned()
}

/// The files beside a file, and their lengths.
fn sizes_beside(path: &Path) -> Result<Vec<(String, u64)>, BackupError> {
    let folder = path.parent().unwrap_or(path);
    let failed = || BackupError::file("read the directory", folder);
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed())? {
        let entry = entry.map_err(failed())?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let length = entry.metadata().map_or(0, |metadata| metadata.len());
        found.push((name, length));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_the_databases_own_stands_beside_it() {
        let by = |name: &str| aside("shop", name.to_owned(), 1).map(|one| one.by);
        assert_eq!(by("shop_before_d12"), Some(Some(DeploymentId(12))));
        assert_eq!(by("shop_new_d3"), Some(None));
        for other in [
            "shop",
            "shop_before_x",
            "shop2_before_d1",
            "shop_old",
            "shop_new_",
            "other",
        ] {
            assert_eq!(by(other), None, "{other}");
        }
    }

    #[cfg(debug_assertions)]
    #[test]
    fn neither_database_is_lost_with_the_power() {
        use shipway_durable::power;

        let home = tempfile::tempdir().unwrap();
        let disk = home.path().join("disk");
        fs::create_dir(&disk).unwrap();
        make(&disk.join("db.sqlite3"), "old");
        make(&disk.join("new"), "new");
        let recording = power::record(&disk, || {
            let exchanged = exchange_files(&disk.join("db.sqlite3"), "new", "kept");
            exchanged.map_err(io::Error::other)?;
            power::acknowledge(1);
            io::Result::Ok(())
        });
        let looked = recording
            .unwrap()
            .each_loss(&home.path().join("lost"), |loss| {
                let path = loss.directory.join("db.sqlite3");
                let found = word(&path);
                assert!(found == "new" || loss.acknowledged == 0, "{loss:?}");
                if found == "new" {
                    assert_eq!(word(&path.with_file_name("kept")), "old", "{loss:?}");
                }
                // It is gone on with.
                exchange_files(&path, "new", "kept").unwrap();
                assert_eq!(word(&path), "new");
                assert_eq!(word(&path.with_file_name("kept")), "old");
            });
        assert!(looked.unwrap() > 4);
    }

    fn make(path: &Path, word: &str) {
        let connection = rusqlite::Connection::open(path).unwrap();
        let sql = format!("CREATE TABLE t AS SELECT '{word}' AS word");
        connection.execute_batch(&sql).unwrap();
    }

    fn word(path: &Path) -> String {
        let connection = rusqlite::Connection::open(path).unwrap();
        let word = connection.query_row("SELECT word FROM t", [], |row| row.get(0));
        word.unwrap()
    }

    #[test]
    fn files_change_places_once_however_often_it_is_done() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("db.sqlite3");
        make(&path, "old");
        make(&path.with_file_name("new"), "new");
        for _ in 0..2 {
            exchange_files(&path, "new", "kept").unwrap();
            assert_eq!(word(&path), "new");
            assert_eq!(word(&path.with_file_name("kept")), "old");
        }
        // Killed between its two halves on the way back.
        fs::hard_link(&path, path.with_file_name("new")).unwrap();
        for _ in 0..2 {
            exchange_files(&path, "kept", "new").unwrap();
            assert_eq!(word(&path), "old");
            assert_eq!(word(&path.with_file_name("new")), "new");
        }
        assert!(exchange_files(&path, "none", "other").is_err());
    }
}
