//! More clients than the proxy may have files open.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, prlimit};
use shipway_proxy::control::Client;
use tokio::task::JoinSet;

use crate::chain::*;
use crate::kit::*;
use crate::streaming::{open_websocket, streamer};
use crate::support::*;

/// Leaves a proxy with two workers room for [`ROOM`] clients, and as many connections to instances.
const FILES: u32 = 160;
const ROOM: usize = 28;

/// Several times what there is room for.
const FLOOD: usize = 200;

async fn routed_by(chain: &Chain) -> SocketAddr {
    let listen = free_address();
    let instance = streamer(Arc::default()).await;
    let route = route(listen, 1, vec![backend(1, "web-1", instance)]);
    chain.client.put_route(&route).await.unwrap();
    listen
}

async fn metric(client: &Client, name: &str) -> usize {
    let metrics = client.metrics().await.unwrap();
    let mut lines = metrics.lines();
    let line = lines.find_map(|line| line.strip_prefix(name));
    let line = line.unwrap_or_else(|| panic!("{name}: {metrics}"));
    line.rsplit(' ').next().unwrap().parse().unwrap()
}

async fn clients(chain: &Chain) -> usize {
    let name = "shipway_proxy_connections{side=\"clients\"}";
    metric(&chain.client, name).await
}

/// Whether no thread of a process wants a processor.
fn is_asleep(pid: u32) -> bool {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap();
    let mut stats =
        threads.map(|thread| std::fs::read_to_string(thread.unwrap().path().join("stat")));
    // A thread that ends meanwhile wants none.
    stats.all(|text| {
        text.map_or(true, |text| {
            text.rsplit_once(") ").unwrap().1.starts_with('S')
        })
    })
}

/// Waits until a process rests: most looks find it asleep, as it works only now and then. One that
/// spins is never asleep, on however crowded a machine.
async fn rests(pid: u32) {
    const LOOKS: usize = 50;
    until(async || {
        let mut asleep = 0;
        for _ in 0..LOOKS {
            tokio::time::sleep(Duration::from_millis(10)).await;
            asleep += usize::from(is_asleep(pid));
        }
        asleep > LOOKS / 2
    })
    .await;
}

async fn is_whole(socket: &mut Wire) {
    socket.send("more").await.unwrap();
    assert_eq!(socket.take(4).await.unwrap(), b"more");
}

#[tokio::test]
async fn those_beyond_wait_and_are_answered_and_nobody_is_hurt() {
    let chain = Chain::start_with_files(FILES, |command| {
        command.env(CROWDED, "100");
    })
    .await;
    let listen = routed_by(&chain).await;
    let pid = chain.pid().await;
    let most = metric(
        &chain.client,
        "shipway_proxy_connections_most{side=\"clients\"",
    )
    .await;
    assert_eq!(most, ROOM);
    let mut sockets = Vec::new();
    for _ in 0..ROOM {
        sockets.push(open_websocket(listen).await);
    }
    let mut waiting = Vec::new();
    for _ in 0..FLOOD {
        let mut wire = Wire::connect(listen).await;
        wire.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n").await;
        waiting.push(wire);
    }
    assert_eq!(clients(&chain).await, ROOM);
    rests(pid).await;
    for socket in &mut sockets {
        is_whole(socket).await;
    }

    // Half of them make room. Nobody else leaves by itself.
    sockets.truncate(ROOM / 2);
    let mut answers = JoinSet::new();
    for mut wire in waiting {
        answers.spawn(async move {
            let answer = wire.read_response().await;
            (answer.map(|answer| answer.status()), wire)
        });
    }
    for (status, _kept) in answers.join_all().await {
        assert_eq!(status, Some(200));
    }
    for socket in &mut sockets {
        is_whole(socket).await;
    }
    drop(sockets);
    until(async || clients(&chain).await == 0).await;
    // The next sweep finds that nobody has to leave any more.
    until(async || {
        let answer = Wire::connect(listen).await.get("/").await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.header("connection").is_none()
    })
    .await;
    assert_eq!(chain.deployment(1).await.counters.failed, 0);
}

#[tokio::test]
async fn with_none_left_nothing_ends_and_all_goes_on_as_soon_as_there_is_one() {
    let chain = Chain::start_with(|command| {
        command.env(WORKERS, "1");
    })
    .await;
    let listen = routed_by(&chain).await;
    let number = chain.pid().await;
    let mut socket = open_websocket(listen).await;
    let mut first = Wire::connect(listen).await;
    let mut second = Wire::connect(listen).await;
    for wire in [&mut first, &mut second] {
        // One after the other on the same connection to the instance.
        assert_eq!(wire.get("/").await.unwrap().status(), 200);
    }

    // From here on it is not idle.
    first
        .send("GET /events HTTP/1.1\r\nHost: shop\r\n\r\n")
        .await;
    assert_eq!(first.read_head().await.unwrap().status(), 200);

    // What is open stays open.
    let none = Rlimit {
        current: Some(3),
        ..rustix::process::getrlimit(Resource::Nofile)
    };
    let before = prlimit(Some(pid(number)), Resource::Nofile, none).unwrap();
    let mut comes = Wire::connect(listen).await;
    comes.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n").await;
    let paths = chain.paths.clone();
    let call = tokio::spawn(async move { Client::new(paths.control()).health().await });
    is_whole(&mut socket).await;
    let refused = second.get("/").await.unwrap();
    assert_eq!(refused.status(), 503);
    assert_eq!(refused.header("retry-after"), Some("1"));
    assert!(refused.text().contains("too many connections"));
    rests(number).await;

    prlimit(Some(pid(number)), Resource::Nofile, before).unwrap();
    assert_eq!(comes.read_response().await.unwrap().status(), 200);
    assert_eq!(call.await.unwrap().unwrap().pid, number);
    // The instance is not to blame for any of it.
    assert_eq!(second.get("/").await.unwrap().status(), 200);
    is_whole(&mut socket).await;
    assert_eq!(chain.deployment(1).await.counters.failed, 0);
    let name = "shipway_proxy_connect_errors_total{";
    assert_eq!(metric(&chain.client, name).await, 0);
}

#[tokio::test]
async fn those_who_wait_are_taken_by_the_next_process() {
    let mut chain = Chain::start_with_files(FILES, |_| {}).await;
    let listen = routed_by(&chain).await;
    let mut sockets = Vec::new();
    for _ in 0..ROOM {
        sockets.push(open_websocket(listen).await);
    }
    let mut waiting = Vec::new();
    for _ in 0..ROOM / 2 {
        let mut wire = Wire::connect(listen).await;
        wire.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n").await;
        waiting.push(wire);
    }
    chain.hand_over().await;
    for wire in &mut waiting {
        assert_eq!(wire.read_response().await.unwrap().status(), 200);
    }
    for socket in &mut sockets {
        is_whole(socket).await;
    }
}
