//! Numbers as Compose's YAML reader sees them.
//!
//! That reader is Go's: `010` is 8 as in YAML 1.1, `0o10` is 8 as in YAML 1.2,
//! `1_000` is a number, and `12:30` is none.

/// A number of a plain scalar.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// Decimal, octal, hexadecimal or binary.
    Integer(i128),
    /// With a point or an exponent, or too large for 64 bits.
    Float(f64),
}

// === impl Number ===

impl Number {
    /// Reads an unquoted text.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => {
                return Some(Self::Float(f64::INFINITY));
            }
            "-.inf" | "-.Inf" | "-.INF" => return Some(Self::Float(f64::NEG_INFINITY)),
            ".nan" | ".NaN" | ".NAN" => return Some(Self::Float(f64::NAN)),
            _ => {}
        }
        if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
            return None;
        }
        let plain = text.replace('_', "");
        integer(&plain).or_else(|| float(&plain))
    }
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Integer(number) => write!(f, "{number}"),
            Self::Float(number) => f.write_str(&float_text(*number)),
        }
    }
}

fn integer(text: &str) -> Option<Number> {
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    if !digits.starts_with(|c: char| c.is_digit(radix)) {
        return None;
    }
    let number = i128::from_str_radix(digits, radix).ok()?;
    let number = if negative { -number } else { number };
    let fits = (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&number);
    fits.then_some(Number::Integer(number))
}

fn float(text: &str) -> Option<Number> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    // Rust's grammar also knows `inf`, `nan` and `infinity`, which YAML does not.
    let is_float = unsigned.starts_with(|c: char| c.is_ascii_digit() || c == '.')
        && unsigned.contains(|c: char| c.is_ascii_digit())
        && unsigned
            .chars()
            .all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+' | '-'));
    if !is_float {
        return None;
    }
    text.parse::<f64>().ok().map(Number::Float)
}

/// Writes a number as Go does: shortest form, with an exponent from a million on.
fn float_text(number: f64) -> String {
    if number.is_nan() {
        return "NaN".to_owned();
    }
    if number.is_infinite() {
        return if number > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if (-4..6).contains(&exponent) {
        return format!("{number}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{digits}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_text_that_go_gives_them() {
        for (text, expected) in [
            ("0", "0"),
            ("+5", "5"),
            ("010", "8"),
            ("0o10", "8"),
            ("0x10", "16"),
            ("0b11", "3"),
            ("1_000", "1000"),
            ("08", "8"),
            ("1.10", "1.1"),
            (".5", "0.5"),
            ("-0.0", "-0"),
            ("1e3", "1000"),
            ("1e30", "1e+30"),
            ("1e-7", "1e-07"),
            ("123456789012345678901", "1.2345678901234568e+20"),
            ("18446744073709551615", "18446744073709551615"),
        ] {
            let number = Number::parse(text).map(|number| number.to_string());
            assert_eq!(number.as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn other_texts_are_no_numbers() {
        for text in [
            "", "-", ".", "x", "0x", "1.2.3", "12:30", "inf", "_1", "1e", "--1", "é",
        ] {
            assert_eq!(Number::parse(text), None, "{text}");
        }
    }
}
