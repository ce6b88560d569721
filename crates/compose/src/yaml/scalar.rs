//! Scalars: their text as written, and the type Compose's YAML reader gives it.

use std::borrow::Cow;

use super::Number;

/// A scalar with its text as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scalar {
    /// The text, after unquoting and unescaping.
    pub text: String,
    /// Whether the text may stand for something else than a string.
    pub style: Style,
}

/// Whether a scalar's text may stand for something else than a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Written without quotes: the text decides the type.
    Plain,
    /// Quoted, a block, or made by interpolation: always a string.
    Quoted,
}

/// The type that Compose's YAML reader gives a scalar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ScalarKind {
    /// `true`, `True`, `TRUE` and the same of `false`.
    Bool,
    /// Decimal, `0x`, `0o`, `0` or `0b`.
    Integer,
    /// With a point or an exponent, `.inf`, `.nan`.
    Float,
    /// Everything else; `yes`, `on` and `12:30` are strings.
    String,
}

// === impl Scalar ===

impl Scalar {
    /// Makes a scalar that is a string whatever its text.
    #[must_use]
    pub fn string(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            style: Style::Quoted,
        }
    }

    /// Makes a scalar as if written without quotes.
    #[must_use]
    pub fn plain(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            style: Style::Plain,
        }
    }

    /// Returns the type that Compose's YAML reader gives the scalar.
    #[must_use]
    pub fn kind(&self) -> ScalarKind {
        match self.style {
            Style::Quoted => ScalarKind::String,
            Style::Plain => kind_of_plain(&self.text),
        }
    }

    /// Reads a boolean, also from a string: interpolation only makes strings.
    #[must_use]
    pub fn as_bool(&self) -> Option<bool> {
        match self.text.as_str() {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        }
    }

    /// Reads a number, also from a string, which must be decimal.
    #[must_use]
    pub fn as_number(&self) -> Option<Number> {
        match self.style {
            Style::Plain => Number::parse(&self.text),
            Style::Quoted => match self.text.parse::<i64>() {
                Ok(number) => Some(Number::Integer(number.into())),
                Err(_) => self.text.parse().ok().map(Number::Float),
            },
        }
    }

    /// Returns the text that the value has in an environment variable or a label.
    #[must_use]
    pub fn value_text(&self) -> Cow<'_, str> {
        match (self.style, self.kind()) {
            (Style::Quoted, _) | (_, ScalarKind::String) => Cow::Borrowed(&self.text),
            (_, ScalarKind::Bool) => Cow::Owned(self.text.to_ascii_lowercase()),
            (_, ScalarKind::Integer | ScalarKind::Float) => match Number::parse(&self.text) {
                Some(number) => Cow::Owned(number.to_string()),
                None => Cow::Borrowed(&self.text),
            },
        }
    }

    /// Returns whether this is anything but YAML's infinity or not-a-number.
    pub(crate) fn is_finite(&self) -> bool {
        match (self.style, Number::parse(&self.text)) {
            (Style::Plain, Some(Number::Float(number))) => number.is_finite(),
            _ => true,
        }
    }

    /// Reads a decimal integer, also from a string.
    #[must_use]
    pub fn as_u64(&self) -> Option<u64> {
        self.text.parse().ok()
    }
}

/// Returns whether an unquoted text is YAML's null.
pub(super) fn is_null(text: &str) -> bool {
    matches!(text, "" | "~" | "null" | "Null" | "NULL")
}

fn kind_of_plain(text: &str) -> ScalarKind {
    match text {
        "true" | "True" | "TRUE" | "false" | "False" | "FALSE" => ScalarKind::Bool,
        _ => match Number::parse(text) {
            Some(Number::Integer(_)) => ScalarKind::Integer,
            Some(Number::Float(_)) => ScalarKind::Float,
            None => ScalarKind::String,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_text_has_the_type_that_compose_sees() {
        let cases = [
            ("true", ScalarKind::Bool),
            ("FALSE", ScalarKind::Bool),
            ("yes", ScalarKind::String),
            ("on", ScalarKind::String),
            ("0", ScalarKind::Integer),
            ("-17", ScalarKind::Integer),
            ("0o17", ScalarKind::Integer),
            ("0xfF", ScalarKind::Integer),
            ("0x", ScalarKind::String),
            ("1.10", ScalarKind::Float),
            ("1e3", ScalarKind::Float),
            (".5", ScalarKind::Float),
            ("-.inf", ScalarKind::Float),
            (".nan", ScalarKind::Float),
            ("inf", ScalarKind::String),
            ("nan", ScalarKind::String),
            ("1.2.3", ScalarKind::String),
            ("12:30", ScalarKind::String),
            ("-", ScalarKind::String),
            (".", ScalarKind::String),
        ];
        for (text, kind) in cases {
            assert_eq!(Scalar::plain(text).kind(), kind, "{text}");
            assert_eq!(Scalar::string(text).kind(), ScalarKind::String, "{text}");
        }
    }

    #[test]
    fn booleans_and_numbers_are_read_from_strings_too() {
        assert_eq!(Scalar::string("true").as_bool(), Some(true));
        assert_eq!(Scalar::plain("yes").as_bool(), None);
        assert_eq!(Scalar::string("3").as_u64(), Some(3));
        assert_eq!(Scalar::plain("-3").as_u64(), None);
    }
}
