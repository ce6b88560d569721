//! What instances and clients read of each other's heads, and which requests are refused.

use bytes::Bytes;
use h2::Reason;
use http::{HeaderMap, HeaderValue, Method, Request};

use super::client::*;
use super::frames::*;
use crate::kit::*;
use crate::played::*;
use crate::support::*;

async fn started(instance: std::net::SocketAddr) -> (Proxy, Http2, std::net::SocketAddr) {
    let (proxy, listen) = proxy_of(instance).await;
    let client = Http2::connect(listen).await;
    (proxy, client, listen)
}

#[tokio::test]
async fn an_instance_reads_it_as_http1() {
    let (_proxy, client, _) = started(mirror().await).await;
    let request = Request::get("http://shop:80/a?b=c")
        .header("cookie", "a=1")
        .header("cookie", "b=2")
        .header("te", "trailers")
        .header("x-forwarded-for", "1.1.1.1")
        .header("x-kept", "1")
        .body(())
        .unwrap();
    let answer = client.ask(request, b"").await.unwrap();
    let seen = answer.text();
    assert!(seen.starts_with("GET /a?b=c HTTP/1.1\r\n"), "{seen}");
    for line in [
        "host: shop:80",
        "cookie: a=1; b=2",
        "te: trailers",
        "x-forwarded-for: 127.0.0.1",
        "x-forwarded-host: shop:80",
        "x-forwarded-proto: http",
        "x-kept: 1",
    ] {
        let count = seen.matches(&format!("\r\n{line}\r\n")).count();
        assert_eq!(count, 1, "{line} {seen}");
    }
    for gone in [
        "1.1.1.1",
        "content-length",
        "transfer-encoding",
        "connection",
    ] {
        assert!(!seen.contains(gone), "{gone} {seen}");
    }
}

#[tokio::test]
async fn a_client_reads_no_word_of_the_connection_behind() {
    let instance = instance(|mut wire, _| async move {
        loop {
            wire.read_request().await?;
            wire.send(
                "HTTP/1.1 200 OK\r\nConnection: x-internal\r\nX-Internal: 1\r\n\
                 Keep-Alive: timeout=5\r\nTransfer-Encoding: chunked\r\nX-Kept: 1\r\n\r\n\
                 2\r\nok\r\n0\r\n\r\n",
            )
            .await?;
        }
    })
    .await;
    let (_proxy, client, _) = started(instance).await;
    for _ in 0..2 {
        let answer = client.get("/").await.unwrap();
        assert_eq!((answer.status(), answer.text()), (200, "ok"));
        assert_eq!(answer.header("x-kept"), Some("1"));
        for gone in [
            "connection",
            "x-internal",
            "keep-alive",
            "transfer-encoding",
        ] {
            assert_eq!(answer.header(gone), None, "{gone}");
        }
    }
}

#[tokio::test]
async fn a_body_goes_on_with_and_without_a_length() {
    let (proxy, client, _) = started(mirror().await).await;
    for method in [Method::POST, Method::GET, Method::DELETE] {
        let answer = client.ask(request(method.clone(), "/"), b"abc").await;
        let answer = answer.unwrap();
        let is_chunked = answer.text().contains("transfer-encoding: chunked");
        assert!(is_chunked, "{method} {}", answer.text());
    }
    let mut with_length = request(Method::PUT, "/");
    let length = HeaderValue::from_static("3");
    with_length.headers_mut().insert("content-length", length);
    let answer = client.ask(with_length.clone(), b"abc").await.unwrap();
    assert!(answer.text().contains("content-length: 3\r\n"));
    assert!(!answer.text().contains("transfer-encoding"));
    // One that is not what was said never becomes a request.
    proxy.until(1, |it| it.in_flight.total() == 0).await;
    let (response, mut send) = client.begin(with_length, false).await.unwrap();
    send.send_data(Bytes::from_static(b"abcdef"), true).unwrap();
    let error = whole(response).await.unwrap_err();
    assert_eq!(error.reason(), Some(Reason::PROTOCOL_ERROR));
    assert_eq!(client.get("/").await.unwrap().status(), 200);
}

#[tokio::test]
async fn trailers_come_through() {
    let instance = instance(|mut wire, _| async move {
        loop {
            wire.read_head().await?;
            while !wire.read.ends_with(b"\r\n\r\n") {
                wire.more().await?;
            }
            let read = std::mem::take(&mut wire.read);
            wire.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: x-sum\r\n\r\n")
                .await?;
            wire.send(format!("{:x}\r\n", read.len())).await?;
            wire.send(read).await?;
            wire.send("\r\n0\r\nX-Sum: 42\r\n\r\n").await?;
        }
    })
    .await;
    let (_proxy, client, _) = started(instance).await;
    let mut with_trailers = request(Method::POST, "/");
    let named = HeaderValue::from_static("x-told");
    with_trailers.headers_mut().insert("trailer", named);
    let (response, mut send) = client.begin(with_trailers, false).await.unwrap();
    send.send_data(Bytes::from_static(b"abc"), false).unwrap();
    let mut trailers = HeaderMap::new();
    trailers.insert("x-told", HeaderValue::from_static("7"));
    trailers.insert("host", HeaderValue::from_static("evil"));
    send.send_trailers(trailers).unwrap();
    let answer = whole(response).await.unwrap();
    assert_eq!(answer.trailers.as_ref().unwrap()["x-sum"], "42");
    let sent = answer.text().to_lowercase();
    assert_eq!(sent, "3\r\nabc\r\n0\r\nx-told: 7\r\n\r\n");
}

