//! `rename-column`: a column gets another name.

use super::{Context, Phase, Rule};
use crate::change::Change;
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "rename-column",
    title: "a column gets another name",
    severity: Severity::Error,
    phase: Phase::Contract,
    reason: "running code uses the old name, and the new code would use the new one: one of them fails",
    remedy: "keep the column with `db_column`, or add a column, write both, move the reads, drop the old one",
    page: include_str!("pages/rename-column.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let Change::RenameColumn { table, column, to } = context.change else {
        return None;
    };
    let is_safe = context.is_new(table) || context.is_new_column(table, column);
    (!is_safe).then(|| format!("renames the column `{table}.{column}` to `{to}`"))
}
