//! `data-mixed`: rows are changed where tables are changed, or all at once.

use super::{Context, Phase, Rule};
use crate::change::{Change, DataKind};
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "data-mixed",
    title: "rows are changed where tables are changed, or all at once",
    severity: Severity::Warning,
    phase: Phase::Data,
    reason: "locks on rows, and those of the changed tables, are held until the last row is done",
    remedy: "change rows in a migration of its own, in batches of some thousands",
    page: include_str!("pages/data-mixed.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let is_mixed = context.is_atomic() && context.facts.locks;
    match context.change {
        Change::Data { kind: DataKind::Every, table: Some(table) } if !context.is_new(table) => {
            Some(format!("changes every row of `{table}` in one statement"))
        }
        Change::Data { table: Some(table), .. } if is_mixed && !context.is_new(table) => Some(format!(
            "changes rows of `{table}` in a transaction that changes tables as well"
        )),
        Change::Code if is_mixed => {
            Some("runs Python code in a transaction that changes tables as well".to_owned())
        }
        _ => None,
    }
}
