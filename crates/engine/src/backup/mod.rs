//! Backups of an environment's database: made, found, verified, proven, removed.
//!
//! ```text
//!  create_backup ─► Folder (lock) ─► pg_dump ──► X.partial ─ synced, renamed ─► X, X.json ─► store
//!                                    SQLite's online backup
//!  upload_backups ─► X, X.json ─► bucket, in parts ─ read back
//!  verify_backup ─► length, SHA-256 ─► read to its end ─► restored into a scratch database,
//!                                                         counted, compared: proven
//! ```

mod bucket;
mod due;
mod error;
mod exchange;
mod folder;
mod postgres;
mod room;
mod source;
mod sqlite;
mod verify;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use shipway_pipeline::backup::{self, Backup, Contents, Kept, Reason, VERSION, decide_kept};
use shipway_pipeline::config::Environment;
use shipway_pipeline::id::BackupId;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::time::Timestamp;

pub use due::{Due, Failed};
pub use error::BackupError;
pub use exchange::Aside;
pub use verify::Depth;

use source::Source;

use crate::clock::now;
use crate::database::{Database, DatabaseError};
use crate::executor::Engine;
use folder::{Folder, Partial};

/// Where backups are, below the state directory, where nobody says otherwise.
const DIRECTORY: &str = "backups";

/// The files of a backup that is being made.
#[derive(Default)]
struct Files {
    files: Vec<backup::File>,
    partials: Vec<Arc<Partial>>,
}

/// What becomes of a backup.
#[derive(Debug, Clone, PartialEq)]
pub struct Fate {
    /// Which.
    pub backup: Backup,
    /// Why it is kept; it goes where there is no reason.
    pub kept: Vec<Kept>,
}

impl Files {
    fn add(&mut self, file: backup::File, partial: Arc<Partial>) {
        self.files.push(file);
        self.partials.push(partial);
    }
}

impl Engine {
    /// Backs up an environment's database.
    ///
    /// A crash, a full disk or an ended server leave no backup and harm none: what is not whole
    /// has another name, and goes with the next call.
    ///
    /// # Errors
    /// The database cannot be read, or the backup not be written.
    pub async fn create_backup(
        &self,
        environment: &EnvironmentName,
        reason: Reason,
    ) -> Result<Backup, BackupError> {
        let database = self.database(environment)?;
        let project = self.databases.project()?;
        let settings = project.environment(environment.as_str());
        let settings = settings.map_err(DatabaseError::from)?;
        let recipients = self.recipients(settings)?;
        let folder = self.folder(settings).await?;
        self.find_forgotten(&folder, environment)?;
        let created = now();
        let began = Instant::now();
        let directory = self.backup_directory(settings)?;
        let room = self.check_room_for_backup(environment, &database, &directory);
        room.await?;
        let id = self.store.next_backup(environment, created)?;
        let name = format!("{}-{id}-{}", environment.file_name(), file_time(created));
        let (files, source, contents) = match &database {
            Database::Postgres(server) => {
                let dumped = postgres::dump(server, &folder, &name, &recipients).await?;
                let source = backup::Source::Postgres(Box::new(dumped.source));
                (dumped.files, source, dumped.contents)
            }
            Database::Sqlite(path) => sqlite::copy(path, &folder, &name, &recipients).await?,
        };
        let live = self.store.environment(environment)?.live;
        let backup = Backup {
            version: VERSION,
            id,
            project: project.config.project.clone(),
            environment: environment.clone(),
            reason,
            by: self.actor.clone(),
            created,
            millis: began.elapsed().as_millis() as u64,
            release: live.map(|live| live.release),
            directory: directory.display().to_string(),
            files: files.files,
            recipients,
            source,
            contents,
            uploaded: None,
            verified: None,
            proven: None,
        };
        folder.publish(&files.partials, &backup)?;
        self.store.put_backup(&backup)?;
        Ok(backup)
    }

    /// A backup of an environment by its number.
    ///
    /// # Errors
    /// There is none.
    pub fn backup(
        &self,
        environment: &EnvironmentName,
        id: BackupId,
    ) -> Result<Backup, BackupError> {
        let found = self.store.backup(id)?;
        found
            .filter(|backup| backup.environment == *environment)
            .ok_or_else(|| BackupError::Unknown {
                environment: environment.clone(),
                id,
            })
    }

    /// Says of each backup of an environment, the newest first, why it is kept.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn plan_backup_pruning(&self, environment: &Environment) -> Result<Vec<Fate>, BackupError> {
        let backups = self.store.backups(&environment.name)?;
        let mut kept = decide_kept(&backups, &environment.backup.keep);
        let fates = backups.into_iter().map(|backup| Fate {
            kept: kept
                .remove(&backup.id)
                .unwrap_or_default()
                .into_iter()
                .collect(),
            backup,
        });
        Ok(fates.collect())
    }

    /// Removes the backups of an environment that nothing keeps.
    ///
    /// # Errors
    /// A file cannot be removed.
    pub async fn prune_backups(
        &self,
        environment: &Environment,
    ) -> Result<Vec<Backup>, BackupError> {
        let folder = self.folder(environment).await?;
        let mut removed = Vec::new();
        // What was made meanwhile counts.
        for fate in self.plan_backup_pruning(environment)? {
            if fate.kept.is_empty() {
                // First where it is not needed: what is left is found by the record.
                self.remove_uploaded(environment, &fate.backup).await?;
                folder.remove(&fate.backup)?;
                self.store.remove_backup(fate.backup.id)?;
                removed.push(fate.backup);
            }
        }
        Ok(removed)
    }

    /// Records backups that stand in the directory and of which nothing is known: those of a
    /// command that was killed after its last rename, or of a state directory that was lost.
    fn find_forgotten(
        &self,
        folder: &Folder,
        environment: &EnvironmentName,
    ) -> Result<(), BackupError> {
        for backup in folder.described()? {
            let is_ours = backup.environment == *environment;
            if is_ours && self.store.backup(backup.id)?.is_none() {
                self.store.put_backup(&backup)?;
            }
        }
        Ok(())
    }

    async fn folder(&self, environment: &Environment) -> Result<Folder, BackupError> {
        Folder::take(&self.backup_directory(environment)?).await
    }

    /// Where an environment's backups are.
    fn backup_directory(&self, environment: &Environment) -> Result<PathBuf, BackupError> {
        let base = match &environment.backup.directory {
            Some(directory) => self.databases.project()?.directory.join(directory),
            None => self.store.directory().join(DIRECTORY),
        };
        Ok(base.join(environment.name.as_str()))
    }

    /// Whom an environment's backups are encrypted for.
    fn recipients(&self, environment: &Environment) -> Result<Vec<String>, BackupError> {
        let backup = &environment.backup;
        if !backup.encrypt {
            return Ok(Vec::new());
        }
        if !backup.recipients.is_empty() {
            return Ok(backup.recipients.clone());
        }
        Ok(vec![self.keyring.open_or_create()?.recipient()])
    }
}

/// The name of the document that says what is known of a backup, and that it is whole.
fn document_name(backup: &Backup) -> Option<String> {
    let file = backup.files.first()?;
    Some(format!("{}.json", file.name))
}

/// A time as part of a file's name.
fn file_time(at: Timestamp) -> String {
    let time = jiff::Timestamp::from_millisecond(at.0 as i64);
    // Years that nobody lives to see have no name.
    time.map_or_else(
        |_| at.0.to_string(),
        |time| time.strftime("%Y%m%dT%H%M%SZ").to_string(),
    )
}

/// What an SQLite file or a database came to: its files, what it is, what it held.
type Copied = (Files, backup::Source, Contents);
