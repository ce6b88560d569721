//! An instance that keeps every byte it got.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::strict::{Read, Request, read};
use crate::played::instance;
use crate::support::*;

/// What an instance got, connection by connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Recorder(Arc<Mutex<Record>>);

#[derive(Debug, Default)]
struct Record {
    whole: Vec<Request>,
    /// What came that was no whole request when its connection ended.
    pieces: Vec<Vec<u8>>,
    bad: Vec<(&'static str, Vec<u8>)>,
}

impl Recorder {
    /// Runs the instance: it answers each whole request, and nothing else.
    pub(super) async fn start() -> (Self, SocketAddr) {
        let recorder = Self::default();
        let keeping = recorder.clone();
        let address = instance(move |wire, _| {
            let recorder = keeping.clone();
            async move { recorder.serve(wire).await }
        })
        .await;
        (recorder, address)
    }

    async fn serve(&self, mut wire: Wire) -> Option<()> {
        let mut bytes = vec![];
        loop {
            match read(&bytes) {
                Read::Whole(request, length) => {
                    bytes.drain(..length);
                    self.0.lock().unwrap().whole.push(request);
                    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
                    wire.stream.write_all(answer).await.ok()?;
                }
                Read::Bad(why) => {
                    self.0.lock().unwrap().bad.push((why, bytes));
                    return None;
                }
                Read::Partial => {
                    if wire.stream.read_buf(&mut bytes).await.ok() != Some(0) {
                        continue;
                    }
                    if !bytes.is_empty() {
                        self.0.lock().unwrap().pieces.push(bytes);
                    }
                    return None;
                }
            }
        }
    }

    /// The whole requests since the last time, after a look at all that came.
    pub(super) fn take(&self, name: &str) -> Vec<Request> {
        let record = std::mem::take(&mut *self.0.lock().unwrap());
        assert!(record.bad.is_empty(), "{name}: {:?}", record.bad);
        for piece in &record.pieces {
            let text = String::from_utf8_lossy(piece);
            assert!(!text.contains("evil"), "{name}: {text}");
        }
        for request in &record.whole {
            check(name, request);
        }
        record.whole
    }
}

/// What must hold of every request that an instance gets.
fn check(name: &str, request: &Request) {
    assert!(request.all("host").count() <= 1, "{name}: {request:?}");
    for hop in ["connection", "keep-alive", "te", "trailer", "upgrade"] {
        let values: Vec<_> = request.all(hop).collect();
        let is_ours = hop == "trailer" || values.iter().all(|value| *value == b"trailers");
        assert!(is_ours, "{name}: {hop} {request:?}");
    }
    for (header, _) in &request.headers {
        let plain = header.replace('_', "-");
        let is_framing = plain == "content-length" || plain == "transfer-encoding";
        assert!(!is_framing || plain == *header, "{name}: {request:?}");
    }
}
