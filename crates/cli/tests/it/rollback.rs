//! `shipway rollback`.

use shipway_testkit::{Behaviour, Environment, Sandbox, Traffic};

use crate::common::{assert_live, deployed, sandbox, text};

fn deploy(sandbox: &Sandbox) -> String {
    sandbox.release(Behaviour::Good);
    deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json())
}

#[test]
fn it_returns_to_the_last_stable_release_and_its_configuration() {
    let sandbox = sandbox();
    sandbox.set_variable("GREETING", "good morning");
    let first = deploy(&sandbox);
    sandbox.set_variable("GREETING", "good evening");
    let second = deploy(&sandbox);
    let greeting = || sandbox.get("testing", "/").expect("an answer").body;
    assert_eq!(greeting(), "good evening");

    let traffic = Traffic::start(&sandbox, "testing");
    let told = sandbox.run_well(["rollback", "testing", "--json"]).json();
    assert_eq!(deployed(&told), first);
    assert_eq!(greeting(), "good morning");
    assert_live(&sandbox, "testing", &first);
    let newest = sandbox.history()[0].clone();
    assert_eq!(text(&newest, "/kind"), "rollback");
    assert_eq!(text(&newest, "/previous"), second);
    // A rollback does not bake: it was judged when it was new.
    let shown = sandbox.show(text(&newest, "/id"));
    assert!(!shown["plan"]["steps"].to_string().contains("bake"));
    traffic.flow();
    traffic.stop(&sandbox, "testing").assert_flawless();

    // And back again: the one that was left was stable as well.
    let told = sandbox.run_well(["rollback", "testing", "--json"]).json();
    assert_eq!(deployed(&told), second);
    assert_live(&sandbox, "testing", &second);
}

#[test]
fn it_returns_to_a_release_of_ones_choice() {
    let sandbox = sandbox();
    let first = deploy(&sandbox);
    deploy(&sandbox);
    let third = deploy(&sandbox);
    // The beginning of a release's name is enough.
    let words = ["rollback", "testing", "--to", &first[..8], "--json"];
    assert_eq!(deployed(&sandbox.run_well(words).json()), first);
    assert_live(&sandbox, "testing", &first);
    // A dry run tells and does nothing.
    let told = sandbox.run_well(["rollback", "testing", "--to", &third, "--dry-run"]);
    assert!(told.stdout.starts_with("Rollback "), "{told}");
    assert_eq!(sandbox.history().len(), 4);
}

#[test]
fn it_is_refused_where_there_is_nothing_to_return_to() {
    let sandbox = sandbox();
    let ended = sandbox.run(["rollback", "testing"]);
    let told = ["nothing is live in `testing`", "shipway history testing"];
    ended.expect_code(4).expect_told(&told);
    let first = deploy(&sandbox);
    let ended = sandbox.run(["rollback", "testing"]);
    let told = ["no other release was ever stable in `testing`"];
    ended.expect_code(4).expect_told(&told);
    // One that was built but never stable here.
    sandbox.release(Behaviour::Crash);
    sandbox.run(["deploy", "testing"]).expect_code(3);
    let broken = text(&sandbox.history()[0], "/release").to_owned();
    let ended = sandbox.run(["rollback", "testing", "--to", &broken]);
    ended
        .expect_code(4)
        .expect_told(&["was never stable in `testing`"]);
    let ended = sandbox.run(["rollback", "testing", "--to", "r000000000000"]);
    ended.expect_code(2).expect_told(&["there is no release"]);
    assert_live(&sandbox, "testing", &first);
}

#[test]
fn a_release_that_was_never_stable_goes_back_to_the_one_that_was() {
    let sandbox = sandbox();
    let good = deploy(&sandbox);
    sandbox.add(Environment::new("testing").with("bake", "{ duration: 10m, interval: 100ms }"));
    sandbox.release(Behaviour::Good);
    let mut running = sandbox.start(["deploy", "testing"]);
    running.wait_for_output("  baking");
    running.kill();
    assert_eq!(sandbox.status("testing")["stable"], false);
    // The deployment is over only after its bake: it is stopped, not rolled back.
    let _ = sandbox.run(["abort", "testing"]);
    assert_live(&sandbox, "testing", &good);
}
