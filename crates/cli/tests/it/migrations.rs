//! `shipway migrations check`.

use shipway_testkit::Sandbox;

use crate::common::{empty, sandbox, text, volume};

const FIRST: &str = "shop/migrations/0001_initial.py";
const SECOND: &str = "shop/migrations/0002_drop.py";

/// A Django repository with one migration, and no word of Shipway.
fn repository() -> Sandbox {
    let sandbox = empty();
    write_first(&sandbox);
    sandbox.git(&["init", "--quiet", "--initial-branch=main"]);
    sandbox.commit("first");
    sandbox.git(&["checkout", "--quiet", "-b", "work"]);
    sandbox
}

fn write_first(sandbox: &Sandbox) {
    sandbox.write(
        FIRST,
        "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    \
         operations = [\n        migrations.CreateModel(\n            \"Item\",\n            \
         [(\"id\", models.BigAutoField(primary_key=True)), (\"note\", models.TextField())],\n        ),\n    ]\n",
    );
}

fn write_second(sandbox: &Sandbox, comment: &str) {
    sandbox.write(
        SECOND,
        &format!(
            "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n    \
             dependencies = [(\"shop\", \"0001_initial\")]\n    operations = [\n        \
             {comment}migrations.RemoveField(\"item\", \"note\"),\n    ]\n"
        ),
    );
}

#[test]
fn a_plain_repository_is_checked_against_its_default_branch() {
    let sandbox = repository();
    let told = sandbox.run_well(["migrations", "check"]);
    assert!(
        told.stderr
            .contains("0 checked (migrations that `main` does not have)"),
        "{told}"
    );
    write_second(&sandbox, "");
    let told = sandbox.run(["migrations", "check"]);
    let told = told.expect_code(3);
    assert!(
        told.stdout
            .contains("error[drop-column]: drops the column `shop_item.note`"),
        "{told}"
    );
    assert!(
        told.stdout.contains("shop/migrations/0002_drop.py:7:9"),
        "{told}"
    );
    assert!(told.stderr.contains("1 checked"), "{told}");
    let told = sandbox.run(["migrations", "check", "--rule", "drop-column=warning"]);
    told.expect_code(0);
    sandbox.commit("second");
    sandbox
        .run(["migrations", "check", "--since", "HEAD"])
        .expect_code(0);
    sandbox
        .run(["migrations", "check", "--since", "HEAD~1"])
        .expect_code(3);
    sandbox.run(["migrations", "check", "--all"]).expect_code(3);
    sandbox
        .run(["migrations", "check", "--since", "nowhere"])
        .expect_code(2);
}

#[test]
fn an_applied_migration_that_was_edited_is_refused() {
    let sandbox = repository();
    sandbox.replace(FIRST, "note", "remark");
    let told = sandbox.run(["migrations", "check"]);
    let told = told.expect_code(3);
    assert!(
        told.stdout.contains("was changed after it was applied"),
        "{told}"
    );
}

#[test]
fn waivers_are_told_and_forms_for_machines_hold_everything() {
    let sandbox = repository();
    write_second(
        &sandbox,
        "# shipway: allow drop-column -- read by nobody\n        ",
    );
    let told = sandbox.run_well(["migrations", "check"]);
    assert!(told.stderr.contains("1 waived"), "{told}");
    let json = sandbox
        .run_well(["migrations", "check", "--format", "json"])
        .json();
    assert_eq!(text(&json, "/findings/0/rule"), "drop-column");
    assert_eq!(text(&json, "/findings/0/waived"), "read by nobody");
    assert_eq!(text(&json, "/checked/0/phase"), "contract");
    let sarif = sandbox
        .run_well(["migrations", "check", "--format", "sarif"])
        .json();
    assert_eq!(
        text(&sarif, "/runs/0/results/0/suppressions/0/justification"),
        "read by nobody"
    );
    let lines = sandbox.run_well(["migrations", "check", "--format", "github"]);
    assert!(
        lines
            .stdout
            .starts_with("::notice title=no-lock-timeout,file=shop/"),
        "{lines}"
    );
}

#[test]
fn folders_of_sql_need_no_repository() {
    let sandbox = empty();
    sandbox.write("db/2.sql", "ALTER TABLE t ADD COLUMN a int NOT NULL;\n");
    let told = sandbox.run(["migrations", "check"]);
    let told = told.expect_code(2);
    assert!(told.stderr.contains("no migrations are found"), "{told}");
    let told = sandbox.run(["migrations", "check", "db"]);
    let told = told.expect_code(3);
    assert!(told.stdout.contains("db/2.sql:1:1"), "{told}");
    sandbox
        .run(["migrations", "check", "db", "--rule", "add-requird=off"])
        .expect_code(2);
}

