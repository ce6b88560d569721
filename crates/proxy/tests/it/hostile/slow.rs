//! Clients that take their time, many at once.

use std::time::Duration;

use tokio::task::JoinSet;

use crate::kit::*;
use crate::played::*;
use crate::support::*;

/// What this process has in memory, in bytes.
fn memory() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    let pages: usize = text.split(' ').nth(1).unwrap().parse().unwrap();
    pages * 4096
}

#[tokio::test]
async fn a_head_that_trickles_is_ended_in_time() {
    let proxy = Proxy::start_with(|options| {
        options.limits.header_read = Duration::from_millis(300);
    })
    .await;
    let listen = free_address();
    proxy
        .route(listen, vec![backend(1, "web-1", echo("v1").await)])
        .await;
    let mut slow = JoinSet::new();
    for number in 0..100 {
        slow.spawn(async move {
            let mut wire = Wire::connect(listen).await;
            wire.send("GET / HTTP/1.1\r\nHost: shop\r\n").await;
            // Each byte is in time; all of them together are not.
            let mut beat = tokio::time::interval(Duration::from_millis(10 + number % 7));
            loop {
                tokio::select! {
                    _ = beat.tick() => {
                        wire.stream.try_write(b"X").ok();
                    }
                    ended = wire.is_closed() => return ended,
                }
            }
        });
    }
    let mut other = Wire::connect(listen).await;
    while let Some(ended) = tokio::time::timeout(PATIENCE, slow.join_next())
        .await
        .unwrap()
    {
        assert!(ended.unwrap());
        assert_eq!(other.get("/").await.unwrap().status(), 200);
    }
    assert_eq!(proxy.deployment(1).await.counters.failed, 0);
}

#[tokio::test]
async fn an_answer_that_is_not_read_is_ended_and_its_instance_freed() {
    let proxy = Proxy::start_with(|options| {
        options.limits.body_idle = Duration::from_millis(100);
    })
    .await;
    let listen = free_address();
    let address = instance(|mut wire, _| async move {
        loop {
            let request = wire.read_request().await?;
            let size = if request.path() == "/large" {
                32 << 20
            } else {
                0
            };
            wire.answer("v1", &vec![b'x'; size]).await?;
        }
    })
    .await;
    proxy
        .route(listen, vec![backend(1, "web-1", address)])
        .await;
    let mut slow = vec![];
    for _ in 0..5 {
        let mut wire = Wire::connect(listen).await;
        wire.send("GET /large HTTP/1.1\r\nHost: shop\r\n\r\n")
            .await
            .unwrap();
        slow.push(wire);
    }
    let mut other = Wire::connect(listen).await;
    assert_eq!(other.get("/").await.unwrap().status(), 200);
    proxy.until(1, |it| it.in_flight.total() == 0).await;
    assert_eq!(other.get("/").await.unwrap().status(), 200);
}

#[tokio::test]
async fn heads_without_end_take_little_memory() {
    let (_proxy, listen) = proxy_of(echo("v1").await).await;
    let mut other = Wire::connect(listen).await;
    other.get("/").await.unwrap();
    let before = memory();
    let mut wires = vec![];
    let head = format!("GET / HTTP/1.1\r\nHost: shop\r\nX: {}", "x".repeat(60_000));
    for _ in 0..200 {
        let mut wire = Wire::connect(listen).await;
        wire.send(&head).await.unwrap();
        wires.push(wire);
    }
    // The next of each is looked at, and refused once it is too large.
    for wire in &mut wires[..100] {
        wire.send("x".repeat(1 << 16)).await;
        assert_eq!(wire.read_response().await.unwrap().status(), 431);
    }
    assert_eq!(other.get("/").await.unwrap().status(), 200);
    // For each of 200: the head twice, and as much again as buffers are larger than needed.
    let grown = memory().saturating_sub(before);
    assert!(grown < 200 * 4 * 64 * 1024, "{grown}");
}
