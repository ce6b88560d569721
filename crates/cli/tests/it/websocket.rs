//! Connections that were upgraded: nobody but the drain's deadline ends them.

use std::time::{Duration, Instant};

use serde_json::Value;
use shipway_testkit::{Behaviour, Environment, Sandbox};

use crate::common::{assert_live, deployed, sandbox_with, text, wait_for_step};

const STREAMING: Duration = Duration::from_secs(3);

fn sandbox_that_waits(streaming: Duration) -> Sandbox {
    let drain = format!("{{ timeout: 20s, streaming: {}s }}", streaming.as_secs());
    sandbox_with([Environment::new("testing").with("drain", &drain)])
}

/// What came of the drain.
fn drained(sandbox: &Sandbox, deployment: &str) -> Value {
    let shown = sandbox.show(deployment);
    let journal = shown["journal"].as_array().expect("a list").iter();
    let mut details = journal.map(|record| &record["entry"]["detail"]);
    let found = details.find(|detail| detail["detail"] == "drained");
    found.expect("something was drained").clone()
}

#[test]
fn one_stays_open_through_the_switch_and_is_cut_at_the_deadline() {
    let sandbox = sandbox_that_waits(STREAMING);
    let first = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    let mut sockets: Vec<_> = (0..3)
        .map(|_| sandbox.socket("testing").expect("it is upgraded"))
        .collect();
    for socket in &mut sockets {
        assert_eq!(socket.release, first);
        assert_eq!(socket.echo("before").as_deref(), Some("before"));
    }
    sandbox.release(Behaviour::Good);
    let running = sandbox.start(["deploy", "testing", "--events"]);
    wait_for_step(&running, "bake");
    let second = sandbox.answering("testing");
    assert_ne!(first, second);
    for socket in &mut sockets {
        assert_eq!(socket.echo("baking").as_deref(), Some("baking"));
    }
    wait_for_step(&running, "drain");
    let began = Instant::now();
    for socket in &mut sockets {
        assert_eq!(socket.echo("draining").as_deref(), Some("draining"));
    }
    // Those that come now go elsewhere, and are not drained.
    let mut new = sandbox.socket("testing").expect("it is upgraded");
    assert_eq!(new.release, second);
    for socket in &mut sockets {
        assert_eq!(socket.read(), None);
    }
    // It began a little before this test saw it.
    assert!(began.elapsed() > STREAMING / 2, "{:?}", began.elapsed());
    let ended = running.finish().expect_code(0);
    assert!(ended.stdout.contains(r#""upgraded":3"#), "{ended}");
    let drained = drained(&sandbox, "d2");
    assert_eq!(drained["upgraded"], 3, "{drained}");
    assert_eq!(drained["short"], 0, "{drained}");
    assert_eq!(drained["streaming"], 0, "{drained}");
    let told = sandbox.run_well(["show", "d2"]).stdout;
    let line = "cut 0 requests, 0 streams, 3 upgraded";
    assert!(told.contains(line), "{told}");
    assert_eq!(new.echo("after").as_deref(), Some("after"));
    assert_live(&sandbox, "testing", &second);
}

#[test]
fn a_drain_is_over_when_the_last_one_is_closed() {
    let sandbox = sandbox_that_waits(Duration::from_secs(600));
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    let mut socket = sandbox.socket("testing").expect("it is upgraded");
    sandbox.release(Behaviour::Good);
    let mut running = sandbox.start(["deploy", "testing"]);
    running.wait_for_output("0 requests, 0 streams, 1 upgraded still open");
    assert_eq!(socket.echo("draining").as_deref(), Some("draining"));
    drop(socket);
    running.finish().expect_code(0);
    let drained = drained(&sandbox, "d2");
    assert_eq!(drained["upgraded"], 0, "{drained}");
    let release = text(&sandbox.history()[0], "/release").to_owned();
    assert_live(&sandbox, "testing", &release);
}
