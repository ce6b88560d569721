//! Who begins next: the domain's decision, and what is known of children that ended badly.
//!
//! Time and facts are handed in; nothing is done here.

use std::collections::BTreeMap;
use std::time::Duration;

use shipway_pipeline::id::RequestId;
use shipway_pipeline::request::{self, Origin, Request, State};
use shipway_pipeline::time::Timestamp;

/// A command of a person that made a request carries it out itself, unless it died by then.
const GRACE: Duration = Duration::from_secs(3);

/// After the first fault; twice as long after each further one.
const PAUSE: Duration = Duration::from_secs(1);

/// What fails so often will fail the next time as well.
const ATTEMPTS: u32 = 5;

/// What is known of children.
pub(super) struct Turns {
    parallel: usize,
    all: BTreeMap<RequestId, Known>,
}

#[derive(Default)]
struct Known {
    is_running: bool,
    /// How often it began.
    began: u32,
    faults: u32,
    last: Option<String>,
    not_before: Timestamp,
}

/// What is to be done now.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Moves {
    pub(super) superseded: Vec<(RequestId, RequestId)>,
    /// With the reason.
    pub(super) given_up: Vec<(RequestId, String)>,
    /// With whether somebody began it before.
    pub(super) start: Vec<(RequestId, bool)>,
}

// === impl Turns ===

impl Turns {
    pub(super) fn new(parallel: usize) -> Self {
        Self {
            parallel,
            all: BTreeMap::new(),
        }
    }

    /// The requests that are ours to carry out, with whether a child does.
    pub(super) fn known(&self) -> BTreeMap<RequestId, bool> {
        let all = self.all.iter();
        all.map(|(id, known)| (*id, known.is_running)).collect()
    }

    /// Nobody else is about to carry it out.
    pub(super) fn claim(&mut self, id: RequestId) {
        self.all.entry(id).or_default();
    }

    /// Decides what is to be done; `free` are those open ones that nobody carries out.
    pub(super) fn decide(&mut self, open: &[Request], free: &[RequestId], now: Timestamp) -> Moves {
        self.all
            .retain(|id, known| known.is_running || open.iter().any(|one| one.id == *id));
        let mut moves = Moves::default();
        let mut queue = Vec::new();
        for request in open {
            let known = self.all.get(&request.id);
            let is_free = free.contains(&request.id) && !known.is_some_and(|one| one.is_running);
            match request.state {
                State::Waiting { .. } | State::Ended { .. } => continue,
                State::Queued | State::Running { .. } if !is_free => {
                    queue.push(running(request, now));
                    continue;
                }
                State::Queued | State::Running { .. } => {}
            }
            if let Some(known) = known {
                if known.faults >= ATTEMPTS {
                    let reason = known.last.clone().unwrap_or_default();
                    moves.given_up.push((request.id, reason));
                    continue;
                }
                if now < known.not_before {
                    // It has its place all the same: what came after it does not overtake it.
                    queue.push(running(request, now));
                    continue;
                }
            }
            if known.is_none() && is_somebodys(request, now) {
                continue;
            }
            if matches!(request.state, State::Running { .. }) {
                queue.push(running(request, now));
                moves.start.push((request.id, true));
            } else {
                queue.push(request.clone());
            }
        }
        let turn = request::decide(&queue, self.parallel);
        moves.superseded = turn.superseded;
        for id in turn.start {
            let is_again = self.all.get(&id).is_some_and(|known| known.faults > 0);
            moves.start.push((id, is_again));
        }
        for (id, _) in &moves.start {
            let known = self.all.entry(*id).or_default();
            known.is_running = true;
            known.began += 1;
        }
        moves
    }

    /// When [`Self::decide`] may say something else although nothing happened in between.
    pub(super) fn next(&self, open: &[Request], now: Timestamp) -> Option<Timestamp> {
        let moments = open.iter().map(|request| match request.state {
            State::Waiting { expires } => Some(expires),
            State::Queued | State::Running { .. } => match self.all.get(&request.id) {
                Some(known) => (!known.is_running).then_some(known.not_before),
                None => Some(request.created.after(GRACE)),
            },
            State::Ended { .. } => None,
        });
        moments.flatten().filter(|moment| *moment > now).min()
    }

    /// A child ended; whether its request did, the store knows.
    pub(super) fn ended(&mut self, id: RequestId, fault: Option<String>, now: Timestamp) {
        let known = self.all.entry(id).or_default();
        known.is_running = false;
        if fault.is_some() {
            known.faults += 1;
            known.last = fault;
        }
        // Also one that was killed: whoever kills has a moment to notice.
        let doublings = known.began.saturating_sub(1).min(6);
        known.not_before = now.after(PAUSE * 2_u32.pow(doublings));
    }
}

