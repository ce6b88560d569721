//! HTTPS: handshakes, what instances are told, redirects, switches and reloads under load.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use rustls::AlertDescription;
use rustls::pki_types::ServerName;
use shipway_pipeline::id::Generation;
use shipway_pipeline::route::Route;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;

use crate::authority::*;
use crate::played::*;
use crate::support::*;

/// A proxy that answers for one host by HTTPS.
struct Shop {
    proxy: Proxy,
    authority: Authority,
    files: Files,
    plain: SocketAddr,
    listen: SocketAddr,
    route: Route,
}

impl Shop {
    async fn open(instance: SocketAddr) -> Self {
        Self::open_in(Proxy::start().await, instance).await
    }

    async fn open_in(proxy: Proxy, instance: SocketAddr) -> Self {
        let authority = Authority::new();
        let (plain, listen) = (free_address(), free_address());
        let files = authority.issue("shop", &["shop.org"], 90);
        let mut tls = files.tls(listen);
        tls.hsts = Some(3600);
        let backends = vec![backend(1, "web-1", instance)];
        let route = secured(plain, tls, &["shop.org"], backends);
        proxy.client.put_route(&route).await.unwrap();
        Self {
            proxy,
            authority,
            files,
            plain,
            listen,
            route,
        }
    }

    /// Routes to another instance.
    async fn switch(&self, number: u64, instance: SocketAddr) {
        let route = Route {
            generation: Generation(number),
            backends: vec![backend(number, "web-1", instance)],
            ..self.route.clone()
        };
        self.proxy.client.put_route(&route).await.unwrap();
    }
}

fn alert(error: &std::io::Error) -> Option<AlertDescription> {
    let inner = error.get_ref()?.downcast_ref::<rustls::Error>()?;
    match inner {
        rustls::Error::AlertReceived(alert) => Some(*alert),
        _ => None,
    }
}

#[tokio::test]
async fn the_name_chooses_the_certificate() {
    let shop = Shop::open(mirror().await).await;
    let branches = shop.authority.issue("branches", &["*.dev.org"], 90);
    let mut development = secured(
        shop.plain,
        branches.tls(shop.listen),
        &["*.dev.org"],
        vec![backend(1, "web-1", echo("dev").await)],
    );
    development.key.environment = "development".parse().unwrap();
    shop.proxy.client.put_route(&development).await.unwrap();

    // Each handshake succeeds only with a certificate for its name.
    let mut wire = shop.authority.connect(shop.listen, "shop.org").await;
    let seen = wire.get_of("shop.org").await.unwrap();
    assert!(
        seen.text().contains("x-forwarded-proto: https\r\n"),
        "{}",
        seen.text()
    );
    assert_eq!(
        seen.header("strict-transport-security"),
        Some("max-age=3600")
    );
    let mut wire = shop.authority.connect(shop.listen, "cart.dev.org").await;
    let answer = wire.get_of("cart.dev.org").await.unwrap();
    assert_eq!(answer.header("x-release"), Some("dev"));
    assert_eq!(answer.header("strict-transport-security"), None);

    for wrong in ["other.org", "a.cart.dev.org", "dev.org"] {
        let refused = shop
            .authority
            .try_connect(shop.listen, wrong)
            .await
            .unwrap_err();
        assert_eq!(
            alert(&refused),
            Some(AlertDescription::UnrecognisedName),
            "{wrong}"
        );
    }
    // A client that goes to an address names none.
    let connector = TlsConnector::from(shop.authority.trusted(&[]));
    let nameless = ServerName::from(shop.listen.ip());
    let stream = TcpStream::connect(shop.listen).await.unwrap();
    let refused = connector.connect(nameless, stream).await.unwrap_err();
    assert_eq!(alert(&refused), Some(AlertDescription::UnrecognisedName));
    // One that speaks HTTP here is not answered by an application.
    let mut wire = Wire::connect(shop.listen).await;
    wire.send("GET / HTTP/1.1\r\nHost: shop.org\r\n\r\n").await;
    let _ = wire.more().await;
    assert!(!wire.read.starts_with(b"HTTP/1.1 2"));
}

