//! The rules: one file each, with its page beside it.

mod context;
mod facts;
mod waiting;

macro_rules! rules {
    ($($module:ident)+) => {
        $(mod $module;)+

        static RULES: &[Rule] = &[$($module::RULE,)+];
    };
}

rules! {
    drop_column drop_table rename_column rename_table add_required drop_default volatile_default
    callable_default inline_check add_fk new_table_fk add_check add_unique add_pk exclusion
    index_create index_drop reindex concurrent_in_transaction concurrent_retry set_not_null relax
    alter_type lock_then_work data_mixed irreversible opaque heavy enum_rename no_lock_timeout
    graph model_import waiver
}

use std::ops::Range;

use crate::change::{Change, Step};
use crate::finding::Finding;
use crate::settings::{Settings, Severity};

pub(crate) use context::Context;
pub(crate) use facts::Facts;
pub(crate) use graph::problem as graph;
pub(crate) use model_import::problem as model_import;
pub(crate) use waiver::problem as waiver;

/// A rule about migrations.
#[derive(Debug)]
pub struct Rule {
    /// Its name, which never changes its meaning.
    pub id: &'static str,
    /// What it is about, in one line.
    pub title: &'static str,
    /// How serious it is where nobody says otherwise.
    pub severity: Severity,
    /// When a migration that it is about may run.
    pub phase: Phase,
    /// The lock that is taken, or the code that breaks.
    pub reason: &'static str,
    /// What to do instead.
    pub remedy: &'static str,
    /// Reasons and examples at length, in Markdown.
    pub page: &'static str,
    check: fn(&Context<'_>) -> Option<String>,
}

/// When a migration may run, in a deployment that replaces old code by new code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Before the new code takes over: old code does not notice.
    Expand,
    /// Any time, since it changes rows and not tables.
    Data,
    /// Once no code runs that needs what is taken away.
    Contract,
}

/// What a rule has to say.
#[derive(Debug)]
pub(crate) struct Problem {
    rule: &'static Rule,
    message: String,
}

/// Returns all rules.
#[must_use]
pub fn rules() -> &'static [Rule] {
    RULES
}

/// Returns the rule of an id.
#[must_use]
pub fn rule(id: &str) -> Option<&'static Rule> {
    RULES.iter().find(|rule| rule.id == id)
}

/// Applies all rules to one step.
pub(crate) fn apply(context: &Context<'_>, step: &Step, found: &mut Vec<Finding>) {
    for rule in RULES {
        if let Some(message) = (rule.check)(context) {
            // One operation can do the same to several tables: once is enough.
            let is_known = found
                .iter()
                .rev()
                .take_while(|finding| finding.range == step.range)
                .any(|finding| finding.rule.id == rule.id);
            if is_known {
                continue;
            }
            let problem = Problem { rule, message };
            let file = context.migration.file;
            found.push(Finding {
                within: step.within.clone(),
                can_wait: rule.phase == Phase::Contract && waiting::can_wait(context),
                ..finding(problem, file, step.range.clone(), context.settings)
            });
        }
    }
}

/// Makes a finding of a problem.
pub(crate) fn finding(
    problem: Problem,
    file: usize,
    range: Range<usize>,
    settings: &Settings,
) -> Finding {
    let Problem { rule, message } = problem;
    let severity = settings.severities.get(rule.id).copied();
    Finding {
        rule,
        severity: severity.unwrap_or(rule.severity),
        file,
        within: range.clone(),
        range,
        message,
        reason: rule.reason,
        remedy: rule.remedy,
        waived: None,
        can_wait: false,
    }
}

/// When a migration may run, from what it does and what was found.
pub(crate) fn phase(steps: &[Step], found: &[Finding]) -> Phase {
    let by_rules = found.iter().map(|finding| finding.rule.phase).max();
    let by_steps = steps.iter().map(|step| match step.change {
        Change::Data { .. } | Change::Code => Phase::Data,
        _ => Phase::Expand,
    });
    by_steps.chain(by_rules).max().unwrap_or(Phase::Expand)
}

/// A rule that looks at migrations as a whole, or at more than one: nothing to say of a step.
fn elsewhere(_: &Context<'_>) -> Option<String> {
    None
}

// === impl Phase ===

impl Phase {
    /// Returns the word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Expand => "expand",
            Self::Data => "data",
            Self::Contract => "contract",
        }
    }
}

#[cfg(test)]
mod tests;
