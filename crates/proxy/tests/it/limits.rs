//! What a route bears.

use std::net::SocketAddr;
use std::sync::Arc;

use shipway_pipeline::route::{Backend, Limits, Route};

use crate::played::*;
use crate::streaming::{open_websocket, streamer};
use crate::support::*;

fn limited(listen: SocketAddr, limits: Limits, backend: Backend) -> Route {
    let mut route = route(listen, 1, vec![backend]);
    route.rules.limits = limits;
    route
}

/// A proxy whose one route has these limits.
async fn bearing(limits: Limits, instance: SocketAddr) -> (Proxy, SocketAddr) {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let route = limited(listen, limits, backend(1, "web-1", instance));
    proxy.client.put_route(&route).await.unwrap();
    (proxy, listen)
}

/// An instance that begins an answer of ten bytes, and ends it when it is asked for `/end`.
async fn dawdling() -> SocketAddr {
    let (end, ended) = tokio::sync::watch::channel(false);
    instance(move |mut wire, _| {
        let (end, mut ended) = (end.clone(), ended.clone());
        async move {
            loop {
                let request = wire.read_request().await?;
                if request.path() == "/end" {
                    end.send(true).unwrap();
                    wire.answer("a", b"").await?;
                    continue;
                }
                wire.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
                    .await?;
                ended.wait_for(|is_over| *is_over).await.unwrap();
                wire.send("67890").await?;
            }
        }
    })
    .await
}

async fn metric(proxy: &Proxy, limit: &str) -> u64 {
    let metrics = proxy.client.metrics().await.unwrap();
    let wanted = format!(",limit=\"{limit}\"}} ");
    let mut found = metrics.lines().filter_map(|line| line.split_once(&wanted));
    found.next().unwrap().1.parse().unwrap()
}

#[tokio::test]
async fn no_more_are_in_flight_than_may_be_until_a_body_has_ended() {
    let limits = Limits {
        requests: 2.try_into().ok(),
        ..Limits::default()
    };
    let (proxy, listen) = bearing(limits.clone(), dawdling().await).await;
    let mut first = Wire::connect(listen).await;
    first.send("GET /slow HTTP/1.1\r\nHost: shop\r\n\r\n").await;
    assert_eq!(first.read_head().await.unwrap().status(), 200);
    let mut second = Wire::connect(listen).await;
    second
        .send("GET /slow HTTP/1.1\r\nHost: shop\r\n\r\n")
        .await;
    assert_eq!(second.read_head().await.unwrap().status(), 200);

    // Over all workers, and each refusal leaves its connection as it was.
    for _ in 0..8 {
        let mut wire = Wire::connect(listen).await;
        for _ in 0..2 {
            let refused = wire.get("/x").await.unwrap();
            assert_eq!(refused.status(), 503);
            assert_eq!(refused.header("retry-after"), Some("1"));
        }
    }
    assert_eq!(metric(&proxy, "requests").await, 16);

    // A switch does not forget who is there.
    let mut next = limited(listen, limits, backend(2, "web-1", echo("b").await));
    next.generation = next.generation.next();
    proxy.client.put_route(&next).await.unwrap();
    let mut wire = Wire::connect(listen).await;
    assert_eq!(wire.get("/x").await.unwrap().status(), 503);
    drop(first);
    proxy.until(1, |it| it.in_flight.total() == 1).await;
    assert_eq!(wire.get("/x").await.unwrap().header("x-release"), Some("b"));
}

