//! `inline-check`: a column is added together with a check.

use super::{Context, Phase, Rule};
use crate::change::Change;
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "inline-check",
    title: "a column is added together with a check",
    severity: Severity::Warning,
    phase: Phase::Expand,
    reason: "all rows are read under ACCESS EXCLUSIVE to look at the check: reads and writes wait",
    remedy: "add the column without the check, then the check as NOT VALID, then validate it",
    page: include_str!("pages/inline-check.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let Change::AddColumn { table, column } = context.change else {
        return None;
    };
    (column.has_check && !context.is_new(table))
        .then(|| format!("adds the column `{table}.{}` with a check", column.name))
}
