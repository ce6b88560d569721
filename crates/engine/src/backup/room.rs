//! Whether there is room, before anything is written.
//!
//! A disk that is full harms nothing: what was written goes again. But it is better known before
//! than after an hour.

use std::path::Path;

use shipway_pipeline::backup::{Postgres, predict};
use shipway_pipeline::name::EnvironmentName;

use super::BackupError;
use crate::database::{Database, Server, free_bytes};
use crate::executor::Engine;

const DATABASE_SIZE: &str = "SELECT pg_database_size(current_database())";

impl Engine {
    /// Refuses a backup for which there is no room, as far as that can be foretold.
    pub(super) async fn check_room_for_backup(
        &self,
        environment: &EnvironmentName,
        database: &Database,
        directory: &Path,
    ) -> Result<(), BackupError> {
        let needed = match database {
            Database::Postgres(server) => {
                let known = self.store.backups(environment)?;
                let Some(next) = predict(&known) else {
                    return Ok(());
                };
                // A database that was emptied since needs no more than it has.
                next.bytes.min(size(server).await?)
            }
            // It is copied, and the copy is encrypted or kept.
            Database::Sqlite(path) => 2 * path.metadata().map_or(0, |metadata| metadata.len()),
        };
        let free = free_bytes(directory).map_err(BackupError::file("look at", directory))?;
        check("the backup", &directory.display().to_string(), needed, free)
    }
}

/// Refuses to restore what the server has no room for, as far as that is known.
pub(super) async fn check_server(server: &Server, saved: &Postgres) -> Result<(), BackupError> {
    let Some(free) = server.free_space().await else {
        return Ok(());
    };
    let place = "the database's server";
    check("the restored database", place, saved.bytes, free)
}

/// Refuses to restore a file that its folder has no room for.
pub(super) fn check_folder(folder: &Path, bytes: u64) -> Result<(), BackupError> {
    let free = free_bytes(folder).map_err(BackupError::file("look at", folder))?;
    let place = folder.display().to_string();
    check("the restored database", &place, bytes, free)
}

/// Refuses to bring a copy of a backup here where there is no room for it.
pub(super) fn check_copy(directory: &Path, bytes: u64) -> Result<(), BackupError> {
    let free = free_bytes(directory).map_err(BackupError::file("look at", directory))?;
    let place = directory.display().to_string();
    check("the copy of the backup", &place, bytes, free)
}

async fn size(server: &Server) -> Result<u64, BackupError> {
    let rows = server.query(DATABASE_SIZE).await?;
    let size = rows.first().and_then(|row| row.first()?.parse().ok());
    // Of an unknown size nothing is taken off.
    Ok(size.unwrap_or(u64::MAX))
}

fn check(what: &'static str, place: &str, needed: u64, free: u64) -> Result<(), BackupError> {
    if needed <= free {
        return Ok(());
    }
    Err(BackupError::NoRoom {
        what,
        place: place.to_owned(),
        needed,
        free,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_room_is_told_with_numbers() {
        assert!(check("it", "here", 5, 5).is_ok());
        let refused = check("the backup", "/backups", 2_500_000_000, 1_200_000).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "the backup needs about 2501 MB, and 1 MB are free on `/backups`"
        );
        assert!(refused.is_full());
    }
}
