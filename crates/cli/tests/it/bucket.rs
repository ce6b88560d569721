//! Backups in a bucket of a real store that speaks S3: copied, read back, found and brought back.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use shipway_testkit::{Behaviour, S3Server, Sandbox, wait_until};

use crate::common::{sandbox, text};

/// What is sent in three parts.
const LARGE: usize = 20_000_000;

/// A sandbox with an SQLite file, whose backups go to a bucket.
pub(crate) struct Site {
    pub(crate) sandbox: Sandbox,
    pub(crate) store: S3Server,
}

impl Site {
    pub(crate) fn new(backup: &str) -> Self {
        let (sandbox, store) = (sandbox(), S3Server::new());
        let section = format!(
            "\ndatabase: {{ sqlite: data/app.sqlite3 }}\nbackup: {{ before_deploy: false, s3: {}{backup} }}\n\nenvironments:",
            store.section()
        );
        sandbox.replace("shipway.yml", "\nenvironments:", &section);
        for (name, value) in store.variables() {
            sandbox.set_variable(name, value);
        }
        sandbox.release(Behaviour::Good);
        let _ = sandbox.run_well(["deploy", "testing", "--json"]);
        let site = Self { sandbox, store };
        let data = site.sandbox.state().join("volumes/app/testing/data");
        fs::create_dir_all(data).expect("a folder");
        site.say("CREATE TABLE t AS SELECT 'first' AS word");
        site
    }

    fn say(&self, sql: &str) -> String {
        let path = self.sandbox.state();
        python(path.join("volumes/app/testing/data/app.sqlite3"), sql)
    }

    fn back_up(&self) -> Value {
        let words = ["backup", "create", "testing", "--json"];
        self.sandbox.run_well(words).json()
    }

    fn folder(&self) -> PathBuf {
        self.sandbox.state().join("backups/testing")
    }

    /// The names in the bucket.
    fn objects(&self) -> Vec<String> {
        let Ok(found) = fs::read_dir(self.store.file("shop/testing")) else {
            return Vec::new();
        };
        let names = found.map(|entry| entry.expect("an entry").file_name());
        let mut names: Vec<String> = names
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    /// Nothing on this machine knows of its backups any more.
    fn forget(&self) {
        fs::remove_dir_all(self.folder()).expect("it is there");
        let records = self.sandbox.state().join("shipway.db");
        python(records.clone(), "DELETE FROM backups");
        python(
            records,
            "DELETE FROM sqlite_sequence WHERE name = 'backups'",
        );
    }
}

/// Runs a statement on an SQLite file, and gives the first value that it finds.
fn python(file: PathBuf, sql: &str) -> String {
    let program = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); \
                   r = c.execute(sys.argv[2]).fetchone(); c.commit(); print(r[0] if r else '')";
    let ran = Command::new("python3")
        .args(["-c", program])
        .arg(file)
        .arg(sql)
        .output()
        .expect("python");
    let told = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{sql}: {told}");
    String::from_utf8_lossy(&ran.stdout).trim().to_owned()
}

fn name(backup: &Value) -> &str {
    text(backup, "/files/0/name")
}

#[test]
fn a_backup_that_only_the_bucket_has_is_found_proven_and_restored() {
    let site = Site::new("");
    let sandbox = &site.sandbox;
    let made = site.back_up();
    assert_eq!(text(&made, "/uploaded/to"), "s3://backups/shop/testing");
    let file = name(&made).to_owned();
    assert_eq!(site.objects(), [file.clone(), format!("{file}.json")]);
    let again = sandbox.run_well(["backup", "upload", "testing"]);
    again.expect_told(&["the bucket lacks nothing"]);

    site.say("UPDATE t SET word = 'second'");
    site.forget();
    let listed = sandbox.run_well(["backup", "list", "testing"]).stdout;
    assert!(listed.contains("b1 ") && listed.contains("s3"), "{listed}");
    assert!(!site.folder().join(&file).exists());
    let proven = sandbox.run_well(["backup", "verify", "testing", "b1", "--restore"]);
    assert!(proven.stdout.contains("b1 is proven"), "{}", proven.stdout);
    assert!(site.folder().join(&file).exists());
    // What was found out stands beside the copy as well, after the next look at it.
    let _ = sandbox.run_well(["backup", "upload", "testing"]);
    site.forget();
    let shown = sandbox
        .run_well(["backup", "show", "testing", "b1", "--json"])
        .json();
    assert!(shown["proven"].is_number(), "{shown:#}");
    let _ = sandbox.run_well(["restore", "testing", "b1", "--yes"]);
    assert_eq!(site.say("SELECT word FROM t"), "first");
}

