//! Who the client is, for the instance to read.

use std::fmt::Write as _;
use std::net::IpAddr;

use http::header::{FORWARDED, HOST, HeaderName};
use http::{HeaderMap, HeaderValue};

use crate::session::Peer;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
/// What frameworks believe, whether we set it or not: only a trusted peer may.
const CLAIMED: [HeaderName; 8] = [
    FOR,
    PROTO,
    FORWARDED_HOST,
    REAL_IP,
    HeaderName::from_static("x-forwarded-port"),
    HeaderName::from_static("x-forwarded-prefix"),
    HeaderName::from_static("x-forwarded-server"),
    HeaderName::from_static("x-forwarded-ssl"),
];

/// Prepares the headers that tell of the client: what an untrusted peer says is removed, for
/// [`write`] to say it anew; what a trusted one says is extended.
pub(crate) fn set(headers: &mut HeaderMap, peer: &Peer) {
    if peer.is_trusted {
        extend(headers, peer);
        return;
    }
    let claimed: Vec<HeaderName> = headers.keys().filter(is_claimed).cloned().collect();
    for name in claimed {
        headers.remove(name);
    }
}

/// Writes behind the other headers of a request what an untrusted peer must not say itself. Not
/// one of them goes through the map, which would grow by them for every request.
pub(crate) fn write(to: &mut Vec<u8>, headers: &HeaderMap, peer: &Peer) {
    if peer.is_trusted {
        return;
    }
    let address = peer.header.as_bytes();
    let host = headers.get(HOST).map(HeaderValue::as_bytes);
    for (name, value) in [
        (FOR, Some(address)),
        (REAL_IP, Some(address)),
        (PROTO, Some(peer.scheme().as_bytes())),
        (FORWARDED_HOST, host),
    ] {
        if let Some(value) = value {
            line(to, &name, value);
        }
    }
}

/// Writes a header as HTTP/1.1 has it.
pub(crate) fn line(to: &mut Vec<u8>, name: &HeaderName, value: &[u8]) {
    for part in [name.as_str().as_bytes(), b": ", value, b"\r\n"] {
        to.extend_from_slice(part);
    }
}

/// Whether a header tells of the client.
fn is_claimed(name: &&HeaderName) -> bool {
    if **name == FORWARDED || CLAIMED.contains(name) {
        return true;
    }
    // To frameworks that read headers as variables, `X_Real_IP` is `X-Real-IP`.
    let name = name.as_str();
    name.contains('_') && {
        let plain = name.replace('_', "-");
        plain.starts_with("x-forwarded-") || plain == REAL_IP.as_str()
    }
}

fn extend(headers: &mut HeaderMap, peer: &Peer) {
    let known = joined(headers, &FOR);
    headers.insert(FOR, behind(known, &peer.address.to_string(), &peer.header));
    if headers.contains_key(FORWARDED) {
        let known = joined(headers, &FORWARDED);
        let element = element(peer, headers.get(HOST));
        headers.insert(FORWARDED, behind(known, &element, &peer.header));
    }
    headers
        .entry(REAL_IP)
        .or_insert_with(|| peer.header.clone());
    headers
        .entry(PROTO)
        .or_insert(HeaderValue::from_static(peer.scheme()));
    if let Some(host) = headers.get(HOST).cloned() {
        headers.entry(FORWARDED_HOST).or_insert(host);
    }
}

/// All values of a list header as one.
fn joined(headers: &HeaderMap, name: &HeaderName) -> String {
    let values: Vec<&str> = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .collect();
    values.join(", ")
}

fn behind(mut known: String, ours: &str, alone: &HeaderValue) -> HeaderValue {
    if !known.is_empty() {
        known.push_str(", ");
    }
    known.push_str(ours);
    HeaderValue::try_from(known).unwrap_or_else(|_| alone.clone())
}

fn element(peer: &Peer, host: Option<&HeaderValue>) -> String {
    let mut element = match peer.address {
        IpAddr::V4(address) => format!("for={address}"),
        IpAddr::V6(address) => format!("for=\"[{address}]\""),
    };
    if let Some(host) = host.and_then(|host| host.to_str().ok()) {
        // Writing to a string cannot fail.
        let _ = write!(element, ";host=\"{host}\"");
    }
    let _ = write!(element, ";proto={}", peer.scheme());
    element
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(is_trusted: bool, headers: &[(&'static str, &'static str)]) -> HeaderMap {
        told_by(is_trusted, false, headers)
    }

    fn told_by(
        is_trusted: bool,
        is_secure: bool,
        headers: &[(&'static str, &'static str)],
    ) -> HeaderMap {
        let mut map = HeaderMap::new();
        map.insert(HOST, HeaderValue::from_static("shop:80"));
        for (name, value) in headers {
            map.append(*name, HeaderValue::from_static(value));
        }
        let peer = Peer {
            is_trusted,
            is_secure,
            ..Peer::at(IpAddr::from([192, 0, 2, 1]))
        };
        set(&mut map, &peer);
        let mut lines = Vec::new();
        write(&mut lines, &map, &peer);
        for line in String::from_utf8(lines).unwrap().lines() {
            let (name, value) = line.split_once(": ").unwrap();
            let name: HeaderName = name.parse().unwrap();
            map.append(name, value.parse().unwrap());
        }
        map
    }

    const SPOOFED: &[(&str, &str)] = &[
        ("x-forwarded-for", "1.1.1.1"),
        ("x-forwarded-for", "2.2.2.2"),
        ("x-forwarded-proto", "https"),
        ("x-forwarded-host", "evil"),
        ("x-forwarded-port", "444"),
        ("x-real-ip", "1.1.1.1"),
        ("forwarded", "for=1.1.1.1"),
    ];

    #[test]
    fn what_an_untrusted_peer_says_is_replaced() {
        let headers = told(false, SPOOFED);
        let all: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
        assert_eq!(all, ["192.0.2.1"]);
        assert_eq!(headers["x-real-ip"], "192.0.2.1");
        assert_eq!(headers["x-forwarded-proto"], "http");
        assert_eq!(headers["x-forwarded-host"], "shop:80");
        assert!(!headers.contains_key("forwarded"));
        assert!(!headers.contains_key("x-forwarded-port"));
    }

    #[test]
    fn what_came_by_tls_is_told_as_https() {
        let headers = told_by(false, true, &[("x-forwarded-proto", "http")]);
        assert_eq!(headers["x-forwarded-proto"], "https");
        let headers = told_by(true, true, &[("forwarded", "for=1.1.1.1;proto=http")]);
        assert_eq!(headers["x-forwarded-proto"], "https");
        assert!(
            headers["forwarded"]
                .to_str()
                .unwrap()
                .ends_with(";proto=https")
        );
    }

    #[test]
    fn what_a_trusted_peer_says_is_kept_and_extended() {
        let headers = told(true, SPOOFED);
        let all: Vec<_> = headers.get_all("x-forwarded-for").iter().collect();
        assert_eq!(all, ["1.1.1.1, 2.2.2.2, 192.0.2.1"]);
        assert_eq!(headers["x-real-ip"], "1.1.1.1");
        assert_eq!(headers["x-forwarded-proto"], "https");
        assert_eq!(headers["x-forwarded-host"], "evil");
        assert_eq!(
            headers["forwarded"],
            "for=1.1.1.1, for=192.0.2.1;host=\"shop:80\";proto=http"
        );
    }
}
