//! Which part of a host a route answers for.
//!
//! ```
//! use shipway_pipeline::route::PathPrefix;
//! let prefix: PathPrefix = "/api/".parse().unwrap();
//! assert_eq!(prefix.to_string(), "/api");
//! assert!(prefix.covers("/api/orders"));
//! assert!(!prefix.covers("/apiary"));
//! assert!("/a/../b".parse::<PathPrefix>().is_err());
//! ```

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The whole of a host.
const ROOT: &str = "/";

/// A path and everything below it: `/api` is `/api` and `/api/orders`, not `/apiary`.
///
/// Nothing in it can be read in two ways, so it holds neither `%` nor `;`, and no empty or dotted
/// segments.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PathPrefix(String);

/// A text that is no path prefix.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no path prefix")]
pub struct InvalidPath(String);

/// What two routes on one address both answer for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place<'a> {
    /// The host; `None` for any host.
    pub host: Option<&'a str>,
    /// The path there, with everything below it that nobody else has; `/` for the whole host.
    pub path: &'a str,
}

/// The first place that two routes on one address both answer for. Routes without paths answer
/// for the whole of their hosts.
pub fn shared_place<'a>(
    (hosts, paths): (&'a [String], &'a [PathPrefix]),
    (other_hosts, other_paths): (&[String], &[PathPrefix]),
) -> Option<Place<'a>> {
    let host = match (hosts, other_hosts) {
        ([], []) => None,
        _ => Some(hosts.iter().find(|host| other_hosts.contains(host))?),
    };
    let has = |wanted: &str| other_paths.iter().any(|path| path.as_str() == wanted);
    let path = match (paths, other_paths) {
        ([], []) => ROOT,
        ([], _) => Some(ROOT).filter(|root| has(root))?,
        (_, []) => paths
            .iter()
            .map(PathPrefix::as_str)
            .find(|path| *path == ROOT)?,
        _ => paths
            .iter()
            .map(PathPrefix::as_str)
            .find(|path| has(path))?,
    };
    Some(Place {
        host: host.map(String::as_str),
        path,
    })
}

// === impl PathPrefix ===

impl PathPrefix {
    /// The text; `/`, or without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether a path, as it is written, is this one or below it.
    pub fn covers(&self, path: &str) -> bool {
        covers(&self.0, path)
    }

    /// Whether it is the whole of a host.
    pub fn is_root(&self) -> bool {
        self.0 == ROOT
    }
}

/// Whether a path is `prefix` or below it.
fn covers(prefix: &str, path: &str) -> bool {
    prefix == ROOT
        || path
            .strip_prefix(prefix)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

impl FromStr for PathPrefix {
    type Err = InvalidPath;

    fn from_str(text: &str) -> Result<Self, InvalidPath> {
        let invalid = || InvalidPath(text.to_owned());
        if text == ROOT {
            return Ok(Self(ROOT.to_owned()));
        }
        let rest = text.strip_prefix('/').ok_or_else(invalid)?;
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let is_inner =
            |byte: u8| byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@".contains(&byte);
        let is_segment =
            |segment: &str| !matches!(segment, "" | "." | "..") && segment.bytes().all(is_inner);
        if rest.split('/').all(is_segment) {
            Ok(Self(format!("/{rest}")))
        } else {
            Err(invalid())
        }
    }
}

impl fmt::Display for PathPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for PathPrefix {
    type Error = InvalidPath;

    fn try_from(text: String) -> Result<Self, InvalidPath> {
        text.parse()
    }
}

impl From<PathPrefix> for String {
    fn from(path: PathPrefix) -> Self {
        path.0
    }
}

// === impl Place ===

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.host, self.path) {
            (None, ROOT) => f.write_str("any host"),
            (None, path) => write!(f, "`{path}` of any host"),
            (Some(host), ROOT) => write!(f, "`{host}`"),
            (Some(host), path) => write!(f, "`{host}{path}`"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(texts: &[&str]) -> Vec<PathPrefix> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn hosts(names: &[&str]) -> Vec<String> {
        names.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_prefix_ends_where_a_segment_does() {
        let api: PathPrefix = "/api".parse().unwrap();
        assert!(api.covers("/api") && api.covers("/api/") && api.covers("/api/a/b"));
        for other in [
            "/", "/ap", "/apis", "/API", "//api", "/api;v=1", "/api%2fa", "*",
        ] {
            assert!(!api.covers(other), "{other}");
        }
        let root: PathPrefix = "/".parse().unwrap();
        assert!(root.covers("/") && root.covers("//x") && root.covers("*"));
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_no_prefix() {
        for bad in [
            "", "api", "//", "/a//b", "/a/./b", "/..", "/a%20b", "/a;b", "/a?b", "/a#b", "/a b",
            "/ä", "/a\\b",
        ] {
            assert!(bad.parse::<PathPrefix>().is_err(), "{bad:?}");
        }
        let text: String = "/static/v1.2/".parse::<PathPrefix>().unwrap().into();
        assert_eq!(text, "/static/v1.2");
    }

    #[test]
    fn a_place_is_shared_where_host_and_path_are() {
        let shared = |one: (&[&str], &[&str]), other: (&[&str], &[&str])| {
            let (one, other) = (
                (hosts(one.0), paths(one.1)),
                (hosts(other.0), paths(other.1)),
            );
            let place = shared_place((&one.0, &one.1), (&other.0, &other.1));
            place.map(|place| place.to_string())
        };
        assert_eq!(shared((&[], &[]), (&[], &[])).unwrap(), "any host");
        assert_eq!(shared((&[], &[]), (&["a"], &[])), None);
        assert_eq!(shared((&["b", "a"], &[]), (&["a"], &["/"])).unwrap(), "`a`");
        assert_eq!(shared((&["a"], &["/"]), (&["a"], &[])).unwrap(), "`a`");
        assert_eq!(shared((&["a"], &["/api"]), (&["a"], &[])), None);
        assert_eq!(
            shared((&["a"], &["/x", "/api"]), (&["a"], &["/api/"])).unwrap(),
            "`a/api`"
        );
        assert_eq!(shared((&["a"], &["/api/v2"]), (&["a"], &["/api"])), None);
        assert_eq!(
            shared((&[], &["/api"]), (&[], &["/api"])).unwrap(),
            "`/api` of any host"
        );
    }
}
