//! Backups by their schedule: for whoever calls often, such as cron, a timer or a daemon.

use serde::Serialize;
use shipway_pipeline::backup::{Backup, Reason};
use shipway_pipeline::config::Environment;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::notify::Fact;
use shipway_pipeline::time::Timestamp;

use super::{BackupError, Depth, folder};
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
    /// The newest backup, where a proof was due, and it is proven.
    pub proven: Option<Backup>,
    /// When the next backup or proof is due.
    pub next: Option<Timestamp>,
}

impl Engine {
    /// Makes an environment's backup where its schedule says that one is due, removes what nothing
    /// keeps then, copies what the environment's bucket lacks, and proves the newest backup where
    /// that is due.
    ///
    /// What failed is due again with the next call.
    ///
    /// # Errors
    /// One of these fails; what was done before it stays.
    pub async fn back_up_due(&self, environment: &Environment) -> Result<Due, BackupError> {
        let mut due = Due::default();
        let name = &environment.name;
        let settings = &environment.backup;
        let schedule = settings.schedule.as_ref();
        let prove = settings.prove.as_ref();
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
        let backups = self.store.backups(name)?;
        if let Some(newest) = backups.first()
            && prove.is_some_and(|prove| prove.is_proof_due(&backups, now()))
        {
            due.proven = Some(self.verify_backup(name, newest, Depth::Restore).await?);
        }
        let schedules = schedule.into_iter().chain(prove);
        due.next = schedules.filter_map(|one| one.next_after(now())).min();
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
