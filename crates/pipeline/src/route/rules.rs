//! What a route does with requests beside handing them on.

use serde::{Deserialize, Serialize};

use super::limits::Limits;
use super::path::PathPrefix;
use super::sticky::Sticky;

/// What a route does with requests beside handing them on; nothing by default.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// The parts of its hosts that it answers for; the whole of them where there are none. The
    /// longest that covers a path has it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<PathPrefix>,
    /// Whether the prefix is taken off before an instance sees the path.
    #[serde(default, skip_serializing_if = "is_not")]
    pub strip_prefix: bool,
    /// Whether answers are compressed for clients that can read it.
    #[serde(default, skip_serializing_if = "is_not")]
    pub compress: bool,
    /// What it bears.
    #[serde(default, skip_serializing_if = "Limits::is_empty")]
    pub limits: Limits,
    /// How clients stay with the instance that answered them first; they do not where not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sticky: Option<Sticky>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands it over so")]
fn is_not(flag: &bool) -> bool {
    !*flag
}

// === impl Rules ===

impl Rules {
    /// Whether there is nothing that it does.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The prefix under which it answers for a path: the longest that covers it.
    pub fn prefix_of(&self, path: &str) -> Option<&PathPrefix> {
        let covering = self.paths.iter().filter(|prefix| prefix.covers(path));
        covering.max_by_key(|prefix| prefix.as_str().len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_nothing_takes_no_room() {
        assert_eq!(serde_json::to_string(&Rules::default()).unwrap(), "{}");
        assert!(Rules::default().is_empty());
    }

    #[test]
    fn of_two_prefixes_the_longer_one_counts() {
        let rules = Rules {
            paths: vec!["/api".parse().unwrap(), "/api/v2".parse().unwrap()],
            ..Rules::default()
        };
        let prefix = |path| rules.prefix_of(path).map(PathPrefix::as_str);
        assert_eq!(prefix("/api/v2/x"), Some("/api/v2"));
        assert_eq!(prefix("/api/v20"), Some("/api"));
        assert_eq!(prefix("/"), None);
    }
}
