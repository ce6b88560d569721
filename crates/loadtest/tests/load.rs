//! The load generator against servers that behave and servers that do not.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use shipway_loadtest::{Body, Builder, Cause, Error, Handle, Load, Report, Template};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (listener, address)
}

/// A server that answers with what the function makes of path and body.
async fn server(
    answer: impl Fn(&str, Bytes) -> Response<Full<Bytes>> + Send + Sync + 'static,
) -> SocketAddr {
    let (listener, address) = listen().await;
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let answer = Arc::clone(&answer);
            let service = hyper::service::service_fn(move |request: Request<Incoming>| {
                let answer = Arc::clone(&answer);
                async move {
                    let path = request.uri().to_string();
                    let body = request.into_body().collect().await.unwrap().to_bytes();
                    Ok::<_, Infallible>(answer(&path, body))
                }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service);
            tokio::spawn(connection);
        }
    });
    address
}

/// A server that does with each connection what the function says.
async fn raw_server<F>(serve: impl Fn(TcpStream, u64) -> F + Send + 'static) -> SocketAddr
where
    F: Future<Output = ()> + Send + 'static,
{
    let (listener, address) = listen().await;
    tokio::spawn(async move {
        for number in 0.. {
            let (stream, _) = listener.accept().await.unwrap();
            tokio::spawn(serve(stream, number));
        }
    });
    address
}

async fn read_head(stream: &mut TcpStream) -> bool {
    let mut head = vec![];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read_u8().await {
            Ok(byte) => head.push(byte),
            Err(_) => return false,
        }
    }
    true
}

fn load(address: SocketAddr) -> Builder {
    Load::builder(format!("http://{address}").parse().unwrap())
        .connections(4)
        .tally_by(HeaderName::from_static("x-release"))
}

async fn until(load: &Handle, wanted: impl Fn(&Report) -> bool) {
    let looked = async {
        while !wanted(&load.snapshot()) {
            tokio::task::yield_now().await;
        }
    };
    if tokio::time::timeout(Duration::from_secs(60), looked)
        .await
        .is_err()
    {
        panic!("{:?}", load.snapshot());
    }
}

