//! Takes the part of a host off the path that an instance gets to see.

use http::header::HeaderName;
use http::uri::PathAndQuery;
use http::{HeaderValue, Request, Uri};
use shipway_pipeline::route::Rules;

const PREFIX: HeaderName = HeaderName::from_static("x-forwarded-prefix");

/// Takes the prefix off a request in origin form, and tells the instance of it: behind what a
/// trusted peer has taken off already. What anybody else says of it is gone by now.
pub(super) fn strip<B>(request: &mut Request<B>, rules: &Rules) {
    let uri = request.uri();
    let Some(prefix) = rules
        .prefix_of(uri.path())
        .filter(|prefix| !prefix.is_root())
    else {
        return;
    };
    let whole = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let rest = &whole[prefix.as_str().len()..];
    let rest = match rest.starts_with('/') {
        true => PathAndQuery::try_from(rest),
        false => PathAndQuery::try_from(format!("/{rest}")),
    };
    // A part of what was a target is one.
    let Ok(rest) = rest else { return };
    let told = match request.headers().get(PREFIX).map(HeaderValue::to_str) {
        Some(Ok(known)) => HeaderValue::try_from(format!("{known}, {prefix}")),
        Some(Err(_)) | None => HeaderValue::try_from(prefix.as_str()),
    };
    if let Ok(told) = told {
        request.headers_mut().insert(PREFIX, told);
    }
    *request.uri_mut() = Uri::from(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stripped(target: &str, known: Option<&'static str>) -> (String, Option<String>) {
        let rules = Rules {
            paths: vec!["/api".parse().unwrap(), "/".parse().unwrap()],
            strip_prefix: true,
            ..Rules::default()
        };
        let mut request = Request::new(());
        *request.uri_mut() = target.parse().unwrap();
        if let Some(known) = known {
            let known = HeaderValue::from_static(known);
            request.headers_mut().insert(PREFIX, known);
        }
        strip(&mut request, &rules);
        let told = request.headers().get(PREFIX);
        let told = told.map(|told| told.to_str().unwrap().to_owned());
        (request.uri().to_string(), told)
    }

    #[test]
    fn the_prefix_is_taken_off_and_told() {
        let api = Some("/api".to_owned());
        for (target, rest) in [
            ("/api", "/"),
            ("/api?a=b", "/?a=b"),
            ("/api/?a=/api", "/?a=/api"),
            ("/api/a%2fb//c?d", "/a%2fb//c?d"),
        ] {
            assert_eq!(stripped(target, None), (rest.to_owned(), api.clone()));
        }
    }

    #[test]
    fn what_is_not_below_it_stays() {
        assert_eq!(stripped("/apis?x", None), ("/apis?x".to_owned(), None));
    }

    #[test]
    fn what_a_trusted_peer_took_off_stands_before_it() {
        let (_, told) = stripped("/api/x", Some("/shop"));
        assert_eq!(told.unwrap(), "/shop, /api");
    }
}
