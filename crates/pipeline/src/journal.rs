//! The write-ahead record of a deployment.
//!
//! An [`Entry::Intent`] is stored before its effect is performed, what came of
//! it afterwards, together with the state that follows. The journal is what
//! recovery reads, what `shipway show` prints and what the terminal follows.

use serde::{Deserialize, Serialize};

use crate::deployment::{Failure, Outcome};
use crate::id::{Epoch, Generation};
use crate::migration::{Leaves, Turn};
use crate::plan::Step;
use crate::time::Timestamp;

/// An entry and its place in the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// From 1, without gaps.
    pub sequence: u64,
    /// When it was written.
    pub at: Timestamp,
    /// The lease's epoch under which it was written.
    pub epoch: Epoch,
    /// What it says.
    pub entry: Entry,
}

/// What a journal says.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "entry")]
pub enum Entry {
    /// The deployment was made.
    Requested {
        /// By whom.
        by: String,
    },
    /// An engine has the environment.
    LeaseTaken {
        /// Which one: user, host and process.
        owner: String,
    },
    /// Another engine goes on after the one before it died.
    Recovered {
        /// Which one.
        owner: String,
    },
    /// A step is about to be performed.
    Intent {
        /// The step.
        step: Step,
    },
    /// The step is done.
    Done {
        /// How long it took, in milliseconds.
        millis: u64,
        /// What is worth telling: the new generation, how many were cut, how many were stopped.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        detail: Option<Detail>,
    },
    /// The step cannot be done.
    Failed {
        /// Why.
        failure: Failure,
    },
    /// The bake came to its end.
    Judged {
        /// `None` when the release passed.
        failure: Option<Failure>,
    },
    /// Somebody wants the deployment stopped.
    AbortRequested {
        /// Who.
        by: String,
    },
    /// The deployment is over.
    Finished {
        /// How it ended.
        outcome: Outcome,
    },
}

/// What is worth telling of a step that is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "detail")]
pub enum Detail {
    /// The proxy acknowledged a change of the route.
    Routed {
        /// The route's new generation.
        generation: Generation,
        /// How long the proxy took, in microseconds.
        micros: u64,
    },
    /// What was still open when a drain's time was over and was cut.
    Drained {
        /// Requests with an end in sight.
        short: u64,
        /// Event streams.
        streaming: u64,
        /// Upgraded connections.
        upgraded: u64,
    },
    /// Instances were stopped.
    Stopped {
        /// Within their grace period.
        gracefully: u32,
        /// Killed.
        killed: u32,
    },
    /// The database was migrated.
    Migrated {
        /// When, in the deployment's life.
        turn: Turn,
        /// What is applied now and was not before, or the reverse, in the order in which it
        /// happened.
        changed: Vec<String>,
        /// The last migration of each app before.
        before: Leaves,
        /// The last migration of each app afterwards.
        after: Leaves,
        /// How often a command was run.
        attempts: u32,
        /// The last lines that it wrote.
        last_lines: Vec<String>,
    },
    /// A command ran to its end.
    Ran {
        /// Its last lines.
        last_lines: Vec<String>,
    },
}
