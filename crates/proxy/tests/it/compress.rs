//! Answers that are compressed on their way.

use std::io::Read;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;

use shipway_pipeline::traffic::InFlight;
use shipway_proxy::Options;
use tokio::sync::Notify;

use crate::access::{lines, logging};
use crate::kit::*;
use crate::played::*;
use crate::support::*;

const GZIP: &str = "GET / HTTP/1.1\r\nHost: shop\r\nAccept-Encoding: gzip\r\n\r\n";

/// What is worth compressing.
pub(crate) fn page() -> Vec<u8> {
    let lines = (0..2000).map(|line| format!("<li>line {line} of a page</li>\n"));
    lines.collect::<String>().into_bytes()
}

/// An address at which everything goes to one instance, and answers may be compressed.
pub(crate) async fn compressing(proxy: &Proxy, instance: SocketAddr) -> SocketAddr {
    let listen = free_address();
    let mut route = route(listen, 1, vec![backend(1, "web-1", instance)]);
    route.rules.compress = true;
    proxy.client.put_route(&route).await.unwrap();
    listen
}

/// An instance that sends this to everybody; to `HEAD` without what comes after the head.
pub(crate) async fn sending(answer: impl Into<Vec<u8>>) -> SocketAddr {
    let answer = Arc::new(answer.into());
    instance(move |mut wire, _| {
        let answer = Arc::clone(&answer);
        async move {
            loop {
                let request = wire.read_request().await?;
                let end = answer.windows(4).position(|it| it == b"\r\n\r\n").unwrap() + 4;
                let length = if request.method() == "HEAD" {
                    end
                } else {
                    answer.len()
                };
                wire.send(&answer[..length]).await?;
            }
        }
    })
    .await
}

/// A page with a length and all that depends on its bytes.
pub(crate) fn whole(page: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\nETag: \"v1\"\r\n\
         Accept-Ranges: bytes\r\n\r\n",
        page.len()
    );
    [head.as_bytes(), page].concat()
}

fn gunzipped(coded: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    // What was flushed can be read before there is an end.
    let _ = flate2::read::GzDecoder::new(coded).read_to_end(&mut plain);
    plain
}

pub(crate) fn unbrotlied(coded: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let mut decoder = brotli::Decompressor::new(coded, 4096);
    decoder.read_to_end(&mut plain).unwrap();
    plain
}

#[tokio::test]
async fn who_can_read_it_is_answered_shorter() {
    let proxy = Proxy::start().await;
    let page = page();
    let listen = compressing(&proxy, sending(whole(&page)).await).await;
    let mut wire = Wire::connect(listen).await;
    for (accepted, coding) in [("gzip, deflate", "gzip"), ("gzip, br", "br")] {
        // On one connection: each end is told.
        let request =
            format!("GET / HTTP/1.1\r\nHost: shop\r\nAccept-Encoding: {accepted}\r\n\r\n");
        let answer = wire.ask(request).await.unwrap();
        assert_eq!(answer.header("content-encoding"), Some(coding));
        assert_eq!(answer.header("content-length"), None);
        assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
        assert_eq!(answer.header("accept-ranges"), None);
        assert_eq!(answer.header("etag"), Some("W/\"v1\""));
        assert_eq!(answer.header("vary"), Some("Accept-Encoding"));
        assert!(answer.body.len() < page.len() / 4, "{}", answer.body.len());
        let plain = match coding {
            "gzip" => gunzipped(&answer.body),
            _ => unbrotlied(&answer.body),
        };
        assert!(plain == page);
        let head = wire
            .ask(format!(
                "HEAD / HTTP/1.1\r\nHost: shop\r\nAccept-Encoding: {accepted}\r\n\r\n"
            ))
            .await
            .unwrap();
        assert_eq!(head.header("content-encoding"), Some(coding));
        assert_eq!(head.header("content-length"), None);
    }
    // Nothing is left in hand.
    proxy
        .until(1, |it| it.in_flight == InFlight::default())
        .await;
}

#[tokio::test]
async fn who_cannot_is_answered_as_ever() {
    let proxy = Proxy::start().await;
    let page = page();
    let instance = sending(whole(&page)).await;
    let listen = compressing(&proxy, instance).await;
    let mut wire = Wire::connect(listen).await;
    let answer = wire.get("/").await.unwrap();
    assert_eq!(answer.header("content-encoding"), None);
    assert_eq!(answer.header("etag"), Some("\"v1\""));
    // A cache may have both.
    assert_eq!(answer.header("vary"), Some("Accept-Encoding"));
    assert!(answer.body == page);
    // It is not told the end of what has no length.
    let old = GZIP.replace("1.1", "1.0");
    let answer = Wire::connect(listen).await.ask(old).await.unwrap();
    assert_eq!(answer.header("content-encoding"), None);
    assert!(answer.body == page);
}

