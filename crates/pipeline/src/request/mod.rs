//! Requests: somebody's wish for a deployment, from the wish to its end.
//!
//! ```text
//!            ┌── approved ──┐
//!            ▼              │
//! Queued ► Running ► Waiting┤
//!   │        │              ├─ rejected, expired ─► Ended
//!   │        ├─ deployed, refused, void ──────────► Ended
//!   └ superseded, cancelled ──────────────────────► Ended
//! ```
//!
//! A request that needs approvals is carried out twice: the first time up to its plan, which
//! people then consent to, and the second time, once they did, to its end. What is done the
//! second time is what they consented to, or nothing.

mod approval;
mod queue;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use approval::{Agreement, Approval, NotAllowed, Standing};
pub use queue::{Turn, decide};

use crate::deployment::Outcome;
use crate::id::{DeploymentId, ReleaseId, RequestId};
use crate::name::EnvironmentName;
use crate::plan::Plan;
use crate::promotion::Lane;
use crate::time::Timestamp;

/// Somebody's wish for a deployment, and what became of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Its number.
    pub id: RequestId,
    /// Where.
    pub environment: EnvironmentName,
    /// What is wanted.
    pub want: Want,
    /// By which rules.
    pub lane: Lane,
    /// Who wants it.
    pub by: String,
    /// Why, in their words.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// What it came from.
    pub origin: Origin,
    /// When it was made.
    pub created: Timestamp,
    /// Where it stands.
    pub state: State,
    /// What people consent to, once it is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub agreement: Option<Agreement>,
    /// Who said what of it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub approvals: Vec<Approval>,
}

/// What is wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Want {
    /// A commit, built if need be.
    Deploy {
        /// A commit, branch or tag.
        commit: String,
    },
    /// A release that was built before.
    Release {
        /// Which.
        release: ReleaseId,
    },
    /// What is stable in the environment before.
    Promote,
    /// What was stable here before.
    Rollback {
        /// Which; the last one where it is not given.
        #[serde(skip_serializing_if = "Option::is_none", default)]
        to: Option<ReleaseId>,
    },
    /// The end of a branch's environment, with its volumes.
    Remove,
}

/// What a request came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "via")]
pub enum Origin {
    /// Somebody's command, or call of the API.
    Person,
    /// A push to a branch.
    Push {
        /// The branch.
        branch: String,
    },
}

/// Where a request stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "state")]
pub enum State {
    /// It waits for its turn.
    Queued,
    /// It is being carried out.
    Running {
        /// Since when.
        since: Timestamp,
    },
    /// It waits for people's consent.
    Waiting {
        /// Until when.
        expires: Timestamp,
    },
    /// It is over.
    Ended {
        /// Since when.
        at: Timestamp,
        /// How it ended.
        end: End,
    },
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "end")]
pub enum End {
    /// A deployment came of it.
    Deployed {
        /// Which.
        deployment: DeploymentId,
        /// How that ended.
        outcome: Outcome,
    },
    /// What is wanted was live already.
    Unchanged,
    /// It could not be, or was not allowed to be, carried out.
    Refused {
        /// Why.
        reason: String,
    },
    /// What people consented to is no longer what would be done.
    Void {
        /// How that came to be known.
        reason: String,
    },
    /// A newer one took its place.
    Superseded {
        /// Which.
        newer: RequestId,
    },
    /// Somebody whose consent was needed said no.
    Rejected {
        /// Who.
        by: String,
        /// Why.
        reason: Option<String>,
    },
    /// Too few people had consented in time.
    Expired,
    /// Somebody took it back.
    Cancelled {
        /// Who.
        by: String,
    },
}

/// A request cannot go from where it stands to there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("request {request} {standing}")]
pub struct WrongState {
    /// Which.
    pub request: RequestId,
    /// Where it stands, in words.
    pub standing: String,
}

// === impl Request ===

