//! More requests of one connection than the proxy may have files open.

use std::net::SocketAddr;
use std::sync::Arc;

use h2::RecvStream;
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use super::client::*;
use crate::chain::*;
use crate::kit::*;
use crate::played::instance;
use crate::streaming::streamer;
use crate::support::*;

/// Leaves a proxy with two workers room for 28 clients, and so many connections to instances.
const FILES: u32 = 160;
const ROOM: usize = 36;

async fn routed_by(chain: &Chain, instance: SocketAddr) -> SocketAddr {
    let listen = free_address();
    let route = route(listen, 1, vec![backend(1, "web-1", instance)]);
    chain.client.put_route(&route).await.unwrap();
    listen
}

/// Asks for so many event streams at once; the status of each, and those that go on.
async fn events(client: &Http2, count: usize) -> (Vec<u16>, Vec<RecvStream>) {
    let mut asked = JoinSet::new();
    for _ in 0..count {
        let client = client.clone();
        asked.spawn(async move {
            let (answer, _) = client.begin(get("/events"), true).await.unwrap();
            answer.await.unwrap()
        });
    }
    let answers = asked.join_all().await.into_iter();
    answers
        .map(|answer| (answer.status().as_u16(), answer.into_body()))
        .unzip()
}

#[tokio::test]
async fn those_beyond_are_told_to_come_again_and_the_proxy_keeps_its_own() {
    let chain = Chain::start_with_files(FILES, |_| {}).await;
    let listen = routed_by(&chain, streamer(Arc::default()).await).await;
    let client = Http2::connect(listen).await;
    let (statuses, streams) = events(&client, 60).await;
    let count = |wanted| statuses.iter().filter(|&&status| status == wanted).count();
    assert_eq!((count(200), count(503)), (ROOM, 60 - ROOM));
    let deployment = chain.deployment(1).await;
    assert_eq!(deployment.counters.failed, 0);
    assert_eq!(deployment.in_flight.streaming, ROOM as u64);

    drop((streams, client));
    until(async || chain.deployment(1).await.in_flight.total() == 0).await;
    let answer = Wire::connect(listen).await.get("/").await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn connections_that_are_idle_with_another_worker_make_room() {
    const IDLE: usize = 28;
    let chain = Chain::start_with_files(FILES, |command| {
        command.env(CONNECT, "60");
    })
    .await;
    let all = Arc::new(Barrier::new(IDLE));
    let instance = instance(move |mut wire, _| {
        let all = Arc::clone(&all);
        async move {
            loop {
                if wire.read_request().await?.path() == "/" {
                    all.wait().await;
                    wire.answer("v1", b"").await?;
                    continue;
                }
                wire.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
                    .await?;
                wire.more().await?;
            }
        }
    });
    let listen = routed_by(&chain, instance.await).await;
    let mut asked = JoinSet::new();
    for _ in 0..IDLE {
        // Whichever worker has it; each needs a connection to the instance of its own.
        asked.spawn(async move {
            let answer = Wire::connect(listen).await.get("/").await;
            answer.unwrap().status()
        });
    }
    assert_eq!(asked.join_all().await, [200; IDLE]);
    let client = Http2::connect(listen).await;
    let (statuses, _streams) = events(&client, ROOM).await;
    assert_eq!(statuses, [200; ROOM]);
}