#[tokio::test]
async fn nothing_is_compressed_where_nobody_asked_for_it() {
    let page = page();
    let (_proxy, listen) = proxy_of(sending(whole(&page)).await).await;
    let answer = Wire::connect(listen).await.ask(GZIP).await.unwrap();
    assert_eq!(answer.header("content-encoding"), None);
    assert_eq!(answer.header("vary"), None);
    assert!(answer.body == page);
}

#[tokio::test]
async fn what_the_application_has_coded_stays_as_it_is() {
    let proxy = Proxy::start().await;
    let coded = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\n\
                 Content-Length: 5\r\n\r\ncoded";
    let listen = compressing(&proxy, sending(coded).await).await;
    let answer = Wire::connect(listen).await.ask(GZIP).await.unwrap();
    assert_eq!(answer.header("content-length"), Some("5"));
    assert_eq!(answer.body, b"coded");
}

#[tokio::test]
async fn what_has_come_is_sent_before_the_rest() {
    let proxy = Proxy::start().await;
    let notice = Arc::new(Notify::new());
    let awaited = Arc::clone(&notice);
    let instance = instance(move |mut wire, _| {
        let notice = Arc::clone(&awaited);
        async move {
            wire.read_request().await?;
            wire.send(
                "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nTrailer: x-sum\r\n\
                 Transfer-Encoding: chunked\r\n\r\n5\r\nfirst\r\n",
            )
            .await?;
            notice.notified().await;
            wire.send("6\r\nsecond\r\n0\r\nx-sum: 11\r\n\r\n").await?;
            wire.more().await
        }
    })
    .await;
    let listen = compressing(&proxy, instance).await;
    let mut wire = Wire::connect(listen).await;
    let asked = GZIP.replace("\r\n\r\n", "\r\nTE: trailers\r\n\r\n");
    wire.send(asked).await.unwrap();
    wire.read_head().await.unwrap();
    let mut coded = Vec::new();
    while gunzipped(&coded) != b"first" {
        coded.extend(wire.read_chunk().await.unwrap().unwrap());
    }
    notice.notify_one();
    while gunzipped(&coded) != b"firstsecond" {
        coded.extend(wire.read_chunk().await.unwrap().unwrap());
    }
    // The end of the coded text, the last chunk and what comes behind it.
    while !wire.read.ends_with(b"x-sum: 11\r\n\r\n") {
        wire.more().await.unwrap();
    }
}

#[tokio::test]
async fn who_comes_while_all_places_are_taken_is_answered_as_ever() {
    let change = |options: &mut Options| {
        options.workers = NonZeroUsize::new(1);
        options.limits.compressed = 1;
    };
    let proxy = Proxy::start_with(change).await;
    let (page, notice) = (page(), Arc::new(Notify::new()));
    let (answer, awaited) = (whole(&page), Arc::clone(&notice));
    let instance = instance(move |mut wire, number| {
        let (answer, notice) = (answer.clone(), Arc::clone(&awaited));
        async move {
            wire.read_request().await?;
            let (first, rest) = answer.split_at(answer.len() / 2);
            wire.send(first).await?;
            if number == 0 {
                notice.notified().await;
            }
            wire.send(rest).await
        }
    })
    .await;
    let listen = compressing(&proxy, instance).await;
    let mut slow = Wire::connect(listen).await;
    slow.send(GZIP).await.unwrap();
    let head = slow.read_head().await.unwrap();
    assert_eq!(head.header("content-encoding"), Some("gzip"));
    let coding = async || {
        let answer = Wire::connect(listen).await.ask(GZIP).await.unwrap();
        answer.header("content-encoding").map(str::to_owned)
    };
    assert_eq!(coding().await, None);
    notice.notify_one();
    while slow.read_chunk().await.unwrap().is_some() {}
    assert_eq!(coding().await.as_deref(), Some("gzip"));
}

#[tokio::test]
async fn what_breaks_off_has_no_end() {
    let proxy = Proxy::start().await;
    let instance = instance(|mut wire, _| async move {
        wire.read_request().await?;
        wire.send(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5000\r\n\r\nonly this",
        )
        .await
    })
    .await;
    let listen = compressing(&proxy, instance).await;
    let mut wire = Wire::connect(listen).await;
    wire.send(GZIP).await.unwrap();
    wire.read_head().await.unwrap();
    let mut coded = Vec::new();
    while let Some(chunk) = wire.read_chunk().await {
        coded.extend(chunk.expect("this is no end"));
    }
    assert_eq!(gunzipped(&coded), b"only this");
    proxy.until(1, |it| it.counters.failed == 1).await;
}

#[tokio::test]
async fn the_log_has_what_was_sent() {
    let (proxy, _dir, path) = logging(1).await;
    let page = page();
    let listen = compressing(&proxy, sending(whole(&page)).await).await;
    let mut wire = Wire::connect(listen).await;
    let answer = wire.ask(GZIP).await.unwrap();
    let line = &lines(&path, 1).await[0];
    assert_eq!(line["sent"], answer.body.len());
    assert_eq!(line["complete"], true);
}
