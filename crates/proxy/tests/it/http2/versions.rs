//! Who gets which version of HTTP.

use std::net::SocketAddr;
use std::sync::Arc;

use rustls::pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::client::Http2;
use super::frames::*;
use crate::authority::*;
use crate::kit::*;
use crate::played::*;
use crate::support::*;

async fn connect(
    authority: &Authority,
    listen: SocketAddr,
    protocols: &[&[u8]],
) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(listen).await.unwrap();
    let connector = TlsConnector::from(authority.trusted(protocols));
    let name = ServerName::try_from("shop").unwrap();
    connector.connect(name, stream).await.unwrap()
}

#[tokio::test]
async fn over_tls_the_client_chooses() {
    let proxy = Proxy::start().await;
    let authority = Arc::new(Authority::new());
    let (plain, listen) = (free_address(), free_address());
    let files = authority.issue("shop", &["shop"], 90);
    let mut tls = files.tls(listen);
    tls.hsts = Some(60);
    let backends = vec![backend(1, "web-1", mirror().await)];
    let route = secured(plain, tls, &["shop"], backends);
    proxy.client.put_route(&route).await.unwrap();

    let stream = connect(&authority, listen, &[b"h2", b"http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (client, _) = Http2::over(stream).await;
    let request = http::Request::get("https://shop/a").body(()).unwrap();
    let answer = client.ask(request, b"").await.unwrap();
    assert!(answer.text().starts_with("GET /a HTTP/1.1\r\n"));
    assert!(answer.text().contains("x-forwarded-proto: https\r\n"));
    let told = answer.header("strict-transport-security");
    assert_eq!(told, Some("max-age=60"));

    for protocols in [&[&b"http/1.1"[..]][..], &[]] {
        let stream = connect(&authority, listen, protocols).await;
        assert_ne!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let mut wire = Wire::new(stream);
        assert_eq!(wire.get("/").await.unwrap().status(), 200);
    }
    // Without TLS it is sent on, as any other.
    let moved = Http2::connect(plain).await.get("/a").await.unwrap();
    assert_eq!(moved.status(), 301);
    let there = format!("https://shop:{}/a", listen.port());
    assert_eq!(moved.header("location"), Some(there.as_str()));
}

#[tokio::test]
async fn without_tls_the_first_bytes_tell() {
    let (_proxy, listen) = proxy_of(echo("v1").await).await;
    let mut wire = Wire::connect(listen).await;
    for byte in PREFACE {
        wire.send([*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    wire.send(frame(SETTINGS, 0, 0, &[])).await.unwrap();
    wire.send(frame(HEADERS, END_STREAM | END_HEADERS, 1, GET))
        .await
        .unwrap();
    let head = next_of(&mut wire, HEADERS, 1).await.unwrap();
    // `:status 200` is the eighth of HPACK's own.
    assert_eq!(head.payload[0], 0x88);

    for method in ["PRI", "PRO", "PROPFIND", "POST", "P", "GET"] {
        let mut wire = Wire::connect(listen).await;
        let request = format!("{method} / HTTP/1.1\r\nHost: shop\r\nContent-Length: 0\r\n\r\n");
        for byte in request.bytes() {
            wire.send([byte]).await.unwrap();
        }
        let answer = wire.read_response().await.unwrap();
        assert_eq!(answer.status(), 200, "{method}");
        assert_eq!(wire.get("/again").await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn an_upgrade_to_it_is_not_made() {
    let (_proxy, listen) = proxy_of(mirror().await).await;
    let mut wire = Wire::connect(listen).await;
    let request = "GET / HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade, HTTP2-Settings\r\n\
                   Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n";
    let answer = wire.ask(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    assert!(!answer.text().to_lowercase().contains("settings"));
    // The client must not wait for an answer to what it sends behind.
    let is_closed = answer.header("connection") == Some("close");
    assert!(is_closed || wire.get("/again").await.is_some());
    let mut wire = Wire::connect(listen).await;
    let request = "POST / HTTP/1.1\r\nHost: shop\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\
                   Content-Length: 3\r\n\r\nabc";
    let answer = wire.ask(request).await.unwrap();
    assert_eq!(answer.status(), 200);
    let is_closed = answer.header("connection") == Some("close");
    assert!(is_closed || wire.get("/again").await.is_some());
}
