//! One-off tasks, commands in instances, logs that go on, and what instances use.

use shipway_testkit::{Behaviour, Environment, Sandbox, wait_until};

use crate::common::{PROGRAM, deployed, sandbox, text};

/// Prints what it has of a service: the directory's files, variables, volumes.
const TELL: &str = "import os; print(os.environ['GREETING'], os.environ['RELEASE'], \
                    os.path.exists('behaviour'), os.path.isdir(os.environ['DATA']))";

fn containers() -> Sandbox {
    Sandbox::with_containers(PROGRAM, [Environment::new("testing")])
}

fn runs_with_what_the_service_has(sandbox: &Sandbox) {
    let release = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    let told = sandbox.run_well(["run", "testing", "--", "python3", "-c", TELL]);
    assert_eq!(told.stdout.trim(), format!("hello {release} True True"));
    let told = sandbox.run_well(["exec", "testing", "web-1", "--", "python3", "-c", TELL]);
    assert_eq!(told.stdout.trim(), format!("hello {release} True True"));
    let fails = "import sys; print('to the error stream', file=sys.stderr); sys.exit(42)";
    for verb in ["run", "exec"] {
        let ended = sandbox.run([verb, "testing", "--", "python3", "-c", fails]);
        ended.expect_code(42).expect_told(&["to the error stream"]);
    }
    let ended = sandbox.run(["exec", "testing", "wbe", "--", "true"]);
    ended.expect_code(2).expect_told(&["did you mean `web`?"]);
    assert_eq!(text(&sandbox.status("testing"), "/live/release"), release);
}

#[test]
fn commands_run_with_what_the_service_has() {
    let sandbox = sandbox();
    runs_with_what_the_service_has(&sandbox);
    sandbox.assert_nothing_is_left();
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn commands_run_in_containers_with_what_the_service_has() {
    let sandbox = containers();
    runs_with_what_the_service_has(&sandbox);
    assert_eq!(sandbox.containers().len(), 1, "{:?}", sandbox.containers());
}

#[test]
fn a_command_runs_with_the_release_that_is_named() {
    let sandbox = sandbox();
    let first = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    sandbox.release(Behaviour::Good);
    sandbox.run_well(["deploy", "testing"]);
    let script = "import os; print(os.environ['RELEASE'])";
    let told = sandbox.run_well([
        "run",
        "testing",
        "--release",
        &first,
        "--",
        "python3",
        "-c",
        script,
    ]);
    assert_eq!(told.stdout.trim(), first);
}

#[test]
fn an_interrupt_reaches_the_command() {
    let sandbox = sandbox();
    sandbox.run_well(["deploy", "testing"]);
    let script = "import signal, sys\n\
                  signal.signal(signal.SIGINT, lambda *_: sys.exit(7))\n\
                  print('ready', flush=True)\n\
                  signal.pause()";
    let mut running = sandbox.start(["run", "testing", "--", "python3", "-c", script]);
    running.wait_for_output("ready");
    running.interrupt();
    running.finish().expect_code(7);
}

fn instances_are_measured(sandbox: &Sandbox) {
    sandbox.run_well(["deploy", "testing"]);
    let rows = sandbox.run_well(["top", "testing", "--json"]).json();
    let row = &rows[0];
    assert_eq!((text(row, "/id"), text(row, "/slot")), ("web-1", "blue"));
    assert_eq!(row["healthy"], true, "{row:#}");
    let memory = row["resources"]["memory"].as_u64().expect("a number");
    assert!(memory > 1_000_000, "Python needs more: {row:#}");
    assert!(row["resources"]["cpu"].as_f64().expect("a number") >= 0.0);
    let told = sandbox.run_well(["top", "testing"]);
    assert!(
        told.stdout.contains("INSTANCE") && told.stdout.contains("MiB"),
        "{told}"
    );
    let told = sandbox.run_well(["status", "testing", "--resources"]);
    assert!(
        told.stdout.contains("web-1") && told.stdout.contains("MiB"),
        "{told}"
    );
}

#[test]
fn instances_are_measured_as_processes() {
    instances_are_measured(&sandbox());
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn instances_are_measured_as_containers() {
    let sandbox = containers();
    sandbox.replace(
        "docker-compose.yml",
        "init: true",
        "init: true\n    mem_limit: 256m",
    );
    sandbox.release(Behaviour::Good);
    instances_are_measured(&sandbox);
    let rows = sandbox.run_well(["top", "testing", "--json"]).json();
    let resources = &rows[0]["resources"];
    assert_eq!(resources["memory_limit"], 256 * 1024 * 1024, "{rows:#}");
    assert!(resources["received_per_second"].is_number(), "{rows:#}");
}

/// Follows the log over a new release.
fn log_is_followed(sandbox: &Sandbox) {
    sandbox.replace(
        "app.py",
        "requests = 0\n",
        "requests = 0\nprint(\"started\", RELEASE, flush=True)\n",
    );
    sandbox.release(Behaviour::Good);
    let first = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    let running = sandbox.start(["logs", "testing", "--follow"]);
    let wait_for = |release: &str| {
        let line = format!("web-1 | started {release}");
        wait_until(&line, || running.stdout().contains(&line).then_some(()));
    };
    wait_for(&first);
    sandbox.release(Behaviour::Good);
    let second = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    wait_for(&second);
    running.interrupt();
    running.finish().expect_code(0);
}

#[test]
fn a_log_is_followed_over_releases() {
    log_is_followed(&sandbox());
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn a_log_of_containers_is_followed_over_releases() {
    log_is_followed(&containers());
}
