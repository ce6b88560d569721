//! The promise: a switch costs nobody anything.

use shipway_testkit::{Behaviour, Environment, Mix, Sandbox, Socket, Traffic, wait_until};

use crate::campaign::{Memory, Progress, Repeat, asked, mebibytes};
use crate::common::{assert_live, deployed, sandbox, text, wait_for_step};

const SWITCHES: usize = 20;

/// How many switches of every kind, from which on, under how many connections, with how large
/// bodies: `cargo xtask prove switches` asks for more.
const COUNT: &str = "SHIPWAY_SWITCHES";
const FIRST: &str = "SHIPWAY_FIRST_SWITCH";
const CONNECTIONS: &str = "SHIPWAY_CONNECTIONS";
const LARGE: &str = "SHIPWAY_LARGE";

/// The ways in which traffic is moved.
const WAYS: [Way; 7] = [
    Way::Deploy("blue-green"),
    Way::Deploy("rolling"),
    Way::Rollback,
    Way::Abort,
    Way::Deploy("recreate"),
    Way::AbortHalfway,
    Way::AbortWhileHeld,
];

/// Instances of each release, so that a rolling deployment is half-way at some time.
const INSTANCES: &str = "deploy: { replicas: 2 }";

/// Far longer than it takes to go back: a release that starts as slowly is not waited for.
const NEVER: u32 = 600;

/// How the application treats connections from the proxy that are kept: one after the other.
const HABITS: [Behaviour; 3] = [
    Behaviour::Good,
    Behaviour::ClosesAfter(20),
    Behaviour::ClosesIdle(300),
];

#[derive(Debug, Clone, Copy)]
enum Way {
    Deploy(&'static str),
    Rollback,
    /// Of a release that has the traffic already, in the middle of its judgement.
    Abort,
    /// In the middle of a rolling switch: one instance of the old release is being drained, and
    /// the other one has its share of the traffic, beside one of the new release.
    AbortHalfway,
    /// In the middle of a recreate: the old release is stopped, the new one is not healthy yet,
    /// and requests are held.
    AbortWhileHeld,
}

#[test]
fn twenty_switches_under_load_lose_nothing() {
    let sandbox = sandbox();
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    let traffic = Traffic::start(&sandbox, "testing");
    let mut releases = Vec::new();
    for _ in 0..SWITCHES {
        sandbox.release(Behaviour::Good);
        let told = sandbox.run_well(["deploy", "testing", "--json"]).json();
        releases.push(deployed(&told));
    }
    traffic.flow();
    let observed = traffic.stop(&sandbox, "testing");
    println!("{SWITCHES} switches: {observed}");
    for release in &releases {
        let seen = observed.report.total.by_header.get(release);
        assert!(seen.is_some(), "{release} took no traffic");
    }
    assert_live(&sandbox, "testing", &releases[SWITCHES - 1]);
    observed.assert_flawless();
}

#[test]
fn switches_of_every_kind_lose_nothing_of_any_client() {
    let count = asked(COUNT, WAYS.len());
    let first = asked(FIRST, 0);
    let connections = asked(CONNECTIONS, 64);
    let large = asked(LARGE, 4 << 20);
    let sandbox = sandbox();
    sandbox.replace(
        "docker-compose.yml",
        "image: app",
        &format!("image: app\n    {INSTANCES}"),
    );
    for _ in 0..2 {
        sandbox.release(Behaviour::Good);
        sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    }
    let traffic = Traffic::of(&sandbox, "testing", connections);
    let mix = Mix::start(&sandbox, "testing", large);
    let (mut progress, mut memory) = (Progress::new(), Memory::of(&sandbox));
    for number in first..first + count {
        let _repeat = Repeat(format!(
            "switches --first {number} --count 1 --connections {connections} --large {}",
            large >> 20
        ));
        let way = WAYS[number % WAYS.len()];
        let habit = HABITS[number / WAYS.len() % HABITS.len()];
        switch(&sandbox, way, habit);
        traffic.flow();
        traffic.assert_well();
        mix.assert_well();
        progress.tell(|| {
            let (done, memory) = (number + 1 - first, memory.look());
            format!("{done} of {count} switches, the proxy has {memory}")
        });
    }
    memory.look();
    let of_commands = mebibytes(sandbox.commands_memory());
    let mixed = mix.stop();
    let observed = traffic.stop(&sandbox, "testing");
    println!(
        "{count} switches from the {first}th on, {connections} connections, bodies of {large} bytes\n\
         {mixed}{observed}\n\
         memory: the proxy {memory}; a command {of_commands} at most"
    );
    mixed.assert_flawless();
    observed.assert_flawless();
    sandbox.assert_nothing_is_left();
}

fn switch(sandbox: &Sandbox, way: Way, habit: Behaviour) {
    let before = sandbox.answering("testing");
    match way {
        Way::Deploy(strategy) => {
            sandbox.add(Environment::new("testing").with("strategy", strategy));
            sandbox.release(habit);
            let told = sandbox.run_well(["deploy", "testing", "--json"]).json();
            assert_eq!(sandbox.answering("testing"), deployed(&told));
        }
        Way::Rollback => {
            let told = sandbox.run_well(["rollback", "testing", "--json"]).json();
            assert_eq!(sandbox.answering("testing"), deployed(&told));
        }
        Way::Abort => {
            let long = "{ duration: 10m, interval: 100ms, min_requests: 1, max_latency_ratio: 1000, latency_floor: 30s }";
            let environment = Environment::new("testing").with("bake", long);
            abort_at(sandbox, environment, habit, "bake");
        }
        Way::AbortHalfway => {
            // It is not drained for as long as this is open.
            let mut kept = socket_at(sandbox, "web-1");
            let environment = Environment::new("testing").with("strategy", "rolling");
            abort_at(sandbox, environment, habit, "drain");
            assert_eq!(kept.echo("still here").as_deref(), Some("still here"));
        }
        Way::AbortWhileHeld => {
            let environment = Environment::new("testing").with("strategy", "recreate");
            abort_at(
                sandbox,
                environment,
                Behaviour::SlowStart(NEVER),
                "await_healthy",
            );
        }
    }
    let is_changed = sandbox.answering("testing") != before;
    let is_aborted = matches!(way, Way::Abort | Way::AbortHalfway | Way::AbortWhileHeld);
    assert_eq!(is_changed, !is_aborted, "{way:?}");
}

/// Deploys a release, and aborts it in a step of this kind.
fn abort_at(sandbox: &Sandbox, environment: Environment, behaviour: Behaviour, action: &str) {
    sandbox.add(environment);
    sandbox.release(behaviour);
    let running = sandbox.start_as("alice", ["deploy", "testing", "--events"]);
    wait_for_step(&running, action);
    sandbox
        .run_well(["abort", "testing"])
        .expect_told(&["asked to stop"]);
    let _ = running.finish().expect_code(1);
    assert_eq!(text(&sandbox.history()[0], "/outcome"), "cancelled");
}

/// A connection that was upgraded by this instance, whichever others answer as well.
fn socket_at(sandbox: &Sandbox, instance: &str) -> Socket {
    wait_until("the instance to have its turn", || {
        let socket = sandbox.socket("testing").expect("it is upgraded");
        (socket.instance == instance).then_some(socket)
    })
}
