//! Which route answers for a request: by address, host and path.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use shipway_pipeline::route::PathPrefix;

use super::host::{self, Hosts};
use super::reading::{is_doubtful, readings};

/// What answers for what, by listen address.
#[derive(Debug)]
pub(crate) struct Sites<T>(BTreeMap<SocketAddr, Hosts<T>>);

/// Why nothing answers for a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Nothing answers for its host.
    Host,
    /// Something answers for its host, but not for its path.
    Path,
    /// Its path is one of another route's to whoever reads it in another way.
    Doubtful,
}

// === impl Sites ===

impl<T> Default for Sites<T> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<T: Clone> Sites<T> {
    /// Lets `target` answer for the paths of the hosts on an address.
    pub(crate) fn insert(
        &mut self,
        address: SocketAddr,
        hosts: &[String],
        paths: &[PathPrefix],
        target: &T,
    ) {
        let of_address = self.0.entry(address).or_default();
        of_address.insert(hosts, paths, target);
    }

    /// What answers for a path, as it is written, and the value of a `Host` header.
    pub(crate) fn find(
        &self,
        address: SocketAddr,
        host: &str,
        path: &str,
        is_same: impl Fn(&T, &T) -> bool,
    ) -> Result<&T, Missing> {
        let hosts = self.0.get(&address).ok_or(Missing::Host)?;
        let found = hosts.find(host, path)?;
        if hosts.is_divided() && is_doubtful(path) {
            let agrees = |path: String| hosts.find(host, &path).is_ok_and(|it| is_same(it, found));
            if !readings(path).all(agrees) {
                return Err(Missing::Doubtful);
            }
        }
        Ok(found)
    }

    /// The same with other targets.
    pub(crate) fn map<U: Clone>(&self, mut map: impl FnMut(&T) -> U) -> Sites<U> {
        let all = self.0.iter();
        Sites(
            all.map(|(address, hosts)| (*address, hosts.map(&mut map)))
                .collect(),
        )
    }
}

impl From<host::Missing> for Missing {
    fn from(missing: host::Missing) -> Self {
        match missing {
            host::Missing::Host => Self::Host,
            host::Missing::Path => Self::Path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address() -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 80))
    }

    fn sites(list: &[(&str, u8)]) -> Sites<u8> {
        let mut sites = Sites::default();
        for (path, target) in list {
            sites.insert(address(), &[], &[path.parse().unwrap()], target);
        }
        sites
    }

    fn find(sites: &Sites<u8>, path: &str) -> Result<u8, Missing> {
        sites.find(address(), "shop", path, u8::eq).copied()
    }

    #[test]
    fn a_path_that_others_read_as_anothers_is_for_nobody() {
        let sites = sites(&[("/", 1), ("/admin", 2)]);
        for path in [
            "//admin",
            "/%61dmin",
            "/x/..;/admin",
            "/x/../admin",
            "/x%2f..%2fadmin",
            "/admin/../x",
            "/admin/%2e%2e/x",
            "/admin;a=b/x",
            "/admin%2fx",
            "/admin\\x",
        ] {
            assert_eq!(find(&sites, path), Err(Missing::Doubtful), "{path}");
        }
    }

    #[test]
    fn a_path_that_stays_where_it_is_goes_on_however_it_is_written() {
        let sites = sites(&[("/", 1), ("/admin", 2)]);
        for path in [
            "/group%2Fproject",
            "/a//b",
            "/a/../b",
            "/a;v=1",
            "/.well-known/x",
            "*",
        ] {
            assert_eq!(find(&sites, path), Ok(1), "{path}");
        }
        assert_eq!(find(&sites, "/admin/a%2Fb;c/./d"), Ok(2));
    }

    #[test]
    fn nobody_gets_out_of_a_part_into_nothing() {
        let sites = sites(&[("/api", 1)]);
        assert_eq!(find(&sites, "/api/x"), Ok(1));
        assert_eq!(find(&sites, "/api/../x"), Err(Missing::Doubtful));
        assert_eq!(find(&sites, "/x"), Err(Missing::Path));
    }

    #[test]
    fn whoever_has_the_whole_host_reads_as_it_likes() {
        let sites = sites(&[("/", 1)]);
        assert_eq!(find(&sites, "//a/../%61"), Ok(1));
        let other = SocketAddr::from(([127, 0, 0, 1], 81));
        let found = sites.find(other, "shop", "/", u8::eq);
        assert_eq!(found, Err(Missing::Host));
    }
}