#[tokio::test]
async fn a_client_that_comes_too_often_is_told_when_to_come_again() {
    let limits = Limits {
        rate: Some("2/h".parse().unwrap()),
        ..Limits::default()
    };
    let (proxy, listen) = bearing(limits.clone(), echo("a").await).await;
    let mut admitted = 0;
    for _ in 0..8 {
        // Whichever worker has the connection.
        let mut wire = Wire::connect(listen).await;
        let answer = wire.get("/").await.unwrap();
        match answer.status() {
            200 => admitted += 1,
            429 => {
                let seconds: u64 = answer.header("retry-after").unwrap().parse().unwrap();
                assert!((1..=1800).contains(&seconds), "{seconds}");
            }
            other => panic!("{other}"),
        }
    }
    assert_eq!(admitted, 2);
    assert_eq!(metric(&proxy, "rate").await, 6);

    // A switch gives nobody a new bucket; other limits do.
    let mut next = limited(listen, limits, backend(2, "web-1", echo("b").await));
    next.generation = next.generation.next();
    proxy.client.put_route(&next).await.unwrap();
    let mut wire = Wire::connect(listen).await;
    assert_eq!(wire.get("/").await.unwrap().status(), 429);
    next.generation = next.generation.next();
    next.rules.limits.allow = vec!["127.0.0.0/8".parse().unwrap()];
    proxy.client.put_route(&next).await.unwrap();
    for _ in 0..4 {
        assert_eq!(wire.get("/").await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn a_client_has_as_many_connections_as_it_may_whatever_it_does_on_them() {
    let limits = Limits {
        connections: 2.try_into().ok(),
        ..Limits::default()
    };
    let instance = streamer(Arc::default()).await;
    let (proxy, listen) = bearing(limits.clone(), instance).await;
    let socket = open_websocket(listen).await;
    let mut kept = Wire::connect(listen).await;
    for _ in 0..3 {
        assert_eq!(kept.get("/").await.unwrap().status(), 200);
    }
    for _ in 0..8 {
        // Whichever worker has it.
        let mut third = Wire::connect(listen).await;
        let refused = third.get("/").await.unwrap();
        assert_eq!(refused.status(), 429);
        assert_eq!(refused.header("retry-after"), Some("1"));
        assert_eq!(refused.header("connection"), Some("close"));
        assert!(third.is_closed().await);
    }
    assert_eq!(metric(&proxy, "connections").await, 8);

    // A switch does not forget them.
    let mut next = limited(listen, limits, backend(2, "web-1", echo("b").await));
    next.generation = next.generation.next();
    proxy.client.put_route(&next).await.unwrap();
    let refused = Wire::connect(listen).await.get("/").await.unwrap();
    assert_eq!(refused.status(), 429);

    // An upgraded connection counts until it ends.
    drop(socket);
    let admitted =
        async { while Wire::connect(listen).await.get("/").await.unwrap().status() == 429 {} };
    tokio::time::timeout(PATIENCE, admitted).await.unwrap();
    assert_eq!(kept.get("/").await.unwrap().header("x-release"), Some("b"));
}

#[tokio::test]
async fn connections_of_trusted_peers_are_not_counted() {
    let proxy = Proxy::start_with(|options| {
        options.trusted = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let listen = free_address();
    let limits = Limits {
        connections: 1.try_into().ok(),
        ..Limits::default()
    };
    let route = limited(listen, limits, backend(1, "web-1", echo("a").await));
    proxy.client.put_route(&route).await.unwrap();
    let mut wires = Vec::new();
    for _ in 0..4 {
        let mut wire = Wire::connect(listen).await;
        assert_eq!(wire.get("/").await.unwrap().status(), 200);
        wires.push(wire);
    }
}

#[tokio::test]
async fn behind_a_trusted_peer_the_client_is_who_it_says() {
    let proxy = Proxy::start_with(|options| {
        options.trusted = vec!["127.0.0.0/8".parse().unwrap()];
    })
    .await;
    let listen = free_address();
    let limits = Limits {
        rate: Some("1/h".parse().unwrap()),
        ..Limits::default()
    };
    let route = limited(listen, limits, backend(1, "web-1", echo("a").await));
    proxy.client.put_route(&route).await.unwrap();
    let mut wire = Wire::connect(listen).await;
    for (client, status) in [
        ("192.0.2.1", 200),
        ("192.0.2.1", 429),
        ("192.0.2.2", 200),
        ("1.1.1.1, 192.0.2.2", 429),
    ] {
        let request = format!("GET / HTTP/1.1\r\nHost: shop\r\nX-Forwarded-For: {client}\r\n\r\n");
        assert_eq!(
            wire.ask(request).await.unwrap().status(),
            status,
            "{client}"
        );
    }
}

fn of_ten() -> Limits {
    Limits {
        body: Some(10),
        ..Limits::default()
    }
}

#[tokio::test]
async fn a_body_that_says_it_is_too_long_is_never_sent_on() {
    let seen = Seen::default();
    let noting = seen.clone();
    let instance = instance(move |mut wire, _| {
        let seen = noting.clone();
        async move {
            loop {
                let request = wire.read_request().await?;
                seen.note(request.path());
                wire.answer("a", &request.body).await?;
            }
        }
    });
    let (proxy, listen) = bearing(of_ten(), instance.await).await;
    let mut wire = Wire::connect(listen).await;
    assert_eq!(
        wire.post("/fits", "0123456789").await.unwrap().status(),
        200
    );
    // Refused before a byte of it has come.
    let refused = wire
        .ask("POST /long HTTP/1.1\r\nHost: shop\r\nContent-Length: 11\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(refused.status(), 413);
    assert_eq!(refused.header("connection"), Some("close"));
    assert_eq!((seen.count("/fits"), seen.count("/long")), (1, 0));
    assert_eq!(metric(&proxy, "body").await, 1);
}

#[tokio::test]
async fn a_body_without_a_length_is_cut_when_it_gets_too_long() {
    let (proxy, listen) = bearing(of_ten(), echo("a").await).await;
    let chunked = "POST / HTTP/1.1\r\nHost: shop\r\nTransfer-Encoding: chunked\r\n\r\n";
    let mut wire = Wire::connect(listen).await;
    let fits = format!("{chunked}5\r\n01234\r\n5\r\n56789\r\n0\r\n\r\n");
    assert_eq!(wire.ask(fits).await.unwrap().text(), "0123456789");
    for before in [false, true] {
        let mut wire = Wire::connect(listen).await;
        if before {
            // On a connection to the instance that was used before, too.
            assert_eq!(wire.post("/", "x").await.unwrap().status(), 200);
        }
        wire.send(format!("{chunked}5\r\n01234\r\n")).await.unwrap();
        let refused = wire.ask("6\r\n567890\r\n").await.unwrap();
        assert_eq!(refused.status(), 413);
        assert!(wire.is_closed().await);
    }
    // That is nothing that the instance did.
    let counted = proxy.deployment(1).await;
    assert_eq!((counted.counters.failed, counted.retries), (0, 0));
    assert_eq!(counted.counters.by_class, [0, 2, 0, 0, 0]);
    assert_eq!(metric(&proxy, "body").await, 2);
}

#[tokio::test]
async fn limits_survive_a_restart() {
    let limits = Limits {
        rate: Some("1/h".parse().unwrap()),
        ..of_ten()
    };
    let (proxy, listen) = bearing(limits.clone(), echo("a").await).await;
    let proxy = Proxy::start_in(proxy.stop().await, |_| {}).await;
    assert_eq!(proxy.client.routes().await.unwrap()[0].rules.limits, limits);
    let mut wire = Wire::connect(listen).await;
    assert_eq!(wire.get("/").await.unwrap().status(), 200);
    assert_eq!(wire.get("/").await.unwrap().status(), 429);
}
