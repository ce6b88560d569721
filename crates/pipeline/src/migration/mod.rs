//! What a deployment does to the database's schema, as data: what is pending, when it runs, and
//! what is to be said about it.

mod command;
mod outlook;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use command::{Manage, parse_plan};
pub use outlook::{Basis, Conflict, Outlook, Pending, Remark};

/// The last migration of each app.
pub type Leaves = BTreeMap<String, String>;

/// When migrations run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Turn {
    /// Before the new release starts: they only add.
    Expand,
    /// Once the old release is gone: they take away what it needed.
    Contract,
    /// By themselves, backwards.
    Undo,
}

/// How migrations are run: more than a command that is called once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// When.
    pub turn: Turn,
    /// What is known to be applied by it, or taken back, in order.
    pub applies: Vec<String>,
    /// Apps that are not brought up to their last migration, each with the one to stop at; an app
    /// without one is left as it is.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub held: BTreeMap<String, Option<String>>,
    /// What each app is taken back to, in this order; one without a migration loses them all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub undo: Vec<(String, Option<String>)>,
    /// A statement that waits longer for a lock gives up, in milliseconds.
    #[serde(with = "crate::plan::millis")]
    pub lock_timeout: Duration,
    /// A statement that runs longer is ended by the server, in milliseconds.
    #[serde(with = "crate::plan::millis")]
    pub statement_timeout: Duration,
    /// How often it is tried again where a lock was not to be had.
    pub retries: u32,
}

// === impl Turn ===

impl Turn {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expand => "expand",
            Self::Contract => "contract",
            Self::Undo => "undo",
        }
    }
}

// === impl Run ===

impl Run {
    /// What PostgreSQL's clients are told by `PGOPTIONS`.
    ///
    /// ```
    /// use std::time::Duration;
    /// use shipway_pipeline::migration::{Run, Turn};
    /// let run = Run {
    ///     turn: Turn::Expand,
    ///     applies: vec![],
    ///     held: [].into(),
    ///     undo: vec![],
    ///     lock_timeout: Duration::from_secs(1),
    ///     statement_timeout: Duration::from_secs(60),
    ///     retries: 5,
    /// };
    /// assert_eq!(run.options(), "-c lock_timeout=1000ms -c statement_timeout=60000ms");
    /// ```
    pub fn options(&self) -> String {
        format!(
            "-c lock_timeout={}ms -c statement_timeout={}ms",
            self.lock_timeout.as_millis(),
            self.statement_timeout.as_millis()
        )
    }

    /// How long is waited before a try, the first one's number being 1.
    ///
    /// It doubles, so that whoever has the lock gets time, up to half a minute.
    pub fn pause_before(&self, attempt: u32) -> Duration {
        const LONGEST: Duration = Duration::from_secs(30);
        match attempt {
            0 | 1 => Duration::ZERO,
            _ => Duration::from_secs(1 << (attempt - 2).min(5)).min(LONGEST),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_stay_bounded() {
        let run = Run {
            turn: Turn::Expand,
            applies: Vec::new(),
            held: BTreeMap::new(),
            undo: Vec::new(),
            lock_timeout: Duration::from_secs(1),
            statement_timeout: Duration::from_secs(1),
            retries: 5,
        };
        let pauses: Vec<u64> = (1..=9).map(|at| run.pause_before(at).as_secs()).collect();
        assert_eq!(pauses, [0, 1, 2, 4, 8, 16, 30, 30, 30]);
    }
}
