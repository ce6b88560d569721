//! Switches under load, and what becomes of an instance that is gone.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use tokio::task::{AbortHandle, JoinSet};

use crate::played::*;
use crate::support::*;

const CLIENTS: usize = 64;
const SWITCHES: u64 = 25;

/// What may answer: nothing before `acknowledged`, nothing behind `intended`.
#[derive(Default)]
struct Routed {
    acknowledged: AtomicU64,
    intended: AtomicU64,
    answered: AtomicU64,
    is_over: AtomicBool,
}

async fn release(number: u64, seen: Seen) -> (SocketAddr, AbortHandle) {
    mortal_instance(move |mut wire, _| {
        let seen = seen.clone();
        async move {
            loop {
                let request = wire.read_request().await?;
                if request.method() == "POST" {
                    seen.note(request.text());
                }
                wire.answer(&number.to_string(), &request.body).await?;
            }
        }
    })
    .await
}

async fn client(number: usize, listen: SocketAddr, routed: Arc<Routed>) -> Vec<String> {
    let mut wire = Wire::connect(listen).await;
    let mut keys = vec![];
    for turn in 0.. {
        if routed.is_over.load(Ordering::SeqCst) {
            break;
        }
        let first = routed.acknowledged.load(Ordering::SeqCst);
        let answer = if turn % 2 == 0 {
            wire.get("/").await
        } else {
            let key = format!("{number}/{turn}");
            let answer = wire.post("/", &key).await;
            keys.push(key);
            answer
        };
        let answer = answer.expect("a request was lost");
        assert_eq!(answer.status(), 200, "{}", answer.text());
        let release: u64 = answer.header("x-release").unwrap().parse().unwrap();
        let last = routed.intended.load(Ordering::SeqCst);
        assert!(
            (first..=last).contains(&release),
            "{first} {release} {last}"
        );
        routed.answered.fetch_add(1, Ordering::SeqCst);
    }
    keys
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_lost_or_misled_by_a_switch() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let seen = Seen::default();
    let routed = Arc::new(Routed::default());
    let (address, mut present) = release(1, seen.clone()).await;
    proxy
        .route(listen, vec![backend(1, "web-1", address)])
        .await;
    routed.intended.store(1, Ordering::SeqCst);
    routed.acknowledged.store(1, Ordering::SeqCst);
    let mut clients = JoinSet::new();
    for number in 0..CLIENTS {
        clients.spawn(client(number, listen, Arc::clone(&routed)));
    }

    for number in 2..2 + SWITCHES {
        // Each release has some traffic before the next comes.
        let enough = routed.answered.load(Ordering::SeqCst) + 200;
        while routed.answered.load(Ordering::SeqCst) < enough {
            assert!(clients.try_join_next().is_none(), "a client ended");
            tokio::task::yield_now().await;
        }
        let (address, next) = release(number, seen.clone()).await;
        routed.intended.store(number, Ordering::SeqCst);
        proxy
            .route(listen, vec![backend(number, "web-1", address)])
            .await;
        routed.acknowledged.store(number, Ordering::SeqCst);
        proxy
            .until(number - 1, |it| it.in_flight.total() == 0)
            .await;
        std::mem::replace(&mut present, next).abort();
    }

    routed.is_over.store(true, Ordering::SeqCst);
    let mut posted = 0;
    while let Some(keys) = clients.join_next().await {
        for key in keys.unwrap() {
            assert_eq!(seen.count(&key), 1, "{key}");
            posted += 1;
        }
    }
    assert!(posted > 0);
    assert_eq!(seen.repeated(), [""; 0]);
    proxy.stop().await;
}

#[tokio::test]
async fn a_dead_instance_costs_no_request() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let dead = free_address();
    let alive = echo("alive").await;
    let backends = vec![backend(1, "web-1", dead), backend(1, "web-2", alive)];
    proxy.route(listen, backends).await;
    let mut wire = Wire::connect(listen).await;
    for turn in 0..50 {
        let answer = wire.post("/", &turn.to_string()).await.unwrap();
        assert_eq!(answer.text(), turn.to_string());
    }
    let told = proxy.deployment(1).await;
    assert_eq!(told.counters.failed, 0);
    // It was passed over after the first failure, for as long as the test took or nearly.
    assert!(told.connect_errors < 50, "{told:?}");
    assert_eq!(told.connect_errors, told.retries);
}

#[tokio::test]
async fn nobody_there_is_told_as_such() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    proxy.route(listen, vec![]).await;
    let answer = Wire::connect(listen).await.get("/").await.unwrap();
    assert_eq!(answer.status(), 503);
    assert!(answer.header("retry-after").is_some());

    proxy
        .route(listen, vec![backend(1, "web-1", free_address())])
        .await;
    let mut wire = Wire::connect(listen).await;
    assert_eq!(wire.post("/", "x").await.unwrap().status(), 502);
    assert_eq!(wire.get("/").await.unwrap().status(), 502);
    assert_eq!(proxy.deployment(1).await.counters.failed, 2);

    let mut idle = backend(2, "web-1", echo("idle").await);
    idle.weight = 0;
    proxy.route(listen, vec![idle]).await;
    assert_eq!(wire.get("/").await.unwrap().status(), 503);
}

#[tokio::test]
async fn a_late_answer_is_a_504() {
    let proxy = Proxy::start_with(|options| {
        options.limits.response_head = std::time::Duration::from_millis(50);
    })
    .await;
    let listen = free_address();
    let silent = instance(|mut wire, _| async move {
        wire.read_request().await?;
        wire.more().await
    })
    .await;
    proxy.route(listen, vec![backend(1, "web-1", silent)]).await;
    let mut wire = Wire::connect(listen).await;
    assert_eq!(wire.get("/").await.unwrap().status(), 504);
    assert_eq!(proxy.deployment(1).await.counters.failed, 1);
}
