//! Somebody thinks better of it: `shipway abort`, and Ctrl-C once and twice.

use shipway_testkit::{Behaviour, Environment, Running, Sandbox, Traffic};

use crate::common::{assert_live, deployed, sandbox, text, wait_for_step};

/// A good release is live, and another one is in its bake, which takes longer than the test.
fn baking(sandbox: &Sandbox, actor: &str, behaviour: Behaviour) -> (String, Running) {
    let good = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    let long = "{ duration: 10m, interval: 100ms, min_requests: 1 }";
    sandbox.add(Environment::new("testing").with("bake", long));
    sandbox.release(behaviour);
    let mut running = sandbox.start_as(actor, ["deploy", "testing"]);
    running.wait_for_output("  baking");
    (good, running)
}

fn assert_cancelled(sandbox: &Sandbox, good: &str, by: &str) {
    let newest = sandbox.history()[0].clone();
    assert_eq!(text(&newest, "/outcome"), "cancelled", "{newest:#}");
    assert_eq!(text(&newest, "/cause/by"), by, "{newest:#}");
    assert_live(sandbox, "testing", good);
}

#[test]
fn a_second_terminal_aborts_a_deployment_that_bakes() {
    let sandbox = sandbox();
    let (good, running) = baking(&sandbox, "alice", Behaviour::Good);
    let traffic = Traffic::start(&sandbox, "testing");
    assert_ne!(sandbox.answering("testing"), good, "the new one is live");
    let told = ["d2 was asked to stop"];
    sandbox.run_well(["abort", "testing"]).expect_told(&told);
    let told = ["abort requested by tester", "aborted by tester"];
    running.finish().expect_code(1).expect_told(&told);
    traffic.flow();
    traffic.stop(&sandbox, "testing").assert_flawless();
    assert_cancelled(&sandbox, &good, "tester");
    // There is nothing more to abort.
    let told = [
        "no deployment is under way in testing",
        "shipway rollback testing",
    ];
    sandbox
        .run(["abort", "testing"])
        .expect_code(1)
        .expect_told(&told);
}

#[test]
fn ctrl_c_goes_back() {
    let sandbox = sandbox();
    let (good, running) = baking(&sandbox, "tester", Behaviour::Good);
    running.interrupt();
    let told = ["stopping and going back", "aborted by tester"];
    running.finish().expect_code(130).expect_told(&told);
    assert_cancelled(&sandbox, &good, "tester");
}

#[test]
fn ctrl_c_before_anything_was_touched_cleans_up() {
    let sandbox = sandbox();
    let good = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    sandbox.release(Behaviour::SlowStart(50));
    let running = sandbox.start(["deploy", "testing", "--events"]);
    wait_for_step(&running, "await_healthy");
    running.interrupt();
    running.finish().expect_code(130);
    assert_cancelled(&sandbox, &good, "tester");
}

#[test]
fn a_second_ctrl_c_leaves_at_once_and_resume_goes_on_going_back() {
    let sandbox = sandbox();
    // Going back takes as long as the new one may take to stop.
    sandbox.replace(
        "docker-compose.yml",
        "stop_grace_period: 1s",
        "stop_grace_period: 15s",
    );
    sandbox.commit("take your time");
    let (good, mut running) = baking(&sandbox, "tester", Behaviour::IgnoresSigterm);
    running.interrupt();
    running.wait_for_output("  rolling back");
    running.interrupt();
    let told = ["detached from deployment d2"];
    running.finish().expect_code(130).expect_told(&told);

    let status = sandbox.status("testing");
    assert_eq!(text(&status, "/deployment/state"), "rolling back");
    assert!(status["deployment"]["holder"].is_null(), "{status:#}");
    assert_eq!(text(&status, "/next"), "shipway resume testing");
    let ended = sandbox.run(["resume", "testing"]);
    ended.expect_code(130).expect_told(&["cancelled"]);
    assert_cancelled(&sandbox, &good, "tester");
}

#[test]
fn abort_goes_back_itself_where_nobody_else_does() {
    let sandbox = sandbox();
    let (good, running) = baking(&sandbox, "alice", Behaviour::Good);
    running.kill();
    let ended = sandbox.run(["abort", "testing"]);
    ended.expect_told(&["cancelled", "is live in testing"]);
    assert_cancelled(&sandbox, &good, "tester");
}
