//! Files in, findings out.

mod effect;
mod known;
mod migration;
mod replay;
mod waived;

use std::collections::{BTreeMap, BTreeSet};

use crate::File;
use crate::django::Key;
use crate::finding::Finding;
use crate::rules::{self, Context, Facts, Phase};
use crate::schema::Schema;
use crate::settings::{Settings, Severity};

pub use effect::Effect;
pub use known::{Known, known, tables};
pub(crate) use migration::{Language, Migration};

/// What is to be checked.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// All migrations there are: those that are not checked tell what was before.
    pub files: &'a [File],
    /// What it goes by.
    pub settings: &'a Settings,
    /// The numbers of the files to check, which the database has not applied; `None` for all.
    pub only: Option<&'a BTreeSet<usize>>,
    /// The numbers of files that were changed after they were applied.
    pub edited: &'a BTreeSet<usize>,
    /// The migrations of every release that runs while these are applied, each with all its files.
    ///
    /// Without any, what runs is taken to be at the state before the first checked migration.
    pub running: &'a [&'a [File]],
}

/// What came of a check.
#[derive(Debug)]
pub struct Report {
    /// What was found, in the order in which migrations are applied. Waived ones are among them.
    pub findings: Vec<Finding>,
    /// The migrations that were checked, in the order in which they are applied.
    pub checked: Vec<Checked>,
}

/// A migration that was checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checked {
    /// The number of its file.
    pub file: usize,
    /// `app.name` for Django, the path for SQL.
    pub name: String,
    /// When it may run.
    pub phase: Phase,
    /// What Django calls it; `None` for SQL.
    pub key: Option<Key>,
    /// The files of the migrations that it comes after.
    pub after: Vec<usize>,
    /// What it does that people ask about.
    pub effect: Effect,
}

/// Tables with their columns, as code that runs names them.
pub(crate) type Columns = BTreeMap<String, BTreeSet<String>>;

/// Checks migrations.
#[must_use]
pub fn check(request: &Request<'_>) -> Report {
    let replayed = replay::replay(request.files, request.only, request.settings);
    let running: Vec<Columns> = match request.running {
        [] => replayed.base.into_iter().collect(),
        releases => releases
            .iter()
            .map(|files| replay::columns(files, request.settings))
            .collect(),
    };
    let mut run = Run {
        request,
        running,
        next: replayed.last,
        schema: Schema::default(),
        findings: Vec::new(),
    };
    let mut checked = Vec::with_capacity(replayed.migrations.len());
    for (number, migration) in replayed.migrations.into_iter().enumerate() {
        let phase = run.migration(&migration, number);
        if let Some(phase) = phase.filter(|_| migration.is_checked) {
            checked.push(Checked {
                file: migration.file,
                phase,
                effect: Effect::of(&migration),
                name: migration.name,
                key: migration.key,
                after: migration.parents,
            });
        }
    }
    Report {
        findings: run.findings,
        checked,
    }
}

struct Run<'a> {
    request: &'a Request<'a>,
    running: Vec<Columns>,
    /// The tables that the code knows which these migrations are for.
    next: Columns,
    schema: Schema,
    findings: Vec<Finding>,
}

// === impl Run ===

impl Run<'_> {
    fn migration(&mut self, migration: &Migration, number: usize) -> Option<Phase> {
        let mut transaction = migration.transaction;
        let is_edited = self.request.edited.contains(&migration.file);
        let mut found = migration.troubles(is_edited, self.request.settings);
        let mut facts = Facts::of(&migration.steps);
        for step in &migration.steps {
            if let crate::change::Change::Transaction(said) = step.change {
                transaction = said;
            }
            if migration.is_checked {
                let table = step.change.table();
                let in_use = table.filter(|table| !self.schema.is_made_by(table, number));
                let is_new = table.is_some() && in_use.is_none();
                let lock = step.change.lock().filter(|_| !is_new);
                let context = Context {
                    change: &step.change,
                    table_in_use: in_use,
                    lock,
                    facts: &facts,
                    migration,
                    number,
                    transaction,
                    schema: &self.schema,
                    settings: self.request.settings,
                    running: (!self.running.is_empty()).then_some(&self.running[..]),
                    next: &self.next,
                };
                if !step.change.is_of_session() {
                    rules::apply(&context, step, &mut found);
                }
                facts.take(&step.change, lock);
            }
            self.schema.apply(&step.change, number);
        }
        if !migration.is_checked && found.is_empty() {
            return None;
        }
        let text = self.request.files.get(migration.file)?;
        waived::waive(migration, &text.text, self.request.settings, &mut found);
        found.retain(|finding| finding.severity != Severity::Off);
        let phase = rules::phase(&migration.steps, &found);
        self.findings.append(&mut found);
        Some(phase)
    }
}
