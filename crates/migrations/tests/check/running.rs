//! Drops, decided against the releases that run.

use std::collections::BTreeSet;

use shipway_migrations::{File, Request, Settings, check};

use super::{rules, second, start};

const REMOVED_FROM_STATE: &str = "from django.db import migrations\n\
    class Migration(migrations.Migration):\n    dependencies = [('shop', '0001_initial')]\n    \
    operations = [migrations.SeparateDatabaseAndState(state_operations=[migrations.RemoveField('item', 'note')])]\n";

fn dropped() -> File {
    File::new(
        "shop/migrations/0003_drop.py",
        "from django.db import migrations\nclass Migration(migrations.Migration):\n    \
         dependencies = [('shop', '0002_second')]\n    \
         operations = [migrations.RunSQL('ALTER TABLE shop_item DROP COLUMN note', migrations.RunSQL.noop)]\n",
    )
}

fn found(only: &[usize], running: &[&[File]]) -> Vec<&'static str> {
    let files = [start(), second(REMOVED_FROM_STATE), dropped()];
    let only: BTreeSet<usize> = only.iter().copied().collect();
    rules(&check(&Request {
        files: &files,
        settings: &Settings::default(),
        only: Some(&only),
        edited: &BTreeSet::new(),
        running,
    }))
}

#[test]
fn a_drop_is_safe_once_no_running_release_has_the_field() {
    let old = [start()];
    let new = [start(), second(REMOVED_FROM_STATE)];
    assert_eq!(found(&[1, 2], &[&old]), ["drop-column"]);
    assert_eq!(found(&[2], &[&new]), [] as [&str; 0]);
    // Both colours run while one takes over.
    assert_eq!(found(&[2], &[&old, &new]), ["drop-column"]);
    // Without a word about what runs, it is what the applied migrations say.
    assert_eq!(found(&[2], &[]), [] as [&str; 0]);
    assert_eq!(found(&[1, 2], &[]), ["drop-column"]);
}
