//! Routes that are closed for maintenance.

use shipway_pipeline::route::{Maintenance, Page, Route};
use shipway_pipeline::time::Timestamp;
use shipway_proxy::control::{Closure, Error, Maintain, Refusal};

use crate::played::*;
use crate::support::*;

fn closure(allow: &[&str]) -> Closure {
    Closure {
        maintenance: Maintenance {
            since: Timestamp(1),
            by: "ada".to_owned(),
            retry_after: Some(600),
            allow: allow.iter().map(|range| range.parse().unwrap()).collect(),
        },
        page: Some(Page {
            kind: "text/html; charset=utf-8".to_owned(),
            text: "<h1>Back soon</h1>".to_owned(),
        }),
    }
}

async fn maintain(proxy: &Proxy, closure: Option<Closure>) -> bool {
    let maintain = Maintain {
        key: key(),
        closure,
    };
    proxy.client.maintain(&maintain).await.unwrap().changed
}

#[tokio::test]
async fn a_closed_route_answers_with_its_page_until_it_is_opened() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let instance = echo("a").await;
    proxy
        .route(listen, vec![backend(1, "web-1", instance)])
        .await;
    let mut wire = Wire::connect(listen).await;
    assert_eq!(wire.get("/").await.unwrap().status(), 200);

    assert!(maintain(&proxy, Some(closure(&[]))).await);
    assert!(!maintain(&proxy, Some(closure(&[]))).await);
    for answer in [wire.get("/").await, wire.post("/a", "b").await] {
        let answer = answer.unwrap();
        assert_eq!(answer.status(), 503);
        assert_eq!(answer.text(), "<h1>Back soon</h1>");
        assert_eq!(
            answer.header("content-type"),
            Some("text/html; charset=utf-8")
        );
        assert_eq!(answer.header("retry-after"), Some("600"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
    }
    let head = wire.ask("HEAD / HTTP/1.1\r\nHost: shop\r\n\r\n").await;
    assert_eq!(head.unwrap().status(), 503);
    let metrics = proxy.client.metrics().await.unwrap();
    let closed = "shipway_proxy_maintenance{project=\"shop\",environment=\"production\"} 1";
    assert!(metrics.contains(closed), "{metrics}");

    assert!(maintain(&proxy, None).await);
    assert!(!maintain(&proxy, None).await);
    assert_eq!(wire.get("/").await.unwrap().status(), 200);
    // Nothing of it counts as the instance's.
    assert_eq!(proxy.deployment(1).await.counters.by_class, [0, 2, 0, 0, 0]);
}

#[tokio::test]
async fn deployments_go_on_underneath_and_a_restart_changes_nothing() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let first = proxy
        .route(listen, vec![backend(1, "web-1", echo("a").await)])
        .await;
    maintain(&proxy, Some(closure(&[]))).await;
    let next = Route {
        generation: first.generation.next(),
        backends: vec![backend(2, "web-1", echo("b").await)],
        ..first
    };
    proxy.client.put_route(&next).await.unwrap();
    let mut wire = Wire::connect(listen).await;
    assert_eq!(wire.get("/").await.unwrap().status(), 503);
    drop(wire);

    let proxy = Proxy::start_in(proxy.stop().await, |_| {}).await;
    let status = proxy.client.status().await.unwrap();
    let told = status.routes[0].maintenance.as_ref().unwrap();
    assert_eq!((told.by.as_str(), told.retry_after), ("ada", Some(600)));
    let mut wire = Wire::connect(listen).await;
    assert_eq!(wire.get("/").await.unwrap().text(), "<h1>Back soon</h1>");
    maintain(&proxy, None).await;
    assert_eq!(wire.get("/").await.unwrap().header("x-release"), Some("b"));
}

#[tokio::test]
async fn it_stays_open_to_whom_it_names() {
    let trust = |options: &mut shipway_proxy::Options| {
        options.trusted = vec!["127.0.0.0/8".parse().unwrap()];
    };
    let proxy = Proxy::start_with(trust).await;
    let listen = free_address();
    let instance = echo("a").await;
    proxy
        .route(listen, vec![backend(1, "web-1", instance)])
        .await;
    maintain(&proxy, Some(closure(&["192.0.2.0/24"]))).await;
    let mut wire = Wire::connect(listen).await;
    for (client, status) in [("192.0.2.7", 200), ("198.51.100.7", 503)] {
        let request = format!("GET / HTTP/1.1\r\nHost: shop\r\nX-Forwarded-For: {client}\r\n\r\n");
        assert_eq!(
            wire.ask(request).await.unwrap().status(),
            status,
            "{client}"
        );
    }
}

#[tokio::test]
async fn what_is_not_routed_cannot_be_closed_and_what_is_removed_is_forgotten() {
    let proxy = Proxy::start().await;
    let close = Maintain {
        key: key(),
        closure: Some(closure(&[])),
    };
    let refused = proxy.client.maintain(&close).await.unwrap_err();
    assert!(matches!(refused, Error::Refused(Refusal::Unknown { .. })));
    let listen = free_address();
    let instance = echo("a").await;
    let route = proxy
        .route(listen, vec![backend(1, "web-1", instance)])
        .await;
    proxy.client.maintain(&close).await.unwrap();
    proxy.client.delete_route(&target(1)).await.unwrap();
    let again = Route {
        generation: route.generation.next(),
        ..route
    };
    proxy.client.put_route(&again).await.unwrap();
    let mut wire = Wire::connect(listen).await;
    assert_eq!(wire.get("/").await.unwrap().status(), 200);

    let mut long = closure(&[]);
    long.page.as_mut().unwrap().text = "x".repeat(600_000);
    let long = Maintain {
        key: key(),
        closure: Some(long),
    };
    let refused = proxy.client.maintain(&long).await.unwrap_err();
    assert!(matches!(refused, Error::Refused(Refusal::Invalid { .. })));
}
