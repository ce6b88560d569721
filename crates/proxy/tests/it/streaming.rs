//! Bodies and upgrades that take their time, and the drain that waits for them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use shipway_pipeline::colour::Colour;
use shipway_pipeline::id::{DeploymentId, Epoch};
use shipway_pipeline::traffic::InFlight;
use shipway_proxy::control::{Cut, Error, Refusal};
use tokio::io::AsyncWriteExt;
use tokio::sync::{Notify, mpsc};

use crate::kit::*;
use crate::played::*;
use crate::support::*;

const EVENTS: &str =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
const UPGRADED: &str =
    "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const WEBSOCKET: &str = "GET /ws HTTP/1.1\r\nHost: shop\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
     Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// An instance with an event stream that sends one event per notice, and an upgrade that echoes.
pub(crate) async fn streamer(notice: Arc<Notify>) -> SocketAddr {
    instance(move |mut wire, _| {
        let notice = Arc::clone(&notice);
        async move {
            loop {
                let request = wire.read_request().await?;
                match request.path() {
                    "/events" => {
                        wire.send(EVENTS).await?;
                        loop {
                            notice.notified().await;
                            wire.send("5\r\nevent\r\n").await?;
                        }
                    }
                    "/ws" => {
                        wire.send(UPGRADED).await?;
                        wire.send("hello").await?;
                        loop {
                            wire.more().await?;
                            let echo = std::mem::take(&mut wire.read);
                            wire.send(echo).await?;
                        }
                    }
                    _ => wire.answer("v1", b"").await?,
                }
            }
        }
    })
    .await
}

pub(crate) async fn open_websocket(listen: SocketAddr) -> Wire {
    let mut wire = Wire::connect(listen).await;
    wire.send(WEBSOCKET).await.unwrap();
    // Sent along with the request, before the answer: must not get lost.
    wire.send("early").await.unwrap();
    let answer = wire.read_head().await.unwrap();
    assert_eq!(answer.status(), 101);
    assert_eq!(answer.header("upgrade"), Some("websocket"));
    assert_eq!(answer.header("connection"), Some("upgrade"));
    assert_eq!(wire.take(10).await.unwrap(), b"helloearly");
    wire
}

pub(crate) fn cut(deployment: u64) -> Cut {
    Cut {
        only: None,
        key: key(),
        epoch: Epoch(1),
        colour: Colour::Blue,
        deployment: DeploymentId(deployment),
    }
}

#[tokio::test]
async fn a_drain_tells_streams_from_upgrades_and_cuts_what_is_left() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let notice = Arc::new(Notify::new());
    let old = streamer(Arc::clone(&notice)).await;
    proxy.route(listen, vec![backend(1, "web-1", old)]).await;

    let mut events = Wire::connect(listen).await;
    events
        .send("GET /events HTTP/1.1\r\nHost: shop\r\n\r\n")
        .await
        .unwrap();
    // The head comes before the first event, each event before the next.
    assert_eq!(events.read_head().await.unwrap().status(), 200);
    for _ in 0..3 {
        notice.notify_one();
        assert_eq!(events.read_chunk().await.unwrap().unwrap(), b"event");
    }
    let mut websocket = open_websocket(listen).await;

    let error = proxy.client.cut(&cut(1)).await.unwrap_err();
    assert!(matches!(error, Error::Refused(Refusal::StillRouted { .. })));
    proxy
        .route(listen, vec![backend(2, "web-1", echo("v2").await)])
        .await;
    let left = InFlight {
        short: 0,
        streaming: 1,
        upgraded: 1,
    };
    let told = proxy.deployment(1).await;
    assert!(!told.routed);
    assert_eq!(told.in_flight, left);
    assert_eq!(told.upgrades, 1);
    // Both go on with the old release; new requests go to the new one.
    notice.notify_one();
    assert_eq!(events.read_chunk().await.unwrap().unwrap(), b"event");
    websocket.send("more").await.unwrap();
    assert_eq!(websocket.take(4).await.unwrap(), b"more");
    let answer = Wire::connect(listen).await.get("/").await.unwrap();
    assert_eq!(answer.header("x-release"), Some("v2"));

    assert_eq!(proxy.client.cut(&cut(1)).await.unwrap(), left);
    assert!(events.is_closed().await);
    assert!(websocket.is_closed().await);
    proxy.until(1, |it| it.in_flight.total() == 0).await;
    assert_eq!(
        proxy.client.cut(&cut(1)).await.unwrap(),
        InFlight::default()
    );
    proxy.stop().await;
}

