//! Frames by hand, for what no client would send.

use std::net::SocketAddr;

use crate::support::*;

pub(super) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

pub(super) const DATA: u8 = 0;
pub(super) const HEADERS: u8 = 1;
pub(super) const RST_STREAM: u8 = 3;
pub(super) const SETTINGS: u8 = 4;
pub(super) const PING: u8 = 6;
pub(super) const GOAWAY: u8 = 7;
pub(super) const CONTINUATION: u8 = 9;

pub(super) const END_STREAM: u8 = 1;
pub(super) const END_HEADERS: u8 = 4;

/// Why a connection ended.
pub(super) const ENHANCE_YOUR_CALM: u32 = 11;

/// `GET /` of `shop`, as HPACK has it.
pub(super) const GET: &[u8] = b"\x82\x84\x86\x01\x04shop";

/// `POST /` of `shop`.
pub(super) const POST: &[u8] = b"\x83\x84\x86\x01\x04shop";

pub(super) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    let mut frame = vec![length[1], length[2], length[3], kind, flags];
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// A frame that came.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) kind: u8,
    pub(super) stream: u32,
    pub(super) payload: Vec<u8>,
}

/// A connection that has sent the preface and empty settings.
pub(super) async fn open(address: SocketAddr) -> Wire {
    let mut wire = Wire::connect(address).await;
    wire.send(PREFACE).await.unwrap();
    wire.send(frame(SETTINGS, 0, 0, &[])).await.unwrap();
    wire
}

/// The next frame; `None` at the end.
pub(super) async fn next(wire: &mut Wire) -> Option<Frame> {
    let head = wire.take(9).await?;
    let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
    Some(Frame {
        kind: head[3],
        stream: u32::from_be_bytes([head[5], head[6], head[7], head[8]]),
        payload: wire.take(length as usize).await?,
    })
}

/// The next frame of a kind, on a stream.
pub(super) async fn next_of(wire: &mut Wire, kind: u8, stream: u32) -> Option<Frame> {
    loop {
        let frame = next(wire).await?;
        if frame.kind == kind && frame.stream == stream {
            return Some(frame);
        }
    }
}

/// Reads to the end; the reason of the last GOAWAY, if there was one.
pub(super) async fn end(wire: &mut Wire) -> Option<u32> {
    let mut reason = None;
    while let Some(frame) = next(wire).await {
        if frame.kind == GOAWAY {
            let code = frame.payload[4..8].try_into().unwrap();
            reason = Some(u32::from_be_bytes(code));
        }
    }
    reason
}
