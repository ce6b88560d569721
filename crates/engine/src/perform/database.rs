//! Saves the database, restores a backup beside it, and exchanges the two.

use std::fmt::Display;

use shipway_pipeline::backup::Reason;
use shipway_pipeline::deployment::Failure;
use shipway_pipeline::id::BackupId;
use shipway_pipeline::journal::Detail;
use shipway_pipeline::plan::{Action, Incoming};

use super::{Performed, Performer, failed};
use crate::backup::BackupError;

impl Performer<'_> {
    /// Reads a backup to its end.
    pub(super) async fn check_backup(&self, id: BackupId) -> Performed {
        let environment = &self.plan.environment;
        let backup = self.engine.backup(environment, id).map_err(told)?;
        let checked = self.engine.check_backup(environment, &backup).await;
        checked.map_err(told)?;
        said(format!("{id} is whole"))
    }

    /// Saves the database. What an interrupted performance saved already is not saved again.
    pub(super) async fn back_up(&self) -> Performed {
        let engine = self.engine;
        let environment = &self.plan.environment;
        let deployment = self.plan.deployment;
        let mut actions = self.plan.steps.iter().map(|step| &step.action);
        let reason = if actions.any(|action| matches!(action, Action::SwapDatabase { .. })) {
            Reason::BeforeRestore { deployment }
        } else {
            Reason::BeforeDeployment { deployment }
        };
        let known = engine.store.backups(environment);
        let known = known.map_err(|error| failed(&error))?;
        if let Some(made) = known.iter().find(|backup| backup.reason == reason) {
            return said(format!("{} was made already", made.id));
        }
        let made = engine
            .create_backup(environment, reason)
            .await
            .map_err(told)?;
        said(format!("{} has {} bytes", made.id, made.size()))
    }

    /// Restores a backup beside the database.
    pub(super) async fn restore_backup(&self, id: BackupId) -> Performed {
        let environment = &self.plan.environment;
        let backup = self.engine.backup(environment, id).map_err(told)?;
        let restored = self
            .engine
            .restore_beside(environment, &backup, self.plan.deployment);
        restored.await.map_err(told)?;
        let rows: u64 = backup.contents.tables.values().sum();
        said(format!("{rows} rows as they were saved"))
    }

    /// Puts another database in the place of the one that is used, or takes it out again.
    pub(super) async fn exchange(&self, incoming: Incoming, is_back: bool) -> Performed {
        let environment = &self.plan.environment;
        let deployment = self.plan.deployment;
        let exchanged = self
            .engine
            .exchange_databases(environment, deployment, incoming, is_back);
        exchanged.await.map_err(told)?;
        Ok(None)
    }

    /// Removes what was restored for nothing.
    pub(super) async fn drop_restored(&self) -> Performed {
        let environment = &self.plan.environment;
        let dropped = self.engine.drop_restored(environment, self.plan.deployment);
        dropped.await.map_err(told)?;
        Ok(None)
    }
}

fn told(error: BackupError) -> Failure {
    failed(&error)
}

fn said(line: impl Display) -> Performed {
    Ok(Some(Detail::Ran {
        last_lines: vec![line.to_string()],
    }))
}
