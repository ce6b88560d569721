//! The order of migrations, and what is wrong with it.

use shipway_migrations::File;

use super::{check_all, rules};

fn migration(path: &str, dependencies: &str, more: &str) -> File {
    File::new(
        path,
        format!(
            "from django.db import migrations, models\n\
             class Migration(migrations.Migration):\n    \
             dependencies = [{dependencies}]\n    {more}\n"
        ),
    )
}

const MAKE: &str =
    "operations = [migrations.CreateModel('M', [('a', models.CharField(max_length=20))])]";
const WIDEN: &str =
    "operations = [migrations.AlterField('m', 'a', models.CharField(max_length=30))]";

#[test]
fn parents_are_replayed_first_whatever_their_names() {
    let files = [
        migration(
            "shop/migrations/0001_widen.py",
            "('shop', '0002_make')",
            WIDEN,
        ),
        migration("shop/migrations/0002_make.py", "", MAKE),
    ];
    assert_eq!(rules(&check_all(&files)), [] as [&str; 0]);
    let files = [
        migration(
            "shop/migrations/0002_make.py",
            "",
            &format!("run_before = [('shop', '0001_widen')]\n    {MAKE}"),
        ),
        migration("shop/migrations/0001_widen.py", "", WIDEN),
    ];
    assert!(!rules(&check_all(&files)).contains(&"opaque"));
}

#[test]
fn a_squashed_migration_stands_for_those_it_replaces() {
    let files = [
        migration("shop/migrations/0001_make.py", "", MAKE),
        migration(
            "shop/migrations/0002_drop.py",
            "('shop', '0001_make')",
            "operations = [migrations.RemoveField('m', 'a')]",
        ),
        migration(
            "shop/migrations/0001_squashed.py",
            "",
            "replaces = [('shop', '0001_make'), ('shop', '0002_drop')]\n    operations = [migrations.CreateModel('M', [])]",
        ),
        migration(
            "shop/migrations/0003_more.py",
            "('shop', '0002_drop')",
            "operations = []",
        ),
    ];
    let report = check_all(&files);
    assert_eq!(rules(&report), [] as [&str; 0]);
    assert_eq!(report.checked.len(), 2);
}

#[test]
fn what_django_would_refuse_is_said() {
    let said = |files: &[File]| -> Vec<String> {
        let findings = check_all(files).findings;
        findings
            .iter()
            .filter(|it| it.rule.id == "graph")
            .map(|it| it.message.clone())
            .collect()
    };
    let missing = said(&[migration(
        "shop/migrations/0002_a.py",
        "('shop', '0001_gone')",
        "operations = []",
    )]);
    assert!(
        missing[0].contains("depends on `shop.0001_gone`, which is not there"),
        "{missing:?}"
    );
    let heads = said(&[
        migration("shop/migrations/0001_a.py", "", "operations = []"),
        migration(
            "shop/migrations/0002_b.py",
            "('shop', '0001_a')",
            "operations = []",
        ),
        migration(
            "shop/migrations/0002_c.py",
            "('shop', '0001_a')",
            "operations = []",
        ),
    ]);
    assert!(
        heads[0].contains("several last migrations: `0002_b`, `0002_c`"),
        "{heads:?}"
    );
    let circle = said(&[
        migration(
            "a/migrations/0001_x.py",
            "('b', '0001_y')",
            "operations = []",
        ),
        migration(
            "b/migrations/0001_y.py",
            "('a', '0001_x')",
            "operations = []",
        ),
    ]);
    assert_eq!(circle.len(), 2);
    assert!(
        circle[0].contains("depends on itself through others"),
        "{circle:?}"
    );
    // Other people's apps are not here, and need not be.
    let outside = said(&[migration(
        "a/migrations/0001_x.py",
        "('auth', '0012_x'), migrations.swappable_dependency(X)",
        "operations = []",
    )]);
    assert_eq!(outside, [] as [&str; 0]);
}

#[test]
fn an_app_may_have_another_label_than_its_folder() {
    let files = [
        migration("shop_app/migrations/0001_initial.py", "", MAKE),
        migration(
            "shop_app/migrations/0002_next.py",
            "('shop', '0001_initial')",
            "operations = []",
        ),
        migration(
            "shop_app/migrations/0003_more.py",
            "('shop', '0002_next')",
            WIDEN,
        ),
    ];
    assert_eq!(rules(&check_all(&files)), [] as [&str; 0]);
}
