//! Floods: they end their own connection, and nobody else notices.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::client::Http2;
use super::frames::*;
use crate::played::*;
use crate::support::*;

/// A proxy before an instance that counts requests and answers none but those for `/fine`.
struct Target {
    proxy: Proxy,
    listen: SocketAddr,
    seen: Seen,
}

impl Target {
    async fn start() -> Self {
        let seen = Seen::default();
        let noted = seen.clone();
        let address = instance(move |mut wire, _| {
            let seen = noted.clone();
            async move {
                loop {
                    let request = wire.read_head().await?;
                    seen.note(request.path());
                    if request.path() == "/fine" {
                        wire.answer("v1", b"").await?;
                    }
                }
            }
        })
        .await;
        let proxy = Proxy::start().await;
        let listen = free_address();
        proxy
            .route(listen, vec![backend(1, "web-1", address)])
            .await;
        Self {
            proxy,
            listen,
            seen,
        }
    }

    /// Sends it until the proxy ends the connection; why, where it says so. Other clients are
    /// served meanwhile and after.
    async fn flooded(&self, flood: impl Iterator<Item = Vec<u8>> + Send + 'static) -> Option<u32> {
        let other = Http2::connect(self.listen).await;
        let mut plain = Wire::connect(self.listen).await;
        let (mut reading, mut writing) = open(self.listen).await.stream.into_split();
        let writer = tokio::spawn(async move {
            for bytes in flood {
                if writing.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            // It stays open: it is the proxy that ends it.
            std::future::pending::<()>().await;
        });
        let reader = tokio::spawn(async move {
            let mut read = vec![];
            // A reset is an end as well.
            let _ = reading.read_to_end(&mut read).await;
            read
        });
        assert_eq!(other.get("/fine").await.unwrap().status(), 200);
        assert_eq!(plain.get("/fine").await.unwrap().status(), 200);
        let read = tokio::time::timeout(PATIENCE, reader).await;
        let read = read.expect("it was not ended").unwrap();
        writer.abort();
        assert_eq!(other.get("/fine").await.unwrap().status(), 200);
        assert_eq!(plain.get("/fine").await.unwrap().status(), 200);
        self.proxy.until(1, |it| it.in_flight.total() == 0).await;
        reason(&read)
    }
}

/// The reason of the last GOAWAY.
fn reason(mut read: &[u8]) -> Option<u32> {
    let mut reason = None;
    while let Some((head, rest)) = read.split_at_checked(9) {
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let Some((payload, rest)) = rest.split_at_checked(length) else {
            break;
        };
        if head[3] == GOAWAY {
            reason = Some(u32::from_be_bytes(payload[4..8].try_into().unwrap()));
        }
        read = rest;
    }
    reason
}

fn streams() -> impl Iterator<Item = u32> {
    (0..).map(|number| number * 2 + 1)
}

/// What this process has in memory, in bytes.
fn memory() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = text.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

#[tokio::test]
async fn requests_taken_back_at_once_are_met_with_calm() {
    let target = Target::start().await;
    let pairs = streams().take(10_000).map(|stream| {
        let head = frame(HEADERS, END_STREAM | END_HEADERS, stream, GET);
        [head, frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])].concat()
    });
    let flood = pairs.collect::<Vec<_>>().concat();
    let reason = target.flooded(std::iter::once(flood)).await;
    assert_eq!(reason, Some(ENHANCE_YOUR_CALM));
    let reached = target.seen.count("/");
    assert!(reached <= 1000, "{reached}");
}

#[tokio::test]
async fn requests_taken_back_one_by_one_end_as_well() {
    let target = Target::start().await;
    let mut wire = open(target.listen).await;
    let mut taken_back = 0;
    for stream in streams().take(10_000) {
        let head = frame(HEADERS, END_STREAM | END_HEADERS, stream, GET);
        let ping = frame(PING, 0, 0, &[0; 8]);
        // When the answer to the ping is there, the request before it was taken.
        if wire.send([head, ping].concat()).await.is_none()
            || next_of(&mut wire, PING, 0).await.is_none()
        {
            break;
        }
        wire.send(frame(RST_STREAM, 0, stream, &[0, 0, 0, 8])).await;
        taken_back += 1;
    }
    assert!(taken_back <= 1000, "{taken_back}");
    assert!(target.seen.count("/") <= 1000);
    let other = Http2::connect(target.listen).await;
    assert_eq!(other.get("/fine").await.unwrap().status(), 200);
    target.proxy.until(1, |it| it.in_flight.total() == 0).await;
}

