//! What is written down of requests.

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};

use serde_json::Value;
use shipway_proxy::{AccessLog, LogPlace, Options};
use tempfile::TempDir;

use crate::kit::*;
use crate::played::*;
use crate::support::*;

/// A proxy that writes one in so many requests that went well down.
pub(crate) async fn logging(one_in: u32) -> (Proxy, TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("access.log");
    let log = AccessLog {
        place: LogPlace::File(path.clone()),
        one_in: NonZeroU32::new(one_in).unwrap(),
    };
    let change = |options: &mut Options| {
        options.access_log = Some(log);
        options.trusted = vec!["127.0.0.0/8".parse().unwrap()];
    };
    (Proxy::start_with(change).await, dir, path)
}

/// The lines, as soon as there are so many.
pub(crate) async fn lines(path: &Path, count: usize) -> Vec<Value> {
    let read = || std::fs::read_to_string(path).unwrap_or_default();
    let is_whole = |text: &str| text.lines().count() >= count && text.ends_with('\n');
    until(async || is_whole(&read())).await;
    let text = read();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap());
    lines.collect()
}

#[tokio::test]
async fn a_request_is_a_line() {
    let (proxy, _dir, path) = logging(1).await;
    let listen = routed(&proxy, mirror().await).await;
    let mut wire = Wire::connect(listen).await;
    let answer = wire
        .ask(
            "POST /a?b=c&token=hush HTTP/1.1\r\nHost: shop\r\nAuthorization: hush\r\n\
             Cookie: hush\r\nX-Forwarded-For: 192.0.2.1\r\nContent-Length: 3\r\n\r\nabc",
        )
        .await
        .unwrap();
    let [line] = &lines(&path, 1).await[..] else {
        panic!("one line was expected");
    };
    for (key, value) in [
        ("project", "shop"),
        ("environment", "production"),
        ("colour", "blue"),
        ("deployment", "d1"),
        ("instance", "web-1"),
        ("client", "192.0.2.1"),
        ("method", "POST"),
        ("host", "shop"),
        ("path", "/a?b=c&token=***"),
        ("protocol", "HTTP/1.1"),
    ] {
        assert_eq!(line[key], value, "{key} of {line:#}");
    }
    assert_eq!(line["status"], 200);
    assert_eq!(line["received"], 3);
    assert_eq!(line["sent"], answer.body.len());
    assert_eq!(line["retries"], 0);
    assert_eq!(line["tls"], false);
    assert_eq!(line["complete"], true);
    let (all, upstream) = (&line["duration_ms"], &line["upstream_ms"]);
    assert!(
        all.as_f64().unwrap() >= upstream.as_f64().unwrap(),
        "{line:#}"
    );
    // The instance knows it by the same name.
    let name = line["request_id"].as_str().unwrap();
    assert_eq!(name.len(), 32);
    let told = format!("x-request-id: {name}\r\n");
    assert!(answer.text().to_ascii_lowercase().contains(&told));
    assert!(!line.to_string().contains("hush"));
}

#[tokio::test]
async fn a_harmless_name_of_the_client_is_kept_and_another_replaced() {
    let (proxy, _dir, path) = logging(1).await;
    let listen = routed(&proxy, echo("a").await).await;
    let mut wire = Wire::connect(listen).await;
    let long = "x".repeat(65);
    for name in ["abc-1.2_3", "a b", &long] {
        let request = format!("GET / HTTP/1.1\r\nHost: shop\r\nX-Request-Id: {name}\r\n\r\n");
        wire.ask(request).await.unwrap();
    }
    let names: Vec<_> = lines(&path, 3).await;
    assert_eq!(names[0]["request_id"], "abc-1.2_3");
    for line in &names[1..] {
        assert_eq!(line["request_id"].as_str().unwrap().len(), 32);
    }
}

#[tokio::test]
async fn what_went_well_is_sampled_and_what_did_not_is_written() {
    let (proxy, _dir, path) = logging(5).await;
    let listen = routed(&proxy, echo("a").await).await;
    // One connection has one worker, which counts for itself.
    let mut wire = Wire::connect(listen).await;
    for _ in 0..10 {
        assert_eq!(wire.get("/good").await.unwrap().status(), 200);
    }
    proxy.route(listen, vec![]).await;
    for _ in 0..3 {
        assert_eq!(wire.get("/bad").await.unwrap().status(), 503);
    }
    let lines = lines(&path, 5).await;
    let statuses: Vec<_> = lines.iter().map(|line| line["status"].as_u64()).collect();
    let expected = [200, 200, 503, 503, 503].map(Some);
    assert_eq!(statuses, expected);
    assert!(lines[4].get("instance").is_none(), "{:#}", lines[4]);
    let metrics = proxy.client.metrics().await.unwrap();
    let dropped = "shipway_proxy_access_log_lines_total{fate=\"dropped\"} 0";
    assert!(metrics.contains(dropped), "{metrics}");
}

#[tokio::test]
async fn an_answer_that_broke_off_is_told() {
    let (proxy, _dir, path) = logging(1).await;
    let listen = free_address();
    let cutting = instance(|mut wire, _| async move {
        wire.read_request().await?;
        wire.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345")
            .await
    });
    proxy
        .route(listen, vec![backend(1, "web-1", cutting.await)])
        .await;
    let mut wire = Wire::connect(listen).await;
    assert!(wire.get("/").await.is_none());
    let lines = lines(&path, 1).await;
    assert_eq!(lines[0]["complete"], false);
    assert_eq!(lines[0]["status"], 200);
    assert_eq!(lines[0]["sent"], 5);
}

#[tokio::test]
async fn a_file_that_is_moved_away_gets_a_successor() {
    let (proxy, dir, path) = logging(1).await;
    let listen = routed(&proxy, echo("a").await).await;
    let mut wire = Wire::connect(listen).await;
    wire.get("/first").await.unwrap();
    lines(&path, 1).await;
    let moved = dir.path().join("access.log.1");
    std::fs::rename(&path, &moved).unwrap();
    // At once, when it is said.
    proxy.client.reload().await.unwrap();
    wire.get("/second").await.unwrap();
    assert_eq!(lines(&path, 1).await[0]["path"], "/second");
    assert_eq!(lines(&moved, 1).await.len(), 1);
    // And by itself, within some seconds.
    std::fs::remove_file(&path).unwrap();
    until(async || path.exists()).await;
    wire.get("/third").await.unwrap();
    assert_eq!(lines(&path, 1).await[0]["path"], "/third");
}

#[tokio::test]
async fn what_was_taken_is_written_before_the_end() {
    let (proxy, dir, path) = logging(1).await;
    let listen = routed(&proxy, echo("a").await).await;
    let mut wire = Wire::connect(listen).await;
    for _ in 0..20 {
        wire.get("/").await.unwrap();
    }
    drop(wire);
    proxy.stop().await;
    let text = std::fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 20);
    drop(dir);
}
