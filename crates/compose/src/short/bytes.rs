//! Numbers of bytes: `64m`, `1.5 GiB`.

/// Reads a number of bytes with an optional unit; units count by 1,024.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    let end = text.rfind(|c: char| c.is_ascii_digit() || matches!(c, '.' | ' '))?;
    let (number, unit) = text.split_at(end + 1);
    let number: f64 = number.strip_suffix(' ').unwrap_or(number).parse().ok()?;
    if !number.is_finite() || number < 0.0 {
        return None;
    }
    let unit = unit.to_ascii_lowercase();
    let unit = match unit.as_str() {
        "" | "b" => return whole(number),
        unit => unit
            .strip_suffix("ib")
            .or_else(|| unit.strip_suffix('b'))
            .unwrap_or(unit),
    };
    let power = ["k", "m", "g", "t", "p"]
        .iter()
        .position(|known| *known == unit)?;
    whole(number * 1024_f64.powi(i32::try_from(power).ok()? + 1))
}

/// Cuts the fraction off.
fn whole(number: f64) -> Option<i64> {
    format!("{:.0}", number.trunc()).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_count_by_1024() {
        for (text, expected) in [
            ("0", 0),
            ("10", 10),
            ("10b", 10),
            ("1k", 1024),
            ("1KB", 1024),
            ("1KiB", 1024),
            ("1.5g", 1_610_612_736),
            ("64 m", 67_108_864),
            ("1.1k", 1126),
            ("1t", 1_099_511_627_776),
        ] {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_sizes() {
        for text in [
            "",
            "m",
            "-1",
            "1x",
            "1mm",
            "1 m b",
            "one",
            "1e400",
            "99999999p",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
