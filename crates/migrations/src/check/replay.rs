//! All migrations in the order in which they are applied, each as steps.

use std::collections::{BTreeMap, BTreeSet};

use super::{Columns, Language, Migration};
use crate::File;
use crate::change::{Change, Step, Transaction};
use crate::django::{self, Graph, Key, Models, Parsed, Read};
use crate::settings::Settings;
use crate::sql;

/// Each could be a finding, and each finding is shown with its place in the text.
const MOST: usize = 2_000;

/// All migrations, those that are not checked first.
pub(super) struct Replayed {
    pub(super) migrations: Vec<Migration>,
    /// Django's tables before the first checked migration, if some are not checked.
    pub(super) base: Option<Columns>,
    /// Django's tables after all of them.
    pub(super) last: Columns,
}

/// Replays the migrations of some files.
pub(super) fn replay(
    files: &[File],
    only: Option<&BTreeSet<usize>>,
    settings: &Settings,
) -> Replayed {
    let is_checked = |file: usize| only.is_none_or(|only| only.contains(&file));
    let mut parsed = Vec::new();
    let mut migrations = Vec::with_capacity(files.len());
    let labels = labels(files);
    for (number, file) in files.iter().enumerate() {
        if file.path.ends_with(".sql") {
            migrations.extend(script(number, file, settings));
        } else if let Some(name) = file.name().strip_suffix(".py") {
            let app = label(file, &labels);
            match django::read(&file.text, &app, name) {
                Read::Migration(migration) => parsed.push((number, migration)),
                Read::Other => {}
                Read::Refused(refused) => migrations.push(Migration {
                    language: Language::Django,
                    steps: vec![opaque(refused.range, refused.reason)],
                    ..empty(number, file)
                }),
            }
        }
    }
    migrations.sort_by(|one, other| natural(&one.name).cmp(natural(&other.name)));
    relabel(&mut parsed);
    let django = replay_django(parsed, &is_checked);
    migrations.extend(django.migrations);
    for migration in &mut migrations {
        migration.is_checked = is_checked(migration.file);
        limit(&mut migration.steps);
    }
    // What is applied already comes first.
    migrations.sort_by_key(|migration| migration.is_checked);
    Replayed {
        migrations,
        base: django.base.filter(|_| only.is_some()),
        last: django.last,
    }
}

/// The tables that Django's models have after all migrations of some files.
pub(super) fn columns(files: &[File], settings: &Settings) -> Columns {
    replay(files, None, settings).last
}

fn replay_django(
    mut parsed: Vec<(usize, Box<Parsed>)>,
    is_checked: &dyn Fn(usize) -> bool,
) -> Replayed {
    if parsed.is_empty() {
        return Replayed {
            migrations: Vec::new(),
            base: None,
            last: Columns::new(),
        };
    }
    let all: Vec<&Parsed> = parsed.iter().map(|(_, parsed)| &**parsed).collect();
    let mut graph = Graph::of(&all);
    graph.order.sort_by_key(|at| is_checked(parsed[*at].0));
    let mut models = Models::default();
    let mut migrations = Vec::with_capacity(parsed.len());
    let mut base = None;
    for at in graph.order.iter().copied() {
        let parents = graph.parents[at].iter().map(|at| parsed[*at].0).collect();
        let (file, parsed) = &mut parsed[at];
        if base.is_none() && is_checked(*file) {
            base = Some(models.columns());
        }
        let troubles = graph.troubles.iter();
        let troubles = troubles.filter(|trouble| trouble.migration == at);
        migrations.push(Migration {
            file: *file,
            name: parsed.key.to_string(),
            key: Some(parsed.key.clone()),
            replaces: std::mem::take(&mut parsed.replaces),
            parents,
            language: Language::Django,
            is_checked: true,
            transaction: parsed.transaction,
            steps: django::lower(parsed, &mut models),
            range: parsed.range.clone(),
            model_imports: std::mem::take(&mut parsed.model_imports),
            graph: troubles.map(|trouble| trouble.message.clone()).collect(),
        });
    }
    let last = models.columns();
    Replayed {
        migrations,
        base: base.or_else(|| Some(last.clone())),
        last,
    }
}

