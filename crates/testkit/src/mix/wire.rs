//! HTTP/1.1 by hand, so that a client can be as awkward as it likes.

use std::io::{self, BufRead as _, BufReader, Read as _, Write};
use std::net::{Ipv4Addr, TcpStream};

use crate::wait::PATIENCE;

/// A connection, kept from one request to the next.
#[derive(Debug)]
pub(super) struct Wire {
    reader: BufReader<TcpStream>,
    /// Whether the other side closes it after the answer that was read last.
    pub(super) is_over: bool,
}

/// The head of an answer.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) length: usize,
}

// === impl Wire ===

impl Wire {
    pub(super) fn open(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self {
            reader: BufReader::new(stream),
            is_over: false,
        })
    }

    pub(super) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.reader.get_mut().write_all(bytes)
    }

    pub(super) fn head(&mut self) -> io::Result<Head> {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if self.reader.read_line(&mut head)? == 0 {
                return Err(io::Error::other(format!("closed after {head:?}")));
            }
        }
        let wrong = || io::Error::other(format!("no answer: {head:?}"));
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok());
        let value = |wanted: &str| {
            let fields = head.lines().filter_map(|line| line.split_once(':'));
            let mut values = fields.filter(|(name, _)| name.eq_ignore_ascii_case(wanted));
            values.next().map(|(_, value)| value.trim().to_owned())
        };
        self.is_over = value("connection").is_some_and(|it| it.eq_ignore_ascii_case("close"));
        let length = value("content-length").and_then(|text| text.parse().ok());
        Ok(Head {
            status: status.ok_or_else(wrong)?,
            length: length.ok_or_else(wrong)?,
        })
    }

    /// Reads a body in pieces of so many bytes at most; `after` each is called.
    pub(super) fn body(
        &mut self,
        length: usize,
        piece: usize,
        mut after: impl FnMut(&[u8]),
    ) -> io::Result<()> {
        let mut buffer = vec![0; piece];
        let mut left = length;
        while left > 0 {
            let room = buffer.len().min(left);
            let read = self.reader.read(&mut buffer[..room])?;
            if read == 0 {
                return Err(io::Error::other(format!("{left} of {length} bytes lack")));
            }
            left -= read;
            after(&buffer[..read]);
        }
        Ok(())
    }

    /// A whole answer with a small body.
    pub(super) fn answer(&mut self) -> io::Result<(u16, String)> {
        let head = self.head()?;
        let mut body = Vec::new();
        self.body(head.length, 4096, |piece| body.extend_from_slice(piece))?;
        Ok((head.status, String::from_utf8_lossy(&body).into_owned()))
    }
}
