//! Whether a backup is good: as deep as one asks.

use shipway_pipeline::backup::{self, Backup};
use shipway_pipeline::name::EnvironmentName;

use super::folder::Folder;
use super::source::check_files;
use super::{BackupError, Source, postgres, room, sqlite};
use crate::clock::now;
use crate::database::Database;
use crate::executor::Engine;

/// How deep a backup is looked into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Its files are as they were written, and can be read to their end.
    Read,
    /// It is restored into a scratch database, and that is compared with what was saved.
    Restore,
}

impl Engine {
    /// Verifies a backup, and records that it is good.
    ///
    /// A crash leaves a scratch database, which the next such call removes.
    ///
    /// # Errors
    /// It is not good, or nobody can tell.
    pub async fn verify_backup(
        &self,
        environment: &EnvironmentName,
        backup: &Backup,
        depth: Depth,
    ) -> Result<Backup, BackupError> {
        self.check_backup(environment, backup).await?;
        let verified = now();
        let mut proven = None;
        if depth == Depth::Restore {
            self.prove(environment, backup).await?;
            proven = Some(now());
        }
        let folder = Folder::take(std::path::Path::new(&backup.directory)).await?;
        // It may have been copied or removed meanwhile.
        let mut good = self.backup(environment, backup.id)?;
        good.verified = Some(verified);
        good.proven = proven.or(good.proven);
        self.store.put_backup(&good)?;
        folder.describe(&good)?;
        Ok(good)
    }

    /// Reads a backup to its end.
    pub(crate) async fn check_backup(
        &self,
        environment: &EnvironmentName,
        backup: &Backup,
    ) -> Result<(), BackupError> {
        self.bring_here(environment, backup).await?;
        let checked = backup.clone();
        let checked = tokio::task::spawn_blocking(move || check_files(&checked)).await;
        checked.unwrap_or_else(|error| {
            Err(BackupError::Damaged {
                id: backup.id,
                reason: error.to_string(),
            })
        })?;
        let source = Source::open(backup, &self.keyring)?;
        match (&backup.source, self.database(environment)?) {
            (backup::Source::Postgres(_), Database::Postgres(server)) => {
                postgres::check(&server, source).await
            }
            // What is wrong with its content is told by reading it as what it is.
            (backup::Source::Sqlite { .. }, Database::Sqlite(_)) => {
                sqlite::compare_with(backup, source).await.map(drop)
            }
            _ => Err(BackupError::OtherKind(backup.id)),
        }
    }

    /// Restores a backup into a database that nobody uses, compares, and removes it.
    async fn prove(
        &self,
        environment: &EnvironmentName,
        backup: &Backup,
    ) -> Result<(), BackupError> {
        let source = Source::open(backup, &self.keyring)?;
        let differences = match (&backup.source, self.database(environment)?) {
            (backup::Source::Postgres(saved), Database::Postgres(server)) => {
                room::check_server(&server, saved).await?;
                let scratch = format!("shipway_verify_{}", backup.id);
                let restored =
                    postgres::restore_into(&server, &scratch, backup, saved, source).await;
                // What went wrong matters more than that something is left over.
                let dropped = postgres::drop_database(&server, &scratch).await;
                let differences = restored?;
                dropped?;
                differences
            }
            (backup::Source::Sqlite { .. }, Database::Sqlite(_)) => {
                sqlite::compare_with(backup, source).await?
            }
            _ => return Err(BackupError::OtherKind(backup.id)),
        };
        if differences.is_empty() {
            return Ok(());
        }
        Err(BackupError::Differs {
            id: backup.id,
            differences,
        })
    }
}
