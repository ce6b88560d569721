//! Shipway's own secrets: set, read by services, pinned, rotated, removed, and never told.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use shipway_testkit::{Behaviour, Ended, Environment, Sandbox};

use crate::common::{PROGRAM, deployed, sandbox, text};

/// Part of every value here: nothing that is printed or recorded may hold it.
const SENTINEL: &str = "sentinel-9b2e";

/// Answers with what its secret holds.
const PROCESS: &str =
    r#"command: [sh, -c, 'GREETING="$$(cat {secret:greeting})" exec python3 -B app.py']"#;

const CONTAINER: &str = r#"command: [sh, -c, 'GREETING="$$(cat /run/secrets/greeting)" exec python3 -B app.py']
    read_only: true"#;

const DEFINITION: &str = "\nsecrets: { greeting: { external: true } }\n\nvolumes:";

/// A project whose service reads the secret `greeting`, committed.
fn reading() -> Sandbox {
    let sandbox = sandbox();
    sandbox.replace("docker-compose.yml", "command: python3 -B app.py", PROCESS);
    wants_greeting(&sandbox, "    x-shipway:");
    sandbox
}

fn wants_greeting(sandbox: &Sandbox, before: &str) {
    let with = format!("    secrets: [greeting]\n{before}");
    sandbox.replace("docker-compose.yml", before, &with);
    sandbox.replace("docker-compose.yml", "\nvolumes:", DEFINITION);
    sandbox.release(Behaviour::Good);
}

fn value(number: u32) -> String {
    format!("{SENTINEL}-{number}")
}

#[track_caller]
fn set(sandbox: &Sandbox, number: u32) -> Ended {
    let words = ["secrets", "set", "testing", "greeting"];
    let told = sandbox.run_reading(&format!("{}\n", value(number)), words);
    let told = told.expect_code(0);
    told.expect_told(&["greeting of testing is version"]);
    told
}

#[track_caller]
fn answer(sandbox: &Sandbox) -> String {
    let answer = sandbox.get("testing", "/").expect("it answers");
    answer.body
}

#[track_caller]
fn assert_silent(told: &Ended) {
    for text in [&told.stdout, &told.stderr] {
        assert!(!text.contains(SENTINEL), "{told}");
    }
}

#[test]
fn a_release_runs_with_the_newest_version_and_a_rollback_with_its_own() {
    follows_versions(&reading());
}

#[test]
#[ignore = "needs a Docker Engine: `cargo xtask test`"]
fn containers_run_with_the_newest_version_and_a_rollback_with_its_own() {
    let sandbox = Sandbox::with_containers(PROGRAM, [Environment::new("testing")]);
    let before = "    init: true";
    sandbox.replace(
        "docker-compose.yml",
        before,
        &format!("    {CONTAINER}\n{before}"),
    );
    wants_greeting(&sandbox, before);
    follows_versions(&sandbox);
    for name in sandbox.containers() {
        let inspected = std::process::Command::new("docker")
            .args(["inspect", &name])
            .output()
            .expect("the Docker CLI runs");
        let inspected = String::from_utf8_lossy(&inspected.stdout);
        assert!(inspected.contains("/run/secrets/greeting"), "{inspected}");
        assert!(!inspected.contains(SENTINEL), "{inspected}");
    }
}

fn follows_versions(sandbox: &Sandbox) {
    set(sandbox, 1);
    let first = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    assert_eq!(answer(sandbox), value(1));
    sandbox
        .run(["plan", "testing", "--exit-code"])
        .expect_code(0);

    // What runs goes on with its value; the next deployment, of whatever commit, takes the new.
    let told = set(sandbox, 2);
    told.expect_told(&["goes on with version 1 until the next deployment"]);
    assert_eq!(answer(sandbox), value(1));
    let plan = sandbox.run(["plan", "testing", "--exit-code"]);
    let plan = plan.expect_code(10);
    assert!(
        plan.stdout.contains("version 2 of the secret `greeting`"),
        "{plan}"
    );
    let told = sandbox.run_well(["diff", "testing"]);
    assert!(told.stdout.contains("version"), "{told}");
    sandbox.release(Behaviour::Good);
    let second = deployed(&sandbox.run_well(["deploy", "testing", "--json"]).json());
    assert_ne!(first, second);
    assert_eq!(answer(sandbox), value(2));

    sandbox.run_well(["rollback", "testing"]);
    assert_eq!(answer(sandbox), value(1));
    let status = sandbox.status("testing");
    assert_eq!(text(&status, "/live/release"), first);
    let listed = sandbox
        .run_well(["secrets", "list", "testing", "--json"])
        .json();
    assert_eq!(listed[0]["version"], 2);
    assert_eq!(listed[0]["live"], 1);
}