#[test]
fn an_upload_that_was_killed_goes_on_where_it_was() {
    let site = Site::new("");
    site.say(&format!("INSERT INTO t VALUES (randomblob({LARGE}))"));
    site.store.take_parts(1);
    let running = site.sandbox.start(["backup", "create", "testing"]);
    wait_until("the second part to be on its way", || {
        (site.store.parts() == 2).then_some(())
    });
    running.kill();
    assert_eq!(site.objects(), Vec::<String>::new());
    site.store.take_parts(usize::MAX);
    let told = site.sandbox.run_well(["backup", "upload", "testing"]);
    let wanted = "b1: copied to s3://backups/shop/testing, and read back";
    assert!(told.stdout.contains(wanted), "{}", told.stdout);
    // Three parts, and the second one twice.
    assert_eq!(site.store.parts(), 4);
    site.forget();
    let _ = site.sandbox.run_well(["backup", "verify", "testing"]);
}

#[test]
fn what_nothing_keeps_goes_from_the_bucket_as_well() {
    let site = Site::new(", keep: { last: 1, daily: 0, weekly: 0, monthly: 0 }");
    let _ = site.back_up();
    let second = site.back_up();
    assert_eq!(site.objects().len(), 4);
    let _ = site
        .sandbox
        .run_well(["backup", "prune", "testing", "--yes"]);
    let file = name(&second);
    assert_eq!(site.objects(), [file.to_owned(), format!("{file}.json")]);
}

#[test]
fn a_copy_with_another_content_is_not_taken() {
    let site = Site::new("");
    let made = site.back_up();
    let object = site.store.file("shop/testing").join(name(&made));
    let mut bytes = fs::read(&object).expect("it is there");
    bytes[5000] ^= 1;
    fs::write(&object, bytes).expect("it is ours");
    fs::remove_dir_all(site.folder()).expect("it is there");
    let told = site.sandbox.run(["backup", "verify", "testing"]);
    let told = told.expect_code(1);
    told.expect_told(&["b1 is damaged", "has another content than was written"]);
    assert!(!site.folder().join(name(&made)).exists());
}

#[test]
fn a_backup_stays_where_the_bucket_cannot_be_used_and_secrets_let_one_in() {
    let site = Site::new("");
    let sandbox = &site.sandbox;
    let [(key, known), (secret, of_key)] = site.store.variables();
    sandbox.set_variable(secret, "another");
    let words = ["backup", "create", "testing"];
    let told = sandbox.run(words).expect_code(1);
    told.expect_told(&["hint: b1 is on this machine alone"]);
    let _ = sandbox.run_well(["backup", "verify", "testing", "b1"]);

    for name in [key, secret] {
        sandbox.set_variable(name, "");
    }
    let told = sandbox.run(["backup", "upload", "testing"]).expect_code(2);
    told.expect_told(&["neither a variable nor a secret `AWS_ACCESS_KEY_ID` is set"]);
    for (name, value) in [(key, known), (secret, of_key)] {
        let set = sandbox.run_reading(value, ["secrets", "set", "testing", name]);
        let _ = set.expect_code(0);
    }
    let told = sandbox.run_well(["backup", "run-due"]);
    assert_eq!(told.stdout, "testing: 1 copied\n");
}
