//! Start, list, stop.

use shipway_pipeline::colour::Slot;
use shipway_runtime::{HealthStatus, Runtime as _, StopHow};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{World, ends_slowly, is_running};

/// Answers with its host name.
const WEB: &str = "
  web:
    image: x
    init: true
    command: [sh, -c, 'mkdir -p /w && hostname >/w/index.html && exec httpd -f -p 8000 -h /w']
    networks: {default: null}
    stop_grace_period: 5s
";

async fn ask(address: std::net::SocketAddr) -> Option<String> {
    let mut stream = TcpStream::connect(address).await.ok()?;
    stream.write_all(b"GET / HTTP/1.0\r\n\r\n").await.ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.ok()?;
    Some(answer)
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn instances_run_and_answer_at_their_addresses() {
    let world = World::new();
    let spec = world.spec(1, Slot::Blue, WEB, &[("web", 2)]);
    world.runtime.start(&spec).await.unwrap();
    let found = world.list(Slot::Blue).await;
    let ids: Vec<String> = found.iter().map(|one| one.id.to_string()).collect();
    assert_eq!(ids, ["web-1", "web-2"]);
    for instance in found {
        assert_eq!(instance.deployment, spec.deployment);
        let address = instance.address.unwrap();
        let answer = crate::support::eventually(|| ask(address)).await;
        assert!(answer.contains("200 OK"), "{answer}");
    }
    assert_eq!(world.list(Slot::Green).await, []);
    let stopped = world.runtime.stop(&spec.key, None).await.unwrap();
    assert!(
        stopped.iter().all(|one| one.how == StopHow::Gracefully),
        "{stopped:?}"
    );
    assert_eq!(world.list(Slot::Blue).await, []);
    let only = [ids[0].parse().unwrap()];
    let again = world.runtime.stop(&spec.key, Some(&only)).await.unwrap();
    assert_eq!(again[0].how, StopHow::WasGone);
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn what_runs_for_the_same_deployment_is_left_alone() {
    let world = World::new();
    let one = world.spec(1, Slot::Blue, WEB, &[("web", 1)]);
    world.runtime.start(&one).await.unwrap();
    let before = world.container_ids(Slot::Blue);
    // Under a later epoch, as after a crash, and with one more.
    let mut two = world.spec(1, Slot::Blue, WEB, &[("web", 2)]);
    two.epoch.0 = 9;
    world.runtime.start(&two).await.unwrap();
    let after = world.container_ids(Slot::Blue);
    assert_eq!(after.len(), 2);
    assert!(after.contains(&before[0]));
    // Fewer stop nothing: that is for `stop` to do.
    two.services[0].replicas = 1;
    world.runtime.start(&two).await.unwrap();
    assert_eq!(world.container_ids(Slot::Blue), after);
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn one_whose_stop_nobody_waits_for_any_more_is_started_again() {
    let world = World::new();
    let spec = world.spec(1, Slot::Blue, &ends_slowly(), &[("web", 1)]);
    world.runtime.start(&spec).await.unwrap();
    let first = world.container_ids(Slot::Blue);
    let id = "web-1".parse().unwrap();
    let is_ending = async || {
        let lines = world.runtime.logs(&spec.key, &id, 10).await.unwrap();
        lines.contains(&"ending".to_owned()).then_some(())
    };
    // As if whoever stops it were killed: the engine goes on.
    tokio::select! {
        _ = world.runtime.stop(&spec.key, None) => panic!("it has not ended"),
        () = crate::support::eventually(is_ending) => {}
    }
    world.runtime.start(&spec).await.unwrap();
    let second = world.container_ids(Slot::Blue);
    assert_ne!(second, first);
    assert!(world.list(Slot::Blue).await.iter().all(is_running));
    world.runtime.start(&spec).await.unwrap();
    assert_eq!(world.container_ids(Slot::Blue), second);
    world.runtime.stop(&spec.key, None).await.unwrap();
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn another_deployment_takes_the_names_it_needs() {
    let world = World::new();
    let old = world.spec(1, Slot::Blue, WEB, &[("web", 2)]);
    world.runtime.start(&old).await.unwrap();
    let new = world.spec(2, Slot::Blue, WEB, &[("web", 1)]);
    world.runtime.start(&new).await.unwrap();
    let found = world.list(Slot::Blue).await;
    let deployments: Vec<u64> = found.iter().map(|one| one.deployment.0).collect();
    assert_eq!(deployments, [2, 1]);
    let late = world.runtime.start(&old).await.unwrap_err();
    assert!(
        late.to_string().contains("another deployment took over"),
        "{late}"
    );
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn health_checks_of_the_file_are_reported() {
    let world = World::new();
    let check = |test: &str| {
        format!("{WEB}    healthcheck: {{test: [CMD-SHELL, '{test}'], interval: 1s, retries: 1}}\n")
    };
    let spec = world.spec(1, Slot::Blue, &check("true"), &[("web", 1)]);
    world.runtime.start(&spec).await.unwrap();
    let status = |one: &shipway_runtime::Instance| one.health.as_ref().map(|health| health.status);
    world
        .until(Slot::Blue, "web-1", |one| {
            status(one) == Some(HealthStatus::Healthy)
        })
        .await;
    let sick = world.spec(
        2,
        Slot::Green,
        &check("echo no database; exit 1"),
        &[("web", 1)],
    );
    world.runtime.start(&sick).await.unwrap();
    let found = world
        .until(Slot::Green, "web-1", |one| {
            status(one) == Some(HealthStatus::Unhealthy)
        })
        .await;
    assert_eq!(found.health.unwrap().last_output, "no database");
}

#[tokio::test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
async fn a_container_removed_by_hand_is_gone_and_comes_back() {
    let world = World::new();
    let spec = world.spec(1, Slot::Blue, WEB, &[("web", 1)]);
    world.runtime.start(&spec).await.unwrap();
    let name = format!("{}-testing-blue-web-1", world.project);
    crate::support::docker(&["rm", "--force", &name]);
    assert_eq!(world.list(Slot::Blue).await, []);
    world.runtime.start(&spec).await.unwrap();
    world.until(Slot::Blue, "web-1", is_running).await;
}
