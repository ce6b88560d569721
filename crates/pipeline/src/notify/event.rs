//! What is worth telling.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::deployment::Outcome;
use crate::plan::Kind;
use crate::request::{End, State};

/// What is worth telling.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
#[schemars(inline)]
pub enum Event {
    /// A deployment began.
    Started,
    /// A release is live and stable.
    Deployed,
    /// Something else than a release was changed: a size, a service, the database's schema.
    Changed,
    /// A deployment failed before it took traffic.
    Failed,
    /// The old release has the traffic again, because the new one was not fit or somebody said so.
    RolledBack,
    /// Going back failed: the environment is frozen until somebody has looked.
    RollbackFailed,
    /// Somebody stopped a deployment.
    Cancelled,
    /// A newer deployment took the place of one that had touched nothing.
    Superseded,
    /// A request waits for people to approve it.
    ApprovalWanted,
    /// A request has all approvals that it needs.
    Approved,
    /// Somebody said no to a request.
    Rejected,
    /// A request ended because it was not approved in time, or what was approved has changed.
    Expired,
    /// A request could not be carried out, such as for a gate that did not pass.
    Refused,
    /// A scheduled backup, its copy or its proof failed.
    BackupFailed,
    /// Somebody tries a channel.
    #[serde(skip_deserializing)]
    Test,
}

// === impl Event ===

impl Event {
    /// What somebody has to hear of in any case.
    pub const FAILURES: [Self; 3] = [Self::Failed, Self::RolledBack, Self::RollbackFailed];

    /// What a channel is told that says nothing else: what went wrong, and what waits for people.
    pub const DEFAULT: [Self; 6] = [
        Self::Failed,
        Self::RolledBack,
        Self::RollbackFailed,
        Self::ApprovalWanted,
        Self::Refused,
        Self::BackupFailed,
    ];

    /// What the end of a deployment is.
    pub fn of_end(kind: Kind, outcome: Outcome) -> Self {
        match (outcome, kind) {
            (Outcome::Succeeded, Kind::Deploy | Kind::Promote) => Self::Deployed,
            (Outcome::Succeeded, Kind::Rollback) | (Outcome::RolledBack, _) => Self::RolledBack,
            (
                Outcome::Succeeded,
                Kind::Scale | Kind::Down | Kind::Renew | Kind::Migrate | Kind::Restore,
            ) => Self::Changed,
            (Outcome::Failed, _) => Self::Failed,
            (Outcome::Cancelled, _) => Self::Cancelled,
            (Outcome::RollbackFailed, _) => Self::RollbackFailed,
            (Outcome::Superseded, _) => Self::Superseded,
        }
    }

    /// What a change of a request is worth; what becomes of its deployment is told of that.
    pub fn of_change(before: &State, after: &State) -> Option<Self> {
        match (before, after) {
            (State::Waiting { .. }, State::Queued) => Some(Self::Approved),
            (State::Waiting { .. }, State::Waiting { .. }) => None,
            (_, State::Waiting { .. }) => Some(Self::ApprovalWanted),
            (State::Ended { .. }, State::Ended { .. })
            | (_, State::Queued | State::Running { .. }) => None,
            (_, State::Ended { end, .. }) => match end {
                End::Rejected { .. } => Some(Self::Rejected),
                End::Expired | End::Void { .. } => Some(Self::Expired),
                End::Refused { .. } => Some(Self::Refused),
                End::Deployed { .. }
                | End::Unchanged
                | End::Superseded { .. }
                | End::Cancelled { .. } => None,
            },
        }
    }

    /// The event's name as the configuration writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Deployed => "deployed",
            Self::Changed => "changed",
            Self::Failed => "failed",
            Self::RolledBack => "rolled-back",
            Self::RollbackFailed => "rollback-failed",
            Self::Cancelled => "cancelled",
            Self::Superseded => "superseded",
            Self::ApprovalWanted => "approval-wanted",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Refused => "refused",
            Self::BackupFailed => "backup-failed",
            Self::Test => "test",
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    #[test]
    fn every_bad_end_is_told_whatever_was_done() {
        for kind in [Kind::Deploy, Kind::Promote, Kind::Rollback, Kind::Scale] {
            for outcome in [
                Outcome::Failed,
                Outcome::RolledBack,
                Outcome::RollbackFailed,
            ] {
                let event = Event::of_end(kind, outcome);
                assert!(Event::FAILURES.contains(&event), "{kind:?} {outcome:?}");
                assert!(Event::DEFAULT.contains(&event), "{event}");
            }
        }
        let by_hand = Event::of_end(Kind::Rollback, Outcome::Succeeded);
        assert_eq!(by_hand, Event::RolledBack);
    }

    #[test]
    fn a_request_is_told_once_for_each_turn_that_people_care_for() {
        let expires = Timestamp(9);
        let waiting = State::Waiting { expires };
        let running = State::Running { since: expires };
        let rejected = State::Ended {
            at: expires,
            end: End::Rejected {
                by: "ben".to_owned(),
                reason: None,
            },
        };
        for (before, after, event) in [
            (&State::Queued, &running, None),
            (&running, &waiting, Some(Event::ApprovalWanted)),
            (&waiting, &waiting, None),
            (&waiting, &State::Queued, Some(Event::Approved)),
            (&waiting, &rejected, Some(Event::Rejected)),
            (&rejected, &rejected, None),
        ] {
            assert_eq!(
                Event::of_change(before, after),
                event,
                "{before:?} {after:?}"
            );
        }
    }

    #[test]
    fn the_names_are_those_of_the_configuration() {
        for event in Event::DEFAULT {
            let written = serde_json::to_value(event).unwrap();
            assert_eq!(written, event.as_str());
        }
    }
}
