//! Tokens as their owners see them: `shp_7_` and 64 hexadecimal digits.
//!
//! The number finds the record, so that the comparison with its hash is the only place that looks
//! at the random part, and takes the same time for every wrong one. It also tells an operator
//! which token it was that turned up in a log.
//!
//! ```
//! use shipway_pipeline::id::TokenId;
//! use shipway_server::Token;
//!
//! let token = Token::new(TokenId(7), [1; 32]);
//! let text = token.reveal();
//! assert!(text.starts_with("shp_7_0101"));
//! assert!(Token::read(&text).unwrap().matches(&token.hash()));
//! assert_eq!(format!("{token:?}"), "Token(t7, ********)");
//! ```

use std::fmt;

use sha2::{Digest as _, Sha256};
use shipway_pipeline::id::TokenId;
use subtle::ConstantTimeEq as _;

const PREFIX: &str = "shp_";

/// A token with its random part.
pub struct Token {
    id: TokenId,
    random: [u8; 32],
}

// === impl Token ===

impl Token {
    /// The token of a number with this random part.
    pub fn new(id: TokenId, random: [u8; 32]) -> Self {
        Self { id, random }
    }

    /// Reads a token; `None` where the text is none.
    pub fn read(text: &str) -> Option<Self> {
        let (id, digits) = text.strip_prefix(PREFIX)?.split_once('_')?;
        let digits = digits.as_bytes();
        let is_number = id.bytes().all(|byte| byte.is_ascii_digit());
        if digits.len() != 64 || !digits.iter().all(u8::is_ascii_hexdigit) || !is_number {
            return None;
        }
        let mut random = [0; 32];
        for (byte, pair) in random.iter_mut().zip(digits.chunks_exact(2)) {
            let text = std::str::from_utf8(pair).ok()?;
            *byte = u8::from_str_radix(text, 16).ok()?;
        }
        Some(Self {
            id: TokenId(id.parse().ok()?),
            random,
        })
    }

    /// Its number.
    pub fn id(&self) -> TokenId {
        self.id
    }

    /// What is kept of it.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.random).into()
    }

    /// Whether this is what was kept of it. Takes the same time wherever they differ.
    pub fn matches(&self, hash: &[u8]) -> bool {
        self.hash().ct_eq(hash).into()
    }

    /// The text that its owner is given, once.
    pub fn reveal(&self) -> String {
        let digits: String = self
            .random
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        format!("{PREFIX}{}_{digits}", self.id.0)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}, ********)", self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_token_is_not_read() {
        let good = Token::new(TokenId(3), [0xab; 32]).reveal();
        assert!(Token::read(&good).is_some());
        let (short, signed) = (&good[..good.len() - 1], good.replace("ab", "+b"));
        for bad in [
            "",
            "shp_",
            "shp_3_",
            short,
            &signed,
            &good.replace("_3_", "_-3_"),
            &good[4..],
        ] {
            assert!(Token::read(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn only_the_very_token_matches() {
        let token = Token::new(TokenId(3), [1; 32]);
        assert!(token.matches(&token.hash()));
        assert!(!Token::new(TokenId(3), [2; 32]).matches(&token.hash()));
        assert!(!token.matches(&[]));
    }
}
