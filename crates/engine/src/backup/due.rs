//! Backups by their schedule: for whoever calls often, such as cron, a timer or a daemon.

use serde::{Serialize, Serializer};
use shipway_pipeline::backup::{Backup, Chore, Reason};
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
#[derive(Debug, Default, Serialize)]
pub struct Due {
    /// The backup that was due, and was made.
    pub made: Option<Backup>,
    /// Those that nothing kept any more.
    pub removed: Vec<Backup>,
    /// Those that were copied to the environment's bucket.
    pub copied: Vec<Backup>,
    /// The newest backup, where a proof was due, and it is proven.
    pub proven: Option<Backup>,
    /// What did not work. It is due again with the next call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<Failed>,
    /// When the next backup or proof is due.
    pub next: Option<Timestamp>,
}

/// A chore that did not work.
#[derive(Debug, Serialize)]
pub struct Failed {
    /// Which.
    pub chore: Chore,
    /// Why.
    #[serde(serialize_with = "in_words")]
    pub error: BackupError,
}

impl Engine {
    /// Makes an environment's backup where its schedule says that one is due, removes what nothing
    /// keeps then, copies what the environment's bucket lacks, and proves the newest backup where
    /// that is due.
    ///
    /// One that fails keeps none of the others from being done. People are told of it, once a day.
    ///
    /// # Errors
    /// Nothing is live, or the environment's lock or its records cannot be had.
    pub async fn back_up_due(&self, environment: &Environment) -> Result<Due, BackupError> {
        let mut due = Due::default();
        let _lock = folder::lock(&self.backup_directory(environment)?, LOCK).await?;
        for chore in Chore::ALL {
            match self.do_chore(chore, environment, &mut due).await {
                Ok(()) => {}
                Err(error @ BackupError::Database(DatabaseError::NothingLive(_))) => {
                    return Err(error);
                }
                Err(error) => {
                    self.tell_failed_chore(&environment.name, chore, &error)?;
                    due.failed.push(Failed { chore, error });
                }
            }
        }
        let settings = &environment.backup;
        let schedules = settings.schedule.iter().chain(&settings.prove);
        due.next = schedules.filter_map(|one| one.next_after(now())).min();
        Ok(due)
    }

    async fn do_chore(
        &self,
        chore: Chore,
        environment: &Environment,
        due: &mut Due,
    ) -> Result<(), BackupError> {
        let name = &environment.name;
        let settings = &environment.backup;
        let backups = self.store.backups(name)?;
        match chore {
            Chore::Make => {
                let schedule = settings.schedule.as_ref();
                if schedule.is_some_and(|schedule| schedule.is_due(&backups, now())) {
                    due.made = Some(self.create_backup(name, Reason::Scheduled).await?);
                    due.removed = self.prune_backups(environment).await?;
                }
            }
            Chore::Copy => due.copied = self.upload_backups(environment).await?,
            Chore::Prove => {
                let prove = settings.prove.as_ref();
                if let Some(newest) = backups.first()
                    && prove.is_some_and(|prove| prove.is_proof_due(&backups, now()))
                {
                    due.proven = Some(self.verify_backup(name, newest, Depth::Restore).await?);
                }
            }
        }
        Ok(())
    }

    /// Nobody looks at what calls for scheduled backups: people are told, once a day.
    fn tell_failed_chore(
        &self,
        environment: &EnvironmentName,
        chore: Chore,
        error: &BackupError,
    ) -> Result<(), BackupError> {
        let newest = self.store.backups(environment)?.first().map(|one| one.id);
        let why = (self.actor.as_str(), error.to_string());
        let at = now();
        let fact = Fact::of_failed_backup(environment, (chore, newest), why, at.0 / DAY);
        Ok(self.store.tell(&fact, at)?)
    }
}

fn in_words<S: Serializer>(error: &BackupError, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(error)
}
