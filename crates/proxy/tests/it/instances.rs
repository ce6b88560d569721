//! What instances answer, and what of it goes on.

use std::net::SocketAddr;

use tokio::sync::mpsc;

use crate::kit::*;
use crate::played::*;
use crate::support::*;

/// An instance that answers each request with the same bytes.
async fn saying(answer: &'static [u8]) -> SocketAddr {
    instance(move |mut wire, _| async move {
        loop {
            wire.read_request().await?;
            wire.send(answer).await?;
        }
    })
    .await
}

async fn routed_to(address: SocketAddr) -> (Proxy, SocketAddr) {
    let (proxy, listen) = proxy_of(address).await;
    (proxy, listen)
}

#[tokio::test]
async fn an_answer_may_come_before_the_end_of_the_upload() {
    let address = instance(|mut wire, number| async move {
        let head = wire.read_head().await?;
        let status = match head.path() {
            "/large" => "413 Content Too Large",
            _ => "200 OK",
        };
        wire.send(format!(
            "HTTP/1.1 {status}\r\nX-Connection: {number}\r\nContent-Length: 2\r\n\r\nno"
        ))
        .await?;
        // Stays open: it is the proxy that must not go on with it.
        std::future::pending().await
    })
    .await;
    let (_proxy, listen) = routed_to(address).await;
    let mut wire = Wire::connect(listen).await;
    let answer = wire
        .ask("POST /large HTTP/1.1\r\nHost: shop\r\nContent-Length: 1000\r\n\r\nbeginning")
        .await
        .unwrap();
    assert_eq!((answer.status(), answer.text()), (413, "no"));
    let answer = Wire::connect(listen).await.get("/").await.unwrap();
    assert_eq!(answer.header("x-connection"), Some("1"));
}

#[tokio::test]
async fn interim_answers_are_left_out() {
    let (_proxy, listen) = routed_to(
        saying(
            b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n\
              HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        )
        .await,
    )
    .await;
    let mut wire = Wire::connect(listen).await;
    for _ in 0..3 {
        let answer = wire.get("/").await.unwrap();
        assert_eq!((answer.status(), answer.text()), (200, "ok"));
    }
}

#[tokio::test]
async fn what_follows_an_answer_answers_nobody() {
    let address = instance(|mut wire, number| async move {
        loop {
            wire.read_request().await?;
            wire.send(format!(
                "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{number:02}\
                 HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"
            ))
            .await?;
        }
    })
    .await;
    let (_proxy, listen) = routed_to(address).await;
    let mut wire = Wire::connect(listen).await;
    for number in 0..3 {
        let answer = wire.get("/").await.unwrap();
        assert_eq!(answer.text(), format!("{number:02}"));
    }
}

#[tokio::test]
async fn an_answer_that_is_none_is_a_502() {
    for answer in [
        &b"hello\r\n\r\n"[..],
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\na",
        b"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na",
        b"HTTP/1.1 200 OK\r\nno header\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"HTTP/2 200\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    ] {
        let (proxy, listen) = routed_to(saying(answer).await).await;
        let answered = Wire::connect(listen).await.get("/").await.unwrap();
        assert_eq!(
            answered.status(),
            502,
            "{}",
            String::from_utf8_lossy(answer)
        );
        assert_eq!(proxy.deployment(1).await.counters.failed, 1);
    }
}

#[tokio::test]
async fn a_chunk_that_is_none_breaks_the_answer_off() {
    let (_proxy, listen) = routed_to(
        saying(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\nx\r\n").await,
    )
    .await;
    let mut wire = Wire::connect(listen).await;
    assert!(wire.get("/").await.is_none());
}

#[tokio::test]
async fn an_upload_that_breaks_off_never_looks_whole() {
    let (got, mut gets) = mpsc::unbounded_channel();
    let address = instance(move |mut wire, _| {
        let got = got.clone();
        async move {
            while wire.more().await.is_some() {}
            got.send(String::from_utf8(wire.read).unwrap()).unwrap();
            None
        }
    })
    .await;
    let (_proxy, listen) = routed_to(address).await;
    for framing in ["Transfer-Encoding: chunked", "Content-Length: 99"] {
        let mut wire = Wire::connect(listen).await;
        wire.send(format!(
            "POST / HTTP/1.1\r\nHost: shop\r\n{framing}\r\n\r\n3\r\none\r\n"
        ))
        .await
        .unwrap();
        drop(wire);
        let seen = gets.recv().await.unwrap();
        assert!(seen.contains("one"), "{seen}");
        assert!(!seen.contains("0\r\n\r\n"), "{seen}");
    }
}

#[tokio::test]
async fn trailers_come_through_but_name_no_client() {
    let (got, mut gets) = mpsc::unbounded_channel();
    let address = instance(move |mut wire, _| {
        let got = got.clone();
        async move {
            let head = wire.read_head().await?;
            assert_eq!(head.header("te"), Some("trailers"));
            let end = b"\r\n0\r\nx-sum: 7\r\n\r\n";
            while !wire.read.ends_with(end) {
                wire.more().await?;
            }
            got.send(String::from_utf8(std::mem::take(&mut wire.read)).unwrap())
                .unwrap();
            wire.send(
                "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n\
                 2\r\nok\r\n0\r\nX-Sum: 8\r\n\r\n",
            )
            .await
        }
    })
    .await;
    let (_proxy, listen) = routed_to(address).await;
    let mut wire = Wire::connect(listen).await;
    wire.send(
        "POST / HTTP/1.1\r\nHost: shop\r\nTE: trailers\r\nConnection: te\r\n\
         Trailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n\
         3\r\none\r\n0\r\nX-Real-IP: 1.1.1.1\r\nContent-Length: 9\r\nX-Sum: 7\r\n\r\n",
    )
    .await
    .unwrap();
    assert_eq!(
        gets.recv().await.unwrap(),
        "3\r\none\r\n0\r\nx-sum: 7\r\n\r\n"
    );
    assert_eq!(wire.read_head().await.unwrap().status(), 200);
    assert_eq!(wire.take(7).await.unwrap(), b"2\r\nok\r\n");
    let last = wire.take(15).await.unwrap();
    assert_eq!(last, b"0\r\nx-sum: 8\r\n\r\n");
}
