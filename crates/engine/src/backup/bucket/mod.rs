//! A bucket of a store that speaks S3, as a second place of backups.
//!
//! ```text
//!  X, X.json ── upload: parts, X.upload remembers them ──► bucket ── read back, SHA-256 ─► X.json
//!  X, X.json ◄── bring_here: into X.partial, SHA-256 ───── bucket
//! ```
//!
//! As on disk, the JSON document is written last and says that a backup is whole.

mod client;
mod find;
mod objects;
mod open;
mod parts;

use std::path::Path;
use std::sync::Arc;

use shipway_pipeline::backup::{Backup, Uploaded};
use shipway_pipeline::config::Environment;
use shipway_pipeline::name::EnvironmentName;

use super::folder::{self, Folder};
use super::{BackupError, room};
use crate::clock::now;
use crate::database::DatabaseError;
use crate::executor::Engine;
use objects::Bucket;

/// Two uploads of one environment would send everything twice; a backup is not to wait for either.
const LOCK: &str = ".upload.lock";

impl Engine {
    /// Copies what an environment's bucket lacks there, the newest first, and gives what was copied.
    ///
    /// What an interrupted call has sent is not sent again. Nothing is done where the environment
    /// has no bucket.
    ///
    /// # Errors
    /// The bucket cannot be written, or does not give back what was written.
    pub async fn upload_backups(
        &self,
        environment: &Environment,
    ) -> Result<Vec<Backup>, BackupError> {
        let Some(bucket) = self.bucket(environment)? else {
            return Ok(Vec::new());
        };
        let directory = self.backup_directory(environment)?;
        let _lock = folder::lock(&directory, LOCK).await?;
        let mut copied = Vec::new();
        for backup in self.store.backups(&environment.name)? {
            let is_there = bucket.is_of(&backup);
            if !is_there && is_here(&backup) {
                send(&bucket, &backup).await?;
                copied.extend(self.record(&bucket, &backup).await?);
            } else if is_there && is_known_better(&backup) {
                self.record(&bucket, &backup).await?;
            }
        }
        Ok(copied)
    }

    /// Says beside a copy, and of the backup, that it is there. Nothing where the backup was
    /// removed meanwhile: then the copy goes as well.
    async fn record(
        &self,
        bucket: &Bucket,
        backup: &Backup,
    ) -> Result<Option<Backup>, BackupError> {
        // Who removes one has the folder.
        let folder = Folder::take(Path::new(&backup.directory)).await?;
        let Some(known) = self.store.backup(backup.id)? else {
            bucket.remove(backup).await?;
            return Ok(None);
        };
        let copied = Backup {
            uploaded: Some(Uploaded {
                to: bucket.to_string(),
                at: now(),
            }),
            ..known
        };
        bucket.describe(&copied).await?;
        self.store.put_backup(&copied)?;
        if is_here(&copied) {
            folder.describe(&copied)?;
        }
        Ok(Some(copied))
    }

    /// Makes sure that a backup's files are on this machine.
    pub(super) async fn bring_here(
        &self,
        environment: &EnvironmentName,
        backup: &Backup,
    ) -> Result<(), BackupError> {
        if is_here(backup) {
            return Ok(());
        }
        let project = self.databases.project()?;
        let environment = project.environment(environment.as_str());
        let environment = environment.map_err(DatabaseError::from)?;
        let Some(bucket) = self.bucket(environment)? else {
            return Ok(());
        };
        if !bucket.is_of(backup) {
            return Ok(());
        }
        let directory = Path::new(&backup.directory);
        let folder = Folder::take(directory).await?;
        room::check_copy(directory, backup.size())?;
        let mut partials = Vec::new();
        for file in &backup.files {
            let partial = Arc::new(folder.partial(&file.name));
            bucket.fetch(backup.id, file, partial.path()).await?;
            partials.push(partial);
        }
        folder.publish(&partials, backup)
    }

    /// Removes a backup from its environment's bucket, and what an interrupted call sent of it.
    pub(super) async fn remove_uploaded(
        &self,
        environment: &Environment,
        backup: &Backup,
    ) -> Result<(), BackupError> {
        let Some(bucket) = self.bucket(environment)? else {
            return Ok(());
        };
        for file in &backup.files {
            parts::forget(&bucket, Path::new(&backup.directory), &file.name).await?;
        }
        if bucket.is_of(backup) {
            bucket.remove(backup).await?;
        }
        Ok(())
    }
}

/// Sends what lacks of a backup's files, and reads each back.
async fn send(bucket: &Bucket, backup: &Backup) -> Result<(), BackupError> {
    for file in &backup.files {
        if !bucket.holds(file).await? {
            parts::send(bucket, Path::new(&backup.directory), file).await?;
            bucket.check(backup.id, file).await?;
        }
    }
    Ok(())
}

/// Whether all files of a backup are on this machine.
fn is_here(backup: &Backup) -> bool {
    let directory = Path::new(&backup.directory);
    let mut files = backup.files.iter();
    files.all(|file| directory.join(&file.name).exists())
}

/// Whether more was found out about a backup than stands beside its copy.
fn is_known_better(backup: &Backup) -> bool {
    let described = backup.uploaded.as_ref().map(|uploaded| uploaded.at);
    backup.verified.max(backup.proven) > described
}
