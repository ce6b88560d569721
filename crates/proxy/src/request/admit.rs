//! Which requests are taken at all: those with one clear target.

use http::header::HOST;
use http::uri::{Authority, PathAndQuery};
use http::{HeaderValue, Method, Request, Uri, Version};

use crate::request::refuse::Refusal;

/// Checks the target of a request that came by `scheme` and brings it into origin form; its host.
pub(crate) fn check<B>(request: &mut Request<B>, scheme: &str) -> Result<HeaderValue, Refusal> {
    if request.method() == Method::CONNECT {
        return Err(Refusal::Connect);
    }
    let host = one_host(request)?;
    if request.uri().authority().is_some() {
        to_origin_form(request, &host, scheme)?;
    }
    if !is_path(request) {
        return Err(Refusal::BadTarget);
    }
    Ok(host)
}

fn one_host<B>(request: &Request<B>) -> Result<HeaderValue, Refusal> {
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) if is_host(host.as_bytes()) => Ok(host.clone()),
        // HTTP/1.0 had no such header.
        (None, _) if request.version() == Version::HTTP_10 => Ok(HeaderValue::from_static("")),
        _ => Err(Refusal::BadHost),
    }
}

/// A host and perhaps a port; nothing that could be read as more than that further on.
fn is_host(host: &[u8]) -> bool {
    !host.is_empty()
        && host
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || b".-_:[]~%!$&'()*+;=".contains(byte))
}

/// Whether the target is a path or, of OPTIONS, `*`: all that is meant for an instance.
fn is_path<B>(request: &Request<B>) -> bool {
    let path = request.uri().path_and_query();
    path.is_some_and(|path| {
        let path = path.as_str();
        path.starts_with('/') || (path == "*" && request.method() == Method::OPTIONS)
    })
}

fn to_origin_form<B>(
    request: &mut Request<B>,
    host: &HeaderValue,
    scheme: &str,
) -> Result<(), Refusal> {
    let uri = request.uri();
    if uri.scheme().is_none() {
        // A host alone is what CONNECT has.
        return Err(Refusal::BadTarget);
    }
    let as_it_came = uri.scheme_str().is_none_or(|named| named == scheme);
    let port = if scheme == "https" { 443 } else { 80 };
    let same = uri
        .authority()
        .is_some_and(|authority| is_same(authority, host, port));
    if !as_it_came || !same {
        return Err(Refusal::TwoTargets);
    }
    let path = uri
        .path_and_query()
        .cloned()
        .unwrap_or(PathAndQuery::from_static("/"));
    *request.uri_mut() = Uri::from(path);
    Ok(())
}

/// Whether a target and a `Host` header name the same, where one port goes without saying.
pub(super) fn is_same(target: &Authority, host: &HeaderValue, port: u16) -> bool {
    let Ok(host) = Authority::try_from(host.as_bytes()) else {
        return false;
    };
    !target.as_str().contains('@')
        && target.host().eq_ignore_ascii_case(host.host())
        && target.port_u16().unwrap_or(port) == host.port_u16().unwrap_or(port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(uri: &str, hosts: &[&str]) -> Result<String, Refusal> {
        checked_by("http", uri, hosts)
    }

    fn checked_by(scheme: &str, uri: &str, hosts: &[&str]) -> Result<String, Refusal> {
        let mut builder = Request::builder().uri(uri);
        for host in hosts {
            builder = builder.header(HOST, *host);
        }
        let mut request = builder.body(()).unwrap();
        check(&mut request, scheme)?;
        Ok(request.uri().to_string())
    }

    #[test]
    fn exactly_one_host_is_wanted() {
        assert_eq!(checked("/a?b", &["shop"]).unwrap(), "/a?b");
        assert_eq!(checked("/", &["[::1]:80"]).unwrap(), "/");
        assert_eq!(checked("/", &[]), Err(Refusal::BadHost));
        assert_eq!(checked("/", &["a", "a"]), Err(Refusal::BadHost));
        for bad in ["", "a b", "a/b", "a@b", "a,b"] {
            assert_eq!(checked("/", &[bad]), Err(Refusal::BadHost), "{bad}");
        }
    }

    #[test]
    fn an_absolute_target_must_name_the_same_host() {
        assert_eq!(checked("http://shop/a?b", &["shop"]).unwrap(), "/a?b");
        assert_eq!(checked("http://SHOP:80", &["shop"]).unwrap(), "/");
        for (uri, host) in [
            ("http://shop/", "other"),
            ("http://shop:81/", "shop"),
            ("http://x@shop/", "shop"),
            ("https://shop/", "shop"),
        ] {
            assert_eq!(checked(uri, &[host]), Err(Refusal::TwoTargets), "{uri}");
        }
    }

    #[test]
    fn a_target_is_a_path() {
        for target in ["shop", "shop:80", "*"] {
            assert_eq!(checked(target, &["shop"]), Err(Refusal::BadTarget));
        }
        let mut whole = Request::options("*").header(HOST, "shop").body(()).unwrap();
        assert_eq!(check(&mut whole, "http").unwrap(), "shop");
    }

    #[test]
    fn what_came_by_tls_names_https_and_its_port() {
        let by_tls = |uri: &str, host: &str| checked_by("https", uri, &[host]);
        assert_eq!(by_tls("https://shop/a", "shop:443").unwrap(), "/a");
        assert_eq!(by_tls("http://shop/a", "shop"), Err(Refusal::TwoTargets));
        assert_eq!(
            by_tls("https://shop/a", "shop:80"),
            Err(Refusal::TwoTargets)
        );
    }

    #[test]
    fn http_1_0_may_go_without_a_host() {
        let mut request = Request::builder()
            .version(Version::HTTP_10)
            .uri("/")
            .body(())
            .unwrap();
        assert_eq!(check(&mut request, "http").unwrap(), "");
    }
}
