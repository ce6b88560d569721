//! Routes that share a host, gain one, and lose one.

use shipway_pipeline::route::{Challenge, Route, RouteKey};
use shipway_proxy::control::Target;

use super::*;

const OTHER: &str = "api.shop.org";

/// As the route of another environment, for a part of its hosts.
fn part(environment: &str, path: &str, route: Route) -> Route {
    let mut route = route;
    route.key = key_of(environment);
    route.rules.paths = vec![path.parse().unwrap()];
    route
}

fn key_of(environment: &str) -> RouteKey {
    RouteKey {
        environment: environment.parse().unwrap(),
        ..key()
    }
}

/// The hosts of a route whose certificates are there.
async fn hosts(client: &Client, environment: &str) -> Vec<String> {
    let status = client.status().await.unwrap();
    let mut routes = status.routes.into_iter();
    let route = routes.find(|route| route.key == key_of(environment));
    let issued = route.and_then(|route| route.tls).unwrap().issued;
    let issued = issued.into_iter().filter(|it| it.ends.is_some());
    issued.map(|it| it.host).collect()
}

#[tokio::test]
async fn there_is_one_for_each_host_whichever_routes_have_it() {
    let shop = Shop::new();
    let proxy = Proxy::start().await;
    let client = &proxy.client;
    let http = [Challenge::Http];
    let site = part("site", "/", shop.route_of(&[HOST], &http).await);
    client.put_route(&site).await.unwrap();
    crate::kit::until(async || hosts(client, "site").await == [HOST]).await;

    // Another one shares the host, and brings one: only that is asked for.
    let both = shop.route_of(&[HOST, OTHER], &http).await;
    let mut api = part("api", "/api", both);
    client.put_route(&api).await.unwrap();
    crate::kit::until(async || hosts(client, "api").await == [HOST, OTHER]).await;
    let counted = shop.authority.counted();
    assert_eq!((counted.accounts, counted.orders), (1, 2));

    // The one that had it first goes; the other one goes on with the same certificate.
    let gone = Target {
        key: key_of("site"),
        epoch: site.epoch,
    };
    client.delete_route(&gone).await.unwrap();
    assert_eq!(hosts(client, "api").await, [HOST, OTHER]);
    assert!(shop.connect_to(HOST).await.is_ok());

    // It loses a host, which nobody is served by then, and nothing is asked for.
    api.hosts.truncate(1);
    api.generation = shipway_pipeline::id::Generation(2);
    client.put_route(&api).await.unwrap();
    assert_eq!(hosts(client, "api").await, [HOST]);
    assert!(shop.connect_to(OTHER).await.is_err());
    client.reload().await.unwrap();
    let attempts = |host: &str| format!("shipway_proxy_issue_attempts_total{{host=\"{host}\"}}");
    crate::kit::until(async || {
        let metrics = client.metrics().await.unwrap();
        metrics.contains(&attempts(HOST)) && !metrics.contains(&attempts(OTHER))
    })
    .await;
    assert_eq!(shop.authority.counted(), counted);

    // It comes back to what it had.
    api.hosts.push(OTHER.to_owned());
    api.generation = shipway_pipeline::id::Generation(3);
    client.put_route(&api).await.unwrap();
    assert_eq!(hosts(client, "api").await, [HOST, OTHER]);
    assert!(shop.connect_to(OTHER).await.is_ok());
    assert_eq!(shop.authority.counted(), counted);
}
