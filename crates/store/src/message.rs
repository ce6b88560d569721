//! Messages to channels, from the first attempt to the last.

mod attempt;
mod row;

use rusqlite::{Connection, Transaction, params};
use serde::Serialize;
use shipway_pipeline::id::MessageId;
use shipway_pipeline::name::ChannelName;
use shipway_pipeline::notify::Notice;
use shipway_pipeline::time::Timestamp;

use self::row::{COLUMNS, Columns};
use crate::error::Error;
use crate::fact;
use crate::store::Store;

/// A message to a channel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MessageRecord {
    /// Its number.
    pub id: MessageId,
    /// Names what it tells: there is one message with it for each channel.
    pub mark: String,
    /// Where it goes.
    pub channel: ChannelName,
    /// When it was made.
    pub created: Timestamp,
    /// Where it stands.
    pub state: MessageState,
    /// When the next attempt may be made; none where there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<Timestamp>,
    /// How many attempts were begun.
    pub attempts: u32,
    /// When something was last known of it.
    pub changed: Timestamp,
    /// What the other side said last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub answer: Option<String>,
    /// What it tells.
    pub notice: Notice,
}

/// Where a message stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageState {
    /// It is to be sent, for the first time or again.
    Waiting,
    /// The other side has it.
    Delivered,
    /// It is not sent again unless somebody asks for that.
    Failed,
}

impl Store {
    /// When there is something to do: at once where a fact is to be addressed, else when the
    /// first message is due.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn next_telling(&self) -> Result<Option<Timestamp>, Error> {
        let connection = self.read();
        if fact::is_waiting(&connection)? {
            return Ok(Some(Timestamp(0)));
        }
        let due: Option<i64> = connection
            .query_row(
                "SELECT min(due) FROM messages WHERE due IS NOT NULL",
                [],
                |row| row.get(0),
            )
            .map_err(Error::database("read messages"))?;
        Ok(due.map(|due| Timestamp(due as u64)))
    }

    /// The messages that are due, the oldest first.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn due_messages(&self, now: Timestamp, limit: usize) -> Result<Vec<MessageRecord>, Error> {
        self.select_messages(
            "due IS NOT NULL AND due <= ?1 ORDER BY id LIMIT ?2",
            &[&(now.0 as i64), &(limit as i64)],
        )
    }

    /// Messages, the newest first; all, or those that failed.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn messages(&self, only_failed: bool, limit: usize) -> Result<Vec<MessageRecord>, Error> {
        let which = if only_failed {
            "state = 'failed' ORDER BY id DESC LIMIT ?1"
        } else {
            "id > 0 ORDER BY id DESC LIMIT ?1"
        };
        self.select_messages(which, &[&(limit as i64)])
    }

    /// A message by its number.
    ///
    /// # Errors
    /// The record cannot be read.
    pub fn message(&self, id: MessageId) -> Result<Option<MessageRecord>, Error> {
        let found = self.select_messages("id = ?1", &[&(id.0 as i64)])?;
        Ok(found.into_iter().next())
    }

    /// Whether a later message of the same deployment reached the channel.
    ///
    /// # Errors
    /// The record cannot be read.
    pub fn is_overtaken(&self, message: &MessageRecord) -> Result<bool, Error> {
        let (about, _) = message.mark.split_once(':').unwrap_or_default();
        self.read()
            .query_row(
                "SELECT count(*) FROM messages
                 WHERE id > ?1 AND channel = ?2 AND state = 'delivered'
                   AND substr(mark, 1, length(?3)) = ?3",
                params![
                    message.id.0 as i64,
                    message.channel.as_str(),
                    format!("{about}:")
                ],
                |row| row.get::<_, i64>(0),
            )
            .map(|count| count > 0)
            .map_err(Error::database("read messages"))
    }

    fn select_messages(
        &self,
        which: &str,
        values: &[&dyn rusqlite::ToSql],
    ) -> Result<Vec<MessageRecord>, Error> {
        const ACTION: &str = "read messages";
        let connection: &Connection = &self.read();
        let mut statement = connection
            .prepare_cached(&format!("SELECT {COLUMNS} FROM messages WHERE {which}"))
            .map_err(Error::database(ACTION))?;
        let rows = statement
            .query_map(values, Columns::read)
            .map_err(Error::database(ACTION))?;
        let mut found = Vec::new();
        for row in rows {
            // What this program did not write is none of its messages.
            found.extend(row.map_err(Error::database(ACTION))?.parse()?);
        }
        Ok(found)
    }
}

