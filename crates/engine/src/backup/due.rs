//! Backups by their schedule: for whoever calls often, such as cron, a timer or a daemon.

use serde::Serialize;
use shipway_pipeline::backup::{Backup, Reason};
use shipway_pipeline::config::Environment;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::notify::Fact;
use shipway_pipeline::time::Timestamp;

use super::{BackupError, folder};
use crate::clock::now;
use crate::database::DatabaseError;
use crate::executor::Engine;

/// Two callers at the same moment would make two backups.
const LOCK: &str = ".due.lock";

/// In milliseconds.
const DAY: u64 = 24 * 60 * 60 * 1000;

/// What came of asking for what is due.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Due {
    /// The backup that was due, and was made.
    pub made: Option<Backup>,
    /// Those that nothing kept any more.
    pub removed: Vec<Backup>,
    /// Those that were copied to the environment's bucket.
    pub copied: Vec<Backup>,
    /// When the next one is due.
    pub next: Option<Timestamp>,
}

impl Engine {
    /// Makes an environment's backup where its schedule says that one is due, removes what nothing
    /// keeps then, and copies what the environment's bucket lacks.
    ///
    /// What failed is due again with the next call.
    ///
    /// # Errors
    /// The backup cannot be made, old ones not be removed or copied; what was done before that
    /// stays.
    pub async fn back_up_due(&self, environment: &Environment) -> Result<Due, BackupError> {
        let mut due = Due::default();
        let name = &environment.name;
        let schedule = environment.backup.schedule.as_ref();
        let _lock = folder::lock(&self.backup_directory(environment)?, LOCK).await?;
        let backups = self.store.backups(name)?;
        if schedule.is_some_and(|schedule| schedule.is_due(&backups, now())) {
            let made = self.create_backup(name, Reason::Scheduled).await;
            if let Err(error) = &made {
                self.tell_failed_backup(name, error)?;
            }
            due.made = Some(made?);
            due.removed = self.prune_backups(environment).await?;
        }
        due.copied = self.upload_backups(environment).await?;
        due.next = schedule.and_then(|schedule| schedule.next_after(now()));
        Ok(due)
    }

    /// Nobody looks at what calls for scheduled backups: people are told, once a day.
    fn tell_failed_backup(
        &self,
        environment: &EnvironmentName,
        error: &BackupError,
    ) -> Result<(), BackupError> {
        // There is nothing to lose yet.
        if matches!(error, BackupError::Database(DatabaseError::NothingLive(_))) {
            return Ok(());
        }
        let last = self.store.backups(environment)?.first().map(|one| one.id);
        let why = (self.actor.as_str(), error.to_string());
        let at = now();
        let fact = Fact::of_failed_backup(environment, last, why, at.0 / DAY);
        Ok(self.store.tell(&fact, at)?)
    }
}
