//! Clients that stay, and the shares of those that do not.

use std::net::SocketAddr;

use shipway_pipeline::route::{Backend, Route, Sticky};

use crate::played::*;
use crate::support::*;

fn stuck(listen: SocketAddr, generation: u64, backends: Vec<Backend>) -> Route {
    let mut route = route(listen, generation, backends);
    route.rules.sticky = Some(Sticky {
        cookie: "stay".to_owned(),
        max_age: None,
    });
    route
}

/// Asks once; who answered, and the cookie that came with it.
async fn ask(listen: SocketAddr, cookie: Option<&str>) -> (String, Option<String>) {
    let cookie = cookie.map_or_else(String::new, |cookie| format!("Cookie: {cookie}\r\n"));
    let request = format!("GET / HTTP/1.1\r\nHost: shop\r\n{cookie}\r\n");
    // Whichever worker has the connection.
    let answer = Wire::connect(listen).await.ask(request).await.unwrap();
    let release = answer.header("x-release").unwrap().to_owned();
    let given = answer.header("set-cookie");
    let given = given.map(|it| it.split(';').next().unwrap().to_owned());
    (release, given)
}

#[tokio::test]
async fn a_client_stays_with_its_instance_and_then_with_its_release() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let (one, two, three) = (echo("a1").await, echo("a2").await, echo("b").await);
    let both = vec![backend(1, "web-1", one), backend(1, "web-2", two)];
    proxy
        .client
        .put_route(&stuck(listen, 1, both))
        .await
        .unwrap();
    let (first, cookie) = ask(listen, None).await;
    let cookie = cookie.unwrap();
    assert!(cookie.starts_with("stay="), "{cookie}");
    for _ in 0..20 {
        assert_eq!(ask(listen, Some(&cookie)).await, (first.clone(), None));
    }

    // Its instance goes: the other one of its release, though another has nearly all of the rest.
    let (gone, left) = match first.as_str() {
        "a1" => ("a1", backend(1, "web-2", two)),
        _ => ("a2", backend(1, "web-1", one)),
    };
    let mut new = backend(2, "web-1", three);
    new.weight = 1000;
    let next = stuck(listen, 2, vec![left, new.clone()]);
    proxy.client.put_route(&next).await.unwrap();
    let (second, given) = ask(listen, Some(&cookie)).await;
    assert!(second.starts_with('a') && second != gone, "{second}");
    let cookie = given.unwrap();
    for _ in 0..20 {
        assert_eq!(ask(listen, Some(&cookie)).await, (second.clone(), None));
    }

    // Its release goes.
    let last = stuck(listen, 3, vec![new]);
    proxy.client.put_route(&last).await.unwrap();
    let (third, given) = ask(listen, Some(&cookie)).await;
    assert_eq!(third, "b");
    assert_eq!(ask(listen, given.as_deref()).await, ("b".to_owned(), None));

    // A restart knows them still.
    let proxy = Proxy::start_in(proxy.stop().await, |_| {}).await;
    assert_eq!(ask(listen, given.as_deref()).await, ("b".to_owned(), None));
    drop(proxy);
}

#[tokio::test]
async fn an_instance_that_takes_nothing_gives_its_clients_away() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let (blue, green) = (echo("a").await, echo("b").await);
    let mut canary = backend(2, "web-1", green);
    canary.weight = 0;
    let backends = vec![backend(1, "web-1", blue), canary.clone()];
    proxy
        .client
        .put_route(&stuck(listen, 1, backends))
        .await
        .unwrap();
    let (first, cookie) = ask(listen, None).await;
    assert_eq!(first, "a");
    canary.weight = 1;
    let mut old = backend(1, "web-1", blue);
    old.weight = 0;
    let turned = stuck(listen, 2, vec![old, canary]);
    proxy.client.put_route(&turned).await.unwrap();
    let (second, given) = ask(listen, cookie.as_deref()).await;
    assert_eq!(second, "b");
    assert!(given.is_some());
}

#[tokio::test]
async fn an_instance_that_is_dead_gives_its_clients_away() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let (mortal, life) = mortal_instance(|mut wire, _| async move {
        loop {
            wire.read_request().await?;
            wire.answer("a", b"").await?;
        }
    })
    .await;
    let alone = stuck(listen, 1, vec![backend(1, "web-1", mortal)]);
    proxy.client.put_route(&alone).await.unwrap();
    let (_, cookie) = ask(listen, None).await;
    let both = vec![
        backend(1, "web-1", mortal),
        backend(1, "web-2", echo("b").await),
    ];
    proxy
        .client
        .put_route(&stuck(listen, 2, both))
        .await
        .unwrap();
    assert_eq!(ask(listen, cookie.as_deref()).await.0, "a");
    life.abort();
    while tokio::net::TcpStream::connect(mortal).await.is_ok() {
        tokio::task::yield_now().await;
    }
    let (who, given) = ask(listen, cookie.as_deref()).await;
    assert_eq!(who, "b");
    assert_eq!(ask(listen, given.as_deref()).await, ("b".to_owned(), None));
}

#[tokio::test]
async fn without_it_no_cookie_is_set() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    proxy
        .route(listen, vec![backend(1, "web-1", echo("a").await)])
        .await;
    assert_eq!(ask(listen, None).await, ("a".to_owned(), None));
}

#[tokio::test]
async fn colours_get_their_shares() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let mut blue = backend(1, "web-1", echo("a").await);
    let mut green = backend(2, "web-1", echo("b").await);
    (blue.weight, green.weight) = (90, 10);
    proxy.route(listen, vec![blue, green]).await;
    let mut wire = Wire::connect(listen).await;
    for _ in 0..1000 {
        wire.get("/").await.unwrap();
    }
    proxy.until(2, |it| it.in_flight.total() == 0).await;
    let canary = proxy.deployment(2).await.counters.requests();
    // 100, and six times how far chance goes.
    assert!((40..=160).contains(&canary), "{canary}");
}
