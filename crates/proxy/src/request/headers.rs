//! Headers that end at the proxy, in both directions.

use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderName, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION,
    TE, TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderValue, Method, Request, Version};

use crate::request::forwarded;
use crate::session::Peer;

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");

/// What of a message's headers concerns this connection only.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Hop {
    /// Some are there to be removed, beside `Connection`.
    any: bool,
    connection: bool,
}

/// Makes a client's request one for an instance; true when it asks for an upgrade that is passed
/// on.
pub(crate) fn to_instance<B>(request: &mut Request<B>, peer: &Peer, has_body: bool) -> bool {
    let may_upgrade =
        request.method() == Method::GET && request.version() == Version::HTTP_11 && !has_body;
    let headers = request.headers_mut();
    let hop = look(headers);
    let mut upgrade = None;
    let mut wants_trailers = false;
    if hop.connection || hop.any {
        if may_upgrade && has_token(headers, &CONNECTION, "upgrade") {
            upgrade = passed_upgrade(headers);
        }
        wants_trailers = has_token(headers, &TE, "trailers");
        remove(headers, hop);
        // The client's expectation is met by the proxy itself when the body is asked for.
        headers.remove(EXPECT);
        headers.remove(TE);
        headers.remove(HTTP2_SETTINGS);
    }
    forwarded::set(headers, peer);
    if wants_trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    let is_upgrade = upgrade.is_some();
    if let Some(protocol) = upgrade {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, protocol);
    }
    *request.version_mut() = Version::HTTP_11;
    is_upgrade
}

/// Makes an instance's headers ones for the client.
pub(crate) fn to_client(headers: &mut HeaderMap, is_upgrade: bool) {
    let hop = look(headers);
    if !hop.connection && !hop.any {
        return;
    }
    let protocol = is_upgrade.then(|| headers.get(UPGRADE).cloned()).flatten();
    remove(headers, hop);
    if let Some(protocol) = protocol {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, protocol);
    }
}

/// The seconds of a `Keep-Alive: timeout=`.
pub(crate) fn announced_timeout(headers: &HeaderMap) -> Option<u64> {
    let value = headers.get(KEEP_ALIVE)?.to_str().ok()?;
    value.split(',').find_map(|parameter| {
        let (name, seconds) = parameter.split_once('=')?;
        let is_timeout = name.trim().eq_ignore_ascii_case("timeout");
        is_timeout.then(|| seconds.trim().parse().ok())?
    })
}

/// One pass over the names tells the common message, which has nothing to remove.
fn look(headers: &HeaderMap) -> Hop {
    let mut hop = Hop::default();
    for name in headers.keys() {
        if *name == CONNECTION {
            hop.connection = true;
        } else if *name == TRANSFER_ENCODING
            || *name == UPGRADE
            || *name == TE
            || *name == EXPECT
            || *name == KEEP_ALIVE
            || *name == PROXY_CONNECTION
            || *name == PROXY_AUTHORIZATION
            || *name == PROXY_AUTHENTICATE
        {
            hop.any = true;
        }
    }
    hop
}

fn remove(headers: &mut HeaderMap, hop: Hop) {
    if hop.connection {
        remove_named(headers);
        headers.remove(CONNECTION);
    }
    if hop.any {
        if headers.contains_key(TRANSFER_ENCODING) {
            // Of two lengths the coding counts; the other must not go on.
            headers.remove(CONTENT_LENGTH);
        }
        for name in [
            TRANSFER_ENCODING,
            UPGRADE,
            KEEP_ALIVE,
            PROXY_CONNECTION,
            PROXY_AUTHORIZATION,
            PROXY_AUTHENTICATE,
        ] {
            headers.remove(name);
        }
    }
}

