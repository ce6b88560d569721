//! Times in which nothing is deployed.

use std::fmt;
use std::str::FromStr;

use jiff::civil::{DateTime, Time, Weekday};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use jiff::{Timestamp as Instant, ToSpan as _, Zoned};
use serde::{Serialize, Serializer};

use crate::time::Timestamp;

/// A time in which nothing is deployed, in the wall clock of one place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Freeze {
    /// When.
    #[serde(flatten)]
    pub window: Window,
    /// Where the clock hangs.
    pub time_zone: Zone,
    /// Why, for those who are refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// From one moment to another; the first belongs to it, the second does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Window {
    /// Every week.
    Weekly {
        /// Its beginning.
        from: WeekTime,
        /// Its end; of the next week where it is not after the beginning.
        until: WeekTime,
    },
    /// Once.
    Once {
        /// Its beginning.
        from: DateTime,
        /// Its end.
        until: DateTime,
    },
}

/// A moment of every week, such as `fri 16:00`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WeekTime {
    day: Weekday,
    time: Time,
}

/// A time zone by its name, such as `Europe/Berlin`.
///
/// The rules of all zones are part of the program, so the answer is the same on every machine.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone(TimeZone);

/// Names of the days as they are written.
const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

// === impl Freeze ===

impl Freeze {
    /// When it ends, if it holds now.
    pub fn ends(&self, now: Timestamp) -> Option<Timestamp> {
        let now = self.time_zone.at(now);
        let until = match &self.window {
            Window::Once { from, until } => {
                let is_within = *from <= now.datetime() && now.datetime() < *until;
                is_within.then_some(*until)?
            }
            Window::Weekly { from, until } => {
                let into = |at: WeekTime| at.minutes();
                let at = WeekTime::of(&now).minutes();
                let is_within = if into(*from) < into(*until) {
                    (into(*from)..into(*until)).contains(&at)
                } else {
                    at >= into(*from) || at < into(*until)
                };
                is_within.then(|| until.next_after(&now))?
            }
        };
        Some(self.time_zone.moment(until))
    }
}

// === impl WeekTime ===

impl WeekTime {
    fn of(at: &Zoned) -> Self {
        Self {
            day: at.weekday(),
            time: at.time(),
        }
    }

    /// Since Monday's midnight.
    fn minutes(self) -> i32 {
        const DAY: i32 = 24 * 60;
        let day = i32::from(self.day.to_monday_zero_offset());
        day * DAY + i32::from(self.time.hour()) * 60 + i32::from(self.time.minute())
    }

    /// The first time that the clock shows it after `now`.
    fn next_after(self, now: &Zoned) -> DateTime {
        let days = i64::from(self.day.since(now.weekday()));
        let date = now.date().saturating_add(days.days());
        let at = date.to_datetime(self.time);
        if at > now.datetime() {
            at
        } else {
            at.saturating_add(1.week())
        }
    }
}

impl FromStr for WeekTime {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (day, time) = text.trim().split_once(char::is_whitespace).ok_or(())?;
        let is_day = |(name, _): &&(&str, Weekday)| day.eq_ignore_ascii_case(name);
        let (_, day) = DAYS.iter().find(is_day).ok_or(())?;
        let (hour, minute) = time.trim().split_once(':').ok_or(())?;
        let number = |text: &str| text.parse::<i8>().map_err(|_| ());
        let time = Time::new(number(hour)?, number(minute)?, 0, 0).map_err(|_| ())?;
        Ok(Self { day: *day, time })
    }
}

impl fmt::Display for WeekTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = DAYS.iter().find(|(_, day)| *day == self.day);
        let name = name.map_or("", |(name, _)| name);
        write!(
            f,
            "{name} {:02}:{:02}",
            self.time.hour(),
            self.time.minute()
        )
    }
}

impl Serialize for WeekTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

// === impl Zone ===

impl Zone {
    /// The zone that has no summer time and is nobody's.
    pub fn utc() -> Self {
        Self(TimeZone::UTC)
    }

