//! `shipway backup`: the command's words, with a real PostgreSQL server and with an SQLite file.

use std::path::Path;
use std::process::Command;

use shipway_testkit::{Behaviour, PostgresServer, Sandbox};

use crate::common::{sandbox, text};

/// Names the sandbox's database.
fn with_database(sandbox: &Sandbox, database: &str) {
    let section = format!("\ndatabase: {database}\n\nenvironments:");
    sandbox.replace("shipway.yml", "\nenvironments:", &section);
    sandbox.release(Behaviour::Good);
    let _ = sandbox.run_well(["deploy", "testing", "--json"]);
}

#[test]
fn a_backup_is_made_listed_proven_and_shown() {
    let postgres = PostgresServer::new();
    postgres.say("postgres", "CREATE DATABASE shop");
    postgres.say(
        "shop",
        "CREATE TABLE orders AS SELECT generate_series(1, 1000) AS id",
    );
    let sandbox = sandbox();
    sandbox.set_variable("SHOP_URL", &postgres.url("shop"));
    with_database(&sandbox, "{ url: '${SHOP_URL}' }");
    let made = sandbox
        .run_well(["backup", "create", "testing", "--json"])
        .json();
    assert_eq!(text(&made, "/id"), "b1");
    assert_eq!(made["contents"]["tables"]["public.orders"], 1000);
    let listed = sandbox.run_well(["backup", "list", "testing"]);
    assert!(
        listed.stdout.contains("b1") && listed.stdout.contains("asked for"),
        "{}",
        listed.stdout
    );
    let proven = sandbox.run_well(["backup", "verify", "testing", "--restore"]);
    assert!(proven.stdout.contains("b1 is proven"), "{}", proven.stdout);
    let shown = sandbox.run_well(["backup", "show", "testing", "b1"]);
    assert!(
        shown.stdout.contains("public.orders") && shown.stdout.contains("proven"),
        "{}",
        shown.stdout
    );
    let pruned = sandbox.run_well(["backup", "prune", "testing", "--yes"]);
    assert!(
        pruned.stdout.contains("one of the last"),
        "{}",
        pruned.stdout
    );
    let unknown = sandbox.run(["backup", "show", "testing", "b9"]);
    assert_eq!(unknown.code, Some(2));
    assert!(
        unknown.stderr.contains("shipway backup list testing"),
        "{}",
        unknown.stderr
    );
}

/// A disk that is full: the process may write no longer file than so.
#[test]
fn a_full_disk_is_told_and_nothing_is_lost() {
    let postgres = PostgresServer::new();
    postgres.say("postgres", "CREATE DATABASE shop");
    // What cannot be compressed.
    postgres.say(
        "shop",
        "CREATE TABLE noise AS SELECT sha256(i::text::bytea) AS x FROM generate_series(1, 300000) i",
    );
    let sandbox = sandbox();
    sandbox.set_variable("SHOP_URL", &postgres.url("shop"));
    with_database(&sandbox, "{ url: '${SHOP_URL}' }");
    let _ = sandbox.run_well(["backup", "create", "testing"]);
    let folder = sandbox.state().join("backups/testing");
    let before = names(&folder);
    let script =
        "ulimit -f 8000; trap '' XFSZ; exec \"$0\" -C \"$1\" --state \"$2\" backup create testing";
    let full = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_shipway")])
        .arg(sandbox.project())
        .arg(sandbox.state())
        .env("SHOP_URL", postgres.url("shop"))
        .output()
        .expect("a shell");
    let told = String::from_utf8_lossy(&full.stderr);
    assert_eq!(full.status.code(), Some(1), "{told}");
    assert!(
        told.contains("cannot write") && told.contains("nothing was lost"),
        "{told}"
    );
    assert_eq!(names(&folder), before);
    let _ = sandbox.run_well(["backup", "verify", "testing", "b1"]);
}

#[test]
fn an_sqlite_file_of_a_volume_has_the_same_verbs() {
    let sandbox = sandbox();
    with_database(&sandbox, "{ sqlite: data/app.sqlite3 }");
    let path = sandbox.state().join("volumes/app");
    let path = path.join("testing/data/app.sqlite3");
    let made = Command::new("python3")
        .args(["-c", "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('create table orders (id)'); c.executemany('insert into orders values (?)', [(i,) for i in range(50)]); c.commit()"])
        .arg(&path)
        .status();
    assert!(made.expect("python").success(), "{}", path.display());
    let backup = sandbox
        .run_well(["backup", "create", "testing", "--verify", "--json"])
        .json();
    assert_eq!(backup["contents"]["tables"]["orders"], 50);
    assert!(backup["proven"].is_number(), "{backup:#}");
}

#[test]
fn what_is_due_is_made_and_only_then() {
    let sandbox = sandbox();
    let section = "\nbackup: { schedule: '0 0 1 1 *', before_deploy: false }\n\nenvironments:";
    sandbox.replace("shipway.yml", "\nenvironments:", section);
    // Nothing is live yet: there is nothing to lose.
    let early = sandbox.run_well(["backup", "run-due"]);
    assert_eq!(early.stdout, "");
    with_database(&sandbox, "{ sqlite: data/app.sqlite3 }");
    let folder = sandbox.state().join("volumes/app/testing/data");
    std::fs::create_dir_all(&folder).expect("a folder");
    let made = Command::new("python3")
        .args([
            "-c",
            "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('create table t (id)')",
        ])
        .arg(folder.join("app.sqlite3"))
        .status();
    assert!(made.expect("python").success());
    let due = sandbox.run_well(["backup", "run-due"]);
    assert!(
        due.stdout.starts_with("testing: b1 made, "),
        "{}",
        due.stdout
    );
    let later = sandbox.run_well(["backup", "run-due", "testing"]);
    assert!(
        later
            .stdout
            .starts_with("testing: nothing is due; next at "),
        "{}",
        later.stdout
    );
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).expect("a directory");
    let mut names: Vec<String> = entries
        .map(|entry| {
            entry
                .expect("an entry")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .collect();
    names.sort();
    names
}
