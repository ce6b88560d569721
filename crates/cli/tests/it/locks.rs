//! Two at once: one has the environment, the other is told who, or waits.

use shipway_testkit::Behaviour;

use crate::common::{assert_live, deployed, sandbox, text};

#[test]
fn the_second_is_told_who_has_it_or_waits() {
    let sandbox = sandbox();
    sandbox.release(Behaviour::SlowStart(4));
    let mut first = sandbox.start_as("alice", ["deploy", "testing", "--events"]);
    first.wait_for_output("lease_taken");
    let commit = sandbox.release(Behaviour::Good);

    let refused = sandbox.run(["deploy", "testing"]).expect_code(6);
    let told = [
        "error: environment `testing` is held by alice on ",
        "hint: add `--wait` to wait for it; `shipway status testing` shows what it does",
    ];
    refused.expect_told(&told);
    sandbox.run(["resume", "testing"]).expect_code(6);
    let status = sandbox.status("testing");
    let holder = text(&status, "/deployment/holder");
    assert!(holder.starts_with("alice on "), "{status:#}");

    let words = ["deploy", "testing", "--wait", "--json", "--commit", &commit];
    let second = sandbox.start(words);
    let told = ["deploy", "testing", "--wait"];
    let mut third = sandbox.start(told);
    third.wait_for_output("waiting for testing, held by ");
    first.finish().expect_code(0);
    let release = deployed(&second.finish().expect_code(0).json());
    third.finish().expect_code(0);
    assert_live(&sandbox, "testing", &release);
    let history = sandbox.history();
    assert_eq!(history.len(), 3, "the refused ones left no record");
    assert!(history.iter().all(|one| one["outcome"] == "succeeded"));
}

#[test]
fn many_at_once_are_carried_out_one_after_the_other() {
    let sandbox = sandbox();
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    let running: Vec<_> = (0..3)
        .map(|_| sandbox.start(["deploy", "testing", "--wait", "--force"]))
        .collect();
    for one in running {
        one.finish().expect_code(0);
    }
    let history = sandbox.history();
    assert_eq!(history.len(), 4);
    let release = text(&history[0], "/release").to_owned();
    assert_live(&sandbox, "testing", &release);
}

#[test]
fn one_who_waits_may_give_up() {
    let sandbox = sandbox();
    sandbox.release(Behaviour::SlowStart(3));
    let mut first = sandbox.start(["deploy", "testing", "--events"]);
    first.wait_for_output("lease_taken");
    let mut second = sandbox.start(["deploy", "testing", "--wait"]);
    second.wait_for_output("waiting for testing");
    second.interrupt();
    second.finish().expect_code(130);
    first.finish().expect_code(0);
    assert_eq!(sandbox.history().len(), 1);
}
