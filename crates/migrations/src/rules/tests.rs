//! The examples of the pages: what stands under `Unsafe` is found, what stands under `Instead`
//! is not.

use std::collections::BTreeSet;

use super::{Rule, rules};
use crate::File;
use crate::check::{Request, check};
use crate::settings::Settings;

/// Rules about what only Django has.
const DJANGO_ONLY: &[&str] = &["callable-default", "irreversible", "model-import"];

/// Rules about more than one file, tested where they are.
const NO_EXAMPLES: &[&str] = &["graph"];

const DJANGO: &str = r#"
from django.db import migrations, models

class Migration(migrations.Migration):
    operations = [
        migrations.CreateModel("Customer", [
            ("id", models.BigAutoField(primary_key=True)),
            ("email", models.TextField()),
        ]),
        migrations.CreateModel("Order", [
            ("id", models.BigAutoField(primary_key=True)),
            ("note", models.TextField(null=True)),
            ("code", models.CharField(max_length=20)),
            ("total", models.DecimalField(max_digits=8, decimal_places=2)),
            ("status", models.IntegerField(db_default=0)),
            ("created", models.DateTimeField(null=True)),
            ("legacy", models.TextField(null=True)),
        ]),
        migrations.CreateModel("Note", [("id", models.BigAutoField(primary_key=True))]),
    ]
"#;

const SQL: &str = "
CREATE TABLE shop_customer (id bigint PRIMARY KEY, email text NOT NULL);
CREATE TABLE shop_order (
    id bigint PRIMARY KEY, note text, code varchar(20) NOT NULL, total numeric(8, 2) NOT NULL,
    status integer NOT NULL DEFAULT 0, customer_ref bigint, created timestamptz, legacy text
);
CREATE TABLE shop_note (id bigint PRIMARY KEY);
CREATE TABLE shop_log (id bigint NOT NULL);
";

/// What is found in one example, without the base that it stands on.
fn found(language: &str, example: &str) -> Vec<(&'static str, bool)> {
    let mut files = vec![match language {
        "python" => File::new("shop/migrations/0001_initial.py", DJANGO),
        _ => File::new("sql/0001.sql", SQL),
    }];
    let separator = match language {
        "python" => "# next migration",
        _ => "-- next migration",
    };
    for (at, part) in example.split(separator).enumerate() {
        let (number, before) = (at + 2, at + 1);
        files.push(match language {
            "python" => {
                let (imports, body) = part.split_at(
                    part.find("\n\noperations")
                        .filter(|_| part.starts_with("from"))
                        .unwrap_or(0),
                );
                let parent = if at == 0 {
                    "0001_initial".to_owned()
                } else {
                    format!("{before:04}")
                };
                let body = body.replace('\n', "\n    ");
                File::new(
                    format!("shop/migrations/{number:04}.py"),
                    format!(
                        "from django.db import migrations, models\n{imports}\n\
                         class Migration(migrations.Migration):\n    \
                         dependencies = [(\"shop\", \"{parent}\")]\n    {body}\n"
                    ),
                )
            }
            _ => File::new(format!("sql/{number:04}.sql"), part),
        });
    }
    let settings = Settings {
        postgres: 15,
        ..Settings::default()
    };
    let only: BTreeSet<usize> = (1..files.len()).collect();
    let report = check(&Request {
        files: &files,
        settings: &settings,
        only: Some(&only),
        edited: &BTreeSet::new(),
        running: &[],
    });
    report
        .findings
        .iter()
        .map(|finding| (finding.rule.id, finding.waived.is_some()))
        .collect()
}

/// The examples of a page, with their section and language.
fn examples(rule: &Rule) -> Vec<(&'static str, &'static str, &'static str)> {
    let mut examples = Vec::new();
    for section in rule.page.split("\n## ").skip(1) {
        let (title, rest) = section.split_once('\n').unwrap();
        let mut parts = rest.split("```");
        parts.next();
        while let Some(block) = parts.next() {
            let (language, code) = block.split_once('\n').unwrap();
            examples.push((title, language, code));
            parts.next();
        }
    }
    examples
}

#[test]
fn the_examples_of_every_page_are_true() {
    let mut wrong = Vec::new();
    for rule in rules() {
        for (section, language, code) in examples(rule) {
            let found = found(language, code);
            let is_found = found.contains(&(rule.id, false));
            let is_wanted = section == "Unsafe";
            let is_opaque = rule.id != "opaque" && found.iter().any(|(id, _)| *id == "opaque");
            if is_found != is_wanted || is_opaque {
                wrong.push(format!("{} {section} {language}: {found:?}", rule.id));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_page_has_both_kinds_of_examples_in_both_languages() {
    for rule in rules() {
        let mut languages: Vec<(&str, &str)> = examples(rule)
            .iter()
            .map(|(section, language, _)| (*section, *language))
            .collect();
        languages.sort_unstable();
        let mut wanted = vec![
            ("Instead", "python"),
            ("Instead", "sql"),
            ("Unsafe", "python"),
            ("Unsafe", "sql"),
        ];
        if DJANGO_ONLY.contains(&rule.id) {
            wanted.retain(|(_, language)| *language == "python");
        }
        if NO_EXAMPLES.contains(&rule.id) {
            wanted.clear();
        }
        assert_eq!(languages, wanted, "{}", rule.id);
        assert!(rule.page.starts_with(&format!("# {}\n", rule.id)));
    }
}

/// What is safe is not refused for another reason: the way out of one rule leads to no other.
#[test]
fn what_a_page_recommends_is_no_error_of_any_rule() {
    for rule in rules() {
        for (section, language, code) in examples(rule) {
            if section != "Instead" {
                continue;
            }
            for (id, is_waived) in found(language, code) {
                let severity = super::rule(id).unwrap().severity;
                let is_fine = is_waived || severity < crate::settings::Severity::Error;
                assert!(is_fine, "{}: {language} is refused by {id}", rule.id);
            }
        }
    }
}
