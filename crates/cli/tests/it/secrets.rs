//! A secret stays one: it reaches the application, and nothing else.

use std::fs;
use std::path::{Path, PathBuf};

use shipway_testkit::{Behaviour, Sandbox};

use crate::common::sandbox;

const SENTINEL: &str = "sentinel-4c1f7e9a";

fn assert_silent(told: &shipway_testkit::Ended) {
    for text in [&told.stdout, &told.stderr] {
        assert!(!text.contains(SENTINEL), "{told}");
    }
}

#[test]
fn no_output_record_argument_or_table_holds_it() {
    let sandbox = sandbox();
    sandbox.set_variable("SECRET_KEY", SENTINEL);
    sandbox.replace(
        "docker-compose.yml",
        "SECRET_KEY:",
        &format!("DATABASE_URL: postgres://shop:{SENTINEL}@db/shop\n      SECRET_KEY:"),
    );
    sandbox.release(Behaviour::Good);
    for words in [
        ["validate", "testing", "--color=never"],
        ["config", "testing", "--json"],
        ["plan", "testing", "--json"],
        ["deploy", "testing", "--dry-run"],
        ["deploy", "testing", "--events"],
        ["deploy", "testing", "--json"],
        ["deploy", "testing", "--yes"],
        ["rollback", "testing", "--json"],
        ["status", "testing", "--json"],
        ["history", "testing", "--json"],
        ["show", "d1", "--json"],
        ["logs", "testing", "web"],
        ["proxy", "status", "--color=never"],
        ["doctor", "--color", "never"],
    ] {
        let told = sandbox.run(words);
        assert!(words[0] == "rollback" || told.code == Some(0), "{told}");
        assert_silent(&told);
    }
    // It is where it belongs, or this test tests nothing.
    assert!(reaches_the_application(&sandbox));
    for process in sandbox.processes() {
        let command = process.command.join(" ");
        assert!(!command.contains(SENTINEL), "{command}");
    }
    assert!(files_with_it(&sandbox.proxy()).is_empty());

    // A release that fails tells why, but not this.
    sandbox.release(Behaviour::Crash);
    let told = sandbox.run(["deploy", "testing"]).expect_code(3);
    assert_silent(&told);
    assert_silent(&sandbox.run_well(["show", "d2", "--json"]));
}

#[test]
fn what_has_to_hold_it_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;

    let sandbox = sandbox();
    sandbox.set_variable("SECRET_KEY", SENTINEL);
    sandbox.run_well(["deploy", "testing"]).expect_told(&["✓"]);
    assert!(!files_with_it(&sandbox.state()).is_empty());
    for directory in [sandbox.state(), sandbox.proxy()] {
        let mode = fs::metadata(&directory)
            .expect("it exists")
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o700, "{}", directory.display());
    }
}

fn reaches_the_application(sandbox: &Sandbox) -> bool {
    sandbox.processes().iter().any(|process| {
        let environment = fs::read(format!("/proc/{}/environ", process.pid));
        environment.is_ok_and(|bytes| holds(&bytes))
    })
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

fn holds(bytes: &[u8]) -> bool {
    bytes
        .windows(SENTINEL.len())
        .any(|window| window == SENTINEL.as_bytes())
}