impl Request {
    /// Begins to carry it out, or goes on after whoever did it before was killed.
    ///
    /// # Errors
    /// It waits for consent, or is over.
    pub fn start(&mut self, now: Timestamp) -> Result<(), WrongState> {
        match self.state {
            State::Queued => {
                self.state = State::Running { since: now };
                Ok(())
            }
            State::Running { .. } => Ok(()),
            State::Waiting { .. } | State::Ended { .. } => Err(self.wrong()),
        }
    }

    /// Waits for consent to a plan.
    ///
    /// # Errors
    /// It is not being carried out.
    pub fn ask(&mut self, plan: Plan, expires: Timestamp) -> Result<(), WrongState> {
        let State::Running { .. } = self.state else {
            return Err(self.wrong());
        };
        self.agreement = Some(Agreement::new(plan));
        self.state = State::Waiting { expires };
        Ok(())
    }

    /// Ends it.
    ///
    /// # Errors
    /// It is over already.
    pub fn end(&mut self, end: End, now: Timestamp) -> Result<(), WrongState> {
        if self.is_over() {
            return Err(self.wrong());
        }
        self.state = State::Ended { at: now, end };
        Ok(())
    }

    /// Takes it back, as long as it is not being carried out.
    ///
    /// # Errors
    /// It is being carried out, or over.
    pub fn cancel(&mut self, by: &str, now: Timestamp) -> Result<(), WrongState> {
        match self.state {
            State::Queued | State::Waiting { .. } => {
                self.end(End::Cancelled { by: by.to_owned() }, now)
            }
            State::Running { .. } | State::Ended { .. } => Err(self.wrong()),
        }
    }

    /// Whether it is over.
    pub fn is_over(&self) -> bool {
        matches!(self.state, State::Ended { .. })
    }

    fn wrong(&self) -> WrongState {
        WrongState {
            request: self.id,
            standing: self.state.to_string(),
        }
    }
}

// === impl State ===

impl State {
    /// The state's name for people and machines.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running { .. } => "running",
            Self::Waiting { .. } => "waiting",
            Self::Ended { .. } => "ended",
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Queued => f.write_str("waits for its turn"),
            Self::Running { .. } => f.write_str("is being carried out"),
            Self::Waiting { .. } => f.write_str("waits for approval"),
            Self::Ended { end, .. } => end.fmt(f),
        }
    }
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deployed {
                deployment,
                outcome,
            } => write!(f, "became {deployment}, which {}", outcome.as_str()),
            Self::Unchanged => f.write_str("changed nothing: the same was live already"),
            Self::Refused { reason } => write!(f, "was refused: {reason}"),
            Self::Void { reason } => write!(f, "is void: {reason}"),
            Self::Superseded { newer } => write!(f, "was superseded by {newer}"),
            Self::Rejected { by, reason } => {
                write!(f, "was rejected by {by}")?;
                reason.iter().try_for_each(|reason| write!(f, ": {reason}"))
            }
            Self::Expired => f.write_str("expired before it was approved"),
            Self::Cancelled { by } => write!(f, "was cancelled by {by}"),
        }
    }
}

// === impl Want ===

impl Want {
    /// What is wanted, in a word for machines.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Deploy { .. } | Self::Release { .. } => "deploy",
            Self::Promote => "promote",
            Self::Rollback { .. } => "rollback",
            Self::Remove => "remove",
        }
    }
}

impl fmt::Display for Want {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Deploy { commit } => {
                // A commit's full name is long, and its beginning enough for people.
                let is_commit = commit.len() == 40 && commit.bytes().all(|b| b.is_ascii_hexdigit());
                let short = if is_commit { &commit[..12] } else { commit };
                write!(f, "deploy {short}")
            }
            Self::Release { release } => write!(f, "deploy {release}"),
            Self::Promote => f.write_str("promote"),
            Self::Rollback { to: None } => f.write_str("roll back"),
            Self::Rollback { to: Some(to) } => write!(f, "roll back to {to}"),
            Self::Remove => f.write_str("remove"),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
