//! Which route answers for a host name, and for a path there.

use std::borrow::Cow;
use std::collections::HashMap;

use shipway_pipeline::route::PathPrefix;

use super::paths::Paths;

/// What answers for which host on one address: exact names go before wildcards, longer wildcards
/// before shorter, and those before what answers for any host. Of each, the longest path that
/// covers what is asked for; a host whose paths do not cover it leaves it to the next.
#[derive(Debug)]
pub(crate) struct Hosts<T> {
    exact: HashMap<Box<str>, Paths<T>>,
    /// By the part behind the `*`, with its dot; the longest first.
    wildcards: Vec<(Box<str>, Paths<T>)>,
    any: Paths<T>,
    /// Whether a path matters for some host.
    is_divided: bool,
}

/// Why nothing answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Not for that host.
    Host,
    /// For the host, but not for that path.
    Path,
}

/// A text that is no host pattern of a route.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a host name in lower case without port, nor `*.` before one")]
pub(crate) struct InvalidHost(String);

/// Checks a host of a route.
pub(crate) fn check_pattern(pattern: &str) -> Result<(), InvalidHost> {
    let name = pattern.strip_prefix("*.").unwrap_or(pattern);
    let is_name = !name.is_empty()
        && name.len() <= 253
        && name.split('.').all(|label| {
            !label.is_empty()
                && label.bytes().all(|byte| {
                    byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte)
                })
        });
    // An IPv6 address comes in brackets, as in the `Host` header.
    let is_address = name
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'))
        .is_some_and(|address| address.parse::<std::net::Ipv6Addr>().is_ok());
    if is_name || (is_address && name == pattern) {
        Ok(())
    } else {
        Err(InvalidHost(pattern.to_owned()))
    }
}

/// The name within a `Host` header: without port and last dot, in lower case.
fn name_of(host: &str) -> Cow<'_, str> {
    let name = match host.rsplit_once(':') {
        // A colon within brackets belongs to an IPv6 address.
        Some((name, port)) if !port.contains(']') => name,
        _ => host,
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        Cow::Owned(name.to_ascii_lowercase())
    } else {
        Cow::Borrowed(name)
    }
}

// === impl Hosts ===

impl<T> Default for Hosts<T> {
    fn default() -> Self {
        Self {
            exact: HashMap::new(),
            wildcards: Vec::new(),
            any: Paths::default(),
            is_divided: false,
        }
    }
}

impl<T: Clone> Hosts<T> {
    /// Lets `target` answer for the paths of the hosts, for any host where there are none.
    pub(crate) fn insert(&mut self, hosts: &[String], paths: &[PathPrefix], target: &T) {
        if hosts.is_empty() {
            self.any.insert(paths, target);
            self.is_divided |= self.any.is_divided();
        }
        for host in hosts {
            let of_host = self.of(host);
            of_host.insert(paths, target);
            self.is_divided |= of_host.is_divided();
        }
        self.wildcards
            .sort_by_key(|(suffix, _)| std::cmp::Reverse(suffix.len()));
    }

    fn of(&mut self, host: &str) -> &mut Paths<T> {
        let Some(suffix) = host.strip_prefix('*') else {
            return self.exact.entry(host.into()).or_default();
        };
        let known = self.wildcards.iter().position(|(it, _)| **it == *suffix);
        let index = known.unwrap_or_else(|| {
            self.wildcards.push((suffix.into(), Paths::default()));
            self.wildcards.len() - 1
        });
        &mut self.wildcards[index].1
    }

    /// What answers for a path and the value of a `Host` header.
    pub(crate) fn find(&self, host: &str, path: &str) -> Result<&T, Missing> {
        // The common case of one application on an address needs no look at the name.
        if self.exact.is_empty() && self.wildcards.is_empty() {
            return self.any.find(path).ok_or(match self.any.is_empty() {
                true => Missing::Host,
                false => Missing::Path,
            });
        }
        let name = name_of(host);
        let exact = self.exact.get(&*name);
        let wildcards = self.wildcards.iter();
        let wildcards = wildcards
            .filter(|(suffix, _)| name.len() > suffix.len() && name.ends_with(&**suffix))
            .map(|(_, paths)| paths);
        let any = Some(&self.any).filter(|any| !any.is_empty());
        let mut missing = Missing::Host;
        for paths in exact.into_iter().chain(wildcards).chain(any) {
            match paths.find(path) {
                Some(target) => return Ok(target),
                None => missing = Missing::Path,
            }
        }
        Err(missing)
    }

    /// Whether paths matter here.
    pub(crate) fn is_divided(&self) -> bool {
        self.is_divided
    }

