//! The control API.

use std::time::Duration;

use shipway_pipeline::id::{Epoch, Generation};
use shipway_pipeline::route::Refused;
use shipway_proxy::control::{Client, Error, HoldFor, Refusal};

use crate::played::*;
use crate::support::*;

fn refusal(error: Error) -> Refusal {
    match error {
        Error::Refused(refusal) => refusal,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_route_is_put_told_and_deleted() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let route = route(listen, 1, vec![backend(1, "web-1", echo("v1").await)]);
    let put = proxy.client.put_route(&route).await.unwrap();
    assert!(put.changed);
    assert_eq!(put.generation, Generation(1));
    assert_eq!(proxy.client.routes().await.unwrap(), [route]);
    assert_eq!(proxy.client.health().await.unwrap().listening, [listen]);

    let answer = Wire::connect(listen).await.get("/").await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.header("x-release"), Some("v1"));

    assert!(proxy.client.delete_route(&target(1)).await.unwrap().changed);
    assert!(!proxy.client.delete_route(&target(1)).await.unwrap().changed);
    assert!(std::net::TcpStream::connect(listen).is_err());
    proxy.stop().await;
}

#[tokio::test]
async fn a_deposed_holder_and_an_old_generation_are_refused() {
    let proxy = Proxy::start().await;
    let mut route = route(free_address(), 5, vec![]);
    route.epoch = Epoch(3);
    proxy.client.put_route(&route).await.unwrap();

    let mut deposed = route.clone();
    deposed.epoch = Epoch(2);
    deposed.generation = Generation(9);
    let refused = refusal(proxy.client.put_route(&deposed).await.unwrap_err()).refused();
    assert_eq!(
        refused,
        Some(Refused::Epoch {
            offered: Epoch(2),
            current: Epoch(3)
        })
    );
    let error = proxy.client.delete_route(&target(2)).await.unwrap_err();
    assert!(matches!(refusal(error), Refusal::Epoch { .. }));

    let mut old = route.clone();
    old.generation = Generation(4);
    let error = proxy.client.put_route(&old).await.unwrap_err();
    assert!(matches!(refusal(error), Refusal::Generation { .. }));

    assert!(!proxy.client.put_route(&route).await.unwrap().changed);
    assert_eq!(proxy.client.routes().await.unwrap(), [route]);
}

#[tokio::test]
async fn a_repeated_route_raises_the_epoch() {
    let proxy = Proxy::start().await;
    let mut route = route(free_address(), 5, vec![]);
    proxy.client.put_route(&route).await.unwrap();
    route.epoch = Epoch(4);
    assert!(!proxy.client.put_route(&route).await.unwrap().changed);
    route.epoch = Epoch(3);
    route.generation = Generation(6);
    let error = proxy.client.put_route(&route).await.unwrap_err();
    assert!(matches!(refusal(error), Refusal::Epoch { .. }));
}

#[tokio::test]
async fn a_removed_route_does_not_come_back_by_an_old_call() {
    let proxy = Proxy::start().await;
    let mut route = route(free_address(), 5, vec![]);
    proxy.client.put_route(&route).await.unwrap();
    proxy.client.delete_route(&target(2)).await.unwrap();
    let error = proxy.client.put_route(&route).await.unwrap_err();
    assert!(matches!(refusal(error), Refusal::Epoch { .. }));
    route.epoch = Epoch(2);
    let error = proxy.client.put_route(&route).await.unwrap_err();
    assert!(matches!(refusal(error), Refusal::Generation { .. }));
    route.generation = Generation(6);
    assert!(proxy.client.put_route(&route).await.unwrap().changed);
}

#[tokio::test]
async fn a_port_of_somebody_else_is_refused_and_nothing_changes() {
    let proxy = Proxy::start().await;
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap();
    let error = proxy.client.put_route(&route(listen, 1, vec![])).await;
    match refusal(error.unwrap_err()) {
        Refusal::Listen { address, reason } => {
            assert_eq!(address, listen);
            assert!(reason.contains("in use"), "{reason}");
        }
        other => panic!("{other:?}"),
    }
    assert!(proxy.client.routes().await.unwrap().is_empty());
}

#[tokio::test]
async fn two_routes_cannot_answer_for_the_same_host() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let mut first = route(listen, 1, vec![backend(1, "web-1", echo("first").await)]);
    first.hosts = vec!["a.example.org".into()];
    let mut second = route(listen, 1, vec![backend(1, "web-1", echo("second").await)]);
    second.key.environment = "staging".parse().unwrap();
    second.hosts = vec!["*.example.org".into(), "a.example.org".into()];
    proxy.client.put_route(&first).await.unwrap();
    let error = proxy.client.put_route(&second).await.unwrap_err();
    assert!(matches!(refusal(error), Refusal::Host { .. }));

    second.hosts.pop();
    proxy.client.put_route(&second).await.unwrap();
    let mut wire = Wire::connect(listen).await;
    for (host, release) in [
        ("a.example.org", Some("first")),
        ("b.example.org:80", Some("second")),
        ("other.org", None),
    ] {
        let answer = wire
            .ask(format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n"))
            .await
            .unwrap();
        assert_eq!(answer.header("x-release"), release);
        assert_eq!(answer.status(), if release.is_some() { 200 } else { 421 });
    }
}

