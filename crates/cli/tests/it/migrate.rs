//! The migration: once for each deployment, before anything of it starts.

use serde_json::Value;
use shipway_testkit::{Behaviour, Environment, Purpose, Sandbox};

use crate::common::{assert_live, deployed, sandbox, sandbox_with, text, volume, wait_for_step};

/// Writes down what it runs with; waits while the file that is its first argument is there.
const SOURCE: &str = r#"
import os, sys, time
from pathlib import Path

version = Path("version").read_text().strip()
if Path("broken").exists():
    for number in range(3):
        print(f"altering table {number}", flush=True)
    print("cannot alter table orders: lock timeout", file=sys.stderr, flush=True)
    sys.exit(5)
while Path(sys.argv[1]).exists():
    time.sleep(0.01)
with open(Path(os.environ["DATA"]) / "migrations", "a") as file:
    print(os.environ["RELEASE"], version, os.environ["GREETING"], file=file)
"#;

/// Gives the project a migration.
fn add_migration(sandbox: &Sandbox) {
    sandbox.write("migrate.py", SOURCE);
    let hold = sandbox.root().join("hold");
    let section = format!(
        "\nmigrate: {{ service: web, command: python3 -B migrate.py {} }}\n\nenvironments:",
        hold.display()
    );
    sandbox.replace("shipway.yml", "\nenvironments:", &section);
}

fn deploy(sandbox: &Sandbox) -> String {
    sandbox.release(Behaviour::Good);
    deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json())
}

/// Its runs, each with what it saw.
fn migrations(sandbox: &Sandbox) -> Vec<String> {
    let runs = volume(sandbox, "migrations");
    runs.lines().map(ToOwned::to_owned).collect()
}

/// The steps of a deployment that were begun.
fn steps(shown: &Value) -> Vec<&str> {
    let journal = shown["journal"].as_array().expect("a list").iter();
    journal
        .filter_map(|record| record["entry"]["step"]["action"]["do"].as_str())
        .collect()
}

#[test]
fn it_runs_once_with_the_new_release_and_not_for_a_rollback() {
    let sandbox = sandbox();
    add_migration(&sandbox);
    sandbox.set_variable("GREETING", "hej");
    let first = deploy(&sandbox);
    let mut expected = vec![format!("{first} 2 hej")];
    assert_eq!(migrations(&sandbox), expected);
    sandbox.set_variable("GREETING", "moin");
    let second = deploy(&sandbox);
    expected.push(format!("{second} 3 moin"));
    assert_eq!(migrations(&sandbox), expected);

    let told = sandbox.run_well(["rollback", "testing", "--json"]).json();
    assert_eq!(deployed(&told), first);
    assert_eq!(migrations(&sandbox), expected);
    let shown = sandbox.show(text(&told, "/deployment"));
    assert!(!steps(&shown).contains(&"migrate"), "{shown:#}");
    assert_live(&sandbox, "testing", &first);
    // What is deployed again is migrated again: who deploys does not know what came between.
    let words = ["deploy", "testing", "--release", &second, "--json"];
    assert_eq!(deployed(&sandbox.run_well(words).json()), second);
    expected.push(format!("{second} 3 moin"));
    assert_eq!(migrations(&sandbox), expected);
}

fn check_order(strategy: &str) {
    let sandbox = sandbox_with([Environment::new("testing").with("strategy", strategy)]);
    add_migration(&sandbox);
    let first = deploy(&sandbox);
    std::fs::write(sandbox.root().join("hold"), "").expect("it can be written");
    sandbox.release(Behaviour::Good);
    let running = sandbox.start(["deploy", "testing", "--events"]);
    wait_for_step(&running, "migrate");
    assert_eq!(sandbox.answering("testing"), first);
    let instances: Vec<String> = sandbox
        .processes()
        .into_iter()
        .filter_map(|one| match one.purpose {
            Purpose::Instance { deployment, name } if name.starts_with("web") => Some(deployment),
            _ => None,
        })
        .collect();
    assert_eq!(instances, ["d1"], "{strategy}");
    std::fs::remove_file(sandbox.root().join("hold")).expect("it is there");
    running.finish().expect_code(0);
    let second = text(&sandbox.history()[0], "/release").to_owned();
    assert_live(&sandbox, "testing", &second);
    assert_eq!(migrations(&sandbox).len(), 2, "{strategy}");
}

#[test]
fn nothing_runs_before_its_end_with_blue_green() {
    check_order("blue-green");
}

#[test]
fn nothing_runs_before_its_end_with_rolling() {
    check_order("rolling");
}

#[test]
fn nothing_runs_before_its_end_with_recreate() {
    check_order("recreate");
}

#[test]
fn one_that_fails_ends_the_deployment_before_it_begins() {
    let sandbox = sandbox();
    add_migration(&sandbox);
    let good = deploy(&sandbox);
    sandbox.write("broken", "");
    sandbox.release(Behaviour::Good);
    let ended = sandbox.run(["deploy", "testing"]).expect_code(3);
    ended.expect_told(&[
        "exit code 5",
        "| altering table 2",
        "| cannot alter table orders: lock timeout",
        &format!("{good} is live in testing"),
    ]);
    let newest = sandbox.history()[0].clone();
    assert_eq!(text(&newest, "/outcome"), "failed", "{newest:#}");
    let evidence = newest["cause"]["failure"]["evidence"].to_string();
    assert!(evidence.contains("lock timeout"), "{evidence}");
    let shown = sandbox.show(text(&newest, "/id"));
    for step in ["start", "route", "drain"] {
        assert!(!steps(&shown).contains(&step), "{shown:#}");
    }
    assert_eq!(migrations(&sandbox).len(), 1);
    assert_live(&sandbox, "testing", &good);
    // It stands in nobody's way.
    sandbox.git(&["rm", "--quiet", "broken"]);
    let next = deploy(&sandbox);
    assert_live(&sandbox, "testing", &next);
}
