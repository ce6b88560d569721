//! When a certificate is asked for, and how long nobody asks after it could not be had.
//!
//! Let's Encrypt refuses to look after 5 failed looks at a host within an hour, and to issue the
//! same certificate more than 5 times a week. What is refused is asked for again after 1, 4, 16, …
//! minutes: four times in the first hour. An authority that does not answer has counted nothing: it
//! is asked after 1, 2, 4, … minutes, so that the certificate is soon there once it does.

use std::time::Duration;

use shipway_pipeline::route::{Acme, Challenge};

use super::record::{Pending, Record};

/// After what was refused: twice a day is as often as somebody may have mended it.
const LONGEST_REFUSED: i64 = 12 * 60 * 60;

/// After an authority did not answer.
const LONGEST_UNREACHED: i64 = 60 * 60;

/// How long an authority is believed that wants not to be asked: the longest limit that is known is
/// counted over a week.
const LONGEST_ASKED: i64 = 8 * 24 * 60 * 60;

/// So many times as long as after the first failure nobody asks after a certificate came: one that
/// is to be renewed as soon as it is there, since a clock is wrong, is no reason to ask all the time.
const AFTER_SUCCESS: u32 = 60;

/// What of a delay is up to chance, so that not all come at once: a tenth.
const SPREAD: i64 = 10;

/// The time that a certificate holds for, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Validity {
    /// Its first second.
    pub(crate) begins: i64,
    /// The second at which it is over.
    pub(crate) ends: i64,
}

/// What is to be done for a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Action {
    /// Nothing before this second.
    Wait(i64),
    /// Ask for a certificate, or go on with that.
    Ask,
}

/// Why an attempt came to nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) kind: Kind,
    /// In one line.
    pub(super) reason: String,
    /// The second before which the authority wants to hear nothing.
    pub(super) until: Option<i64>,
}

/// What an attempt failed by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The authority looked, and says no: another challenge may do better.
    Refused,
    /// It has been asked too often.
    Limited,
    /// Nobody has looked at anything: what was begun may be gone on with.
    Unreached,
}

/// What is to be done for a host whose attempts have come so far.
pub(super) fn next(record: &Record, present: Option<Validity>, now: i64) -> Action {
    let due = present.map_or(i64::MIN, |present| present.due(record.chance));
    let wait = due.max(record.not_before).max(record.asked_until);
    if now < wait {
        Action::Wait(wait)
    } else {
        Action::Ask
    }
}

/// An attempt begins. Whoever dies before there is an order begins anew, but not at once.
pub(super) fn begin(record: Record, now: i64, pace: Duration) -> Record {
    Record {
        not_before: match record.order {
            Some(_) => record.not_before,
            None => now.saturating_add(seconds(pace)),
        },
        ..record
    }
}

/// An attempt came to nothing; `chance` is any number.
pub(super) fn fail(
    record: Record,
    failure: Failure,
    now: i64,
    pace: Duration,
    chance: u64,
) -> Record {
    let (factor, longest) = match failure.kind {
        Kind::Refused | Kind::Limited => (4_i64, LONGEST_REFUSED),
        Kind::Unreached => (2, LONGEST_UNREACHED),
    };
    let before = seconds(pace).saturating_mul(factor.saturating_pow(record.failures));
    let delay = before.min(longest.max(seconds(pace)));
    let delay = delay + (delay / SPREAD) * i64::from(share(chance)) / i64::from(u8::MAX);
    let until = failure.until.unwrap_or_default();
    let is_refused = failure.kind == Kind::Refused;
    Record {
        order: record.order.filter(|_| !is_refused),
        failures: record.failures.saturating_add(1),
        refused: record.refused.wrapping_add(u32::from(is_refused)),
        problem: Some(failure.reason),
        not_before: now.saturating_add(delay),
        asked_until: until.min(now.saturating_add(LONGEST_ASKED)),
        chance,
    }
}

/// A certificate came; `chance` is any number.
pub(super) fn done(now: i64, pace: Duration, chance: u64) -> Record {
    Record {
        chance,
        not_before: now.saturating_add(seconds(pace * AFTER_SUCCESS)),
        ..Record::default()
    }
}

/// Where the certificate that there is has just come, whoever asked for it has died before they could
/// say so: nothing is under way, and nothing wrong.
pub(super) fn settle(record: &mut Record, present: Option<Validity>, now: i64) {
    let is_settled = record.order.is_none() && record.problem.is_none();
    if is_settled || present.is_none_or(|present| now >= present.earliest()) {
        return;
    }
    *record = Record {
        chance: record.chance,
        not_before: record.not_before,
        asked_until: record.asked_until,
        ..Record::default()
    };
}

