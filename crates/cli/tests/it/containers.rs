//! The same promises with containers of a real Docker Engine.

use shipway_testkit::{Behaviour, Environment, Sandbox, Traffic, wait_until};

use crate::common::{PROGRAM, deployed, text};

/// Each costs some seconds: the engine starts two containers and stops two.
const SWITCHES: usize = 8;

fn sandbox() -> Sandbox {
    Sandbox::with_containers(PROGRAM, [Environment::new("testing")])
}

/// Checks that a release is live, that its containers are all there are, and no other colour's.
#[track_caller]
fn assert_live(sandbox: &Sandbox, release: &str) {
    let status = sandbox.status("testing");
    assert_eq!(text(&status, "/live/release"), release, "{status:#}");
    assert_eq!(text(&status, "/routed"), "live", "{status:#}");
    let colour = text(&status, "/live/colour");
    let containers = sandbox.containers();
    let is_live = |name: &String| name.ends_with(&format!("-testing-{colour}-web-1"));
    assert!(
        containers.len() == 1 && is_live(&containers[0]),
        "{containers:?}"
    );
    assert_eq!(sandbox.answering("testing"), release);
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn switches_of_containers_under_load_lose_nothing() {
    let sandbox = sandbox();
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    let traffic = Traffic::start(&sandbox, "testing");
    let mut releases = Vec::new();
    for _ in 0..SWITCHES {
        sandbox.release(Behaviour::Good);
        let told = sandbox.run_well(["deploy", "testing", "--json"]).json();
        releases.push(deployed(&told));
    }
    traffic.flow();
    let observed = traffic.stop(&sandbox, "testing");
    println!("{SWITCHES} switches of containers: {observed}");
    assert_live(&sandbox, &releases[SWITCHES - 1]);
    observed.assert_flawless();
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn a_container_that_ends_at_once_takes_no_traffic() {
    let sandbox = sandbox();
    let good = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    sandbox.release(Behaviour::Crash);
    let ended = sandbox.run(["deploy", "testing"]);
    let told = ["web-1 ended: exit code 3", "cannot reach the database"];
    ended.expect_code(3).expect_told(&told);
    assert_live(&sandbox, &good);
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn a_container_that_turns_bad_gives_the_traffic_back() {
    let sandbox = sandbox();
    let good = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    let traffic = Traffic::start(&sandbox, "testing");
    sandbox.release(Behaviour::FailingAfter(20));
    sandbox.run(["deploy", "testing"]).expect_code(7);
    traffic.flow();
    traffic.stop(&sandbox, "testing");
    assert_live(&sandbox, &good);
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn a_deployment_whose_command_was_killed_is_finished_by_the_next() {
    let sandbox = sandbox();
    let old = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    // While containers start, while they are awaited, while traffic moves.
    for step in [4, 5, 6, 7] {
        sandbox.release(Behaviour::Good);
        let running = sandbox.start(["deploy", "testing", "--events"]);
        wait_until(&format!("step {step}"), || {
            let told = running.stdout();
            (told.matches(r#""entry":"intent""#).count() >= step).then_some(())
        });
        running.kill();
        sandbox.run_well(["resume", "testing"]);
        let live = text(&sandbox.status("testing"), "/live/release").to_owned();
        assert_ne!(live, old);
        assert_live(&sandbox, &live);
    }
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn a_rollback_runs_the_very_image_of_before() {
    let sandbox = sandbox();
    let first = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    sandbox.release(Behaviour::Good);
    let second = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    assert_ne!(first, second);
    sandbox.run_well(["rollback", "testing"]);
    assert_live(&sandbox, &first);
}

#[test]
fn without_an_engine_the_message_says_so() {
    let sandbox = Sandbox::with_containers(PROGRAM, [Environment::new("testing")]);
    sandbox.set_variable("DOCKER_HOST", "unix:///no/such/socket");
    let ended = sandbox.run(["deploy", "testing"]);
    ended
        .expect_code(1)
        .expect_told(&["Docker Engine", "/no/such/socket"]);
}
