//! What a route bears, and from whom.
//!
//! ```
//! use shipway_pipeline::route::Rate;
//! let rate: Rate = "20/s".parse().unwrap();
//! assert_eq!(rate.to_string(), "20/s");
//! assert_eq!(rate.interval().as_millis(), 50);
//! assert!("20/fortnight".parse::<Rate>().is_err());
//! ```

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::cidr::Cidr;

/// What a route bears; nothing is limited by default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limits {
    /// Requests in flight at once; one more is answered 503.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests: Option<NonZeroU32>,
    /// Bytes of a request's body; a longer one is answered 413.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<u64>,
    /// Requests of one client; one too early is answered 429.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Rate>,
    /// How many of them may come at once; as many as the rate names where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<NonZeroU32>,
    /// Connections of one client at once; what is asked on one more is answered 429.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connections: Option<NonZeroU32>,
    /// Clients that only the length of bodies is limited for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<Cidr>,
}

/// So many in some time, such as `20/s`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rate {
    count: NonZeroU32,
    per: Per,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Per {
    Second,
    Minute,
    Hour,
}

/// A text that is no rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no rate; write `20/s`, `300/m` or `1000/h`")]
pub struct InvalidRate(String);

// === impl Limits ===

impl Limits {
    /// Whether nothing is limited.
    pub fn is_empty(&self) -> bool {
        self.requests.is_none()
            && self.body.is_none()
            && self.rate.is_none()
            && self.connections.is_none()
    }
}

// === impl Rate ===

impl Rate {
    /// How many.
    pub fn count(self) -> NonZeroU32 {
        self.count
    }

    /// The time between two that come evenly.
    pub fn interval(self) -> Duration {
        let per = match self.per {
            Per::Second => Duration::from_secs(1),
            Per::Minute => Duration::from_secs(60),
            Per::Hour => Duration::from_secs(3600),
        };
        per / self.count.get()
    }
}

impl FromStr for Rate {
    type Err = InvalidRate;

    fn from_str(text: &str) -> Result<Self, InvalidRate> {
        let invalid = || InvalidRate(text.to_owned());
        let (count, per) = text.trim().split_once('/').ok_or_else(invalid)?;
        let count: NonZeroU32 = count.trim().parse().map_err(|_| invalid())?;
        let per = match per.trim() {
            "s" => Per::Second,
            "m" => Per::Minute,
            "h" => Per::Hour,
            _ => return Err(invalid()),
        };
        // More often than every microsecond is no limit.
        if count.get() > 1_000_000 {
            return Err(invalid());
        }
        Ok(Self { count, per })
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let per = match self.per {
            Per::Second => 's',
            Per::Minute => 'm',
            Per::Hour => 'h',
        };
        write!(f, "{}/{per}", self.count)
    }
}

impl TryFrom<String> for Rate {
    type Error = InvalidRate;

    fn try_from(text: String) -> Result<Self, InvalidRate> {
        text.parse()
    }
}

impl From<Rate> for String {
    fn from(rate: Rate) -> Self {
        rate.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_and_written() {
        for (text, millis) in [("20/s", 50), ("300/m", 200), ("1/h", 3_600_000)] {
            let rate: Rate = text.parse().unwrap();
            assert_eq!(rate.interval(), Duration::from_millis(millis));
            assert_eq!(rate.to_string(), text);
        }
        assert_eq!(" 5 / m ".parse::<Rate>().unwrap().to_string(), "5/m");
        for bad in [
            "",
            "5",
            "0/s",
            "-1/s",
            "5/d",
            "5/second",
            "1.5/s",
            "2000000/s",
        ] {
            assert!(bad.parse::<Rate>().is_err(), "{bad}");
        }
    }

    #[test]
    fn limits_are_kept_as_they_are_written() {
        let limits = Limits {
            requests: NonZeroU32::new(5),
            body: Some(1 << 20),
            rate: Some("20/s".parse().unwrap()),
            burst: NonZeroU32::new(40),
            connections: NonZeroU32::new(100),
            allow: vec!["10.0.0.0/8".parse().unwrap()],
        };
        let text = serde_json::to_string(&limits).unwrap();
        assert_eq!(
            text,
            r#"{"requests":5,"body":1048576,"rate":"20/s","burst":40,"connections":100,"allow":["10.0.0.0/8"]}"#
        );
        assert_eq!(serde_json::from_str::<Limits>(&text).unwrap(), limits);
    }

    #[test]
    fn any_of_them_is_a_limit() {
        assert!(Limits::default().is_empty());
        let connections = NonZeroU32::new(1);
        let one = Limits {
            connections,
            ..Limits::default()
        };
        assert!(!one.is_empty());
    }
}
