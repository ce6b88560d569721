//! The promise: a switch costs nobody anything.

use shipway_testkit::{Behaviour, Environment, Mix, Sandbox, Traffic};

use crate::common::{assert_live, deployed, sandbox, text, wait_for_step};

const SWITCHES: usize = 20;

/// How many switches of every kind, under how many connections, with how large bodies:
/// `cargo xtask prove switches` asks for more.
const COUNT: &str = "SHIPWAY_SWITCHES";
const CONNECTIONS: &str = "SHIPWAY_CONNECTIONS";
const LARGE: &str = "SHIPWAY_LARGE";

/// The ways in which traffic is moved.
const WAYS: [Way; 5] = [
    Way::Deploy("blue-green"),
    Way::Deploy("rolling"),
    Way::Rollback,
    Way::Abort,
    Way::Deploy("recreate"),
];

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

fn asked(variable: &str, usual: usize) -> usize {
    let wanted = std::env::var(variable).ok();
    wanted.map_or(usual, |text| text.parse().expect("a number"))
}

#[test]
fn switches_of_every_kind_lose_nothing_of_any_client() {
    let count = asked(COUNT, WAYS.len());
    let connections = asked(CONNECTIONS, 64);
    let large = asked(LARGE, 4 << 20);
    let sandbox = sandbox();
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    sandbox.release(Behaviour::Good);
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    let traffic = Traffic::of(&sandbox, "testing", connections);
    let mix = Mix::start(&sandbox, "testing", large);
    for number in 0..count {
        let way = WAYS[number % WAYS.len()];
        let habit = HABITS[number / WAYS.len() % HABITS.len()];
        switch(&sandbox, way, habit);
        traffic.flow();
    }
    let mixed = mix.stop();
    let observed = traffic.stop(&sandbox, "testing");
    println!("{count} switches, {connections} connections, {large} bytes\n{mixed}{observed}");
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
            sandbox.add(Environment::new("testing").with("bake", long));
            sandbox.release(habit);
            let running = sandbox.start_as("alice", ["deploy", "testing", "--events"]);
            wait_for_step(&running, "bake");
            sandbox
                .run_well(["abort", "testing"])
                .expect_told(&["asked to stop"]);
            let _ = running.finish().expect_code(1);
            assert_eq!(text(&sandbox.history()[0], "/outcome"), "cancelled");
        }
    }
    let is_changed = sandbox.answering("testing") != before;
    assert_eq!(is_changed, !matches!(way, Way::Abort), "{way:?}");
}
