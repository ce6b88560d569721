//! Streams of one connection: switches, cuts and the end of the connection.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use h2::Reason;
use http::Method;
use shipway_pipeline::colour::Colour;
use shipway_pipeline::id::{DeploymentId, Epoch};
use shipway_pipeline::traffic::InFlight;
use shipway_proxy::control::Cut;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, JoinSet};

use super::client::*;
use crate::played::*;
use crate::support::*;

/// One that repeats bodies until it is stopped.
async fn mortal() -> (SocketAddr, AbortHandle) {
    mortal_instance(|mut wire, _| async move {
        loop {
            let request = wire.read_request().await?;
            wire.answer("v", &request.body).await?;
        }
    })
    .await
}

async fn ask_on(client: Http2, name: u64, is_over: Arc<AtomicBool>, answered: Arc<AtomicU64>) {
    for number in 0.. {
        let said = format!("{name}.{number}");
        let answer = client.ask(request(Method::POST, "/"), said.as_bytes());
        let answer = answer.await.expect("a request was lost");
        assert_eq!((answer.status(), answer.text()), (200, said.as_str()));
        answered.fetch_add(1, Ordering::SeqCst);
        if is_over.load(Ordering::SeqCst) {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_at_once_lose_nothing_through_switches() {
    const ROUNDS: u64 = 20;
    let proxy = Proxy::start().await;
    let listen = free_address();
    let (address, mut old) = mortal().await;
    proxy
        .route(listen, vec![backend(1, "web-1", address)])
        .await;
    let client = Http2::connect(listen).await;
    let is_over = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicU64::new(0));
    let mut streams = JoinSet::new();
    for name in 0..100 {
        let (is_over, answered) = (Arc::clone(&is_over), Arc::clone(&answered));
        streams.spawn(ask_on(client.clone(), name, is_over, answered));
    }
    for round in 1..=ROUNDS {
        let enough = answered.load(Ordering::SeqCst) + 200;
        while answered.load(Ordering::SeqCst) < enough {
            assert!(streams.try_join_next().is_none(), "a stream ended");
            tokio::task::yield_now().await;
        }
        let (address, new) = mortal().await;
        proxy
            .route(listen, vec![backend(round + 1, "web-1", address)])
            .await;
        proxy.until(round, |it| it.in_flight.total() == 0).await;
        old.abort();
        old = new;
    }
    is_over.store(true, Ordering::SeqCst);
    while let Some(ended) = streams.join_next().await {
        ended.unwrap();
    }
    assert!(answered.load(Ordering::SeqCst) >= ROUNDS * 200);
    let counted = proxy.deployment(ROUNDS + 1).await.counters;
    assert_eq!(counted.failed, 0);
}

/// An instance that begins an event stream, or keeps a request waiting.
async fn waiting(notice: Arc<Notify>) -> SocketAddr {
    instance(move |mut wire, _| {
        let notice = Arc::clone(&notice);
        async move {
            let request = wire.read_request().await?;
            if request.path() == "/events" {
                wire.send(
                    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
                     Transfer-Encoding: chunked\r\n\r\n5\r\nevent\r\n",
                )
                .await?;
            }
            loop {
                notice.notified().await;
                wire.send("5\r\nevent\r\n").await?;
            }
        }
    })
    .await
}

#[tokio::test]
async fn a_cut_ends_the_streams_of_its_deployment_alone() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let old = waiting(Arc::new(Notify::new())).await;
    proxy.route(listen, vec![backend(1, "web-1", old)]).await;
    let client = Http2::connect(listen).await;
    let (events, _) = client.begin(get("/events"), true).await.unwrap();
    let mut events = events.await.unwrap().into_body();
    assert_eq!(more(&mut events).await.unwrap().unwrap(), "event");
    let (silent, _) = client.begin(get("/"), true).await.unwrap();
    // Its body is on its way.
    let (upload, mut sending) = client
        .begin(request(Method::POST, "/"), false)
        .await
        .unwrap();
    sending.send_data("abc".into(), false).unwrap();
    proxy.until(1, |it| it.in_flight.total() == 3).await;

    let notice = Arc::new(Notify::new());
    let new = waiting(Arc::clone(&notice)).await;
    proxy.route(listen, vec![backend(2, "web-1", new)]).await;
    let (kept, _) = client.begin(get("/events"), true).await.unwrap();
    let mut kept = kept.await.unwrap().into_body();
    assert_eq!(more(&mut kept).await.unwrap().unwrap(), "event");

    let wanted = Cut {
        only: None,
        key: key(),
        epoch: Epoch(1),
        colour: Colour::Blue,
        deployment: DeploymentId(1),
    };
    let cut = InFlight {
        short: 2,
        streaming: 1,
        upgraded: 0,
    };
    assert_eq!(proxy.client.cut(&wanted).await.unwrap(), cut);
    let error = more(&mut events).await.unwrap_err();
    assert!(error.is_reset() && error.is_remote(), "{error}");
    for response in [silent, upload] {
        let error = whole(response).await.unwrap_err();
        assert_eq!(error.reason(), Some(Reason::CANCEL));
    }
    proxy.until(1, |it| it.in_flight.total() == 0).await;

    notice.notify_one();
    assert_eq!(more(&mut kept).await.unwrap().unwrap(), "event");
    assert_eq!(proxy.deployment(2).await.in_flight.streaming, 1);
    drop(kept);
    proxy.until(2, |it| it.in_flight.total() == 0).await;
}

// The proxy is waited for on one of the threads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_is_told_and_what_is_in_hand_goes_on() {
    let proxy = Proxy::start_with(|options| {
        options.limits.lame_duck = Duration::from_secs(60);
        options.limits.shutdown = Duration::from_secs(60);
    })
    .await;
    let listen = free_address();
    let answer = Arc::new(Notify::new());
    let notified = Arc::clone(&answer);
    let address = instance(move |mut wire, _| {
        let answer = Arc::clone(&notified);
        async move {
            loop {
                let request = wire.read_request().await?;
                answer.notified().await;
                wire.answer("v1", &request.body).await?;
            }
        }
    })
    .await;
    proxy
        .route(listen, vec![backend(1, "web-1", address)])
        .await;
    let stream = tokio::net::TcpStream::connect(listen).await.unwrap();
    let (client, ended) = Http2::over(stream).await;
    let idle = tokio::net::TcpStream::connect(listen).await.unwrap();
    let (_idle, idle_ended) = Http2::over(idle).await;
    let (response, mut send) = client
        .begin(request(Method::POST, "/"), false)
        .await
        .unwrap();
    send.send_data("abc".into(), false).unwrap();
    proxy.until(1, |it| it.in_flight.total() == 1).await;

    let stopped = tokio::spawn(proxy.stop());
    // The one with nothing in hand goes at once.
    idle_ended.await.unwrap().unwrap();
    while client.send.clone().ready().await.is_ok() {
        tokio::task::yield_now().await;
    }
    send.send_data("def".into(), true).unwrap();
    answer.notify_one();
    let answer = whole(response).await.unwrap();
    assert_eq!((answer.status(), answer.text()), (200, "abcdef"));
    drop((client, send));
    ended.await.unwrap().unwrap();
    stopped.await.unwrap();
}

