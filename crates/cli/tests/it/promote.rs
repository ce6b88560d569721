//! From testing through staging to production: the same artifact, and never past a stage.

use shipway_testkit::{Behaviour, Environment, Sandbox};

use crate::common::{assert_live, deployed, sandbox_with, text};

fn pipeline() -> Sandbox {
    sandbox_with([
        Environment::new("testing"),
        Environment::promoted_from("staging", "testing"),
        Environment::promoted_from("production", "staging"),
    ])
}

#[test]
fn a_release_goes_through_all_environments_unchanged() {
    let sandbox = pipeline();
    let release = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    assert_eq!(
        text(&sandbox.status("testing"), "/next"),
        "shipway promote staging"
    );
    let artifacts = || sandbox.run_well(["show", &release, "--json"]).json()["artifacts"].clone();
    let built = artifacts();

    // A commit that is newer, and one that fails in testing, change nothing.
    sandbox.release(Behaviour::Good);
    let words = ["promote", "staging", "--yes", "--json"];
    assert_eq!(deployed(&sandbox.run_well(words).json()), release);
    let words = ["promote", "production", "--confirm", "production", "--json"];
    assert_eq!(deployed(&sandbox.run_well(words).json()), release);

    for environment in ["testing", "staging", "production"] {
        assert_live(&sandbox, environment, &release);
    }
    assert_eq!(artifacts(), built);
    let kinds: Vec<_> = sandbox.history();
    let kinds: Vec<_> = kinds.iter().map(|one| text(one, "/kind")).collect();
    assert_eq!(kinds, ["promote", "promote", "deploy"]);
}

#[test]
fn nothing_skips_a_stage() {
    let sandbox = pipeline();
    let refused = |words: &[&str], told: &str| {
        let ended = match words {
            [a, b] => sandbox.run([a, b]),
            [a, b, c] => sandbox.run([a, b, c]),
            [a, b, c, d] => sandbox.run([a, b, c, d]),
            [a, b, c, d, e] => sandbox.run([a, b, c, d, e]),
            _ => panic!("too many words"),
        };
        ended.expect_code(4).expect_told(&[told]);
    };
    refused(
        &["promote", "staging", "--yes"],
        "nothing is live in `testing`, so there is nothing to promote",
    );
    refused(
        &["promote", "testing", "--yes"],
        "`testing` has no `from`: it is deployed, not promoted to",
    );
    refused(
        &["deploy", "staging", "--yes"],
        "`staging` takes what was stable in `testing`, not a commit",
    );
    refused(
        &["deploy", "production", "--confirm", "production"],
        "`production` takes what was stable in `staging`, not a commit",
    );
    let release = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    refused(
        &["deploy", "production", "--release", &release, "--yes"],
        "was never stable in `staging`, which comes before `production`",
    );
    refused(
        &["promote", "production", "--confirm", "production"],
        "nothing is live in `staging`, so there is nothing to promote",
    );
    assert_eq!(sandbox.history().len(), 1);
    sandbox.assert_nothing_is_left();
}

#[test]
fn what_has_not_finished_its_bake_is_not_promoted() {
    let sandbox = pipeline();
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    sandbox.add(Environment::new("testing").with("bake", "{ duration: 10m, interval: 100ms }"));
    sandbox.release(Behaviour::Good);
    let mut running = sandbox.start(["deploy", "testing"]);
    running.wait_for_output("  baking");
    let ended = sandbox.run(["promote", "staging", "--yes"]);
    let told = ["has not finished its bake there", "shipway status testing"];
    ended.expect_code(4).expect_told(&told);
    running.interrupt();
    running.finish().expect_code(130);
    // Back on what is stable, which goes on.
    let told = sandbox
        .run_well(["promote", "staging", "--yes", "--json"])
        .json();
    let release = deployed(&told);
    assert_live(&sandbox, "staging", &release);
}

#[test]
fn without_a_terminal_a_missing_consent_names_its_flag() {
    let sandbox = pipeline();
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    let question = "this needs a confirmation, and there is no terminal to ask at";
    let ended = sandbox.run(["promote", "staging"]);
    ended
        .expect_code(2)
        .expect_told(&[question, "hint: add `--yes`"]);
    sandbox
        .run_well(["promote", "staging", "--yes"])
        .expect_told(&["✓"]);
    let ended = sandbox.run(["promote", "production"]);
    let told = [question, "hint: add `--confirm production`"];
    ended.expect_code(2).expect_told(&told);
    // A general yes is not enough there, nor is another name.
    let ended = sandbox.run(["promote", "production", "--yes"]);
    ended.expect_code(2).expect_told(&told);
    let ended = sandbox.run(["promote", "production", "--confirm", "staging"]);
    let told = ["`--confirm staging` does not name the environment `production`"];
    ended.expect_code(2).expect_told(&told);
    assert!(sandbox.status("production")["live"].is_null());
    assert_eq!(sandbox.history().len(), 2);
}
