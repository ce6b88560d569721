//! Backups that only a bucket knows: after the state directory was lost, or on another machine.

use std::collections::BTreeSet;

use shipway_pipeline::backup::Backup;
use shipway_pipeline::config::Environment;
use shipway_pipeline::id::BackupId;

use super::super::folder::Folder;
use super::super::{BackupError, document_name};
use crate::executor::Engine;

impl Engine {
    /// Records the backups of an environment that only its bucket knows. One whose number is given
    /// already gets another.
    ///
    /// # Errors
    /// The bucket cannot be read.
    pub async fn find_uploaded_backups(
        &self,
        environment: &Environment,
    ) -> Result<(), BackupError> {
        let Some(bucket) = self.bucket(environment)? else {
            return Ok(());
        };
        let directory = self.backup_directory(environment)?;
        let found = bucket.described(&self.documents(environment)?).await?;
        if found.is_empty() {
            return Ok(());
        }
        // Meanwhile one may have been made or removed; who does that has the folder.
        let _folder = Folder::take(&directory).await?;
        let known = self.documents(environment)?;
        let project = &self.databases.project()?.config.project;
        for backup in found {
            let is_ours = backup.environment == environment.name && backup.project == *project;
            let is_known = document_name(&backup).is_some_and(|name| known.contains(&name));
            if !is_ours || is_known || !bucket.describes(&backup).await? {
                continue;
            }
            let id = if self.store.has_backup_number(backup.id)? {
                let created = backup.created;
                self.store.next_backup(&environment.name, created)?
            } else {
                backup.id
            };
            self.store.put_backup(&Backup {
                id,
                directory: directory.display().to_string(),
                ..backup
            })?;
        }
        Ok(())
    }

    /// The documents of the backups that are known.
    fn documents(&self, environment: &Environment) -> Result<BTreeSet<String>, BackupError> {
        let known = self.store.backups(&environment.name)?;
        Ok(known.iter().filter_map(document_name).collect())
    }

    /// A backup of an environment by its number, be it one that only the bucket knows.
    ///
    /// # Errors
    /// There is none, or the bucket cannot be read.
    pub async fn find_backup(
        &self,
        environment: &Environment,
        id: BackupId,
    ) -> Result<Backup, BackupError> {
        match self.backup(&environment.name, id) {
            Err(BackupError::Unknown { .. }) => {
                self.find_uploaded_backups(environment).await?;
                self.backup(&environment.name, id)
            }
            found => found,
        }
    }

    /// The newest backup of an environment, be it one that only the bucket knows.
    ///
    /// # Errors
    /// The bucket cannot be read.
    pub async fn newest_backup(
        &self,
        environment: &Environment,
    ) -> Result<Option<Backup>, BackupError> {
        let newest = || Ok(self.store.backups(&environment.name)?.into_iter().next());
        match newest()? {
            None => {
                self.find_uploaded_backups(environment).await?;
                newest()
            }
            found => Ok(found),
        }
    }
}
