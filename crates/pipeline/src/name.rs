//! Names that users give: validated, and of a type each so that two cannot be swapped.
//!
//! ```compile_fail
//! use shipway_pipeline::name::{EnvironmentName, ProjectName};
//! let project: ProjectName = "shop".parse().unwrap();
//! let environment: EnvironmentName = project; // does not compile
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A text that is no name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a valid {kind} name: use 1 to 63 lower-case letters, digits, `-`, `_` or `.`, beginning with a letter or digit"
)]
pub struct InvalidName {
    kind: &'static str,
    text: String,
}

fn is_name(text: &str) -> bool {
    // 63 bytes is what a DNS label and a container's host name allow.
    (1..=63).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
        && text.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte)
        })
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $type(String);

        impl $type {
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $type {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, InvalidName> {
                if is_name(text) {
                    Ok(Self(text.to_owned()))
                } else {
                    Err(InvalidName { kind: $kind, text: text.to_owned() })
                }
            }
        }

        impl TryFrom<String> for $type {
            type Error = InvalidName;

            fn try_from(text: String) -> Result<Self, InvalidName> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(name: $type) -> String {
                name.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

name!(
    /// The name of a project.
    ProjectName,
    "project"
);
name!(
    /// The name of an environment, such as `production`.
    EnvironmentName,
    "environment"
);
name!(
    /// The name of a Compose service, such as `web`.
    ServiceName,
    "service"
);
name!(
    /// The name of a gate, such as `tests`.
    GateName,
    "gate"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_lower_case_and_starts_with_a_letter_or_digit() {
        for good in ["production", "a", "7up", "pr-12", "my_app", "v1.2"] {
            assert_eq!(good.parse::<EnvironmentName>().unwrap().as_str(), good);
        }
        let long = "x".repeat(64);
        for bad in ["", "-x", "Shop", "a/b", "a b", "ä", "../x", long.as_str()] {
            assert!(bad.parse::<EnvironmentName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn serde_goes_through_the_same_door() {
        assert!(serde_json::from_str::<ServiceName>("\"web\"").is_ok());
        assert!(serde_json::from_str::<ServiceName>("\"we b\"").is_err());
    }
}
