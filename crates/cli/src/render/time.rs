//! Times and durations for people.

use std::time::Duration;

use jiff::tz::TimeZone;
use shipway_pipeline::time::Timestamp;

/// `2026-11-22 03:04:05` in the local time zone.
pub(crate) fn absolute(at: Timestamp) -> String {
    local(at, "%Y-%m-%d %H:%M:%S")
}

/// `03:04:05` in the local time zone.
pub(crate) fn clock(at: Timestamp) -> String {
    local(at, "%H:%M:%S")
}

fn local(at: Timestamp, format: &str) -> String {
    match jiff::Timestamp::from_millisecond(at.0 as i64) {
        Ok(time) => time
            .to_zoned(TimeZone::system())
            .strftime(format)
            .to_string(),
        Err(_) => format!("{} ms", at.0),
    }
}

/// `3 min ago`.
pub(crate) fn ago(at: Timestamp, now: Timestamp) -> String {
    let seconds = now.since(at).as_secs();
    match seconds {
        0..=4 => "just now".to_owned(),
        5..=119 => format!("{seconds} s ago"),
        120..=7199 => format!("{} min ago", seconds / 60),
        7200..=172_799 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// `340 ms`, `1.2 s`, `3 min 20 s`.
pub(crate) fn short(duration: Duration) -> String {
    let millis = duration.as_millis();
    match millis {
        0..=999 => format!("{millis} ms"),
        1000..=59_999 => format!("{}.{} s", millis / 1000, millis % 1000 / 100),
        _ => format!("{} min {} s", millis / 60_000, millis / 1000 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_well() {
        assert_eq!(short(Duration::from_millis(34)), "34 ms");
        assert_eq!(short(Duration::from_millis(1250)), "1.2 s");
        assert_eq!(short(Duration::from_secs(200)), "3 min 20 s");
        assert_eq!(ago(Timestamp(0), Timestamp(30_000)), "30 s ago");
        assert_eq!(ago(Timestamp(0), Timestamp(7_200_000)), "2 h ago");
    }
}
