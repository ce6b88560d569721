//! What an environment's policy asks for: approvals, branches, time; and the ways past it.

use serde_json::Value;
use shipway_testkit::{Behaviour, Ended, Environment, Sandbox};

use crate::common::{assert_live, deployed, sandbox_with, text};

const GROUPS: &str = "groups:\n  managers: [anna, ben, carol]\nenvironments:";

/// `testing`, and `production` that takes its releases by these rules.
fn shop(policy: &str) -> Sandbox {
    let production = Environment::promoted_from("production", "testing")
        .with("confirm", "none")
        .with("policy", policy);
    let sandbox = sandbox_with([Environment::new("testing"), production]);
    sandbox.replace("shipway.yml", "environments:", GROUPS);
    sandbox
}

fn approved(more: &str) -> Sandbox {
    shop(&format!(
        "{{ approvals: {{ required: 2, groups: managers }}{more} }}"
    ))
}

fn tested(sandbox: &Sandbox) -> String {
    deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json())
}

fn by<const N: usize>(sandbox: &Sandbox, actor: &str, words: [&str; N]) -> Ended {
    sandbox.start_as(actor, words).finish()
}

/// A request of anna's, which waits.
fn asked(sandbox: &Sandbox) -> Value {
    let words = ["promote", "production", "--reason", "sale", "--json"];
    by(sandbox, "anna", words).expect_code(5).json()
}

#[test]
fn two_others_approve_and_it_goes_live() {
    let sandbox = approved("");
    let release = tested(&sandbox);
    let request = asked(&sandbox);
    assert_eq!(text(&request, "/id"), "q1");
    assert_eq!(text(&request, "/agreement/release"), release);
    assert!(sandbox.status("production")["live"].is_null());
    let own = by(&sandbox, "anna", ["approve", "q1", "--yes"]);
    own.expect_code(4)
        .expect_told(&["nobody decides about their own request"]);
    let stranger = by(&sandbox, "dora", ["approve", "q1", "--yes"]);
    stranger
        .expect_code(4)
        .expect_told(&["`dora` is in none of the groups", "managers"]);
    let first = by(&sandbox, "ben", ["approve", "q1", "--yes"]);
    first
        .expect_code(0)
        .expect_told(&["waits for 1 more approval of managers"]);
    let twice = by(&sandbox, "ben", ["approve", "q1", "--yes"]);
    twice.expect_code(4).expect_told(&["approved it already"]);
    let seen = text(&request, "/agreement/digest");
    by(&sandbox, "carol", ["approve", "q1", "--plan", seen]).expect_code(0);
    assert_live(&sandbox, "production", &release);
    let deployment = &sandbox.history()[0];
    assert_eq!(deployment["requested_by"], "anna");
    assert_eq!(deployment["request"], "q1");
    let shown = sandbox.run_well(["show", "q1", "--json"]).json();
    assert_eq!(text(&shown, "/state/end/outcome"), "succeeded");
    assert_eq!(text(&shown, "/reason"), "sale");
    let late = by(&sandbox, "ben", ["reject", "q1"]);
    late.expect_code(4)
        .expect_told(&["became d2, which succeeded"]);
}

#[test]
fn what_changes_after_the_approvals_is_not_deployed() {
    let sandbox = approved("");
    tested(&sandbox);
    asked(&sandbox);
    by(&sandbox, "ben", ["approve", "q1", "--yes"]).expect_code(0);
    sandbox.release(Behaviour::Good);
    tested(&sandbox);
    let last = by(&sandbox, "carol", ["approve", "q1", "--yes"]);
    last.expect_code(5)
        .expect_told(&["no longer what was approved"]);
    assert!(sandbox.status("production")["live"].is_null());
    let none = sandbox.run_well(["requests"]);
    none.expect_told(&["nothing is asked for"]);
}

#[test]
fn a_request_is_rejected_taken_back_or_late() {
    let sandbox = approved("");
    tested(&sandbox);
    for _ in 0..2 {
        asked(&sandbox);
    }
    let open = sandbox.run_well(["requests", "--json"]).json();
    assert_eq!(open.as_array().map(Vec::len), Some(2));
    let no = by(&sandbox, "ben", ["reject", "q1", "--reason", "not today"]);
    no.expect_code(0)
        .expect_told(&["was rejected by ben: not today"]);
    by(&sandbox, "anna", ["cancel", "q2"]).expect_code(0);
    let after = by(&sandbox, "ben", ["approve", "q2", "--yes"]);
    after.expect_code(4).expect_told(&["was cancelled by anna"]);
    sandbox.replace("shipway.yml", "required: 2,", "required: 2, expires: 0s,");
    asked(&sandbox);
    let late = by(&sandbox, "ben", ["approve", "q3", "--yes"]);
    late.expect_code(4)
        .expect_told(&["expired before it was approved"]);
}

