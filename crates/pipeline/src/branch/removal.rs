//! When the removal of an environment that failed is tried again.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::deployment::Outcome;
use crate::request::{End, Request, State, Want};
use crate::time::Timestamp;

/// After the first failure; twice as long after each further one.
const PAUSE: Duration = Duration::from_secs(10);

/// What is wrong for an hour takes somebody to mend it, who then need not wait for long.
const LONGEST_PAUSE: Duration = Duration::from_secs(60 * 60);

/// How the removal of an environment stands that nobody carries out at this moment.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removal {
    /// How often it failed in a row.
    pub failures: u32,
    /// What came in between the last time.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub reason: Option<String>,
    /// It is tried from then on.
    pub due: Timestamp,
}

// === impl Removal ===

impl Removal {
    /// By what was asked for in the environment, the newest first.
    pub fn of(requests: &[Request]) -> Self {
        let mut removal = Self::default();
        for request in requests {
            let State::Ended { at, end } = &request.state else {
                continue;
            };
            let failure = (request.want == Want::Remove)
                .then(|| failure(end))
                .flatten();
            let Some(reason) = failure else {
                break;
            };
            if removal.failures == 0 {
                removal.reason = Some(reason);
                removal.due = *at;
            }
            removal.failures += 1;
        }
        if let Some(doublings) = removal.failures.checked_sub(1) {
            let pause = PAUSE * 2_u32.pow(doublings.min(16));
            removal.due = removal.due.after(pause.min(LONGEST_PAUSE));
        }
        removal
    }
}

/// Why a removal that ended so did not remove.
fn failure(end: &End) -> Option<String> {
    match end {
        End::Refused { reason } | End::Void { reason } => Some(reason.clone()),
        End::Deployed {
            deployment,
            outcome,
        } => (*outcome != Outcome::Succeeded).then(|| format!("{deployment} {outcome}")),
        End::Unchanged
        | End::Superseded { .. }
        | End::Rejected { .. }
        | End::Expired
        | End::Cancelled { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::RequestId;
    use crate::promotion::Lane;
    use crate::request::Origin;

    fn request(want: Want, state: State) -> Request {
        Request {
            id: RequestId(1),
            environment: "development/cart".parse().unwrap(),
            want,
            lane: Lane::Regular,
            by: "anna".to_owned(),
            reason: None,
            origin: Origin::Person,
            created: Timestamp(0),
            state,
            agreement: None,
            approvals: Vec::new(),
        }
    }

    fn failed(at: u64) -> Request {
        let end = End::Refused {
            reason: format!("the proxy is gone at {at}"),
        };
        let at = Timestamp(at);
        request(Want::Remove, State::Ended { at, end })
    }

    #[test]
    fn one_that_nobody_tried_is_due_at_once() {
        assert_eq!(Removal::of(&[]), Removal::default());
        let deployed = request(
            Want::Promote,
            State::Ended {
                at: Timestamp(5),
                end: End::Refused {
                    reason: "no".to_owned(),
                },
            },
        );
        assert_eq!(Removal::of(&[deployed]), Removal::default());
    }

    #[test]
    fn each_failure_waits_longer_and_none_for_ever() {
        let pause = |failures: u64| {
            let all: Vec<_> = (0..failures).map(|n| failed(9_000 - n)).collect();
            let removal = Removal::of(&all);
            assert_eq!(u64::from(removal.failures), failures);
            assert_eq!(removal.reason.as_deref(), Some("the proxy is gone at 9000"));
            removal.due.since(Timestamp(9_000))
        };
        assert_eq!(pause(1), PAUSE);
        assert_eq!(pause(2), PAUSE * 2);
        assert_eq!(pause(4), PAUSE * 8);
        assert_eq!(pause(60), LONGEST_PAUSE);
    }

    #[test]
    fn only_failures_in_a_row_count() {
        let running = request(
            Want::Remove,
            State::Running {
                since: Timestamp(9),
            },
        );
        let opened_again = request(
            Want::Promote,
            State::Ended {
                at: Timestamp(3),
                end: End::Unchanged,
            },
        );
        let all = [running, failed(7), opened_again, failed(1), failed(0)];
        assert_eq!(Removal::of(&all).failures, 1);
    }
}
