//! Pushes: what a git server or a hook says has moved.
//!
//! Names of references come from whoever may push, or knows a webhook's secret. They end up on
//! command lines of git and in records, so only those that mean nothing else anywhere are taken.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A reference of git by its full name: `refs/heads/main`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Reference(String);

/// The full id of a commit.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct CommitId(String);

/// A text that is no name of a reference, or none that is taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{shown}` is no reference that is taken: {why}")]
pub struct InvalidReference {
    /// What of it can be shown.
    shown: String,
    why: &'static str,
}

/// A text that is no commit's id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the full id of a commit")]
pub struct InvalidCommit(String);

/// A reference that moved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Push {
    /// The repository, as the git server names it.
    pub repository: Option<String>,
    /// What moved.
    pub reference: Reference,
    /// Where it was; `None` for one that is new.
    pub old: Option<CommitId>,
    /// Where it is; `None` for one that was deleted.
    pub new: Option<CommitId>,
    /// Who pushed.
    pub by: String,
}

/// Longer names are no branches of people, and too long for a file's name.
const LONGEST: usize = 200;

/// Longer texts of others are cut where they are recorded.
const LONGEST_TOLD: usize = 80;

// === impl Reference ===

impl Reference {
    /// The full name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The branch that it is.
    pub fn branch(&self) -> Option<&str> {
        self.0.strip_prefix("refs/heads/")
    }

    /// The tag that it is.
    pub fn tag(&self) -> Option<&str> {
        self.0.strip_prefix("refs/tags/")
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Reference {
    type Err = InvalidReference;

    fn from_str(text: &str) -> Result<Self, InvalidReference> {
        match objection(text) {
            None => Ok(Self(text.to_owned())),
            Some(why) => Err(InvalidReference {
                shown: printable(text),
                why,
            }),
        }
    }
}

/// Why a text is not taken as a reference.
fn objection(text: &str) -> Option<&'static str> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._/+@#=,-".contains(&byte);
    let Some(name) = ["refs/heads/", "refs/tags/"]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix))
    else {
        return Some("it is no branch or tag by its full name, such as `refs/heads/main`");
    };
    if name.len() > LONGEST {
        return Some("it is longer than 200 letters");
    }
    if !name.bytes().all(is_plain) {
        return Some("only letters, digits and `._/+@#=,-` are taken");
    }
    let is_odd = |part: &str| {
        part.is_empty()
            || part.starts_with(['.', '-'])
            || part.ends_with('.')
            || part.ends_with(".lock")
    };
    if name.split('/').any(is_odd) || name.contains("..") {
        return Some("git has no such name");
    }
    None
}

/// What of a text of somebody else can be recorded and shown.
pub fn printable(text: &str) -> String {
    let shown: String = text
        .chars()
        .take(LONGEST_TOLD)
        .map(|letter| {
            if letter.is_ascii_graphic() || letter == ' ' {
                letter
            } else {
                '?'
            }
        })
        .collect();
    if text.chars().count() > LONGEST_TOLD {
        shown + "…"
    } else {
        shown
    }
}

// === impl Push ===

impl Push {
    /// Whether it was pushed to the repository at this address. Where the server does not name
    /// its repository, it is.
    ///
    /// ```
    /// # use shipway_pipeline::push::Push;
    /// # let mut push = Push { repository: Some("acme/shop".into()),
    /// #     reference: "refs/heads/main".parse().unwrap(), old: None, new: None, by: "a".into() };
    /// assert!(push.is_of("git@git.example.org:acme/shop.git"));
    /// assert!(push.is_of("https://git.example.org/Acme/Shop"));
    /// assert!(!push.is_of("https://git.example.org/acme/workshop.git"));
    /// ```
    pub fn is_of(&self, address: &str) -> bool {
        let Some(name) = &self.repository else {
            return true;
        };
        let address = address.trim_end_matches('/');
        let address = address.strip_suffix(".git").unwrap_or(address);
        let (address, name) = (address.to_lowercase(), name.to_lowercase());
        let before = address.strip_suffix(&name);
        before.is_some_and(|before| before.is_empty() || before.ends_with(['/', ':']))
    }
}

// === impl CommitId ===

impl CommitId {
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// An id, or `None` for the zeros by which git says that there is no commit.
    ///
    /// # Errors
    /// The text is neither.
    pub fn of_hook(text: &str) -> Result<Option<Self>, InvalidCommit> {
        let is_none = matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte == b'0');
        if is_none {
            Ok(None)
        } else {
            text.parse().map(Some)
        }
    }
}

impl fmt::Display for CommitId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for CommitId {
    type Err = InvalidCommit;

    fn from_str(text: &str) -> Result<Self, InvalidCommit> {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        if matches!(text.len(), 40 | 64) && text.bytes().all(is_hex) {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidCommit(printable(text)))
        }
    }
}

macro_rules! through_text {
    ($($type:ty, $error:ty);*) => {$(
        impl TryFrom<String> for $type {
            type Error = $error;

            fn try_from(text: String) -> Result<Self, $error> {
                text.parse()
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> String {
                value.0
            }
        }
    )*};
}
through_text!(Reference, InvalidReference; CommitId, InvalidCommit);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_and_tags_of_people_are_taken() {
        for good in [
            "refs/heads/main",
            "refs/heads/feature/7-cart",
            "refs/heads/dependabot/npm_and_yarn/left-pad-1.2",
            "refs/heads/fix-#12",
            "refs/tags/v1.2.0",
        ] {
            assert_eq!(good.parse::<Reference>().unwrap().as_str(), good);
        }
        let branch: Reference = "refs/heads/a/b".parse().unwrap();
        assert_eq!((branch.branch(), branch.tag()), (Some("a/b"), None));
    }

    #[test]
    fn what_could_mean_something_else_is_refused() {
        let long = format!("refs/heads/{}", "x".repeat(300));
        for bad in [
            "main",
            "refs/heads/",
            "refs/pull/1/head",
            "refs/heads/../../etc/passwd",
            "refs/heads/a..b",
            "refs/heads/a b",
            "refs/heads/a\"b",
            "refs/heads/a'b",
            "refs/heads/$(reboot)",
            "refs/heads/`id`",
            "refs/heads/a;b",
            "refs/heads/a\nb",
            "refs/heads/größe",
            "refs/heads/--upload-pack=x",
            "refs/heads/a/-b",
            "refs/heads/.hidden",
            "refs/heads/a//b",
            "refs/heads/a.lock",
            "refs/heads/a/",
            long.as_str(),
        ] {
            let refused = bad.parse::<Reference>().unwrap_err().to_string();
            assert!(refused.len() < 250, "{refused}");
            let is_harmless =
                |letter: char| letter == '…' || letter == ' ' || letter.is_ascii_graphic();
            assert!(refused.chars().all(is_harmless), "{refused:?}");
        }
    }

    #[test]
    fn commits_are_whole_and_zeros_are_none() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(CommitId::of_hook(id).unwrap().unwrap().as_str(), id);
        assert_eq!(CommitId::of_hook(&"0".repeat(40)).unwrap(), None);
        for bad in ["", "HEAD", "0123456", &"g".repeat(40), &"-".repeat(40)] {
            assert!(CommitId::of_hook(bad).is_err(), "{bad}");
        }
    }
}
