//! `shipway restore` and `rollback --database`: with a real PostgreSQL server, and with an SQLite
//! file; killed at each step.

use std::path::PathBuf;
use std::process::Command;

use shipway_testkit::{Behaviour, PostgresServer, Sandbox};

use crate::common::{assert_live, deployed, sandbox, text};

/// A sandbox whose database is on a server of its own.
struct Site {
    sandbox: Sandbox,
    postgres: PostgresServer,
}

impl Site {
    fn new(backup: &str) -> Self {
        let postgres = PostgresServer::new();
        postgres.say("postgres", "CREATE DATABASE shop");
        let sandbox = sandbox();
        sandbox.set_variable("SHOP_URL", &postgres.url("shop"));
        let section =
            format!("\ndatabase: {{ url: '${{SHOP_URL}}' }}\nbackup: {backup}\n\nenvironments:");
        sandbox.replace("shipway.yml", "\nenvironments:", &section);
        let site = Self { sandbox, postgres };
        site.write("first");
        site
    }

    /// Makes the database hold one word.
    fn write(&self, word: &str) {
        let sql = format!("DROP TABLE IF EXISTS t;\nCREATE TABLE t AS SELECT '{word}' AS word;");
        self.postgres.say("shop", &sql);
    }

    fn word(&self) -> String {
        self.postgres.say("shop", "SELECT word FROM t")
    }

    fn deploy(&self) -> String {
        self.sandbox.release(Behaviour::Good);
        deployed(
            &self
                .sandbox
                .run_well(["deploy", "testing", "--json"])
                .json(),
        )
    }

    fn databases(&self) -> String {
        let sql = "SELECT string_agg(datname, ' ' ORDER BY datname) FROM pg_database WHERE datname LIKE 'shop%'";
        self.postgres.say("postgres", sql)
    }
}

#[test]
fn a_backup_comes_back_can_be_undone_and_the_old_database_goes_when_it_is_accepted() {
    let site = Site::new("{ before_deploy: false }");
    let sandbox = &site.sandbox;
    site.postgres.say(
        "postgres",
        "ALTER DATABASE shop SET search_path TO public, pg_catalog",
    );
    let release = site.deploy();
    let _ = sandbox.run_well(["backup", "create", "testing"]);
    site.write("second");

    let told = sandbox
        .run_well(["restore", "testing", "b1", "--yes", "--json"])
        .json();
    assert_eq!(deployed(&told), release);
    assert_eq!(site.word(), "first");
    let path = site.postgres.say("shop", "SHOW search_path");
    assert_eq!(path, "public, pg_catalog");
    assert_live(sandbox, "testing", &release);
    let id = text(&told, "/deployment").to_owned();
    assert_eq!(text(&sandbox.show(&id), "/kind"), "restore");
    assert_eq!(site.databases(), format!("shop shop_before_{id}"));
    // Nobody writes to the old one by mistake.
    let kept = format!("shop_before_{id}");
    assert!(site.postgres.try_say(&kept, "SELECT 1").is_err());
    // What was there was saved before.
    let listed = sandbox.run_well(["backup", "list", "testing"]);
    assert!(
        listed.stdout.contains(&format!("before the restore {id}")),
        "{}",
        listed.stdout
    );
    let standing = sandbox.run_well(["restore", "testing"]);
    assert!(standing.stdout.contains(&kept), "{}", standing.stdout);

    let undone = sandbox
        .run_well(["restore", "testing", "--undo", "--yes", "--json"])
        .json();
    assert_eq!(deployed(&undone), release);
    assert_eq!(site.word(), "second");
    let _ = sandbox.run_well(["restore", "testing", "--accept", "--yes"]);
    assert_eq!(site.databases(), "shop");
    assert_eq!(site.word(), "second");
    assert_live(sandbox, "testing", &release);
}

#[test]
fn the_release_of_before_runs_on_the_database_of_before() {
    let site = Site::new("{ before_deploy: true }");
    let sandbox = &site.sandbox;
    let first = site.deploy();
    // The backup is a step of the deployment, and holds what was there then.
    let second = site.deploy();
    let listed = sandbox
        .run_well(["backup", "list", "testing", "--json"])
        .json();
    assert_eq!(text(&listed, "/0/reason/why"), "before_deployment");
    site.write("spoilt by the second release");
    let told = sandbox
        .run_well(["rollback", "testing", "--database", "--json"])
        .json();
    assert_eq!(deployed(&told), first);
    assert_ne!(first, second);
    assert_eq!(site.word(), "first");
    assert_live(sandbox, "testing", &first);
}

