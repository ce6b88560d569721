//! A real git client pushes to a repository of `shipway git init`.

use std::path::Path;

use shipway_testkit::{Behaviour, Daemon, Environment, Sandbox, wait_until};

use crate::common::{assert_live, sandbox_with};

/// `development` takes features, `testing` the branch main.
fn served() -> (Sandbox, String) {
    let development = Environment::new("development").with("branches", "['feature/*']");
    let sandbox = sandbox_with([development, Environment::new("testing")]);
    let bare = sandbox.run_well(["git", "init"]).stdout.trim().to_owned();
    (sandbox, bare)
}

/// Commits a version of the application on a branch of somebody's own clone.
fn commit(sandbox: &Sandbox, laptop: &Path, version: &str) -> String {
    std::fs::write(laptop.join("version"), version).expect("it can be written");
    let here = laptop.to_str().expect("it is a text");
    sandbox.git(&["-C", here, "commit", "--quiet", "--all", "-m", version]);
    sandbox.git(&["-C", here, "rev-parse", "HEAD"])
}

#[test]
fn a_feature_is_live_in_development_and_main_in_testing() {
    let (sandbox, bare) = served();
    let laptop = sandbox.root().join("laptop");
    let here = laptop.to_str().unwrap();
    sandbox.git(&["clone", "--quiet", ".", here]);
    sandbox.git(&["-C", here, "remote", "add", "deploy", &bare]);
    sandbox.git(&["-C", here, "switch", "--quiet", "--create", "feature/cart"]);
    commit(&sandbox, &laptop, "cart");
    let told = sandbox.git_told(&["-C", here, "push", "deploy", "feature/cart"]);
    assert!(told.contains("remote: development: deploy"), "{told}");
    assert!(
        told.contains("switching") && told.contains("succeeded"),
        "{told}"
    );
    let feature = sandbox.answering("development");
    assert!(sandbox.status("testing")["live"].is_null());

    // Main, which the project's folder has checked out: it follows, shipway.yml included.
    sandbox.git(&["-C", here, "switch", "--quiet", "main"]);
    sandbox.git(&["-C", here, "merge", "--quiet", "feature/cart"]);
    let main = commit(&sandbox, &laptop, "main");
    let told = sandbox.git_told(&["-C", here, "push", "deploy", "main"]);
    assert!(told.contains("remote: testing: deploy"), "{told}");
    assert_eq!(sandbox.git(&["rev-parse", "HEAD"]), main);
    let release = sandbox.answering("testing");
    assert_ne!(release, feature);
    assert_eq!(sandbox.answering("development"), feature);

    // A branch that nobody takes, a tag, and the end of a branch deploy nothing.
    let before = sandbox.history().len();
    for what in [
        "HEAD:refs/heads/other",
        "HEAD:refs/tags/v1",
        ":feature/cart",
    ] {
        let told = sandbox.git_told(&["-C", here, "push", "deploy", what]);
        assert!(told.contains("nothing to deploy"), "{told}");
    }
    assert_eq!(sandbox.history().len(), before);
    assert_live(&sandbox, "testing", &release);
}

#[test]
fn with_a_daemon_the_pusher_is_told_as_well() {
    let (sandbox, bare) = served();
    // Safe to repeat.
    assert_eq!(sandbox.run_well(["git", "init"]).stdout.trim(), bare);
    let daemon = Daemon::start(&sandbox, []);
    let told = sandbox.git_told(&["push", &bare, "main"]);
    assert!(told.contains("switching"), "{told}");
    assert!(
        told.contains("testing: q1 became d1, which succeeded"),
        "{told}"
    );
    assert_eq!(daemon.get("/v1/requests/q1")["state"], "ended");
    let release = sandbox.answering("testing");
    let _ = daemon.stop().expect_code(0);
    assert_live(&sandbox, "testing", &release);
}

#[test]
fn a_push_that_is_told_by_hand_is_done_the_same_way() {
    let (sandbox, _) = served();
    let commit = sandbox.git(&["rev-parse", "HEAD"]);
    let words = ["trigger", "--ref", "refs/heads/main", "--new", &commit];
    sandbox.run_well(words).expect_told(&["testing: deploy"]);
    let release = sandbox.answering("testing");
    assert_live(&sandbox, "testing", &release);
    let odd = ["trigger", "--ref", "refs/heads/../x", "--new", &commit];
    sandbox.run(odd).expect_code(2);
    let lines = format!("{commit} {commit} refs/heads/a b\n");
    let told = sandbox
        .run_reading(&lines, ["trigger", "--stdin"])
        .expect_code(0);
    told.expect_told(&["is no reference that is taken"]);
    let odd = sandbox.run_reading("nonsense\n", ["trigger", "--stdin"]);
    odd.expect_code(2).expect_told(&["OLD NEW REFERENCE"]);
    assert_eq!(sandbox.history().len(), 1);
}

#[test]
fn without_a_daemon_a_newer_push_takes_the_place_of_one_that_waits() {
    let (sandbox, _) = served();
    let trigger =
        |commit: &str| sandbox.start(["trigger", "--ref", "refs/heads/main", "--new", commit]);
    let state = |id: &str| {
        let requests = sandbox.run_well(["requests", "--all", "--json"]).json();
        let all = requests.as_array().unwrap().clone();
        let found = all.into_iter().find(|one| one["id"] == id);
        found.map(|one| one["state"].clone())
    };
    let wait_for = |id: &str, wanted: &str| {
        wait_until(&format!("{id} to be {wanted}"), || {
            state(id).filter(|state| state["state"] == wanted)
        })
    };
    let commits = [(); 3].map(|()| sandbox.release(Behaviour::SlowStart(3)));
    let first = trigger(&commits[0]);
    wait_for("q1", "running");
    let second = trigger(&commits[1]);
    wait_for("q2", "queued");
    let third = trigger(&commits[2]);
    let ended = wait_for("q2", "ended");
    assert_eq!(ended["end"]["end"], "superseded", "{ended:#}");
    let told = second.finish().expect_code(0);
    told.expect_told(&["q2 was superseded by q3"]);
    let _ = (first.finish().expect_code(0), third.finish().expect_code(0));
    let history = sandbox.history();
    assert_eq!(history.len(), 2, "{history:#?}");
    let release = sandbox.answering("testing");
    assert_live(&sandbox, "testing", &release);
}
