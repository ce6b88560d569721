//! Durations as Compose writes them: `1m30s`.

use std::time::Duration;

/// Reads a duration: `90s`, `1m30s`, `1.5h`, `2d`; only `0` needs no unit.
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

fn nanoseconds_of(unit: &str) -> Option<f64> {
    let nanoseconds = match unit {
        "ns" => 1.0,
        "us" | "µs" | "μs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" => 60e9,
        "h" => 3600e9,
        "d" => 24.0 * 3600e9,
        "w" => 7.0 * 24.0 * 3600e9,
        _ => return None,
    };
    Some(nanoseconds)
}

#[cfg(test)]
mod tests {
    use super::*;

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
            ("2d", 172_800_000),
            ("1w", 604_800_000),
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
            "99999999999999999999w",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