#[tokio::test]
async fn what_cannot_be_understood_is_refused() {
    let proxy = Proxy::start().await;
    let mut route = route(free_address(), 1, vec![]);
    route.hosts = vec!["Shop.Example.org".into()];
    let error = proxy.client.put_route(&route).await.unwrap_err();
    assert!(matches!(refusal(error), Refusal::Invalid { .. }));
    let error = proxy.client.resume(&target(1)).await.unwrap_err();
    assert!(matches!(refusal(error), Refusal::Unknown { .. }));
}

#[tokio::test]
async fn a_client_tells_a_proxy_that_does_not_run() {
    let dir = tempfile::tempdir().unwrap();
    let client = Client::new(dir.path().join("control.sock"));
    assert!(matches!(
        client.health().await,
        Err(Error::NotRunning { .. })
    ));
    let waited = Client::wait_ready(dir.path().join("control.sock"), Duration::ZERO).await;
    assert!(matches!(waited, Err(Error::NotRunning { .. })));
}

#[tokio::test]
async fn held_requests_go_to_the_backends_of_the_time_of_release() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let (v1, v2) = (echo("v1").await, echo("v2").await);
    proxy.route(listen, vec![backend(1, "web-1", v1)]).await;
    let hold = HoldFor {
        key: key(),
        epoch: Epoch(1),
        milliseconds: 20_000,
    };
    assert!(proxy.client.hold(&hold).await.unwrap().milliseconds > 10_000);

    let waiting: Vec<_> = (0..10)
        .map(|_| tokio::spawn(async move { Wire::connect(listen).await.get("/").await.unwrap() }))
        .collect();
    while proxy.client.status().await.unwrap().routes[0].held.waiting < 10 {
        tokio::task::yield_now().await;
    }
    assert!(
        proxy
            .client
            .metrics()
            .await
            .unwrap()
            .contains("shipway_proxy_held{project=\"shop\",environment=\"production\"} 10")
    );
    proxy.route(listen, vec![backend(2, "web-1", v2)]).await;
    assert_eq!(
        proxy.client.resume(&target(1)).await.unwrap().milliseconds,
        0
    );
    for answer in waiting {
        assert_eq!(answer.await.unwrap().header("x-release"), Some("v2"));
    }
}

#[tokio::test]
async fn a_hold_has_limits() {
    let proxy = Proxy::start_with(|options| options.limits.held_requests = 0).await;
    let listen = free_address();
    proxy
        .route(listen, vec![backend(1, "web-1", echo("v1").await)])
        .await;
    let mut hold = HoldFor {
        key: key(),
        epoch: Epoch(1),
        milliseconds: 20_000,
    };
    proxy.client.hold(&hold).await.unwrap();
    let answer = Wire::connect(listen).await.get("/").await.unwrap();
    assert_eq!(answer.status(), 503);
    assert!(answer.header("retry-after").is_some());

    // A hold whose holder never comes back ends by itself.
    hold.milliseconds = 0;
    proxy.client.hold(&hold).await.unwrap();
    let answer = Wire::connect(listen).await.get("/").await.unwrap();
    assert_eq!(answer.status(), 503, "no place to wait in");
}

#[tokio::test]
async fn counts_are_told_by_deployment() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    proxy
        .route(listen, vec![backend(1, "web-1", echo("v1").await)])
        .await;
    let mut wire = Wire::connect(listen).await;
    for _ in 0..5 {
        wire.get("/").await.unwrap();
    }
    proxy.until(1, |it| it.counters.by_class[1] == 5).await;
    let told = proxy.deployment(1).await;
    assert!(told.routed);
    assert_eq!(told.counters.latency.iter().sum::<u64>(), 5);
    assert_eq!(told.in_flight.total(), 0);
    let metrics = proxy.client.metrics().await.unwrap();
    let labels = "project=\"shop\",environment=\"production\",colour=\"blue\",deployment=\"d1\"";
    for line in [
        format!("shipway_proxy_requests_total{{{labels},class=\"2xx\"}} 5"),
        format!("shipway_proxy_response_head_seconds_bucket{{{labels},le=\"+Inf\"}} 5"),
        "shipway_proxy_generation{project=\"shop\",environment=\"production\"} 1".to_owned(),
    ] {
        assert!(metrics.contains(&line), "{line}\n{metrics}");
    }
}
