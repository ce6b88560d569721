//! Where the body of an answer ends.

use bytes::{Buf, Bytes, BytesMut};
use http::{HeaderMap, HeaderName, HeaderValue};
use memchr::memchr;

/// The longest line of a chunk's length with its extensions.
const LINE: usize = 4096;
/// All trailers together.
const TRAILERS: usize = 64 * 1024;
/// How many trailers there may be.
const FIELDS: usize = 64;

/// How the rest of a body is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decoder {
    /// It is over.
    Done,
    /// So many bytes are left.
    Length(u64),
    Chunked(Chunk),
    /// It ends with the connection.
    Close,
}

/// A place in a chunked body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chunk {
    /// Before the line with a length.
    Size,
    /// So many bytes of the chunk are left.
    Data(u64),
    /// Before the line end behind a chunk.
    End,
    /// Behind the last chunk.
    Trailers,
}

/// What could be read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    Data(Bytes),
    Trailers(HeaderMap),
    /// Nothing, before more has come.
    Nothing,
    /// The body is over.
    End,
}

/// The body is not what HTTP/1.1 says.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("the instance's answer is malformed: {0}")]
pub(crate) struct Malformed(pub(super) &'static str);

// === impl Decoder ===

impl Decoder {
    /// Reads the next part of the body out of what has come.
    pub(super) fn decode(&mut self, read: &mut BytesMut) -> Result<Part, Malformed> {
        match self {
            Self::Done => Ok(Part::End),
            Self::Length(left) => {
                let data = take(read, left);
                if *left == 0 {
                    *self = Self::Done;
                }
                Ok(data)
            }
            Self::Close if read.is_empty() => Ok(Part::Nothing),
            Self::Close => Ok(Part::Data(read.split().freeze())),
            Self::Chunked(_) => self.decode_chunked(read),
        }
    }

    /// Whether the body is whole when the connection ends here.
    pub(super) fn may_end(self) -> bool {
        matches!(self, Self::Done | Self::Close)
    }

    fn decode_chunked(&mut self, read: &mut BytesMut) -> Result<Part, Malformed> {
        while let Self::Chunked(chunk) = self {
            *chunk = match chunk {
                Chunk::Size => match size(read)? {
                    None => return Ok(Part::Nothing),
                    Some(0) => Chunk::Trailers,
                    Some(size) => Chunk::Data(size),
                },
                Chunk::Data(left) => {
                    let data = take(read, left);
                    if *left == 0 {
                        *chunk = Chunk::End;
                    }
                    return Ok(data);
                }
                Chunk::End => match read.get(..2) {
                    None => return Ok(Part::Nothing),
                    Some(b"\r\n") => {
                        read.advance(2);
                        Chunk::Size
                    }
                    Some(_) => return Err(Malformed("a chunk is longer than it says")),
                },
                Chunk::Trailers => {
                    let trailers = trailers(read)?;
                    if trailers != Part::Nothing {
                        *self = Self::Done;
                    }
                    return Ok(trailers);
                }
            };
        }
        Ok(Part::End)
    }
}

/// Takes as much as there is of what is left.
fn take(read: &mut BytesMut, left: &mut u64) -> Part {
    let here = usize::try_from(*left).map_or(read.len(), |left| left.min(read.len()));
    if here == 0 {
        return Part::Nothing;
    }
    *left -= here as u64;
    Part::Data(read.split_to(here).freeze())
}

/// The length of the next chunk.
fn size(read: &mut BytesMut) -> Result<Option<u64>, Malformed> {
    let Some(end) = memchr(b'\n', read) else {
        return match read.len() {
            0..LINE => Ok(None),
            _ => Err(Malformed("the line of a chunk has no end")),
        };
    };
    let line = read.split_to(end + 1);
    let line = line.strip_suffix(b"\r\n");
    let line = line.ok_or(Malformed("the line of a chunk ends without CR"))?;
    let digits = memchr(b';', line).map_or(line, |at| &line[..at]);
    let digits = digits.trim_ascii_end();
    let is_number = !digits.is_empty() && digits.iter().all(u8::is_ascii_hexdigit);
    let text = std::str::from_utf8(digits).ok().filter(|_| is_number);
    let size = text.and_then(|text| u64::from_str_radix(text, 16).ok());
    size.map(Some).ok_or(Malformed("a chunk has no length"))
}

/// What stands behind the last chunk, when all of it is there.
fn trailers(read: &mut BytesMut) -> Result<Part, Malformed> {
    if read.starts_with(b"\r\n") {
        read.advance(2);
        return Ok(Part::End);
    }
    let mut fields = [httparse::EMPTY_HEADER; FIELDS];
    let parsed = httparse::parse_headers(read, &mut fields);
    match parsed.map_err(|_| Malformed("a trailer is none"))? {
        httparse::Status::Partial if read.len() < TRAILERS => Ok(Part::Nothing),
        httparse::Status::Partial => Err(Malformed("the trailers have no end")),
        httparse::Status::Complete((length, fields)) => {
            let mut trailers = HeaderMap::with_capacity(fields.len());
            for field in fields {
                let name = HeaderName::from_bytes(field.name.as_bytes());
                let value = HeaderValue::from_bytes(field.value);
                if let (Ok(name), Ok(value)) = (name, value) {
                    trailers.append(name, value);
                }
            }
            read.advance(length);
            Ok(Part::Trailers(trailers))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Everything in a body, fed whole and byte by byte.
    fn read(decoder: Decoder, bytes: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Malformed> {
        let run = |pieces: &mut dyn Iterator<Item = &[u8]>| {
            let mut decoder = decoder;
            let (mut read, mut body) = (BytesMut::new(), Vec::new());
            for piece in pieces {
                read.extend_from_slice(piece);
                loop {
                    match decoder.decode(&mut read)? {
                        Part::Data(data) => body.extend_from_slice(&data),
                        Part::Trailers(trailers) => {
                            body.extend(format!("{trailers:?}").into_bytes());
                        }
                        Part::Nothing | Part::End => break,
                    }
                }
            }
            Ok((body, read.to_vec()))
        };
        let whole = run(&mut std::iter::once(bytes));
        let single = run(&mut bytes.chunks(1));
        assert_eq!(whole.is_err(), single.is_err());
        if let (Ok(whole), Ok(single)) = (&whole, &single) {
            assert_eq!(whole, single);
        }
        whole
    }

    #[test]
    fn a_length_ends_where_it_says() {
        let (body, rest) = read(Decoder::Length(3), b"abcdef").unwrap();
        assert_eq!((&body[..], &rest[..]), (&b"abc"[..], &b"def"[..]));
    }

    #[test]
    fn chunks_are_joined_and_what_follows_is_left() {
        let chunked = Decoder::Chunked(Chunk::Size);
        let (body, rest) = read(
            chunked,
            b"3;x=y\r\nabc\r\nA \r\n0123456789\r\n0\r\n\r\nHTTP",
        )
        .unwrap();
        assert_eq!(body, b"abc0123456789");
        assert_eq!(rest, b"HTTP");
    }

    #[test]
    fn trailers_come_behind_the_last_chunk() {
        let chunked = Decoder::Chunked(Chunk::Size);
        let (body, rest) = read(chunked, b"1\r\na\r\n0\r\nX-Sum: 7\r\n\r\n").unwrap();
        assert_eq!(body, b"a{\"x-sum\": \"7\"}");
        assert!(rest.is_empty());
    }

    #[test]
    fn what_is_no_chunk_is_refused() {
        for bad in [
            &b"\r\n"[..],
            b"g\r\n",
            b"+1\r\na\r\n",
            b"1\na\r\n",
            b"1\r\nab\r\n",
            b"11111111111111111\r\n",
            b"0\r\n X\r\n\r\n",
        ] {
            let text = String::from_utf8_lossy(bad);
            assert!(
                read(Decoder::Chunked(Chunk::Size), bad).is_err(),
                "{text:?}"
            );
        }
        assert!(read(Decoder::Chunked(Chunk::Size), &[b'1'; LINE + 1]).is_err());
    }

    #[test]
    fn only_a_body_without_a_length_may_end_with_the_connection() {
        assert!(Decoder::Close.may_end() && Decoder::Done.may_end());
        assert!(!Decoder::Length(1).may_end());
        assert!(!Decoder::Chunked(Chunk::Trailers).may_end());
    }
}