#[tokio::test]
async fn what_comes_without_tls_is_sent_on() {
    let shop = Shop::open(echo("v1").await).await;
    let port = shop.listen.port();
    let mut wire = Wire::connect(shop.plain).await;
    let moved = wire
        .ask("GET /a?b=c HTTP/1.1\r\nHost: shop.org\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(moved.status(), 301);
    let location = format!("https://shop.org:{port}/a?b=c");
    assert_eq!(moved.header("location"), Some(location.as_str()));
    // The body of a POST is asked for again where it is safe, and the method stays.
    let moved = wire
        .ask("POST /pay HTTP/1.1\r\nHost: shop.org\r\nContent-Length: 3\r\n\r\nabc")
        .await
        .unwrap();
    assert_eq!(moved.status(), 308);
    assert_eq!(moved.header("strict-transport-security"), None);
    // The same connection goes on.
    let moved = wire
        .ask("HEAD / HTTP/1.1\r\nHost: shop.org\r\n\r\n")
        .await
        .unwrap();
    assert_eq!(moved.status(), 301);
    assert_eq!(shop.proxy.deployment(1).await.counters.requests(), 0);

    let mut open = shop.route.clone();
    open.generation = Generation(2);
    open.tls.as_mut().unwrap().redirect = false;
    shop.proxy.client.put_route(&open).await.unwrap();
    assert_eq!(wire.get_of("shop.org").await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_address_can_become_one_for_https_and_go() {
    let shop = Shop::open(echo("v1").await).await;
    let mut turned = shop.route.clone();
    turned.generation = Generation(2);
    turned.listen = shop.listen;
    turned.tls.as_mut().unwrap().listen = shop.plain;
    shop.proxy.client.put_route(&turned).await.unwrap();
    let mut wire = shop.authority.connect(shop.plain, "shop.org").await;
    assert_eq!(wire.get_of("shop.org").await.unwrap().status(), 200);
    let mut wire = Wire::connect(shop.listen).await;
    assert_eq!(wire.get_of("shop.org").await.unwrap().status(), 301);

    let mut bare = turned.clone();
    bare.generation = Generation(3);
    bare.tls = None;
    shop.proxy.client.put_route(&bare).await.unwrap();
    assert!(std::net::TcpStream::connect(shop.plain).is_err());
    assert_eq!(wire.get_of("shop.org").await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_handshake_that_never_ends_is_ended() {
    let proxy = Proxy::start_with(|options| {
        options.limits.handshake = Duration::from_secs(1);
    })
    .await;
    let shop = Shop::open_in(proxy, echo("v1").await).await;
    // What shook hands in time is not meant.
    let mut wire = shop.authority.connect(shop.listen, "shop.org").await;
    let mut silent = vec![];
    for number in 0..50 {
        let mut wire = Wire::connect(shop.listen).await;
        // Half of them begin a hello that they never finish.
        if number % 2 == 0 {
            wire.send([22, 3, 1, 2, 0, 1]).await.unwrap();
        }
        silent.push(wire);
    }
    for mut wire in silent {
        assert!(wire.is_closed().await);
    }
    assert_eq!(wire.get_of("shop.org").await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_upgrade_and_a_large_body_go_through() {
    let large = "x".repeat(3 << 20);
    let shop = Shop::open(
        instance(|mut wire, _| async move {
            loop {
                let request = wire.read_head().await?;
                if request.header("upgrade").is_some() {
                    let switched = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\n\
                                    Upgrade: echo\r\n\r\n";
                    wire.send(switched).await?;
                    loop {
                        wire.more().await?;
                        let said = std::mem::take(&mut wire.read);
                        wire.send(said).await?;
                    }
                }
                let length = request.header("content-length")?.parse().ok()?;
                let body = wire.take(length).await?;
                wire.answer("v1", &body).await?;
            }
        })
        .await,
    )
    .await;
    let mut wire = shop.authority.connect(shop.listen, "shop.org").await;
    let length = large.len();
    let head = format!("POST / HTTP/1.1\r\nHost: shop.org\r\nContent-Length: {length}\r\n\r\n");
    let answer = wire.ask(format!("{head}{large}")).await.unwrap();
    assert!(answer.text() == large, "another body");

    let upgrade =
        "GET / HTTP/1.1\r\nHost: shop.org\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\n";
    wire.send(upgrade).await.unwrap();
    assert_eq!(wire.read_head().await.unwrap().status(), 101);
    for said in ["ping", "pong"] {
        wire.send(said).await.unwrap();
        assert_eq!(wire.take(4).await.unwrap(), said.as_bytes());
    }
    let counted = shop.proxy.deployment(1).await;
    assert_eq!(counted.in_flight.upgraded, 1);
    wire.stream.shutdown().await.unwrap();
    let mut rest = vec![];
    let _ = wire.stream.read_to_end(&mut rest).await;
    shop.proxy.until(1, |it| it.in_flight.total() == 0).await;
}

/// Asks without a break, every 20 requests on a connection of its own; how many were answered.
async fn client(
    authority: Arc<Authority>,
    listen: SocketAddr,
    is_over: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
) {
    while !is_over.load(Ordering::SeqCst) {
        let mut wire = authority.connect(listen, "shop.org").await;
        for number in 0..20 {
            let body = number.to_string();
            let request = format!(
                "POST / HTTP/1.1\r\nHost: shop.org\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            );
            let answer = wire.ask(request).await.expect("a request was lost");
            assert_eq!((answer.status(), answer.text()), (200, body.as_str()));
            answered.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn switches_and_reloads_lose_nothing() {
    const ROUNDS: u64 = 20;
    let shop = Shop::open(echo("v1").await).await;
    let Shop {
        ref proxy,
        ref files,
        listen,
        ..
    } = shop;
    // One that the clients share.
    let authority = Arc::new(Authority::new());
    let first = authority.issue("shop", &["shop.org"], 90);
    let copy = |from: &Files| {
        replace(
            &files.certificate,
            &std::fs::read_to_string(&from.certificate).unwrap(),
        );
        replace(&files.key, &std::fs::read_to_string(&from.key).unwrap());
    };
    copy(&first);
    let reloaded = proxy.client.reload().await.unwrap();
    assert_eq!(reloaded[0].tls.problem, None);

    let is_over = Arc::new(AtomicBool::new(false));
    let answered = Arc::new(AtomicU64::new(0));
    let mut clients = JoinSet::new();
    for _ in 0..16 {
        let (is_over, answered) = (Arc::clone(&is_over), Arc::clone(&answered));
        clients.spawn(client(Arc::clone(&authority), listen, is_over, answered));
    }
    for round in 0..ROUNDS {
        let enough = answered.load(Ordering::SeqCst) + 100;
        while answered.load(Ordering::SeqCst) < enough {
            assert!(clients.try_join_next().is_none(), "a client ended");
            tokio::task::yield_now().await;
        }
        copy(&authority.issue("next", &["shop.org"], 90 + round));
        let reloaded = proxy.client.reload().await.unwrap();
        assert_eq!(reloaded[0].tls.problem, None);
        shop.switch(round + 2, echo("next").await).await;
    }
    is_over.store(true, Ordering::SeqCst);
    while let Some(ended) = clients.join_next().await {
        ended.unwrap();
    }
    assert!(answered.load(Ordering::SeqCst) >= ROUNDS * 100);
}

#[tokio::test]
async fn curl_comes_through() {
    let shop = Shop::open(mirror().await).await;
    let ca = shop.authority.file();
    let port = shop.listen.port();
    let asked = tokio::task::spawn_blocking(move || {
        Command::new("curl")
            .args(["--silent", "--show-error", "--max-time", "30", "--location"])
            .arg("--cacert")
            .arg(ca)
            .args([
                "--resolve",
                &format!("shop.org:{port}:{}", shop.listen.ip()),
            ])
            .args([
                "--resolve",
                &format!("shop.org:{}:{}", shop.plain.port(), shop.plain.ip()),
            ])
            .arg(format!("http://shop.org:{}/a", shop.plain.port()))
            .output()
    });
    let asked = match asked.await.unwrap() {
        // Where there is no curl, the clients above have to do.
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return,
        asked => asked.unwrap(),
    };
    let said = String::from_utf8_lossy(&asked.stdout);
    assert!(
        asked.status.success(),
        "{}",
        String::from_utf8_lossy(&asked.stderr)
    );
    assert!(said.starts_with("GET /a HTTP/1.1"), "{said}");
    assert!(said.contains("x-forwarded-proto: https"), "{said}");
}
