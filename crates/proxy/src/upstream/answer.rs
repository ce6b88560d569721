//! The head of an answer.

use std::mem::MaybeUninit;

use bytes::{Bytes, BytesMut};
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderName, TRANSFER_ENCODING};
use http::{HeaderMap, HeaderValue, StatusCode};
use memchr::memchr;

use super::decoder::{Chunk, Decoder, Malformed};

/// The longest head: as much as hyper takes, and far more than applications send.
const LONGEST: usize = 256 * 1024;
/// The most headers, as hyper has it.
const FIELDS: usize = 100;

/// The head of an answer, and how its body is read.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Decoder,
    /// Whether another request may follow on the connection.
    pub(super) is_kept: bool,
}

/// Finds the end of a head in what is read bit by bit.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Search {
    /// So much was looked through.
    seen: usize,
}

// === impl Answer ===

impl Answer {
    /// Reads a head that has come as a whole; `is_head` tells that the answer is one to HEAD.
    pub(super) fn parse(head: &Bytes, is_head: bool) -> Result<Self, Malformed> {
        let mut fields = [const { MaybeUninit::<httparse::Header<'_>>::uninit() }; FIELDS];
        let mut response = httparse::Response::new(&mut []);
        let parsed = httparse::ParserConfig::default().parse_response_with_uninit_headers(
            &mut response,
            head,
            &mut fields,
        );
        if !parsed.is_ok_and(|status| status.is_complete()) {
            return Err(Malformed("its head is no HTTP/1"));
        }
        let status = response.code.unwrap_or_default();
        let status = StatusCode::from_u16(status).map_err(|_| Malformed("its status is none"))?;
        let mut headers = HeaderMap::with_capacity(response.headers.len());
        for field in &*response.headers {
            let name = HeaderName::from_bytes(field.name.as_bytes());
            let value = HeaderValue::from_maybe_shared(head.slice_ref(field.value));
            let (Ok(name), Ok(value)) = (name, value) else {
                return Err(Malformed("a header is none"));
            };
            headers.append(name, value);
        }
        let is_1_1 = response.version == Some(1);
        let body = body(status, &headers, is_1_1, is_head)?;
        let is_kept = body != Decoder::Close && is_kept(&headers, is_1_1);
        Ok(Self {
            status,
            headers,
            body,
            is_kept,
        })
    }
}

/// The body of an answer, by RFC 9112, section 6.3.
fn body(
    status: StatusCode,
    headers: &HeaderMap,
    is_1_1: bool,
    is_head: bool,
) -> Result<Decoder, Malformed> {
    let has_none = is_head
        || status.is_informational()
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if has_none {
        return Ok(Decoder::Done);
    }
    if let Some(last) = headers.get_all(TRANSFER_ENCODING).iter().next_back() {
        if !is_1_1 {
            return Err(Malformed("HTTP/1.0 has no transfer-encoding"));
        }
        let coding = last.as_bytes().rsplit(|&byte| byte == b',').next();
        let is_chunked =
            coding.is_some_and(|coding| coding.trim_ascii().eq_ignore_ascii_case(b"chunked"));
        return Ok(if is_chunked {
            Decoder::Chunked(Chunk::Size)
        } else {
            Decoder::Close
        });
    }
    match length(headers)? {
        None => Ok(Decoder::Close),
        Some(0) => Ok(Decoder::Done),
        Some(length) => Ok(Decoder::Length(length)),
    }
}

/// The one length that all headers agree upon.
fn length(headers: &HeaderMap) -> Result<Option<u64>, Malformed> {
    let mut found = None;
    for value in headers.get_all(CONTENT_LENGTH) {
        for part in value.as_bytes().split(|&byte| byte == b',') {
            let digits = part.trim_ascii();
            let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
            let text = std::str::from_utf8(digits).ok().filter(|_| is_number);
            let length: Option<u64> = text.and_then(|text| text.parse().ok());
            if length.is_none() || found.is_some_and(|found| Some(found) != length) {
                return Err(Malformed("its length is none"));
            }
            found = length;
        }
    }
    Ok(found)
}

fn is_kept(headers: &HeaderMap, is_1_1: bool) -> bool {
    let says = |word: &[u8]| {
        headers.get_all(CONNECTION).iter().any(|value| {
            let mut tokens = value.as_bytes().split(|&byte| byte == b',');
            tokens.any(|token| token.trim_ascii().eq_ignore_ascii_case(word))
        })
    };
    if is_1_1 {
        !says(b"close")
    } else {
        says(b"keep-alive")
    }
}

// === impl Search ===

impl Search {
    /// Takes a whole head off what was read, with the empty line behind it.
    pub(super) fn head(&mut self, read: &mut BytesMut) -> Result<Option<Bytes>, Malformed> {
        while let Some(at) = memchr(b'\n', &read[self.seen..]) {
            let behind = self.seen + at + 1;
            let end = match &read[behind..] {
                [b'\n', ..] => Some(behind + 1),
                [b'\r', b'\n', ..] => Some(behind + 2),
                // It may be the end: look here again.
                [] | [b'\r'] => break,
                _ => None,
            };
            if let Some(end) = end {
                self.seen = 0;
                return Ok(Some(read.split_to(end).freeze()));
            }
            self.seen = behind;
        }
        if read.len() > LONGEST {
            return Err(Malformed("its head has no end"));
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Answer, Malformed> {
        Answer::parse(&Bytes::copy_from_slice(text.as_bytes()), false)
    }

    fn framed(headers: &str) -> Result<(Decoder, bool), Malformed> {
        parse(&format!("HTTP/1.1 200 OK\r\n{headers}\r\n")).map(|it| (it.body, it.is_kept))
    }

    #[test]
    fn a_head_is_found_in_pieces_of_any_size() {
        let text = b"HTTP/1.1 200 OK\r\nA: b\r\n\r\nbody";
        let (mut search, mut read) = (Search::default(), BytesMut::new());
        let mut found = None;
        for byte in text.chunks(1) {
            read.extend_from_slice(byte);
            found = found.or(search.head(&mut read).unwrap());
        }
        assert_eq!(found.unwrap(), &text[..text.len() - 4]);
        assert_eq!(read, &b"body"[..]);
        let mut bare = BytesMut::from(&b"HTTP/1.0 200 OK\nA: b\n\nbody"[..]);
        assert!(Search::default().head(&mut bare).unwrap().is_some());
        let mut endless = BytesMut::from(&vec![b'a'; LONGEST + 1][..]);
        assert!(Search::default().head(&mut endless).is_err());
    }

    #[test]
    fn the_body_ends_by_coding_then_length_then_connection() {
        let chunked = Decoder::Chunked(Chunk::Size);
        for (headers, expected) in [
            ("Content-Length: 5\r\n", (Decoder::Length(5), true)),
            (
                "Content-Length: 5\r\ncontent-length: 5, 5\r\n",
                (Decoder::Length(5), true),
            ),
            (
                "Content-Length: 0\r\nConnection: x, Close\r\n",
                (Decoder::Done, false),
            ),
            (
                "Content-Length: 5\r\nTransfer-Encoding: gzip, Chunked\r\n",
                (chunked, true),
            ),
            ("Transfer-Encoding: gzip\r\n", (Decoder::Close, false)),
            ("", (Decoder::Close, false)),
        ] {
            assert_eq!(framed(headers).unwrap(), expected, "{headers}");
        }
        for bad in ["5, 6", "+5", "", "x", "-1", "99999999999999999999"] {
            assert!(
                framed(&format!("Content-Length: {bad}\r\n")).is_err(),
                "{bad}"
            );
        }
    }

    #[test]
    fn some_answers_have_no_body_whatever_they_say() {
        let long = "Content-Length: 5\r\n\r\n";
        for status in ["204 No Content", "304 Not Modified", "103 Early Hints"] {
            let answer = parse(&format!("HTTP/1.1 {status}\r\n{long}")).unwrap();
            assert_eq!(answer.body, Decoder::Done, "{status}");
        }
        let head = Bytes::from(format!("HTTP/1.1 200 OK\r\n{long}"));
        let answer = Answer::parse(&head, true).unwrap();
        assert_eq!(answer.body, Decoder::Done);
        assert_eq!(answer.headers["content-length"], "5");
    }

    #[test]
    fn http_1_0_is_kept_only_where_it_says_so() {
        let answer = |headers: &str| parse(&format!("HTTP/1.0 200 OK\r\n{headers}\r\n"));
        assert!(!answer("Content-Length: 1\r\n").unwrap().is_kept);
        let kept = answer("Content-Length: 1\r\nConnection: Keep-Alive\r\n");
        assert!(kept.unwrap().is_kept);
        assert!(answer("Transfer-Encoding: chunked\r\n").is_err());
    }

    #[test]
    fn what_is_no_head_is_refused() {
        for bad in [
            "hello\r\n\r\n",
            "HTTP/1.1 20\r\n\r\n",
            "HTTP/1.1 200 OK\r\na b\r\n\r\n",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        let many = "a: b\r\n".repeat(FIELDS + 1);
        assert!(parse(&format!("HTTP/1.1 200 OK\r\n{many}\r\n")).is_err());
    }
}
