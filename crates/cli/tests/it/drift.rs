//! What runs is compared with what is recorded.

use serde_json::Value;
use shipway_testkit::{Behaviour, Environment, Purpose, Sandbox, docker, kill};

use crate::common::{PROGRAM, deployed, text};

/// Checks that nothing is to be done, and that nothing is.
#[track_caller]
fn assert_settled(sandbox: &Sandbox) {
    let planned = sandbox.run_well(["plan", "testing", "--exit-code"]).stdout;
    assert!(planned.starts_with("nothing to change: "), "{planned}");
    let before = sandbox.history().len();
    sandbox
        .run_well(["deploy", "testing"])
        .expect_told(&["nothing to change"]);
    assert_eq!(sandbox.history().len(), before);
}

/// The deviations that a plan tells, each with what becomes of it.
#[track_caller]
fn drift(sandbox: &Sandbox) -> Vec<String> {
    let planned = sandbox
        .run(["plan", "testing", "--exit-code", "--json"])
        .expect_code(10)
        .json();
    let all = planned["drift"].as_array().expect("it is a list");
    let line = |one: &Value| format!("{}; {}", text(one, "/text"), text(one, "/remedy"));
    all.iter().map(line).collect()
}

#[test]
fn processes_are_as_recorded_until_one_is_killed() {
    let sandbox = crate::common::sandbox();
    let release = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    assert_settled(&sandbox);
    let is_web = |purpose: &Purpose| matches!(purpose, Purpose::Instance { .. });
    let all = sandbox.processes();
    let web = all
        .iter()
        .find(|one| is_web(&one.purpose))
        .expect("it runs");
    kill(web.pid);
    shipway_testkit::wait_until("the end to be noticed", || {
        let planned = sandbox.run(["plan", "testing", "--exit-code"]);
        (planned.code == Some(10)).then_some(())
    });
    let remedy = "a deployment starts the release anew in the other colour";
    assert_eq!(
        drift(&sandbox),
        [format!("web-1 (blue) does not run: signal 9; {remedy}")]
    );
    assert_eq!(
        deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json()),
        release
    );
    assert_settled(&sandbox);
    // Whoever wants it gets it.
    let before = sandbox.history().len();
    sandbox
        .run_well(["deploy", "testing", "--force"])
        .expect_told(&["✓"]);
    assert_eq!(sandbox.history().len(), before + 1);
}

#[test]
fn another_address_is_a_change() {
    let sandbox = crate::common::sandbox();
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    sandbox.add(
        Environment::new("testing").with("route", "{ listen: 127.0.0.1:1, host: example.org }"),
    );
    sandbox
        .run(["plan", "testing", "--exit-code"])
        .expect_code(10);
}

const SERVICES: &str = "services:
  db:
    image: python:3.13-slim
    init: true
    command: [sleep, infinity]
  worker:
    image: python:3.13-slim
    init: true
    command: [sleep, infinity]
    stop_grace_period: 1s
";

fn containers() -> Sandbox {
    let sandbox = Sandbox::with_containers(PROGRAM, [Environment::new("testing")]);
    sandbox.replace("docker-compose.yml", "services:\n", SERVICES);
    let roles = "services:\n  db: { role: stateful }\n  worker: { role: worker }\n";
    sandbox.replace("shipway.yml", "services:\n", roles);
    sandbox.release(Behaviour::Good);
    sandbox
}

/// The name of the container that ends so.
#[track_caller]
fn named(sandbox: &Sandbox, end: &str) -> String {
    let all = sandbox.containers();
    let found = all.iter().find(|name| name.ends_with(end));
    found
        .unwrap_or_else(|| panic!("no {end} in {all:?}"))
        .clone()
}

/// Makes a container with the labels of another, and changes of them.
fn imitate(original: &str, name: &str, changes: &[(&str, &str)]) {
    let labels = docker(&["inspect", "--format", "{{json .Config.Labels}}", original]);
    let mut labels: Value = serde_json::from_str(&labels).expect("it is JSON");
    for (label, value) in changes {
        labels[*label] = Value::from(*value);
    }
    let words: Vec<String> = labels
        .as_object()
        .expect("it is a mapping")
        .iter()
        .map(|(label, value)| format!("--label={label}={}", value.as_str().unwrap_or_default()))
        .collect();
    let mut all = vec![
        "run",
        "--detach",
        "--init",
        "--network=none",
        "--name",
        name,
    ];
    all.extend(words.iter().map(String::as_str));
    all.extend(["python:3.13-slim", "sleep", "infinity"]);
    docker(&all);
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn changes_made_by_hand_are_told_and_a_deployment_mends_them() {
    let sandbox = containers();
    let release = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    assert_settled(&sandbox);
    let (web, worker, db) = (
        named(&sandbox, "-blue-web-1"),
        named(&sandbox, "-blue-worker-1"),
        named(&sandbox, "-testing-db-1"),
    );
    let project = web.trim_end_matches("-web-1").to_owned();
    docker(&[
        "network",
        "disconnect",
        &format!("{}_default_blue", db.trim_end_matches("-db-1")),
        &db,
    ]);
    docker(&["stop", "--time", "1", &worker]);
    let extra = format!("{project}-worker-2");
    imitate(&worker, &extra, &[("shipway.instance", "worker-2")]);
    let stranger = format!("{project}-cache");
    let of_project = format!("--label=com.docker.compose.project={project}");
    let of_test = "--label=com.docker.compose.service=cache";
    docker(&[
        "run",
        "--detach",
        "--name",
        &stranger,
        &of_project,
        of_test,
        "python:3.13-slim",
        "sleep",
        "infinity",
    ]);
    let found = drift(&sandbox);
    docker(&["rm", "--force", &stranger]);
    for told in [
        "worker-1 (blue) does not run: ",
        "db-1 (shared) is not on the network `",
        "worker-2 (blue) runs, and is not part of",
        &format!("`{stranger}` is among the containers"),
    ] {
        let is_told = found.iter().any(|one| one.starts_with(told));
        assert!(is_told, "{told:?} in {found:#?}");
    }
    assert_eq!(found.len(), 4, "{found:#?}");

    assert_eq!(
        deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json()),
        release
    );
    assert_settled(&sandbox);
    let all = sandbox.containers();
    assert_eq!(all.len(), 3, "{all:?}");
    assert!(all.iter().all(|name| !name.contains("-blue-")), "{all:?}");
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn containers_that_are_gone_or_others_by_their_names_are_told() {
    let sandbox = containers();
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    let project = sandbox.project_name();
    let (web, worker, db) = (
        named(&sandbox, "-blue-web-1"),
        named(&sandbox, "-blue-worker-1"),
        named(&sandbox, "-testing-db-1"),
    );
    let copy = format!("{project}-copy");
    imitate(&web, &copy, &[]);
    docker(&["rm", "--force", &web]);
    docker(&["rename", &copy, &web]);
    let found = drift(&sandbox);
    assert!(
        found[0].starts_with("web-1 (blue) runs something else: sha256:"),
        "{found:#?}"
    );
    docker(&["rm", "--force", &web]);
    docker(&["rm", "--force", &worker, &db]);
    let found = drift(&sandbox);
    assert_eq!(
        found,
        [
            "web-1 (blue) is gone; a deployment starts the release anew in the other colour",
            "worker-1 (blue) is gone; a deployment starts the release anew in the other colour",
            "db-1 (shared) is gone; a deployment starts it",
        ]
    );
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    assert_settled(&sandbox);
}
