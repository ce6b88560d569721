//! Durations as Compose writes them: `1m30s`.

use std::time::Duration;

/// Reads a duration: `90s`, `1m30s`, `1.5h`; only `0` needs no unit.
#[must_use]
pub fn parse(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text;
    let mut nanoseconds = 0_f64;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !(c.is_ascii_digit() || c == '.'))?;
        let (number, tail) = rest.split_at(digits);
        let end = tail
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(tail.len());
        let (unit, tail) = tail.split_at(end);
        nanoseconds += number.parse::<f64>().ok()? * nanoseconds_of(unit)?;
        rest = tail;
    }
    if text.is_empty() {
        return None;
    }
    Duration::try_from_secs_f64(nanoseconds / 1e9).ok()
}

/// Writes a duration as Compose does: `1h0m30s`, `1.5s`, `250ms`.
#[must_use]
pub fn format(duration: Duration) -> String {
    let nanoseconds = duration.as_nanos();
    if nanoseconds == 0 {
        return "0s".to_owned();
    }
    if nanoseconds < 1_000 {
        return format!("{nanoseconds}ns");
    }
    if nanoseconds < 1_000_000 {
        return format!("{}µs", with_fraction(nanoseconds, 3));
    }
    if nanoseconds < 1_000_000_000 {
        return format!("{}ms", with_fraction(nanoseconds, 6));
    }
    let minutes = duration.as_secs() / 60;
    let seconds = with_fraction(nanoseconds - u128::from(minutes) * 60_000_000_000, 9);
    match (minutes / 60, minutes % 60) {
        (0, 0) => format!("{seconds}s"),
        (0, minutes) => format!("{minutes}m{seconds}s"),
        (hours, minutes) => format!("{hours}h{minutes}m{seconds}s"),
    }
}

/// Divides by a power of ten and drops zeros at the end.
fn with_fraction(number: u128, digits: usize) -> String {
    let padded = format!("{number:0>width$}", width = digits + 1);
    let (whole, fraction) = padded.split_at(padded.len() - digits);
    match fraction.trim_end_matches('0') {
        "" => whole.to_owned(),
        fraction => format!("{whole}.{fraction}"),
    }
}

fn nanoseconds_of(unit: &str) -> Option<f64> {
    let nanoseconds = match unit {
        "ns" => 1.0,
        "us" | "µs" | "μs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        "h" => 3600e9,
        _ => return None,
    };
    Some(nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_written_as_by_go() {
        for (text, expected) in [
            ("0", "0s"),
            ("90s", "1m30s"),
            ("1h", "1h0m0s"),
            ("1.5h", "1h30m0s"),
            ("1500ms", "1.5s"),
            ("250ms", "250ms"),
            ("1.5us", "1.5µs"),
            ("3ns", "3ns"),
            ("61.25s", "1m1.25s"),
        ] {
            assert_eq!(parse(text).map(format).as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn units_add_up() {
        for (text, expected) in [
            ("0", 0),
            ("0s", 0),
            ("500ms", 500),
            ("90s", 90_000),
            ("1m30s", 90_000),
            ("1.5h", 5_400_000),
            ("1h2m3s4ms", 3_723_004),
        ] {
            assert_eq!(parse(text), Some(Duration::from_millis(expected)), "{text}");
        }
        assert_eq!(parse("10us"), Some(Duration::from_micros(10)));
    }

    #[test]
    fn everything_else_is_refused() {
        for text in [
            "",
            "10",
            "s",
            "-1s",
            "1x",
            "1 s",
            "1s2",
            ".s",
            "1..2s",
            "99999999999999999999h",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
