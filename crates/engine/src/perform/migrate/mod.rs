//! Runs migrations: once, with the new artifact, while nobody else does.
//!
//! ```text
//!  lock ─► what is applied ─► command ─┬─► what is applied ─► verified, recorded
//!                               ▲      │
//!                               └──────┴─ no lock in time: a pause, then again
//! ```

mod explain;
mod guarded;
mod lock;
mod patience;
mod task;

use std::time::Duration;

use shipway_pipeline::journal::Detail;
use shipway_pipeline::migration::Run;
use shipway_pipeline::name::ServiceName;

use super::{Performed, Performer};

impl Performer<'_> {
    pub(super) async fn migrate(
        &self,
        service: &ServiceName,
        command: &[String],
        run: Option<&Run>,
        deadline: Duration,
    ) -> Performed {
        match run {
            Some(run) => self.migrate_guarded(service, command, run, deadline).await,
            None => {
                let task = self.task("migrate", service, command, deadline);
                let ran = task.run(self).await?;
                ran.check(command)?;
                Ok(Some(Detail::Ran {
                    last_lines: ran.last_lines(),
                }))
            }
        }
    }
}
