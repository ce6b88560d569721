//! Services beside the one that takes the requests: who of them is alive when.

use shipway_testkit::{Behaviour, Environment, Purpose, Sandbox, wait_until};

use crate::common::{assert_live, deployed, sandbox, sandbox_with, text, volume, wait_for_step};

/// Writes down when it starts, when it is told to stop and when it does. Takes its time for the
/// last, and never runs beside another of the lock's name.
const SOURCE: &str = r#"
import fcntl, os, signal, sys, time
from pathlib import Path

name, *lock = sys.argv[1:]
data = Path(os.environ["DATA"])
log = os.open(data / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

def say(what):
    os.write(log, f"{what} {os.environ['RELEASE']}\n".encode())

if lock:
    held = open(data / lock[0], "w")
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        say("overlap")

def stop(*_):
    say("told")
    time.sleep(0.5)
    say("stop")
    os._exit(0)

signal.signal(signal.SIGTERM, stop)
say("start")
while True:
    signal.pause()
"#;

/// Adds a service with this role, which runs the job with these arguments.
fn add_service(sandbox: &Sandbox, name: &str, role: &str, arguments: &str) {
    sandbox.write("job.py", SOURCE);
    let service = format!(
        "services:
  {name}:
    image: job
    volumes: [\"data:/data\"]
    stop_grace_period: 30s
    x-shipway:
      process:
        command: python3 -B job.py {arguments}
        environment: {{ DATA: \"{{volume:data}}\" }}
"
    );
    sandbox.replace("docker-compose.yml", "services:\n", &service);
    let services = format!("services:\n  {name}: {{ role: {role} }}\n");
    sandbox.replace("shipway.yml", "services:\n", &services);
}

fn deploy(sandbox: &Sandbox) -> String {
    sandbox.release(Behaviour::Good);
    deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json())
}

/// The processes of an instance of this name, with their deployments.
fn alive(sandbox: &Sandbox, wanted: &str) -> Vec<(String, u32)> {
    let mut found: Vec<(String, u32)> = sandbox
        .processes()
        .into_iter()
        .filter_map(|one| match one.purpose {
            Purpose::Instance { deployment, name } if name == wanted => Some((deployment, one.pid)),
            _ => None,
        })
        .collect();
    found.sort();
    found
}

/// What a job wrote down.
fn told(sandbox: &Sandbox, job: &str) -> Vec<String> {
    let lines = volume(sandbox, job);
    lines.lines().map(ToOwned::to_owned).collect()
}

/// Waits until a job wrote down so much: Python takes a moment to start.
fn wait_for_lines(sandbox: &Sandbox, job: &str, count: usize) {
    wait_until(&format!("{count} lines of {job}"), || {
        (told(sandbox, job).len() >= count).then_some(())
    });
}

#[test]
fn workers_of_both_releases_run_until_the_bake_is_over() {
    let bake = "{ duration: 3s, interval: 100ms, min_requests: 1000000 }";
    let sandbox = sandbox_with([Environment::new("testing").with("bake", bake)]);
    add_service(&sandbox, "worker", "worker", "worker");
    let first = deploy(&sandbox);
    wait_for_lines(&sandbox, "worker", 1);
    sandbox.release(Behaviour::Good);
    let running = sandbox.start(["deploy", "testing", "--events"]);
    wait_for_step(&running, "bake");
    let both = alive(&sandbox, "worker-1");
    let deployments: Vec<&str> = both.iter().map(|(one, _)| one.as_str()).collect();
    assert_eq!(deployments, ["d1", "d2"]);
    running.finish().expect_code(0);
    let second = text(&sandbox.history()[0], "/release").to_owned();
    // It was told to stop, and had the time to do so.
    let expected = [
        format!("start {first}"),
        format!("start {second}"),
        format!("told {first}"),
        format!("stop {first}"),
    ];
    assert_eq!(told(&sandbox, "worker"), expected);
    assert_eq!(alive(&sandbox, "worker-1"), both[1..]);
    let shown = sandbox.show("d2").to_string();
    assert!(shown.contains(r#""gracefully":2,"killed":0"#), "{shown}");
    assert_live(&sandbox, "testing", &second);
}

#[test]
fn a_worker_that_dies_in_the_bake_takes_the_release_back() {
    let sandbox = sandbox();
    add_service(&sandbox, "worker", "worker", "worker");
    let good = deploy(&sandbox);
    let (_, old) = alive(&sandbox, "worker-1")[0].clone();
    sandbox.replace("shipway.yml", "duration: 500ms", "duration: 50s");
    sandbox.release(Behaviour::Good);
    let running = sandbox.start(["deploy", "testing", "--events"]);
    wait_for_step(&running, "bake");
    let (deployment, new) = alive(&sandbox, "worker-1")[1].clone();
    assert_eq!(deployment, "d2");
    shipway_testkit::kill(new);
    let ended = running.finish().expect_code(7);
    assert!(ended.stdout.contains("worker-1"), "{ended}");
    assert_live(&sandbox, "testing", &good);
    assert_eq!(alive(&sandbox, "worker-1"), [("d1".to_owned(), old)]);
}

fn check_singleton(strategy: &str) {
    let sandbox = sandbox_with([Environment::new("testing").with("strategy", strategy)]);
    add_service(&sandbox, "beat", "singleton", "beat lock");
    let first = deploy(&sandbox);
    wait_for_lines(&sandbox, "beat", 1);
    let second = deploy(&sandbox);
    wait_for_lines(&sandbox, "beat", 4);
    let back = sandbox.run_well(["rollback", "testing", "--json"]).json();
    assert_eq!(deployed(&back), first);
    wait_for_lines(&sandbox, "beat", 7);
    // And one that goes back by itself.
    sandbox.replace("shipway.yml", "duration: 500ms", "duration: 50s");
    sandbox.release(Behaviour::Good);
    let running = sandbox.start(["deploy", "testing", "--events"]);
    wait_for_step(&running, "bake");
    wait_for_lines(&sandbox, "beat", 10);
    let web = alive(&sandbox, "web-1");
    let (_, new) = web.iter().find(|(one, _)| one == "d4").expect("it runs");
    shipway_testkit::kill(*new);
    running.finish().expect_code(7);
    let third = text(&sandbox.history()[0], "/release").to_owned();
    assert_live(&sandbox, "testing", &first);
    wait_for_lines(&sandbox, "beat", 13);

    let lines = told(&sandbox, "beat");
    let mut expected = Vec::new();
    for release in [&first, &second, &first, &third] {
        for what in ["start", "told", "stop"] {
            expected.push(format!("{what} {release}"));
        }
    }
    expected.push(format!("start {first}"));
    assert_eq!(lines, expected, "{strategy}");
}

#[test]
fn a_singleton_is_never_alive_twice_with_blue_green() {
    check_singleton("blue-green");
}

#[test]
fn a_singleton_is_never_alive_twice_with_rolling() {
    check_singleton("rolling");
}

#[test]
fn a_singleton_is_never_alive_twice_with_recreate() {
    check_singleton("recreate");
}

fn check_stateful(strategy: &str) {
    let sandbox = sandbox_with([Environment::new("testing").with("strategy", strategy)]);
    add_service(&sandbox, "store", "stateful", "store lock");
    let first = deploy(&sandbox);
    wait_for_lines(&sandbox, "store", 1);
    let store = alive(&sandbox, "store-1");
    assert_eq!(store.len(), 1, "{store:?}");
    let colour = || text(&sandbox.status("testing"), "/live/colour").to_owned();
    assert_eq!(colour(), "blue");
    deploy(&sandbox);
    assert_eq!(colour(), "green");
    assert_eq!(alive(&sandbox, "store-1"), store);
    deploy(&sandbox);
    let words = ["rollback", "testing", "--to", &first, "--json"];
    assert_eq!(deployed(&sandbox.run_well(words).json()), first);
    assert_eq!(alive(&sandbox, "store-1"), store);
    // A release that is not fit does not take it along.
    let code = if strategy == "recreate" { 7 } else { 3 };
    sandbox.release(Behaviour::Crash);
    sandbox
        .run(["deploy", "testing"])
        .expect_code(code)
        .expect_told(&["exit code 3"]);
    assert_eq!(alive(&sandbox, "store-1"), store);
    assert_eq!(told(&sandbox, "store"), [format!("start {first}")]);
    // Once it is gone, the next deployment starts it again.
    shipway_testkit::kill(store[0].1);
    wait_until("the store to be gone", || {
        (alive(&sandbox, "store-1") != store).then_some(())
    });
    deploy(&sandbox);
    wait_for_lines(&sandbox, "store", 2);
    let again = alive(&sandbox, "store-1");
    assert_eq!(again.len(), 1, "{again:?}");
    assert_ne!(again, store);
    let lines = told(&sandbox, "store");
    assert!(
        lines.iter().all(|line| line.starts_with("start ")),
        "{lines:?}"
    );
}

#[test]
fn what_is_stateful_outlives_blue_green() {
    check_stateful("blue-green");
}

#[test]
fn what_is_stateful_outlives_rolling() {
    check_stateful("rolling");
}

#[test]
fn what_is_stateful_outlives_recreate() {
    check_stateful("recreate");
}

#[test]
fn a_service_that_says_nothing_of_processes_is_left_out() {
    let sandbox = sandbox();
    sandbox.replace(
        "docker-compose.yml",
        "services:\n",
        "services:\n  cache:\n    image: redis:7\n  mailer:\n    image: mailer\n",
    );
    sandbox.replace(
        "shipway.yml",
        "services:\n",
        "services:\n  mailer: { role: worker }\n",
    );
    sandbox.release(Behaviour::Good);
    let notes = [
        "service `cache` has no `x-shipway.process` and is not run",
        "service `mailer` has no `x-shipway.process` and is not run",
    ];
    let plan = sandbox.run_well(["deploy", "testing", "--dry-run"]).stdout;
    for note in notes {
        assert!(plan.contains(note), "{plan}");
    }
    let told = sandbox.run_well(["deploy", "testing", "--json"]).json();
    let release = deployed(&told);
    let shown = sandbox.show(text(&told, "/deployment"));
    for (index, note) in notes.iter().enumerate() {
        let place = format!("/plan/notes/{index}/text");
        assert_eq!(text(&shown, &place), *note);
    }
    for name in ["cache-1", "mailer-1"] {
        assert!(alive(&sandbox, name).is_empty(), "{name}");
    }
    assert_live(&sandbox, "testing", &release);
}
