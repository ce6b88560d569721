//! Answers made shorter on their way, where a route wants it and the client can read them.

mod coding;
mod encoder;
mod fit;
mod places;

use http::header::{
    ACCEPT_ENCODING, ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, ETAG, IF_NONE_MATCH, VARY,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};

use crate::body::ResponseBody;

use coding::Coding;

pub(crate) use encoder::Encoder;
pub(crate) use places::Places;

/// What a client can read and has, kept while its request is with an instance.
#[derive(Debug)]
pub(crate) struct Compression {
    coding: Option<Coding>,
    is_head: bool,
    /// The tags of what it has already.
    known: Option<HeaderValue>,
}

// === impl Compression ===

impl Compression {
    /// What the sender of a request can read.
    pub(crate) fn of<B>(request: &Request<B>) -> Self {
        // Without chunks, only the end of the connection would tell the end of the answer.
        let is_told_the_end = request.version() != Version::HTTP_10;
        Self {
            coding: is_told_the_end
                .then(|| Coding::accepted(request.headers()))
                .flatten(),
            is_head: *request.method() == Method::HEAD,
            known: request.headers().get(IF_NONE_MATCH).cloned(),
        }
    }

    /// Codes an answer that is fit for it, where there is a place.
    pub(crate) fn apply(self, response: &mut Response<ResponseBody>, places: &Places) {
        let status = response.status();
        let headers = response.headers_mut();
        if status == StatusCode::NOT_MODIFIED && self.has_weak(headers) {
            vary(headers);
            weaken(headers);
        }
        if !fit::is_fit(status, headers) {
            return;
        }
        vary(headers);
        let Some((coding, place)) = self.coding.zip(places.take()) else {
            return;
        };
        headers.insert(CONTENT_ENCODING, coding.name());
        headers.remove(CONTENT_LENGTH);
        // Ranges would be those of the coded answer, which is never the same twice.
        headers.remove(ACCEPT_RANGES);
        weaken(headers);
        if !self.is_head {
            response.body_mut().compress(Encoder::new(coding, place));
        }
    }
}

impl Compression {
    /// Whether the client has what is meant by its weak tag, as it was given with a coded answer:
    /// by the strong one it would not know it again (RFC 9111, 4.3.4).
    fn has_weak(&self, headers: &HeaderMap) -> bool {
        let (Some(known), Some(tag)) = (&self.known, headers.get(ETAG)) else {
            return false;
        };
        let mut known = known.as_bytes().split(|&byte| byte == b',');
        known.any(|it| it.trim_ascii().strip_prefix(b"W/") == Some(tag.as_bytes()))
    }
}

/// Tells caches that clients that read other codings are answered otherwise.
fn vary(headers: &mut HeaderMap) {
    let mut named = headers
        .get_all(VARY)
        .iter()
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b','));
    let is_told = named.any(|name| {
        let name = name.trim_ascii();
        name == b"*" || name.eq_ignore_ascii_case(ACCEPT_ENCODING.as_str().as_bytes())
    });
    if !is_told {
        headers.append(VARY, HeaderValue::from_static("Accept-Encoding"));
    }
}

/// The tag of an answer whose bytes are others, but mean the same (RFC 9110, 8.8.3).
fn weaken(headers: &mut HeaderMap) {
    let Some(tag) = headers.get(ETAG) else {
        return;
    };
    if tag.as_bytes().starts_with(b"W/") {
        return;
    }
    match HeaderValue::from_bytes(&[b"W/", tag.as_bytes()].concat()) {
        Ok(weak) => headers.insert(ETAG, weak),
        Err(_) => headers.remove(ETAG),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(&'static str, &'static str)]) -> HeaderMap {
        let all = all.iter().map(|(name, value)| {
            let name = http::HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        all.collect()
    }

    #[test]
    fn caches_are_told_once() {
        for (before, after) in [
            (&[][..], &["Accept-Encoding"][..]),
            (&[("vary", "Cookie")], &["Cookie", "Accept-Encoding"]),
            (
                &[("vary", "Cookie, accept-encoding")],
                &["Cookie, accept-encoding"],
            ),
            (&[("vary", "*")], &["*"]),
        ] {
            let mut headers = headers(before);
            vary(&mut headers);
            assert_eq!(headers.get_all(VARY).iter().collect::<Vec<_>>(), after);
        }
    }

    #[test]
    fn what_a_client_has_is_called_as_it_knows_it() {
        for (known, after) in [
            ("W/\"a\"", "W/\"a\""),
            ("\"b\", W/\"a\"", "W/\"a\""),
            ("\"a\"", "\"a\""),
            ("W/\"b\"", "\"a\""),
            ("*", "\"a\""),
        ] {
            let request = Request::get("/").header("if-none-match", known);
            let compression = Compression::of(&request.body(()).unwrap());
            let response = Response::builder().status(304).header("etag", "\"a\"");
            let mut response = response.body(ResponseBody::Empty).unwrap();
            compression.apply(&mut response, &Places::new(1));
            assert_eq!(response.headers()[ETAG], after, "{known}");
            let is_weak = after.starts_with('W');
            assert_eq!(response.headers().contains_key(VARY), is_weak, "{known}");
        }
    }

    #[test]
    fn tags_are_weak() {
        for (before, after) in [("\"a\"", "W/\"a\""), ("W/\"a\"", "W/\"a\"")] {
            let mut headers = headers(&[("etag", before)]);
            weaken(&mut headers);
            assert_eq!(headers[ETAG], after);
        }
    }
}