    /// The same hosts with other targets.
    pub(crate) fn map<U: Clone>(&self, mut map: impl FnMut(&T) -> U) -> Hosts<U> {
        Hosts {
            exact: self
                .exact
                .iter()
                .map(|(host, paths)| (host.clone(), paths.map(&mut map)))
                .collect(),
            wildcards: self
                .wildcards
                .iter()
                .map(|(suffix, paths)| (suffix.clone(), paths.map(&mut map)))
                .collect(),
            any: self.any.map(&mut map),
            is_divided: self.is_divided,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn divided(list: &[(&[&str], &[&str], u8)]) -> Hosts<u8> {
        let mut hosts = Hosts::default();
        for (names, paths, target) in list {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            let paths: Vec<PathPrefix> = paths.iter().map(|path| path.parse().unwrap()).collect();
            hosts.insert(&names, &paths, target);
        }
        hosts
    }

    fn hosts(list: &[(&[&str], u8)]) -> Hosts<u8> {
        let whole: &[&str] = &["/"];
        let list: Vec<_> = list
            .iter()
            .map(|(names, it)| (*names, whole, *it))
            .collect();
        divided(&list)
    }

    #[test]
    fn exact_goes_before_wildcard_before_any() {
        let hosts = hosts(&[
            (&["shop.example.org"], 1),
            (&["*.example.org"], 2),
            (&["*.eu.example.org"], 3),
            (&[], 4),
        ]);
        assert!(!hosts.is_divided());
        assert_eq!(hosts.find("shop.example.org", "/"), Ok(&1));
        assert_eq!(hosts.find("SHOP.Example.org.:8080", "/"), Ok(&1));
        assert_eq!(hosts.find("a.b.example.org", "/"), Ok(&2));
        assert_eq!(hosts.find("a.eu.example.org:80", "/"), Ok(&3));
        assert_eq!(hosts.find("example.org", "/"), Ok(&4));
        assert_eq!(hosts.find("badexample.org", "/"), Ok(&4));
        assert_eq!(hosts.find("[::1]:8080", "/"), Ok(&4));
    }

    #[test]
    fn a_host_that_nobody_named_has_no_target() {
        let hosts = hosts(&[(&["shop.example.org", "[::1]"], 1)]);
        assert_eq!(hosts.find("other.example.org", "/"), Err(Missing::Host));
        assert_eq!(hosts.find("[::1]", "/"), Ok(&1));
        assert_eq!(hosts.find("[::1]:80", "/"), Ok(&1));
        assert_eq!(Hosts::<u8>::default().find("a", "/"), Err(Missing::Host));
    }

    #[test]
    fn a_host_is_divided_by_paths() {
        let hosts = divided(&[
            (&["a.org", "b.org"], &["/"], 1),
            (&["a.org"], &["/api", "/v2"], 2),
            (&["c.org"], &["/api"], 3),
            (&["*.org"], &["/static"], 4),
        ]);
        assert!(hosts.is_divided());
        assert_eq!(hosts.find("a.org", "/x"), Ok(&1));
        assert_eq!(hosts.find("a.org", "/api/x"), Ok(&2));
        assert_eq!(hosts.find("A.org:80", "/v2"), Ok(&2));
        assert_eq!(hosts.find("b.org", "/api"), Ok(&1));
        assert_eq!(hosts.find("c.org", "/api"), Ok(&3));
        assert_eq!(hosts.find("c.org", "/"), Err(Missing::Path));
        // What a host does not have, a less exact one may.
        assert_eq!(hosts.find("c.org", "/static/x"), Ok(&4));
        assert_eq!(hosts.find("d.org", "/"), Err(Missing::Path));
        assert_eq!(hosts.find("d.net", "/static"), Err(Missing::Host));
    }

    #[test]
    fn of_two_with_one_wildcard_the_later_one_has_it() {
        let hosts = hosts(&[(&["*.a.org"], 1), (&["*.a.org"], 2)]);
        assert_eq!(hosts.find("x.a.org", "/"), Ok(&2));
    }

    #[test]
    fn patterns_are_names_in_lower_case() {
        for good in [
            "localhost",
            "a.b-c.d",
            "*.example.org",
            "127.0.0.1",
            "[::1]",
        ] {
            assert!(check_pattern(good).is_ok(), "{good}");
        }
        for bad in [
            "", "*", "*.", "A.b", "a..b", "a:80", "*.*.b", "a b", "*.[::1]",
        ] {
            assert!(check_pattern(bad).is_err(), "{bad}");
        }
    }
}