#[tokio::test]
async fn an_answer_of_unknown_length_becomes_a_stream_when_it_stays_open() {
    let proxy = Proxy::start_with(|options| {
        options.limits.streaming_after = Duration::from_millis(40);
    })
    .await;
    let listen = free_address();
    let end = Arc::new(Notify::new());
    let notified = Arc::clone(&end);
    let address = instance(move |mut wire, _| {
        let end = Arc::clone(&notified);
        async move {
            wire.read_request().await?;
            wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
                .await?;
            end.notified().await;
            wire.send("0\r\n\r\n").await
        }
    })
    .await;
    proxy
        .route(listen, vec![backend(1, "web-1", address)])
        .await;
    let mut wire = Wire::connect(listen).await;
    wire.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n")
        .await
        .unwrap();
    wire.read_head().await.unwrap();
    proxy.until(1, |it| it.in_flight.streaming == 1).await;
    end.notify_one();
    assert_eq!(wire.read_chunk().await.unwrap(), None);
    proxy.until(1, |it| it.in_flight.total() == 0).await;
    assert_eq!(proxy.deployment(1).await.counters.by_class[1], 1);
}

#[tokio::test]
async fn a_refused_upgrade_ends_the_connection() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let seen = Seen::default();
    let noted = seen.clone();
    // More than a socket's buffers hold, so that the answer cannot be flushed at once.
    const LENGTH: usize = 8 << 20;
    let address = instance(move |mut wire, _| {
        let seen = noted.clone();
        async move {
            loop {
                let request = wire.read_request().await?;
                seen.note(request.path());
                wire.answer("v1", &[b'x'; LENGTH]).await?;
            }
        }
    })
    .await;
    proxy
        .route(listen, vec![backend(1, "web-1", address)])
        .await;
    let mut wire = Wire::connect(listen).await;
    let answer = wire
        .ask(format!(
            "{WEBSOCKET}GET /smuggled HTTP/1.1\r\nHost: shop\r\n\r\n"
        ))
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.body.len(), LENGTH);
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(wire.is_closed().await);
    assert_eq!(seen.count("/ws"), 1);
    assert_eq!(seen.count("/smuggled"), 0);
}

#[tokio::test]
async fn h2c_is_dropped_and_the_connection_goes_on() {
    let (_proxy, listen) = proxy_of(mirror().await).await;
    let mut wire = Wire::connect(listen).await;
    let answer = wire
        .ask(
            "GET / HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade, HTTP2-Settings\r\n\
             Upgrade: h2c\r\nHTTP2-Settings: x\r\n\r\n",
        )
        .await
        .unwrap();
    assert_eq!(answer.status(), 200);
    assert!(!answer.text().to_ascii_lowercase().contains("h2c"));
    assert_eq!(wire.get("/").await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_upload_streams_in_chunks() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let (got, mut gets) = mpsc::unbounded_channel();
    let address = instance(move |mut wire, _| {
        let got = got.clone();
        async move {
            let head = wire.read_head().await?;
            assert_eq!(head.header("transfer-encoding"), Some("chunked"));
            while let Some(chunk) = wire.read_chunk().await? {
                got.send(chunk).unwrap();
            }
            wire.answer("v1", b"thanks").await
        }
    })
    .await;
    proxy
        .route(listen, vec![backend(1, "web-1", address)])
        .await;
    let mut wire = Wire::connect(listen).await;
    wire.send("POST / HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n")
        .await
        .unwrap();
    for part in ["one", "two", "six"] {
        // Each part arrives before the next is sent.
        wire.send(format!("3\r\n{part}\r\n")).await.unwrap();
        assert_eq!(gets.recv().await.unwrap(), part.as_bytes());
    }
    let answer = wire.ask("0\r\n\r\n").await.unwrap();
    assert_eq!(answer.text(), "thanks");
    assert_eq!(wire.post("/", "").await.map(|it| it.status()), Some(502));
}

#[tokio::test]
async fn an_upload_that_is_not_taken_is_not_gathered() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let address = instance(|mut wire, _| async move {
        wire.read_head().await?;
        std::future::pending().await
    })
    .await;
    proxy
        .route(listen, vec![backend(1, "web-1", address)])
        .await;
    let mut wire = Wire::connect(listen).await;
    wire.send("POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: 1000000000\r\n\r\n")
        .await
        .unwrap();
    let block = vec![0; 1 << 16];
    let mut sent = 0;
    // A slow machine only stalls sooner.
    let stall = Duration::from_millis(500);
    while let Ok(wrote) = tokio::time::timeout(stall, wire.stream.write(&block)).await {
        sent += wrote.unwrap();
        assert!(sent < 100 << 20, "the proxy takes everything");
    }
}

