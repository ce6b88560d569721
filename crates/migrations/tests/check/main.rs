//! Migrations as people write them, through the crate's own door.
#![expect(
    clippy::disallowed_methods,
    reason = "the tests read what is on the machine; the crate itself reads nothing"
)]

mod django;
mod graph;
mod robust;
mod running;
mod schedule;
mod sql;
mod storefront;

use std::collections::BTreeSet;

use shipway_migrations::{File, Report, Request, Settings, check};

/// Checks all files.
fn check_all(files: &[File]) -> Report {
    check_some(files, None)
}

/// Checks some files; the others are applied.
fn check_some(files: &[File], only: Option<&[usize]>) -> Report {
    let only: Option<BTreeSet<usize>> = only.map(|only| only.iter().copied().collect());
    check(&Request {
        files,
        settings: &Settings::default(),
        only: only.as_ref(),
        edited: &BTreeSet::new(),
        running: &[],
    })
}

/// The rules that have something to say that is more than good to know.
fn rules(report: &Report) -> Vec<&'static str> {
    report
        .findings
        .iter()
        .filter(|finding| finding.severity > shipway_migrations::Severity::Info)
        .map(|finding| finding.rule.id)
        .collect()
}

/// A first migration of the app `shop`, with a model `Item`.
fn start() -> File {
    File::new(
        "shop/migrations/0001_initial.py",
        "from django.db import migrations, models\n\
         class Migration(migrations.Migration):\n    \
         operations = [migrations.CreateModel('Item', [\n        \
         ('id', models.BigAutoField(primary_key=True)),\n        \
         ('name', models.CharField(max_length=20)),\n        \
         ('price', models.DecimalField(max_digits=8, decimal_places=2)),\n        \
         ('tags', models.ManyToManyField('shop.Tag')),\n        \
         ('note', models.TextField(null=True)),\n    ])]\n",
    )
}

/// A second migration of the app `shop`, with all its text.
fn second(text: &str) -> File {
    File::new("shop/migrations/0002_second.py", text)
}

/// Checks a second migration, whose class has this body.
fn body(body: &str) -> Report {
    let body = body.replace('\n', "\n    ");
    let text = format!(
        "from django.db import migrations, models\n\
         class Migration(migrations.Migration):\n    \
         dependencies = [('shop', '0001_initial')]\n    {body}\n"
    );
    check_some(&[start(), second(&text)], Some(&[1]))
}

/// Checks one operation.
fn operation(operation: &str) -> Report {
    body(&format!("operations = [{operation}]"))
}
