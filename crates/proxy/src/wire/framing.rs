//! Follows where messages begin and end, and what hyper would let through in their heads.
//!
//! hyper mends some requests that a proxy must refuse, as the two ends could
//! read them differently: lines that end in a bare LF, `Content-Length` beside
//! `Transfer-Encoding`, and other codings before `chunked`. They can no longer be
//! seen in what it hands out.
//! So the bytes are looked at as they pass, line by line in heads and between
//! chunks; bodies are skipped.

use memchr::memchr;

/// What is wrong with a request's head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Violation {
    /// A line ends without CR.
    BareLf,
    /// Both `Content-Length` and `Transfer-Encoding`.
    TwoLengths,
    /// Another coding than `chunked`, or several.
    Coding,
    /// A name that gateways of applications take for one that frames the request.
    Guise,
    /// The end of the request before it could not be told.
    Lost,
}

/// The state between two reads.
#[derive(Debug, Default)]
pub(crate) struct Framing {
    step: Step,
    /// The beginning of a line whose end has not come yet.
    partial: Vec<u8>,
    heads: u64,
    violation: Option<(u64, Violation)>,
    head: Head,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Between two requests.
    #[default]
    Start,
    Header,
    Body(u64),
    ChunkSize,
    /// The chunk with its line end.
    Chunk(u64),
    Trailer,
    /// Not worth following any more: what comes is refused.
    Lost,
}

#[derive(Debug, Default, Clone, Copy)]
struct Head {
    length: Option<u64>,
    has_coding: bool,
    has_length: bool,
}

// === impl Framing ===

