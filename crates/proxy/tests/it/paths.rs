//! Hosts that several routes share by their paths.

use std::net::SocketAddr;

use shipway_pipeline::route::{Route, RouteKey, Rules};
use shipway_proxy::control::{Error, Refusal};

use crate::played::*;
use crate::support::*;

/// A route of its own environment for these paths of `shop`.
async fn part(environment: &str, listen: SocketAddr, paths: &[&str]) -> Route {
    let instance = mirror().await;
    Route {
        key: RouteKey {
            project: "shop".parse().unwrap(),
            environment: environment.parse().unwrap(),
        },
        hosts: vec!["shop".to_owned()],
        rules: Rules {
            paths: paths.iter().map(|path| path.parse().unwrap()).collect(),
            ..Rules::default()
        },
        ..route(listen, 1, vec![backend(1, "web-1", instance)])
    }
}

#[tokio::test]
async fn the_longest_path_has_a_request() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let site = part("site", listen, &[]).await;
    let mut api = part("api", listen, &["/api", "/v2/"]).await;
    api.rules.strip_prefix = true;
    proxy.client.put_route(&site).await.unwrap();
    proxy.client.put_route(&api).await.unwrap();
    let mut wire = Wire::connect(listen).await;
    for (path, seen, prefix) in [
        ("/", "GET / ", None),
        ("/apis?a", "GET /apis?a ", None),
        ("/api", "GET / ", Some("/api")),
        ("/api/a%2Fb//c?d=/e", "GET /a%2Fb//c?d=/e ", Some("/api")),
        ("/v2/x", "GET /x ", Some("/v2")),
    ] {
        let answer = wire.get(path).await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let text = answer.text();
        assert!(text.starts_with(seen), "{path}: {text}");
        let told = prefix.map(|prefix| format!("x-forwarded-prefix: {prefix}\r\n"));
        assert_eq!(
            text.contains("x-forwarded-prefix"),
            told.is_some(),
            "{path}"
        );
        assert!(text.contains(&told.unwrap_or_default()), "{path}: {text}");
    }
}

#[tokio::test]
async fn no_client_says_what_was_taken_off() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let mut api = part("api", listen, &["/api"]).await;
    api.rules.strip_prefix = true;
    proxy.client.put_route(&api).await.unwrap();
    let mut wire = Wire::connect(listen).await;
    let request = "GET /api/x HTTP/1.1\r\nHost: shop\r\nX-Forwarded-Prefix: /evil\r\n\r\n";
    let answer = wire.ask(request).await.unwrap();
    assert!(answer.text().contains("x-forwarded-prefix: /api\r\n"));
    assert!(!answer.text().contains("evil"));
}

#[tokio::test]
async fn a_path_that_others_could_read_as_anothers_is_for_nobody() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    for (environment, paths) in [("site", &[][..]), ("admin", &["/admin"])] {
        let part = part(environment, listen, paths).await;
        proxy.client.put_route(&part).await.unwrap();
    }
    let mut wire = Wire::connect(listen).await;
    for path in [
        "//admin",
        "/%61dmin",
        "/x/../admin",
        "/x/..;/admin",
        "/x%2f..%2fadmin",
        "/admin/%2e%2e/x",
        "/admin;a=b",
    ] {
        assert_eq!(wire.get(path).await.unwrap().status(), 400, "{path}");
    }
    // What stays where it is goes on as it is written.
    let answer = wire.get("/a%2fb//c;d/../e").await.unwrap();
    assert!(answer.text().starts_with("GET /a%2fb//c;d/../e "));
}

#[tokio::test]
async fn a_path_that_nothing_answers_for_is_not_found() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let api = part("api", listen, &["/api"]).await;
    proxy.client.put_route(&api).await.unwrap();
    let mut wire = Wire::connect(listen).await;
    assert_eq!(wire.get("/").await.unwrap().status(), 404);
    assert_eq!(wire.get_of("other").await.unwrap().status(), 421);
    assert_eq!(wire.get("/api").await.unwrap().status(), 200);
}

#[tokio::test]
async fn two_routes_for_one_path_are_refused() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let first = part("first", listen, &["/api", "/static"]).await;
    proxy.client.put_route(&first).await.unwrap();
    let second = part("second", listen, &["/", "/static"]).await;
    let refused = proxy.client.put_route(&second).await.unwrap_err();
    let Error::Refused(refusal @ Refusal::Host { .. }) = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(
        refusal.to_string(),
        "`shop/static` is answered by shop/first on that address already"
    );
    // Routed to nothing, it takes nothing from anybody.
    let empty = Route {
        backends: vec![],
        ..second
    };
    proxy.client.put_route(&empty).await.unwrap();
    let mut wire = Wire::connect(listen).await;
    assert_eq!(wire.get("/static").await.unwrap().status(), 200);
    assert_eq!(wire.get("/x").await.unwrap().status(), 503);
}

#[tokio::test]
async fn paths_survive_a_restart() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let api = part("api", listen, &["/api"]).await;
    proxy.client.put_route(&api).await.unwrap();
    let proxy = Proxy::start_in(proxy.stop().await, |_| {}).await;
    assert_eq!(proxy.client.routes().await.unwrap(), [api]);
}