#[tokio::test]
async fn every_request_is_counted_once() {
    let received = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&received);
    let release = Arc::new(AtomicU64::new(1));
    let present = Arc::clone(&release);
    let address = server(move |path, body| {
        noted.lock().unwrap().push((path.to_owned(), body));
        let release = present.load(Ordering::SeqCst);
        Response::builder()
            .header("x-release", format!("v{release}"))
            .body(Full::new("hello".into()))
            .unwrap()
    })
    .await;
    let load = load(address)
        .request(2, Template::get("/read"))
        .request(1, Template::post("/write/{n}", r#"{"key": {n}}"#))
        .request(1, Template::get("/once").closing())
        .threads(2)
        .start()
        .unwrap();
    until(&load, |report| report.total.answered() >= 200).await;
    let marked = load.mark("v2");
    release.store(2, Ordering::SeqCst);
    until(&load, |report| report.segments[1].counts.answered() >= 200).await;
    let report = load.stop().await;

    assert_eq!(report.total.failed(), 0);
    assert_eq!(report.total.sent, report.total.answered());
    assert_eq!(report.total.answered[&200], report.total.sent);
    let mut received = std::mem::take(&mut *received.lock().unwrap());
    assert_eq!(received.len() as u64, report.total.sent);
    received.retain(|(path, _)| path.starts_with("/write/"));
    for (path, body) in &received {
        let number = path.trim_start_matches("/write/");
        assert_eq!(body, &format!(r#"{{"key": {number}}}"#));
    }
    let count = received.len();
    received.sort();
    received.dedup();
    assert_eq!(received.len(), count, "a number came twice");

    let [first, second] = &report.segments[..] else {
        panic!("{report:?}");
    };
    assert_eq!(second.label, "v2");
    assert_eq!(second.began, marked);
    assert_eq!(first.counts.sent + second.counts.sent, report.total.sent);
    let (old, new) = (report.total.by_header["v1"], report.total.by_header["v2"]);
    assert_eq!(old.count + new.count, report.total.sent);
    assert!(new.first > marked);
    assert!(old.last_sent <= old.last);
    assert!(report.total.quantile(0.5).is_some());
    let text = serde_json::to_string(&report).unwrap();
    assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
}

#[tokio::test]
async fn a_dropped_connection_is_a_lost_request_and_not_sent_again() {
    let requests = Arc::new(AtomicU64::new(0));
    let noted = Arc::clone(&requests);
    // Every third connection is dropped in place of an answer, every third within it.
    let address = raw_server(move |mut stream, number| {
        let requests = Arc::clone(&noted);
        async move {
            if !read_head(&mut stream).await {
                return;
            }
            requests.fetch_add(1, Ordering::SeqCst);
            let answer: &[u8] = match number % 3 {
                0 => b"",
                1 => b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf",
                _ => b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok",
            };
            stream.write_all(answer).await.unwrap();
        }
    })
    .await;
    let load = load(address).start().unwrap();
    until(&load, |report| report.total.answered() >= 20).await;
    let report = load.stop().await;
    let failed = &report.total.failed;
    assert!(failed[&Cause::Reset] >= 10, "{failed:?}");
    assert!(failed[&Cause::Truncated] >= 10, "{failed:?}");
    assert_eq!(
        report.total.lost() + report.total.answered(),
        report.total.sent
    );
    assert_eq!(requests.load(Ordering::SeqCst), report.total.sent);
}

#[tokio::test]
async fn a_connection_closed_while_idle_costs_no_request() {
    let (closed, closes) = std::sync::mpsc::channel();
    // Closes after one answer without a word.
    let address = raw_server(move |mut stream, _| {
        let closed = closed.clone();
        async move {
            if read_head(&mut stream).await {
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
                stream.write_all(answer).await.unwrap();
                drop(stream);
                closed.send(()).unwrap();
            }
        }
    })
    .await;
    // The client makes its next request only when that has happened.
    let closes = Mutex::new(closes);
    let wait = Body::Made(Arc::new(move |number| {
        if number > 0 {
            closes.lock().unwrap().recv().unwrap();
        }
        Bytes::new()
    }));
    let load = load(address)
        .connections(1)
        .request(1, Template::get("/").with_body(wait))
        .start()
        .unwrap();
    until(&load, |report| report.total.sent >= 20).await;
    let report = load.stop().await;
    assert_eq!(report.total.lost(), 0, "{report:?}");
}

#[tokio::test]
async fn causes_are_told_apart() {
    let address = server(|_, _| {
        let mut response = Response::new(Full::default());
        *response.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
        response
    })
    .await;
    let busy = load(address).start().unwrap();
    until(&busy, |report| report.total.answered() >= 5).await;
    let report = busy.stop().await;
    assert_eq!(report.total.failed[&Cause::Status], report.total.sent);
    assert_eq!(
        (report.total.lost(), report.total.answered[&503]),
        (0, report.total.sent)
    );

    let silent =
        raw_server(|mut stream, _| async move { while read_head(&mut stream).await {} }).await;
    let late = load(silent)
        .timeout(Duration::from_millis(20))
        .start()
        .unwrap();
    until(&late, |report| report.total.failed() >= 5).await;
    let report = late.stop().await;
    assert_eq!(report.total.failed[&Cause::Timeout], report.total.sent);

    let (listener, nobody) = listen().await;
    drop(listener);
    let refused = load(nobody).start().unwrap();
    until(&refused, |report| report.total.failed() >= 5).await;
    let report = refused.stop().await;
    assert_eq!(report.total.failed[&Cause::Connect], report.total.sent);
}

#[tokio::test]
async fn streams_are_held_and_opened_again() {
    let address = raw_server(|mut stream, number| async move {
        read_head(&mut stream).await;
        let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\
            Transfer-Encoding: chunked\r\n\r\n6\r\ndata\n\n\r\n";
        stream.write_all(head).await.unwrap();
        match number {
            // The first breaks off, the second ends, the others go on.
            0 => {}
            1 => stream.write_all(b"0\r\n\r\n").await.unwrap(),
            _ => while read_head(&mut stream).await {},
        }
    })
    .await;
    let load = load(address)
        .connections(0)
        .streams(2, "/events")
        .start()
        .unwrap();
    until(&load, |report| {
        let streams = report.total.streams;
        streams.opened == 4 && streams.pieces == 4
    })
    .await;
    let streams = load.stop().await.total.streams;
    assert_eq!((streams.broken, streams.ended, streams.refused), (1, 1, 0));
}

#[test]
fn what_cannot_be_loaded_is_refused() {
    for bad in ["https://127.0.0.1", "/path"] {
        let started = Load::builder(bad.parse().unwrap()).start();
        assert!(matches!(started, Err(Error::Target(_))), "{bad}");
    }
    let started = Load::builder("http://127.0.0.1:1".parse().unwrap())
        .request(1, Template::get("no path"))
        .start();
    assert!(matches!(started, Err(Error::Path(_))));
}