#[test]
fn what_holds_is_shown_where_a_secret_was_never_set() {
    let sandbox = reading();
    let shown = sandbox.run_well(["config", "testing"]).stdout;
    assert!(shown.contains("version: unset"), "{shown}");
    let told = sandbox.run_well(["diff", "testing", "testing", "--json"]);
    assert_eq!(
        told.json()["difference"]["services"],
        serde_json::json!([]),
        "{told}"
    );
}

#[test]
fn a_missing_secret_is_told_before_anything_is_touched() {
    let sandbox = reading();
    for words in [
        ["deploy", "testing"],
        ["plan", "testing"],
        ["validate", "testing"],
    ] {
        let told = sandbox.run(words).expect_code(2);
        told.expect_told(&[
            "error[missing-secret]: the secret `greeting` is not set in this environment",
            "docker-compose.yml:",
            "secrets: [greeting]",
            "shipway secrets set testing greeting",
        ]);
    }
    let found = sandbox
        .run(["validate", "testing", "--json"])
        .expect_code(2);
    assert_eq!(found.json()["diagnostics"][0]["code"], "missing-secret");
    assert!(sandbox.history().is_empty());
    assert!(sandbox.processes().is_empty());

    set(&sandbox, 1);
    sandbox.run_well(["validate", "testing"]);
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
}

#[test]
fn values_are_nowhere_but_where_they_are_read() {
    let sandbox = reading();
    let mut told = vec![set(&sandbox, 1)];
    told.push(sandbox.run_well(["deploy", "testing", "--events"]));
    told.push(set(&sandbox, 2));
    // On disk it stands where the running instance reads it, for this user alone.
    let found = files_with_it(&sandbox.state());
    assert!(!found.is_empty(), "the application answers with it");
    for path in found {
        assert!(
            path.ends_with("files/secret-greeting"),
            "{}",
            path.display()
        );
        let mode = fs::metadata(&path)
            .expect("it was found")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o400);
    }
    // The application tells what it has when it ends, and the journal keeps its last words.
    sandbox.replace(
        "app.py",
        "def log(text):\n    print(text",
        "def log(text):\n    print(os.environ[\"GREETING\"], text",
    );
    sandbox.release(Behaviour::Crash);
    told.push(
        sandbox
            .run(["deploy", "testing", "--events"])
            .expect_code(3),
    );
    let crashed = sandbox.run(["deploy", "testing"]).expect_code(3);
    crashed.expect_told(&["********"]);
    told.push(crashed);
    for words in [
        ["secrets", "list", "testing", "--json"],
        ["plan", "testing", "--json", "--color=never"],
        ["config", "testing", "--show-secrets", "--json"],
        ["diff", "testing", "--json", "--color=never"],
        ["status", "testing", "--json", "--color=never"],
        ["show", "d2", "--json", "--color=never"],
    ] {
        told.push(sandbox.run_well(words));
    }
    told.push(
        sandbox
            .run(["secrets", "get", "testing", "greeting"])
            .expect_code(2),
    );
    for one in &told {
        assert_silent(one);
    }
    let config = sandbox.run_well(["config", "testing", "--json"]).json();
    assert_eq!(config["secrets"]["greeting"]["version"], 2);

    assert!(files_with_it(&sandbox.root().join("home")).is_empty());
    // What an application writes is in its own log, and nowhere else.
    let records = files_with_it(&sandbox.state());
    assert!(!records.iter().any(|path| is_database(path)), "{records:?}");
}

