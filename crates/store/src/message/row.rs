//! How a message is stored.

use rusqlite::Row;
use shipway_pipeline::id::MessageId;
use shipway_pipeline::time::Timestamp;

use super::{MessageRecord, MessageState};
use crate::error::Error;

/// Its columns, in the order in which they are read.
pub(super) const COLUMNS: &str =
    "id, mark, channel, created, document, state, due, attempts, changed, answer";

/// The row as it is stored.
pub(super) struct Columns {
    id: i64,
    mark: String,
    channel: String,
    created: i64,
    document: String,
    state: String,
    due: Option<i64>,
    attempts: u32,
    changed: i64,
    answer: Option<String>,
}

// === impl Columns ===

impl Columns {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            id: row.get(0)?,
            mark: row.get(1)?,
            channel: row.get(2)?,
            created: row.get(3)?,
            document: row.get(4)?,
            state: row.get(5)?,
            due: row.get(6)?,
            attempts: row.get(7)?,
            changed: row.get(8)?,
            answer: row.get(9)?,
        })
    }

    pub(super) fn parse(self) -> Result<Option<MessageRecord>, Error> {
        let Ok(channel) = self.channel.parse() else {
            return Ok(None);
        };
        Ok(Some(MessageRecord {
            id: MessageId(self.id as u64),
            mark: self.mark,
            channel,
            created: Timestamp(self.created as u64),
            state: MessageState::of(&self.state),
            due: self.due.map(|due| Timestamp(due as u64)),
            attempts: self.attempts,
            changed: Timestamp(self.changed as u64),
            answer: self.answer,
            notice: serde_json::from_str(&self.document).map_err(Error::document("notice"))?,
        }))
    }
}