#[tokio::test]
async fn a_client_that_leaves_takes_its_requests_back() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let address = waiting(Arc::new(Notify::new())).await;
    proxy
        .route(listen, vec![backend(1, "web-1", address)])
        .await;
    let stream = tokio::net::TcpStream::connect(listen).await.unwrap();
    let (client, ended) = Http2::over(stream).await;
    let (response, send) = client.begin(get("/"), true).await.unwrap();
    let (_kept, _) = client.begin(get("/"), true).await.unwrap();
    proxy.until(1, |it| it.in_flight.total() == 2).await;
    drop((response, send));
    proxy.until(1, |it| it.in_flight.total() == 1).await;
    ended.abort();
    proxy.until(1, |it| it.in_flight.total() == 0).await;
    let counted = proxy.deployment(1).await;
    assert_eq!(counted.abandoned, 2);
    assert_eq!(counted.counters.failed, 0);
}

#[tokio::test]
async fn an_instance_that_breaks_off_ends_its_stream_alone() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let address = instance(|mut wire, _| async move {
        loop {
            let request = wire.read_request().await?;
            if request.path() == "/broken" {
                wire.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
                    .await?;
                return None;
            }
            wire.answer("v1", b"ok").await?;
        }
    })
    .await;
    proxy
        .route(listen, vec![backend(1, "web-1", address)])
        .await;
    let client = Http2::connect(listen).await;
    let error = client.get("/broken").await.unwrap_err();
    assert_eq!(error.reason(), Some(Reason::INTERNAL_ERROR));
    assert_eq!(client.get("/").await.unwrap().text(), "ok");
    assert_eq!(proxy.deployment(1).await.counters.failed, 1);
}
