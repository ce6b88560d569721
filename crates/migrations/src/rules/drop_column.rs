//! `drop-column`: a column is dropped that running code may name.

use super::{Context, Phase, Rule};
use crate::change::Change;
use crate::settings::Severity;

pub(super) const RULE: Rule = Rule {
    id: "drop-column",
    title: "a column is dropped that running code may name",
    severity: Severity::Error,
    phase: Phase::Contract,
    reason: "running code names every column of its models in each query, and the data is gone",
    remedy: "deploy code without the field first (state only), drop the column in a later release",
    page: include_str!("pages/drop-column.md"),
    check,
};

fn check(context: &Context<'_>) -> Option<String> {
    let Change::DropColumn { table, column } = context.change else {
        return None;
    };
    let is_safe = context.is_new(table)
        || context.is_new_column(table, column)
        || context.is_unused_column(table, column);
    (!is_safe).then(|| format!("drops the column `{table}.{column}`"))
}
