//! A plain HTTP client: one request, one connection.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpStream};

use crate::wait::PATIENCE;

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// The release that gave it; empty where none did.
    pub release: String,
    /// Its body.
    pub body: String,
}

/// Asks for a path on a port of this machine.
pub(crate) fn get(port: u16, path: &str) -> io::Result<Answer> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    )?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    parse(&text).ok_or_else(|| io::Error::other(format!("no answer: {text:?}")))
}

fn parse(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let release = lines
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("x-release"))
        .map_or_else(String::new, |(_, value)| value.trim().to_owned());
    Some(Answer {
        status,
        release,
        body: body.to_owned(),
    })
}
