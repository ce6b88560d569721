//! What survives the end of a proxy, however it ends.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command};

use shipway_proxy::control::Client;
use shipway_proxy::{Error, Options, Paths};

use crate::played::*;
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
    spawn_with(dir, &[])
}

fn spawn_with(dir: &Path, variables: &[(&str, &str)]) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "state::child", "--nocapture"])
        .env(DIR, dir)
        .envs(variables.iter().copied())
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

/// A release build has no points at which it can be killed.
#[cfg(debug_assertions)]
#[tokio::test]
async fn what_was_acknowledged_survives_a_kill_at_every_point_of_every_write() {
    use std::os::unix::process::ExitStatusExt as _;

    let listen = free_address();
    for point in 1.. {
        let dir = tempfile::tempdir().unwrap();
        let paths = Paths::new(dir.path());
        let mut child = spawn_with(dir.path(), &[("SHIPWAY_CRASH_AT", &point.to_string())]);
        let mut acknowledged = 0;
        if let Ok((client, _)) = until_ready_or_dead(&paths, &mut child).await {
            for generation in 1..=3 {
                match client.put_route(&route(listen, generation, vec![])).await {
                    Ok(_) => acknowledged = generation,
                    Err(_) => break,
                }
            }
        }
        let is_over = acknowledged == 3 && child.try_wait().unwrap().is_none();
        if is_over {
            child.kill().unwrap();
            child.wait().unwrap();
            // Each write alone has a handful.
            assert!(point > 15, "only {point} points");
            break;
        }
        assert_eq!(child.wait().unwrap().signal(), Some(9), "point {point}");

        let mut child = spawn(dir.path());
        let (client, _) = Client::wait_ready(paths.control(), PATIENCE).await.unwrap();
        let found = client.routes().await.unwrap();
        let found = found.first().map_or(0, |route| route.generation.0);
        let is_right = found == acknowledged || found == acknowledged + 1;
        assert!(is_right, "{found} after {acknowledged}, point {point}");
        // It goes on from there, and what the killed one left lies about no longer.
        client.put_route(&route(listen, 9, vec![])).await.unwrap();
        let names: Vec<_> = std::fs::read_dir(dir.path()).unwrap().collect();
        let names = names.into_iter().map(|one| one.unwrap().file_name());
        let stray = names
            .into_iter()
            .find(|name| name.to_string_lossy().ends_with(".new"));
        assert_eq!(stray, None, "point {point}");
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

#[cfg(debug_assertions)]
async fn until_ready_or_dead(
    paths: &Paths,
    child: &mut Child,
) -> Result<(Client, shipway_proxy::control::Health), ()> {
    let client = Client::new(paths.control());
    loop {
        if let Ok(health) = client.health().await {
            return Ok((client, health));
        }
        if child.try_wait().unwrap().is_some() {
            return Err(());
        }
        tokio::task::yield_now().await;
    }
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
