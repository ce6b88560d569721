//! Attempts to deliver a message.
//!
//! An attempt is recorded before it is made, with the time at which somebody else may make the
//! next one: whoever is killed in between leaves a message that is due again, and nobody sends
//! one that somebody else is sending.

use std::time::Duration;

use rusqlite::{OptionalExtension as _, params};
use shipway_pipeline::id::MessageId;
use shipway_pipeline::notify::retry::{Attempt, Next};
use shipway_pipeline::time::Timestamp;

use super::{MessageRecord, MessageState};
use crate::error::Error;
use crate::store::Store;

/// Nobody takes longer for an attempt, so after it whoever made it is gone.
const ATTEMPT: Duration = Duration::from_secs(60);

impl Store {
    /// Records that an attempt begins. None where somebody else began it, or it is over.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn begin_attempt(
        &self,
        message: &MessageRecord,
        now: Timestamp,
    ) -> Result<Option<u32>, Error> {
        const ACTION: &str = "record an attempt";
        self.write(ACTION, |transaction| {
            transaction
                .query_row(
                    "UPDATE messages SET attempts = attempts + 1, due = ?3, changed = ?4
                     WHERE id = ?1 AND attempts = ?2 AND due <= ?4
                     RETURNING attempts",
                    params![
                        message.id.0 as i64,
                        message.attempts,
                        now.after(ATTEMPT).0 as i64,
                        now.0 as i64
                    ],
                    |row| row.get(0),
                )
                .optional()
                .map_err(Error::database(ACTION))
        })
    }

    /// Records what came of an attempt, unless a later one began meanwhile.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn end_attempt(
        &self,
        id: MessageId,
        attempt: u32,
        (came, next): (&Attempt, Next),
        now: Timestamp,
    ) -> Result<(), Error> {
        const ACTION: &str = "record what came of an attempt";
        let (state, due) = match next {
            Next::Delivered => (MessageState::Delivered, None),
            Next::Again { at } => (MessageState::Waiting, Some(at.0 as i64)),
            Next::Failed => (MessageState::Failed, None),
        };
        self.write(ACTION, |transaction| {
            transaction
                .execute(
                    "UPDATE messages SET state = ?3, due = ?4, changed = ?5, answer = ?6
                     WHERE id = ?1 AND attempts = ?2",
                    params![
                        id.0 as i64,
                        attempt,
                        state.as_str(),
                        due,
                        now.0 as i64,
                        came.told
                    ],
                )
                .map_err(Error::database(ACTION))?;
            Ok(())
        })
    }

    /// Has a message that failed sent again, as if for the first time; whether there is such a
    /// one.
    ///
    /// # Errors
    /// The record cannot be written.
    pub fn send_again(&self, id: MessageId, now: Timestamp) -> Result<bool, Error> {
        const ACTION: &str = "send a message again";
        self.write(ACTION, |transaction| {
            transaction
                .execute(
                    "UPDATE messages SET state = 'waiting', due = ?2, attempts = 0, changed = ?2
                     WHERE id = ?1 AND state = 'failed'",
                    params![id.0 as i64, now.0 as i64],
                )
                .map(|count| count > 0)
                .map_err(Error::database(ACTION))
        })
    }
}