/// The request as the domain is to see it: it has its environment.
fn running(request: &Request, now: Timestamp) -> Request {
    Request {
        state: State::Running { since: now },
        ..request.clone()
    }
}

/// Whether the command that made it is about to carry it out.
pub(super) fn is_somebodys(request: &Request, now: Timestamp) -> bool {
    request.origin == Origin::Person
        && request.state == State::Queued
        && request.agreement.is_none()
        && now.since(request.created) < GRACE
}

#[cfg(test)]
mod tests {
    use super::*;
    use shipway_pipeline::promotion::Lane;
    use shipway_pipeline::request::Want;

    fn request(id: u64, environment: &str, state: State) -> Request {
        Request {
            id: RequestId(id),
            environment: environment.parse().unwrap(),
            want: Want::Promote,
            lane: Lane::Regular,
            by: "anna".to_owned(),
            reason: None,
            origin: Origin::Push {
                branch: "main".to_owned(),
            },
            created: Timestamp(0),
            state,
            agreement: None,
            approvals: Vec::new(),
        }
    }

    fn running() -> State {
        State::Running {
            since: Timestamp(0),
        }
    }

    #[test]
    fn what_nobody_carries_out_any_more_is_begun_again() {
        let mut turns = Turns::new(2);
        let open = [
            request(1, "testing", running()),
            request(2, "staging", running()),
            request(3, "testing", State::Queued),
        ];
        let free = [RequestId(2), RequestId(3)];
        let moves = turns.decide(&open, &free, Timestamp(9_000));
        assert_eq!(moves.start, [(RequestId(2), true)]);
        // It has a child now, and is not begun a second time.
        assert_eq!(turns.known().len(), 1);
        assert_eq!(
            turns.decide(&open, &[RequestId(3)], Timestamp(9_001)),
            Moves::default()
        );
    }

    #[test]
    fn a_command_carries_its_own_request_out_unless_it_died() {
        let mut turns = Turns::new(2);
        let mut mine = request(1, "testing", State::Queued);
        mine.origin = Origin::Person;
        let (open, free) = ([mine], [RequestId(1)]);
        assert_eq!(
            turns.decide(&open, &free, Timestamp(2_999)),
            Moves::default()
        );
        let moves = turns.decide(&open, &free, Timestamp(3_000));
        assert_eq!(moves.start, [(RequestId(1), false)]);

        let mut turns = Turns::new(2);
        turns.claim(RequestId(1));
        let moves = turns.decide(&open, &free, Timestamp(1));
        assert_eq!(moves.start, [(RequestId(1), false)]);
    }

    #[test]
    fn time_alone_makes_a_difference_at_known_moments() {
        let mut turns = Turns::new(1);
        let mut mine = request(1, "testing", State::Queued);
        mine.origin = Origin::Person;
        let waiting = State::Waiting {
            expires: Timestamp(90_000),
        };
        let open = [mine, request(2, "staging", waiting)];
        assert_eq!(turns.next(&open, Timestamp(0)), Some(Timestamp(3_000)));
        assert_eq!(turns.next(&open, Timestamp(3_000)), Some(Timestamp(90_000)));
        let moves = turns.decide(&open, &[RequestId(1)], Timestamp(3_000));
        assert_eq!(moves.start, [(RequestId(1), false)]);
        assert_eq!(turns.next(&open[..1], Timestamp(3_000)), None);
        turns.ended(RequestId(1), Some("no file".to_owned()), Timestamp(4_000));
        assert_eq!(turns.next(&open, Timestamp(4_000)), Some(Timestamp(5_000)));
    }

    #[test]
    fn what_fails_again_and_again_waits_longer_and_is_given_up() {
        let mut turns = Turns::new(1);
        let open = [
            request(1, "testing", State::Queued),
            request(2, "staging", State::Queued),
        ];
        let free = [RequestId(1), RequestId(2)];
        let mut now = Timestamp(0);
        for attempt in 0..ATTEMPTS {
            let moves = turns.decide(&open, &free, now);
            assert_eq!(moves.start, [(RequestId(1), attempt > 0)], "{attempt}");
            turns.ended(RequestId(1), Some("no file".to_owned()), now);
            if attempt + 1 < ATTEMPTS {
                // Its place is kept meanwhile.
                assert_eq!(turns.decide(&open, &free, now), Moves::default());
            }
            now = now.after(PAUSE * 2_u32.pow(attempt));
        }
        let moves = turns.decide(&open, &free, now);
        assert_eq!(moves.given_up, [(RequestId(1), "no file".to_owned())]);
        assert_eq!(moves.start, [(RequestId(2), false)]);
    }
}
