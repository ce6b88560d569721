//! A database is made anew: a step of its own, and back where that fails.

use serde_json::Value;
use shipway_testkit::{Behaviour, Environment, Sandbox, Traffic, docker};

use crate::common::{PROGRAM, deployed, text};

const DB: &str = "services:
  db:
    image: python:3.13-slim
    init: true
    command: [sh, -c, 'COMMAND']
    volumes: ['db:/db']
    stop_grace_period: 5s
";

/// A sandbox whose database writes down each of its starts.
fn sandbox() -> Sandbox {
    let sandbox = Sandbox::with_containers(PROGRAM, [Environment::new("testing")]);
    sandbox.replace("docker-compose.yml", "services:\n", DB);
    sandbox.replace(
        "docker-compose.yml",
        "volumes:\n  data",
        "volumes:\n  db: {}\n  data",
    );
    sandbox.replace(
        "shipway.yml",
        "services:\n",
        "services:\n  db: { role: stateful }\n",
    );
    command(
        &sandbox,
        "COMMAND",
        "echo one >>/db/log; exec sleep infinity",
    );
    sandbox
}

/// Changes what the database runs, and commits a release that says so.
fn command(sandbox: &Sandbox, from: &str, to: &str) {
    sandbox.replace("docker-compose.yml", from, to);
    sandbox.release(Behaviour::Good);
}

fn deploy(sandbox: &Sandbox) -> String {
    deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json())
}

/// The name of the database's container, and what the engine calls it.
fn db(sandbox: &Sandbox) -> (String, String) {
    let containers = sandbox.containers();
    let mut found = containers
        .iter()
        .filter(|name| name.contains("-testing-db-1"));
    let name = found.next().expect("the database runs").clone();
    assert_eq!(found.next(), None, "{containers:?}");
    let id = docker(&["inspect", "--format", "{{.Id}} {{.State.Running}}", &name]);
    (name, id.trim().to_owned())
}

#[track_caller]
fn assert_settled(sandbox: &Sandbox) {
    let planned = sandbox.run_well(["plan", "testing", "--exit-code"]).stdout;
    assert!(planned.starts_with("nothing to change: "), "{planned}");
}

fn log(sandbox: &Sandbox) -> String {
    docker(&["exec", &db(sandbox).0, "cat", "/db/log"])
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn a_database_is_made_anew_when_somebody_says_so_and_keeps_its_data() {
    let sandbox = sandbox();
    deploy(&sandbox);
    let first = db(&sandbox);
    command(&sandbox, "echo one", "echo two");
    let pending = "`db` runs with another `command` than the files say";
    let planned = sandbox.run_well(["plan", "testing"]).stdout;
    assert!(
        planned.contains(pending) && planned.contains("shipway renew testing db"),
        "{planned}"
    );
    let live = deploy(&sandbox);
    assert_eq!(db(&sandbox), first, "a deployment does not touch it");
    // Nothing that a deployment would change.
    let settled = sandbox.run_well(["plan", "testing", "--exit-code"]);
    settled.expect_told(&[pending]);
    assert!(
        settled.stdout.starts_with("nothing to change: "),
        "{settled}"
    );

    let told = ["--yes", pending, "nothing has `db` from when it is stopped"];
    sandbox
        .run(["renew", "testing", "db"])
        .expect_code(2)
        .expect_told(&told);
    assert_eq!(db(&sandbox), first);
    let traffic = Traffic::start(&sandbox, "testing");
    let renewed = sandbox.run_well(["renew", "testing", "db", "--yes"]);
    renewed.expect_told(&["made anew"]);
    traffic.flow();
    // The application does not need it: its requests waited, at most.
    traffic.stop(&sandbox, "testing").assert_flawless();
    assert_ne!(db(&sandbox).1, first.1);
    assert_eq!(log(&sandbox), "one\ntwo\n");
    assert_eq!(text(&sandbox.status("testing"), "/live/release"), live);
    let settled = sandbox
        .run_well(["plan", "testing", "--exit-code", "--json"])
        .json();
    assert_eq!(settled["pending"], Value::Array(vec![]), "{settled:#}");
    let newest = &sandbox.history()[0];
    assert_eq!(text(newest, "/kind"), "renew");
    // It is found by the next release, whatever project it was made in.
    sandbox.release(Behaviour::Good);
    deploy(&sandbox);
    assert_eq!(log(&sandbox), "one\ntwo\n");
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn the_old_database_is_brought_back_where_the_new_one_does_not_start() {
    let sandbox = sandbox();
    deploy(&sandbox);
    let first = db(&sandbox);
    command(
        &sandbox,
        "echo one >>/db/log; exec sleep infinity",
        "sleep 0.3; echo wrong data; exit 3",
    );
    let live = deploy(&sandbox);
    let ended = sandbox.run(["renew", "testing", "db", "--yes"]);
    ended.expect_code(7).expect_told(&[
        "db-1 ended: exit code 3",
        "wrong data",
        "the container of before runs",
    ]);
    assert_eq!(db(&sandbox), first, "the very same container");
    // It was started twice, and nothing else was.
    assert_eq!(log(&sandbox), "one\none\n");
    assert_eq!(text(&sandbox.status("testing"), "/live/release"), live);
    assert_settled(&sandbox);
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn a_renewal_whose_command_was_killed_is_finished() {
    let sandbox = sandbox();
    deploy(&sandbox);
    let mut starts = "one\n".to_owned();
    // While it is put aside, while the new one starts, while the old one is removed.
    for (number, step) in [3, 4, 5, 6].into_iter().enumerate() {
        let (from, to) = (number.to_string(), (number + 1).to_string());
        let from = if number == 0 { "one" } else { &from };
        command(
            &sandbox,
            &format!("echo {from} >>"),
            &format!("echo {to} >>"),
        );
        deploy(&sandbox);
        let running = sandbox.start(["renew", "testing", "db", "--yes", "--events"]);
        shipway_testkit::wait_until(&format!("step {step}"), || {
            let told = running.stdout();
            (told.matches(r#""entry":"intent""#).count() >= step).then_some(())
        });
        running.kill();
        sandbox.run_well(["resume", "testing"]);
        starts.push_str(&format!("{to}\n"));
        assert_eq!(log(&sandbox), starts, "step {step}");
        assert_settled(&sandbox);
    }
}

#[test]
fn what_is_no_shared_service_is_told() {
    let sandbox = crate::common::sandbox();
    let told = ["nothing is live in `testing`"];
    sandbox
        .run(["renew", "testing", "db", "--yes"])
        .expect_code(2)
        .expect_told(&told);
    sandbox.run_well(["deploy", "testing"]);
    let told = ["processes"];
    sandbox
        .run(["renew", "testing", "web", "--yes"])
        .expect_code(2)
        .expect_told(&told);
}
