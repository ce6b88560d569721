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

/// Longer names do not fit into what is made of them; see below.
const LONGEST: usize = 63;

fn is_name(text: &str) -> bool {
    // 63 bytes is what a DNS label and a container's host name allow.
    (1..=LONGEST).contains(&text.len())
        && text.starts_with(|first: char| first.is_ascii_lowercase() || first.is_ascii_digit())
        && text.bytes().all(|byte| {
            byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte)
        })
}

/// A name, or that of a template and of a branch's environment with a `/` in between.
fn is_environment(text: &str) -> bool {
    match text.split_once('/') {
        None => is_name(text),
        Some((template, branch)) => text.len() <= LONGEST && is_name(template) && is_name(branch),
    }
}

macro_rules! name {
    ($(#[$doc:meta])* $type:ident, $kind:literal, $is_valid:ident) => {
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
                if $is_valid(text) {
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
    "project",
    is_name
);
name!(
    /// The name of an environment, such as `production`, or `development/cart` of one that a branch
    /// has.
    EnvironmentName,
    "environment",
    is_environment
);
name!(
    /// The name of a Compose service, such as `web`.
    ServiceName,
    "service",
    is_name
);
name!(
    /// The name of a gate, such as `tests`.
    GateName,
    "gate",
    is_name
);
name!(
    /// The name of a channel that notifications go to, such as `ops`.
    ChannelName,
    "channel",
    is_name
);

// === impl EnvironmentName ===

impl EnvironmentName {
    /// Of an environment that a branch has, the template's name and its own part.
    ///
    /// ```
    /// # use shipway_pipeline::name::EnvironmentName;
    /// let name: EnvironmentName = "development/cart".parse().unwrap();
    /// assert_eq!(name.of_branch(), Some(("development", "cart")));
    /// ```
    pub fn of_branch(&self) -> Option<(&str, &str)> {
        self.0.split_once('/')
    }

    /// The environment under whose name settings are kept that a template's environments share.
    #[must_use]
    pub fn shared(&self) -> Self {
        match self.of_branch() {
            Some((template, _)) => Self(template.to_owned()),
            None => self.clone(),
        }
    }

    /// The name as a part of a file's name, or of an image's tag.
    pub fn file_name(&self) -> String {
        self.0.replace('/', ".")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_short_lower_case_and_starts_with_a_letter_or_digit() {
        for good in ["production", "a", "7up", "pr-12", "my_app", "v1.2"] {
            assert_eq!(good.parse::<EnvironmentName>().unwrap().as_str(), good);
        }
        let long = "x".repeat(64);
        for bad in ["", "-x", "Shop", "a b", "ä", "../x", long.as_str()] {
            assert!(bad.parse::<EnvironmentName>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_environment_of_a_branch_has_two_parts() {
        let name: EnvironmentName = "development/cart".parse().unwrap();
        assert_eq!(name.shared().as_str(), "development");
        assert_eq!(name.file_name(), "development.cart");
        let long = format!("development/{}", "x".repeat(60));
        for bad in ["/x", "x/", "a/b/c", "a/../b", "../a", "a/.b", long.as_str()] {
            assert!(bad.parse::<EnvironmentName>().is_err(), "{bad:?}");
        }
        assert!("a/b".parse::<ServiceName>().is_err());
    }

    #[test]
    fn serde_goes_through_the_same_door() {
        assert!(serde_json::from_str::<ServiceName>("\"web\"").is_ok());
        assert!(serde_json::from_str::<ServiceName>("\"we b\"").is_err());
    }
}
