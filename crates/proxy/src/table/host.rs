//! Which route answers for a host name.

use std::borrow::Cow;
use std::collections::HashMap;

/// What answers for which host on one address: exact names go before wildcards, longer wildcards
/// before shorter, and those before what answers for any host.
#[derive(Debug)]
pub(crate) struct Hosts<T> {
    exact: HashMap<Box<str>, T>,
    /// By the part behind the `*`, with its dot; the longest first.
    wildcards: Vec<(Box<str>, T)>,
    any: Option<T>,
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
            any: None,
        }
    }
}

impl<T: Clone> Hosts<T> {
    /// Lets `target` answer for the hosts, for any where there are none.
    pub(crate) fn insert(&mut self, hosts: &[String], target: T) {
        if hosts.is_empty() {
            self.any = Some(target);
            return;
        }
        for host in hosts {
            match host.strip_prefix('*') {
                Some(suffix) => self.wildcards.push((suffix.into(), target.clone())),
                None => {
                    self.exact.insert(host.as_str().into(), target.clone());
                }
            }
        }
        self.wildcards
            .sort_by_key(|(suffix, _)| std::cmp::Reverse(suffix.len()));
    }

    /// What answers for the value of a `Host` header.
    pub(crate) fn find(&self, host: &str) -> Option<&T> {
        // The common case of one application on an address needs no look at the name.
        if self.exact.is_empty() && self.wildcards.is_empty() {
            return self.any.as_ref();
        }
        let name = name_of(host);
        self.exact
            .get(&*name)
            .or_else(|| {
                self.wildcards
                    .iter()
                    .find(|(suffix, _)| name.len() > suffix.len() && name.ends_with(&**suffix))
                    .map(|(_, target)| target)
            })
            .or(self.any.as_ref())
    }

    /// The same hosts with other targets.
    pub(crate) fn map<U: Clone>(&self, mut map: impl FnMut(&T) -> U) -> Hosts<U> {
        Hosts {
            exact: self
                .exact
                .iter()
                .map(|(host, target)| (host.clone(), map(target)))
                .collect(),
            wildcards: self
                .wildcards
                .iter()
                .map(|(suffix, target)| (suffix.clone(), map(target)))
                .collect(),
            any: self.any.as_ref().map(map),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(list: &[(&[&str], u8)]) -> Hosts<u8> {
        let mut hosts = Hosts::default();
        for (names, target) in list {
            let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
            hosts.insert(&names, *target);
        }
        hosts
    }

    #[test]
    fn exact_goes_before_wildcard_before_any() {
        let hosts = hosts(&[
            (&["shop.example.org"], 1),
            (&["*.example.org"], 2),
            (&["*.eu.example.org"], 3),
            (&[], 4),
        ]);
        assert_eq!(hosts.find("shop.example.org"), Some(&1));
        assert_eq!(hosts.find("SHOP.Example.org.:8080"), Some(&1));
        assert_eq!(hosts.find("a.b.example.org"), Some(&2));
        assert_eq!(hosts.find("a.eu.example.org:80"), Some(&3));
        assert_eq!(hosts.find("example.org"), Some(&4));
        assert_eq!(hosts.find("badexample.org"), Some(&4));
        assert_eq!(hosts.find("[::1]:8080"), Some(&4));
    }

    #[test]
    fn a_host_that_nobody_named_has_no_target() {
        let hosts = hosts(&[(&["shop.example.org", "[::1]"], 1)]);
        assert_eq!(hosts.find("other.example.org"), None);
        assert_eq!(hosts.find("[::1]"), Some(&1));
        assert_eq!(hosts.find("[::1]:80"), Some(&1));
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