#[tokio::test]
async fn what_has_no_clear_target_is_refused() {
    let (proxy, client, _) = started(echo("v1").await).await;
    let with = |uri: &str, hosts: &[&str]| {
        let mut builder = Request::get(uri);
        for host in hosts {
            builder = builder.header("host", *host);
        }
        builder.body(()).unwrap()
    };
    for (request, status) in [
        (with("http://shop/", &["other"]), 400),
        (with("http://shop/", &["shop", "shop"]), 400),
        (with("http://shop@evil/", &[]), 400),
        (with("https://shop/", &[]), 400),
        (with("http://shop:81/", &["shop"]), 400),
    ] {
        let answer = client.ask(request.clone(), b"").await.unwrap();
        assert_eq!(answer.status(), status, "{request:?}");
        assert_eq!(answer.header("connection"), None);
    }
    let mut connect = Request::new(());
    *connect.method_mut() = Method::CONNECT;
    *connect.uri_mut() = "shop:80".parse().unwrap();
    assert_eq!(client.ask(connect, b"").await.unwrap().status(), 405);
    assert_eq!(proxy.deployment(1).await.counters.requests(), 0);
    let fits = client.ask(with("http://shop/", &["SHOP:80"]), b"").await;
    assert_eq!(fits.unwrap().status(), 200);
}

/// Sends a head of which HPACK's bytes are given; the answer's status or why it was reset.
async fn told(listen: std::net::SocketAddr, head: &[u8]) -> Result<u16, u32> {
    let mut wire = open(listen).await;
    wire.send(frame(HEADERS, END_STREAM | END_HEADERS, 1, head))
        .await
        .unwrap();
    loop {
        let frame = next(&mut wire).await.unwrap();
        let code = |bytes: &[u8]| u32::from_be_bytes(bytes.try_into().unwrap());
        match frame.kind {
            // From HPACK's own: 200, 204, 206, 304, 400, 404, 500; others are spelled out.
            HEADERS => {
                return Ok(match frame.payload[0] {
                    0x88 => 200,
                    0x8c => 400,
                    0x48 => 0,
                    other => panic!("{other:x}"),
                });
            }
            RST_STREAM => return Err(code(&frame.payload)),
            GOAWAY => return Err(code(&frame.payload[4..8])),
            _ => {}
        }
    }
}

/// A field with its name and value spelled out.
fn literal(name: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![0, name.len() as u8];
    bytes.extend(name.bytes());
    bytes.push(value.len() as u8);
    bytes.extend(value.bytes());
    bytes
}

/// A good request with one more field.
fn with(name: &str, value: &str) -> Vec<u8> {
    [GET, &literal(name, value)].concat()
}

/// What is malformed, each with its name.
fn malformed() -> Vec<(&'static str, Vec<u8>)> {
    let lengths = [with("content-length", "0"), literal("content-length", "1")];
    let tunnel = [
        literal(":method", "CONNECT"),
        literal(":protocol", "websocket"),
        b"\x84\x86\x01\x04shop".to_vec(),
    ];
    let no_path = b"\x82\x86\x01\x04shop".to_vec();
    let spaced = literal(":path", "/ HTTP/1.1\r\nX: y");
    vec![
        ("connection", with("connection", "close")),
        ("transfer-encoding", with("transfer-encoding", "chunked")),
        ("upgrade", with("upgrade", "websocket")),
        ("keep-alive", with("keep-alive", "timeout=5")),
        ("proxy-connection", with("proxy-connection", "close")),
        ("te", with("te", "gzip")),
        ("lengths that differ", lengths.concat()),
        ("a length without a body", with("content-length", "5")),
        ("a length that is none", with("content-length", "+5")),
        ("another pseudo-header", with(":path", "/evil")),
        ("a second path", [b"\x84", GET].concat()),
        ("no path", no_path.clone()),
        ("no scheme", b"\x82\x84\x01\x04shop".to_vec()),
        ("a status", [&b"\x88"[..], GET].concat()),
        ("a tunnel for another protocol", tunnel.concat()),
        ("a path with a space", [no_path, spaced].concat()),
    ]
}

#[tokio::test]
async fn malformed_heads_never_become_requests() {
    const PROTOCOL_ERROR: u32 = 1;
    let (proxy, client, listen) = started(echo("v1").await).await;
    for (what, head) in malformed() {
        assert_eq!(told(listen, &head).await, Err(PROTOCOL_ERROR), "{what}");
    }
    for (what, head) in [
        ("a value with a line end", with("x-a", "b\r\nx-evil: 1")),
        ("a value with NUL", with("x-a", "b\0c")),
        ("a name with a colon", with("x:a", "b")),
        ("a name with a space", with("x a", "b")),
        ("a name in upper case", with("X-A", "b")),
    ] {
        assert!(told(listen, &head).await.is_err(), "{what}");
    }
    for path in ["http://evil/", "evil", "*", "?a"] {
        let head = [&b"\x82\x86\x01\x04shop"[..], &literal(":path", path)].concat();
        let refused = told(listen, &head).await;
        assert!(matches!(refused, Ok(400) | Err(_)), "{path} {refused:?}");
    }
    // The instance heard of none.
    assert_eq!(proxy.deployment(1).await.counters.requests(), 0);
    assert_eq!(client.get("/").await.unwrap().status(), 200);
}

#[tokio::test]
async fn an_answer_to_head_has_no_body() {
    let (proxy, client, listen) = started(echo("v1").await).await;
    let answer = client.ask(request(Method::HEAD, "/"), b"").await.unwrap();
    assert_eq!((answer.status(), answer.body.len()), (200, 0));
    proxy.route(listen, vec![]).await;
    let answer = client.ask(request(Method::HEAD, "/"), b"").await.unwrap();
    assert_eq!((answer.status(), answer.body.len()), (503, 0));
    let answer = client.get("/").await.unwrap();
    assert_eq!(answer.status(), 503);
    assert!(answer.text().contains("no instance"));
}
