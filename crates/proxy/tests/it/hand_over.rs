//! A new process takes over: nothing is lost, and whatever goes wrong the old one goes on.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use rustix::process::{Signal, kill_process};
use shipway_pipeline::id::Epoch;
use shipway_pipeline::traffic::InFlight;
use shipway_proxy::Paths;
use shipway_proxy::control::{Client, Error, HandOver, HoldFor};
use tokio::sync::Notify;

use crate::authority::*;
use crate::chain::*;
use crate::kit::*;
use crate::played::*;
use crate::streaming::{cut, open_websocket, streamer};
use crate::support::*;

/// Asks until told to stop; those of its requests that were not answered as they should be.
async fn ask_on(listen: SocketAddr, name: usize, counter: Counter) -> Vec<String> {
    let mut kept: Option<Wire> = None;
    let mut failed = Vec::new();
    for number in 0.. {
        if counter.is_over() {
            break;
        }
        let mut wire = match kept.take() {
            Some(wire) => wire,
            None => Wire::connect(listen).await,
        };
        let key = format!("{name}-{number}");
        let length = key.len();
        // Every third client closes its connections by itself.
        let end = if name.is_multiple_of(3) {
            "close"
        } else {
            "keep-alive"
        };
        let request = format!(
            "POST /{key} HTTP/1.1\r\nHost: shop\r\nConnection: {end}\r\nContent-Length: {length}\r\n\r\n{key}"
        );
        let answer = wire.ask(request).await;
        counter.count();
        match answer {
            Some(answer) if answer.text() == key => {
                if answer.header("connection") != Some("close") {
                    kept = Some(wire);
                }
            }
            other => failed.push(format!("{key}: {other:?}")),
        }
    }
    failed
}

#[tokio::test]
async fn processes_take_over_under_load_and_nothing_is_lost() {
    let mut chain = Chain::start().await;
    let listen = free_address();
    let seen = Seen::default();
    let backends = vec![backend(1, "web-1", noting(&seen).await)];
    let mut present = route(listen, 1, backends.clone());
    chain.client.put_route(&present).await.unwrap();

    let mut clients = Clients::start(24, |name, counter| ask_on(listen, name, counter));
    for turn in 0..6 {
        clients.go_on(200).await;
        let before = chain.pid().await;
        // More workers, fewer, and as many as before.
        let workers = [3, 1, 2][turn % 3];
        let text = format!(
            "export {WORKERS}={workers}; exec {} \"$@\"",
            this().display()
        );
        let program = chain.script("program", &text);
        let handed = chain.try_hand_over(&program).await.unwrap();
        assert_eq!(handed.finishing, before);
        let health = chain.client.health().await.unwrap();
        assert_eq!((health.pid, health.workers), (handed.pid, workers));
        assert_eq!(health.listening, [listen]);
        // A switch right behind it, whoever of them has requests.
        present = route(listen, present.generation.0 + 1, backends.clone());
        chain.client.put_route(&present).await.unwrap();
    }
    let asked = clients.end_well().await;
    assert_eq!(seen.repeated(), [""; 0]);

    check_end(&chain, asked).await;
}

/// The old processes have ended, and all of them together have counted every request.
async fn check_end(chain: &Chain, asked: u64) {
    chain.alone().await;
    let counters = chain.deployment(1).await.counters;
    assert_eq!(counters.requests(), asked);
    assert_eq!(chain.deployment(1).await.in_flight, InFlight::default());
    let metrics = chain.client.metrics().await.unwrap();
    let told = format!("class=\"2xx\"}} {asked}");
    assert!(metrics.contains(&told), "{metrics}");
    for old in &chain.pids[1..chain.pids.len() - 1] {
        // Whoever has ended has no command line, waited for or not.
        let command = || std::fs::read(format!("/proc/{old}/cmdline")).unwrap_or_default();
        until(async || command().is_empty()).await;
    }
}

