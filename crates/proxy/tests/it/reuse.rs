//! Instances that close their connections by themselves.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::SeqCst;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::kit::*;
use crate::played::*;
use crate::support::*;

/// An instance that closes each connection after so many answers without a word, and notes the
/// bodies it got.
async fn closing(after: usize, seen: Seen) -> SocketAddr {
    instance(move |mut wire, _| {
        let seen = seen.clone();
        async move {
            for _ in 0..after {
                let request = wire.read_request().await?;
                if request.method() == "POST" {
                    seen.note(request.text());
                }
                wire.answer("v1", &request.body).await?;
            }
            None
        }
    })
    .await
}

async fn mixed_load(listen: SocketAddr, clients: usize, turns: usize) {
    let mut all = JoinSet::new();
    for number in 0..clients {
        all.spawn(async move {
            let mut wire = Wire::connect(listen).await;
            for turn in 0..turns {
                let answer = if turn % 3 == 0 {
                    wire.get("/").await
                } else {
                    wire.post("/", &format!("{number}/{turn}")).await
                };
                assert_eq!(answer.expect("lost").status(), 200);
            }
        });
    }
    while let Some(done) = all.join_next().await {
        done.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_closed_after_some_answers_lose_and_repeat_nothing() {
    for after in [1, 2, 20] {
        let proxy = Proxy::start().await;
        let listen = free_address();
        let seen = Seen::default();
        let address = closing(after, seen.clone()).await;
        proxy
            .route(listen, vec![backend(1, "web-1", address)])
            .await;
        mixed_load(listen, 32, 60).await;
        assert_eq!(seen.repeated(), [""; 0]);
        assert_eq!(proxy.deployment(1).await.counters.failed, 0);
        proxy.stop().await;
    }
}

/// How long after its last answer an instance closes a connection.
const CLOSES_AFTER: Duration = Duration::from_millis(400);

/// A connection that is open this long after an answer was not closed because of it: that is what
/// the proxy is to believe, and an instance that is this late is another one than is meant here.
const SETTLED: Duration = Duration::from_secs(1);

/// How many connections have had all of their answers, and how many of those are closed.
#[derive(Debug, Default)]
struct Ends {
    answered: AtomicUsize,
    closed: AtomicUsize,
}

/// An instance that closes each connection some time after its second answer.
async fn closing_late(ends: &Arc<Ends>) -> SocketAddr {
    let ends = Arc::clone(ends);
    instance(move |mut wire, _| {
        let ends = Arc::clone(&ends);
        async move {
            let request = wire.read_request().await?;
            wire.answer("v1", &request.body).await?;
            let request = wire.read_request().await?;
            // Before the client can know of it.
            ends.answered.fetch_add(1, SeqCst);
            let answered = wire.answer("v1", &request.body).await;
            tokio::time::sleep(CLOSES_AFTER).await;
            drop(wire);
            ends.closed.fetch_add(1, SeqCst);
            answered
        }
    })
    .await
}

/// Whether no request is lost to such an instance while connections of it are about to close. Not
/// on a machine so slow that the instance is late itself; what it loses then says nothing.
async fn is_borne(proxy: &Proxy) -> bool {
    let ends = Arc::default();
    let listen = free_address();
    let address = closing_late(&ends).await;
    proxy
        .route(listen, vec![backend(1, "web-1", address)])
        .await;
    let mut wire = Wire::connect(listen).await;
    for _ in 0..2 {
        let began = Instant::now();
        let closed = ends.closed.load(SeqCst);
        for _ in 0..2 {
            assert_eq!(wire.get("/").await.unwrap().status(), 200);
        }
        // The connection is open, and seen to be, until it is closed. That it is proves nothing.
        let mut answers = Vec::new();
        while ends.closed.load(SeqCst) == closed {
            answers.push(wire.post("/", "x").await.expect("lost").status());
            // Load, not synchronisation: some hundred connections are enough.
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        until(async || ends.closed.load(SeqCst) == ends.answered.load(SeqCst)).await;
        if began.elapsed() >= SETTLED {
            return false;
        }
        assert_eq!(answers, vec![200; answers.len()]);
    }
    true
}

/// As uvicorn does, which looks every 100 ms whether it has answered enough.
#[tokio::test]
async fn connections_closed_some_time_after_their_last_answer_lose_nothing() {
    let borne = async {
        // What one has learned of an instance that was late says nothing to the next.
        while !is_borne(&Proxy::start().await).await {}
    };
    let borne = tokio::time::timeout(PATIENCE, borne).await;
    assert!(borne.is_ok(), "this machine is too slow to tell");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_closed_when_idle_lose_and_repeat_nothing() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let seen = Seen::default();
    let noted = seen.clone();
    let address = instance(move |mut wire, _| {
        let seen = noted.clone();
        async move {
            let mut next = wire.read_request().await;
            loop {
                let request = next?;
                if request.method() == "POST" {
                    seen.note(request.text());
                }
                wire.answer("v1", &request.body).await?;
                // The shortest of idle times, so that it is met often.
                let idle = Duration::from_millis(3);
                next = tokio::time::timeout(idle, wire.read_request()).await.ok()?;
            }
        }
    })
    .await;
    proxy
        .route(listen, vec![backend(1, "web-1", address)])
        .await;
    let mut wire = Wire::connect(listen).await;
    for turn in 0..200_u64 {
        // Load, not synchronisation: pauses around the idle time.
        tokio::time::sleep(Duration::from_micros(turn % 8 * 1_000)).await;
        let answer = if turn % 2 == 0 {
            wire.get("/").await
        } else {
            wire.post("/", &turn.to_string()).await
        };
        assert_eq!(answer.expect("lost").status(), 200);
    }
    assert_eq!(seen.repeated(), [""; 0]);
}

#[tokio::test]
async fn a_request_without_effect_is_sent_again_and_one_with_effect_is_not() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let seen = Seen::default();
    let noted = seen.clone();
    // Breaks off each connection's second request after it has read it.
    let address = instance(move |mut wire, _| {
        let seen = noted.clone();
        async move {
            wire.read_request().await?;
            wire.answer("v1", b"").await?;
            let request = wire.read_request().await?;
            seen.note(request.path());
            None
        }
    })
    .await;
    proxy
        .route(listen, vec![backend(1, "web-1", address)])
        .await;
    let mut wire = Wire::connect(listen).await;
    assert_eq!(wire.get("/1").await.unwrap().status(), 200);
    // On the used connection, which breaks; then on a new one.
    assert_eq!(wire.get("/2").await.unwrap().status(), 200);
    assert_eq!(seen.count("/2"), 1);
    assert_eq!(proxy.deployment(1).await.retries, 1);
    // Never on a used connection that was not seen to bear it.
    for turn in 0..5 {
        let path = format!("/post/{turn}");
        assert_eq!(wire.post(&path, "x").await.unwrap().status(), 200);
        assert_eq!(seen.count(&path), 0);
    }
}

#[tokio::test]
async fn an_instance_that_breaks_off_is_a_502_and_no_repetition() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let seen = Seen::default();
    let noted = seen.clone();
    let address = instance(move |mut wire, _| {
        let seen = noted.clone();
        async move {
            let request = wire.read_request().await?;
            seen.note(request.path());
            None
        }
    })
    .await;
    let other = instance(|_, _| async { None }).await;
    let backends = vec![backend(1, "web-1", address), backend(1, "web-2", other)];
    proxy.route(listen, backends).await;
    let mut wire = Wire::connect(listen).await;
    for turn in 0..10 {
        let path = format!("/{turn}");
        assert_eq!(wire.post(&path, "x").await.unwrap().status(), 502);
        assert!(seen.count(&path) <= 1);
    }
}

#[tokio::test]
async fn used_connections_are_used_again() {
    let proxy = Proxy::start_with(|options| options.workers = std::num::NonZeroUsize::new(1)).await;
    let listen = free_address();
    let address = instance(|mut wire, number| async move {
        loop {
            wire.read_request().await?;
            wire.answer(&number.to_string(), b"").await?;
        }
    })
    .await;
    proxy
        .route(listen, vec![backend(1, "web-1", address)])
        .await;
    let mut wire = Wire::connect(listen).await;
    for _ in 0..20 {
        let answer = wire.get("/").await.unwrap();
        assert_eq!(answer.header("x-release"), Some("0"));
    }
    // What has been seen to stay open is soon good for requests with effect too.
    let mut seen = std::collections::HashSet::new();
    let used = async {
        loop {
            let answer = wire.post("/", "x").await.unwrap();
            if !seen.insert(answer.header("x-release").unwrap().to_owned()) {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, used).await.unwrap();
}
