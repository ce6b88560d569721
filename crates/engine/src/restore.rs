//! What a deployment is to do to the database besides migrating it.

use shipway_pipeline::backup::{Reason, fresh, predict};
use shipway_pipeline::config::{Environment, render_duration};
use shipway_pipeline::database::Unknown;
use shipway_pipeline::id::BackupId;
use shipway_pipeline::name::EnvironmentName;
use shipway_pipeline::plan::{Incoming, Kind, Occupant, Upkeep};

use crate::backup::BackupError;
use crate::clock::now;
use crate::database::DatabaseError;
use crate::deploy::{DeployError, Request};
use crate::executor::Engine;

impl Engine {
    /// The backup that was made before what is live was deployed.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn backup_before(
        &self,
        environment: &EnvironmentName,
        live: &Occupant,
    ) -> Result<Option<BackupId>, BackupError> {
        let wanted = Reason::BeforeDeployment {
            deployment: live.deployment,
        };
        let backups = self.store.backups(environment)?;
        let mut found = backups.iter().filter(|backup| backup.reason == wanted);
        Ok(found.next().map(|backup| backup.id))
    }

    /// Decides what a deployment is to do to the database of what is live.
    pub(crate) fn upkeep(&self, request: &Request<'_>) -> Result<Upkeep, DeployError> {
        let environment = request.environment;
        if let Some(incoming) = request.incoming {
            return self.replacing(environment, incoming);
        }
        let is_new = matches!(request.kind, Kind::Deploy | Kind::Promote);
        if !environment.backup.before_deploy || !is_new {
            return Ok(Upkeep::None);
        }
        match self.database(&environment.name) {
            Ok(_) => {}
            // Nothing to save; or nothing that the engine was told of.
            Err(DatabaseError::Unknown(Unknown::None) | DatabaseError::NoProject) => {
                return Ok(Upkeep::None);
            }
            Err(error) => return Ok(Upkeep::Enough(format!("no backup is made: {error}"))),
        }
        let backups = self.store.backups(&environment.name)?;
        let age = environment.backup.fresh;
        if let Some(young) = fresh(&backups, age, now()) {
            let age = render_duration(age);
            return Ok(Upkeep::Enough(format!(
                "no backup is made: {} is younger than {age}",
                young.id
            )));
        }
        let note = predict(&backups).map(|next| {
            let (seconds, megabytes) = (next.time.as_secs() + 1, next.bytes / 1_000_000 + 1);
            format!("the backup takes about {seconds} s and {megabytes} MB, by the last ones")
        });
        Ok(Upkeep::BackUp {
            deadline: environment.backup.timeout,
            note,
        })
    }

    fn replacing(
        &self,
        environment: &Environment,
        incoming: Incoming,
    ) -> Result<Upkeep, DeployError> {
        let note = match incoming {
            Incoming::Backup { backup } => {
                let backup = self.backup(&environment.name, backup)?;
                format!(
                    "what was written since {} was made is not in it: it stays in the database that is put \
                     aside, and up to now in the backup that is made first",
                    backup.id
                )
            }
            Incoming::Kept { by } => format!(
                "what was written since {by} is not in the database that comes back: it stays in the one \
                 that is put aside"
            ),
        };
        Ok(Upkeep::Replace {
            incoming,
            deadline: environment.backup.timeout,
            note,
        })
    }
}
