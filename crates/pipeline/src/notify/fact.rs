//! Something that happened and is worth telling, as it is recorded with what it tells of.

use serde::{Deserialize, Serialize};

use super::Event;
use crate::backup::Chore;
use crate::id::{BackupId, DeploymentId, RequestId};
use crate::name::EnvironmentName;
use crate::request::{Request, State};

/// Something that happened and is worth telling.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fact {
    /// What.
    pub event: Event,
    /// Where.
    pub environment: EnvironmentName,
    /// Of what it tells.
    pub about: About,
    /// Names it: what has the same mark is the same, and is told once.
    pub mark: String,
}

/// Of what a fact tells.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "of")]
pub enum About {
    /// A deployment; its record says the rest.
    Deployment {
        /// Which.
        id: DeploymentId,
    },
    /// A request; its record says the rest.
    Request {
        /// Which.
        id: RequestId,
    },
    /// A backup that there is not, or that is less safe than it should be.
    Backup {
        /// What failed.
        #[serde(default)]
        chore: Chore,
        /// Who, or what, wanted it.
        by: String,
        /// Why there is none.
        reason: String,
    },
}

// === impl Fact ===

impl Fact {
    /// Of a deployment.
    pub fn of_deployment(event: Event, environment: &EnvironmentName, id: DeploymentId) -> Self {
        Self {
            event,
            environment: environment.clone(),
            about: About::Deployment { id },
            mark: format!("{id}:{event}"),
        }
    }

    /// Of a request that was changed, where that is worth telling.
    pub fn of_change(before: &State, request: &Request) -> Option<Self> {
        let event = Event::of_change(before, &request.state)?;
        let id = request.id;
        // People may be asked for the same request again, about another plan.
        let plan = request.agreement.as_ref().map_or_else(String::new, |one| {
            let hex = one.digest.hex();
            format!(":{}", hex.get(..12).unwrap_or(hex))
        });
        Some(Self {
            event,
            environment: request.environment.clone(),
            about: About::Request { id },
            mark: format!("{id}:{event}{plan}"),
        })
    }

    /// Of a backup that failed: once a day for as long as the same one is the newest.
    pub fn of_failed_backup(
        environment: &EnvironmentName,
        (chore, newest): (Chore, Option<BackupId>),
        (by, reason): (&str, String),
        day: u64,
    ) -> Self {
        let event = Event::BackupFailed;
        let newest = newest.map_or_else(|| "none".to_owned(), |id| id.to_string());
        Self {
            event,
            environment: environment.clone(),
            about: About::Backup {
                chore,
                by: by.to_owned(),
                reason,
            },
            mark: format!("{environment}:{event}:{}:{newest}:{day}", chore.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notify::fixtures::request;
    use crate::time::Timestamp;

    #[test]
    fn the_same_happening_has_the_same_mark() {
        let production = "production".parse().unwrap();
        let one = Fact::of_deployment(Event::Failed, &production, DeploymentId(7));
        assert_eq!(one.mark, "d7:failed");
        let why = ("shipway", "no room".to_owned());
        let mark = |chore, newest, day| {
            Fact::of_failed_backup(&production, (chore, newest), why.clone(), day).mark
        };
        let first = mark(Chore::Make, None, 1);
        assert_eq!(first, "production:backup-failed:make:none:1");
        assert_ne!(first, mark(Chore::Make, Some(BackupId(2)), 1));
        assert_ne!(first, mark(Chore::Make, None, 2));
        assert_ne!(first, mark(Chore::Copy, None, 1));
    }

    #[test]
    fn a_request_that_only_goes_on_is_no_fact() {
        let mut request = request();
        let before = request.state.clone();
        request.state = State::Running {
            since: Timestamp(5),
        };
        assert_eq!(Fact::of_change(&before, &request), None);
        let running = request.state.clone();
        request.state = State::Waiting {
            expires: Timestamp(9),
        };
        let fact = Fact::of_change(&running, &request).unwrap();
        assert_eq!(fact.event, Event::ApprovalWanted);
        assert!(
            fact.mark.starts_with("q3:approval-wanted:"),
            "{}",
            fact.mark
        );
    }
}