#[test]
fn the_policy_says_which_branches_when_and_after_how_long() {
    let policy = "{ branches: [release/*], soak: 1h, \
                  freeze: [{ from: 2020-01-01, until: 2099-01-01, reason: inventory }] }";
    let sandbox = shop(policy);
    let release = tested(&sandbox);
    let refused = sandbox.run(["promote", "production"]);
    refused.expect_code(4).expect_told(&[
        "and on none of `release/*`",
        "has not been stable in `testing` for 1h yet",
        "nothing is deployed at this time (inventory)",
    ]);
    // A plan is shown all the same.
    sandbox
        .run_well(["plan", "production"])
        .expect_told(&["inventory"]);
    let silent = sandbox.run(["promote", "production", "--break-glass"]);
    silent.expect_code(2).expect_told(&["--reason"]);
    let words = [
        "promote",
        "production",
        "--break-glass",
        "--reason",
        "the shop is down",
    ];
    by(&sandbox, "ben", words).expect_code(0);
    assert_live(&sandbox, "production", &release);
    let shown = sandbox.run_well(["show", "q1", "--json"]).json();
    assert_eq!(text(&shown, "/lane"), "break_glass");
    let verified = sandbox.run_well(["audit", "verify", "--json"]).json();
    assert_eq!(verified["without_digest"], 0);
    let trail = sandbox.run_well(["audit", "list", "--json"]).json();
    let lines = trail.as_array().expect("a list");
    let told =
        |line: &Value| text(line, "/subject").contains("(break-glass) because the shop is down");
    assert!(lines.iter().any(told), "{trail:#}");
}

#[test]
fn a_hotfix_goes_its_own_way_with_one_approval() {
    let sandbox = approved(", soak: 1h, hotfix: { branches: [main, master], approvals: 1 }");
    let release = tested(&sandbox);
    let silent = sandbox.run(["promote", "production", "--hotfix"]);
    silent.expect_code(2).expect_told(&["--reason"]);
    let words = [
        "promote",
        "production",
        "--hotfix",
        "--reason",
        "the till is wrong",
    ];
    by(&sandbox, "anna", words).expect_code(5);
    by(&sandbox, "ben", ["approve", "q1", "--yes"]).expect_code(0);
    assert_live(&sandbox, "production", &release);
}

#[test]
fn a_request_whose_carrier_was_killed_goes_on() {
    let sandbox = approved("");
    let release = tested(&sandbox);
    asked(&sandbox);
    by(&sandbox, "ben", ["approve", "q1", "--yes"]).expect_code(0);
    let carrier = sandbox.start_as("carol", ["approve", "q1", "--yes", "--events"]);
    crate::common::wait_for_step(&carrier, "await_healthy");
    let busy = sandbox.run(["carry-out", "q1"]);
    busy.expect_code(6).expect_told(&["by another process"]);
    carrier.kill();
    sandbox.run_well(["carry-out", "q1"]);
    assert_live(&sandbox, "production", &release);
    let again = sandbox.run(["carry-out", "q1"]);
    again
        .expect_code(4)
        .expect_told(&["became d2, which succeeded"]);
    assert_eq!(sandbox.history().len(), 2);
}

#[test]
fn what_is_new_is_shown_before_anybody_asks_for_it() {
    let sandbox = approved("");
    tested(&sandbox);
    asked(&sandbox);
    by(&sandbox, "ben", ["approve", "q1", "--yes"]).expect_code(0);
    by(&sandbox, "carol", ["approve", "q1", "--yes"]).expect_code(0);
    let other = "GREETING: ${GREETING:-welcome}";
    sandbox.replace("docker-compose.yml", "GREETING: ${GREETING:-hello}", other);
    sandbox.commit("greets in another way");
    tested(&sandbox);
    let shown = sandbox
        .run_well(["promote", "production", "--plan", "--json"])
        .json();
    let subject = text(&shown, "/news/commits/0/subject");
    assert_eq!(subject, "greets in another way");
    let told = sandbox.run_well(["promote", "production", "--plan"]).stdout;
    for part in ["greets in another way", "GREETING", "welcome"] {
        assert!(told.contains(part), "no {part} in {told}");
    }
    let open = sandbox.run_well(["requests", "--json"]).json();
    assert_eq!(
        open.as_array().map(Vec::len),
        Some(0),
        "nothing was asked for"
    );
}