impl Framing {
    /// Looks at bytes that were read.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            bytes = match self.step {
                Step::Lost => return,
                Step::Body(left) => self.skip(bytes, left, Step::Body, Step::Start),
                Step::Chunk(left) => self.skip(bytes, left, Step::Chunk, Step::ChunkSize),
                Step::Start | Step::Header | Step::ChunkSize | Step::Trailer => self.line(bytes),
            };
        }
    }

    /// What is wrong with the head of request `number`, counted from 1.
    pub(crate) fn violation(&self, number: u64) -> Option<Violation> {
        match self.violation {
            Some((bad, violation)) if bad == number => Some(violation),
            _ if number > self.heads => Some(Violation::Lost),
            _ => None,
        }
    }

    /// Whether anything came behind so many requests.
    pub(crate) fn has_more_than(&self, requests: u64) -> bool {
        self.heads > requests || self.is_within_head()
    }

    /// Whether a head has begun and not ended.
    pub(crate) fn is_within_head(&self) -> bool {
        self.step == Step::Header || (self.step == Step::Start && !self.partial.is_empty())
    }

    /// Whether all that was read so far are whole requests.
    pub(crate) fn is_between_requests(&self) -> bool {
        self.step == Step::Start && self.partial.is_empty()
    }

    /// Whether nothing came behind so many requests; then the room for lines is given back.
    pub(crate) fn rests_after(&mut self, requests: u64) -> bool {
        let rests = self.heads == requests && self.is_between_requests();
        if rests {
            self.partial = Vec::new();
        }
        rests
    }

    fn skip<'a>(
        &mut self,
        bytes: &'a [u8],
        left: u64,
        still: impl Fn(u64) -> Step,
        then: Step,
    ) -> &'a [u8] {
        let here = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let left = left - here as u64;
        self.step = if left == 0 { then } else { still(left) };
        &bytes[here..]
    }

    fn line<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let Some(end) = memchr(b'\n', bytes) else {
            // hyper's bound of the head bounds this too.
            self.partial.extend_from_slice(bytes);
            return &[];
        };
        let (line, rest) = (&bytes[..end], &bytes[end + 1..]);
        if self.partial.is_empty() {
            self.end_line(line);
        } else {
            let mut whole = std::mem::take(&mut self.partial);
            whole.extend_from_slice(line);
            self.end_line(&whole);
            whole.clear();
            self.partial = whole;
        }
        rest
    }

    fn end_line(&mut self, line: &[u8]) {
        let stripped = line.strip_suffix(b"\r");
        let line = stripped.unwrap_or(line);
        if self.step == Step::Start && line.is_empty() {
            // Empty lines before a request are skipped by every server.
            return;
        }
        if stripped.is_none() {
            self.refuse(Violation::BareLf);
            if matches!(self.step, Step::ChunkSize | Step::Trailer) {
                self.step = Step::Lost;
            }
        }
        match self.step {
            Step::Start => {
                self.head = Head::default();
                self.step = Step::Header;
            }
            Step::Header if line.is_empty() => self.end_head(),
            Step::Header => self.header(line),
            Step::ChunkSize => self.chunk_size(line),
            Step::Trailer if line.is_empty() => self.step = Step::Start,
            Step::Trailer | Step::Body(_) | Step::Chunk(_) | Step::Lost => {}
        }
    }

    fn header(&mut self, line: &[u8]) {
        let value_of = |name: &[u8]| {
            let (head, value) = line.split_at_checked(name.len())?;
            let value = value.strip_prefix(b":")?;
            head.eq_ignore_ascii_case(name).then_some(value)
        };
        // Most lines are told apart by their first letter.
        match line.first() {
            Some(b'c' | b'C') => {
                if let Some(value) = value_of(b"content-length") {
                    self.head.has_length = true;
                    self.head.length = number(value.trim_ascii(), 10);
                } else if value_of(b"content_length").is_some() {
                    self.refuse(Violation::Guise);
                }
            }
            Some(b't' | b'T') => {
                if let Some(value) = value_of(b"transfer-encoding") {
                    let is_chunked = value.trim_ascii().eq_ignore_ascii_case(b"chunked");
                    if self.head.has_coding || !is_chunked {
                        self.refuse(Violation::Coding);
                    }
                    self.head.has_coding = true;
                } else if value_of(b"transfer_encoding").is_some() {
                    self.refuse(Violation::Guise);
                }
            }
            _ => {}
        }
    }

    fn end_head(&mut self) {
        let head = self.head;
        if head.has_coding && head.has_length {
            self.refuse(Violation::TwoLengths);
        }
        self.heads += 1;
        self.step = match head {
            _ if self.violation.is_some() => Step::Lost,
            Head {
                has_coding: true, ..
            } => Step::ChunkSize,
            Head {
                has_length: false, ..
            }
            | Head {
                length: Some(0), ..
            } => Step::Start,
            Head {
                length: Some(length),
                ..
            } => Step::Body(length),
            // hyper refuses such a request itself.
            Head { length: None, .. } => Step::Lost,
        };
    }

    fn chunk_size(&mut self, line: &[u8]) {
        let digits = line.split(|&byte| byte == b';').next().unwrap_or(line);
        self.step = match number(digits.trim_ascii(), 16) {
            Some(0) => Step::Trailer,
            Some(size) => size.checked_add(2).map_or(Step::Lost, Step::Chunk),
            None => Step::Lost,
        };
    }

    fn refuse(&mut self, violation: Violation) {
        let number = match self.step {
            // It may be on its way already; then it is not taken to its end.
            Step::ChunkSize | Step::Trailer => self.heads,
            _ => self.heads + 1,
        };
        self.violation.get_or_insert((number, violation));
    }
}

