//! A reader of requests that takes only what RFC 9112 lets be read in one way.
//!
//! What it takes and what the proxy takes must be the same requests with the
//! same bodies; what it does not take, the proxy must not let through. It
//! shares nothing with the proxy, and is slow and plain on purpose.

/// What begins the bytes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Read {
    /// A request, and how many bytes it is long.
    Whole(Request, usize),
    /// The beginning of one.
    Partial,
    /// Nothing that two servers must read alike.
    Bad(&'static str),
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
}

/// What came of one step.
enum Step<T> {
    Done(T),
    Stop(Read),
}

use Step::{Done, Stop};

macro_rules! done {
    ($step:expr) => {
        match $step {
            Done(value) => value,
            Stop(read) => return read,
        }
    };
}

/// Reads the first request.
pub(crate) fn read(bytes: &[u8]) -> Read {
    let (head, body_at) = done!(head(bytes));
    let mut lines = head.split(|&byte| byte == b'\n');
    let mut next = || lines.next().and_then(|line| line.strip_suffix(b"\r"));
    let (method, target) = done!(request_line(next().unwrap_or_default()));
    let mut headers = vec![];
    while let Some(line) = next().filter(|line| !line.is_empty()) {
        headers.push(done!(header(line)));
    }
    let rest = &bytes[body_at..];
    let (body, length) = done!(body(&headers, rest));
    let request = Request {
        method,
        target,
        headers,
        body,
    };
    Read::Whole(request, body_at + length)
}

impl Request {
    /// The values of a header.
    pub(crate) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        values(&self.headers, name)
    }
}

fn values<'a>(headers: &'a [(String, Vec<u8>)], name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    let named = headers.iter().filter(move |(known, _)| known == name);
    named.map(|(_, value)| value.as_slice())
}

/// The head, with the empty line at its end, and where the body begins.
fn head(bytes: &[u8]) -> Step<(&[u8], usize)> {
    let mut at = 0;
    loop {
        let Some(length) = bytes[at..].iter().position(|&byte| byte == b'\n') else {
            return Stop(Read::Partial);
        };
        let line = &bytes[at..at + length];
        match line.strip_suffix(b"\r") {
            None => return Stop(Read::Bad("a bare line feed")),
            Some(line) if line.contains(&b'\r') => return Stop(Read::Bad("a bare CR")),
            Some(_) => {}
        }
        at += length + 1;
        if line == b"\r" {
            return Done((&bytes[..at], at));
        }
    }
}

fn request_line(line: &[u8]) -> Step<(String, String)> {
    let Ok(line) = std::str::from_utf8(line) else {
        return Stop(Read::Bad("a request line that is no text"));
    };
    let mut parts = line.split(' ');
    let (Some(method), Some(target), Some(version), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Stop(Read::Bad("a request line not of three parts"));
    };
    if method.is_empty() || !method.bytes().all(is_token) {
        return Stop(Read::Bad("a method that is none"));
    }
    if target.is_empty() || !target.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Stop(Read::Bad("a target that is none"));
    }
    if version != "HTTP/1.1" && version != "HTTP/1.0" {
        return Stop(Read::Bad("a version that is none"));
    }
    Done((method.to_owned(), target.to_owned()))
}

fn header(line: &[u8]) -> Step<(String, Vec<u8>)> {
    let Some(colon) = line.iter().position(|&byte| byte == b':') else {
        return Stop(Read::Bad("a header without colon"));
    };
    let (name, value) = (&line[..colon], &line[colon + 1..]);
    if name.is_empty() || !name.iter().copied().all(is_token) {
        return Stop(Read::Bad("a header's name that is none"));
    }
    let is_control = |&byte: &u8| (byte < b' ' && byte != b'\t') || byte == 0x7f;
    if value.iter().any(is_control) {
        return Stop(Read::Bad("a control character in a value"));
    }
    let name = String::from_utf8_lossy(name).to_ascii_lowercase();
    let value = value.trim_ascii().to_vec();
    Done((name, value))
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// The body, and how many bytes it takes.
fn body(headers: &[(String, Vec<u8>)], bytes: &[u8]) -> Step<(Vec<u8>, usize)> {
    let said = values(headers, "content-length");
    let mut lengths: Vec<Option<usize>> = said.map(|length| number(length, 10)).collect();
    // Of equal ones, each server reads the same.
    lengths.dedup();
    let codings: Vec<&[u8]> = values(headers, "transfer-encoding").collect();
    match (&lengths[..], &codings[..]) {
        ([], []) => Done((vec![], 0)),
        ([length], []) => {
            let Some(length) = *length else {
                return Stop(Read::Bad("a length that is none"));
            };
            match bytes.get(..length) {
                None => Stop(Read::Partial),
                Some(body) => Done((body.to_vec(), length)),
            }
        }
        ([], [coding]) if coding.eq_ignore_ascii_case(b"chunked") => chunked(bytes),
        ([], _) => Stop(Read::Bad("another coding than chunked")),
        ([_], _) => Stop(Read::Bad("a length and a coding")),
        _ => Stop(Read::Bad("two lengths")),
    }
}

fn chunked(bytes: &[u8]) -> Step<(Vec<u8>, usize)> {
    let mut body = vec![];
    let mut at = 0;
    loop {
        let line = match line(bytes, &mut at) {
            Done(line) => line,
            Stop(read) => return Stop(read),
        };
        let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit());
        let (digits, rest) = line.split_at(digits.count());
        let rest = rest.trim_ascii_start();
        if !rest.is_empty() && !rest.starts_with(b";") {
            return Stop(Read::Bad("something behind a chunk's size"));
        }
        let Some(size) = number(digits, 16) else {
            return Stop(Read::Bad("a chunk's size that is none"));
        };
        if size == 0 {
            break;
        }
        let end = at.saturating_add(size);
        match bytes.get(at..end) {
            None => return Stop(Read::Partial),
            Some(data) => body.extend_from_slice(data),
        }
        match bytes.get(end..end + 2) {
            Some(b"\r\n") => at = end + 2,
            None if b"\r\n".starts_with(&bytes[end..]) => return Stop(Read::Partial),
            _ => return Stop(Read::Bad("a chunk that does not end")),
        }
    }
    loop {
        match line(bytes, &mut at) {
            Stop(read) => return Stop(read),
            Done(b"") => return Done((body, at)),
            Done(trailer) => {
                if let Stop(read) = header(trailer) {
                    return Stop(read);
                }
            }
        }
    }
}

fn line<'a>(bytes: &'a [u8], at: &mut usize) -> Step<&'a [u8]> {
    let rest = &bytes[*at..];
    let Some(length) = rest.iter().position(|&byte| byte == b'\n') else {
        return Stop(Read::Partial);
    };
    *at += length + 1;
    match rest[..length].strip_suffix(b"\r") {
        Some(line) if !line.contains(&b'\r') => Done(line),
        _ => Stop(Read::Bad("a line that does not end in CR and LF")),
    }
}

fn number(digits: &[u8], radix: u32) -> Option<usize> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    usize::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}
