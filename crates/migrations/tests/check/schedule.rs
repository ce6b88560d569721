//! When each migration runs.

use std::collections::{BTreeMap, BTreeSet};

use shipway_migrations::{File, Key, Known, Request, Schedule, Settings, Turn, known, schedule};

use super::start;

/// A later migration, which comes after the one that is named.
fn migration(name: &str, after: &str, operations: &str) -> File {
    File::new(
        format!("shop/migrations/{name}.py"),
        format!(
            "from django.db import migrations, models\n\
             class Migration(migrations.Migration):\n    \
             dependencies = [('shop', '{after}')]\n    operations = [{operations}]\n"
        ),
    )
}

/// Deploys what comes after the first migration, over a release that has just that one.
fn deploy(later: &[File]) -> Schedule {
    let first = [start()];
    let files: Vec<File> = first.iter().chain(later).cloned().collect();
    let only: BTreeSet<usize> = (1..files.len()).collect();
    let request = Request {
        files: &files,
        settings: &Settings::default(),
        only: Some(&only),
        edited: &BTreeSet::new(),
        running: &[&first],
    };
    schedule(&request, true)
}

fn names(schedule: &Schedule, turn: Turn) -> Vec<&str> {
    schedule.of(turn).map(|one| one.name.as_str()).collect()
}

#[test]
fn what_only_adds_runs_before() {
    let add = "migrations.AddField('item', 'more', models.TextField(null=True))";
    let schedule = deploy(&[migration("0002_add", "0001_initial", add)]);
    assert!(schedule.is_safe());
    assert_eq!(names(&schedule, Turn::Before), ["shop.0002_add"]);
    let effect = &schedule.report.checked[0].effect;
    assert_eq!(effect.undo_loses, ["shop_item.more"]);
    assert!(effect.is_atomic && effect.loses.is_empty());
}

#[test]
fn what_takes_away_waits_for_the_end_of_the_old_code() {
    let schedule = deploy(&[
        migration(
            "0002_add",
            "0001_initial",
            "migrations.AddField('item', 'more', models.TextField(null=True))",
        ),
        migration(
            "0003_drop",
            "0002_add",
            "migrations.RemoveField('item', 'note')",
        ),
        migration("0004_code", "0003_drop", "migrations.RunPython(x)"),
    ]);
    assert!(schedule.is_safe(), "{schedule:#?}");
    assert_eq!(names(&schedule, Turn::Before), ["shop.0002_add"]);
    assert_eq!(
        names(&schedule, Turn::After),
        ["shop.0003_drop", "shop.0004_code"]
    );
    let checked = &schedule.report.checked;
    assert_eq!(checked[1].effect.loses, ["shop_item.note"]);
    assert_eq!(checked[2].effect.irreversible, Some("RunPython"));
}

#[test]
fn a_column_that_every_row_needs_cannot_wait() {
    // The new code gives it no value, so none of its INSERTs would succeed until it is gone.
    let drop = "migrations.RemoveField('item', 'name')";
    let schedule = deploy(&[migration("0002_drop", "0001_initial", drop)]);
    assert!(!schedule.is_safe());
    assert_eq!(names(&schedule, Turn::After), [] as [&str; 0]);
}

#[test]
fn a_column_that_the_new_code_still_names_cannot_wait() {
    let drop =
        "migrations.RunSQL('ALTER TABLE shop_item DROP COLUMN note', migrations.RunSQL.noop)";
    let schedule = deploy(&[migration("0002_drop", "0001_initial", drop)]);
    assert!(!schedule.is_safe());
}

#[test]
fn what_breaks_old_and_new_code_in_any_order_is_refused() {
    let rename = "migrations.RenameField('item', 'note', 'remark')";
    let schedule = deploy(&[migration("0002_rename", "0001_initial", rename)]);
    assert!(!schedule.is_safe());
    assert!(schedule.conflicts.is_empty());
}

#[test]
fn what_the_new_code_needs_does_not_come_after_what_waits() {
    let schedule = deploy(&[
        migration(
            "0002_drop",
            "0001_initial",
            "migrations.RemoveField('item', 'note')",
        ),
        migration(
            "0003_add",
            "0002_drop",
            "migrations.AddField('item', 'more', models.TextField(null=True))",
        ),
    ]);
    assert!(!schedule.is_safe());
    let [conflict] = &schedule.conflicts[..] else {
        panic!("{schedule:#?}");
    };
    assert_eq!((conflict.needed, conflict.waits), (1, 0));
    let both = "migrations.RemoveField('item', 'note'), \
                migrations.AddField('item', 'more', models.TextField(null=True))";
    let schedule = deploy(&[migration("0002_both", "0001_initial", both)]);
    assert_eq!(schedule.conflicts.len(), 1);
    assert_eq!(schedule.conflicts[0].waits, schedule.conflicts[0].needed);
}

#[test]
fn a_waived_drop_does_not_wait() {
    let drop = "\n        # shipway: allow drop-column -- read by nobody\n        \
                migrations.RemoveField('item', 'note'),\n    ";
    let schedule = deploy(&[migration("0002_drop", "0001_initial", drop)]);
    assert!(schedule.is_safe());
    assert_eq!(names(&schedule, Turn::Before), ["shop.0002_drop"]);
}

#[test]
fn where_nothing_can_be_run_later_a_drop_is_refused() {
    let files = [
        start(),
        migration(
            "0002_drop",
            "0001_initial",
            "migrations.RemoveField('item', 'note')",
        ),
    ];
    let request = Request {
        files: &files,
        settings: &Settings::default(),
        only: Some(&BTreeSet::from([1])),
        edited: &BTreeSet::new(),
        running: &[],
    };
    assert!(!schedule(&request, false).is_safe());
    assert!(schedule(&request, true).is_safe());
}

#[test]
fn a_recorded_state_is_what_its_last_migrations_come_after() {
    let key = |name: &str| Key {
        app: "shop".to_owned(),
        name: name.to_owned(),
    };
    let all = known(&[
        start(),
        migration("0002_a", "0001_initial", ""),
        migration("0003_b", "0002_a", ""),
    ]);
    let names: Vec<&str> = all.iter().map(|one| one.key.name.as_str()).collect();
    assert_eq!(names, ["0001_initial", "0002_a", "0003_b"]);
    let leaves = BTreeMap::from([("shop".to_owned(), "0002_a".to_owned())]);
    let state = Known::until(&all, &leaves);
    assert_eq!(state, BTreeSet::from([key("0001_initial"), key("0002_a")]));
    assert!(Known::until(&all, &BTreeMap::new()).is_empty());
}

#[test]
fn a_squashed_migration_is_applied_with_all_that_it_stands_for() {
    let squashed = File::new(
        "shop/migrations/0001_squashed.py",
        "from django.db import migrations\nclass Migration(migrations.Migration):\n    \
         replaces = [('shop', '0001_initial'), ('shop', '0002_a')]\n    operations = []\n",
    );
    let all = known(&[squashed]);
    let key = |name: &str| Key {
        app: "shop".to_owned(),
        name: name.to_owned(),
    };
    assert!(all[0].is_applied(&BTreeSet::from([key("0001_initial"), key("0002_a")])));
    assert!(!all[0].is_applied(&BTreeSet::from([key("0001_initial")])));
    assert!(all[0].is_applied(&BTreeSet::from([key("0001_squashed")])));
}