#[tokio::test]
async fn what_an_old_process_has_in_hand_is_waited_for_and_follows_the_table() {
    let mut chain = Chain::start().await;
    let listen = free_address();
    let notice = Arc::new(Notify::new());
    let old = streamer(Arc::clone(&notice)).await;
    let first = route(listen, 1, vec![backend(1, "web-1", old)]);
    chain.client.put_route(&first).await.unwrap();
    let mut events = Wire::connect(listen).await;
    events
        .send("GET /events HTTP/1.1\r\nHost: shop\r\n\r\n")
        .await
        .unwrap();
    events.read_head().await.unwrap();
    let mut websocket = open_websocket(listen).await;
    let mut kept = Wire::connect(listen).await;
    kept.get("/").await.unwrap();
    let mut idle = Wire::connect(listen).await;
    idle.get("/").await.unwrap();

    // Twice, so that the first has two successors.
    let first_pid = chain.pid().await;
    chain.hand_over().await;
    let mut second = Wire::connect(listen).await;
    second.get("/").await.unwrap();
    let second_pid = chain.pid().await;
    chain.hand_over().await;
    let mut finishing = chain.finishing().await;
    finishing.sort_unstable();
    let mut old_ones = [first_pid, second_pid];
    old_ones.sort_unstable();
    assert_eq!(finishing, old_ones);
    let left = InFlight {
        short: 0,
        streaming: 1,
        upgraded: 1,
    };
    assert_eq!(chain.deployment(1).await.in_flight, left);

    // What an old process gets goes where the table says now, and its client is told to go.
    let next = route(listen, 2, vec![backend(2, "web-1", echo("v2").await)]);
    chain.client.put_route(&next).await.unwrap();
    for wire in [&mut kept, &mut second] {
        let answer = wire.get("/").await.unwrap();
        assert_eq!(answer.header("x-release"), Some("v2"));
        assert_eq!(answer.header("connection"), Some("close"));
        assert!(wire.is_closed().await);
    }
    // Requests that were sent behind one another are all answered.
    idle.send("GET /1 HTTP/1.1\r\nHost: shop\r\n\r\n".repeat(3))
        .await
        .unwrap();
    for is_last in [false, false, true] {
        let answer = idle.read_response().await.unwrap();
        assert_eq!(answer.header("connection") == Some("close"), is_last);
    }
    notice.notify_one();
    assert_eq!(events.read_chunk().await.unwrap().unwrap(), b"event");
    websocket.send("more").await.unwrap();
    assert_eq!(websocket.take(4).await.unwrap(), b"more");

    // The old release has in hand what it had, and what is cut is cut wherever it is.
    let told = chain.deployment(1).await;
    assert!(!told.routed);
    assert_eq!(told.in_flight, left);
    assert_eq!(chain.client.cut(&cut(1)).await.unwrap(), left);
    assert!(events.is_closed().await);
    assert!(websocket.is_closed().await);
    chain.alone().await;
}