#[test]
fn a_rule_that_was_told_often_is_told_in_a_line() {
    let sandbox = empty();
    let drop = |number| format!("ALTER TABLE t DROP COLUMN c{number};\n");
    let text: String = (1..=12).map(drop).collect();
    sandbox.write("db/1.sql", &text);
    let told = sandbox.run(["migrations", "check", "db"]);
    let told = told.expect_code(3).stdout;
    assert_eq!(told.matches("error[drop-column]").count(), 12, "{told}");
    assert_eq!(told.matches("shipway explain drop-column").count(), 10);
    assert!(
        told.contains("\ndb/1.sql:12:1: error[drop-column]: "),
        "{told}"
    );
    let told = sandbox.run(["migrations", "check", "db", "--verbose"]);
    let told = told.expect_code(3).stdout;
    assert_eq!(told.matches("shipway explain drop-column").count(), 12);
}

#[test]
fn an_environment_is_asked_for_what_is_live_there() {
    let sandbox = sandbox();
    write_first(&sandbox);
    sandbox.commit("models");
    let told = sandbox.run_well(["migrations", "check", "testing"]);
    assert!(
        told.stderr.contains("since nothing is live in `testing`"),
        "{told}"
    );
    sandbox.run_well(["deploy", "testing"]);
    write_second(&sandbox, "");
    let told = sandbox.run(["migrations", "check", "testing"]);
    let told = told.expect_code(3);
    assert!(told.stdout.contains("drops the column"), "{told}");
    assert!(
        told.stderr
            .contains("1 checked (migrations that `testing` does not have)"),
        "{told}"
    );
}

#[test]
fn every_rule_has_its_page() {
    let sandbox = empty();
    let told = sandbox.run_well(["explain", "add-required"]);
    assert!(told.stdout.contains("## Instead"), "{told}");
    assert!(
        sandbox
            .run_well(["explain"])
            .stdout
            .contains("set-not-null\n")
    );
}

/// Takes Django's commands, does nothing, and writes down what it was told.
const MANAGE: &str = r#"
import os, sys
from pathlib import Path

with open(Path(os.environ["DATA"]) / "told", "a") as file:
    print(*sys.argv[1:], file=file)
if sys.argv[1] == "showmigrations":
    for path in sorted(Path("shop/migrations").glob("0*.py")):
        print("[X] " if "initial" in path.stem else "[ ] ", f"shop.{path.stem}")
"#;

/// A project that is migrated by a command, its first release live, and what is in the first
/// migration.
fn deployed_with(command: &str, note: &str) -> Sandbox {
    let sandbox = sandbox();
    sandbox.write("manage.py", MANAGE);
    let section = format!("\nmigrate: {{ service: web, command: {command} }}\n\nenvironments:");
    sandbox.replace("shipway.yml", "\nenvironments:", &section);
    write_first(&sandbox);
    sandbox.replace(FIRST, "models.TextField()", note);
    sandbox.commit("models");
    sandbox.run_well(["deploy", "testing"]);
    sandbox
}

#[test]
fn a_deployment_refuses_what_the_live_release_would_not_survive() {
    let sandbox = deployed_with("python3 -B manage.py migrate", "models.TextField()");
    write_second(&sandbox, "");
    sandbox.commit("drop");
    for command in ["plan", "deploy"] {
        let told = sandbox.run([command, "testing"]).expect_code(3);
        told.expect_told(&[
            "the migrations are not safe to run in `testing`",
            "error[drop-column]: drops the column `shop_item.note`",
            "shop/migrations/0002_drop.py:7:9",
            "`shipway: allow RULE -- reason`",
        ]);
    }
    assert_eq!(volume(&sandbox, "told"), "migrate\n");
    sandbox.replace(
        SECOND,
        "migrations.RemoveField",
        "# shipway: allow drop-column -- read by nobody\n        migrations.RemoveField",
    );
    sandbox.commit("looked at");
    // Data is lost all the same.
    sandbox.run(["deploy", "testing"]).expect_code(2);
    let plan = sandbox.run_well(["plan", "testing"]);
    for told in ["waived (read by nobody)", "data loss", "is not known"] {
        assert!(plan.stdout.contains(told), "no {told:?} in {plan}");
    }
    sandbox.run_well(["deploy", "testing", "--yes"]);
    assert_eq!(volume(&sandbox, "told"), "migrate\nmigrate\n");
}

#[test]
fn a_drop_waits_where_the_command_can_be_told_how_far_to_go() {
    let optional = "models.TextField(null=True)";
    let sandbox = deployed_with("python3 -B manage.py migrate --noinput", optional);
    write_second(&sandbox, "");
    sandbox.commit("drop");
    sandbox.run_well(["deploy", "testing", "--yes"]);
    // Nothing of the app runs before the switch, and all of it afterwards.
    let told = volume(&sandbox, "told");
    let told: Vec<&str> = told.lines().skip(1).collect();
    assert_eq!(told, ["showmigrations --plan", "migrate --noinput"]);

    let sandbox = deployed_with("sh -c 'python3 -B manage.py migrate'", optional);
    write_second(&sandbox, "");
    sandbox.commit("drop");
    let told = sandbox.run(["deploy", "testing", "--yes"]).expect_code(3);
    told.expect_told(&["could wait until the old release is gone"]);
}
