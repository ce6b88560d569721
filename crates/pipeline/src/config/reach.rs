//! Whether an authority can get to a route whose certificates it is to issue.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use super::{RouteConfig, default};
use crate::route::Challenge;

/// Ends of names that lead to no host of the Internet, whoever asks (RFC 2606, 6761, 6762, 8375 and
/// what ICANN keeps for private use).
const PRIVATE: [&str; 8] = [
    "local",
    "internal",
    "test",
    "example",
    "invalid",
    "onion",
    "lan",
    "home.arpa",
];

/// Why an authority cannot look whose a host is, whatever happens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreached {
    /// The proxy listens where only this machine gets to.
    Address(SocketAddr),
    /// The name is another machine to each that asks for it.
    Loopback(String),
    /// The name is none of the Internet's, and the authority is.
    Private(String),
}

// === impl RouteConfig ===

impl RouteConfig {
    /// What keeps the authority that is to issue its certificates from any of its hosts. Nothing is
    /// said of an authority on this machine, nor of a port that something else hands on.
    pub fn unreached(&self) -> Vec<Unreached> {
        let tls = self.tls.as_ref();
        let Some((tls, acme)) = tls.and_then(|tls| Some((tls, tls.certificate.acme()?))) else {
            return Vec::new();
        };
        let authority = host_of(&acme.directory);
        if is_here(authority) {
            return Vec::new();
        }
        let at = |challenge: &Challenge| match challenge {
            Challenge::Http => (self.listen, default::HTTP_PORT),
            Challenge::TlsAlpn => (tls.listen, default::TLS_PORT),
        };
        let is_closed = |challenge: &Challenge| {
            let (listen, port) = at(challenge);
            listen.port() == port && is_loopback(listen.ip())
        };
        let closed = acme.challenges.iter().all(is_closed);
        let first = acme.challenges.first().filter(|_| closed);
        let address = first.map(|challenge| Unreached::Address(at(challenge).0));
        let hosts = self.hosts.iter().filter_map(|host| {
            if is_here(host) {
                Some(Unreached::Loopback(host.clone()))
            } else if is_public(authority) && is_private(host) {
                Some(Unreached::Private(host.clone()))
            } else {
                None
            }
        });
        address.into_iter().chain(hosts).collect()
    }
}

// === impl Unreached ===

impl Unreached {
    /// The way out.
    pub fn help(&self) -> &'static str {
        match self {
            Self::Address(_) => {
                "listen where others get to, such as `0.0.0.0:80`; where something else hands on to \
                 the proxy, listen at another port than it, and name what it hands on in \
                 `challenges`"
            }
            Self::Loopback(_) | Self::Private(_) => {
                "name the host as it is called on the Internet, or an authority of your own \
                 (`directory`), or the files of a certificate"
            }
        }
    }
}

impl fmt::Display for Unreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address(listen) => write!(
                f,
                "no authority gets to {listen}, where only this machine does: no certificate will \
                 be issued"
            ),
            Self::Loopback(host) => write!(
                f,
                "no authority gets to `{host}`, which is every machine's own name: no certificate \
                 will be issued"
            ),
            Self::Private(host) => write!(
                f,
                "`{host}` is no name of the Internet, and the authority issues no certificate for it"
            ),
        }
    }
}

/// The host in a URL that begins with `https://`.
fn host_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _port)) => address,
        None => host.split(':').next().unwrap_or_default(),
    }
}

/// Whether a name or address is of whichever machine asks for it.
fn is_here(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    host.parse().is_ok_and(is_loopback) || ends_with(host, "localhost")
}

fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Whether it is an authority of which it is known that it issues for names of the Internet alone.
fn is_public(authority: &str) -> bool {
    let known = ["letsencrypt.org", "zerossl.com", "pki.goog"];
    known.iter().any(|name| ends_with(authority, name))
}

fn is_private(host: &str) -> bool {
    let host = host.trim_end_matches('.');
    !host.contains('.') || PRIVATE.iter().any(|end| ends_with(host, end))
}

/// Whether a name is this one, or one below it.
fn ends_with(name: &str, end: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let rest = name.strip_suffix(end);
    rest.is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::parse;

    fn unreached(route: &str, acme: &str) -> Vec<Unreached> {
        let text = format!(
            "project: shop\nenvironments:\n  production:\n    route:\n      {}\n      tls: {{ \
             acme: {{ email: a@a.org{acme} }} }}\n",
            route.replace("; ", "\n      ")
        );
        parse(&text).unwrap().environments[0].route.unreached()
    }

    fn address(text: &str) -> Unreached {
        Unreached::Address(text.parse().unwrap())
    }

    #[test]
    fn nobody_else_gets_to_a_loopback_address() {
        for (listen, expected) in [
            ("80", "127.0.0.1:80"),
            ("127.3.2.1:80", "127.3.2.1:80"),
            ("'[::1]:80'", "[::1]:80"),
            ("'[::ffff:127.0.0.1]:80'", "[::ffff:127.0.0.1]:80"),
            ("8000", "127.0.0.1:443"),
        ] {
            let route = format!("listen: {listen}; host: a.org");
            assert_eq!(unreached(&route, ""), [address(expected)], "{listen}");
        }
        for listen in ["0.0.0.0:80", "'[::]:80'", "192.0.2.1:80", "10.0.0.1:80"] {
            let route = format!("listen: {listen}; host: a.org");
            assert_eq!(unreached(&route, ""), [], "{listen}");
        }
    }

    #[test]
    fn what_something_else_hands_on_may_be_reached() {
        let handed_on = ", challenges: http-01";
        assert_eq!(unreached("listen: 8000; host: a.org", handed_on), []);
        let closed = unreached("listen: 80; host: a.org", handed_on);
        assert_eq!(closed, [address("127.0.0.1:80")]);
    }

    #[test]
    fn an_authority_on_this_machine_gets_to_it() {
        for directory in [
            "https://127.0.0.1:14000/dir",
            "https://localhost/dir",
            "https://[::1]:14000/dir",
            "https://ca.localhost:14000",
        ] {
            let acme = format!(", directory: '{directory}'");
            let route = "listen: 80; host: localhost";
            assert_eq!(unreached(route, &acme), [], "{directory}");
        }
        let elsewhere = ", directory: 'https://ca.internal/dir'";
        let route = "listen: 80; host: shop.internal";
        assert_eq!(unreached(route, elsewhere), [address("127.0.0.1:80")]);
    }

    #[test]
    fn names_are_those_that_the_authority_knows() {
        let route = "listen: 0.0.0.0:80; host: [localhost, a.localhost, shop, a.test, testa.org]";
        let [one, other] = ["localhost", "a.localhost"].map(str::to_owned);
        let loopback = [Unreached::Loopback(one), Unreached::Loopback(other)];
        let private = ["shop", "a.test"].map(|host| Unreached::Private(host.to_owned()));
        assert_eq!(unreached(route, ""), [&loopback[..], &private].concat());
        let own = ", directory: 'https://ca.internal/dir'";
        assert_eq!(unreached(route, own), loopback);
    }

    #[test]
    fn files_are_nobodys_business() {
        let text = "project: shop\nenvironments:\n  production:\n    route: { listen: 80, host: \
                    localhost, tls: { certificate: a, key: b } }\n";
        assert_eq!(parse(text).unwrap().environments[0].route.unreached(), []);
    }
}
