//! Scalars read by the type that the specification gives them.

use crate::short::bytes;
use crate::yaml::{Node, Number, Style};

/// Reads a boolean; texts may also be `yes`, `on` and the like, as in Compose.
pub(crate) fn flag(node: &Node) -> Option<bool> {
    let text = node.as_str()?;
    match text.to_ascii_lowercase().as_str() {
        "true" | "y" | "yes" | "on" => Some(true),
        "false" | "n" | "no" | "off" => Some(false),
        _ => None,
    }
}

/// Reads a whole number.
pub(crate) fn whole(node: &Node) -> Option<i128> {
    let scalar = node.as_scalar()?;
    match scalar.as_number()? {
        Number::Integer(number) => Some(number),
        // `2.0` is a whole number for Compose, `"2.0"` is not.
        Number::Float(number) if scalar.style == Style::Plain && number.fract() == 0.0 => {
            format!("{number}").parse().ok()
        }
        Number::Float(_) => None,
    }
}

/// Reads a number with a fraction, as precise as Compose keeps it.
pub(crate) fn fraction(node: &Node) -> Option<f32> {
    match node.as_scalar()?.as_number()? {
        Number::Integer(number) => format!("{number}").parse().ok(),
        Number::Float(number) => format!("{number}").parse().ok(),
    }
}

/// Reads a number of bytes; it may be negative, as swap without limit is -1.
pub(crate) fn size(node: &Node) -> Option<i64> {
    let scalar = node.as_scalar()?;
    match (scalar.style, Number::parse(&scalar.text)) {
        (Style::Plain, Some(Number::Integer(number))) => i64::try_from(number).ok(),
        // Compose takes `1.5` for 0 bytes without a word.
        (Style::Plain, Some(Number::Float(_))) => None,
        _ => bytes::parse(&scalar.text),
    }
}