    /// What a clock there shows.
    pub(crate) fn at(&self, at: Timestamp) -> Zoned {
        let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
        let instant = Instant::from_millisecond(millis).unwrap_or(Instant::MAX);
        instant.to_zoned(self.0.clone())
    }

    /// When the clock shows it. What a change to summer time leaves out is taken as just after
    /// it; of what the change back brings twice, the first.
    fn moment(&self, at: DateTime) -> Timestamp {
        let millis = self.0.to_timestamp(at).map_or(0, Instant::as_millisecond);
        Timestamp(u64::try_from(millis).unwrap_or(0))
    }
}

impl FromStr for Zone {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        TimeZoneDatabase::bundled()
            .get(name)
            .map(Self)
            .map_err(|_| format!("there is no time zone `{name}`"))
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.iana_name().unwrap_or("UTC"))
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weekly(from: &str, until: &str, zone: &str) -> Freeze {
        Freeze {
            window: Window::Weekly {
                from: from.parse().unwrap(),
                until: until.parse().unwrap(),
            },
            time_zone: zone.parse().unwrap(),
            reason: None,
        }
    }

    fn at(text: &str) -> Timestamp {
        let instant: Instant = text.parse().unwrap();
        Timestamp(instant.as_millisecond() as u64)
    }

    #[test]
    fn a_weekend_goes_over_the_end_of_the_week() {
        let weekend = weekly("fri 16:00", "mon 07:00", "Europe/Berlin");
        // 20 November 2026 is a Friday; Berlin is an hour ahead of UTC then.
        let end = Some(at("2026-11-23T06:00:00Z"));
        assert_eq!(weekend.ends(at("2026-11-20T14:59:59Z")), None);
        assert_eq!(weekend.ends(at("2026-11-20T15:00:00Z")), end);
        assert_eq!(weekend.ends(at("2026-11-22T12:00:00Z")), end);
        assert_eq!(weekend.ends(at("2026-11-23T05:59:59Z")), end);
        assert_eq!(weekend.ends(at("2026-11-23T06:00:00Z")), None);
    }

    #[test]
    fn the_clock_on_the_wall_counts_in_summer_as_in_winter() {
        let night = weekly("wed 22:00", "thu 06:00", "Europe/Berlin");
        assert!(night.ends(at("2026-07-01T20:30:00Z")).is_some());
        assert!(night.ends(at("2026-12-02T20:30:00Z")).is_none());
        assert!(night.ends(at("2026-12-02T21:30:00Z")).is_some());
    }

    #[test]
    fn a_freeze_over_the_holidays_holds_once() {
        let holidays = Freeze {
            window: Window::Once {
                from: "2026-12-20T00:00".parse().unwrap(),
                until: "2027-01-02T00:00".parse().unwrap(),
            },
            time_zone: Zone::utc(),
            reason: Some("holidays".to_owned()),
        };
        assert_eq!(
            holidays.ends(at("2026-12-31T23:00:00Z")),
            Some(at("2027-01-02T00:00:00Z"))
        );
        assert_eq!(holidays.ends(at("2027-12-31T23:00:00Z")), None);
    }

    #[test]
    fn from_a_moment_to_the_same_is_all_week() {
        let always = weekly("mon 00:00", "mon 00:00", "UTC");
        assert!(always.ends(at("2026-11-19T12:00:00Z")).is_some());
        assert!(always.ends(at("2026-11-23T00:00:00Z")).is_some());
    }

    #[test]
    fn what_is_no_moment_of_a_week_is_refused() {
        for text in [
            "",
            "fri",
            "16:00",
            "fri 24:00",
            "fri 4",
            "freitag 16:00",
            "fri 16:00:00",
        ] {
            assert!(text.parse::<WeekTime>().is_err(), "{text}");
        }
        let friday: WeekTime = " Fri  9:05".parse().unwrap();
        assert_eq!(friday.to_string(), "fri 09:05");
        assert!("Europe/Atlantis".parse::<Zone>().is_err());
    }
}
