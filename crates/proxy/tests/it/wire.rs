//! What is refused before it reaches an instance, and how connections end.

use std::time::Duration;

use crate::kit::*;
use crate::played::*;
use crate::support::*;

/// Sends it to an instance that counts; the answer's status, and whether the connection ended.
async fn sent(request: impl AsRef<[u8]>) -> (u16, bool, u32) {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let seen = Seen::default();
    let noted = seen.clone();
    let address = instance(move |mut wire, _| {
        let seen = noted.clone();
        async move {
            loop {
                let request = wire.read_request().await?;
                assert!(!request.head.contains("evil"), "{}", request.head);
                seen.note("request");
                wire.answer("v1", b"").await?;
            }
        }
    })
    .await;
    proxy
        .route(listen, vec![backend(1, "web-1", address)])
        .await;
    let mut wire = Wire::connect(listen).await;
    let answer = wire.ask(request).await.expect("no answer");
    let is_closed = answer.header("connection") == Some("close") || wire.is_closed().await;
    (answer.status(), is_closed, seen.count("request"))
}

async fn is_refused(status: u16, request: &str) {
    let told = sent(request).await;
    assert_eq!(told, (status, true, 0), "{request:?}");
}

#[tokio::test]
async fn two_lengths_are_refused() {
    is_refused(
        400,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n\
         0\r\n\r\nGET /evil HTTP/1.1\r\nHost: a\r\n\r\n",
    )
    .await;
    is_refused(
        400,
        "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n\
         0\r\n\r\n",
    )
    .await;
    is_refused(
        400,
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
    )
    .await;
}

#[tokio::test]
async fn unknown_codings_are_refused() {
    for coding in ["gzip", "chunked, gzip", "xchunked", "identity"] {
        is_refused(
            400,
            &format!("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: {coding}\r\n\r\n0\r\n\r\n"),
        )
        .await;
    }
}

#[tokio::test]
async fn one_host_is_wanted() {
    is_refused(400, "GET / HTTP/1.1\r\n\r\n").await;
    is_refused(400, "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n").await;
    is_refused(400, "GET / HTTP/1.1\r\nHost: a/../evil\r\n\r\n").await;
    is_refused(400, "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n").await;
}

#[tokio::test]
async fn loose_heads_are_refused() {
    is_refused(400, "GET / HTTP/1.1\nHost: a\n\n").await;
    is_refused(400, "GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n").await;
    is_refused(400, "GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n folded\r\n\r\n").await;
    is_refused(400, "GET / HTTP/1.1\r\nHost : a\r\n\r\n").await;
    is_refused(400, "GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n").await;
    is_refused(400, "nonsense\r\n\r\n").await;
}

#[tokio::test]
async fn tunnels_are_refused() {
    is_refused(405, "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n").await;
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let value = "x".repeat(128 * 1024);
    is_refused(
        431,
        &format!("GET / HTTP/1.1\r\nHost: a\r\nX: {value}\r\n\r\n"),
    )
    .await;
    let many = "X: y\r\n".repeat(200);
    is_refused(431, &format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n")).await;
    let value = "x".repeat(48 * 1024);
    let fits = format!("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX: {value}\r\n\r\n");
    assert_eq!(sent(fits).await, (200, true, 1));
}

#[tokio::test]
async fn a_refused_client_that_sends_on_still_reads_the_refusal() {
    // Megabytes behind the refused head: a plain close would reset the connection.
    let mut request =
        b"POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\nContent-Length: 900000\r\n\r\n".to_vec();
    request.resize(request.len() + 900_000, b'x');
    assert_eq!(sent(request).await, (400, true, 0));
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let (_proxy, listen) = proxy_of(echo("v1").await).await;
    let mut wire = Wire::connect(listen).await;
    let mut pipeline = String::new();
    for number in 0..5 {
        pipeline += &format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n{number}");
    }
    pipeline += "GET / HTTP/1.1\r\nHost: a\nBad: evil\r\n\r\n";
    wire.send(pipeline).await.unwrap();
    for number in 0..5 {
        let answer = wire.read_response().await.unwrap();
        assert_eq!(answer.text(), number.to_string());
    }
    assert_eq!(wire.read_response().await.unwrap().status(), 400);
    assert!(wire.is_closed().await);
}

#[tokio::test]
async fn slow_heads_and_idle_connections_are_closed() {
    let proxy = Proxy::start_with(|options| {
        options.limits.header_read = Duration::from_millis(40);
        options.limits.keep_alive = Duration::from_millis(40);
    })
    .await;
    let listen = free_address();
    proxy
        .route(listen, vec![backend(1, "web-1", echo("v1").await)])
        .await;
    let mut slow = Wire::connect(listen).await;
    slow.send("GET / HTTP/1.1\r\nHo").await.unwrap();
    assert!(slow.is_closed().await);
    let mut idle = Wire::connect(listen).await;
    idle.get("/").await.unwrap();
    assert!(idle.is_closed().await);
}

#[tokio::test]
async fn a_client_that_stalls_in_its_upload_is_cut() {
    let proxy = Proxy::start_with(|options| {
        options.limits.body_idle = Duration::from_millis(40);
        options.limits.response_head = Duration::from_millis(40);
    })
    .await;
    let listen = free_address();
    proxy
        .route(listen, vec![backend(1, "web-1", echo("v1").await)])
        .await;
    let mut wire = Wire::connect(listen).await;
    wire.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc")
        .await
        .unwrap();
    assert!(wire.is_closed().await);
    proxy.until(1, |it| it.in_flight.total() == 0).await;
}
