//! What survives the end of a proxy, however it ends.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command};

use shipway_proxy::control::Client;
use shipway_proxy::{Error, Options, Paths};

use crate::support::*;

const DIR: &str = "SHIPWAY_TEST_PROXY_DIR";

/// Not a test: the proxy that the tests below run as a process of its own.
#[test]
fn child() {
    if let Ok(dir) = std::env::var(DIR) {
        shipway_proxy::run(Options::new(dir)).unwrap();
    }
}

fn spawn(dir: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "state::child", "--nocapture"])
        .env(DIR, dir)
        .spawn()
        .unwrap()
}

async fn release_at(listen: SocketAddr) -> String {
    let answer = Wire::connect(listen).await.get("/").await.unwrap();
    answer.header("x-release").unwrap().to_owned()
}

#[tokio::test]
async fn the_table_survives_kill_9() {
    let dir = tempfile::tempdir().unwrap();
    let paths = Paths::new(dir.path());
    let listen = free_address();
    let (v1, v2) = (echo("v1").await, echo("v2").await);

    let mut child = spawn(dir.path());
    let (client, _) = Client::wait_ready(paths.control(), PATIENCE).await.unwrap();
    let first = route(listen, 1, vec![backend(1, "web-1", v1)]);
    let second = route(listen, 2, vec![backend(2, "web-1", v2)]);
    client.put_route(&first).await.unwrap();
    client.put_route(&second).await.unwrap();
    child.kill().unwrap();
    child.wait().unwrap();

    let mut child = spawn(dir.path());
    let (client, health) = Client::wait_ready(paths.control(), PATIENCE).await.unwrap();
    // It listens before it answers.
    assert_eq!(health.listening, [listen]);
    assert_eq!(release_at(listen).await, "v2");
    assert_eq!(client.routes().await.unwrap(), [second]);
    // Epochs and generations are remembered too.
    assert!(client.put_route(&first).await.is_err());
    child.kill().unwrap();
    child.wait().unwrap();

    // The newest table is torn: the one before it is used.
    std::fs::write(paths.routes(), "{ torn").unwrap();
    let mut child = spawn(dir.path());
    Client::wait_ready(paths.control(), PATIENCE).await.unwrap();
    assert_eq!(release_at(listen).await, "v1");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn sigterm_finishes_what_is_in_hand() {
    let dir = tempfile::tempdir().unwrap();
    let paths = Paths::new(dir.path());
    let listen = free_address();
    let mut child = spawn(dir.path());
    let (client, _) = Client::wait_ready(paths.control(), PATIENCE).await.unwrap();

    let (arrived, mut arrivals) = tokio::sync::mpsc::unbounded_channel();
    let go_on = std::sync::Arc::new(tokio::sync::Notify::new());
    let release = go_on.clone();
    let slow = instance(move |mut wire, _| {
        let (arrived, release) = (arrived.clone(), release.clone());
        async move {
            wire.read_request().await?;
            arrived.send(()).unwrap();
            release.notified().await;
            wire.answer("v1", b"whole").await
        }
    })
    .await;
    let route = route(listen, 1, vec![backend(1, "web-1", slow)]);
    client.put_route(&route).await.unwrap();
    let mut wire = Wire::connect(listen).await;
    wire.send("GET / HTTP/1.1\r\nHost: shop\r\n\r\n")
        .await
        .unwrap();
    arrivals.recv().await.unwrap();

    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    // No new connections, but the one in hand is answered and told to go.
    while std::net::TcpStream::connect(listen).is_ok() {
        tokio::task::yield_now().await;
    }
    go_on.notify_one();
    let answer = wire.read_response().await.unwrap();
    assert_eq!(answer.text(), "whole");
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(wire.is_closed().await);
    assert!(child.wait().unwrap().success());
    assert!(!paths.control().exists());
}

#[tokio::test]
async fn a_directory_has_one_proxy() {
    use std::os::unix::fs::PermissionsExt;
    let proxy = Proxy::start().await;
    let options = Options::new(proxy.paths.dir());
    let second = tokio::task::spawn_blocking(|| shipway_proxy::run(options));
    let error = second.await.unwrap().unwrap_err();
    assert!(matches!(
        error,
        Error::Directory(shipway_proxy::DirectoryError::Taken(_))
    ));
    let mode = proxy.paths.dir().metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);

    // When it ends, the next one can start.
    let dir = proxy.stop().await;
    Proxy::start_in(dir, |_| {}).await.stop().await;
}

#[tokio::test]
async fn a_port_that_was_taken_meanwhile_is_got_back_later() {
    let proxy = Proxy::start().await;
    let listen = free_address();
    let other = free_address();
    let route_there = proxy
        .route(listen, vec![backend(1, "web-1", echo("v1").await)])
        .await;
    let mut second = route(other, 1, vec![]);
    second.key.environment = "staging".parse().unwrap();
    proxy.client.put_route(&second).await.unwrap();
    let dir = proxy.stop().await;

    let thief = std::net::TcpListener::bind(listen).unwrap();
    let proxy = Proxy::start_in(dir, |_| {}).await;
    let health = proxy.client.health().await.unwrap();
    assert_eq!(health.listening, [other]);
    assert_eq!(health.unbound[0].address, listen);
    drop(thief);
    // A repeated call tries at once.
    proxy.client.put_route(&route_there).await.unwrap();
    assert_eq!(release_at(listen).await, "v1");
}