#[tokio::test]
async fn a_large_body_comes_through_whole_both_ways() {
    let (_proxy, listen) = proxy_of(echo("v1").await).await;
    let body: Vec<u8> = (0..6_000_000_u32).map(|it| (it % 251) as u8).collect();
    let stream = Wire::connect(listen).await.stream;
    let (read, mut write) = stream.into_split();
    let sent = body.clone();
    let sending = tokio::spawn(async move {
        let head = format!(
            "POST / HTTP/1.1\r\nHost: shop\r\nContent-Length: {}\r\n\r\n",
            sent.len()
        );
        write.write_all(head.as_bytes()).await.unwrap();
        write.write_all(&sent).await.unwrap();
        write
    });
    let write = sending.await.unwrap();
    let mut wire = Wire::new(read.reunite(write).unwrap());
    let answer = wire.read_response().await.unwrap();
    assert!(answer.body == body);
}

#[tokio::test]
async fn expect_100_is_answered_before_the_body() {
    let (_proxy, listen) = proxy_of(echo("v1").await).await;
    let mut wire = Wire::connect(listen).await;
    wire.send("POST / HTTP/1.1\r\nHost: shop\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(wire.read_head().await.unwrap().status(), 100);
    assert_eq!(wire.ask("body").await.unwrap().text(), "body");
}

#[tokio::test]
async fn a_client_that_leaves_is_told_to_the_instance() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let (told, mut tell) = mpsc::unbounded_channel();
    let address = instance(move |mut wire, _| {
        let told = told.clone();
        async move {
            let request = wire.read_request().await?;
            told.send("request").unwrap();
            if request.path() == "/events" {
                wire.send(EVENTS).await?;
            }
            assert!(wire.is_closed().await);
            told.send("gone").unwrap();
            None
        }
    })
    .await;
    proxy
        .route(listen, vec![backend(1, "web-1", address)])
        .await;
    for path in ["/silent", "/events"] {
        let mut wire = Wire::connect(listen).await;
        wire.send(format!("GET {path} HTTP/1.1\r\nHost: shop\r\n\r\n"))
            .await
            .unwrap();
        assert_eq!(tell.recv().await, Some("request"));
        if path == "/events" {
            wire.read_head().await.unwrap();
        }
        drop(wire);
        assert_eq!(tell.recv().await, Some("gone"));
    }
    proxy.until(1, |it| it.in_flight.total() == 0).await;
    let told = proxy.deployment(1).await;
    assert_eq!((told.abandoned, told.counters.failed), (1, 0));
}

#[tokio::test]
async fn a_truncated_answer_is_not_passed_off_as_whole() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let address = instance(|mut wire, _| async move {
        wire.read_request().await?;
        wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
            .await?;
        None
    })
    .await;
    proxy
        .route(listen, vec![backend(1, "web-1", address)])
        .await;
    let mut wire = Wire::connect(listen).await;
    wire.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(wire.read_head().await.unwrap().status(), 200);
    assert_eq!(wire.read_chunk().await.unwrap().unwrap(), b"ok");
    assert!(wire.is_closed().await);
    proxy.until(1, |it| it.counters.failed == 1).await;
}
