//! Which answers are worth it, and which must stay as they are.

use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HeaderName,
};
use http::{HeaderMap, StatusCode};

/// Shorter answers go in one packet as they are.
const SHORTEST: u64 = 1024;

/// Digests of the bytes that are sent, which would be others.
const DIGESTS: [HeaderName; 2] = [
    HeaderName::from_static("content-digest"),
    HeaderName::from_static("content-md5"),
];

/// Whether an answer is text of some length that nobody has coded, cut or forbidden to change.
pub(super) fn is_fit(status: StatusCode, headers: &HeaderMap) -> bool {
    is_whole(status)
        && is_text(headers)
        && is_long(headers)
        && !headers.contains_key(CONTENT_ENCODING)
        && !headers.contains_key(CONTENT_RANGE)
        && !DIGESTS.iter().any(|name| headers.contains_key(name))
        && !is_to_stay(headers)
}

/// Whether it has a body, and all of it.
fn is_whole(status: StatusCode) -> bool {
    !status.is_informational()
        && !matches!(
            status,
            StatusCode::NO_CONTENT
                | StatusCode::RESET_CONTENT
                | StatusCode::PARTIAL_CONTENT
                | StatusCode::NOT_MODIFIED
        )
}

/// Images, archives and films are short already. An event stream is left alone: what stands between
/// an event and its reader is one more thing that can hold it up.
fn is_text(headers: &HeaderMap) -> bool {
    let Some(value) = headers.get(CONTENT_TYPE) else {
        return false;
    };
    let Ok(value) = value.to_str() else {
        return false;
    };
    let kind = value.split(';').next().unwrap_or_default().trim();
    let Some((kind, form)) = kind.split_once('/') else {
        return false;
    };
    let (kind, form) = (kind.to_ascii_lowercase(), form.to_ascii_lowercase());
    match (kind.as_str(), form.as_str()) {
        ("text", form) => form != "event-stream",
        (
            "application",
            "javascript" | "x-javascript" | "json" | "x-ndjson" | "xml" | "wasm"
            | "vnd.ms-fontobject",
        )
        | ("font", "ttf" | "otf")
        | ("image", "bmp" | "x-icon" | "vnd.microsoft.icon") => true,
        (_, form) => form.ends_with("+json") || form.ends_with("+xml"),
    }
}

fn is_long(headers: &HeaderMap) -> bool {
    let Some(length) = headers.get(CONTENT_LENGTH) else {
        return true;
    };
    let length = length.to_str().ok().and_then(|text| text.parse().ok());
    length.is_some_and(|length: u64| length >= SHORTEST)
}

/// Whether the application said that nobody may change it.
fn is_to_stay(headers: &HeaderMap) -> bool {
    headers
        .get_all(CACHE_CONTROL)
        .iter()
        .flat_map(|value| value.as_bytes().split(|&byte| byte == b','))
        .any(|directive| directive.trim_ascii().eq_ignore_ascii_case(b"no-transform"))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn fit(status: u16, headers: &[(&'static str, &'static str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| {
            let name = HeaderName::from_static(name);
            (name, HeaderValue::from_static(value))
        });
        is_fit(StatusCode::from_u16(status).unwrap(), &headers.collect())
    }

    #[test]
    fn text_is_fit() {
        for kind in [
            "text/html; charset=utf-8",
            "TEXT/CSS",
            "application/json",
            "application/problem+json",
            "image/svg+xml",
            "application/wasm",
            "font/ttf",
        ] {
            assert!(fit(200, &[("content-type", kind)]), "{kind}");
            assert!(fit(404, &[("content-type", kind)]), "{kind}");
        }
        let long = [("content-type", "text/html"), ("content-length", "1024")];
        assert!(fit(200, &long));
    }

    #[test]
    fn what_is_short_already_is_not() {
        for kind in [
            "image/png",
            "application/zip",
            "font/woff2",
            "video/mp4",
            "application/octet-stream",
            "html",
        ] {
            assert!(!fit(200, &[("content-type", kind)]), "{kind}");
        }
        let short = [("content-type", "text/html"), ("content-length", "1023")];
        assert!(!fit(200, &short));
        assert!(!fit(200, &[]));
    }

    #[test]
    fn what_must_stay_as_it_is_is_not() {
        for header in [
            ("content-encoding", "gzip"),
            ("content-encoding", "identity"),
            ("content-range", "bytes 0-1/2"),
            ("cache-control", "public, No-Transform"),
            ("content-digest", "sha-256=:AAAA:"),
            ("content-md5", "AAAA"),
        ] {
            assert!(!fit(200, &[("content-type", "text/html"), header]));
        }
        for status in [101, 204, 205, 206, 304] {
            assert!(!fit(status, &[("content-type", "text/html")]), "{status}");
        }
        assert!(!fit(200, &[("content-type", "text/event-stream")]));
    }
}