#[tokio::test]
async fn a_head_without_end_is_cut_short() {
    let target = Target::start().await;
    let before = memory();
    for payload in [b"\0\x01a\x01b".to_vec(), b"\0\x01a\x01b".repeat(3000)] {
        let begin = frame(HEADERS, END_STREAM, 1, GET);
        let more = std::iter::repeat_n(frame(CONTINUATION, 0, 1, &payload), 10_000);
        let reason = target.flooded(std::iter::once(begin).chain(more)).await;
        assert_eq!(reason, Some(ENHANCE_YOUR_CALM));
    }
    assert_eq!(target.seen.count("/"), 0);
    let grown = memory().saturating_sub(before);
    assert!(grown < 64 << 20, "{grown}");
}

#[tokio::test]
async fn a_small_head_that_means_a_large_one_is_refused() {
    let target = Target::start().await;
    let before = memory();
    // A field of 4,000 bytes that the table then has at place 62, and 12,000 times that.
    let mut bomb = [GET, b"\x40\x01a\x7f\xa1\x1e"].concat();
    bomb.extend(b"x".repeat(127 + 0x21 + (0x1e << 7)));
    bomb.extend(b"\xbe".repeat(12_000));
    let flood = frame(HEADERS, END_STREAM | END_HEADERS, 1, &bomb);
    let reason = target.flooded(std::iter::once(flood)).await;
    assert!(reason.is_some_and(|reason| reason != 0), "{reason:?}");
    assert_eq!(target.seen.count("/"), 0);
    let grown = memory().saturating_sub(before);
    assert!(grown < 64 << 20, "{grown}");
}

#[tokio::test]
async fn frames_that_carry_nothing_end_the_connection() {
    let target = Target::start().await;
    let before = memory();
    for flood in [
        frame(PING, 0, 0, &[0; 8]),
        frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100]),
        frame(2, 0, 1, &[0, 0, 0, 0, 1]),
        frame(200, 0, 0, &[1]),
    ] {
        target.flooded(std::iter::repeat_n(flood, 200_000)).await;
    }
    let begin = frame(HEADERS, END_HEADERS, 1, POST);
    let empty = std::iter::repeat_n(frame(DATA, 0, 1, &[]), 200_000);
    target.flooded(std::iter::once(begin).chain(empty)).await;
    let grown = memory().saturating_sub(before);
    assert!(grown < 64 << 20, "{grown}");
}

#[tokio::test]
async fn what_is_no_http2_is_ended() {
    let target = Target::start().await;
    for garbage in [
        // Data on no stream, a frame that is too long, a stream of the server's, one gone back to.
        frame(DATA, 0, 1, b"x"),
        frame(HEADERS, END_HEADERS, 1, &[0; 20_000]),
        frame(HEADERS, END_STREAM | END_HEADERS, 2, GET),
        frame(CONTINUATION, END_HEADERS, 1, GET),
        frame(SETTINGS, 0, 0, &[0; 5]),
        frame(8, 0, 0, &[0; 4]),
        frame(RST_STREAM, 0, 0, &[0; 4]),
        frame(HEADERS, END_STREAM | END_HEADERS, 1, &[0xff; 40]),
        b"GET / HTTP/1.1\r\nHost: shop\r\n\r\n".to_vec(),
    ] {
        let reason = target.flooded(std::iter::once(garbage.clone())).await;
        assert!(reason.is_some_and(|reason| reason != 0), "{garbage:?}");
    }
    assert_eq!(target.seen.count("/"), 0);
}
