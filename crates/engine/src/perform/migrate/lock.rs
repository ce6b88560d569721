//! The right to migrate a database: an advisory lock, held by a connection of its own.
//!
//! The server gives it back when the connection ends, however its holder ends. What an interrupted
//! holder began can still be at work in the server then: it is waited for.

use std::time::{Duration, Instant};

use shipway_pipeline::deployment::Failure;

use super::super::{Performer, failed};
use super::patience::Patience;
use crate::database::{DatabaseError, Server, Session};
use crate::event::Kind;

/// By this name the connections of migrations are found.
pub(super) const APPLICATION: &str = "shipway-migrate";

/// The same for everybody who migrates a database: `shipway`, as a number.
const KEY: u64 = 0x0073_6869_7077_6179;

/// Between two attempts.
const POLL: Duration = Duration::from_millis(250);

/// How long a database may fail to serve without a break. One that is healthy by its own account
/// can be about to start once more: images make the database with a server of its own, which
/// answers `pg_isready`.
const PATIENCE: Duration = Duration::from_secs(30);

/// Whether the server is the one that stays: only one that says otherwise is not. The one that
/// images make a database with listens to its socket alone, by a word on its command line, and ends
/// when it has run the image's scripts. A server that is meant to be like that has been there for
/// longer.
const STAYS: &str = "SELECT NOT EXISTS (SELECT FROM pg_settings \
                     WHERE name = 'listen_addresses' AND setting = '' AND source = 'command line' \
                     AND now() <= pg_postmaster_start_time() + interval '1 minute')";

/// The lock on a database. It is given back with the connection that holds it.
pub(super) struct Lock {
    session: Session,
}

/// Somebody who wants the lock.
struct Waiter<'a> {
    server: &'a Server,
    patience: Patience,
    /// Hears what is waited for.
    tell: &'a (dyn Fn(String) + Sync),
}

impl Performer<'_> {
    /// Waits for the right to migrate, within the step's deadline.
    pub(super) async fn lock(&self, server: &Server) -> Result<Lock, Failure> {
        let waiter = Waiter {
            server,
            patience: Patience::of(PATIENCE),
            tell: &|text| self.tell(Kind::Warning { text }),
        };
        waiter.take().await
    }
}

// === impl Waiter ===

impl Waiter<'_> {
    /// Takes it as soon as the database serves.
    async fn take(mut self) -> Result<Lock, Failure> {
        let mut is_told = false;
        loop {
            let error = match self.try_take().await {
                Ok(lock) => return Ok(lock),
                Err(error) => error,
            };
            if !self.patience.bears(Instant::now()) {
                return Err(refused(&error));
            }
            if !is_told {
                let reason = failed(&error).reason;
                let text = format!("the database does not serve: waiting for it ({reason})");
                (self.tell)(text);
                is_told = true;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    async fn try_take(&mut self) -> Result<Lock, DatabaseError> {
        let mut session = self.server.session().await?;
        self.wait_for(&mut session, STAYS, "the database is still being made")
            .await?;
        let take = format!("SELECT pg_try_advisory_lock({KEY})");
        self.wait_for(&mut session, &take, "somebody else migrates the database")
            .await?;
        let is_quiet = format!(
            "SELECT count(*) = 0 FROM pg_stat_activity WHERE datname = current_database() \
             AND application_name = '{APPLICATION}'"
        );
        self.wait_for(
            &mut session,
            &is_quiet,
            "what an interrupted migration began is at work",
        )
        .await?;
        Ok(Lock { session })
    }

    /// Asks until the answer is yes.
    async fn wait_for(
        &mut self,
        session: &mut Session,
        question: &str,
        meanwhile: &str,
    ) -> Result<(), DatabaseError> {
        let mut is_told = false;
        loop {
            let rows = session.query(question).await?;
            self.patience.served();
            if rows
                .first()
                .and_then(|row| row.first())
                .is_some_and(|it| it == "t")
            {
                return Ok(());
            }
            if !is_told {
                (self.tell)(format!("{meanwhile}: waiting for it"));
                is_told = true;
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

fn refused(error: &DatabaseError) -> Failure {
    let failure = failed(error);
    Failure {
        reason: format!(
            "cannot lock the database against other migrations: {}",
            failure.reason
        ),
        ..failure
    }
}

// === impl Lock ===

impl Lock {
    /// Gives it back.
    pub(super) async fn release(self) {
        // A connection that is gone has given it back already.
        let _ = self.session.end().await;
    }
}

#[cfg(test)]
mod tests;
