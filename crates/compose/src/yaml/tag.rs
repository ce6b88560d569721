//! Tags that stay on a node after parsing.

use std::fmt;

/// A tag that stays on a node after parsing.
///
/// YAML's own tags (`!!str`, `!!int`, …) are applied while parsing and do not
/// stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tag {
    /// `!reset`: the merge takes the key away.
    Reset,
    /// `!override`: the merge replaces instead of combining.
    Override,
    /// Any other tag, as written. Compose ignores it.
    Other(String),
}

// === impl Tag ===

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reset => f.write_str("!reset"),
            Self::Override => f.write_str("!override"),
            Self::Other(text) => f.write_str(text),
        }
    }
}
