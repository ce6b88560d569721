//! What each kind of client does, and what it takes for right.

use std::io;
use std::time::Duration;

use super::Shared;
use super::wire::Wire;
use crate::client::Socket;

/// Requests that are sent before the first answer is read.
const PIPELINED: u64 = 4;
/// What a slow client sends or reads at once, and how long it rests in between. Being slow is what
/// it is there for.
const PIECE: usize = 8 << 10;
pub(super) const REST: Duration = Duration::from_millis(20);
/// What slow clients move: some tens of pieces, so that switches come in the middle.
const SLOW: usize = 256 << 10;
/// Lines over a connection that was upgraded, before it is closed.
const LINES: u64 = 10;

/// A kind of client.
pub(super) struct Kind {
    name: &'static str,
    /// One turn: how many answers were right, or what was wrong.
    turn: fn(&Shared, &mut Option<Wire>) -> io::Result<u64>,
}

pub(super) const KINDS: [Kind; 6] = [
    Kind {
        name: "pipelined",
        turn: pipelined,
    },
    Kind {
        name: "slow writer",
        turn: |_, wire| upload(wire, SLOW, REST),
    },
    Kind {
        name: "slow reader",
        turn: |_, wire| download(wire, SLOW, REST),
    },
    Kind {
        name: "large upload",
        turn: |shared, wire| upload(wire, shared.large, Duration::ZERO),
    },
    Kind {
        name: "large download",
        turn: |shared, wire| download(wire, shared.large, Duration::ZERO),
    },
    Kind {
        name: "upgraded",
        turn: |shared, _| upgraded(shared),
    },
];

// === impl Kind ===

impl Kind {
    pub(super) fn work(&self, shared: &Shared) {
        let mut kept = None;
        while !shared.is_stopping() {
            let outcome = self.turn(shared, &mut kept);
            if outcome.is_err() || kept.as_ref().is_some_and(|wire| wire.is_over) {
                kept = None;
            }
            shared.count(self.name, outcome.map_err(|error| error.to_string()));
            std::thread::sleep(REST);
        }
    }

    fn turn(&self, shared: &Shared, kept: &mut Option<Wire>) -> io::Result<u64> {
        if kept.is_none() {
            *kept = Some(Wire::open(shared.port)?);
        }
        (self.turn)(shared, kept)
    }
}

fn wire(kept: &mut Option<Wire>) -> io::Result<&mut Wire> {
    kept.as_mut()
        .ok_or_else(|| io::ErrorKind::NotConnected.into())
}

fn wrong(what: &str) -> io::Error {
    io::Error::other(what.to_owned())
}

fn pipelined(_: &Shared, kept: &mut Option<Wire>) -> io::Result<u64> {
    let wire = wire(kept)?;
    let request = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    wire.send(request.repeat(PIPELINED as usize).as_bytes())?;
    for number in 0..PIPELINED {
        let (status, _) = wire.answer()?;
        if status != 200 {
            return Err(wrong(&format!(
                "answer {number} of the pipeline is {status}"
            )));
        }
    }
    Ok(PIPELINED)
}

fn upload(kept: &mut Option<Wire>, bytes: usize, rest: Duration) -> io::Result<u64> {
    let wire = wire(kept)?;
    let head = format!("PUT /sink HTTP/1.1\r\nHost: localhost\r\nContent-Length: {bytes}\r\n\r\n");
    wire.send(head.as_bytes())?;
    let size = if rest.is_zero() { 16 * PIECE } else { PIECE };
    let piece = vec![b'x'; size];
    let mut left = bytes;
    while left > 0 {
        let next = left.min(size);
        wire.send(&piece[..next])?;
        left -= next;
        std::thread::sleep(rest);
    }
    let (status, body) = wire.answer()?;
    if status != 201 || body != bytes.to_string() {
        return Err(wrong(&format!("{status} after {bytes} bytes: {body}")));
    }
    Ok(1)
}

fn download(kept: &mut Option<Wire>, bytes: usize, rest: Duration) -> io::Result<u64> {
    let wire = wire(kept)?;
    let head = format!("GET /large/{bytes} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    wire.send(head.as_bytes())?;
    let head = wire.head()?;
    if head.status != 200 || head.length != bytes {
        return Err(wrong(&format!("{head:?} in place of {bytes} bytes")));
    }
    let size = if rest.is_zero() { 16 * PIECE } else { PIECE };
    let mut right = true;
    wire.body(bytes, size, |piece| {
        right &= piece.iter().all(|byte| *byte == b'x');
        std::thread::sleep(rest);
    })?;
    if right {
        Ok(1)
    } else {
        Err(wrong("other bytes came than were sent"))
    }
}

/// Shorter than any drain, so that no switch may cut it.
fn upgraded(shared: &Shared) -> io::Result<u64> {
    let mut socket = Socket::open(shared.port, "/socket")?;
    for number in 0..LINES {
        let line = number.to_string();
        if socket.echo(&line).as_ref() != Some(&line) {
            return Err(wrong(&format!("cut after {number} lines")));
        }
        std::thread::sleep(REST);
    }
    Ok(1)
}
