//! Whether what was sent has arrived, and when it is tried again if not.

use std::time::Duration;

use jiff::fmt::rfc2822;

use crate::time::Timestamp;

/// After the first attempt that failed, after the second one, and so on: a hiccup is over in
/// seconds, and whoever repairs a receiver in the morning gets what was told at night.
const PAUSES: [Duration; 9] = [
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(2 * 60),
    Duration::from_secs(10 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(60 * 60),
    Duration::from_secs(3 * 60 * 60),
    Duration::from_secs(6 * 60 * 60),
    Duration::from_secs(12 * 60 * 60),
];

/// A receiver that asks for more patience than this is not waited for so long.
const LONGEST: Duration = Duration::from_secs(12 * 60 * 60);

/// What was not told by then is no news any more.
pub const STALE: Duration = Duration::from_secs(24 * 60 * 60);

/// What came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// Whether it arrived.
    pub verdict: Verdict,
    /// What the other side said, or why nothing came of it.
    pub told: String,
}

/// Whether what was sent arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The other side has it.
    Accepted,
    /// It may have it another time.
    Later {
        /// Not before, where the other side says so.
        after: Option<Duration>,
    },
    /// It will never take it as it is.
    Refused,
}

/// What follows from an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Nothing more.
    Delivered,
    /// Another attempt.
    Again {
        /// When.
        at: Timestamp,
    },
    /// No other attempt, unless somebody asks for it.
    Failed,
}

/// Decides what follows from the attempt of this number, the first being 1.
pub fn decide(verdict: Verdict, attempt: u32, now: Timestamp) -> Next {
    match verdict {
        Verdict::Accepted => Next::Delivered,
        Verdict::Refused => Next::Failed,
        Verdict::Later { after } => {
            let pause = PAUSES.get(attempt.saturating_sub(1) as usize);
            let asked = after.unwrap_or_default().min(LONGEST);
            pause.map_or(Next::Failed, |pause| Next::Again {
                at: now.after(asked.max(*pause)),
            })
        }
    }
}

/// What an HTTP status means. A redirection is followed by nobody: what is sent is for one
/// receiver.
pub fn classify(status: u16, retry_after: Option<&str>, now: Timestamp) -> Verdict {
    match status {
        200..=299 => Verdict::Accepted,
        408 | 429 | 500..=599 => Verdict::Later {
            after: retry_after.and_then(|text| parse_retry_after(text, now)),
        },
        _ => Verdict::Refused,
    }
}

/// Seconds, or a date.
fn parse_retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    // Some say fractions of a second.
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let zoned = rfc2822::parse(text).ok()?;
    let at = u64::try_from(zoned.timestamp().as_millisecond()).ok()?;
    Some(Timestamp(at).since(now))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(784_111_777_000);
    const LATER: Verdict = Verdict::Later { after: None };

    #[test]
    fn a_status_says_whether_another_attempt_has_sense() {
        for accepted in [200, 202, 204] {
            assert_eq!(classify(accepted, None, NOW), Verdict::Accepted);
        }
        for later in [408, 429, 500, 502, 503] {
            assert_eq!(classify(later, None, NOW), LATER, "{later}");
        }
        for refused in [301, 307, 400, 401, 403, 404, 410, 413] {
            assert_eq!(
                classify(refused, Some("1"), NOW),
                Verdict::Refused,
                "{refused}"
            );
        }
    }

    #[test]
    fn patience_is_asked_for_in_seconds_or_by_a_date() {
        let after = |text| match classify(429, Some(text), NOW) {
            Verdict::Later { after } => after.map(|after| after.as_millis()),
            other => panic!("{other:?}"),
        };
        assert_eq!(after("120"), Some(120_000));
        assert_eq!(after("0.25"), Some(250));
        assert_eq!(after("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60_000));
        assert_eq!(after("Sun, 06 Nov 1994 08:48:37 GMT"), Some(0));
        for nothing in ["", "soon", "-1", "NaN", "inf"] {
            assert_eq!(after(nothing), None, "{nothing}");
        }
    }

    #[test]
    fn attempts_are_further_and_further_apart_and_end() {
        let mut now = Timestamp(0);
        let mut last = Duration::ZERO;
        let mut attempts = 1;
        while let Next::Again { at } = decide(LATER, attempts, now) {
            let pause = at.since(now);
            assert!(pause > last, "{pause:?} after {last:?}");
            (now, last, attempts) = (at, pause, attempts + 1);
        }
        assert_eq!(attempts, 10);
        assert!(now.since(Timestamp(0)) < STALE);
        assert_eq!(decide(Verdict::Refused, 1, now), Next::Failed);
        assert_eq!(decide(Verdict::Accepted, 10, now), Next::Delivered);
    }

    #[test]
    fn whoever_asks_for_patience_gets_it_within_bounds() {
        let at = |seconds| {
            let after = Some(Duration::from_secs(seconds));
            match decide(Verdict::Later { after }, 1, Timestamp(0)) {
                Next::Again { at } => at.0 / 1000,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!((at(1), at(90)), (5, 90));
        assert_eq!(at(u64::MAX / 1_000_000), LONGEST.as_secs());
    }
}
