//! Clients that stay with the instance that answered them first.

use serde::{Deserialize, Serialize};

/// By which cookie a client is known again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sticky {
    /// The cookie's name.
    pub cookie: String,
    /// For how many seconds a client keeps it; until it ends where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
}

/// The longest name of a cookie.
const LONGEST: usize = 64;

// === impl Sticky ===

impl Sticky {
    /// Whether a text can be the name of the cookie: a letter, then letters, digits, `_` and `-`.
    ///
    /// ```
    /// use shipway_pipeline::route::Sticky;
    /// assert!(Sticky::is_name("shop_route"));
    /// assert!(!Sticky::is_name("a b") && !Sticky::is_name("__Host-a") && !Sticky::is_name(""));
    /// ```
    pub fn is_name(text: &str) -> bool {
        let is_inner = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
        text.len() <= LONGEST
            && text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text.bytes().all(is_inner)
    }
}
