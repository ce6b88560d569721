//! The same promises with containers of a real Docker Engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use shipway_testkit::{Behaviour, Environment, Sandbox, Socket, Traffic, wait_until};

use crate::common::{PROGRAM, deployed, text};

const SWITCHES: usize = 20;

/// Each switch costs what the engine needs for a container, and as little more as may be.
fn quick() -> Environment {
    Environment::new("testing").with(
        "bake",
        "{ duration: 100ms, interval: 50ms, min_requests: 5, max_latency_ratio: 1000, latency_floor: 30s }",
    )
}

/// Clients with WebSockets, each for a moment, over and over.
struct Sockets {
    is_over: Arc<AtomicBool>,
    clients: Vec<std::thread::JoinHandle<(u32, u32)>>,
}

impl Sockets {
    fn open(sandbox: &Sandbox) -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let client = || {
            let (is_over, port) = (Arc::clone(&is_over), sandbox.port("testing"));
            std::thread::spawn(move || {
                let (mut whole, mut lost) = (0, 0);
                while !is_over.load(Ordering::Relaxed) {
                    match converse(port) {
                        Some(()) => whole += 1,
                        None => lost += 1,
                    }
                }
                (whole, lost)
            })
        };
        let clients = (0..4).map(|_| client()).collect();
        Self { is_over, clients }
    }

    /// How many conversations were whole, and how many were cut or refused.
    fn close(self) -> (u32, u32) {
        self.is_over.store(true, Ordering::Relaxed);
        let ended = self
            .clients
            .into_iter()
            .map(|one| one.join().expect("it ends"));
        ended.fold((0, 0), |all, one| (all.0 + one.0, all.1 + one.1))
    }
}

/// Says ten lines and hears each again, within a second or so.
fn converse(port: u16) -> Option<()> {
    let mut socket = Socket::open(port, "/socket").ok()?;
    for number in 0..10 {
        let line = number.to_string();
        (socket.echo(&line)? == line).then_some(())?;
        std::thread::sleep(Duration::from_millis(30));
    }
    Some(())
}

fn sandbox() -> Sandbox {
    Sandbox::with_containers(PROGRAM, [Environment::new("testing")])
}

/// Checks that a release is live, that its containers are all there are, and no other colour's.
#[track_caller]
pub(crate) fn assert_live(sandbox: &Sandbox, release: &str) {
    let status = sandbox.status("testing");
    assert_eq!(text(&status, "/live/release"), release, "{status:#}");
    assert_eq!(text(&status, "/routed"), "live", "{status:#}");
    let colour = text(&status, "/live/colour");
    let containers = sandbox.containers();
    let is_live = |name: &String| name.ends_with(&format!("-testing-{colour}-web-1"));
    assert!(
        containers.len() == 1 && is_live(&containers[0]),
        "{containers:?}"
    );
    assert_eq!(sandbox.answering("testing"), release);
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn switches_of_containers_under_load_lose_nothing() {
    let sandbox = Sandbox::with_containers(PROGRAM, [quick()]);
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    let traffic = Traffic::start(&sandbox, "testing");
    let sockets = Sockets::open(&sandbox);
    let mut releases = Vec::new();
    for _ in 0..SWITCHES {
        sandbox.release(Behaviour::Good);
        let told = sandbox.run_well(["deploy", "testing", "--json"]).json();
        releases.push(deployed(&told));
    }
    traffic.flow();
    let (whole, lost) = sockets.close();
    let observed = traffic.stop(&sandbox, "testing");
    println!("{SWITCHES} switches of containers: {observed}; {whole} WebSockets, {lost} lost");
    assert!(
        whole > 0 && lost == 0,
        "{lost} of {} WebSockets were lost",
        whole + lost
    );
    assert_live(&sandbox, &releases[SWITCHES - 1]);
    observed.assert_flawless();
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn a_container_that_ends_at_once_takes_no_traffic() {
    let sandbox = sandbox();
    let good = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    sandbox.release(Behaviour::Crash);
    let ended = sandbox.run(["deploy", "testing"]);
    let told = ["web-1 ended: exit code 3", "cannot reach the database"];
    ended.expect_code(3).expect_told(&told);
    assert_live(&sandbox, &good);
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn a_container_that_turns_bad_gives_the_traffic_back() {
    let sandbox = sandbox();
    let good = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    let traffic = Traffic::start(&sandbox, "testing");
    sandbox.release(Behaviour::FailingAfter(20));
    sandbox.run(["deploy", "testing"]).expect_code(7);
    traffic.flow();
    traffic.stop(&sandbox, "testing");
    assert_live(&sandbox, &good);
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn a_deployment_is_whole_wherever_its_command_was_killed() {
    let sandbox = Sandbox::with_containers(PROGRAM, [quick()]);
    let mut old = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    sandbox.release(Behaviour::Good);
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    let shown = sandbox.show("d2");
    let steps = shown["plan"]["steps"].as_array().expect("a list").len();
    let traffic = Traffic::start(&sandbox, "testing");
    for step in 1..=steps {
        sandbox.release(Behaviour::Good);
        let running = sandbox.start(["deploy", "testing", "--events"]);
        wait_until(&format!("step {step}"), || {
            let told = running.stdout();
            (told.matches(r#""entry":"intent""#).count() >= step).then_some(())
        });
        running.kill();
        traffic.flow();
        // It is finished, or undone and followed by another.
        if step % 2 == 0 {
            sandbox.run_well(["resume", "testing"]);
        } else {
            sandbox.release(Behaviour::Good);
            sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
        }
        let live = text(&sandbox.status("testing"), "/live/release").to_owned();
        assert_ne!(live, old, "step {step}");
        assert_live(&sandbox, &live);
        old = live;
    }
    let observed = traffic.stop(&sandbox, "testing");
    println!("killed at each of {steps} steps: {observed}");
    observed.assert_flawless();
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn a_rollback_runs_the_very_image_of_before() {
    let sandbox = sandbox();
    let first = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    sandbox.release(Behaviour::Good);
    let second = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    assert_ne!(first, second);
    sandbox.run_well(["rollback", "testing"]);
    assert_live(&sandbox, &first);
}

#[test]
fn without_an_engine_the_message_says_so() {
    let sandbox = Sandbox::with_containers(PROGRAM, [Environment::new("testing")]);
    sandbox.set_variable("DOCKER_HOST", "unix:///no/such/socket");
    let ended = sandbox.run(["deploy", "testing"]);
    ended
        .expect_code(1)
        .expect_told(&["Docker Engine", "/no/such/socket"]);
}
