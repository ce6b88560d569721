//! Who a request comes from.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use http::header::HeaderName;

use crate::session::Peer;
use shipway_pipeline::cidr::Cidr;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The address of the client: the peer's, or the last one in `X-Forwarded-For` that no trusted
/// peer stands for. To be asked before headers are rewritten.
pub(super) fn address(headers: &HeaderMap, peer: &Peer, trusted: &[Cidr]) -> IpAddr {
    let mut known = peer.address;
    if !peer.is_trusted {
        return known;
    }
    for value in headers.get_all(FOR).iter().rev() {
        let Ok(value) = value.to_str() else { break };
        for element in value.rsplit(',') {
            let Some(address) = read(element.trim()) else {
                return known;
            };
            known = address;
            if !trusted.iter().any(|range| range.contains(address)) {
                return known;
            }
        }
    }
    known
}

/// An address, in brackets and with a port perhaps.
fn read(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|it| it.strip_suffix(']'));
    let address = bare.unwrap_or(text).parse::<IpAddr>();
    let with_port = || text.parse::<SocketAddr>().map(|address| address.ip());
    let address = address.or_else(|_| with_port()).ok()?;
    Some(address.to_canonical())
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn client(is_trusted: bool, told: &[&'static str]) -> String {
        let peer = Peer {
            is_trusted,
            ..Peer::at(IpAddr::from([10, 0, 0, 1]))
        };
        let mut headers = HeaderMap::new();
        for value in told {
            headers.append(FOR, HeaderValue::from_static(value));
        }
        let trusted = ["10.0.0.0/8".parse().unwrap()];
        address(&headers, &peer, &trusted).to_string()
    }

    #[test]
    fn an_untrusted_peer_is_the_client_whatever_it_says() {
        assert_eq!(client(false, &["192.0.2.1"]), "10.0.0.1");
    }

    #[test]
    fn behind_trusted_peers_it_is_the_last_one_that_is_none() {
        assert_eq!(client(true, &["1.1.1.1, 192.0.2.1, 10.9.9.9"]), "192.0.2.1");
        assert_eq!(client(true, &["1.1.1.1", "192.0.2.1"]), "192.0.2.1");
        assert_eq!(client(true, &["[2001:db8::1]:44"]), "2001:db8::1");
        assert_eq!(client(true, &["192.0.2.1:80"]), "192.0.2.1");
        assert_eq!(client(true, &["10.2.2.2, 10.3.3.3"]), "10.2.2.2");
    }

    #[test]
    fn what_is_no_address_ends_the_search() {
        assert_eq!(client(true, &["192.0.2.1, unknown"]), "10.0.0.1");
        assert_eq!(client(true, &["192.0.2.1, x, 10.4.4.4"]), "10.4.4.4");
        assert_eq!(client(true, &[]), "10.0.0.1");
    }
}
