//! When backups are made by themselves.

use std::fmt;

use croner::Cron;
use croner::parser::{CronParser, Seconds, Year};
use serde::{Serialize, Serializer};

use super::Backup;
use crate::promotion::Zone;
use crate::time::Timestamp;

/// Times that come again, in a time zone: `30 3 * * *` in `Europe/Berlin`.
///
/// Where a clock is set forward over such a time, it is due right after; where it is set back over
/// one, it is due once.
///
/// ```
/// use shipway_pipeline::backup::Schedule;
/// use shipway_pipeline::time::Timestamp;
///
/// let nightly = Schedule::try_new("30 3 * * *", "Europe/Berlin".parse().unwrap()).unwrap();
/// // Midnight of 1970 in London is one in the morning in Berlin.
/// assert_eq!(nightly.next_after(Timestamp(0)), Some(Timestamp(150 * 60 * 1000)));
/// ```
#[derive(Debug, Clone)]
pub struct Schedule {
    pattern: String,
    zone: Zone,
    cron: Cron,
}

/// Why a text is no schedule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSchedule {
    /// Its pattern is none.
    #[error("`{pattern}` is no time that comes again: {reason}")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// What is wrong with it.
        reason: String,
    },
    /// It names no time that ever comes.
    #[error("`{0}` never comes")]
    Never(String),
}

// === impl Schedule ===

impl Schedule {
    /// Reads a pattern of five fields as `cron` has them, or `@daily` and the like.
    ///
    /// # Errors
    /// It is none, or no such time ever comes.
    pub fn try_new(pattern: &str, zone: Zone) -> Result<Self, InvalidSchedule> {
        let parser = CronParser::builder()
            .seconds(Seconds::Disallowed)
            .year(Year::Disallowed)
            .build();
        let cron = parser
            .parse(pattern)
            .map_err(|error| InvalidSchedule::Pattern {
                pattern: pattern.to_owned(),
                reason: error.to_string(),
            })?;
        let schedule = Self {
            pattern: pattern.to_owned(),
            zone,
            cron,
        };
        match schedule.next_after(Timestamp(0)) {
            Some(_) => Ok(schedule),
            None => Err(InvalidSchedule::Never(pattern.to_owned())),
        }
    }

    /// The next such time after a time.
    #[must_use]
    pub fn next_after(&self, at: Timestamp) -> Option<Timestamp> {
        let next = self.cron.find_next_occurrence(&self.zone.at(at), false);
        let next = next.ok()?;
        let millis = next.timestamp().as_millisecond();
        Some(Timestamp(u64::try_from(millis).ok()?))
    }

    /// Whether a backup is due: such a time has come since the last one was begun, whyever that was
    /// made, or there is none.
    #[must_use]
    pub fn is_due(&self, backups: &[Backup], now: Timestamp) -> bool {
        let last = backups.iter().map(|backup| backup.created).max();
        self.has_come_since(last, now)
    }

    /// Whether a proof is due: such a time has come since a backup was last restored and compared,
    /// or none was yet. Where there is no backup, there is nothing to prove.
    #[must_use]
    pub fn is_proof_due(&self, backups: &[Backup], now: Timestamp) -> bool {
        let last = backups.iter().filter_map(|backup| backup.proven).max();
        !backups.is_empty() && self.has_come_since(last, now)
    }

    fn has_come_since(&self, last: Option<Timestamp>, now: Timestamp) -> bool {
        last.is_none_or(|last| self.next_after(last).is_some_and(|next| next <= now))
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.pattern, self.zone)
    }
}

impl PartialEq for Schedule {
    fn eq(&self, other: &Self) -> bool {
        (&self.pattern, &self.zone) == (&other.pattern, &other.zone)
    }
}

impl Eq for Schedule {}

impl Serialize for Schedule {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::fixtures::backup;

    fn at(text: &str) -> Timestamp {
        let at: jiff::Timestamp = text.parse().unwrap();
        Timestamp(at.as_millisecond() as u64)
    }

    fn in_berlin(pattern: &str) -> Schedule {
        Schedule::try_new(pattern, "Europe/Berlin".parse().unwrap()).unwrap()
    }

    #[test]
    fn a_backup_is_due_once_its_time_has_come() {
        let nightly = in_berlin("30 3 * * *");
        let made = |text: &str| Backup {
            created: at(text),
            ..backup()
        };
        let now = at("2026-11-22T02:30:00Z");
        assert!(nightly.is_due(&[], now));
        assert!(nightly.is_due(&[made("2026-11-21T02:31:00Z")], now));
        assert!(!nightly.is_due(&[made("2026-11-21T02:31:00Z")], at("2026-11-22T02:29:59Z")));
        // The newest counts, in whatever order they stand, and whyever it was made.
        let both = [made("2026-11-22T02:30:00Z"), made("2026-01-01T00:00:00Z")];
        assert!(!nightly.is_due(&both, at("2026-11-22T12:00:00Z")));
    }

    #[test]
    fn a_proof_is_due_once_its_time_has_come_and_there_is_something_to_prove() {
        let weekly = in_berlin("0 5 * * 0");
        let proven = |text: Option<&str>| Backup {
            proven: text.map(at),
            ..backup()
        };
        let sunday = at("2026-11-22T04:00:00Z");
        assert!(!weekly.is_proof_due(&[], sunday));
        assert!(weekly.is_proof_due(&[proven(None)], sunday));
        let both = [proven(None), proven(Some("2026-11-15T04:20:00Z"))];
        assert!(weekly.is_proof_due(&both, sunday));
        assert!(!weekly.is_proof_due(&both, at("2026-11-22T03:59:59Z")));
    }

    #[test]
    fn a_time_that_a_clock_skips_or_repeats_is_due_once() {
        let nightly = in_berlin("30 2 * * *");
        // On the 29th of March the clock goes from 2:00 to 3:00.
        let before = at("2026-03-28T12:00:00Z");
        let skipped = nightly.next_after(before).unwrap();
        assert_eq!(skipped, at("2026-03-29T01:00:00Z"));
        assert_eq!(
            nightly.next_after(skipped),
            Some(at("2026-03-30T00:30:00Z"))
        );
        // On the 25th of October it goes from 3:00 back to 2:00.
        let twice = nightly.next_after(at("2026-10-24T12:00:00Z")).unwrap();
        assert_eq!(twice, at("2026-10-25T00:30:00Z"));
        assert_eq!(nightly.next_after(twice), Some(at("2026-10-26T01:30:00Z")));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        let refused = |pattern: &str| Schedule::try_new(pattern, Zone::utc()).unwrap_err();
        for pattern in [
            "",
            "every night",
            "61 * * * *",
            "* * * * * *",
            "0 0 0 1 1 * 2030",
        ] {
            let refused = refused(pattern);
            assert!(
                matches!(refused, InvalidSchedule::Pattern { .. }),
                "{pattern}"
            );
        }
        assert!(matches!(refused("0 0 31 2 *"), InvalidSchedule::Never(_)));
        let shown = Schedule::try_new("@weekly", Zone::utc())
            .unwrap()
            .to_string();
        assert_eq!(shown, "@weekly UTC");
    }
}