/// Makes a message within a transaction; one that is there already stays as it is.
pub(crate) fn create(
    transaction: &Transaction<'_>,
    (mark, channel): (&str, &ChannelName),
    notice: &Notice,
    now: Timestamp,
) -> Result<(), Error> {
    let document = serde_json::to_string(notice).map_err(Error::document("notice"))?;
    transaction
        .execute(
            "INSERT OR IGNORE INTO messages
                (mark, channel, created, document, state, due, attempts, changed)
             VALUES (?1, ?2, ?3, ?4, 'waiting', ?3, 0, ?3)",
            params![mark, channel.as_str(), now.0 as i64, document],
        )
        .map_err(Error::database("record a message"))?;
    Ok(())
}

// === impl MessageState ===

impl MessageState {
    /// The state's name for people and machines.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    fn of(text: &str) -> Self {
        match text {
            "delivered" => Self::Delivered,
            "failed" => Self::Failed,
            _ => Self::Waiting,
        }
    }
}

#[cfg(test)]
mod tests {
    use shipway_pipeline::id::DeploymentId;
    use shipway_pipeline::notify::retry::{Attempt, Next, Verdict};
    use shipway_pipeline::notify::{Event, Fact};

    use super::*;

    const NOW: Timestamp = Timestamp(1_000);

    struct Rig {
        store: Store,
        ops: ChannelName,
        _directory: tempfile::TempDir,
    }

    fn rig() -> Rig {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        let ops = "ops".parse().unwrap();
        Rig {
            store,
            ops,
            _directory: directory,
        }
    }

    impl Rig {
        /// Tells of a deployment, and addresses it.
        fn tell(&self, number: u64) {
            let production = "production".parse().unwrap();
            let fact = Fact::of_deployment(Event::Failed, &production, DeploymentId(number));
            self.store.tell(&fact, NOW).unwrap();
            let place = (&"shop".parse().unwrap(), &production);
            let notice = Notice::new(Event::Failed, place, "anna", NOW);
            for fact in self.store.unaddressed_facts(9).unwrap() {
                let channels = [&self.ops];
                self.store
                    .address_fact(&fact, &channels, Some(&notice), NOW)
                    .unwrap();
            }
        }

        fn due(&self, now: u64) -> Vec<MessageRecord> {
            self.store.due_messages(Timestamp(now), 9).unwrap()
        }

        fn end(&self, message: &MessageRecord, attempt: u32, next: Next) {
            let came = Attempt {
                verdict: Verdict::Accepted,
                told: "200 OK".to_owned(),
            };
            self.store
                .end_attempt(message.id, attempt, (&came, next), NOW)
                .unwrap();
        }
    }

    #[test]
    fn what_was_told_once_is_not_told_again() {
        let rig = rig();
        rig.tell(1);
        rig.tell(1);
        rig.tell(2);
        let due = rig.due(1_000);
        let marks: Vec<&str> = due.iter().map(|message| message.mark.as_str()).collect();
        assert_eq!(marks, ["d1:failed", "d2:failed"]);
        assert!(rig.store.unaddressed_facts(9).unwrap().is_empty());
        assert_eq!(rig.store.next_telling().unwrap(), Some(NOW));
    }

    #[test]
    fn an_attempt_is_made_by_one_and_after_a_crash_by_another() {
        let rig = rig();
        rig.tell(1);
        let [message] = rig.due(1_000).try_into().unwrap();
        assert_eq!(rig.store.begin_attempt(&message, NOW).unwrap(), Some(1));
        // Somebody else read it before that, and comes too late.
        assert_eq!(rig.store.begin_attempt(&message, NOW).unwrap(), None);
        assert!(rig.due(60_999).is_empty());
        // Whoever began it was killed.
        let [again] = rig.due(61_000).try_into().unwrap();
        let later = Timestamp(61_000);
        assert_eq!(rig.store.begin_attempt(&again, later).unwrap(), Some(2));
        // Or was only slow: its word comes too late.
        rig.end(&message, 1, Next::Failed);
        let now = rig.store.message(message.id).unwrap().unwrap();
        assert_eq!((now.state, now.attempts), (MessageState::Waiting, 2));
        rig.end(&message, 2, Next::Delivered);
        let now = rig.store.message(message.id).unwrap().unwrap();
        assert_eq!((now.state, now.due), (MessageState::Delivered, None));
        assert_eq!(rig.store.next_telling().unwrap(), None);
    }

    #[test]
    fn what_failed_is_sent_again_when_somebody_asks() {
        let rig = rig();
        rig.tell(1);
        let [message] = rig.due(1_000).try_into().unwrap();
        assert!(!rig.store.send_again(message.id, NOW).unwrap());
        rig.store.begin_attempt(&message, NOW).unwrap();
        rig.end(&message, 1, Next::Failed);
        assert!(rig.due(u32::MAX.into()).is_empty());
        assert_eq!(rig.store.messages(true, 9).unwrap().len(), 1);
        assert!(rig.store.send_again(message.id, NOW).unwrap());
        let [again] = rig.due(1_000).try_into().unwrap();
        assert_eq!(
            (again.attempts, again.answer.as_deref()),
            (0, Some("200 OK"))
        );
    }
}
