//! Releases: built without being deployed, listed, and removed when nobody can return to them.

use shipway_testkit::{Behaviour, Environment, Sandbox};

use crate::common::{deployed, sandbox, sandbox_with, text};

/// Deploys several releases one after the other, the oldest first.
fn releases(sandbox: &Sandbox, count: usize) -> Vec<String> {
    let deploy = |number| {
        if number > 0 {
            sandbox.release(Behaviour::Good);
        }
        deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json())
    };
    (0..count).map(deploy).collect()
}

#[test]
fn what_was_built_is_found_built_by_a_deployment() {
    let sandbox = sandbox();
    let built = sandbox.run_well(["build", "--json"]).json();
    let release = text(&built, "/release").to_owned();
    assert_eq!(text(&built, "/stored"), "directory");
    assert!(text(&built, "/digests/web").starts_with("sha256:"));
    let status = sandbox.status("testing");
    assert!(status["live"].is_null(), "{status:#}");
    let told = sandbox.run_well(["build", "testing"]);
    assert!(told.stdout.contains(&release), "{}", told.stdout);
    told.expect_told(&[&format!("next: shipway deploy testing --release {release}")]);
    let live = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    assert_eq!(live, release);
}

#[test]
fn an_environment_that_is_promoted_to_builds_nothing() {
    let sandbox = sandbox_with([
        Environment::new("testing"),
        Environment::promoted_from("staging", "testing"),
    ]);
    let refused = sandbox.run(["build", "staging"]);
    refused
        .expect_code(4)
        .expect_told(&["shipway promote staging"]);
    let unknown = sandbox.run(["build", "--commit", "no-such-commit"]);
    unknown.expect_code(2).expect_told(&["no-such-commit"]);
}

#[test]
fn releases_are_listed_with_where_they_are_live() {
    let sandbox = sandbox_with([
        Environment::new("testing"),
        Environment::promoted_from("staging", "testing"),
    ]);
    let first = releases(&sandbox, 1).remove(0);
    sandbox.run_well(["promote", "staging", "--yes"]);
    sandbox.release(Behaviour::Good);
    let second = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    let listed = sandbox.run_well(["releases", "--json"]).json();
    let line = |number: usize| {
        let one = &listed[number];
        (text(one, "/id").to_owned(), one["live"].clone())
    };
    assert_eq!(line(0), (second, serde_json::json!(["testing"])));
    assert_eq!(line(1), (first, serde_json::json!(["staging"])));
    assert!(listed[0]["bytes"].as_u64().is_some_and(|bytes| bytes > 0));
    let told = sandbox.run_well(["releases"]).stdout;
    assert!(told.contains("live in testing"), "{told}");
    assert!(told.contains("tester"), "{told}");
}

#[test]
fn what_nobody_can_return_to_is_removed_and_said_so_when_asked_for() {
    let sandbox = sandbox();
    let all = releases(&sandbox, 4);
    let prune = |more: &str| {
        let words = ["prune", "--keep", "1", "--json", more];
        sandbox.run_well(words).json()
    };
    let gone = |document: &serde_json::Value| -> Vec<String> {
        let verdicts = document["releases"].as_array().unwrap().iter();
        let gone = verdicts.filter(|one| one["kept"].as_array().is_some_and(Vec::is_empty));
        gone.map(|one| text(one, "/release").to_owned()).collect()
    };
    let planned = prune("--dry-run");
    assert_eq!(gone(&planned), [all[1].clone(), all[0].clone()]);
    assert!(planned["bytes"].as_u64().is_some_and(|bytes| bytes > 0));
    assert_eq!(planned["done"], false);
    // Nobody is there to answer, and nobody said yes.
    let unasked = sandbox.run(["prune", "--keep", "1"]);
    unasked.expect_code(2).expect_told(&["--yes"]);
    assert_eq!(gone(&prune("--dry-run")), gone(&planned));
    assert_eq!(gone(&prune("--yes")), gone(&planned));
    assert_eq!(gone(&prune("--yes")), [""; 0]);

    let asked = sandbox.run(["rollback", "testing", "--to", &all[0], "--yes"]);
    asked
        .expect_code(1)
        .expect_told(&["pruned by tester", "shipway build --commit"]);
    let listed = sandbox.run_well(["releases"]).stdout;
    assert!(listed.contains("pruned by tester"), "{listed}");
    // What is kept can be returned to, and what is built again is there again.
    sandbox.run_well(["rollback", "testing", "--yes"]);
    assert_eq!(sandbox.answering("testing"), all[2]);
    let oldest = sandbox.git(&["rev-list", "--max-parents=0", "HEAD"]);
    let built = sandbox
        .run_well(["build", "--commit", &oldest, "--json"])
        .json();
    assert_eq!(text(&built, "/release"), all[0]);
    sandbox.run_well(["rollback", "testing", "--to", &all[0], "--yes"]);
    assert_eq!(sandbox.answering("testing"), all[0]);
}