/// Somebody wants it to be tried now; what the authority wants goes before that.
pub(super) fn again(record: &mut Record) {
    record.not_before = 0;
}

/// The challenge whose turn it is: the next one each time that one was refused.
pub(super) fn challenge(acme: &Acme, record: &Record) -> Option<Challenge> {
    let count = acme.challenges.len().max(1);
    let turn = usize::try_from(record.refused).unwrap_or_default() % count;
    acme.challenges.get(turn).copied()
}

/// The order that is gone on with; one whose challenge nobody wants to answer any more is not.
pub(super) fn pending<'a>(acme: &Acme, record: &'a Record) -> Option<&'a Pending> {
    let order = record.order.as_ref();
    order.filter(|order| acme.challenges.contains(&order.challenge))
}

fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

fn share(chance: u64) -> u8 {
    chance.to_be_bytes()[0]
}

// === impl Validity ===

impl Validity {
    /// When it is renewed: after two thirds of its time, and up to a thirtieth of that earlier.
    fn due(self, chance: u64) -> i64 {
        let whole = self.ends.saturating_sub(self.begins).max(0);
        let early = whole / 45 * i64::from(share(chance)) / i64::from(u8::MAX);
        self.begins + whole / 3 * 2 - early
    }

    /// Before this second it is renewed in no case.
    fn earliest(self) -> i64 {
        self.due(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60;
    const DAY: i64 = 24 * 60 * MINUTE;
    const PACE: Duration = Duration::from_secs(60);

    fn acme() -> Acme {
        Acme {
            directory: "https://ca/".to_owned(),
            email: "a@a.org".to_owned(),
            ca: None,
            challenges: vec![Challenge::Http, Challenge::TlsAlpn],
        }
    }

    fn failure(kind: Kind) -> Failure {
        Failure {
            kind,
            reason: "no".to_owned(),
            until: None,
        }
    }

    fn order(challenge: Challenge) -> Pending {
        Pending {
            url: "https://ca/order/1".to_owned(),
            challenge,
            key: None,
            proof: None,
        }
    }

    /// The seconds at which it asks within so much time, if everything fails in one way.
    fn attempts(kind: Kind, until: i64, chance: u64) -> Vec<i64> {
        let (mut record, mut now, mut asked) = (Record::default(), 0, Vec::new());
        while now <= until {
            match next(&record, None, now) {
                Action::Wait(second) => now = second,
                Action::Ask => {
                    asked.push(now);
                    record = fail(begin(record, now, PACE), failure(kind), now, PACE, chance);
                }
            }
        }
        asked
    }

    #[test]
    fn one_that_is_due_as_soon_as_it_is_there_is_not_asked_for_all_the_time() {
        let now = 80 * DAY;
        let present = Validity {
            begins: 0,
            ends: 90 * DAY,
        };
        let mut record = done(now, PACE, 0);
        let hour = now + 60 * MINUTE;
        assert_eq!(next(&record, Some(present), now), Action::Wait(hour));
        assert_eq!(next(&record, Some(present), hour), Action::Ask);
        again(&mut record);
        assert_eq!(next(&record, Some(present), now), Action::Ask);
    }

    #[test]
    fn a_certificate_is_asked_for_at_once_and_renewed_after_two_thirds() {
        let record = Record::default();
        assert_eq!(next(&record, None, 5), Action::Ask);
        let present = Validity {
            begins: 0,
            ends: 90 * DAY,
        };
        let due = 60 * DAY;
        assert_eq!(next(&record, Some(present), due - 1), Action::Wait(due));
        assert_eq!(next(&record, Some(present), due), Action::Ask);
        let early = Record {
            chance: u64::MAX,
            ..Record::default()
        };
        let Action::Wait(early) = next(&early, Some(present), 0) else {
            panic!("it is not due");
        };
        assert!((58 * DAY..due).contains(&early), "{early}");
    }

    #[test]
    fn what_is_refused_is_asked_for_less_often_than_authorities_bear() {
        for chance in [0, u64::MAX / 2, u64::MAX] {
            let asked = attempts(Kind::Refused, 30 * DAY, chance);
            for from in &asked {
                let hour = |at: &&i64| (*from..*from + 60 * MINUTE).contains(*at);
                assert!(asked.iter().filter(hour).count() <= 4, "{asked:?}");
            }
            let last = asked.windows(2).last().unwrap();
            assert!((12..=14).contains(&((last[1] - last[0]) / (60 * MINUTE))));
        }
    }

    #[test]
    fn an_authority_that_does_not_answer_is_asked_within_the_hour() {
        let asked = attempts(Kind::Unreached, DAY, 0);
        assert_eq!(asked[..4], [0, MINUTE, 3 * MINUTE, 7 * MINUTE]);
        let gaps = asked.windows(2).map(|pair| pair[1] - pair[0]);
        assert_eq!(gaps.max(), Some(60 * MINUTE));
    }

    #[test]
    fn what_the_authority_asks_for_goes_before_everything() {
        let failure = Failure {
            until: Some(3 * DAY),
            ..failure(Kind::Limited)
        };
        let mut record = fail(Record::default(), failure.clone(), 0, PACE, 0);
        assert_eq!(next(&record, None, MINUTE), Action::Wait(3 * DAY));
        again(&mut record);
        assert_eq!(next(&record, None, MINUTE), Action::Wait(3 * DAY));
        // But not for ever, by a clock that is wrong.
        let for_ever = Failure {
            until: Some(i64::MAX),
            ..failure
        };
        let record = fail(Record::default(), for_ever, 0, PACE, 0);
        assert_eq!(next(&record, None, MINUTE), Action::Wait(8 * DAY));
    }

    #[test]
    fn what_is_left_of_an_order_is_forgotten_where_its_certificate_is_there() {
        let present = Validity {
            begins: 0,
            ends: 90 * DAY,
        };
        let left = || Record {
            order: Some(order(Challenge::Http)),
            failures: 2,
            problem: Some("no".to_owned()),
            not_before: 7,
            chance: 9,
            ..Record::default()
        };
        let mut record = left();
        settle(&mut record, Some(present), DAY);
        let settled = Record {
            not_before: 7,
            chance: 9,
            ..Record::default()
        };
        assert_eq!(record, settled);
        // A renewal that is under way, and the first order, are gone on with.
        for (present, now) in [(Some(present), 60 * DAY), (None, DAY)] {
            let mut record = left();
            settle(&mut record, present, now);
            assert_eq!(record, left());
        }
    }

    #[test]
    fn somebody_can_have_it_tried_now() {
        let mut record = fail(Record::default(), failure(Kind::Refused), 0, PACE, 0);
        assert_eq!(next(&record, None, 1), Action::Wait(MINUTE));
        again(&mut record);
        assert_eq!(next(&record, None, 1), Action::Ask);
    }

    #[test]
    fn what_one_challenge_did_not_show_the_other_may() {
        let mut record = Record {
            order: Some(order(Challenge::Http)),
            ..Record::default()
        };
        assert_eq!(challenge(&acme(), &record), Some(Challenge::Http));
        record = fail(record, failure(Kind::Unreached), 0, PACE, 0);
        assert_eq!(challenge(&acme(), &record), Some(Challenge::Http));
        assert!(pending(&acme(), &record).is_some());
        record = fail(record, failure(Kind::Refused), 0, PACE, 0);
        assert_eq!(challenge(&acme(), &record), Some(Challenge::TlsAlpn));
        assert!(pending(&acme(), &record).is_none());
        record = fail(record, failure(Kind::Refused), 0, PACE, 0);
        assert_eq!(challenge(&acme(), &record), Some(Challenge::Http));
    }

    #[test]
    fn an_order_by_a_challenge_that_is_not_wanted_any_more_is_left() {
        let record = Record {
            order: Some(order(Challenge::TlsAlpn)),
            ..Record::default()
        };
        let only_http = Acme {
            challenges: vec![Challenge::Http],
            ..acme()
        };
        assert!(pending(&acme(), &record).is_some());
        assert!(pending(&only_http, &record).is_none());
    }

    #[test]
    fn who_is_killed_over_and_over_goes_on_with_an_order_and_makes_no_new_ones() {
        let begun = begin(Record::default(), 100, PACE);
        assert_eq!(next(&begun, None, 101), Action::Wait(160));
        let with_order = Record {
            order: Some(order(Challenge::Http)),
            not_before: 0,
            ..begun
        };
        assert_eq!(next(&begin(with_order, 101, PACE), None, 101), Action::Ask);
    }
}
