//! `rename-table`: a table gets another name.

use super::{Context, Phase, Rule};
use crate::change::Change;
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "rename-table",
    title: "a table gets another name",
    severity: Severity::Error,
    phase: Phase::Contract,
    reason: "running code uses the old name, and the new code would use the new one: one of them fails",
    remedy: "keep the table with `db_table`, or leave a view with the old name",
    page: include_str!("pages/rename-table.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let Change::RenameTable { table, to } = context.change else {
        return None;
    };
    (!context.is_new(table)).then(|| format!("renames the table `{table}` to `{to}`"))
}
