//! Releases that are not fit: the old one keeps the traffic, or has it back, and the reason is
//! told with what shows it.

use serde_json::Value;
use shipway_testkit::{Behaviour, Ended, Environment, Observed, Sandbox, Traffic};

use crate::common::{assert_live, deployed, sandbox, sandbox_with, text, wait_for_step};

/// Deploys a good release and then a broken one, under load.
fn break_it(sandbox: &Sandbox, behaviour: Behaviour) -> (Ended, Observed, String) {
    let good = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    let traffic = Traffic::start(sandbox, "testing");
    sandbox.release(behaviour);
    let ended = sandbox.run(["deploy", "testing"]);
    traffic.flow();
    (ended, traffic.stop(sandbox, "testing"), good)
}

/// Checks that the newest deployment ended so, and the release before it is live.
fn assert_old_is_live(sandbox: &Sandbox, outcome: &str, good: &str) -> Value {
    let newest = sandbox.history()[0].clone();
    assert_eq!(text(&newest, "/outcome"), outcome, "{newest:#}");
    assert_ne!(text(&newest, "/release"), good);
    assert_live(sandbox, "testing", good);
    assert_eq!(sandbox.status("testing")["stable"], true);
    newest
}

#[test]
fn one_that_crashes_at_start_takes_no_traffic() {
    let sandbox = sandbox();
    let (ended, observed, good) = break_it(&sandbox, Behaviour::Crash);
    let told = [
        "starting failed: web-1 ended: exit code 3",
        "| cannot reach the database: no route to host",
        &format!("{good} is live in testing"),
        "next: shipway show d2",
    ];
    ended.expect_code(3).expect_told(&told);
    let newest = assert_old_is_live(&sandbox, "failed", &good);
    let evidence = newest["cause"]["failure"]["evidence"].to_string();
    assert!(evidence.contains("cannot reach the database"), "{evidence}");
    observed.assert_flawless();
    assert_eq!(observed.report.total.by_header.len(), 1, "{observed}");
}

#[test]
fn one_that_is_never_healthy_takes_no_traffic() {
    let sandbox = sandbox_with([Environment::new("testing").with(
        "health",
        "{ path: /health/, interval: 100ms, healthy_for: 100ms, deadline: 10s }",
    )]);
    let (ended, observed, good) = break_it(&sandbox, Behaviour::NeverHealthy);
    let told = ["503", "the search index is missing", "starting"];
    ended.expect_code(3).expect_told(&told);
    let newest = assert_old_is_live(&sandbox, "failed", &good);
    let reason = text(&newest, "/cause/failure/reason");
    assert!(reason.contains("503"), "{reason}");
    observed.assert_flawless();
    assert_eq!(observed.report.total.by_header.len(), 1, "{observed}");
}

const LONG_BAKE: &str = "{ duration: 50s, interval: 100ms, min_requests: 20, max_latency_ratio: 1000, latency_floor: 30s }";

#[test]
fn one_that_fails_under_load_is_switched_back_by_itself() {
    let sandbox = sandbox();
    let good = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    sandbox.add(Environment::new("testing").with("bake", LONG_BAKE));
    let traffic = Traffic::start(&sandbox, "testing");
    sandbox.release(Behaviour::FailingAfter(100));
    let ended = sandbox.run(["deploy", "testing"]);
    traffic.flow();
    let observed = traffic.stop(&sandbox, "testing");
    let told = [
        "judged bad: ",
        "% of the last",
        "requests failed (limit 1.0 %)",
    ];
    let ended = ended.expect_code(7);
    ended.expect_told(&told);
    ended.expect_told(&["answered 5xx"]);
    let newest = assert_old_is_live(&sandbox, "rolled_back", &good);
    assert_eq!(text(&newest, "/cause/because"), "judged");
    assert!(observed.errors > 0, "{observed}");
    observed.assert_nothing_lost();
}

#[test]
fn one_that_dies_after_the_switch_is_switched_back_by_itself() {
    let sandbox = sandbox();
    let good = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    // So many that the rate of errors gives no verdict: the crash has to.
    let bake = LONG_BAKE.replace("min_requests: 20", "min_requests: 1000000");
    sandbox.add(Environment::new("testing").with("bake", &bake));
    let traffic = Traffic::start(&sandbox, "testing");
    sandbox.release(Behaviour::DiesAfter(100));
    let ended = sandbox.run(["deploy", "testing"]);
    traffic.flow();
    let observed = traffic.stop(&sandbox, "testing");
    let told = [
        "judged bad: an instance ended after the switch",
        "exit code 9",
        "out of memory: giving up",
    ];
    ended.expect_code(7).expect_told(&told);
    assert_old_is_live(&sandbox, "rolled_back", &good);
    // What it had in hand is gone with it, but every client was told, and nothing was done twice.
    assert_eq!(observed.lost, 0, "{observed}");
    assert_eq!(observed.repeated, 0, "{observed}");
    assert!(observed.executed >= observed.acknowledged, "{observed}");
    assert!(observed.strays.is_empty(), "{:#?}", observed.strays);
}

#[test]
fn a_first_release_that_is_broken_leaves_nothing() {
    let sandbox = sandbox();
    sandbox.release(Behaviour::Crash);
    let told = ["nothing is live in testing", "exit code 3"];
    let ended = sandbox.run(["deploy", "testing"]);
    ended.expect_code(3).expect_told(&told);
    let status = sandbox.status("testing");
    assert!(status["live"].is_null(), "{status:#}");
    sandbox.assert_nothing_is_left();
    // Nor does it stand in the way of the next one.
    sandbox.release(Behaviour::Good);
    let good = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    assert_live(&sandbox, "testing", &good);
}

#[test]
fn a_first_release_that_dies_after_the_switch_leaves_no_route() {
    let sandbox = sandbox_with([Environment::new("testing").with("bake", LONG_BAKE)]);
    sandbox.release(Behaviour::DiesAfter(0));
    let running = sandbox.start(["deploy", "testing", "--events"]);
    wait_for_step(&running, "bake");
    let answer = sandbox.get("testing", "/");
    assert!(answer.is_ok_and(|answer| answer.status >= 500));
    running.finish().expect_code(3);
    let status = sandbox.status("testing");
    assert!(status["live"].is_null(), "{status:#}");
    sandbox.assert_nothing_is_left();
}
