//! A plain HTTP client: one request, one connection.

use std::io::{self, BufRead as _, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::sync::Arc;

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

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

/// A connection that is no longer HTTP: the application sends back each line.
#[derive(Debug)]
pub struct Socket {
    /// The release at its other end.
    pub release: String,
    /// The instance of it.
    pub instance: String,
    reader: BufReader<TcpStream>,
}

/// Asks a host for a path on a port of this machine.
///
/// # Errors
/// There was no answer.
pub fn get(port: u16, host: &str, path: &str) -> io::Result<Answer> {
    ask(connect(port)?, host, path)
}

/// The same by HTTPS, of somebody whom these vouch for.
pub(crate) fn get_securely(
    config: Arc<ClientConfig>,
    port: u16,
    host: &str,
    path: &str,
) -> io::Result<Answer> {
    let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
    let client = ClientConnection::new(config, name).map_err(io::Error::other)?;
    ask(StreamOwned::new(client, connect(port)?), host, path)
}

fn ask(mut stream: impl Read + Write, host: &str, path: &str) -> io::Result<Answer> {
    write!(
        stream,
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
    )?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    parse(&text).ok_or_else(|| no_answer(&text))
}

fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn no_answer(text: &str) -> io::Error {
    io::Error::other(format!("no answer: {text:?}"))
}

fn parse(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.lines().next()?.split(' ').nth(1)?.parse().ok()?;
    Some(Answer {
        status,
        release: header(head, "x-release").unwrap_or_default(),
        body: body.to_owned(),
    })
}

/// A header of a request or an answer.
fn header(head: &str, wanted: &str) -> Option<String> {
    let mut fields = head.lines().filter_map(|line| line.split_once(':'));
    let found = fields.find(|(name, _)| name.eq_ignore_ascii_case(wanted));
    found.map(|(_, value)| value.trim().to_owned())
}

// === impl Socket ===

impl Socket {
    /// Asks for an upgrade on a port of this machine.
    ///
    /// # Errors
    /// There was no answer, or another.
    pub fn open(port: u16, path: &str) -> io::Result<Self> {
        let mut stream = connect(port)?;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n\
             Upgrade: websocket\r\n\r\n"
        )?;
        let mut reader = BufReader::new(stream);
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head)? == 0 {
                return Err(no_answer(&head));
            }
        }
        match parse(&head) {
            Some(Answer {
                status: 101,
                release,
                ..
            }) => Ok(Self {
                release,
                instance: header(&head, "x-instance").unwrap_or_default(),
                reader,
            }),
            _ => Err(no_answer(&head)),
        }
    }

    /// Sends a line and reads the answer; `None` where the connection was cut.
    pub fn echo(&mut self, line: &str) -> Option<String> {
        writeln!(self.reader.get_mut(), "{line}").ok()?;
        self.read()
    }

    /// Reads a line; `None` where the connection was cut.
    ///
    /// # Panics
    /// When neither comes in time.
    pub fn read(&mut self) -> Option<String> {
        let mut line = String::new();
        match self.reader.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(line.trim_end().to_owned()),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => None,
            Err(error) => panic!("waited in vain for a line: {error}"),
        }
    }
}
