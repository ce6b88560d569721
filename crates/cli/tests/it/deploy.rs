//! `shipway deploy`, when all is well.

use serde_json::Value;
use shipway_testkit::{Behaviour, Environment, Traffic};

use crate::common::{assert_live, deployed, sandbox, sandbox_with, text};

#[test]
fn the_first_release_goes_live_and_all_records_agree() {
    let sandbox = sandbox();
    let before = sandbox.status("testing");
    assert!(before["live"].is_null(), "{before:#}");
    assert_eq!(text(&before, "/next"), "shipway deploy testing");

    let told = sandbox.run_well(["deploy", "testing", "--json"]).json();
    let release = deployed(&told);
    assert_live(&sandbox, "testing", &release);

    let status = sandbox.status("testing");
    assert_eq!(status["stable"], true);
    assert_eq!(
        text(&status, "/live/deployment"),
        text(&told, "/deployment")
    );
    let history = sandbox.history();
    assert_eq!(history.len(), 1);
    assert_eq!(text(&history[0], "/requested_by"), "tester");
}

#[test]
fn the_second_release_takes_the_other_colour_and_the_first_is_gone() {
    let sandbox = sandbox();
    let first = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    assert_eq!(text(&sandbox.status("testing"), "/live/colour"), "blue");
    let traffic = Traffic::start(&sandbox, "testing");
    sandbox.release(Behaviour::Good);
    let second = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    let observed = traffic.stop(&sandbox, "testing");
    assert_ne!(first, second);
    assert_eq!(text(&sandbox.status("testing"), "/live/colour"), "green");
    assert_live(&sandbox, "testing", &second);
    let history = sandbox.history();
    assert_eq!(text(&history[0], "/previous"), first);
    observed.assert_flawless();
}

#[test]
fn a_commit_is_built_once_and_may_be_deployed_again() {
    let sandbox = sandbox();
    let commit = sandbox.git(&["rev-parse", "HEAD"]);
    let first = deployed(&sandbox.run_well(["deploy", "--json"]).json());
    sandbox.release(Behaviour::Good);
    let second = deployed(&sandbox.run_well(["deploy", "--json"]).json());
    let words = ["deploy", "testing", "--commit", &commit, "--json"];
    assert_eq!(deployed(&sandbox.run_well(words).json()), first);
    let words = ["deploy", "testing", "--release", &second, "--json"];
    assert_eq!(deployed(&sandbox.run_well(words).json()), second);
    assert_live(&sandbox, "testing", &second);
    // What is live already may be deployed once more, for whoever wants that.
    let told = sandbox.run_well(["deploy", "testing"]);
    told.expect_told(&["nothing to change"]);
    let told = sandbox.run_well(["deploy", "testing", "--force"]);
    told.expect_told(&["is live already", "is live in testing"]);
    assert_eq!(told.stdout, "");
    assert_live(&sandbox, "testing", &second);
}

#[test]
fn rolling_replaces_three_instances_one_by_one() {
    let sandbox = sandbox_with([Environment::new("testing").with("strategy", "rolling")]);
    sandbox.replace(
        "docker-compose.yml",
        "image: app",
        "image: app\n    scale: 3",
    );
    sandbox.release(Behaviour::Good);
    sandbox
        .run_well(["deploy", "testing"])
        .expect_told(&["web-3"]);
    let traffic = Traffic::start(&sandbox, "testing");
    sandbox.release(Behaviour::Good);
    let told = sandbox.run_well(["deploy", "testing", "--json"]).json();
    let observed = traffic.stop(&sandbox, "testing");
    let release = deployed(&told);
    assert_live(&sandbox, "testing", &release);
    let status = sandbox.status("testing");
    let ids: Vec<_> = status["instances"].as_array().unwrap().iter().collect();
    let ids: Vec<_> = ids.iter().map(|one| text(one, "/id")).collect();
    assert_eq!(ids, ["web-1", "web-2", "web-3"]);
    let shown = sandbox.show(text(&told, "/deployment"));
    assert_eq!(
        performed(&shown, "route"),
        3,
        "one change for each instance"
    );
    observed.assert_flawless();
}

#[test]
fn requests_wait_while_a_release_is_recreated() {
    let sandbox = sandbox_with([Environment::new("testing").with("strategy", "recreate")]);
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    let traffic = Traffic::start(&sandbox, "testing");
    sandbox.release(Behaviour::Good);
    let told = sandbox.run_well(["deploy", "testing", "--json"]).json();
    let observed = traffic.stop(&sandbox, "testing");
    let release = deployed(&told);
    assert_live(&sandbox, "testing", &release);
    let shown = sandbox.show(text(&told, "/deployment"));
    assert_eq!(performed(&shown, "hold"), 1);
    observed.assert_flawless();
}

#[test]
fn one_that_is_slow_to_start_or_slow_to_stop_costs_no_request() {
    let sandbox = sandbox();
    sandbox.release(Behaviour::IgnoresSigterm);
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    let traffic = Traffic::start(&sandbox, "testing");
    sandbox.release(Behaviour::SlowStart(2));
    let told = sandbox.run_well(["deploy", "testing", "--json"]).json();
    let observed = traffic.stop(&sandbox, "testing");
    let release = deployed(&told);
    assert_live(&sandbox, "testing", &release);
    // The grace period was over, and the journal says so.
    let shown = sandbox.show(text(&told, "/deployment"));
    assert!(
        shown.to_string().contains(r#""gracefully":0,"killed":1"#),
        "{shown:#}"
    );
    observed.assert_flawless();
}

/// How many steps of a kind were done.
fn performed(shown: &Value, action: &str) -> usize {
    let journal = shown["journal"].as_array().expect("a list").iter();
    journal
        .filter(|record| record["entry"]["step"]["action"]["do"] == action)
        .count()
}