#[tokio::test]
async fn a_hold_goes_on_and_its_requests_go_where_the_table_says() {
    let mut chain = Chain::start().await;
    let listen = free_address();
    let first = route(listen, 1, vec![backend(1, "web-1", echo("v1").await)]);
    chain.client.put_route(&first).await.unwrap();
    let hold = HoldFor {
        key: key(),
        epoch: Epoch(1),
        milliseconds: 30_000,
    };
    chain.client.hold(&hold).await.unwrap();
    let mut waits = Wire::connect(listen).await;
    waits
        .send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n")
        .await
        .unwrap();
    let waiting = async |chain: &Chain, wanted: u64| {
        let look = async {
            loop {
                let status = chain.client.status().await.unwrap();
                if status.routes[0].held.waiting == wanted {
                    return status.routes[0].held.milliseconds;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, look).await.unwrap()
    };
    waiting(&chain, 1).await;
    chain.hand_over().await;
    let mut also_waits = Wire::connect(listen).await;
    also_waits
        .send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n")
        .await
        .unwrap();
    assert!(waiting(&chain, 2).await > 0);

    let next = route(listen, 2, vec![backend(2, "web-1", echo("v2").await)]);
    chain.client.put_route(&next).await.unwrap();
    chain.client.resume(&target(1)).await.unwrap();
    for mut wire in [waits, also_waits] {
        let answer = wire.read_response().await.unwrap();
        assert_eq!(answer.header("x-release"), Some("v2"));
    }
}

#[tokio::test]
async fn whoever_cannot_take_over_changes_nothing() {
    let mut chain = Chain::start_with(|command| {
        command.env(PATIENT, "4");
    })
    .await;
    let listen = free_address();
    let first = route(listen, 1, vec![backend(1, "web-1", echo("v1").await)]);
    chain.client.put_route(&first).await.unwrap();
    let mut kept = Wire::connect(listen).await;
    kept.get("/").await.unwrap();
    let before = chain.pid().await;

    let elsewhere = tempfile::tempdir().unwrap();
    std::fs::write(Paths::new(elsewhere.path()).lock(), "").unwrap();
    let other = format!(
        "export {DIR}={}; exec {} \"$@\"",
        elsewhere.path().display(),
        this().display()
    );
    let broken = format!(
        "echo nonsense > {0}/routes.json; rm -f {0}/routes.json.previous; exec {1} \"$@\"",
        chain.paths.dir().display(),
        this().display()
    );
    let routes = std::fs::read(chain.paths.routes()).unwrap();
    for (program, reason) in [
        (PathBuf::from("/nowhere/at/all"), "could not be started"),
        (
            PathBuf::from("/bin/false"),
            "ended before it served: exit status: 1",
        ),
        (chain.script("silent", "exec sleep 60"), "said nothing"),
        (chain.script("other", &other), "is for another directory"),
        (chain.script("broken", &broken), "can be read"),
    ] {
        let told = chain.try_hand_over(&program).await.unwrap_err();
        assert!(told.contains(reason), "{told}");
        assert_eq!(chain.pid().await, before);
        assert_eq!(chain.finishing().await, [0; 0]);
        let answer = kept.get("/").await.unwrap();
        assert_eq!(answer.header("connection"), None);
        let answer = Wire::connect(listen).await.get("/").await.unwrap();
        assert_eq!(answer.header("x-release"), Some("v1"));
        std::fs::write(chain.paths.routes(), &routes).unwrap();
    }
    // Two at once: one has its turn.
    let wish = HandOver {
        program: chain.script("silent", "exec sleep 60"),
        arguments: None,
    };
    let (one, other) = tokio::join!(chain.client.hand_over(&wish), chain.client.hand_over(&wish));
    let told = [one, other].map(|it| match it.unwrap_err() {
        Error::Refused(refusal) => refusal.to_string(),
        error => panic!("{error}"),
    });
    assert!(told.iter().any(|it| it.contains("just now")), "{told:?}");

    chain.hand_over().await;
    assert_ne!(chain.pid().await, before);
    drop(kept);
    chain.alone().await;
}

#[tokio::test]
async fn either_may_be_killed() {
    let mut chain = Chain::start().await;
    let listen = free_address();
    let notice = Arc::new(Notify::new());
    let old = streamer(Arc::clone(&notice)).await;
    let first = route(listen, 1, vec![backend(1, "web-1", old)]);
    chain.client.put_route(&first).await.unwrap();
    let mut websocket = open_websocket(listen).await;
    let mut kept = Wire::connect(listen).await;
    kept.get("/").await.unwrap();
    let elder = chain.pid().await;
    let handed = chain.hand_over().await;

    // The new one: what the old one has in hand goes on, and the directory is free.
    kill(handed.pid);
    websocket.send("on").await.unwrap();
    assert_eq!(websocket.take(2).await.unwrap(), b"on");
    let mut third = spawn(chain.dir.path(), |_| {});
    let (_, health) = Client::wait_ready(chain.paths.control(), PATIENCE)
        .await
        .unwrap();
    chain.pids.push(health.pid);
    assert_eq!(chain.finishing().await, [elder]);
    let left = InFlight {
        short: 0,
        streaming: 0,
        upgraded: 1,
    };
    assert_eq!(chain.deployment(1).await.in_flight, left);
    let next = route(listen, 2, vec![backend(2, "web-1", echo("v2").await)]);
    chain.client.put_route(&next).await.unwrap();
    let answer = kept.get("/").await.unwrap();
    assert_eq!(answer.header("x-release"), Some("v2"));

    // The old one: what it had in hand is lost, and is not waited for any more.
    kill(elder);
    assert!(websocket.is_closed().await);
    chain.alone().await;
    assert_eq!(chain.deployment(1).await.in_flight, InFlight::default());
    assert_eq!(chain.deployment(1).await.upgrades, 1, "the counts stay");
    let answer = Wire::connect(listen).await.get("/").await.unwrap();
    assert_eq!(answer.header("x-release"), Some("v2"));
    kill(health.pid);
    third.wait().unwrap();
}

#[tokio::test]
async fn one_that_hangs_holds_no_switch_up() {
    let mut chain = Chain::start().await;
    let listen = free_address();
    let old = streamer(Arc::new(Notify::new())).await;
    let first = route(listen, 1, vec![backend(1, "web-1", old)]);
    chain.client.put_route(&first).await.unwrap();
    let mut websocket = open_websocket(listen).await;
    let elder = chain.pid().await;
    chain.hand_over().await;
    kill_process(pid(elder), Signal::STOP).unwrap();
    let next = route(listen, 2, vec![backend(2, "web-1", echo("v2").await)]);
    if chain.client.put_route(&next).await.is_err() {
        // The old one took the call just before it hung, and the call died with it.
        chain.client.put_route(&next).await.unwrap();
    }
    assert!(websocket.is_closed().await);
    assert_eq!(chain.finishing().await, [0; 0]);
}

#[tokio::test]
async fn https_goes_on_with_the_certificate_that_is_served() {
    let mut chain = Chain::start().await;
    let authority = Authority::new();
    let (plain, listen) = (free_address(), free_address());
    let files = authority.issue("shop", &["shop.org"], 90);
    let backends = vec![backend(1, "web-1", echo("v1").await)];
    let first = secured(plain, files.tls(listen), &["shop.org"], backends);
    chain.client.put_route(&first).await.unwrap();
    let mut kept = authority.connect(listen, "shop.org").await;
    kept.get_of("shop.org").await.unwrap();
    let before = chain.pid().await;

    // The file was broken meanwhile: the old process has a good one in its memory.
    let good = std::fs::read_to_string(&files.certificate).unwrap();
    replace(&files.certificate, "nonsense");
    let told = chain.try_hand_over(&this()).await.unwrap_err();
    assert!(told.contains("shop/production would be lost"), "{told}");
    assert_eq!(chain.pid().await, before);
    let mut wire = authority.connect(listen, "shop.org").await;
    wire.get_of("shop.org").await.unwrap();

    replace(&files.certificate, &good);
    chain.hand_over().await;
    let mut wire = authority.connect(listen, "shop.org").await;
    let answer = wire.get_of("shop.org").await.unwrap();
    assert_eq!(answer.header("x-release"), Some("v1"));
    assert_eq!(answer.header("connection"), None);
    let answer = kept.get_of("shop.org").await.unwrap();
    assert_eq!(answer.header("connection"), Some("close"));
}