/// Removes the headers that `Connection` names. Ours are set after this, so none of them is lost.
fn remove_named(headers: &mut HeaderMap) {
    let is_common = |value: &HeaderValue| {
        let value = value.as_bytes();
        value.eq_ignore_ascii_case(b"keep-alive")
            || value.eq_ignore_ascii_case(b"close")
            || value.eq_ignore_ascii_case(b"upgrade")
    };
    if headers.get_all(CONNECTION).iter().all(is_common) {
        return;
    }
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .filter(|name| *name != HOST && *name != CONTENT_LENGTH && *name != TE)
        .collect();
    for name in named {
        headers.remove(name);
    }
}

/// The protocols asked for, without `h2c`: the proxy could not follow what is then spoken.
fn passed_upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut protocols = headers.get_all(UPGRADE).iter();
    let asked = protocols.next()?;
    if protocols.next().is_some() {
        return None;
    }
    let is_h2c = |protocol: &str| protocol.trim().eq_ignore_ascii_case("h2c");
    let text = asked.to_str().ok()?;
    if !text.split(',').any(is_h2c) {
        return Some(asked.clone());
    }
    let rest: Vec<&str> = text
        .split(',')
        .filter(|protocol| !is_h2c(protocol))
        .collect();
    let rest = rest.join(",");
    let rest = rest.trim();
    (!rest.is_empty()).then(|| HeaderValue::from_str(rest).ok())?
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers.get_all(name).iter().any(|value| {
        value
            .as_bytes()
            .split(|&byte| byte == b',')
            .any(|part| part.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    fn peer() -> Peer {
        Peer::at(IpAddr::from([192, 0, 2, 1]))
    }

    fn sent(headers: &[(&str, &str)]) -> (HeaderMap, bool) {
        let mut builder = Request::builder().uri("/").header("host", "shop");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let mut request = builder.body(()).unwrap();
        let is_upgrade = to_instance(&mut request, &peer(), false);
        (request.headers().clone(), is_upgrade)
    }

    #[test]
    fn what_connection_names_is_removed() {
        let (headers, _) = sent(&[
            ("connection", "x-forwarded-for, X-Secret, host"),
            ("x-secret", "1"),
            ("x-open", "2"),
        ]);
        assert!(!headers.contains_key("x-secret"));
        assert!(!headers.contains_key("connection"));
        assert_eq!(headers["host"], "shop");
        assert_eq!(headers["x-open"], "2");
    }

    #[test]
    fn an_upgrade_is_passed_on_and_h2c_is_not() {
        let (headers, is_upgrade) = sent(&[
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "websocket"),
        ]);
        assert!(is_upgrade);
        assert_eq!(headers["connection"], "upgrade");
        assert_eq!(headers["upgrade"], "websocket");

        let (headers, is_upgrade) = sent(&[
            ("connection", "Upgrade, HTTP2-Settings"),
            ("upgrade", "h2c"),
            ("http2-settings", "x"),
        ]);
        assert!(!is_upgrade);
        for gone in ["connection", "upgrade", "http2-settings"] {
            assert!(!headers.contains_key(gone), "{gone}");
        }
    }

    #[test]
    fn an_upgrade_that_connection_does_not_name_is_dropped() {
        let (headers, is_upgrade) = sent(&[("upgrade", "websocket")]);
        assert!(!is_upgrade);
        assert!(!headers.contains_key("upgrade"));
    }

    #[test]
    fn of_te_only_trailers_go_on() {
        let (headers, _) = sent(&[("te", "gzip, trailers"), ("connection", "te")]);
        assert_eq!(headers["te"], "trailers");
        let (headers, _) = sent(&[("te", "gzip")]);
        assert!(!headers.contains_key("te"));
    }

    #[test]
    fn the_announced_idle_time_is_read() {
        let mut headers = HeaderMap::new();
        assert_eq!(announced_timeout(&headers), None);
        headers.insert(KEEP_ALIVE, HeaderValue::from_static("max=5, timeout=2"));
        assert_eq!(announced_timeout(&headers), Some(2));
    }
}
