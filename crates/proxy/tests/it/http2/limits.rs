//! Sizes and times: what is large, what is slow, and what waits.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method};
use shipway_pipeline::route::Limits;
use tokio::net::TcpStream;
use tokio::sync::{Notify, Semaphore};

use super::client::*;
use super::frames::*;
use crate::played::*;
use crate::support::*;

/// What goes through in one body.
const LARGE: usize = 48 << 20;

/// More than the proxy and the kernel's sockets hold of one that is not read, far below the whole.
const HELD: usize = 24 << 20;

async fn started(proxy: &Proxy, instance: SocketAddr) -> SocketAddr {
    let listen = free_address();
    proxy
        .route(listen, vec![backend(1, "web-1", instance)])
        .await;
    listen
}

/// Requests beside what waits: while they are answered, it could have moved.
async fn meanwhile(client: &Http2) {
    for _ in 0..200 {
        assert_eq!(client.get("/").await.unwrap().status(), 200);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_answer_waits_for_its_reader() {
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let address = instance(move |mut wire, _| {
        let sent = Arc::clone(&counted);
        async move {
            loop {
                if wire.read_request().await?.path() == "/" {
                    wire.answer("v1", b"").await?;
                    continue;
                }
                wire.send(format!(
                    "HTTP/1.1 200 OK\r\nContent-Length: {LARGE}\r\n\r\n"
                ))
                .await?;
                let piece = vec![b'x'; 1 << 16];
                for _ in 0..LARGE / piece.len() {
                    wire.send(&piece).await?;
                    sent.fetch_add(piece.len(), Ordering::SeqCst);
                }
            }
        }
    })
    .await;
    let proxy = Proxy::start().await;
    let client = Http2::connect(started(&proxy, address).await).await;
    let (response, _) = client.begin(get("/large"), true).await.unwrap();
    let mut body = response.await.unwrap().into_body();
    meanwhile(&client).await;
    let held = sent.load(Ordering::SeqCst);
    assert!(held < HELD, "{held}");
    let mut read = 0;
    while let Some(piece) = more(&mut body).await.unwrap() {
        read += piece.len();
    }
    assert_eq!(read, LARGE);
    proxy.until(1, |it| it.in_flight.total() == 0).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_large_upload_waits_for_its_instance() {
    let read_on = Arc::new(Notify::new());
    let notified = Arc::clone(&read_on);
    let address = instance(move |mut wire, _| {
        let read_on = Arc::clone(&notified);
        async move {
            loop {
                let head = wire.read_head().await?;
                if head.path() == "/" {
                    wire.answer("v1", b"").await?;
                    continue;
                }
                read_on.notified().await;
                let mut read = 0;
                while let Some(chunk) = wire.read_chunk().await? {
                    read += chunk.len();
                }
                wire.answer("v1", read.to_string().as_bytes()).await?;
            }
        }
    })
    .await;
    let proxy = Proxy::start().await;
    let client = Http2::connect(started(&proxy, address).await).await;
    let (response, mut send) = client
        .begin(request(Method::POST, "/large"), false)
        .await
        .unwrap();
    let sent = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let sending = tokio::spawn(async move {
        while counted.load(Ordering::SeqCst) < LARGE {
            let left = LARGE - counted.load(Ordering::SeqCst);
            send.reserve_capacity(left.min(1 << 16));
            let granted = std::future::poll_fn(|cx| send.poll_capacity(cx)).await;
            let granted = granted.unwrap().unwrap().min(left);
            let sent = counted.fetch_add(granted, Ordering::SeqCst) + granted;
            send.send_data(Bytes::from(vec![b'x'; granted]), sent == LARGE)
                .unwrap();
        }
    });
    meanwhile(&client).await;
    let held = sent.load(Ordering::SeqCst);
    assert!(held < HELD, "{held}");
    read_on.notify_one();
    sending.await.unwrap();
    let answer = whole(response).await.unwrap();
    assert_eq!(answer.text(), LARGE.to_string());
}

#[tokio::test]
async fn no_more_at_once_than_allowed() {
    let proxy = Proxy::start_with(|options| options.limits.streams = 3).await;
    let answers = Arc::new(Semaphore::new(0));
    let allowed = Arc::clone(&answers);
    let address = instance(move |mut wire, _| {
        let allowed = Arc::clone(&allowed);
        async move {
            loop {
                wire.read_request().await?;
                allowed.acquire().await.ok()?.forget();
                wire.answer("v1", b"").await?;
            }
        }
    })
    .await;
    let mut wire = open(started(&proxy, address).await).await;
    for stream in [1, 3, 5, 7] {
        let head = frame(HEADERS, END_STREAM | END_HEADERS, stream, GET);
        wire.send(head).await.unwrap();
    }
    // REFUSED_STREAM: it can be sent again without harm.
    let refused = next_of(&mut wire, RST_STREAM, 7).await.unwrap();
    assert_eq!(refused.payload, [0, 0, 0, 7]);
    proxy.until(1, |it| it.in_flight.total() == 3).await;
    answers.add_permits(3);
    next_of(&mut wire, HEADERS, 5).await.unwrap();
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let proxy = Proxy::start().await;
    let listen = started(&proxy, echo("v1").await).await;
    let client = Http2::connect(listen).await;
    let with = |count: usize, length: usize| {
        let mut request = get("/");
        for number in 0..count {
            let name = HeaderName::try_from(format!("x-{number}")).unwrap();
            let value = HeaderValue::try_from("x".repeat(length)).unwrap();
            request.headers_mut().insert(name, value);
        }
        request
    };
    let fits = client.ask(with(3, 15 * 1024), b"").await.unwrap();
    assert_eq!(fits.status(), 200);
    let many = client.ask(with(200, 1), b"").await.unwrap();
    assert_eq!(many.status(), 431);
    // The whole of it is refused when it was read, or the connection before.
    for (count, length) in [(5, 15 * 1024), (4000, 1), (40, 15 * 1024)] {
        let client = Http2::connect(listen).await;
        match client.ask(with(count, length), b"").await {
            Ok(answer) => assert_eq!(answer.status(), 431),
            Err(error) => assert!(error.is_remote() || error.is_io(), "{error:?}"),
        }
    }
    assert_eq!(proxy.deployment(1).await.counters.requests(), 1);
    assert_eq!(client.get("/").await.unwrap().status(), 200);
}

#[tokio::test]
async fn slow_heads_and_idle_connections_are_ended() {
    let proxy = Proxy::start_with(|options| {
        options.limits.header_read = Duration::from_millis(40);
        options.limits.keep_alive = Duration::from_millis(400);
    })
    .await;
    let listen = started(&proxy, echo("v1").await).await;
    let mut preface = Wire::connect(listen).await;
    preface.send(&PREFACE[..9]).await.unwrap();
    assert!(preface.is_closed().await);
    for begun in [
        frame(HEADERS, END_STREAM, 1, GET),
        frame(HEADERS, END_STREAM | END_HEADERS, 1, GET)[..12].to_vec(),
    ] {
        let mut wire = open(listen).await;
        wire.send(begun).await.unwrap();
        assert_eq!(end(&mut wire).await, None);
    }
    let stream = tokio::net::TcpStream::connect(listen).await.unwrap();
    let (client, ended) = Http2::over(stream).await;
    assert_eq!(client.get("/").await.unwrap().status(), 200);
    // It is told, rather than cut.
    ended.await.unwrap().unwrap();
    assert!(client.get("/").await.is_err());
}

#[tokio::test]
async fn a_stalled_body_ends_its_stream_alone() {
    let proxy = Proxy::start_with(|options| {
        options.limits.body_idle = Duration::from_millis(40);
        options.limits.response_head = Duration::from_millis(40);
    })
    .await;
    let address = instance(|mut wire, _| async move {
        loop {
            let request = wire.read_request().await?;
            let body = if request.path() == "/large" {
                1 << 20
            } else {
                0
            };
            wire.answer("v1", &vec![b'x'; body]).await?;
        }
    })
    .await;
    let listen = started(&proxy, address).await;
    let client = Http2::connect(listen).await;
    let (upload, mut send) = client
        .begin(request(Method::POST, "/"), false)
        .await
        .unwrap();
    send.send_data("abc".into(), false).unwrap();
    // Never read, so the window stays shut.
    let (download, _) = client.begin(get("/large"), true).await.unwrap();
    let mut body = download.await.unwrap().into_body();
    let error = whole(upload).await.unwrap_err();
    assert!(error.is_reset() && error.is_remote(), "{error:?}");
    let cut = async {
        while let Some(piece) = body.data().await {
            piece?;
        }
        Ok::<_, h2::Error>(())
    };
    let error = tokio::time::timeout(PATIENCE, cut).await.unwrap();
    assert!(error.unwrap_err().is_reset());
    proxy.until(1, |it| it.in_flight.total() == 0).await;
    assert_eq!(client.get("/").await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_late_head_is_a_timeout() {
    let proxy = Proxy::start_with(|options| {
        options.limits.response_head = Duration::from_millis(40);
    })
    .await;
    let address = instance(|mut wire, _| async move {
        loop {
            if wire.read_request().await?.path() == "/" {
                wire.answer("v1", b"").await?;
            }
        }
    })
    .await;
    let client = Http2::connect(started(&proxy, address).await).await;
    assert_eq!(client.get("/late").await.unwrap().status(), 504);
    assert_eq!(client.get("/").await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_connection_counts_once_and_one_too_many_is_ended() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let mut route = route(listen, 1, vec![backend(1, "web-1", echo("v1").await)]);
    route.rules.limits = Limits {
        connections: 1.try_into().ok(),
        ..Limits::default()
    };
    proxy.client.put_route(&route).await.unwrap();
    let (client, ended) = Http2::over(TcpStream::connect(listen).await.unwrap()).await;
    let (one, other) = tokio::join!(client.get("/"), client.get("/"));
    assert_eq!(
        [one, other].map(|answer| answer.unwrap().status()),
        [200; 2]
    );
    let (second, second_ended) = Http2::over(TcpStream::connect(listen).await.unwrap()).await;
    let refused = second.get("/").await.unwrap();
    assert_eq!(refused.status(), 429);
    assert_eq!(refused.header("retry-after"), Some("1"));
    // It is told that no more is taken.
    let ended_well = tokio::time::timeout(PATIENCE, second_ended).await.unwrap();
    ended_well.unwrap().unwrap();
    // The place is free as soon as the proxy has seen the end.
    assert_eq!(client.get("/").await.unwrap().status(), 200);
    drop(client);
    tokio::time::timeout(PATIENCE, ended)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    let again =
        async { while Wire::connect(listen).await.get("/").await.unwrap().status() == 429 {} };
    tokio::time::timeout(PATIENCE, again).await.unwrap();
}
