//! What instances and clients get to read in headers.

use shipway_proxy::Options;

use crate::played::*;
use crate::support::*;

async fn mirrored(change: impl FnOnce(&mut Options), request: &str) -> String {
    let proxy = Proxy::start_with(change).await;
    let listen = free_address();
    proxy
        .route(listen, vec![backend(1, "web-1", mirror().await)])
        .await;
    let mut wire = Wire::connect(listen).await;
    let answer = wire.ask(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.text().to_ascii_lowercase()
}

const SPOOFED: &str = "GET /a?b=c HTTP/1.1\r\nHost: Shop:80\r\n\
    X-Forwarded-For: 1.1.1.1\r\nX-Real-IP: 1.1.1.1\r\nX-Forwarded-Proto: https\r\n\
    X_Forwarded_For: 1.1.1.1\r\nForwarded: for=1.1.1.1\r\n\
    Connection: x-forwarded-for, x-secret\r\nX-Secret: 1\r\nKeep-Alive: timeout=5\r\n\
    TE: trailers\r\nX-Kept: 1\r\nX-Kept: 2\r\n\r\n";

#[tokio::test]
async fn an_instance_reads_who_the_client_is() {
    let seen = mirrored(|_| {}, SPOOFED).await;
    assert!(seen.starts_with("get /a?b=c http/1.1\r\n"), "{seen}");
    for line in [
        "host: shop:80",
        "x-forwarded-for: 127.0.0.1",
        "x-real-ip: 127.0.0.1",
        "x-forwarded-proto: http",
        "x-forwarded-host: shop:80",
        "x-kept: 1\r\nx-kept: 2",
        "te: trailers",
    ] {
        assert!(seen.contains(&format!("\r\n{line}\r\n")), "{line} {seen}");
    }
    for gone in [
        "1.1.1.1",
        "secret",
        "keep-alive",
        "\r\nforwarded",
        "\r\nconnection",
    ] {
        assert!(!seen.contains(gone), "{gone} {seen}");
    }
}

#[tokio::test]
async fn a_trusted_peer_is_believed() {
    let trust = |options: &mut Options| options.trusted = vec!["127.0.0.0/8".parse().unwrap()];
    let seen = mirrored(trust, &SPOOFED.replace("x-forwarded-for, ", "")).await;
    for line in [
        "x-forwarded-for: 1.1.1.1, 127.0.0.1",
        "x-real-ip: 1.1.1.1",
        "x-forwarded-proto: https",
        "forwarded: for=1.1.1.1, for=127.0.0.1;host=\"shop:80\";proto=http",
    ] {
        assert!(seen.contains(&format!("\r\n{line}\r\n")), "{line} {seen}");
    }
}

#[tokio::test]
async fn an_absolute_target_is_passed_on_as_a_path() {
    let request = "GET http://shop/a?b HTTP/1.1\r\nHost: shop\r\n\r\n";
    let seen = mirrored(|_| {}, request).await;
    assert!(seen.starts_with("get /a?b http/1.1\r\n"), "{seen}");
}

/// An instance that gives this answer to everything.
async fn saying(answer: &'static str) -> std::net::SocketAddr {
    instance(move |mut wire, _| async move {
        loop {
            wire.read_request().await?;
            wire.send(answer).await?;
        }
    })
    .await
}

async fn through(answer: &'static str, request: &str) -> (Message, Wire) {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let instance = saying(answer).await;
    proxy
        .route(listen, vec![backend(1, "web-1", instance)])
        .await;
    let mut wire = Wire::connect(listen).await;
    let message = wire.ask(request).await.unwrap();
    (message, wire)
}

const GET: &str = "GET / HTTP/1.1\r\nHost: shop\r\n\r\n";

#[tokio::test]
async fn a_client_reads_what_the_instance_says_and_no_hop_by_hop() {
    let (answer, mut wire) = through(
        "HTTP/1.1 200 Fine\r\nServer: app\r\nDate: yesterday\r\nConnection: x-internal\r\n\
         X-Internal: 1\r\nKeep-Alive: timeout=5\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\
         Content-Length: 2\r\n\r\nok",
        GET,
    )
    .await;
    assert_eq!(answer.text(), "ok");
    assert_eq!(answer.header("server"), Some("app"));
    assert_eq!(answer.header("date"), Some("yesterday"));
    assert_eq!(answer.head.matches("set-cookie").count(), 2);
    for gone in ["x-internal", "keep-alive", "connection"] {
        assert_eq!(answer.header(gone), None, "{gone}");
    }
    assert_eq!(wire.get("/").await.unwrap().text(), "ok");
}

#[tokio::test]
async fn answers_without_a_body_stay_without() {
    for (answer, request, length) in [
        ("HTTP/1.1 204 No Content\r\n\r\n", GET, None),
        ("HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n", GET, None),
        (
            "HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n",
            "HEAD / HTTP/1.1\r\nHost: shop\r\n\r\n",
            Some("7"),
        ),
    ] {
        let (message, mut wire) = through(answer, request).await;
        assert_eq!(message.header("content-length"), length);
        assert_eq!(message.header("transfer-encoding"), None);
        // Nothing strays into the next answer.
        let again = wire.ask(request).await.unwrap();
        assert_eq!(again.status(), message.status());
    }
}

#[tokio::test]
async fn an_old_client_gets_what_it_understands() {
    let (answer, mut wire) = through(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
    )
    .await;
    assert!(answer.head.starts_with("HTTP/1.0 200"), "{}", answer.head);
    assert_eq!(answer.header("transfer-encoding"), None);
    assert_eq!(answer.text(), "ok");
    assert!(wire.is_closed().await);
}

#[tokio::test]
async fn an_old_instance_is_translated() {
    let (answer, _) = through("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", GET).await;
    assert!(answer.head.starts_with("HTTP/1.1 200"), "{}", answer.head);
    assert_eq!(answer.text(), "ok");
}
