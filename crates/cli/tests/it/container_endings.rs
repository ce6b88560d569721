//! Containers that are not fit: what is told of each, and that nothing of it stays.

use shipway_testkit::{Behaviour, Environment, Sandbox, docker, wait_until};

use crate::common::{PROGRAM, deployed, text, wait_for_step};

/// A sandbox with a good release, and its id.
fn sandbox(environment: Environment) -> (Sandbox, String) {
    let sandbox = Sandbox::with_containers(PROGRAM, [environment]);
    let good = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    (sandbox, good)
}

/// Checks that a release is live, and that its one container is all that there is.
#[track_caller]
fn assert_only(sandbox: &Sandbox, release: &str) {
    let status = sandbox.status("testing");
    assert_eq!(text(&status, "/live/release"), release, "{status:#}");
    assert_eq!(sandbox.answering("testing"), release);
    let containers = sandbox.containers();
    assert_eq!(containers.len(), 1, "{containers:?}");
}

/// Checks that the newest commit gets no traffic, that its owner is told why, and that the good
/// release is as it was.
#[track_caller]
fn assert_refused(sandbox: &Sandbox, told: &[&str], good: &str) {
    sandbox
        .run(["deploy", "testing"])
        .expect_code(3)
        .expect_told(told);
    assert_only(sandbox, good);
}

fn by_health_check() -> Environment {
    Environment::new("testing").with("health", "{ healthy_for: 100ms, deadline: 4s }")
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn one_that_never_gets_healthy_says_what_it_last_answered() {
    let health = "{ path: /health/, interval: 100ms, healthy_for: 100ms, deadline: 4s }";
    let (sandbox, good) = sandbox(Environment::new("testing").with("health", health));
    sandbox.release(Behaviour::NeverHealthy);
    let told = [
        "did not become healthy in time",
        "503",
        "the search index is missing",
    ];
    assert_refused(&sandbox, &told, &good);
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn one_that_wants_too_much_memory_is_told_so() {
    let (sandbox, good) = sandbox(Environment::new("testing"));
    let hungry = "    init: true\n    command: [python3, -c, 'b\"x\" * 500000000']\n    mem_limit: 32m\n    memswap_limit: 32m\n";
    sandbox.replace("docker-compose.yml", "    init: true\n", hungry);
    sandbox.release(Behaviour::Good);
    let told = ["web-1 ended: out of memory"];
    assert_refused(&sandbox, &told, &good);
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn one_without_the_shell_that_its_health_check_needs_is_told_so() {
    let (sandbox, good) = sandbox(by_health_check());
    // Nothing but one program that needs nothing else.
    std::fs::copy("/bin/busybox", sandbox.project().join("busybox")).expect("it is here");
    sandbox.write("Dockerfile", "FROM scratch\nCOPY busybox /httpd\nCMD [\"/httpd\", \"httpd\", \"-f\", \"-p\", \"8000\"]\n");
    let check = "    healthcheck: { test: [CMD-SHELL, 'true'], interval: 500ms, retries: 1 }\n    init: true\n";
    sandbox.replace("docker-compose.yml", "    init: true\n", check);
    sandbox.release(Behaviour::Good);
    let told = ["did not become healthy in time", "/bin/sh", "no such file"];
    assert_refused(&sandbox, &told, &good);
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn one_that_is_removed_by_hand_while_it_is_judged_gives_the_traffic_back() {
    let (sandbox, good) = sandbox(Environment::new("testing"));
    let bake = "{ duration: 50s, interval: 100ms, min_requests: 5 }";
    sandbox.add(Environment::new("testing").with("bake", bake));
    sandbox.release(Behaviour::Good);
    let running = sandbox.start(["deploy", "testing", "--events"]);
    wait_for_step(&running, "bake");
    let new = wait_until("the new container", || {
        let all = sandbox.containers();
        all.into_iter().find(|name| name.ends_with("-green-web-1"))
    });
    docker(&["rm", "--force", &new]);
    running.finish().expect_code(7);
    let shown = sandbox.show("d2").to_string();
    assert!(shown.contains("web-1: it is gone"), "{shown}");
    assert_only(&sandbox, &good);
}
