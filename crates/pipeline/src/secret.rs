//! Secrets of Shipway's own store: their names, versions and values.
//!
//! ```
//! use shipway_pipeline::secret::{SecretName, SecretValue};
//!
//! let name: SecretName = "db_password".parse().unwrap();
//! let value = SecretValue::new(b"hunter2".to_vec());
//! assert_eq!(format!("{name} is {value:?}"), "db_password is ********");
//! assert_eq!(value.expose(), b"hunter2");
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What is shown in place of a secret.
const MASK: &str = "********";

/// The name of a secret, as Compose files use it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SecretName(String);

/// A text that cannot name a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` cannot name a secret: use 1 to 128 letters, digits, `-`, `_` or `.`, beginning with a letter or digit"
)]
pub struct InvalidSecretName(String);

/// Which of the values that a secret had; the first is 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Version(pub u32);

/// What a secret or a config holds. Masked wherever it is printed.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue(Vec<u8>);

// === impl SecretName ===

impl SecretName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for SecretName {
    type Err = InvalidSecretName;

    fn from_str(text: &str) -> Result<Self, InvalidSecretName> {
        let is_name = (1..=128).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_alphanumeric())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        if is_name {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidSecretName(text.to_owned()))
        }
    }
}

impl TryFrom<String> for SecretName {
    type Error = InvalidSecretName;

    fn try_from(text: String) -> Result<Self, InvalidSecretName> {
        text.parse()
    }
}

impl From<SecretName> for String {
    fn from(name: SecretName) -> Self {
        name.0
    }
}

impl fmt::Display for SecretName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

// === impl Version ===

impl Version {
    /// Of a secret that was never set.
    pub const UNSET: Self = Self(0);
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::UNSET => f.write_str("not set"),
            Self(number) => write!(f, "version {number}"),
        }
    }
}

// === impl SecretValue ===

impl SecretValue {
    /// Takes a value.
    pub fn new(value: Vec<u8>) -> Self {
        Self(value)
    }

    /// The value itself, which is never to be printed.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(MASK)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_that_a_file_can_have() {
        for good in ["db_password", "SECRET_KEY", "tls.key", "7"] {
            assert_eq!(good.parse::<SecretName>().unwrap().as_str(), good);
        }
        for bad in ["", ".", "../key", "a/b", "a b", "-x", "ä"] {
            assert!(bad.parse::<SecretName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_value_is_never_printed() {
        let value = SecretValue::new(b"hunter2".to_vec());
        assert!(!format!("{value:?} {:#?}", Some(&value)).contains("hunter2"));
    }
}
