//! Answers made shorter on their way, where a route wants it and the client can read them.

mod coding;
mod encoder;
mod fit;
mod places;

use http::header::{ACCEPT_ENCODING, ACCEPT_RANGES, CONTENT_ENCODING, CONTENT_LENGTH, ETAG, VARY};
use http::{HeaderMap, HeaderValue, Method, Request, Response, Version};

use crate::body::ResponseBody;

use coding::Coding;

pub(crate) use encoder::Encoder;
pub(crate) use places::Places;

/// What a client can read, kept while its request is with an instance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Compression {
    coding: Option<Coding>,
    is_head: bool,
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
        }
    }

    /// Codes an answer that is fit for it, where there is a place.
    pub(crate) fn apply(self, response: &mut Response<ResponseBody>, places: &Places) {
        if !fit::is_fit(response.status(), response.headers()) {
            return;
        }
        let headers = response.headers_mut();
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
    fn tags_are_weak() {
        for (before, after) in [("\"a\"", "W/\"a\""), ("W/\"a\"", "W/\"a\"")] {
            let mut headers = headers(&[("etag", before)]);
            weaken(&mut headers);
            assert_eq!(headers[ETAG], after);
        }
    }
}
