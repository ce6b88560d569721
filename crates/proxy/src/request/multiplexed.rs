//! What HTTP/2 says in another way than HTTP/1, in which it goes on to an instance.

use http::header::{COOKIE, HOST};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, Uri};

use crate::request::admit::is_same;
use crate::request::refuse::Refusal;
use crate::session::Peer;

/// How many header fields are taken: as many as of HTTP/1.
const FIELDS: usize = 100;

/// Says a request as HTTP/1 does: the target in origin form, its host in `Host`, cookies in one
/// line.
pub(crate) fn to_http1<B>(request: &mut Request<B>, peer: &Peer) -> Result<(), Refusal> {
    if request.method() == Method::CONNECT {
        return Err(Refusal::Connect);
    }
    one_host(request, peer)?;
    to_origin_form(request);
    let headers = request.headers_mut();
    join_cookies(headers);
    if headers.len() > FIELDS {
        return Err(Refusal::TooManyFields);
    }
    Ok(())
}

/// Sets `Host` to what `:authority` says. Where both are there they must say the same.
fn one_host<B>(request: &mut Request<B>, peer: &Peer) -> Result<(), Refusal> {
    let uri = request.uri();
    let Some(authority) = uri.authority() else {
        // Without one, what is in `Host` counts.
        return Ok(());
    };
    // What stands in front of us may have taken by TLS what it sends on without.
    let scheme = uri.scheme_str().unwrap_or(peer.scheme());
    let is_ours = scheme == peer.scheme() || (peer.is_trusted && scheme == "https");
    if !is_ours {
        return Err(Refusal::TwoTargets);
    }
    let port = if scheme == "https" { 443 } else { 80 };
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) => {}
        (Some(host), None) if is_same(authority, host, port) => {}
        (Some(_), None) => return Err(Refusal::TwoTargets),
        (Some(_), Some(_)) => return Err(Refusal::BadHost),
    }
    let host = HeaderValue::from_str(authority.as_str()).map_err(|_| Refusal::BadHost)?;
    request.headers_mut().insert(HOST, host);
    Ok(())
}

/// Leaves the path alone; whether it is one is looked at with those of HTTP/1.
fn to_origin_form<B>(request: &mut Request<B>) {
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = Uri::from(path.unwrap_or(PathAndQuery::from_static("/")));
}

/// HTTP/2 lets cookies come one by one, HTTP/1 in one line (RFC 9113, 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let crumbs: Vec<&[u8]> = headers
        .get_all(COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    if crumbs.len() < 2 {
        return;
    }
    // Of parts that are valid the whole is.
    if let Ok(cookie) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..])) {
        headers.insert(COOKIE, cookie);
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use http::Version;

    use super::*;

    fn peer(is_trusted: bool) -> Peer {
        Peer {
            is_trusted,
            ..Peer::at(IpAddr::from([192, 0, 2, 1]))
        }
    }

    fn said(uri: &str, headers: &[(&str, &str)]) -> Result<Request<()>, Refusal> {
        said_by(&peer(false), uri, headers)
    }

    fn said_by(peer: &Peer, uri: &str, headers: &[(&str, &str)]) -> Result<Request<()>, Refusal> {
        let mut builder = Request::builder().version(Version::HTTP_2).uri(uri);
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        let mut request = builder.body(()).unwrap();
        to_http1(&mut request, peer)?;
        Ok(request)
    }

    #[test]
    fn the_authority_becomes_the_host() {
        let request = said("http://shop/a?b", &[]).unwrap();
        assert_eq!(request.uri(), "/a?b");
        assert_eq!(request.headers()[HOST], "shop");
        let request = said("http://Shop:80/", &[("host", "shop")]).unwrap();
        assert_eq!(request.headers()[HOST], "Shop:80");
        let request = said("/a", &[("host", "shop")]).unwrap();
        assert_eq!(request.headers()[HOST], "shop");
    }

    #[test]
    fn two_hosts_are_one_too_many() {
        let other = said("http://shop/", &[("host", "other")]);
        assert_eq!(other.unwrap_err(), Refusal::TwoTargets);
        let twice = said("http://shop/", &[("host", "shop"), ("host", "shop")]);
        assert_eq!(twice.unwrap_err(), Refusal::BadHost);
    }

    #[test]
    fn only_a_trusted_peer_took_by_tls_what_comes_without() {
        let refused = said("https://shop/", &[]);
        assert_eq!(refused.unwrap_err(), Refusal::TwoTargets);
        let request = said_by(&peer(true), "https://shop:443/", &[("host", "shop")]);
        assert_eq!(request.unwrap().headers()[HOST], "shop:443");
        let refused = said_by(&peer(true), "ftp://shop/", &[]);
        assert_eq!(refused.unwrap_err(), Refusal::TwoTargets);
    }

    #[test]
    fn cookies_become_one() {
        let crumbs = [("cookie", "a=1"), ("cookie", "b=2"), ("cookie", "c=3")];
        let request = said("http://shop/", &crumbs).unwrap();
        let cookies: Vec<_> = request.headers().get_all(COOKIE).iter().collect();
        assert_eq!(cookies, ["a=1; b=2; c=3"]);
    }

    #[test]
    fn more_fields_than_http1_has_are_refused() {
        let fields: Vec<_> = std::iter::repeat_n(("x", "y"), FIELDS + 1).collect();
        let refused = said("http://shop/", &fields);
        assert_eq!(refused.unwrap_err(), Refusal::TooManyFields);
    }
}
