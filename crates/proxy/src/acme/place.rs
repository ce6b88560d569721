//! Where what belongs to a host's certificate is kept.
//!
//! ```text
//! acme/<authority>/account-<address>.json   the account's key, and its name there
//!                  hosts/<host>.json        how far the attempts have come
//!                  hosts/<host>.pem         certificate and key
//! ```

use std::path::{Path, PathBuf};

use shipway_pipeline::digest::Digest;
use shipway_pipeline::route::Acme;

/// What a host's certificate by an authority has on the disk.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The authority's.
    directory: PathBuf,
    host: String,
}

// === impl Place ===

impl Place {
    /// The place of a host, in the directory of a proxy.
    pub(crate) fn of(proxy: &Path, acme: &Acme, host: &str) -> Self {
        let url = &acme.directory;
        let name = url.split('/').nth(2).unwrap_or_default();
        let is_plain = |letter: char| letter.is_ascii_alphanumeric() || ".-".contains(letter);
        let name: String = name.chars().filter(|&letter| is_plain(letter)).collect();
        let digest = Digest::of(url.as_bytes());
        Self {
            directory: proxy
                .join("acme")
                .join(format!("at-{name}-{}", digest.short())),
            host: host.to_owned(),
        }
    }

    /// The host.
    pub(crate) fn host(&self) -> &str {
        &self.host
    }

    /// The certificate, those between it and its root, and its key.
    pub(crate) fn certificate(&self) -> PathBuf {
        self.hosts().join(format!("{}.pem", self.host))
    }

    /// How far the attempts have come.
    pub(super) fn record(&self) -> PathBuf {
        self.hosts().join(format!("{}.json", self.host))
    }

    /// The account of an address of mail.
    pub(super) fn account(&self, email: &str) -> PathBuf {
        let digest = Digest::of(email.as_bytes());
        let name = format!("account-{}.json", digest.short());
        self.directory.join(name)
    }

    /// The directory of all hosts.
    pub(super) fn hosts(&self) -> PathBuf {
        self.directory.join("hosts")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_hosts_and_addresses_are_apart() {
        let acme = |directory: &str| Acme {
            directory: directory.to_owned(),
            email: String::new(),
            ca: None,
            challenges: Vec::new(),
        };
        let proxy = Path::new("/p");
        let one = Place::of(proxy, &acme("https://ca.org:9000/a/../b"), "shop.org");
        let other = Place::of(proxy, &acme("https://ca.org:9000/b"), "shop.org");
        assert_ne!(one.certificate(), other.certificate());
        let path = one.certificate();
        let parts: Vec<&str> = path.iter().filter_map(|part| part.to_str()).collect();
        assert_eq!(parts.len(), 6, "{parts:?}");
        assert!(parts[3].starts_with("at-ca.org9000-"), "{parts:?}");
        assert_eq!(parts[5], "shop.org.pem");
        assert_ne!(one.account("a@a.org"), one.account("b@a.org"));
    }
}
