//! Codes bytes as they come.

use std::io::{self, Write};

use brotli::CompressorWriter;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use super::coding::Coding;
use super::places::Place;

/// Of 1 to 9: within a fiftieth as short as the highest, for half of its work. (Here and below:
/// pages, scripts and data of this project's documentation.)
const GZIP_LEVEL: u32 = 5;

/// Of 0 to 11: a tenth shorter than gzip, for three times its work. Below this it is no shorter.
const BROTLI_QUALITY: u32 = 5;

/// How far back Brotli looks, as a power of two: 256 KiB.
const BROTLI_WINDOW: u32 = 18;

/// What Brotli gathers before it hands it on.
const BROTLI_BUFFER: usize = 4096;

/// Codes one answer.
pub(crate) struct Encoder {
    stream: Stream,
    _place: Place,
}

enum Stream {
    Brotli(Box<CompressorWriter<Vec<u8>>>),
    Gzip(Box<GzEncoder<Vec<u8>>>),
}

// === impl Encoder ===

impl Encoder {
    pub(super) fn new(coding: Coding, place: Place) -> Self {
        let stream = match coding {
            Coding::Brotli => Stream::Brotli(Box::new(CompressorWriter::new(
                Vec::new(),
                BROTLI_BUFFER,
                BROTLI_QUALITY,
                BROTLI_WINDOW,
            ))),
            Coding::Gzip => {
                let level = Compression::new(GZIP_LEVEL);
                Stream::Gzip(Box::new(GzEncoder::new(Vec::new(), level)))
            }
        };
        Self {
            stream,
            _place: place,
        }
    }

    /// Takes some of the answer.
    pub(crate) fn write(&mut self, data: &[u8]) -> io::Result<()> {
        match &mut self.stream {
            Stream::Brotli(encoder) => encoder.write_all(data),
            Stream::Gzip(encoder) => encoder.write_all(data),
        }
    }

    /// All that the client needs to read what was written so far.
    pub(crate) fn flush(&mut self) -> io::Result<Bytes> {
        match &mut self.stream {
            Stream::Brotli(encoder) => encoder.flush()?,
            Stream::Gzip(encoder) => encoder.flush()?,
        }
        Ok(self.take())
    }

    /// The rest, of which nothing was taken yet.
    pub(crate) fn finish(self) -> io::Result<Bytes> {
        let rest = match self.stream {
            Stream::Brotli(encoder) => encoder.into_inner(),
            Stream::Gzip(encoder) => encoder.finish()?,
        };
        Ok(rest.into())
    }

    /// What came of it so far, which may be nothing.
    pub(crate) fn take(&mut self) -> Bytes {
        let coded = match &mut self.stream {
            Stream::Brotli(encoder) => encoder.get_mut(),
            Stream::Gzip(encoder) => encoder.get_mut(),
        };
        std::mem::take(coded).into()
    }
}

impl std::fmt::Debug for Encoder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self.stream {
            Stream::Brotli(_) => "Brotli",
            Stream::Gzip(_) => "Gzip",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::super::places::Places;
    use super::*;

    /// What a client reads of what has come so far.
    fn read(coding: Coding, coded: &[u8]) -> Vec<u8> {
        let mut plain = Vec::new();
        // Of what has no end yet, all is read that there is.
        let _ = match coding {
            Coding::Brotli => brotli::Decompressor::new(coded, 4096).read_to_end(&mut plain),
            Coding::Gzip => flate2::read::MultiGzDecoder::new(coded).read_to_end(&mut plain),
        };
        plain
    }

    #[test]
    fn what_is_flushed_can_be_read_and_the_rest_at_the_end() {
        for coding in [Coding::Brotli, Coding::Gzip] {
            let mut encoder = Encoder::new(coding, Places::new(1).take().unwrap());
            encoder.write(b"one ").unwrap();
            let mut coded = encoder.flush().unwrap().to_vec();
            assert_eq!(read(coding, &coded), b"one ", "{coding:?}");
            let long = b"and the same again ".repeat(10_000);
            encoder.write(&long).unwrap();
            coded.extend(encoder.take());
            coded.extend(encoder.finish().unwrap());
            assert_eq!(read(coding, &coded), [b"one ", &long[..]].concat());
            assert!(coded.len() < long.len() / 100, "{coding:?}");
        }
    }

    #[test]
    fn nothing_is_something_that_can_be_read() {
        for coding in [Coding::Brotli, Coding::Gzip] {
            let coded = Encoder::new(coding, Places::new(1).take().unwrap())
                .finish()
                .unwrap();
            assert!(!coded.is_empty() && read(coding, &coded).is_empty());
        }
    }
}