fn script(number: usize, file: &File, settings: &Settings) -> Option<Migration> {
    // The other half of a pair, which goes backwards.
    let is_backwards = [".down.sql", ".undo.sql", ".rollback.sql"]
        .iter()
        .any(|ending| file.path.ends_with(ending));
    if is_backwards || file.name() == "down.sql" {
        return None;
    }
    let Some(script) = sql::read(&file.text) else {
        let why = "it is longer than 1 MiB".to_owned();
        return Some(Migration {
            steps: vec![opaque(0..0, why)],
            ..empty(number, file)
        });
    };
    let usual = if settings.sql_in_transaction {
        Transaction::Atomic
    } else {
        Transaction::None
    };
    Some(Migration {
        transaction: script.transaction.unwrap_or(usual),
        steps: script.steps,
        ..empty(number, file)
    })
}

fn empty(number: usize, file: &File) -> Migration {
    Migration {
        file: number,
        name: file.path.clone(),
        key: None,
        replaces: Vec::new(),
        parents: Vec::new(),
        language: Language::Sql,
        is_checked: true,
        transaction: Transaction::Atomic,
        steps: Vec::new(),
        range: 0..0,
        model_imports: Vec::new(),
        graph: Vec::new(),
    }
}

fn opaque(range: std::ops::Range<usize>, why: String) -> Step {
    Step {
        within: range.clone(),
        range,
        change: Change::Opaque { why },
    }
}

/// Leaves out what is too much to be looked at, and says so.
fn limit(steps: &mut Vec<Step>) {
    if steps.len() > MOST {
        steps.truncate(MOST);
        let range = steps.last().map_or(0..0, |step| step.range.clone());
        let why = format!("it does more than {MOST} things; the rest is not looked at");
        steps.push(opaque(range.end..range.end, why));
    }
}

/// What names with numbers in them are sorted by, as people number: 2 before 10.
fn natural(name: &str) -> impl Iterator<Item = (&str, u128)> {
    let mut rest = name;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let is_digit = |c: char| c.is_ascii_digit();
        let word = rest.find(is_digit).unwrap_or(rest.len());
        let (text, after) = rest.split_at(word);
        let digits = after.find(|c| !is_digit(c)).unwrap_or(after.len());
        let (number, after) = after.split_at(digits);
        rest = after;
        Some((text, number.parse().unwrap_or(u128::MAX)))
    })
}

type Labels = BTreeMap<String, String>;

/// Folders of migrations, each with the label of its app: the name of the folder above.
fn labels(files: &[File]) -> Labels {
    files
        .iter()
        .filter(|file| file.path.ends_with(".py"))
        .filter_map(|file| {
            let folder = file.path.rsplit_once('/')?.0;
            let app = folder
                .rsplit('/')
                .find(|part| !part.contains("migrations"))
                .unwrap_or("app");
            Some((folder.to_owned(), app.to_owned()))
        })
        .collect()
}

fn label(file: &File, labels: &Labels) -> String {
    file.path
        .rsplit_once('/')
        .and_then(|(folder, _)| labels.get(folder))
        .cloned()
        .unwrap_or_else(|| "app".to_owned())
}

/// An app can have a label other than its folder's name. Its migrations depend on each other by
/// that label.
fn relabel(parsed: &mut [(usize, Box<Parsed>)]) {
    let known: BTreeSet<Key> = parsed.iter().map(|(_, one)| one.key.clone()).collect();
    let apps: BTreeSet<String> = known.iter().map(|key| key.app.clone()).collect();
    let mut renamed: BTreeMap<String, String> = BTreeMap::new();
    for (_, one) in parsed.iter() {
        for key in &one.dependencies {
            let sibling = Key {
                app: one.key.app.clone(),
                name: key.name.clone(),
            };
            let is_numbered = key.name.starts_with(|c: char| c.is_ascii_digit());
            let is_common = key.name == "0001_initial" || !is_numbered;
            if !apps.contains(&key.app) && known.contains(&sibling) && !is_common {
                renamed.insert(sibling.app, key.app.clone());
            }
        }
    }
    for (_, one) in parsed.iter_mut() {
        if let Some(label) = renamed.get(&one.key.app) {
            one.key.app.clone_from(label);
        }
    }
}