fn number(digits: &[u8], radix: u32) -> Option<u64> {
    // The standard parser would take a sign.
    if !digits.first()?.is_ascii_hexdigit() {
        return None;
    }
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, radix).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds it whole and byte by byte; both must come to the same.
    fn fed(bytes: &[u8]) -> Framing {
        let mut whole = Framing::default();
        whole.feed(bytes);
        let mut single = Framing::default();
        for byte in bytes.chunks(1) {
            single.feed(byte);
        }
        assert_eq!(whole.heads, single.heads);
        assert_eq!(whole.violation, single.violation);
        assert_eq!(whole.step, single.step);
        whole
    }

    #[test]
    fn pipelined_requests_are_told_apart() {
        let framing = fed(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n\
            POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n1\n3\n5\
            \r\nPOST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\
            3;x=y\r\n\n\n\n\r\n0\r\nTrailer: x\r\n\r\n\
            GET / HTTP/1.1\r\n\r\n");
        assert_eq!(framing.heads, 4);
        assert!(framing.is_between_requests());
        for number in 1..=4 {
            assert_eq!(framing.violation(number), None);
        }
        assert_eq!(framing.violation(5), Some(Violation::Lost));
    }

    #[test]
    fn a_bare_line_feed_is_found_wherever_it_is() {
        for head in [
            &b"GET / HTTP/1.1\nHost: a\r\n\r\n"[..],
            b"GET / HTTP/1.1\r\nHost: a\n\r\n",
            b"GET / HTTP/1.1\r\nHost: a\r\n\n",
        ] {
            assert_eq!(fed(head).violation(1), Some(Violation::BareLf));
        }
    }

    #[test]
    fn two_lengths_are_found_in_either_order_and_case() {
        for head in [
            &b"POST / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"[..],
            b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\ncontent-length: 4\r\n\r\n",
            b"POST / HTTP/1.1\r\nTRANSFER-ENCODING:CHUNKED\r\nCONTENT-LENGTH:4\r\n\r\n",
        ] {
            assert_eq!(fed(head).violation(1), Some(Violation::TwoLengths));
        }
    }

    #[test]
    fn what_comes_behind_a_request_is_seen() {
        let one = b"GET / HTTP/1.1\r\n\r\n";
        assert!(!fed(one).has_more_than(1));
        assert!(fed(&[one, &b"G"[..]].concat()).has_more_than(1));
        assert!(fed(&[one, &one[..]].concat()).has_more_than(1));
        let body = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nx";
        assert!(!fed(body).has_more_than(1));
    }

    #[test]
    fn it_rests_only_between_requests_that_are_all_known() {
        let one = b"GET / HTTP/1.1\r\n\r\n";
        assert!(fed(b"").rests_after(0));
        assert!(fed(one).rests_after(1));
        assert!(!fed(one).rests_after(0));
        assert!(!fed(&[one, &b"G"[..]].concat()).rests_after(1));
        assert!(!fed(&[one, &b"\r"[..]].concat()).rests_after(1));
        assert!(fed(&[one, &b"\r\n"[..]].concat()).rests_after(1));
        let body = b"POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\nx";
        assert!(!fed(body).rests_after(1));
    }

    #[test]
    fn a_bare_line_feed_between_chunks_counts_for_the_request_itself() {
        for body in [
            "3\nabc\r\n0\r\n\r\n",
            "0\n\r\n",
            "0\r\n\n",
            "0\r\nX: y\n\r\n",
        ] {
            let head = "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n";
            let framing = fed(format!("{head}{body}GET / HTTP/1.1\r\n\r\n").as_bytes());
            assert_eq!(framing.violation(1), Some(Violation::BareLf), "{body:?}");
            assert_eq!(framing.violation(2), Some(Violation::Lost), "{body:?}");
        }
    }

    #[test]
    fn only_one_coding_is_taken_and_no_other_name_for_it() {
        for (lines, violation) in [
            ("Transfer-Encoding: gzip, chunked", Violation::Coding),
            ("Transfer-Encoding: chunked, chunked", Violation::Coding),
            (
                "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
                Violation::Coding,
            ),
            ("Transfer_Encoding: chunked", Violation::Guise),
            ("content_length: 5", Violation::Guise),
        ] {
            let head = format!("POST / HTTP/1.1\r\n{lines}\r\n\r\n");
            assert_eq!(fed(head.as_bytes()).violation(1), Some(violation));
        }
        let fine = fed(b"POST / HTTP/1.1\r\ntransfer-encoding:\tChunked \r\n\r\n");
        assert_eq!(fine.violation(1), None);
    }

    #[test]
    fn a_violation_counts_for_its_own_request() {
        let framing = fed(b"GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\n\r\n");
        assert_eq!(framing.violation(1), None);
        assert_eq!(framing.violation(2), Some(Violation::BareLf));
    }

    #[test]
    fn what_cannot_be_followed_ends_the_trust() {
        let framing = fed(b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n");
        assert_eq!(framing.violation(1), None);
        assert_eq!(framing.violation(2), Some(Violation::Lost));
        assert!(!framing.is_between_requests());
    }

    #[test]
    fn a_head_is_known_to_be_unfinished() {
        assert!(!fed(b"").is_within_head());
        assert!(fed(b"GE").is_within_head());
        assert!(fed(b"GET / HTTP/1.1\r\nHost").is_within_head());
        assert!(!fed(b"GET / HTTP/1.1\r\n\r\n").is_within_head());
    }
}