#[test]
fn rotating_needs_a_value_that_is_there_and_differs() {
    let sandbox = sandbox();
    let rotate = ["secrets", "rotate", "testing", "key"];
    let told = sandbox.run_reading("x", rotate).expect_code(2);
    told.expect_told(&["`testing` has no secret `key`", "hint:"]);
    sandbox.write("value", "one");
    sandbox.run_well(["secrets", "set", "testing", "key", "--file", "value"]);
    let told = sandbox.run_reading("one\n", rotate).expect_code(2);
    told.expect_told(&["has this value already"]);
    sandbox.run_well(["secrets", "rotate", "testing", "key", "--generate"]);
    let show = |at| {
        let words = ["secrets", "get", "testing", "key", "--show", "--at", at];
        sandbox.run_well(words).stdout
    };
    assert_eq!(show("1"), "one");
    assert_eq!(show("2").len(), 50);
    let empty = sandbox.run_reading("\n", rotate).expect_code(2);
    empty.expect_told(&["the value is empty"]);
    let nowhere = sandbox.run_reading("x", ["secrets", "set", "testin", "key"]);
    nowhere
        .expect_code(2)
        .expect_told(&["did you mean `testing`?"]);
}

#[test]
fn a_secret_in_use_stays_and_a_removed_one_is_missed_by_a_rollback() {
    let sandbox = reading();
    set(&sandbox, 1);
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    let rm = ["secrets", "rm", "testing", "greeting"];
    let refused = sandbox.run(rm).expect_code(4);
    refused.expect_told(&["what is live in `testing` reads `greeting`", "--force"]);
    // A release that does without it.
    let compose = sandbox.read("docker-compose.yml");
    let without = compose
        .replace("    secrets: [greeting]\n", "")
        .replace("$$(cat {secret:greeting})", "plain");
    sandbox.write("docker-compose.yml", &without);
    sandbox.release(Behaviour::Good);
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    sandbox
        .run_well(rm)
        .expect_told(&["removed 1 value of greeting"]);
    let gone = sandbox.run(["rollback", "testing"]).expect_code(1);
    gone.expect_told(&["version 1 of the secret `greeting` of `testing` is not in the store"]);
    assert_eq!(answer(&sandbox), "plain");
    // Its number is not given again: nothing that names version 1 can get another value.
    set(&sandbox, 2).expect_told(&["version 2"]);
}

#[test]
fn a_lost_identity_is_not_replaced_and_one_of_a_variable_serves() {
    let sandbox = reading();
    set(&sandbox, 1);
    let path = sandbox.root().join("home/.config/shipway/age-identity.txt");
    let identity = fs::read_to_string(&path).expect("it was made");
    let mode = fs::metadata(&path)
        .expect("it was made")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    fs::remove_file(&path).expect("it is there");
    for words in [
        ["secrets", "set", "testing", "other", "--generate"].as_slice(),
        ["deploy", "testing"].as_slice(),
    ] {
        let told = match words {
            [a, b] => sandbox.run([*a, *b]),
            [a, b, c, d, e] => sandbox.run([*a, *b, *c, *d, *e]),
            _ => unreachable!("two and five words"),
        };
        told.expect_code(1)
            .expect_told(&["there is no age identity at", "bring the identity back"]);
    }
    assert!(!path.exists());
    sandbox.set_variable("SHIPWAY_AGE_IDENTITY", identity.trim());
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    assert_eq!(answer(&sandbox), value(1));
}

fn files_with_it(directory: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory).expect("it exists").flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files_with_it(&path));
        } else if fs::read(&path).is_ok_and(|bytes| holds(&bytes)) {
            found.push(path);
        }
    }
    found
}

fn is_database(path: &Path) -> bool {
    let name = path.file_name().and_then(|name| name.to_str());
    name.is_some_and(|name| name.starts_with("shipway.db"))
}

fn holds(bytes: &[u8]) -> bool {
    bytes
        .windows(SENTINEL.len())
        .any(|window| window == SENTINEL.as_bytes())
}
