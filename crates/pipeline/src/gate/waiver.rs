//! Findings that somebody lets through, for a time and a reason.

use std::fmt;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::finding::Finding;
use crate::time::Timestamp;

/// A finding that somebody lets through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Waiver {
    /// The rule or vulnerability, by any of its names.
    pub finding: String,
    /// Only in this file, below this folder, or in this package.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub place: Option<String>,
    /// Why.
    pub reason: String,
    /// Who answers for it.
    pub owner: String,
    /// The last day on which it holds, in UTC.
    pub expires: Date,
}

// === impl Waiver ===

impl Waiver {
    /// Whether it still lets anything through.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        // What lies beyond every calendar is after every waiver.
        let today = jiff::Timestamp::from_millisecond(now.0.try_into().unwrap_or(i64::MAX));
        today.is_ok_and(|now| now.to_zoned(TimeZone::UTC).date() <= self.expires)
    }

    pub(super) fn is_for(&self, finding: &Finding) -> bool {
        let mut names = std::iter::once(&finding.name).chain(&finding.aliases);
        names.any(|name| *name == self.finding) && self.is_at(finding.place.as_deref())
    }

    fn is_at(&self, place: Option<&str>) -> bool {
        let Some(wanted) = self.place.as_deref() else {
            return true;
        };
        let rest = place.and_then(|place| place.strip_prefix(wanted));
        rest.is_some_and(|rest| rest.is_empty() || wanted.ends_with('/') || rest.starts_with('/'))
    }
}

impl fmt::Display for Waiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "waived by {} until {}: {}",
            self.owner, self.expires, self.reason
        )
    }
}

#[cfg(test)]
pub(super) mod testing {
    use super::*;

    /// A waiver of anna's until the second day of 1970.
    pub(in crate::gate) fn waiver(finding: &str, place: Option<&str>) -> Waiver {
        Waiver {
            finding: finding.to_owned(),
            place: place.map(str::to_owned),
            reason: "tests only".to_owned(),
            owner: "anna".to_owned(),
            expires: jiff::civil::date(1970, 1, 2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::testing::waiver;
    use super::*;

    fn at(place: &str) -> Finding {
        Finding {
            name: "PYSEC-1".to_owned(),
            aliases: vec!["CVE-1".to_owned()],
            place: Some(place.to_owned()),
            message: String::new(),
        }
    }

    #[test]
    fn it_is_for_a_finding_by_any_name_in_its_place() {
        assert!(waiver("PYSEC-1", None).is_for(&at("django")));
        assert!(waiver("CVE-1", Some("django")).is_for(&at("django")));
        assert!(!waiver("CVE-2", None).is_for(&at("django")));
        for (place, is_for) in [
            ("shop", true),
            ("shop/", true),
            ("sho", false),
            ("x", false),
        ] {
            let told = waiver("CVE-1", Some(place)).is_for(&at("shop/a.py"));
            assert_eq!(told, is_for, "{place}");
        }
    }

    #[test]
    fn it_holds_on_its_last_day_and_not_after_it() {
        let day = 86_400_000;
        let waiver = waiver("a", None);
        assert!(waiver.holds(Timestamp(2 * day - 1)));
        assert!(!waiver.holds(Timestamp(2 * day)));
        assert!(!waiver.holds(Timestamp(u64::MAX)));
    }
}
