//! What is found by the name that a client asks for in its handshake.

use std::collections::HashMap;

/// By name: exact ones go before wildcards, which stand for one label only, as in certificates.
#[derive(Debug)]
pub(super) struct Names<T> {
    exact: HashMap<Box<str>, T>,
    /// By what comes after the `*.`.
    wildcards: HashMap<Box<str>, T>,
}

/// Whether a name of a certificate is for a host of a route.
pub(super) fn covers(name: &str, host: &str) -> bool {
    name == host
        || matches!(
            (name.strip_prefix("*."), host.split_once('.')),
            (Some(suffix), Some((label, rest))) if suffix == rest && label != "*"
        )
}

// === impl Names ===

impl<T> Default for Names<T> {
    fn default() -> Self {
        Self {
            exact: HashMap::new(),
            wildcards: HashMap::new(),
        }
    }
}

impl<T> Names<T> {
    /// Lets a host of a route be found; lower case.
    pub(super) fn insert(&mut self, host: &str, target: T) {
        match host.strip_prefix("*.") {
            Some(suffix) => self.wildcards.insert(suffix.into(), target),
            None => self.exact.insert(host.into(), target),
        };
    }

    /// What is there for a name; lower case, as rustls hands it out.
    pub(super) fn find(&self, name: &str) -> Option<&T> {
        self.exact.get(name).or_else(|| {
            let (_, suffix) = name.split_once('.')?;
            self.wildcards.get(suffix)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exact_goes_before_a_wildcard_of_one_label() {
        let mut names = Names::default();
        names.insert("*.example.org", 1);
        names.insert("shop.example.org", 2);
        assert_eq!(names.find("shop.example.org"), Some(&2));
        assert_eq!(names.find("cart.example.org"), Some(&1));
        assert_eq!(names.find("a.cart.example.org"), None);
        assert_eq!(names.find("example.org"), None);
        assert_eq!(names.find("other.org"), None);
    }

    #[test]
    fn a_name_covers_itself_and_a_wildcard_one_label() {
        for (name, host) in [
            ("a.b", "a.b"),
            ("*.b.c", "a.b.c"),
            ("*.b.c", "*.b.c"),
            ("localhost", "localhost"),
        ] {
            assert!(covers(name, host), "{name} {host}");
        }
        for (name, host) in [
            ("a.b", "b.b"),
            ("*.b.c", "b.c"),
            ("*.b.c", "x.a.b.c"),
            ("*.c", "*.b.c"),
            ("b.c", "*.b.c"),
        ] {
            assert!(!covers(name, host), "{name} {host}");
        }
    }
}
