//! Sends requests that came without TLS on to HTTPS.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LOCATION};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, Uri};
use shipway_pipeline::route::Tls;

use crate::body::ResponseBody;
use crate::session::Peer;

/// Whether a request is to come again by HTTPS. One that a trusted peer took by HTTPS, has.
pub(super) fn is_due(tls: &Tls, peer: &Peer, headers: &HeaderMap) -> bool {
    let came_by_https = || {
        let told = headers.get("x-forwarded-proto");
        peer.is_trusted && told.is_some_and(|scheme| scheme == "https")
    };
    tls.redirect && !peer.is_secure && !came_by_https()
}

/// The same by HTTPS; `None` where the request names no host.
pub(super) fn location(tls: &Tls, host: &str, uri: &Uri) -> Option<HeaderValue> {
    let name = match host.rsplit_once(':') {
        // A colon within brackets belongs to an IPv6 address.
        Some((name, port)) if !port.contains(']') => name,
        _ => host,
    };
    if name.is_empty() {
        return None;
    }
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    // `OPTIONS *` is of the host as such.
    let path = if path == "*" { "/" } else { path };
    let location = match tls.listen.port() {
        443 => format!("https://{name}{path}"),
        port => format!("https://{name}:{port}{path}"),
    };
    HeaderValue::try_from(location).ok()
}

/// 301 where nothing can get lost by it, as the oldest clients know it; 308 for the other methods,
/// because clients may make a GET of a POST when they follow a 301 (RFC 9110, 15.4.2).
pub(super) fn response(method: &Method, location: HeaderValue) -> Response<ResponseBody> {
    let text = Bytes::from_static(b"moved permanently: this host is reached by HTTPS\n");
    let mut response = Response::new(ResponseBody::Text(Some(text)));
    *response.status_mut() = match *method {
        Method::GET | Method::HEAD => StatusCode::MOVED_PERMANENTLY,
        _ => StatusCode::PERMANENT_REDIRECT,
    };
    let headers = response.headers_mut();
    headers.insert(LOCATION, location);
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(CONTENT_TYPE, plain);
    // For an hour and not for ever: who switches TLS off gets the visitors back.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=3600"));
    response
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use shipway_pipeline::route::Certificate;

    use super::*;

    fn tls(port: u16) -> Tls {
        Tls {
            listen: ([127, 0, 0, 1], port).into(),
            certificate: Certificate::Files {
                certificate: "/c".to_owned(),
                key: "/k".to_owned(),
            },
            redirect: true,
            hsts: None,
        }
    }

    fn peer(is_trusted: bool, is_secure: bool) -> Peer {
        Peer {
            is_trusted,
            is_secure,
            ..Peer::at(IpAddr::from([192, 0, 2, 1]))
        }
    }

    #[test]
    fn what_came_by_https_or_is_said_to_by_a_trusted_peer_stays() {
        let by_https = HeaderMap::from_iter([(
            http::HeaderName::from_static("x-forwarded-proto"),
            HeaderValue::from_static("https"),
        )]);
        let none = HeaderMap::new();
        assert!(is_due(&tls(443), &peer(false, false), &none));
        assert!(is_due(&tls(443), &peer(false, false), &by_https));
        assert!(is_due(&tls(443), &peer(true, false), &none));
        assert!(!is_due(&tls(443), &peer(true, false), &by_https));
        assert!(!is_due(&tls(443), &peer(false, true), &none));
        let off = Tls {
            redirect: false,
            ..tls(443)
        };
        assert!(!is_due(&off, &peer(false, false), &none));
    }

    #[test]
    fn the_target_is_the_same_but_for_the_port() {
        let at = |port, host, path: &'static str| {
            let location = location(&tls(port), host, &Uri::from_static(path));
            location.map(|value| value.to_str().unwrap().to_owned())
        };
        let told = at(443, "shop.org:80", "/a?b=c").unwrap();
        assert_eq!(told, "https://shop.org/a?b=c");
        let told = at(8443, "[::1]:8000", "/").unwrap();
        assert_eq!(told, "https://[::1]:8443/");
        assert_eq!(at(443, "[::1]", "*").unwrap(), "https://[::1]/");
        assert_eq!(at(443, "", "/"), None);
    }
}