#[test]
fn a_restore_that_was_killed_is_finished_or_never_was() {
    let site = Site::new("{ before_deploy: false }");
    let sandbox = &site.sandbox;
    let release = site.deploy();
    let _ = sandbox.run_well(["backup", "create", "testing"]);
    for action in [
        "back_up",
        "restore_backup",
        "hold",
        "stop",
        "swap_database",
        "start",
        "mark_stable",
    ] {
        site.write(action);
        let running = sandbox.start(["restore", "testing", "b1", "--yes", "--events"]);
        crate::common::wait_for_step(&running, action);
        running.kill();
        let word = site.word();
        assert!(word == action || word == "first", "{action}: {word}");
        let _ = sandbox.run_well(["resume", "testing"]);
        assert_eq!(site.word(), "first", "killed at {action}");
        assert_live(sandbox, "testing", &release);
        let _ = sandbox.run_well(["restore", "testing", "--accept", "--yes"]);
        assert_eq!(site.databases(), "shop", "killed at {action}");
    }
}

#[test]
fn a_release_that_does_not_start_on_the_restored_database_leaves_the_old_one() {
    let site = Site::new("{ before_deploy: false }");
    let sandbox = &site.sandbox;
    let release = site.deploy();
    let _ = sandbox.run_well(["backup", "create", "testing"]);
    site.write("second");
    let running = sandbox.start(["restore", "testing", "b1", "--yes", "--events"]);
    crate::common::wait_for_step(&running, "start");
    running.interrupt();
    let ended = running.finish();
    assert_eq!(ended.code, Some(130), "{}", ended.stderr);
    assert_eq!(site.word(), "second");
    assert_live(sandbox, "testing", &release);
}

#[test]
fn a_damaged_backup_stops_a_restore_before_anything_is_touched() {
    let site = Site::new("{ before_deploy: false }");
    let sandbox = &site.sandbox;
    let release = site.deploy();
    let made = sandbox
        .run_well(["backup", "create", "testing", "--json"])
        .json();
    let folder = PathBuf::from(text(&made, "/directory"));
    let file = folder.join(text(&made, "/files/0/name"));
    let bytes = std::fs::read(&file).expect("the backup");
    std::fs::write(&file, &bytes[..bytes.len() - 9]).expect("the backup");
    site.write("second");
    let refused = sandbox.run(["restore", "testing", "b1", "--yes"]);
    assert_eq!(refused.code, Some(3), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("b1 is damaged"),
        "{}",
        refused.stderr
    );
    assert_eq!(site.word(), "second");
    assert_eq!(site.databases(), "shop");
    assert_live(sandbox, "testing", &release);
}

#[test]
fn an_sqlite_file_comes_back_and_goes_again() {
    let sandbox = sandbox();
    let section = "\ndatabase: { sqlite: data/app.sqlite3 }\n\nenvironments:";
    sandbox.replace("shipway.yml", "\nenvironments:", section);
    sandbox.release(Behaviour::Good);
    let _ = sandbox.run_well(["deploy", "testing"]);
    let path = sandbox.state().join("volumes/app/testing/data/app.sqlite3");
    let script = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.executescript(sys.argv[2]); print(*[r[0] for r in c.execute('select word from t')])";
    let say = |sql: &str| {
        let output = Command::new("python3")
            .args(["-c", script])
            .arg(&path)
            .arg(sql)
            .output();
        String::from_utf8_lossy(&output.expect("python").stdout)
            .trim()
            .to_owned()
    };
    say("create table t (word); insert into t values ('first')");
    let _ = sandbox.run_well(["backup", "create", "testing"]);
    say("update t set word = 'second'");
    let _ = sandbox.run_well(["restore", "testing", "b1", "--yes"]);
    assert_eq!(say(""), "first");
    let _ = sandbox.run_well(["restore", "testing", "--undo", "--yes"]);
    assert_eq!(say(""), "second");
    let _ = sandbox.run_well(["restore", "testing", "--accept", "--yes"]);
    let beside = std::fs::read_dir(path.parent().expect("a folder")).expect("a folder");
    assert!(
        beside
            .flatten()
            .all(|one| !one.file_name().to_string_lossy().contains("before"))
    );
}
