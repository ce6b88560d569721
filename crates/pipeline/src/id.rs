//! Every id of the domain, each of a type of its own.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::name::ServiceName;

/// A text that is no id of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a {kind} id (expected something like `{example}`)")]
pub struct InvalidId {
    kind: &'static str,
    example: &'static str,
    text: String,
}

/// One attempt to make a release live, numbered per state directory: `d42`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeploymentId(pub u64);

/// A backup of an environment's database, numbered per state directory: `b7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BackupId(pub u64);

/// Somebody's wish for a deployment, numbered per state directory: `q3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RequestId(pub u64);

/// A token of a person or a program, numbered per state directory: `t7`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TokenId(pub u64);

/// A message to a channel, numbered per state directory: `n12`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MessageId(pub u64);

/// A release, named by the first 12 hexadecimal digits of its digest: `r1f3a9c2b4d5e`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReleaseId(String);

/// Counts the holders of an environment's lease; a lower one is refused everywhere.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Epoch(pub u64);

/// Counts the changes of an environment's route.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Generation(pub u64);

/// One instance of a service within a colour: `web-1`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InstanceId {
    /// The service it runs.
    pub service: ServiceName,
    /// Its number, from 1.
    pub number: u32,
}

// === impl DeploymentId ===

impl fmt::Display for DeploymentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("d{}", self.0))
    }
}

impl FromStr for DeploymentId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.strip_prefix('d')
            .and_then(|number| number.parse().ok())
            .map(Self)
            .ok_or_else(|| InvalidId {
                kind: "deployment",
                example: "d42",
                text: text.to_owned(),
            })
    }
}

// === impl BackupId ===

impl fmt::Display for BackupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("b{}", self.0))
    }
}

impl FromStr for BackupId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.strip_prefix('b')
            .and_then(|number| number.parse().ok())
            .map(Self)
            .ok_or_else(|| InvalidId {
                kind: "backup",
                example: "b7",
                text: text.to_owned(),
            })
    }
}

// === impl RequestId ===

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("q{}", self.0))
    }
}

impl FromStr for RequestId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.strip_prefix('q')
            .and_then(|number| number.parse().ok())
            .map(Self)
            .ok_or_else(|| InvalidId {
                kind: "request",
                example: "q3",
                text: text.to_owned(),
            })
    }
}

// === impl TokenId ===

impl fmt::Display for TokenId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("t{}", self.0))
    }
}

impl FromStr for TokenId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.strip_prefix('t')
            .and_then(|number| number.parse().ok())
            .map(Self)
            .ok_or_else(|| InvalidId {
                kind: "token",
                example: "t7",
                text: text.to_owned(),
            })
    }
}

// === impl MessageId ===

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("n{}", self.0))
    }
}

impl FromStr for MessageId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.strip_prefix('n')
            .and_then(|number| number.parse().ok())
            .map(Self)
            .ok_or_else(|| InvalidId {
                kind: "message",
                example: "n12",
                text: text.to_owned(),
            })
    }
}

// === impl ReleaseId ===

impl ReleaseId {
    /// Digits of the digest that name a release: collisions within one project are out of reach.
    pub const DIGITS: usize = 12;

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReleaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for ReleaseId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let digits = text.strip_prefix('r').unwrap_or_default();
        let is_hex = digits
            .bytes()
            .all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
        if digits.len() == Self::DIGITS && is_hex {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidId {
                kind: "release",
                example: "r1f3a9c2b4d5e",
                text: text.to_owned(),
            })
        }
    }
}

// === impl Epoch, Generation ===

impl fmt::Display for Epoch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl Generation {
    /// The generation that follows.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

// === impl InstanceId ===

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}-{}", self.service, self.number))
    }
}

impl FromStr for InstanceId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        text.rsplit_once('-')
            .and_then(|(service, number)| {
                Some(Self {
                    service: service.parse().ok()?,
                    number: number.parse().ok()?,
                })
            })
            .ok_or_else(|| InvalidId {
                kind: "instance",
                example: "web-1",
                text: text.to_owned(),
            })
    }
}

macro_rules! through_text {
    ($($type:ty),*) => {$(
        impl TryFrom<String> for $type {
            type Error = InvalidId;

            fn try_from(text: String) -> Result<Self, InvalidId> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(id: $type) -> String {
                id.to_string()
            }
        }
    )*};
}
through_text!(
    BackupId,
    DeploymentId,
    MessageId,
    RequestId,
    TokenId,
    ReleaseId,
    InstanceId
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_read_what_they_print() {
        assert_eq!("d7".parse::<DeploymentId>().unwrap().to_string(), "d7");
        assert_eq!(
            "r0123456789ab".parse::<ReleaseId>().unwrap().as_str(),
            "r0123456789ab"
        );
        let instance: InstanceId = "web-api-3".parse().unwrap();
        assert_eq!(instance.service.as_str(), "web-api");
        assert_eq!(instance.to_string(), "web-api-3");
    }

    #[test]
    fn what_is_no_id_is_refused() {
        assert!("7".parse::<DeploymentId>().is_err());
        assert!("r12".parse::<ReleaseId>().is_err());
        assert!("r0123456789aZ".parse::<ReleaseId>().is_err());
        assert!("web".parse::<InstanceId>().is_err());
    }
}
