//! How serious a kind of problem is.

use std::fmt;
use std::str::FromStr;

/// How serious a kind of problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Level {
    /// Nothing is deployed with it.
    Error,
    /// It is told, and nothing else happens.
    Warning,
    /// It is not told.
    Off,
}

/// A text that is no level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is no level: it is `error`, `warning` or `off`")]
pub struct UnknownLevel {
    text: String,
}

// === impl Level ===

impl Level {
    /// Returns the word that configuration uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Off => "off",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Level {
    type Err = UnknownLevel;

    fn from_str(text: &str) -> Result<Self, UnknownLevel> {
        [Self::Error, Self::Warning, Self::Off]
            .into_iter()
            .find(|level| level.as_str() == text)
            .ok_or_else(|| UnknownLevel {
                text: text.to_owned(),
            })
    }
}
